"""ConditionalExplorer: choose the class, move the style, and see every class in that style.

The decoder of a conditional model takes [z, one-hot of the class]. The page (conditional.js) decodes
one style z for all the classes at once: what z changes and what the class changes are then two things
that the reader holds in two hands. The traits chosen and z1 ... zd are the state.
"""

import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.codes import (
    check_latent_dim,
    checked_codes,
    checked_labels,
    checked_point,
    coordinate_name,
    image_size,
    map_traits,
    on_step,
    step_for,
)
from aecore.live.decoder import Decoder
from aecore.live.fallback import ACCENT, decoded_images, show_picture
from aecore.live.ranges import whole
from aecore.live.view import PointBox, PointView, slider, slider_row

MOST_CLASSES = 40
_PALE = "#c9d2da"


class _ConditionalView(PointView):
    _esm, _css = assets("conditional")
    chosen = traitlets.Int().tag(sync=True)


class ConditionalExplorer(PointBox):
    """A conditional decoder: buttons for the class, sliders for the style, and all classes in that style.

    decoder: an nn.Module from [z, one-hot of the class], [B, latent_dim + number of classes], to images; or a
        `ConditionalVAE` of labels, whose decoder is such a network (to a Bernoulli one the sigmoid is added);
        or an `aecore.live.Decoder`. `aecore.live.SUPPORTED` names its possible layers.
    classes: the names of the classes, 2 to 40, or how many there are ("0", "1" ...).
    latent_dim: length d of the style z. Each coordinate has a slider from -extent to extent.
    codes: encoded data [N, 2] for the map that is drawn when d is 2. labels: int [N], their classes.
    z: where to start, d numbers, by default 0, the middle of the prior. chosen: the first class, from 0.
    image_shape: (height, width); by default the decoder's own, or a square. label: for a screen reader.
    dtype: "float16" or "float32", how the weights travel.

    Attributes: `view` (traits chosen and z1 ... zd), `sliders` by trait, `z`, `points`.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        decoder,
        classes,
        *,
        latent_dim,
        codes=None,
        labels=None,
        z=None,
        chosen=0,
        extent=3.0,
        image_shape=None,
        label="Style and class",
        dtype="float16",
    ):
        names = _class_names(classes)
        shared = Decoder.of(decoder, dtype=dtype)
        _check_width(shared.latent_dim, latent_dim, len(names))
        chosen = whole("chosen", chosen, (0, len(names) - 1))
        if not (np.isfinite(extent) and extent > 0):
            raise ValueError(f"extent must be a positive number, half of a slider; got {extent!r}")
        step = step_for(extent)
        z = checked_point(np.zeros(latent_dim) if z is None else z, latent_dim, "z")
        if (far := max(z, key=abs)) and abs(far) > extent * (1 + 1e-9):
            raise ValueError(
                f"z holds {far:g}, outside the sliders, ±{extent:g}; pass a larger extent"
            )
        codes, labels = _checked_data(codes, labels, latent_dim, names)
        view = _ConditionalView(
            [on_step(value, step) for value in z],
            decoder=shared,
            **map_traits(codes, labels, names, [0, 1], [0.0, 0.0, float(extent)]),
            step=step,
            image_shape=list(image_size(shared.output_shape, image_shape)),
            chosen=chosen,
            label=label,
        )
        self.sliders = {
            f"z{i + 1}": slider(coordinate_name(i), value, -extent, extent, step)
            for i, value in enumerate(view.z)
        }
        row = slider_row(self.sliders).add_class("aecore-style")
        super().__init__(view, self.sliders, row)

    def images(self) -> np.ndarray:
        """Every class in the present style, as the page draws them: grey levels [classes, H, W] in [0, 1]."""
        view = self.view
        codes = torch.as_tensor(all_classes(self.z, len(view.classes)), dtype=torch.float32)
        return decoded_images(view.decoder, codes, view.image_shape)

    def _figure(self) -> tuple[Figure, str]:
        view, images = self.view, self.images()
        rows = -(-len(images) // 10)
        columns = -(-len(images) // rows)
        figure = Figure(figsize=(7.2, 2.5 + 0.95 * rows), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=[2.5, 0.95 * rows])
        with_map = len(self.z) == 2
        panels = above.subplots(1, 2 if with_map else 1, squeeze=False)[0]
        if with_map:
            _draw_map(panels[0], view)
        show_picture(panels[-1], images[view.chosen])
        title = f"Decoded image: class {view.classes[view.chosen]}"
        panels[-1].set_title(title, size=9, loc="left", weight="bold")
        panels[-1].set(xticks=[], yticks=[])
        for axis in panels:
            axis.set_box_aspect(1)
        for i, axis in enumerate(below.subplots(rows, columns, squeeze=False).flat):
            axis.set_axis_off()
            if i < len(images):
                show_picture(axis, images[i])
                weight = "bold" if i == view.chosen else "normal"
                axis.set_title(view.classes[i], size=8, pad=3, weight=weight)
        z = ", ".join(f"{value:.2f}" for value in self.z)
        shown = f" with {len(self.points)} encoded examples" if len(self.points) else ""
        opening = f"a map of the styles{shown}; " if with_map else ""
        return figure, (
            f"Style and class: {opening}the image decoded for class {view.classes[view.chosen]} at the style "
            f"z = ({z}); and a row of the images decoded at this style for each of the {len(images)} "
            f"classes: {', '.join(view.classes)}."
        )


def all_classes(z, count: int) -> np.ndarray:
    """One style z [d] with each class in turn, as the decoder takes them: [count, d + count]."""
    return np.concatenate([np.tile(np.asarray(z, float), (count, 1)), np.eye(count)], 1)


def _class_names(classes) -> list[str]:
    names = [str(i) for i in range(classes)] if isinstance(classes, int) else list(classes)
    if not 2 <= len(names) <= MOST_CLASSES:
        raise ValueError(f"expected 2 to {MOST_CLASSES} classes, got {len(names)}")
    names = [str(name) for name in names]
    if len(set(names)) < len(names):
        raise ValueError(f"the classes must have different names, got {names}")
    return names


def _check_width(width: int, latent_dim: int, classes: int) -> None:
    check_latent_dim(latent_dim)
    if width != latent_dim + classes:
        raise ValueError(
            f"the decoder takes {width} numbers, but a style of latent_dim={latent_dim} and the one-hot of "
            f"{classes} classes are {latent_dim + classes}; its input must be [z, one-hot], in this order"
        )


def _checked_data(codes, labels, latent_dim: int, names: list[str]):
    if codes is None:
        if labels is not None:
            raise ValueError("labels were given without codes; pass the encoded data as codes too")
        return None, None
    if latent_dim != 2:
        raise ValueError(
            f"the map of codes is drawn for styles of two numbers, this one has latent_dim={latent_dim}; "
            "leave codes out"
        )
    codes = checked_codes(codes, latent_dim)
    return codes, None if labels is None else checked_labels(labels, len(codes), names)[0]


def _draw_map(axis, view) -> None:
    labels = np.frombuffer(view.labels, np.uint8)
    mine = labels == view.chosen
    axis.scatter(*view.points[~mine].T, c=_PALE, s=2, linewidths=0)
    axis.scatter(*view.points[mine].T, c=view.colours[view.chosen], s=4, linewidths=0)
    axis.plot(*view.z, "o", ms=9, mfc="none", mec=ACCENT, mew=2, zorder=5)
    half = view.region[2]
    axis.set(xlim=(-half, half), ylim=(-half, half), xlabel=view.coordinates[0])
    axis.set_ylabel(view.coordinates[1], rotation=0)
    axis.set_title("Style z", size=9, loc="left", weight="bold")
    axis.tick_params(labelsize=7, length=2)
