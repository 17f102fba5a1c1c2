"""What the sliders and boxes of all widgets have in common."""

import ipywidgets
import pytest
import traitlets

from aecore.live.view import LiveBox, View, slider, slider_row, stops_slider


class Stops(View):
    """A view that sliders move."""

    stop = traitlets.Int().tag(sync=True)
    thickness = traitlets.Float().tag(sync=True)


@pytest.mark.parametrize(
    ("step", "written"),
    [(1, "3"), (100, "3"), (0.5, "3.0"), (0.1, "3.0"), (0.05, "3.00"), (5 * 0.001, "3.000")],
)
def test_a_readout_has_the_decimals_that_its_step_needs(step, written):
    form = slider("z", 3, 0, 5, step).readout_format
    assert format(3, form) == written


def test_of_a_slider_over_stops_the_place_is_linked_and_not_the_value():
    """A page knows the index; what stands there, only Python does."""
    sliders = {"stop": stops_slider("D", [1, 10, 784], 2), "thickness": slider("t", 0, 0, 1, 0.1)}
    box = LiveBox(Stops(label=""), sliders, slider_row(sliders))
    links = {link.target[1]: link.source for link in box._links}
    assert links == {
        "stop": (sliders["stop"], "index"),
        "thickness": (sliders["thickness"], "value"),
    }
    assert sliders["stop"].value == 784


@pytest.mark.parametrize("above", [True, False])
def test_controls_stand_below_the_view_or_above_it(above):
    view, controls = View(label=""), ipywidgets.Box()
    first, second = LiveBox(view, {}, controls, above=above).children
    assert (first, second) == ((controls, view) if above else (view, controls))
