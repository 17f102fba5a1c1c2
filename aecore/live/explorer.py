"""LatentExplorer: walk through a code space and see what the decoder makes of each point.

The widget is a box of real ipywidgets sliders around one anywidget view (explorer.js). The view's traits z1 ... zd, centre1,
centre2 and extent are the state; each slider is `jslink`ed to its trait, so everything goes on working in a saved page
that has no kernel.
"""

import math

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets

from aecore.live.bundle import compose, stylesheet
from aecore.live.decoder import Decoder
from aecore.plotting import CLASS_COLOURS

MOST_POINTS = 2000
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def coordinate_name(index: int) -> str:
    """Name of coordinate `index`, counted from 0: "z₁" for 0."""
    return "z" + str(index + 1).translate(_SUBSCRIPTS)


class _ExplorerView(anywidget.AnyWidget):
    _esm = compose("explorer.js")
    _css = stylesheet()
    decoder = traitlets.Instance(Decoder).tag(sync=True, **ipywidgets.widget_serialization)
    codes = traitlets.Bytes().tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    colours = traitlets.List(traitlets.Unicode()).tag(sync=True)
    coordinates = traitlets.List(traitlets.Unicode()).tag(sync=True)
    axes = traitlets.List(traitlets.Int()).tag(sync=True)
    region = traitlets.List(traitlets.Float()).tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    image_shape = traitlets.List(traitlets.Int()).tag(sync=True)
    cells = traitlets.Int().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    captions = traitlets.List(traitlets.Unicode()).tag(sync=True)
    centre1 = traitlets.Float().tag(sync=True)
    centre2 = traitlets.Float().tag(sync=True)
    extent = traitlets.Float().tag(sync=True)

    def __init__(self, z, **traits):
        self.add_traits(
            **{f"z{i + 1}": traitlets.Float(float(v)).tag(sync=True) for i, v in enumerate(z)}
        )
        super().__init__(**traits)


def _as_codes(codes, latent_dim: int) -> np.ndarray:
    """Codes as float32 [N, d], checked."""
    values = torch.as_tensor(codes).detach().to("cpu", torch.float32).numpy()
    if values.ndim != 2 or values.shape[1] != latent_dim:
        raise ValueError(
            f"expected codes [N, {latent_dim}] for this decoder, got {list(values.shape)}; "
            "encode the images with the model that the decoder belongs to"
        )
    if len(values) == 0:
        raise ValueError("codes is empty; pass codes=None to explore without encoded data")
    if bad := int((~np.isfinite(values)).any(1).sum()):
        raise ValueError(
            f"{bad} of {len(values)} codes hold NaN or infinity; did training diverge?"
        )
    return values


def _as_labels(labels, count: int, classes: int) -> np.ndarray:
    """Labels as int64 [N], checked."""
    values = torch.as_tensor(labels).detach().cpu().numpy()
    if values.shape != (count,):
        raise ValueError(
            f"expected {count} labels, one per code, got {list(values.shape)}; "
            "pass the labels of the images that were encoded"
        )
    if values.min() < 0 or values.max() >= classes:
        raise ValueError(
            f"labels must lie in 0..{classes - 1}, got {values.min()}..{values.max()}; "
            "name all classes with class_names"
        )
    return values.astype(np.int64)


def _two_digits_up(value: float) -> float:
    """`value` rounded up to two significant digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / unit - 1e-9) * unit


def _span(column: np.ndarray) -> tuple[float, float]:
    """Middle and half-width of the central 99 % of a coordinate."""
    low, high = np.quantile(column, [0.005, 0.995])
    return float(low + high) / 2, max(float(high - low) / 2, 1e-3)


class LatentExplorer(ipywidgets.VBox):
    """A decoder to walk through: sliders, a pad with the encoded data, the decoded image and a decoded grid.

    decoder: an nn.Module from codes [B, d] to images, or a model with such a `decoder` (the sigmoid of a Bernoulli
        VAE is added), or an `aecore.live.Decoder` to share. See `aecore.live.decoder.SUPPORTED` for the layers it may hold.
    codes: encoded data [N, d] for the pad; at most 2,000 of them are sent, chosen evenly. labels: int [N].
    z: where to start [d]; by default the median code. centre, extent: middle (two numbers) and half-width of the
        square that pad, sliders and grid cover; by default what holds 99 % of the codes, or (0, 0) and 3.
    axes: the two coordinates that pad and grid show. cells: images along one side of the grid.
    image_shape: (height, width) of an output. class_names: by default "0", "1" ...
    label: the widget's name for screen readers. dtype: "float16" or "float32", how the weights travel.

    Attributes: `view` (the linked traits z1 ... zd, centre1, centre2, extent), `sliders` by trait name.
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
        image_shape=(28, 28),
        class_names=None,
        label="Latent explorer",
        dtype="float16",
    ):
        shared = Decoder.of(decoder, dtype=dtype)
        d = shared.latent_dim
        points = None if codes is None else _as_codes(codes, d)
        names = (
            [str(i) for i in range(10)] if class_names is None else [str(n) for n in class_names]
        )
        kinds = None
        if labels is not None:
            if points is None:
                raise ValueError("labels need codes: pass the encoded data as codes")
            kinds = _as_labels(labels, len(points), len(names))
        region, step = self._region(points, centre, extent, axes)
        start = np.median(points, 0) if z is None and points is not None else np.zeros(d)
        if z is not None:
            start = np.asarray(z, dtype=float)
        kept = slice(None) if points is None else slice(None, None, -(-len(points) // MOST_POINTS))
        shown = np.zeros((0, 2)) if points is None else points[kept][:, list(axes)]
        marks = np.full(len(shown), 255) if kinds is None else kinds[kept]
        self.view = _ExplorerView(
            [round(float(v) / step) * step for v in start],
            decoder=shared,
            codes=shown.astype("<f2").tobytes(),
            labels=marks.astype(np.uint8).tobytes(),
            classes=names if kinds is not None else [],
            colours=[CLASS_COLOURS[i % 10] for i in range(len(names))],
            coordinates=[coordinate_name(i) for i in range(d)],
            axes=list(axes),
            region=list(region),
            step=step,
            image_shape=list(image_shape),
            cells=cells,
            label=label,
            captions=["Code space", "Decoded image", "Decoded grid"],
            centre1=region[0],
            centre2=region[1],
            extent=region[2],
        )
        self.sliders = self._make_sliders(points, region, step, axes)
        links = [ipywidgets.jslink((s, "value"), (self.view, n)) for n, s in self.sliders.items()]
        self._links = links
        moving = [s for n, s in self.sliders.items() if n.startswith("z")]
        framing = [self.sliders[n] for n in ("centre1", "centre2", "extent")]
        controls = ipywidgets.Box(
            [self._group(moving, "2 1 280px"), self._group(framing, "1 1 240px")],
            layout={"flex_flow": "row wrap", "overflow": "visible", "width": "100%"},
        )
        super().__init__([self.view, controls], layout={"overflow": "visible"})
        self.add_class("aecore-live")
        self.add_class("aecore-explorer")

    @staticmethod
    def _region(points, centre, extent, axes):
        if points is None:
            middle, half = (0.0, 0.0), 3.0
        else:
            spans = [_span(points[:, a]) for a in axes]
            middle, half = [m for m, _ in spans], 1.06 * max(h for _, h in spans)
        half = _two_digits_up(half if extent is None else float(extent))
        step = 10.0 ** (math.floor(math.log10(half)) - 2)
        middle = middle if centre is None else centre
        return [*(round(round(float(m) / step) * step, 10) for m in middle), half], step

    def _make_sliders(self, points, region, step, axes):
        c1, c2, half = region
        digits = max(0, -math.floor(math.log10(step)))

        def slider(text, value, low, high):
            return ipywidgets.FloatSlider(
                description=text,
                value=value,
                min=round(low, 10),
                max=round(high, 10),
                step=step,
                readout_format=f".{digits}f",
                style={"description_width": "5.2em"},
                layout={"width": "100%", "min_width": "0", "margin": "0"},
            )

        sliders = {}
        for i, text in enumerate(self.view.coordinates):
            middle, reach = (region[axes.index(i)], half) if i in axes else (0.0, half)
            if i not in axes and points is not None:
                middle, reach = _span(points[:, i])
                middle, reach = round(middle / step) * step, math.ceil(reach / step) * step
            value = getattr(self.view, f"z{i + 1}")
            sliders[f"z{i + 1}"] = slider(text, value, middle - reach, middle + reach)
        for name, axis, middle in (("centre1", axes[0], c1), ("centre2", axes[1], c2)):
            sliders[name] = slider(
                f"centre {coordinate_name(axis)}", middle, middle - half, middle + half
            )
        sliders["extent"] = slider(
            "extent", half, max(step, round(half / 20 / step) * step), 2 * half
        )
        return sliders

    @staticmethod
    def _group(sliders, flex):
        return ipywidgets.VBox(
            sliders, layout={"flex": flex, "min_width": "0", "overflow": "visible"}
        )
