"""ContractionExplorer: move an image along its tangents or off the manifold, and see how far codes move.

Rifai et al. (2011), "Contractive auto-encoders: explicit invariance during feature extraction": the
penalty |df/dx|^2 makes a code insensitive, and reconstruction keeps it sensitive along the data. The page
(contraction.js, sensitivity.js) runs every encoder on the moved image, and pushes the movement through
its Jacobian in forward mode.
"""

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import nn

from aecore.live.bundle import assets
from aecore.live.codes import on_step, step_for
from aecore.live.decoder import Decoder, UnsupportedLayerError
from aecore.live.examples import SIGNED, ExampleView, checked_images, named_examples
from aecore.live.ranges import whole, within
from aecore.live.view import LiveBox, slider, slider_row
from aecore.plotting import CLASS_COLOURS

MOST_IMAGES, MOST_TANGENTS, MOST_ENCODERS = 8, 5, 3
_COLOURS = (CLASS_COLOURS[0], CLASS_COLOURS[6], "#832db6")


class _ContractionView(ExampleView):
    _esm, _css = assets("contraction")
    encoders = traitlets.List(traitlets.Instance(Decoder)).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    encoder_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tangent_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    directions = traitlets.Bytes().tag(sync=True)
    extent = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    direction = traitlets.Int(0).tag(sync=True)
    encoder = traitlets.Int(0).tag(sync=True)
    across = traitlets.Float().tag(sync=True)

    def __init__(self, pushes, **traits):
        self.add_traits(
            **{f"push{k + 1}": traitlets.Float(v).tag(sync=True) for k, v in enumerate(pushes)}
        )
        super().__init__(**traits)


class ContractionExplorer(LiveBox):
    """An image moved along tangents of the manifold and across it, and how far each encoder's code moves.

    encoders: 1 to 3 of them by name, each an nn.Module from flat images [B, D] to codes, or a model with such
        an `encoder`, of linear layers and activations.
    images: 1 to 8 examples [N, 1, H, W] or [N, D], D = H * W. labels: int [N], to name them.
    tangents: unit vectors [N, T, D] along the manifold at each example, T from 1 to 5, such as
        ``decoder_tangents(...).basis.transpose(1, 2)``. normals: unit vectors [N, D] that leave it.
    start: the example (from 0) to begin with. direction: the tangent (from 0) that the map runs along.
    along, across: how far the image has moved along it and along the normal, to begin with; by default 0.4
        and 0.25 of the extent.
    extent: how far each slider goes, in Euclidean distance between images.
    tangent_names, class_names: by default numbers. image_shape: (H, W) of flat images that are not square.
    label: for a screen reader. dtype: "float16" or "float32", how the weights travel.

    Attributes: `view` (traits example, direction, encoder, push1 ... pushT, across), `sliders` by trait name.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        encoders,
        images,
        tangents,
        normals,
        *,
        labels=None,
        start=0,
        direction=0,
        along=None,
        across=None,
        extent=4.0,
        tangent_names=None,
        class_names=None,
        image_shape=None,
        label="How far a code moves when the image does",
        dtype="float16",
    ):
        packed, count, shape = checked_images(images, MOST_IMAGES, image_shape)
        shared = _checked_encoders(encoders, shape[0] * shape[1], dtype)
        vectors = _checked_directions(tangents, normals, count, shape[0] * shape[1])
        names = _checked_names(tangent_names, vectors.shape[1] - 1)
        if not 0 < extent < 1e4:
            raise ValueError(
                f"extent must be a positive number, how far an image moves; got {extent}"
            )
        step = 5 * step_for(extent)
        along = 0.4 * extent if along is None else along
        across = 0.25 * extent if across is None else across
        direction = whole("direction", direction, (0, len(names) - 1))
        pushes = [0.0] * len(names)
        pushes[direction] = on_step(within("along", along, (-extent, extent)), step)
        view = _ContractionView(
            pushes,
            encoders=list(shared.values()),
            encoder_names=list(shared),
            tangent_names=names,
            directions=vectors.astype("<f2").tobytes(),
            images=packed,
            image_shape=list(shape),
            names=named_examples(labels, count, class_names)[2],
            example=whole("start", start, (0, count - 1)),
            direction=direction,
            across=on_step(within("across", across, (-extent, extent)), step),
            extent=float(extent),
            step=step,
            label=label,
        )
        titles = {**{f"push{k + 1}": name for k, name in enumerate(names)}, "across": "across"}
        self.sliders = {
            trait: slider(name, getattr(view, trait), -extent, extent, step)
            for trait, name in titles.items()
        }
        super().__init__(view, self.sliders, slider_row(self.sliders), above=True)

    def image(self, moved: bool = True) -> torch.Tensor:
        """The chosen example, moved as things stand or not at all, float32 [D]."""
        image = torch.from_numpy(self.view.pixels()[self.view.example].copy()).flatten()
        return image + self._shift() if moved else image

    def moves(self) -> dict[str, tuple[float, float, float]]:
        """Of each encoder: how far its code has moved, what the Jacobian predicts, mean distance of codes.

        Euclidean distances. The prediction is |J v| at the example for the whole movement v. The mean is
        over all pairs of examples; it is 1 when there is none.
        """
        found = {}
        before, shift = self.image(False)[None], self._shift()[None]
        examples = torch.from_numpy(self.view.pixels().reshape(len(self.view.names), -1).copy())
        for name, encoder in zip(self.view.encoder_names, self.view.encoders, strict=True):
            code, push = torch.func.jvp(encoder.run, (before,), (shift,))
            moved = (encoder.run(before + shift) - code).norm().item()
            pairs = torch.pdist(encoder.run(examples))
            mean = pairs.mean().item() if pairs.sum() > 0 else 1.0
            found[name] = (moved, push.norm().item(), mean)
        return found

    def _directions(self) -> torch.Tensor:
        """The example's tangents and then its normal, as they travel: float32 [T + 1, D]."""
        vectors = np.frombuffer(self.view.directions, "<f2").astype(np.float32)
        vectors = vectors.reshape(len(self.view.names), len(self.sliders), -1)
        return torch.from_numpy(vectors[self.view.example])

    def _shift(self) -> torch.Tensor:
        pushes = [getattr(self.view, name) for name in self.sliders]
        return torch.tensor(pushes, dtype=torch.float32) @ self._directions()

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        shape = tuple(view.image_shape)
        figure = Figure(figsize=(7.2, 2.3), layout="constrained")
        before, after, along, across, ways = figure.subplots(1, 5, width_ratios=(1, 1, 1, 1, 1.5))
        vectors = self._directions().reshape(-1, *shape)
        name = view.tangent_names[view.direction]
        moved = self._shift().norm().item()
        for axis, image, title in (
            (before, self.image(False), "The image"),
            (after, self.image(), f"moved by {moved:.2f}"),
        ):
            axis.imshow(image.reshape(shape).numpy(), cmap="gray_r", vmin=0, vmax=1)
            axis.set_title(title, size=8.5, loc="left", weight="bold")
        for axis, vector, title in (
            (along, vectors[view.direction], f"along: {name}"),
            (across, vectors[-1], "across: normal"),
        ):
            reach = vector.abs().max().item() or 1.0
            axis.imshow(vector.numpy(), cmap=SIGNED, vmin=-reach, vmax=reach)
            axis.set_title(title, size=8.5, loc="left", weight="bold")
        push = getattr(view, f"push{view.direction + 1}")
        along.set_xlabel(f"pushed {push:.2f}", size=8)
        across.set_xlabel(f"pushed {view.across:.2f}", size=8)
        for axis in (before, after, along, across):
            axis.set(xticks=[], yticks=[])
        moves = self.moves()
        places = np.arange(len(moves))
        for k, (moved_code, predicted, mean) in enumerate(moves.values()):
            ways.barh(k, moved_code / mean, height=0.55, color=_COLOURS[k])
            ways.plot([predicted / mean] * 2, [k - 0.4, k + 0.4], color="0.1", lw=1.2, ls="--")
        ways.set(yticks=places, yticklabels=list(moves), ylim=(len(moves) - 0.4, -0.6))
        ways.set_xlabel("code moved (dashed: predicted),\n÷ mean distance of codes", size=8)
        ways.tick_params(labelsize=7, length=2)
        told = "; ".join(
            f"the code of {name} moved {far:.3g}, predicted {foreseen:.3g}, mean distance {mean:.3g}"
            for name, (far, foreseen, mean) in moves.items()
        )
        return figure, (
            f"{view.names[view.example]}, the same moved by {moved:.2f} in input space, {push:.2f} along "
            f"{name} and {view.across:.2f} across, with both directions as signed images; and bars of how "
            f"far the code of each encoder moves: {told}."
        )


def _checked_encoders(encoders, numbers, dtype) -> dict[str, Decoder]:
    """The networks that travel, by name. Raises ValueError unless each maps D numbers to a code."""
    if not isinstance(encoders, dict) or not 1 <= len(encoders) <= MOST_ENCODERS:
        got = len(encoders) if isinstance(encoders, dict) else type(encoders).__name__
        raise ValueError(f"encoders must be a dict of 1 to {MOST_ENCODERS} by name, got {got}")
    made = {}
    for name, model in encoders.items():
        inner = getattr(model, "encoder", None)
        model = inner if isinstance(inner, nn.Module) else model
        if isinstance(model, nn.Module) and not isinstance(model, Decoder):
            model = nn.Sequential(model)
        shared = Decoder.of(model, dtype=dtype)
        if shared.latent_dim != numbers:
            raise ValueError(
                f"encoder {name!r} takes {shared.latent_dim} numbers, but the images have {numbers} pixels"
            )
        kinds = [layer["type"] for layer in shared.layers]
        if kinds[:1] != ["linear"] or "conv_transpose" in kinds:
            raise UnsupportedLayerError(
                f"encoder {name!r} must begin with an nn.Linear and have no convolution, got {kinds}"
            )
        made[str(name)] = shared
    return made


def _checked_directions(tangents, normals, count, numbers) -> np.ndarray:
    """Tangents, then the normal, of each example [N, T + 1, D]. Raises ValueError unless of length 1."""
    tangents, normals = (
        torch.as_tensor(v).detach().to("cpu", torch.float64).numpy() for v in (tangents, normals)
    )
    fits = tangents.ndim == 3 and tangents.shape[::2] == (count, numbers)
    if not fits or not 1 <= tangents.shape[1] <= MOST_TANGENTS:
        raise ValueError(
            f"tangents must be [{count}, T, {numbers}] with T from 1 to {MOST_TANGENTS}, got "
            f"{list(tangents.shape)}; a TangentSpace has columns: pass basis.transpose(1, 2)"
        )
    if normals.shape != (count, numbers):
        raise ValueError(f"normals must be [{count}, {numbers}], got {list(normals.shape)}")
    vectors = np.concatenate([tangents, normals[:, None]], 1)
    lengths = np.linalg.norm(vectors, axis=-1)
    far = np.abs(lengths - 1)
    if not far.max() <= 1e-3:
        raise ValueError(
            f"tangents and normals must have length 1, but one has {lengths.flat[far.argmax()]:.4g}; "
            "divide each by its norm"
        )
    return vectors


def _checked_names(names, count) -> list[str]:
    names = [f"tangent {k + 1}" for k in range(count)] if names is None else list(names)
    if len(names) != count:
        raise ValueError(f"tangent_names must name {count} tangents, got {len(names)}")
    return [str(name) for name in names]
