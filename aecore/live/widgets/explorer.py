"""LatentExplorer: walk through a code space and see what the decoder makes of each point.

The widget is a box of real ipywidgets sliders around one anywidget view (explorer.js). The view's
traits z1 ... zd, centre1, centre2 and extent are the state; each slider is `jslink`ed to its trait,
so everything goes on working in a saved page that has no kernel.
"""

import math

import ipywidgets
import numpy as np
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.codes import (
    checked_codes,
    checked_labels,
    checked_point,
    image_size,
    map_traits,
    on_step,
    spread,
    step_for,
)
from aecore.live.decoder import Decoder
from aecore.live.fallback import ACCENT, decoded_images, show_picture
from aecore.live.ranges import whole
from aecore.live.view import PointBox, PointView, slider

_MUTED = "#5b6772"


class _ExplorerView(PointView):
    _esm, _css = assets("explorer")
    axes = traitlets.List(traitlets.Int()).tag(sync=True)
    cells = traitlets.Int().tag(sync=True)
    centre1 = traitlets.Float().tag(sync=True)
    centre2 = traitlets.Float().tag(sync=True)
    extent = traitlets.Float().tag(sync=True)


class LatentExplorer(PointBox):
    """A decoder to walk through: a map of encoded data, the decoded image of a point, and a decoded grid.

    decoder: an nn.Module from codes [B, d] to images, or a model with such a `decoder` (to a Bernoulli VAE's
        the sigmoid is added), or an `aecore.live.Decoder`. `aecore.live.SUPPORTED` names its possible layers.
    codes: encoded data [N, d] for the map; at most 2,000 of them travel, evenly chosen. labels: int [N].
    z: where to start, d numbers; by default the first code, or the middle of the map.
    centre, extent: middle (two numbers) and half-width of the square that map and sliders cover; by default
        what holds 99 % of the codes, and without codes (0, 0) and 3.
    axes: the two coordinates (from 0) that map and grid show. cells: images along one side of the grid.
    image_shape: (height, width); by default the decoder's own, or a square. class_names: by default numbers.
    label: the widget's name for a screen reader. dtype: "float16" or "float32", how the weights travel.

    Attributes: `view` (traits z1 ... zd, centre1, centre2, extent), `sliders` by trait name, `z`, `points`.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        decoder,
        codes=None,
        labels=None,
        *,
        z=None,
        centre=None,
        extent=None,
        axes=(0, 1),
        cells=11,
        image_shape=None,
        class_names=None,
        label="Latent explorer",
        dtype="float16",
    ):
        shared = Decoder.of(decoder, dtype=dtype)
        d = shared.latent_dim
        axes = _checked_axes(axes, d)
        cells = whole("cells", cells, (2, 25))
        if labels is not None and codes is None:
            raise ValueError("labels were given without codes; pass the encoded data as codes too")
        codes = None if codes is None else checked_codes(codes, d)
        names: list[str] = []
        if labels is not None:
            labels, names = checked_labels(labels, len(codes), class_names)
        self._ranges, step = _ranges(codes, d, axes, centre, extent)
        if z is not None:
            z = checked_point(z, d, "z")
        elif codes is not None:
            z = [
                min(m + h, max(m - h, v)) for v, (m, h) in zip(codes[0], self._ranges, strict=True)
            ]
        else:
            z = [middle for middle, _ in self._ranges]
        for i, (value, (middle, half)) in enumerate(zip(z, self._ranges, strict=True)):
            if abs(value - middle) > half * (1 + 1e-9):
                raise ValueError(
                    f"z[{i}] = {value:g} lies outside its slider, {middle:g} ± {half:g}; "
                    "pass a larger extent"
                )
        (c1, half), (c2, _) = (self._ranges[a] for a in axes)
        view = _ExplorerView(
            [on_step(value, step) for value in z],
            decoder=shared,
            **map_traits(codes, labels, names, axes, [c1, c2, half]),
            axes=axes,
            step=step,
            image_shape=list(image_size(shared.output_shape, image_shape)),
            cells=cells,
            label=label,
            centre1=c1,
            centre2=c2,
            extent=half,
        )
        self.sliders = _sliders(view, self._ranges)
        coordinates = [self.sliders[f"z{i + 1}"] for i in range(d)]
        window = [self.sliders[name] for name in ("centre1", "centre2", "extent")]
        boxes = [ipywidgets.Box(coordinates), ipywidgets.Box(window)]
        for box, kind in zip(boxes, ("aecore-coordinates", "aecore-window"), strict=True):
            box.add_class(kind)
        controls = ipywidgets.Box(boxes)
        controls.add_class("aecore-controls")
        super().__init__(view, self.sliders, controls)

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        c1, c2, half = view.region
        xs, ys = view.coordinates[view.axes[0]], view.coordinates[view.axes[1]]
        box = (c1 - half, c1 + half, c2 - half, c2 + half)
        figure = Figure(figsize=(7.2, 2.75), layout="constrained")
        pad, image, grid = figure.subplots(1, 3)

        points = self.points
        labels = np.frombuffer(view.labels, np.uint8)
        palette = np.array([*view.colours, *[_MUTED] * (256 - len(view.colours))])
        pad.scatter(*points.T, c=palette[labels], s=2, linewidths=0)
        for label in np.unique(labels[labels < len(view.classes)]):
            place = np.median(points[labels == label], 0)
            plate = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": palette[label]}
            pad.text(*place, view.classes[label], size=7, ha="center", va="center", bbox=plate)
        at = [self.z[a] for a in view.axes]
        pad.plot(*at, "o", ms=9, mfc="none", mec=ACCENT, mew=2, zorder=5)
        pad.set(xlim=box[:2], ylim=box[2:], xlabel=xs, aspect="equal")
        pad.set_ylabel(ys, rotation=0)

        show_picture(image, decoded_images(view.decoder, [self.z], view.image_shape)[0])
        centres = (np.arange(view.cells) + 0.5) / view.cells * 2 - 1
        codes = np.tile(self.z, (view.cells**2, 1))
        codes[:, view.axes[0]] = view.centre1 + view.extent * np.tile(centres, view.cells)
        codes[:, view.axes[1]] = view.centre2 - view.extent * np.repeat(centres, view.cells)
        height, width = view.image_shape
        tiles = decoded_images(view.decoder, codes, view.image_shape)
        tiles = tiles.reshape(view.cells, view.cells, height, width).transpose(0, 2, 1, 3)
        show_picture(grid, tiles.reshape(view.cells * height, -1), aspect="auto")
        for axis, title in ((pad, "Code space"), (image, "Decoded image"), (grid, "Decoded grid")):
            axis.set_title(title, size=9, loc="left", weight="bold")
            axis.set_box_aspect(1)
            axis.tick_params(labelsize=7, length=2)
        for axis in (image, grid):
            axis.set(xticks=[], yticks=[])

        z = ", ".join(f"{value:.2f}" for value in self.z)
        data = f"{len(points)} encoded examples" + (" coloured by class" if view.classes else "")
        alt = (
            f"Three panels. A map of the code space over {xs} and {ys}"
            + (f" with {data}" if len(points) else "")
            + f"; the image decoded at z = ({z}); and a grid of {view.cells} by {view.cells} images decoded "
            f"around ({view.centre1:.2f}, {view.centre2:.2f}) with half-width {view.extent:.2f}."
        )
        return figure, alt


def _checked_axes(axes, d: int) -> list[int]:
    axes = list(axes)
    known = all(isinstance(a, int) and 0 <= a < d for a in axes)
    if d < 2:
        raise ValueError(f"the map needs a code of at least 2 numbers, this decoder takes {d}")
    if len(axes) != 2 or not known or axes[0] == axes[1]:
        raise ValueError(f"axes must be two different coordinates from 0 to {d - 1}, got {axes}")
    return axes


def _ranges(codes, d, axes, centre, extent):
    """Middle and half-width of each coordinate's slider, equal half-widths on the axes; and their step."""
    spans = [(0.0, 3.0)] * d if codes is None else [spread(codes[:, i]) for i in range(d)]
    if centre is not None:
        for axis, middle in zip(axes, checked_point(centre, 2, "centre"), strict=True):
            spans[axis] = (middle, spans[axis][1])
    if extent is not None and not (math.isfinite(extent) and extent > 0):
        raise ValueError(
            f"extent must be a positive number, the half-width of the map; got {extent!r}"
        )
    margin = 1.0 if codes is None else 1.08
    half = float(extent) if extent is not None else margin * max(spans[a][1] for a in axes)
    step = step_for(half)
    ranges = []
    for i, (middle, reach) in enumerate(spans):
        reach = half if i in axes else margin * reach
        ranges.append(
            (on_step(middle, step), max(step, round(math.ceil(reach / step - 1e-9) * step, 10)))
        )
    return ranges, step


def _sliders(view, ranges) -> dict[str, ipywidgets.FloatSlider]:
    """A slider for each coordinate and for the grid's window, by the trait that it moves."""
    half, step = view.region[2], view.step

    def around(text, value, middle, reach):
        return slider(text, value, round(middle - reach, 10), round(middle + reach, 10), step)

    sliders = {}
    for i, (text, (middle, reach)) in enumerate(zip(view.coordinates, ranges, strict=True)):
        sliders[f"z{i + 1}"] = around(text, getattr(view, f"z{i + 1}"), middle, reach)
    for number, axis in enumerate(view.axes):
        middle = view.region[number]
        text = f"centre {view.coordinates[axis]}"
        sliders[f"centre{number + 1}"] = around(text, middle, middle, half)
    low = max(step, on_step(half / 20, step))
    sliders["extent"] = slider("extent", half, round(low, 10), round(half, 10), step)
    return sliders
