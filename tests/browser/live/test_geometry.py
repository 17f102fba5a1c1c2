"""Distances and Flatland in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
from live_page import LOOKS, STILL, handle, value

from aecore.live import DistanceExplorer, Flatland
from aecore.live.widgets.distances import STOPS, pair_distances, shell_share
from aecore.live.widgets.flatland import section_area, section_name

# Share of a canvas's pixels that differ from its paper, read at the upper right corner.
INKED = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const paper = data.slice(4 * (width - 3), 4 * (width - 2));
    let inked = 0;
    for (let at = 0; at < data.length; at += 4) {
        if ([0, 1, 2].some((channel) => Math.abs(data[at + channel] - paper[channel]) > 40)) inked++;
    }
    return inked / (width * height);
}"""
SAID = """() => document.querySelector('[role="status"]').textContent"""


@pytest.fixture
def distances():
    return DistanceExplorer(dimension=2, thickness=0.05)


def number(page, key) -> str:
    """A number that stands beside the picture."""
    return page.locator(f'[data-number="{key}"]').text_content()


def moved(page, slider, key):
    """Press a key on a slider; which canvases changed."""
    before = page.evaluate(LOOKS)
    handle(page, slider).press(key)
    page.evaluate(STILL)
    return [old != new for old, new in zip(before, page.evaluate(LOOKS), strict=True)]


def test_distances_follow_the_dimension_at_every_step(show, distances):
    with show(distances) as page:
        assert handle(page, "dimension D").get_attribute("aria-valuetext") == "2"
        handle(page, "dimension D").press("Home")
        page.evaluate(STILL)
        for step, dimension in enumerate(STOPS):
            if step:
                assert all(moved(page, "dimension D", "ArrowRight")), dimension
            assert value(page, "dimension D") == dimension
            found = pair_distances(64, dimension, 0)
            nearest, farthest = found.min(), found.max()
            assert float(number(page, "nearest")) == pytest.approx(nearest, abs=5.1e-4)
            assert float(number(page, "farthest")) == pytest.approx(farthest, abs=5.1e-4)
            contrast = (farthest - nearest) / nearest
            assert float(number(page, "contrast")) == pytest.approx(contrast, rel=6e-3)
            share = float(number(page, "share").removeprefix("over ").removesuffix(" %"))
            assert share == pytest.approx(100 * shell_share(0.05, dimension), abs=0.101)
            inside = int(number(page, "inside").removesuffix(" of 400"))
            spread = np.sqrt(
                400 * shell_share(0.05, dimension) * (1 - shell_share(0.05, dimension))
            )
            assert abs(inside - 4 * share) < 4 * spread + 1


def test_the_shell_follows_its_thickness_at_every_step(show, distances):
    with show(distances) as page:
        handle(page, "shell thickness").press("Home")
        page.evaluate(STILL)
        for hundredths in range(2, 51):
            changed = moved(page, "shell thickness", "ArrowRight")
            assert changed == [False, True, True], "the distances know nothing of the shell"
            share = float(number(page, "share").removesuffix(" %"))
            assert share == pytest.approx(100 * shell_share(hundredths / 100, 2), abs=0.051)


def test_what_rests_is_told_to_a_screen_reader(show, distances):
    with show(distances) as page:
        handle(page, "dimension D").press("End")
        page.wait_for_function(f"({SAID})().startsWith('In 1000 dimensions')")
        said = page.evaluate(SAID)
        assert "64 random points" in said
        assert "5 % of the radius holds over 99.9 % of the ball's volume" in said
        label = page.locator("canvas").first.get_attribute("aria-label")
        assert label.startswith("Histogram: In 1000 dimensions")


@pytest.mark.parametrize("solid", ["sphere", "cube"])
def test_the_plane_shows_the_section_in_its_true_size(show, solid):
    with show(Flatland(solid=solid, height=-1.2)) as page:
        for _ in range(24):
            handle(page, "height").press("PageUp")
            handle(page, "height").press("PageUp")
            page.evaluate(STILL)
            height = value(page, "height")
            area = section_area(solid, -height)
            assert float(number(page, "area")) == pytest.approx(area, abs=5.1e-4)
            name = section_name(solid, -height)
            told = (
                number(page, "section").replace("regular ", "").replace("a single point", "nothing")
            )
            assert told == name
            drawn = page.locator(".aecore-section").evaluate(INKED) * 2.5**2
            outline = 2 * np.sqrt(np.pi * area) * 2.5 / 230
            assert drawn == pytest.approx(area, abs=0.02 + 2 * outline)
        assert value(page, "height") == 1.2


def test_the_height_moves_every_picture_at_every_step(show):
    with show(Flatland(solid="cube", height=-0.99)) as page:
        pictures = page.locator(".aecore-panels canvas").count()
        assert pictures == 4
        for _ in range(40):
            assert all(moved(page, "height", "ArrowRight")[:pictures])


def test_solids_are_chosen_by_keys_and_sections_by_the_film(show):
    with show(Flatland()) as page:
        assert number(page, "section") == "a disc"
        page.get_by_role("radio", name="sphere").focus()
        page.keyboard.press("ArrowRight")
        page.evaluate(STILL)
        assert number(page, "section") == "a regular hexagon"
        page.get_by_role("button", name="height −0.5").click()
        page.evaluate(STILL)
        assert value(page, "height") == -0.5
        assert number(page, "section") == "a triangle"
        film = page.locator(".aecore-still")
        areas = [film.nth(i).evaluate(INKED) * 2.5**2 for i in range(film.count())]
        expected = [section_area("cube", cut) for cut in (0.9, 0.5, 0.2, 0, -0.2, -0.5, -0.9)]
        np.testing.assert_allclose(areas, expected, atol=0.25)
        assert page.locator(".aecore-frame.is-near").text_content() == "−0.5"


def test_play_lets_the_solid_pass_until_someone_takes_over(show):
    with show(Flatland(height=-1.2)) as page:
        page.get_by_role("button", name="Play").click()
        page.wait_for_function(
            "document.querySelector('[data-number=section]').textContent === 'a disc'"
        )
        page.get_by_role("button", name="Pause").click()
        rest = value(page, "height")
        assert -1 < rest < 1.2
        page.wait_for_timeout(200)
        assert value(page, "height") == rest
        page.get_by_role("button", name="Play").click()
        page.wait_for_function(
            f"Number(document.querySelector('.widget-readout').textContent.replace('−', '-')) > {rest}"
        )
        page.get_by_role("button", name="height 0.9").click()
        page.wait_for_timeout(200)
        assert value(page, "height") == 0.9
        assert page.get_by_role("button", name="Play").is_visible()


def test_play_goes_in_stills_for_readers_who_want_less_motion(show):
    with show(Flatland(height=-1.2), reduced_motion="reduce") as page:
        page.get_by_role("button", name="Play").click()
        seen = set()
        for _ in range(70):
            seen.add(value(page, "height"))
            page.wait_for_timeout(50)
        assert {-0.6, 0} <= seen <= {-1.2, -0.6, 0, 0.6, 1.2}


def test_each_is_on_one_screen_of_a_phone(show, distances):
    with show(distances, Flatland(), width=390, has_touch=True, device_scale_factor=2) as page:
        for widget in page.locator(".aecore-live").all():
            assert widget.bounding_box()["height"] < 700, "picture and slider fit on one screen"
