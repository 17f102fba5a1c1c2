"""DenoisingExplorer: an image with noise of any size, what a denoiser makes of it, and the residual.

Alain and Bengio (2014), "What regularized auto-encoders learn from the data-generating distribution":
for small Gaussian noise the residual (r(x~) - x~) / sigma^2 of the best denoiser r is the score of the
noised density. The page (denoising.js, residual.js) draws the noise and runs the denoiser.
"""

import math

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from aecore.live.bundle import assets
from aecore.live.decoder import Decoder
from aecore.live.examples import SIGNED, ExampleView, checked_images, named_examples
from aecore.live.noise import normal_noise
from aecore.live.ranges import whole
from aecore.live.view import LiveBox, slider, slider_row

MOST_IMAGES = 12
DRAWS = 100
_FULL_COLOUR = 3
_LEVELS = 41


class _DenoisingView(ExampleView):
    _esm, _css = assets("denoising")
    denoiser = traitlets.Instance(Decoder).tag(sync=True, **ipywidgets.widget_serialization)
    std = traitlets.Float().tag(sync=True)
    draw = traitlets.Float(0).tag(sync=True)
    draws = traitlets.Int(DRAWS).tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    most = traitlets.Float().tag(sync=True)
    trained = traitlets.List(traitlets.Float()).tag(sync=True)


class DenoisingExplorer(LiveBox):
    """An image, the same with Gaussian noise, the denoised image, and the residual as a signed image.

    denoiser: an nn.Module from flat images [B, D] to images of D numbers, or an autoencoder with
        `encoder` and `decoder`, or an `aecore.live.Decoder`; of the layers in `aecore.live.SUPPORTED`.
    images: 1 to 12 clean examples [N, 1, H, W] or [N, D], D = H * W. labels: int [N], to name them.
    std: sigma to begin with, in the unit of the data. most: the largest sigma of the slider.
    seed: of the frozen noise; the page has 100 draws of it. start: the example (from 0) to begin with.
    trained: the sigma that the denoiser was trained with, or the smallest and the largest, to be marked.
    image_shape: (H, W) of flat images that are not square. class_names: by default numbers.
    label: for a screen reader. dtype: "float16" or "float32", how the weights travel.

    Attributes: `view` (traits example, std, draw) and `sliders` by trait name.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        denoiser,
        images,
        labels=None,
        *,
        std=0.3,
        most=1.0,
        seed=0,
        start=0,
        trained=None,
        image_shape=None,
        class_names=None,
        label="Denoising an image",
        dtype="float16",
    ):
        packed, count, shape = checked_images(images, MOST_IMAGES, image_shape)
        shared = _checked_denoiser(denoiser, shape, dtype)
        if not (math.isfinite(most) and most > 0):
            raise ValueError(f"most must be a positive number, the largest sigma; got {most}")
        if not 0 <= std <= most:
            raise ValueError(f"std must be from 0 to most = {most:g}, got {std}")
        view = _DenoisingView(
            denoiser=shared,
            images=packed,
            image_shape=list(shape),
            names=named_examples(labels, count, class_names)[2],
            example=whole("start", start, (0, count - 1)),
            std=float(std),
            seed=whole("seed", seed, (0, 2**31 - DRAWS)),
            most=float(most),
            trained=_checked_levels(trained),
            label=label,
        )
        self.sliders = {
            "std": slider("noise σ", std, 0, most, 10.0 ** math.floor(math.log10(most) - 1.999)),
            "draw": slider("noise no.", 0, 0, DRAWS - 1, 1),
        }
        super().__init__(view, self.sliders, slider_row(self.sliders), above=True)

    def noise(self) -> np.ndarray:
        """The standard normal noise that the page adds as things stand, float64 [H, W]."""
        shape = self.view.image_shape
        return normal_noise(self.view.seed + int(self.view.draw), math.prod(shape)).reshape(shape)

    def stages(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What the page shows: clean, noised and denoised image, and the residual / sigma^2 (0 at sigma = 0).

        Each is float32 [H, W]; the page paints the grey ones cut to [0, 1].
        """
        clean = self.view.pixels()[self.view.example]
        noised, denoised = self._at(self.view.std)
        variance = self.view.std**2
        residual = (denoised - noised) / variance if variance else np.zeros_like(clean)
        return clean, noised, denoised, residual

    def _at(self, std: float) -> tuple[np.ndarray, np.ndarray]:
        """The chosen image with noise of size `std`, and denoised: each float32 [H, W]."""
        clean = self.view.pixels()[self.view.example]
        noised = (clean + std * self.noise()).astype(np.float32)
        mended = self.view.denoiser.decode(torch.from_numpy(noised.reshape(1, -1)))
        return noised, mended.reshape(clean.shape).numpy()

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        clean, noised, denoised, residual = self.stages()
        before, after = ((image - clean) ** 2 for image in (noised, denoised))
        figure = Figure(figsize=(7.2, 2.0), layout="constrained")
        panels = figure.subplots(1, 5, width_ratios=(1, 1, 1, 1, 1.35))
        for axis, image in zip(panels, (clean, noised, denoised), strict=False):
            axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        full = _FULL_COLOUR / view.std if view.std else 1.0
        panels[3].imshow(residual, cmap=SIGNED, vmin=-full, vmax=full)
        titles = ("Clean x", "Noised", "Denoised", "Residual / σ²")
        for axis, title in zip(panels, titles, strict=False):
            axis.set_title(title, size=8.5, loc="left", weight="bold")
            axis.set(xticks=[], yticks=[])
        panels[1].set_xlabel(f"σ = {view.std:.2f}, error {before.sum():.1f}", size=8)
        panels[2].set_xlabel(f"error {after.sum():.1f}", size=8)
        panels[3].set_xlabel(f"full colour at ±{full:.3g}" if view.std else "no noise", size=8)

        levels = np.linspace(0, view.most, _LEVELS)
        pairs = [self._at(level) for level in levels]
        curves = [
            [((image - clean) ** 2).sum() for image in column]
            for column in zip(*pairs, strict=True)
        ]
        for curve, colour in zip(curves, ("0.45", "#832db6"), strict=True):
            panels[4].plot(levels, np.maximum(curve, 1e-9), color=colour, lw=1.5)
        panels[4].axvline(view.std, color="0.2", lw=0.8, ls=":")
        smallest = max(min(min(curves[1]), curves[0][1]), 1e-3)
        panels[4].set(yscale="log", ylim=(smallest / 1.5, None), xlim=(0, view.most))
        panels[4].set_title("Squared error over σ", size=8.5, loc="left", weight="bold")
        panels[4].tick_params(labelsize=7, length=2)
        alt = (
            f"Five panels for {view.names[view.example]}: the clean image; with Gaussian noise of standard "
            f"deviation {view.std:.2f}, squared error {before.sum():.1f}; denoised, squared error "
            f"{after.sum():.1f}; the residual divided by the variance as a signed image, orange where it "
            "adds ink and blue where it takes it away; and both squared errors over the noise from 0 to "
            f"{view.most:g}."
        )
        return figure, alt


def _checked_denoiser(model, shape, dtype) -> Decoder:
    """The network that travels. Raises ValueError unless it maps H * W numbers to as many."""
    numbers = math.prod(shape)
    if not isinstance(model, Decoder):
        if not isinstance(model, nn.Module):
            raise TypeError(
                f"expected a torch nn.Module as denoiser, got {type(model).__name__}; "
                "a function cannot run in the page"
            )
        halves = [getattr(model, name, None) for name in ("encoder", "decoder")]
        both = all(isinstance(half, nn.Module) for half in halves)
        model = nn.Sequential(*halves) if both else nn.Sequential(model)
    made = Decoder.of(model, dtype=dtype)
    sizes = made.latent_dim, math.prod(made.output_shape)
    if sizes != (numbers, numbers):
        raise ValueError(
            f"the denoiser maps {sizes[0]} numbers to {sizes[1]}, but the images have {shape[0]} by "
            f"{shape[1]} = {numbers} pixels; it must map an image to an image"
        )
    return made


def _checked_levels(trained) -> list[float]:
    """None, one sigma or two as a list. Raises ValueError unless they are not negative and in order."""
    if trained is None:
        return []
    levels = [float(level) for level in np.atleast_1d(np.asarray(trained, float)).ravel()]
    ordered = levels == sorted(levels) and levels[0] >= 0 and math.isfinite(levels[-1])
    if len(levels) > 2 or not ordered:
        raise ValueError(
            f"trained must be one sigma or the smallest and the largest, got {trained!r}"
        )
    return levels
