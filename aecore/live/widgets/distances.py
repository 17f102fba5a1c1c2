"""DistanceExplorer: what many dimensions do to distances and to the volume of a ball.

Random points of the unit cube: the larger the dimension D, the more alike are the distances between
them (Beyer et al., 1999, "When is nearest neighbour meaningful?"). And of a ball's volume the share
1 - (1 - thickness)^D lies in its outer shell. Both are computed in the page (distances.js).
"""

import numpy as np
import traitlets
from matplotlib.figure import Figure

from aecore.live.bundle import assets
from aecore.live.fallback import dress
from aecore.live.noise import uniform_noise
from aecore.live.ranges import whole, within
from aecore.live.view import LiveBox, View, slider, slider_row, stops_slider
from aecore.plotting import CLASS_COLOURS

LARGEST_DIMENSION = 1000
MOST_POINTS = 256
THICKNESSES = (0.01, 0.5)
# About nine a decade; 784 is the number of pixels of an image of 28 by 28.
STOPS = (
    *(1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80),
    *(100, 120, 150, 200, 250, 300, 400, 500, 600, 784, 1000),
)
_BALL_POINTS = 400
_BINS = np.linspace(0, 3, 61)


def pair_distances(points: int, dimension: int, seed: int) -> np.ndarray:
    """Distances between all pairs of random points of the unit cube, those that the page draws.

    Returns float64 [points * (points - 1) / 2], the pairs in the order (0, 1), (0, 2) ... (1, 2) ...
    """
    places = uniform_noise(seed, points * dimension).reshape(dimension, points)
    first, second = np.triu_indices(points, 1)
    return np.sqrt(((places[:, first] - places[:, second]) ** 2).sum(0))


def shell_share(thickness, dimension):
    """Share of the volume of a ball of radius 1 in its outer shell, 1 - (1 - thickness)^dimension."""
    return -np.expm1(dimension * np.log1p(-np.asarray(thickness)))


class _DistanceView(View):
    _esm, _css = assets("distances")
    stops = traitlets.List(traitlets.Int()).tag(sync=True)
    stop = traitlets.Int().tag(sync=True)
    thickness = traitlets.Float().tag(sync=True)
    points = traitlets.Int().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)


class DistanceExplorer(LiveBox):
    """The distances between random points, and the shell of a ball, in 1 to 1000 dimensions.

    dimension: to begin with, 1 to 1000. thickness: of the shell, as a share of the radius, 0.01 to 0.5.
    points: how many random points of the unit cube, 3 to 256. seed: of these points.
    label: for a screen reader.

    Attributes: `view` (traits stop, a place in the list stops of dimensions, and thickness), `dimension`
    and `thickness`, the sliders. Raises ValueError, naming the value, for whatever is out of range.
    """

    def __init__(
        self,
        *,
        dimension=2,
        thickness=0.05,
        points=64,
        seed=0,
        label="Distances and volumes in many dimensions",
    ):
        dimension = whole("dimension", dimension, (1, LARGEST_DIMENSION))
        stops = sorted({*STOPS, dimension})
        view = _DistanceView(
            stops=stops,
            stop=stops.index(dimension),
            thickness=within("thickness", thickness, THICKNESSES),
            points=whole("points", points, (3, MOST_POINTS)),
            seed=whole("seed", seed, (0, 2**31 - 1)),
            label=label,
        )
        self.dimension = stops_slider("dimension D", stops, view.stop)
        self.thickness = slider("shell thickness", view.thickness, *THICKNESSES, 0.01)
        sliders = {"stop": self.dimension, "thickness": self.thickness}
        super().__init__(view, sliders, slider_row(sliders))

    def _figure(self) -> tuple[Figure, str]:
        view = self.view
        dimension, thickness = view.stops[view.stop], view.thickness
        distances = pair_distances(view.points, dimension, view.seed)
        mean, nearest, farthest = distances.mean(), distances.min(), distances.max()
        figure = Figure(figsize=(7.2, 2.75), layout="constrained")
        pairs, ball, shell = figure.subplots(1, 3)
        blue, orange = CLASS_COLOURS[0], CLASS_COLOURS[6]

        weights = np.full(len(distances), 100 / len(distances))
        pairs.hist(distances / mean, _BINS, weights=weights, color=blue)
        for place in (nearest / mean, farthest / mean):
            pairs.axvline(place, color="0.3", ls=":", lw=1)
        pairs.set(xlim=(0, 3), xlabel="distance / mean distance", ylabel="pairs (%)")

        noise = uniform_noise(view.seed + 1, 2 * _BALL_POINTS)
        radii = noise[:_BALL_POINTS] ** (1 / dimension)
        angles = 2 * np.pi * noise[_BALL_POINTS:]
        outside = radii > 1 - thickness
        circle = np.linspace(0, 2 * np.pi, 200)
        for radius in (1, 1 - thickness):
            ball.plot(radius * np.cos(circle), radius * np.sin(circle), color=orange, lw=0.6)
        for chosen, colour in ((~outside, "0.5"), (outside, orange)):
            places = radii * np.cos(angles), radii * np.sin(angles)
            ball.scatter(*(axis[chosen] for axis in places), s=4, color=colour, linewidths=0)
        ball.set(xticks=[], yticks=[], xlim=(-1.08, 1.08), ylim=(-1.08, 1.08))

        dimensions = np.geomspace(1, LARGEST_DIMENSION, 200)
        share = shell_share(thickness, dimension)
        shell.plot(dimensions, 100 * shell_share(thickness, dimensions), color=orange)
        shell.plot(dimension, 100 * share, "o", color=orange, mec="0.2")
        shell.set(xscale="log", xlabel="dimension D", ylabel="volume in the shell (%)")
        titles = ("Distances between points", "The ball and its shell", "Share of the shell")
        for axis, title in zip((pairs, ball, shell), titles, strict=True):
            dress(axis, title)
            axis.set_box_aspect(1)

        volume = "over 99.9 %" if share > 0.9995 else f"{100 * share:.1f} %"
        alt = (
            f"Three panels for dimension {dimension}. A histogram of the distances between all pairs of "
            f"{view.points} random points of the unit cube, divided by their mean of {mean:.3f}: they go "
            f"from {nearest:.3g} to {farthest:.3g}, a relative contrast of "
            f"{(farthest - nearest) / nearest:.3g}. A ball with a shell of {100 * thickness:.0f} per cent of "
            f"its radius, and {outside.sum()} of {_BALL_POINTS} random points of the ball in it. And the "
            f"share of the volume in the shell over the dimension: {volume} here."
        )
        return figure, alt
