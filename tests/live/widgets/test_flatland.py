"""Flatland: sections of the solids in Python and in the page, what is drawn, what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipywidgets.embed import dependency_state
from scipy.integrate import quad
from scipy.spatial import ConvexHull, HalfspaceIntersection

from aecore.live import Flatland
from aecore.live.widgets.flatland import section, section_area, section_name

CUTS = st.floats(-0.97, 0.97)
# Three unit vectors along the cube's edges, its diagonal upwards.
AXES = np.array(
    [
        [math.cos(a) * math.sqrt(2 / 3), math.sin(a) * math.sqrt(2 / 3), math.sqrt(1 / 3)]
        for a in (math.pi / 6, 5 * math.pi / 6, 3 * math.pi / 2)
    ]
)


def expected_section(cut):
    """The cube's section as the meeting of the six half-planes that its faces cut out: vertices [n, 2]."""
    half_edge = 1 / math.sqrt(3)
    sides = [
        [*(sign * axis[:2]), sign * axis[2] * cut - half_edge] for axis in AXES for sign in (1, -1)
    ]
    return HalfspaceIntersection(np.array(sides), np.zeros(2)).intersections


def test_the_axes_of_the_expected_cube_are_a_cube_on_its_corner():
    np.testing.assert_allclose(AXES @ AXES.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(AXES.sum(0), (0, 0, math.sqrt(3)), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(CUTS)
def test_the_cube_is_cut_as_half_planes_say(node, cut):
    expected = ConvexHull(expected_section(cut))
    corners = expected.points[expected.vertices]
    found = np.array(node.call("solids.js", "sectionOf", "cube", cut))
    for outline in (section("cube", cut), found[:, :2]):
        gaps = np.linalg.norm(outline[:, None] - corners[None], axis=-1)
        assert gaps.min(0).max() < 1e-5
        assert gaps.min(1).max() < 1e-5
    np.testing.assert_allclose(found[:, 2], cut)
    area = pytest.approx(expected.volume, abs=1e-6)
    assert section_area("cube", cut) == area
    assert node.call("solids.js", "sectionArea", "cube", cut) == area


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["sphere", "cube"]), st.floats(-1.3, 1.3))
def test_page_and_python_agree(node, solid, cut):
    area = node.call("solids.js", "sectionArea", solid, cut)
    assert area == pytest.approx(section_area(solid, cut), abs=1e-9)
    if solid == "sphere":
        assert area == pytest.approx(math.pi * max(0, 1 - cut**2))
    outline = node.call("solids.js", "sectionOf", solid, cut)
    if abs(cut) < 0.999:
        np.testing.assert_allclose(np.array(outline)[:, :2], section(solid, cut), atol=1e-6)


@pytest.mark.parametrize(
    ("solid", "volume"), [("sphere", 4 * math.pi / 3), ("cube", (2 / math.sqrt(3)) ** 3)]
)
def test_all_the_sections_make_up_the_volume(node, solid, volume):
    def area(cut):
        return node.call("solids.js", "sectionArea", solid, cut)

    total, _ = quad(area, -1, 1, points=[-1 / 3, 1 / 3])
    assert total == pytest.approx(volume, rel=1e-9)


@pytest.mark.parametrize(
    ("cut", "corners", "name"),
    [
        (-1.1, 0, "nothing"),
        (-1.0, 1, "a single point"),
        (-0.5, 3, "a triangle"),
        (-1 / 3, 3, "a triangle"),
        (-0.3, 6, "a hexagon"),
        (0.0, 6, "a regular hexagon"),
        (0.3, 6, "a hexagon"),
        (0.6, 3, "a triangle"),
        (1.0, 1, "a single point"),
        (1.2, 0, "nothing"),
    ],
)
def test_a_cube_on_its_corner_shows_three_six_three_corners(node, cut, corners, name):
    assert len(node.call("solids.js", "sectionOf", "cube", cut)) == corners
    assert node.call("solids.js", "sectionName", "cube", cut) == name
    if abs(cut) != 1:
        assert len(section("cube", cut)) == corners
        assert section_name("cube", cut) == name.replace("regular ", "")


def test_the_middle_section_is_a_regular_hexagon(node):
    outline = np.array(node.call("solids.js", "sectionOf", "cube", 0))[:, :2]
    sides = np.linalg.norm(outline - np.roll(outline, 1, 0), axis=1)
    np.testing.assert_allclose(sides, math.sqrt(2 / 3))
    np.testing.assert_allclose(np.linalg.norm(outline, axis=1), math.sqrt(2 / 3))


@pytest.mark.parametrize("solid", ["sphere", "cube"])
@pytest.mark.parametrize("cut", [-0.8, -0.2, 0.5])
def test_an_inhabitant_sees_the_nearest_edge(node, solid, cut):
    outline = node.call("solids.js", "sectionOf", solid, cut)
    corners = np.array(outline)[:, :2]
    share = np.linspace(0, 1, 4001)[:, None, None]
    line = (corners + share * (np.roll(corners, -1, 0) - corners)).reshape(-1, 2)
    low, high = corners[:, 0].min(), corners[:, 0].max()
    for x in np.linspace(low, high, 13)[1:-1]:
        near = line[np.abs(line[:, 0] - x) < 1e-3]
        found = node.call("solids.js", "nearestEdge", outline, x)
        assert found == pytest.approx(near[:, 1].min(), abs=5e-3)
    assert node.call("solids.js", "nearestEdge", outline, high + 0.01) is None, (
        "NaN is null in JSON"
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 40), st.integers(0, 10**6))
def test_convex_hull_agrees_with_scipy(node, count, seed):
    points = np.random.default_rng(seed).normal(size=(count, 2))
    hull = ConvexHull(points)
    found = np.array(node.call("solids.js", "convexHull", points.tolist()))
    first = np.argmin(found[:, 0])
    expected = points[hull.vertices]
    expected = np.roll(expected, first - np.argmin(expected[:, 0]), 0)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("cut", [-0.7, -0.2, 0.0, 0.45])
def test_faces_above_and_below_make_up_the_cube(node, cut):
    halves = {1: [], -1: []}
    for face in node.call("solids.js", "cubeFaces"):
        np.testing.assert_allclose(np.array(face["corners"]) @ face["normal"], 1 / math.sqrt(3))
        assert np.linalg.norm(face["normal"]) == pytest.approx(1)
        for side, kept in halves.items():
            part = node.call("solids.js", "clipFace", face["corners"], cut, side)
            part = np.reshape(part, (-1, 3))
            assert (side * (part[:, 2:] - cut) >= -1e-12).all()
            kept.extend(part)
    bends = [height for height in (-1 / 3, 1 / 3) if height < cut]
    below = quad(lambda c: section_area("cube", c), -1, cut, points=bends)[0]
    assert ConvexHull(halves[-1]).volume == pytest.approx(below, rel=1e-6)
    whole = (2 / math.sqrt(3)) ** 3
    assert ConvexHull(halves[1]).volume == pytest.approx(whole - below, rel=1e-6)


@pytest.mark.parametrize(
    ("cut", "side"), [(-1.2, 1), (-0.6, 1), (-0.6, -1), (0.0, 1), (0.3, -1), (0.9, 1), (0.9, -1)]
)
def test_the_outline_of_a_part_of_the_sphere_holds_it_and_no_more(node, cut, side):
    towards = np.array([-0.6, -0.7, 0.4]) / np.linalg.norm([-0.6, -0.7, 0.4])
    outline = np.array(node.call("solids.js", "sphereOutline", cut, side, towards.tolist()))
    np.testing.assert_allclose(np.linalg.norm(outline, axis=1), 1)
    assert (side * (outline[:, 2] - cut) >= -1e-12).all()
    points = np.random.default_rng(0).normal(size=(20_000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points = points[side * (points[:, 2] - cut) > 0]
    plane = np.linalg.svd(towards[None])[2][1:]
    hull = ConvexHull(outline @ plane.T)
    outside = (points @ plane.T) @ hull.equations[:, :2].T + hull.equations[:, 2]
    assert outside.max() < 1e-3, "of the order of the sagitta of a side of the outline"


def test_nothing_of_the_sphere_is_below_a_plane_under_it(node):
    assert node.call("solids.js", "sphereOutline", -1.2, -1, [0, -1, 0]) == []


def test_the_picture_keeps_lengths_across_the_view(node):
    """An orthographic picture: the unit vectors' images are the columns of a matrix with orthonormal rows."""
    columns = [node.call("scene.js", "projected", axis) for axis in np.eye(3).tolist()]
    matrix = np.array(columns).T
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-12)
    assert matrix[0, 2] == 0, "what is vertical stays vertical"
    assert matrix[1, 2] > 0


def test_colours_are_mixed(node):
    assert node.call("scene.js", "mixed", "#000000", "#ffffff", 0.5) == "#808080"
    assert node.call("scene.js", "mixed", "#0b5cad", "#ffffff", 0) == "#0b5cad"


def test_the_player_finds_each_height_again(node):
    """It stops when the number is not the one that it set, so a height must give back its share."""
    for hundredth in range(101):
        height = node.call("flatland.js", "heightOfShare", hundredth / 100)
        assert node.call("flatland.js", "shareOfHeight", height) == hundredth / 100
    assert node.call("flatland.js", "heightOfShare", 0) == pytest.approx(-1.2)


def test_the_height_is_linked_in_the_page():
    flatland = Flatland(solid="cube", height=-0.4)
    assert (flatland.view.solid, flatland.view.height, flatland.slider.value) == (
        "cube",
        -0.4,
        -0.4,
    )
    state = dependency_state([flatland], drop_defaults=False)
    links = [m["state"] for m in state.values() if m["model_name"] == "LinkModel"]
    assert [(link["source"][1], link["target"][1]) for link in links] == [("value", "height")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solid": "cone"}, r"solid must be one of \('sphere', 'cube'\), got 'cone'"),
        ({"height": 1.3}, "height must be from -1.2 to 1.2, got 1.3"),
        ({"height": math.nan}, "got nan"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Flatland(**options)


@pytest.mark.parametrize("solid", ["sphere", "cube"])
def test_the_static_figure_is_a_film_of_the_sections(solid):
    flatland = Flatland(solid=solid)
    figure, alt = flatland._figure()
    for axis in figure.axes:
        height = float(axis.get_title().removeprefix("height ").replace("−", "-"))
        outline = axis.patches[0].get_xy()
        assert ConvexHull(outline).volume == pytest.approx(section_area(solid, -height), rel=2e-3)
        assert f"at {height:.1f} {section_name(solid, -height)} of {axis.get_xlabel()}" in alt
    assert len(figure.axes) == 7
    data, _ = flatland._repr_mimebundle_()
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)
