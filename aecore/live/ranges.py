"""Sliders over a stated range: the check of a first value, a slider that tells two decimals, their row."""

import ipywidgets

from aecore.live.view import slider


def within(name: str, value: float, bounds) -> float:
    """`value` as a float. Raises ValueError, naming it, when it is not within `bounds`."""
    value = float(value)
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{name} must be from {bounds[0]:g} to {bounds[1]:g}, got {value:g}")
    return value


def fine_slider(text: str, value: float, bounds, step: float) -> ipywidgets.FloatSlider:
    """A slider that tells two decimals, which a step of 0.05 needs."""
    made = slider(text, value, *bounds, step)
    made.readout_format = ".2f"
    return made


def slider_row(sliders) -> ipywidgets.Box:
    """The sliders (by trait) beside one another, as far as there is room."""
    row = ipywidgets.Box(list(sliders.values()))
    for name in ("aecore-sliders", "is-roomy"):
        row.add_class(name)
    return row
