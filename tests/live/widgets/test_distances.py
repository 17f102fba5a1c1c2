"""DistanceExplorer: its mathematics in Python and in the page, what travels, what is refused."""

import re
from fractions import Fraction

import numpy as np
import pytest
from ipywidgets.embed import dependency_state
from scipy import stats
from scipy.spatial.distance import pdist

from aecore.live import DistanceExplorer
from aecore.live.noise import uniform_noise
from aecore.live.widgets.distances import STOPS, pair_distances, shell_share


@pytest.fixture(scope="module")
def table(node):
    """Distances between 64 points for each stop, as the page has them."""
    found = node.call("distances.js", "pairDistances", 64, list(STOPS), 0)
    return {d: np.array(list(row.values())) for d, row in zip(STOPS, found, strict=True)}


@pytest.mark.parametrize("dimension", [1, 2, 3, 50, 1000])
def test_page_and_python_measure_the_same_points_as_scipy(table, dimension):
    places = uniform_noise(0, 64 * dimension).reshape(dimension, 64).T
    expected = pdist(places)
    np.testing.assert_allclose(pair_distances(64, dimension, 0), expected, rtol=1e-12)
    np.testing.assert_allclose(table[dimension], expected, rtol=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 7])
@pytest.mark.parametrize("dimension", [1, 30, 1000])
def test_mean_square_of_a_distance_is_a_sixth_of_the_dimension(dimension, seed):
    """E (a - b)^2 = 1/6 for independent uniform a, b; disjoint pairs give a standard error."""
    distances = pair_distances(256, dimension, seed)
    first, second = np.triu_indices(256, 1)
    squares = distances[(first % 2 == 0) & (second == first + 1)] ** 2
    error = squares.std(ddof=1) / np.sqrt(len(squares))
    assert len(squares) == 128
    assert abs(squares.mean() - dimension / 6) < 4 * error


def test_distances_grow_alike_with_the_dimension(node, table):
    contrasts = []
    for dimension in (1, 3, 10, 30, 100, 300, 1000):
        told = node.call("distances.js", "summary", {"$floats": table[dimension].tolist()})
        distances = table[dimension].astype(np.float32)
        assert told["nearest"] == distances.min()
        assert told["farthest"] == distances.max()
        assert told["mean"] == pytest.approx(distances.mean(dtype=float))
        contrasts.append(told["contrast"])
        expected = (distances.max() - distances.min()) / np.float64(distances.min())
        assert told["contrast"] == pytest.approx(expected, rel=1e-6)
    assert contrasts == sorted(contrasts, reverse=True)
    assert contrasts[0] > 100
    assert contrasts[-1] < 0.3


@pytest.mark.parametrize("thickness", [0.01, 0.05, 0.5])
@pytest.mark.parametrize("dimension", [1, 2, 100, 1000])
def test_share_of_the_shell_is_exact(node, thickness, dimension):
    exact = float(1 - (1 - Fraction(thickness)) ** dimension)
    assert node.call("distances.js", "shellShare", thickness, dimension) == pytest.approx(
        exact, rel=1e-13
    )
    assert shell_share(thickness, dimension) == pytest.approx(exact, rel=1e-13)


def test_dots_have_the_distances_of_random_points_of_the_ball(node):
    """Against points of the unit cube that fall into the ball, kept by rejection, in five dimensions."""
    random = np.random.default_rng(0)
    cube = random.uniform(-1, 1, (60_000, 5))
    lengths = np.linalg.norm(cube, axis=1)
    shares = random.uniform(size=4000).tolist()
    radii = node.call("distances.js", "ballRadii", shares, 5)
    assert stats.ks_2samp(radii, lengths[lengths < 1]).pvalue > 0.01
    assert stats.ks_2samp(np.power(shares, 1 / 4), lengths[lengths < 1]).pvalue < 1e-6


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.05, "5.00 %"),
        (0.64151, "64.2 %"),
        (0.9994, "99.9 %"),
        (0.99999, "over 99.9 %"),
        (1, "over 99.9 %"),
        (1e-4, "0.01 %"),
    ],
)
def test_a_share_is_never_rounded_to_all(node, share, text):
    assert node.call("distances.js", "percentage", share) == text


@pytest.mark.parametrize(
    ("module", "name", "number", "text"),
    [
        ("numbers.js", "threeFigures", 9188.02, "9188"),
        ("numbers.js", "threeFigures", 83.01, "83.0"),
        ("numbers.js", "threeFigures", 0.16548, "0.165"),
        ("distances.js", "distanceText", 12.3456, "12.346"),
        ("distances.js", "distanceText", 0.00010503, "0.00011"),
    ],
)
def test_numbers_keep_figures_that_tell_something(node, module, name, number, text):
    assert node.call(module, name, number) == text


def test_dimension_and_thickness_are_linked_in_the_page():
    explorer = DistanceExplorer(dimension=17, thickness=0.2, points=32, seed=3)
    state = dependency_state([explorer], drop_defaults=False)
    links = [m["state"] for m in state.values() if m["model_name"] == "LinkModel"]
    ends = set()
    for link in links:
        (source, trait), (_, moved) = link["source"], link["target"]
        mover = state[source.removeprefix("IPY_MODEL_")]["state"]
        ends.add((mover["description"], trait, moved))
    assert ends == {("dimension D", "index", "stop"), ("shell thickness", "value", "thickness")}
    view = explorer.view
    assert view.stops == sorted({*STOPS, 17})
    assert view.stops[view.stop] == explorer.dimension.value == 17
    assert (view.thickness, view.points, view.seed) == (0.2, 32, 3)


def test_a_dimension_of_the_list_adds_no_stop():
    assert DistanceExplorer(dimension=784).view.stops == list(STOPS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimension": 0}, "dimension must be a whole number from 1 to 1000, got 0"),
        ({"dimension": 2.5}, "got 2.5"),
        ({"dimension": 1001}, "got 1001"),
        ({"thickness": 0}, r"thickness must be from 0.01 to 0.5, got 0"),
        ({"points": 2}, "points must be a whole number from 3 to 256, got 2"),
        ({"points": 257}, "got 257"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DistanceExplorer(**options)


def test_the_static_figure_shows_the_same_numbers():
    explorer = DistanceExplorer(dimension=20, thickness=0.1, points=40, seed=5)
    figure, alt = explorer._figure()
    pairs, ball, shell = figure.axes
    distances = pair_distances(40, 20, 5)
    heights = [bar.get_height() for bar in pairs.patches]
    expected = np.histogram(distances / distances.mean(), np.linspace(0, 3, 61))[0]
    np.testing.assert_allclose(heights, 100 * expected / len(distances))
    inner, outer = (np.linalg.norm(dots.get_offsets(), axis=1) for dots in ball.collections)
    assert inner.max() <= 0.9 < outer.min()
    assert f"{len(outer)} of 400 random points" in alt
    assert float(re.search(r"([\d.]+) % here", alt)[1]) == pytest.approx(
        100 * (1 - 0.9**20), abs=0.05
    )
    at, share = shell.lines[-1].get_xydata()[0]
    assert (at, share) == (20, pytest.approx(100 * (1 - 0.9**20)))
    data, _ = explorer._repr_mimebundle_()
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)
    assert data["text/plain"] == alt
