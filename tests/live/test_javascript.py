"""The pieces of the widgets' JavaScript that need no browser, run by Node."""

import json
import subprocess

import numpy as np
import pytest
from node_bridge import address, node_binary


def points(xy, labels, classes):
    return {
        "xy": {"$floats": np.ravel(xy).tolist()},
        "labels": {"$labels": np.asarray(labels, int).tolist()},
        "classes": classes,
        "colours": ["#000000"] * len(classes),
    }


@pytest.mark.parametrize("count", [4, 9, 81, 100, 121, 144, 625])
def test_the_grid_is_filled_everywhere_before_it_repeats(node, count):
    step = node.call("explorer.js", "scatterStep", count)
    assert len({k * step % count for k in range(count)}) == count
    assert count < 9 or step > 2, "neighbours are not filled one after the other"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-3, 3, [-2, 0, 2]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-40, 70, [-40, -20, 0, 20, 40, 60]),
        (9.9, 10.1, [9.9, 9.95, 10, 10.05, 10.1]),
        (-4.7, 4.2, [-4, -2, 0, 2, 4]),
    ],
)
def test_ticks_are_round_and_inside(node, low, high, expected):
    assert node.call("pad.js", "ticks", low, high) == pytest.approx(expected)


def test_class_medians_agree_with_numpy(node):
    random = np.random.default_rng(0)
    xy = random.normal(size=(301, 2)).astype(np.float32)
    labels = random.integers(0, 3, 301) * 2
    found = node.call("pad.js", "classMedians", points(xy, labels, list("abcde")))
    assert [label for *_, label in found] == [0, 2, 4]
    for x, y, label in found:
        below = (xy[labels == label] <= (x, y)).mean(0)
        np.testing.assert_allclose(below, 0.5, atol=0.02)


def test_the_nearest_class_agrees_with_a_sort(node):
    random = np.random.default_rng(1)
    for _ in range(20):
        xy = random.normal(size=(200, 2)).astype(np.float32)
        labels = random.integers(0, 4, 200)
        at = random.normal(size=2)
        nearest = labels[np.argsort(((xy - at) ** 2).sum(1))[:10]]
        counts = np.bincount(nearest, minlength=4)
        told = node.call("pad.js", "describePlace", at.tolist(), points(xy, labels, list("abcd")))
        assert f"{counts.max()} of the 10" in told
        assert told.endswith(f"of class {'abcd'[counts.argmax()]}.")


def test_nothing_is_told_of_a_place_without_labelled_points(node):
    assert node.call("pad.js", "describePlace", [0, 0], points([], [], [])) == ""
    assert node.call("pad.js", "describePlace", [0, 0], points([[0, 0]] * 20, [255] * 20, [])) == ""


def test_labels_are_pushed_apart_and_no_further(node):
    crowd = [[0, 0, 1], [0, 0, 2], [3, 4, 3], [100, 0, 4]]
    moved = np.array(node.call("pad.js", "spreadOut", crowd, 19))
    gaps = np.linalg.norm(moved[:, None] - moved[None], axis=-1)[np.triu_indices(4, 1)]
    assert gaps.min() > 18
    np.testing.assert_allclose(moved[3], (100, 0))
    assert np.abs(moved[:3]).max() < 40


def test_the_map_of_a_path_keeps_lengths_and_angles(node):
    random = np.random.default_rng(2)
    start, end = random.normal(size=(2, 7))
    # planeThrough returns a function, so it is asked for through the square that holds its points.
    script = (
        f'const {{ planeThrough }} = await import("{address("paths.js")}");'
        f"const project = planeThrough({start.tolist()}, {end.tolist()});"
        f"console.log(JSON.stringify([project({start.tolist()}), project({end.tolist()})]))"
    )
    command = [node_binary(), "--input-type=module", "-e", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    drawn = np.array(json.loads(told))
    flat = np.stack([start, end])
    np.testing.assert_allclose(drawn @ drawn.T, flat @ flat.T, atol=1e-9)


def test_the_square_of_a_path_holds_it_and_the_origin(node):
    c1, c2, half = node.call("pathmap.js", "squareAround", [[1, 2], [-3, 1]])
    for x, y in [(0, 0), (1, 2), (-3, 1)]:
        assert abs(x - c1) < half
        assert abs(y - c2) < half


def test_playing_goes_to_and_fro_smoothly_or_in_stills(node):
    moments = np.arange(0, 16_000, 50)
    sweep = np.array([node.call("player.js", "sweep", int(t)) for t in moments])
    assert sweep[0] == 0
    assert sweep.min() >= 0
    assert sweep[moments == 4000] == 1
    assert abs(sweep[moments == 8000]) < 1e-12
    assert np.abs(np.diff(sweep)).max() < 0.025
    stills = [node.call("player.js", "stills", int(t)) for t in np.arange(0, 13_500, 1500)]
    assert stills == [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0]


def test_numbers_are_written_with_a_true_minus_and_no_negative_zero(node):
    assert node.call("numbers.js", "shown", -1.005) == "−1.00"
    assert node.call("numbers.js", "shown", -0.001) == "0.00"
    assert node.call("numbers.js", "shown", 12.34, 0) == "12"


def test_a_place_is_announced_in_plain_decimals():
    """Sliders may hand over -4e-16 for 0, which a screen reader cannot read and axe-core refuses."""
    script = (
        f'const {{ announcePlace }} = await import("{address("plane.js")}");'
        "const told = {}; const canvas = { setAttribute: (name, text) => { told[name] = text; } };"
        'announcePlace(canvas, [0.1, 0, 0.2], [-4.440892098500626e-16, 0], "z");'
        "console.log(JSON.stringify(told));"
    )
    command = [node_binary(), "--input-type=module", "-e", script]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [told[f"aria-value{x}"] for x in ("min", "now", "max")] == ["-0.1", "0", "0.3"]
