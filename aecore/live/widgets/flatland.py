"""Flatland: a solid passes through a plane, and the plane's inhabitants see its sections.

After Edwin A. Abbott, "Flatland: A Romance of Many Dimensions" (1884). Everything is computed in the
page (flatland.js, solids.js); the same sections are here for the static figure.
"""

import numpy as np
import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from aecore.live.bundle import assets
from aecore.live.ranges import within
from aecore.live.view import LiveBox, View, slider
from aecore.plotting import CLASS_COLOURS

SOLIDS = ("sphere", "cube")
REACH = 1.2
_FILM = (-0.9, -0.5, -0.2, 0.0, 0.2, 0.5, 0.9)
_SIGNS = np.array([[k & 1, (k >> 1) & 1, (k >> 2) & 1] for k in range(8)]) * 2 - 1
# Rows: two directions in the plane, and the cube's diagonal, which is vertical.
_FRAME = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])
_CORNERS = _SIGNS / np.sqrt(3) @ _FRAME.T


def section(solid: str, cut: float) -> np.ndarray:
    """Outline of a solid's section by a horizontal plane, from above, counter-clockwise, float64 [n, 2].

    solid: "sphere", of radius 1, or "cube", whose corners lie on that sphere and whose diagonal is
    vertical. cut: height of the plane above the solid's centre. Empty where the plane misses the solid.
    """
    if abs(cut) >= 1:
        return np.zeros((0, 2))
    if solid == "sphere":
        angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
        return np.sqrt(1 - cut**2) * np.stack([np.cos(angles), np.sin(angles)], 1)
    edges = [(k, k | bit) for k in range(8) for bit in (1, 2, 4) if not k & bit]
    start, end = (_CORNERS[list(side)] for side in zip(*edges, strict=True))
    share = (cut - start[:, 2]) / (end[:, 2] - start[:, 2])
    met = (share >= 0) & (share <= 1)
    places = (start + share[:, None] * (end - start))[met, :2]
    _, kept = np.unique(places.round(9), axis=0, return_index=True)
    places = places[kept]
    return places[np.argsort(np.arctan2(places[:, 1], places[:, 0]))]


def section_area(solid: str, cut: float) -> float:
    """Area of a section, as for `section`; the radius of the sphere is 1."""
    if solid == "sphere":
        return np.pi * max(0.0, 1 - cut**2)
    x, y = section(solid, cut).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def section_name(solid: str, cut: float) -> str:
    """What a section is called: "a disc", "a triangle", "a hexagon" or "nothing"."""
    corners = len(section(solid, cut))
    if not corners:
        return "nothing"
    if solid == "sphere":
        return "a disc"
    return "a triangle" if corners == 3 else "a hexagon"


class _FlatlandView(View):
    _esm, _css = assets("flatland")
    solid = traitlets.Enum(SOLIDS, default_value=SOLIDS[0]).tag(sync=True)
    height = traitlets.Float().tag(sync=True)


class Flatland(LiveBox):
    """A solid that passes through a plane: seen from outside, and as those see it who live in the plane.

    solid: "sphere", of radius 1, or "cube", turned on its corner and as tall as the sphere.
    height: of the solid's centre above the plane to begin with, from -1.2 to 1.2.
    label: for a screen reader.

    Attributes: `view` (traits solid and height) and `slider`, which moves the height.
    Raises ValueError, naming the value, for another solid or a height out of range.
    """

    def __init__(self, *, solid="sphere", height=0.0, label="A solid passes through Flatland"):
        if solid not in SOLIDS:
            raise ValueError(f"solid must be one of {SOLIDS}, got {solid!r}")
        height = within("height", height, (-REACH, REACH))
        view = _FlatlandView(solid=solid, height=height, label=label)
        self.slider = slider("height", height, -REACH, REACH, 0.01)
        super().__init__(view, {"height": self.slider}, self.slider)

    def _figure(self) -> tuple[Figure, str]:
        solid = self.view.solid
        figure = Figure(figsize=(7.2, 1.6), layout="constrained")
        told = []
        for axis, height in zip(figure.subplots(1, len(_FILM)), _FILM, strict=True):
            outline = section(solid, -height)
            axis.add_patch(Polygon(outline, fc=CLASS_COLOURS[0], ec="0.2"))
            axis.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), xticks=[], yticks=[], aspect="equal")
            axis.set_title(f"height {height:.1f}".replace("-", "−"), size=8)
            area = f"area {section_area(solid, -height):.2f}"
            axis.set_xlabel(area, size=8)
            told.append(f"at {height:.1f} {section_name(solid, -height)} of {area}")
        names = {"sphere": "a sphere of radius 1", "cube": "a cube turned on its corner, as tall,"}
        alt = (
            f"The sections that {names[solid]} leaves in a plane, for seven heights of its centre above the "
            f"plane: {', '.join(told)}."
        )
        return figure, alt
