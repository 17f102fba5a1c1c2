"""CompletionExplorer: paint the visible part of a digit, and see several completions answer.

The decoder of a model conditioned on the visible pixels takes [z, visible] and gives the hidden ones.
The page (completion.js) draws z from frozen noise, so that what changes is due to the reader's pen,
and keeps the painted pixels in the trait `painted`.
"""

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.codes import check_latent_dim, grey_bytes
from aecore.live.decoder import Decoder
from aecore.live.examples import named_examples
from aecore.live.fallback import ACCENT, show_picture
from aecore.live.noise import normal_noise
from aecore.live.ranges import whole, within
from aecore.live.view import DecoderView, LiveBox, slider, slider_row

MOST_IMAGES = 10
MOST_DRAWS = 12
SEEDS = (0, 99)
SPREADS = (0.0, 1.5)
_HIDDEN = "#eef4fa"


class _CompletionView(DecoderView):
    _esm, _css = assets("completion")
    thumbnails = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    mask = traitlets.Bytes().tag(sync=True)
    latent_dim = traitlets.Int().tag(sync=True)
    draws = traitlets.Int().tag(sync=True)
    example = traitlets.Int(0).tag(sync=True)
    # Grey levels of the visible pixels; empty while they are the example's own. A page sends a memoryview.
    painted = traitlets.Bytes().tag(sync=True, from_json=lambda value, _: bytes(value))
    seed = traitlets.Float(0.0).tag(sync=True)
    spread = traitlets.Float(1.0).tag(sync=True)


class CompletionExplorer(LiveBox):
    """Draw in the visible part of an image, and see several completions of the hidden part.

    decoder: an nn.Module from [z, image[visible]], [B, latent_dim + visible pixels], to image[~visible], in
        [0, 1]; or a `ConditionalVAE` with such a decoder (to a Bernoulli one the sigmoid is added); or an
        `aecore.live.Decoder`. Pixels in row-major order. `aecore.live.SUPPORTED` names the possible layers.
    images: 1 to 10 examples [N, 1, H, W] in [0, 1], to start from. labels: int [N], to name them.
    visible: bool [H, W], true where the pixel is given. latent_dim: length of z.
    draws: how many completions, 1 to 12. seed: of the frozen noise to begin with, 0 to 99.
    spread: standard deviation of z to begin with, 0 to 1.5; the model's own is 1.
    label: for a screen reader. dtype: "float16" or "float32", how the weights travel.

    Attributes: `view` (traits example, painted, seed, spread) and `sliders`, by trait.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        decoder,
        images,
        visible,
        *,
        latent_dim,
        labels=None,
        draws=8,
        seed=0,
        spread=1.0,
        label="Complete a half-hidden image",
        dtype="float16",
    ):
        mask = _checked_mask(visible)
        thumbnails = grey_bytes(images, mask.shape)
        count = len(thumbnails) // mask.size
        if count > MOST_IMAGES:
            raise ValueError(f"expected 1 to {MOST_IMAGES} images, got {count}; pass images[:10]")
        draws = whole("draws", draws, (1, MOST_DRAWS))
        seed = whole("seed", seed, SEEDS)
        spread = within("spread", spread, SPREADS)
        shared = Decoder.of(decoder, dtype=dtype)
        _check_sizes(shared, latent_dim, mask)
        view = _CompletionView(
            decoder=shared,
            thumbnails=thumbnails,
            names=named_examples(labels, count)[2],
            mask=mask.astype(np.uint8).tobytes(),
            latent_dim=latent_dim,
            draws=draws,
            image_shape=list(mask.shape),
            seed=seed,
            spread=spread,
            label=label,
        )
        self.sliders = {
            "spread": slider("spread of z", spread, *SPREADS, 0.05),
            "seed": slider("draw number", seed, *SEEDS, 1),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders, roomy=True))

    @property
    def visible(self) -> np.ndarray:
        """The given pixels as they are painted now, grey levels [visible pixels] in [0, 1].

        Assign grey levels [H, W] to paint them.
        """
        view, mask = self.view, self._mask()
        greys = np.frombuffer(view.thumbnails, np.uint8).reshape(-1, *mask.shape)[view.example]
        kept = np.frombuffer(view.painted, np.uint8) if view.painted else greys[mask]
        return kept.astype(np.float32) / 255

    @visible.setter
    def visible(self, image):
        mask = self._mask()
        greys = np.frombuffer(grey_bytes(torch.as_tensor(image)[None], mask.shape, 1), np.uint8)
        self.view.painted = greys.reshape(mask.shape)[mask].tobytes()

    def completions(self) -> np.ndarray:
        """What the page draws now: grey levels [draws, H, W] in [0, 1]."""
        view, mask = self.view, self._mask()
        noise = normal_noise(int(view.seed), view.draws * view.latent_dim)
        z = torch.as_tensor(view.spread * noise, dtype=torch.float32).reshape(view.draws, -1)
        given = torch.from_numpy(self.visible).expand(view.draws, -1)
        hidden = view.decoder.decode(torch.cat([z, given], 1)).reshape(view.draws, -1)
        images = np.empty((view.draws, *mask.shape), np.float32)
        images[:, mask] = given
        images[:, ~mask] = hidden.clamp(0, 1)
        return images

    def _mask(self) -> np.ndarray:
        return np.frombuffer(self.view.mask, np.uint8).reshape(self.view.image_shape).astype(bool)

    def _figure(self) -> tuple[Figure, str]:
        view, mask, images = self.view, self._mask(), self.completions()
        columns = -(-len(images) // 2)
        rows = -(-len(images) // columns)
        figure = Figure(figsize=(7.2, 0.25 + 1.15 * max(2, rows)), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=[2.2, columns + 0.2])
        given = left.subplots()
        given.set_facecolor(_HIDDEN)
        show_picture(given, np.ma.array(images[0], mask=~mask))
        given.set_title("Visible", size=9, loc="left", weight="bold")
        given.set(xticks=[], yticks=[])
        for i, axis in enumerate(right.subplots(rows, columns, squeeze=False).flat):
            axis.set_axis_off()
            if i < len(images):
                show_picture(axis, images[i])
                axis.contour(mask, [0.5], colors=ACCENT, linewidths=0.6)
        right.suptitle("Completions", size=9, x=0.02, ha="left", weight="bold")
        what = "a painted image" if view.painted else view.names[view.example]
        return figure, (
            f"The visible part of {what}, {mask.sum()} of {mask.size} pixels, and {len(images)} "
            f"completions of the rest, decoded with a standard deviation of z of {view.spread:g}; at a "
            f"hidden pixel they lie {images[:, ~mask].var(0).mean() ** 0.5:.3f} apart (root mean square)."
        )


def _checked_mask(visible) -> np.ndarray:
    mask = torch.as_tensor(visible).detach().cpu().numpy()
    if mask.ndim != 2 or mask.dtype != bool:
        raise ValueError(f"visible must be a bool mask [H, W], got {mask.dtype} {list(mask.shape)}")
    if mask.all() or not mask.any():
        raise ValueError(
            f"visible must leave pixels on both sides, but {mask.sum()} of {mask.size} are true"
        )
    return mask


def _check_sizes(decoder: Decoder, latent_dim: int, mask: np.ndarray) -> None:
    check_latent_dim(latent_dim)
    given, hidden = int(mask.sum()), int((~mask).sum())
    if decoder.latent_dim != latent_dim + given:
        raise ValueError(
            f"the decoder takes {decoder.latent_dim} numbers, but latent_dim={latent_dim} and {given} "
            f"visible pixels are {latent_dim + given}; its input must be [z, image[visible]], in this order"
        )
    if int(np.prod(decoder.output_shape)) != hidden:
        raise ValueError(
            f"the decoder gives {list(decoder.output_shape)}, but {hidden} pixels are hidden; its output "
            "must be image[~visible]"
        )
