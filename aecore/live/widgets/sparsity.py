"""SparsityExplorer: the code of an example under more and more penalty, and what each of its units draws.

Olshausen and Field (1996), "Emergence of simple-cell receptive field properties by learning a sparse code
for natural images", for the dictionary and its features. The page (sparsity.js, sparsecode.js) runs the
decoders, so that any unit can be switched off and the reconstruction answers.
"""

import math

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.decoder import Decoder
from aecore.live.examples import SIGNED, ExampleView, checked_images, named_examples
from aecore.live.forward import run
from aecore.live.ranges import whole
from aecore.live.view import LiveBox, slider_row, stops_slider
from aecore.plotting import CLASS_COLOURS

MOST_IMAGES = 12
MOST_UNITS = 400


class _SparsityView(ExampleView):
    _esm, _css = assets("sparsity")
    decoders = traitlets.List(traitlets.Instance(Decoder)).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    codes = traitlets.Bytes().tag(sync=True)
    rates = traitlets.Bytes().tag(sync=True)
    penalties = traitlets.List(traitlets.Unicode()).tag(sync=True)
    symbol = traitlets.Unicode().tag(sync=True)
    threshold = traitlets.Float().tag(sync=True)
    snapshot = traitlets.Int().tag(sync=True)
    unit = traitlets.Int().tag(sync=True)
    off = traitlets.List(traitlets.Int()).tag(sync=True)


class SparsityExplorer(LiveBox):
    """Autoencoders trained with S penalties: codes, active and dead units, features, reconstructions.

    penalties: the S values of the penalty's weight, increasing. decoders: S modules from codes [B, K] to
        images, or models with such a `decoder`; `aecore.live.SUPPORTED` names their possible layers.
    codes: [S, N, K], the codes of the images under each of the S encoders, K at most 400.
    images: the N examples [N, 1, H, W] or [N, H * W], 1 to 12. labels: int [N], to name them.
    rates: [S, K], the share of a data set for which each unit is active; a unit of rate 0 counts as dead.
    start: the snapshot (from 0) to begin with, by default the middle one. example, unit: the same for the
        image and the chosen unit; by default the first image and its largest unit.
    threshold: a unit is active when |z| is above it: 0 for ReLU codes; a sigmoid is never exactly 0.
    symbol: what the penalty's weight is called. image_shape: (H, W) of flat images that are not square.
    class_names: by default numbers. label: for a screen reader. dtype: how the weights travel.

    Attributes: `view` (traits snapshot, example, unit, off) and `slider`, which moves the snapshot. `off`
    lists snapshot * K + unit of every unit that is switched off.
    Raises TypeError or ValueError, naming the value, for whatever does not fit together.
    """

    def __init__(
        self,
        penalties,
        decoders,
        codes,
        images,
        *,
        rates=None,
        labels=None,
        start=None,
        example=0,
        unit=None,
        threshold=0.0,
        symbol="λ",
        image_shape=None,
        class_names=None,
        label="Sparse codes under more and more penalty",
        dtype="float16",
    ):
        weights = _checked_penalties(penalties)
        packed, count, shape = checked_images(images, MOST_IMAGES, image_shape)
        decoders = list(decoders)
        if len(decoders) != len(weights):
            raise ValueError(
                f"expected {len(weights)} decoders, one per penalty, got {len(decoders)}"
            )
        values = _checked_codes(codes, len(weights), count)
        units = values.shape[2]
        made = [Decoder.of(decoder, dtype=dtype) for decoder in decoders]
        for number, decoder in enumerate(made):
            sizes = decoder.latent_dim, math.prod(decoder.output_shape)
            if sizes != (units, math.prod(shape)):
                raise ValueError(
                    f"decoder {number} maps {sizes[0]} numbers to {sizes[1]}, but the codes have {units} "
                    f"units and the images {shape[0]} by {shape[1]} pixels"
                )
        if not threshold >= 0:
            raise ValueError(f"threshold must not be negative, got {threshold}")
        start = len(weights) // 2 if start is None else whole("start", start, (0, len(weights) - 1))
        example = whole("example", example, (0, count - 1))
        if unit is None:
            unit = int(np.abs(values[start, example]).argmax())
        texts = [f"{weight:g}" for weight in weights]
        view = _SparsityView(
            decoders=made,
            images=packed,
            image_shape=list(shape),
            names=named_examples(labels, count, class_names)[2],
            codes=values.astype("<f4").tobytes(),
            rates=_checked_rates(rates, len(weights), units),
            penalties=texts,
            symbol=symbol,
            threshold=float(threshold),
            snapshot=start,
            example=example,
            unit=whole("unit", unit, (0, units - 1)),
            label=label,
        )
        self.slider = stops_slider(f"penalty {symbol}", texts, start)
        sliders = {"snapshot": self.slider}
        super().__init__(view, sliders, slider_row(sliders), above=True)

    def code(self) -> np.ndarray:
        """The code that is decoded as things stand, switched-off units at 0: float32 [K]."""
        view = self.view
        units = view.decoders[0].latent_dim
        codes = np.frombuffer(view.codes, "<f4").reshape(len(view.decoders), -1, units)
        code = codes[view.snapshot, view.example].copy()
        code[[entry % units for entry in view.off if entry // units == view.snapshot]] = 0
        return code

    def reconstruction(self) -> np.ndarray:
        """What the page shows as reconstruction: float32 [H, W]."""
        code = torch.from_numpy(self.code()[None])
        decoder = self.view.decoders[self.view.snapshot]
        return decoder.decode(code).reshape(self.view.image_shape).numpy()

    def features(self) -> np.ndarray:
        """What each unit of the snapshot draws: float32 [K, H, W].

        The decoder's output for a code of this unit alone, at 1, less its output for the empty code, both
        before a sigmoid at its end. Of a linear decoder these are the columns of its matrix.
        """
        decoder = self.view.decoders[self.view.snapshot]
        layers = decoder.layers
        if layers and layers[-1]["type"] == "sigmoid":
            layers = layers[:-1]
        units = decoder.latent_dim
        alone = run(layers, decoder.weights, decoder.dtype, torch.eye(units))
        empty = run(layers, decoder.weights, decoder.dtype, torch.zeros(1, units))
        return (alone - empty).reshape(-1, *self.view.image_shape).numpy()

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        code, rebuilt, features = self.code(), self.reconstruction(), self.features()
        image = view.pixels()[view.example]
        active = np.abs(code) > view.threshold
        units = len(code)
        error = ((rebuilt - image) ** 2).sum()
        columns = math.ceil(math.sqrt(units))
        height, width = view.image_shape
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        grid = figure.add_gridspec(2, 3, width_ratios=(1, 2, 3))
        places = (grid[0, 0], grid[1, 0], grid[:, 1], grid[:, 2])
        first, second, dictionary, bars = (figure.add_subplot(place) for place in places)
        for axis, pixels in ((first, image), (second, rebuilt)):
            axis.imshow(pixels, cmap="gray_r", vmin=0, vmax=1)
        scaled = features / np.maximum(np.abs(features).max((1, 2), keepdims=True), 1e-12)
        rates = np.frombuffer(view.rates, "<f4").reshape(-1, units)
        dead = rates[view.snapshot] == 0 if len(rates) else np.zeros(units, bool)
        scaled *= np.where(active, 1, np.where(dead, 0.25, 0.5))[:, None, None]
        rows = math.ceil(units / columns)
        tiles = np.zeros((rows * columns, height, width))
        tiles[:units] = scaled
        sheet = tiles.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
        dictionary.imshow(sheet.reshape(rows * height, -1), cmap=SIGNED, vmin=-1, vmax=1)
        for i in range(1, columns):
            dictionary.axvline(i * width - 0.5, color="0.85", lw=0.5)
        for i in range(1, rows):
            dictionary.axhline(i * height - 0.5, color="0.85", lw=0.5)
        bars.bar(np.arange(1, units + 1), code, width=0.9, color=CLASS_COLOURS[0])
        bars.set_xlabel("unit", size=8)
        bars.tick_params(labelsize=7, length=2)
        titles = ("Image", "Reconstruction", "Dictionary", "Code of the image")
        for axis, title in zip((first, second, dictionary, bars), titles, strict=True):
            axis.set_title(title, size=8.5, loc="left", weight="bold")
        for axis in (first, second, dictionary):
            axis.set(xticks=[], yticks=[])
        told = f" {dead.sum()} units are dead." if len(rates) else ""
        penalty = f"{view.symbol} = {view.penalties[view.snapshot]}"
        dictionary.set_xlabel(f"{penalty}: {active.sum()} of {units} active", size=8)
        second.set_xlabel(f"error {error:.1f}", size=8)
        return figure, (
            f"Four panels for the penalty {penalty}. The image, {view.names[view.example]}; its "
            f"reconstruction, squared error {error:.1f}; the dictionary, what each of {units} units draws as "
            f"a signed image, strong for the units active here and pale for the others; and the code as "
            f"bars, {active.sum()} of {units} units active.{told}"
        )


def _checked_penalties(penalties) -> list[float]:
    values = [float(value) for value in np.asarray(penalties, float).ravel()]
    if len(values) < 2 or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
        raise ValueError(
            f"penalties must be two or more that increase, got {values}; sort the snapshots by them"
        )
    return values


def _checked_codes(codes, snapshots: int, count: int) -> np.ndarray:
    """Codes as float32 [S, N, K]. Raises ValueError for another shape, NaN or infinity."""
    if isinstance(codes, (list, tuple)):
        codes = torch.stack([torch.as_tensor(code) for code in codes])
    values = torch.as_tensor(codes).detach().to("cpu", torch.float32).numpy()
    if values.ndim != 3 or values.shape[:2] != (snapshots, count):
        raise ValueError(
            f"expected codes [{snapshots}, {count}, K], of every image under every penalty, got "
            f"{list(values.shape)}"
        )
    if not 1 <= values.shape[2] <= MOST_UNITS:
        raise ValueError(f"a code must have 1 to {MOST_UNITS} units, got {values.shape[2]}")
    if bad := int((~np.isfinite(values)).any(2).sum()):
        raise ValueError(
            f"{bad} of {snapshots * count} codes hold NaN or infinity; did training diverge?"
        )
    return values


def _checked_rates(rates, snapshots: int, units: int) -> bytes:
    """Rates as float32 bytes, none for None. Raises ValueError unless they are shares [S, K]."""
    if rates is None:
        return b""
    if isinstance(rates, (list, tuple)):
        rates = torch.stack([torch.as_tensor(rate) for rate in rates])
    values = torch.as_tensor(rates).detach().to("cpu", torch.float32).numpy()
    if values.shape != (snapshots, units):
        raise ValueError(
            f"expected rates [{snapshots}, {units}], a share for every unit under every penalty, got "
            f"{list(values.shape)}"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"rates are shares from 0 to 1, got {values.min():g} to {values.max():g}; "
            "pass (codes > 0).float().mean(0)"
        )
    return values.astype("<f4").tobytes()
