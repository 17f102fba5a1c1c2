"""What the live widgets have in common: a view, its sliders, and the box that holds both.

A view is the half that draws: its synced traits are the state, and its JavaScript runs in the page.
A slider is an ipywidgets slider, `jslink`ed to one of these traits, so that everything goes on
working in a saved page that has no kernel.
"""

from decimal import Decimal

import anywidget
import ipywidgets
import numpy as np
import traitlets

from aecore.live.codes import checked_point, coordinate_name, on_step
from aecore.live.decoder import Decoder
from aecore.live.fallback import with_figure


class View(anywidget.AnyWidget):
    """The part that draws. A subclass adds script, style sheet and traits; `label` is for a screen reader."""

    label = traitlets.Unicode().tag(sync=True)


class DecoderView(View):
    """A view that decodes: it points at the decoder, and carries encoded data and their colours."""

    decoder = traitlets.Instance(Decoder).tag(sync=True, **ipywidgets.widget_serialization)
    codes = traitlets.Bytes().tag(sync=True)
    colours = traitlets.List(traitlets.Unicode()).tag(sync=True)
    image_shape = traitlets.List(traitlets.Int()).tag(sync=True)


class PointView(DecoderView):
    """A view of one code, whose coordinates are its traits z1 ... zd, each with a slider of its own."""

    coordinates = traitlets.List(traitlets.Unicode()).tag(sync=True)
    region = traitlets.List(traitlets.Float()).tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, z, **traits):
        self.add_traits(
            **{f"z{i + 1}": traitlets.Float(value).tag(sync=True) for i, value in enumerate(z)}
        )
        names = [coordinate_name(i) for i in range(len(z))]
        super().__init__(coordinates=names, **traits)

    @property
    def z(self) -> np.ndarray:
        """Where the point is now, [d]. Assign d numbers to move it."""
        return np.array([getattr(self, f"z{i + 1}") for i in range(len(self.coordinates))])

    @z.setter
    def z(self, point):
        for i, value in enumerate(checked_point(point, len(self.coordinates), "z")):
            setattr(self, f"z{i + 1}", value)

    @property
    def points(self) -> np.ndarray:
        """The encoded data on the map, [n, 2]."""
        places = np.frombuffer(self.codes, "<f2").reshape(-1, 2)
        return self.region[:2] + self.region[2] * places.astype(float)


def slider(text: str, value: float, low: float, high: float, step: float) -> ipywidgets.FloatSlider:
    """A slider in the family's look, whose readout has the decimals that `step` needs."""
    decimals = max(0, -Decimal(f"{step:.6g}").normalize().as_tuple().exponent)
    return ipywidgets.FloatSlider(
        description=text,
        value=value,
        min=low,
        max=high,
        step=step,
        readout_format=f".{decimals}f",
        **look(),
    )


def stops_slider(text: str, stops, index: int) -> ipywidgets.SelectionSlider:
    """A slider over the given stops, that begins at the one of this index."""
    return ipywidgets.SelectionSlider(description=text, options=stops, index=index, **look())


def look() -> dict:
    """The options of ipywidgets that every slider of the family has."""
    return {"style": {"description_width": "auto"}, "layout": {"width": "auto", "margin": "0"}}


def slider_row(sliders, roomy: bool = False) -> ipywidgets.Box:
    """The sliders (by trait) beside one another, as far as there is room; `roomy` ones take more of it."""
    row = ipywidgets.Box(list(sliders.values())).add_class("aecore-sliders")
    return row.add_class("is-roomy") if roomy else row


def _moving(mover) -> str:
    """The trait of a slider that lives in the page: of one over stops it is the index, not the value."""
    return "index" if isinstance(mover, ipywidgets.SelectionSlider) else "value"


class LiveBox(ipywidgets.VBox):
    """A view with its controls, and a static figure that stands in for them (see fallback.py).

    sliders: by the name of the view's trait that each moves. controls: what holds them, below the view;
    with `above`, above it: so a phone shows the sliders of a tall view together with what they move.
    A subclass gives `_figure`, which returns the figure as things stand and its alternative text.
    """

    def __init__(self, view: View, sliders: dict, controls: ipywidgets.Widget, above: bool = False):
        self.view = view
        self._links = [
            ipywidgets.jslink((mover, _moving(mover)), (view, name))
            for name, mover in sliders.items()
        ]
        super().__init__([controls, view] if above else [view, controls])
        self.add_class("aecore-live")

    def _repr_mimebundle_(self, **kwargs):
        return with_figure(super()._repr_mimebundle_(**kwargs), self._figure)


class PointBox(LiveBox):
    """A box around a `PointView`: the code that is decoded, and the encoded data beside it.

    A subclass has `sliders`, with one for each of the view's z1 ... zd.
    """

    @property
    def z(self) -> np.ndarray:
        """Where the point is now, [d]. Assign d numbers to move it and its sliders, to their nearest step.

        Raises ValueError for another number of them, or one that lies outside its slider.
        """
        return self.view.z

    @z.setter
    def z(self, point):
        movers = [self.sliders[f"z{i + 1}"] for i in range(len(self.view.coordinates))]
        values = checked_point(point, len(movers), "z")
        for i, (value, mover) in enumerate(zip(values, movers, strict=True)):
            slack = 1e-9 * (mover.max - mover.min)
            if not mover.min - slack <= value <= mover.max + slack:
                raise ValueError(
                    f"z[{i}] = {value:g} lies outside its slider, {mover.min:g} to {mover.max:g}"
                )
        values = [on_step(value, mover.step) for value, mover in zip(values, movers, strict=True)]
        self.view.z = values
        for value, mover in zip(values, movers, strict=True):
            mover.value = value  # without a kernel the page takes the slider's value for the view's

    @property
    def points(self) -> np.ndarray:
        """The encoded data on the map, [n, 2]."""
        return self.view.points
