"""The score field in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
import small_widgets
from live_page import LOOKS, STILL, handle, value

from aecore.live import ScoreField

STEP = "[...document.querySelectorAll('.noUi-handle')].at(-1).getAttribute('aria-valuetext')"
PLANE = ".aecore-pad"


@pytest.fixture
def widget():
    return small_widgets.scorefield()


def pair(page, key) -> np.ndarray:
    """A vector that stands beside the picture."""
    text = page.locator(f'[data-number="{key}"]').text_content().replace("−", "-")
    return np.array([float(part) for part in text.strip("()").split(", ")])


def wait_for_step(page, step):
    page.wait_for_function(f"{STEP} === '{step}'")
    page.evaluate(STILL)


def drop_place(page) -> list[float]:
    """Where the particle is dropped, as a screen reader hears it."""
    text = page.locator(PLANE).get_attribute("aria-valuetext").replace("−", "-")
    return [float(part.split()[1]) for part in text.split(", ")]


def test_the_numbers_are_those_of_the_exact_mixture_and_of_the_network(show, widget):
    with show(widget) as page:
        page.get_by_role("radio", name="learned").check(force=True)
        handle(page, "noise σ").press("Home")
        for _ in range(7):
            handle(page, "step").press("ArrowRight")
        wait_for_step(page, 7)
        widget.view.std, widget.view.field = 0.1, "learned"
        at = widget.path()[7:8]
        np.testing.assert_allclose(pair(page, "place"), at[0], atol=0.006)
        score = widget.mixture.noised(0.1).score(at)[0]
        learned = ((widget.denoise(at) - at) / 0.01)[0]
        for key, expected in (("exact", score), ("learned", learned)):
            np.testing.assert_allclose(pair(page, key), expected, atol=0.006, rtol=1e-4)
        np.testing.assert_allclose(
            pair(page, "clean"), widget.mixture.score(at)[0], atol=0.006, rtol=1e-4
        )
        density = widget.mixture.noised(0.1).log_prob(at).exp().item()
        told = float(page.locator('[data-number="density"]').text_content())
        assert told == pytest.approx(density, rel=6e-3)


def test_a_click_drops_a_particle_that_flows_to_the_end(show, widget):
    with show(widget) as page:
        box = page.locator(PLANE).bounding_box()
        page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
        wait_for_step(page, 100)
        c1, c2, half = widget.view.region
        expected = [c1 - 0.5 * half, c2 - 0.5 * half]
        np.testing.assert_allclose(drop_place(page), expected, atol=0.03)
        widget.view.at1, widget.view.at2 = drop_place(page)
        np.testing.assert_allclose(pair(page, "place"), widget.path()[-1], atol=0.006)


def test_a_drag_moves_the_drop_point_and_the_release_drops(show, widget):
    with show(widget) as page:
        box = page.locator(PLANE).bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
        page.evaluate(STILL)
        assert value(page, "step") == 0, "nothing flows before the release"
        c1, c2, half = widget.view.region
        np.testing.assert_allclose(drop_place(page), [c1 + 0.8 * half, c2], atol=0.03)
        page.mouse.up()
        wait_for_step(page, 100)


def test_keys_move_the_drop_point_and_enter_and_space_drop(show, widget):
    with show(widget) as page:
        plane = page.locator(PLANE)
        stride = widget.view.region[2] / 50
        for key, shift in (("ArrowLeft", -stride), ("Shift+ArrowRight", 5 * stride)):
            before = drop_place(page)
            plane.press(key)
            page.evaluate(STILL)
            assert drop_place(page)[0] == pytest.approx(before[0] + shift, abs=0.011)
            assert drop_place(page)[1] == before[1]
        for key in ("Enter", " "):
            plane.press("ArrowUp")
            page.evaluate(STILL)
            assert value(page, "step") == 0
            plane.press(key)
            wait_for_step(page, 100)


def test_the_button_drops_and_a_slider_takes_over(show, widget):
    with show(widget) as page:
        page.get_by_role("button", name="Drop").click()
        page.wait_for_function(f"Number({STEP}) > 2")
        handle(page, "step").press("Home")
        page.wait_for_function("!document.querySelector('.aecore-play.is-playing')")
        rest = value(page, "step")
        for _ in range(3):
            page.evaluate(STILL)
            assert value(page, "step") == rest < 100


def test_readers_who_want_less_motion_get_the_whole_way_at_once(show, widget):
    with show(widget, reduced_motion="reduce") as page:
        page.evaluate(f"""() => {{
            window.seen = new Set();
            const look = () => (window.seen.add({STEP}), requestAnimationFrame(look));
            look();
        }}""")
        page.locator(PLANE).press("Enter")
        wait_for_step(page, 100)
        assert set(page.evaluate("[...window.seen]")) == {"0", "100"}


def test_every_noise_redraws_the_field_and_the_path(show, widget):
    with show(widget) as page:
        looks = page.evaluate(LOOKS)
        for key in ["Home", *["ArrowRight"] * 10, *["PageUp"] * 5]:
            handle(page, "noise σ").press(key)
            page.evaluate(STILL)
            now = page.evaluate(LOOKS)
            assert all(old != new for old, new in zip(looks, now, strict=True)), key
            looks = now


def test_field_and_crowd_are_chosen_by_radio_buttons(show, widget):
    with show(widget) as page:
        for name in ("learned", "a crowd"):
            before = page.evaluate(LOOKS)
            page.get_by_role("radio", name=name).check(force=True)
            page.evaluate(STILL)
            assert page.evaluate(LOOKS)[0] != before[0]
        crowd = page.evaluate(LOOKS)
        handle(page, "step").press("End")
        wait_for_step(page, 100)
        assert page.evaluate(LOOKS)[0] != crowd[0]


def test_without_a_denoiser_there_is_one_field(show, widget):
    with show(ScoreField(widget.mixture)) as page:
        assert page.get_by_role("radio").count() == 2, "one particle or a crowd"
        assert page.locator('[data-number="learned"]').count() == 0
        assert page.locator(".aecore-entry", has_text="learned").count() == 0


def test_what_rests_is_told_to_a_screen_reader(show, widget):
    with show(widget) as page:
        handle(page, "step").press("End")
        page.wait_for_function(
            "document.querySelector('[role=status]').textContent.startsWith('After 100 steps')"
        )
        page.wait_for_function(
            """document.querySelector('.aecore-pad').getAttribute('aria-description')
            .includes('the denoiser sends it to (')"""
        )
        label = page.locator(".aecore-chart").get_attribute("aria-label")
        assert label.startswith("Log-density along the path")


def test_a_phone_shows_the_sliders_with_the_plane_and_a_tap_drops(show, widget):
    with show(widget, width=390, has_touch=True, device_scale_factor=2) as page:
        plane = page.locator(PLANE)
        box = plane.bounding_box()
        assert box["y"] + box["height"] - handle(page, "noise σ").bounding_box()["y"] < 640
        assert plane.evaluate("(canvas) => getComputedStyle(canvas).touchAction") == "none"
        page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
        wait_for_step(page, 100)
        c1, c2, half = widget.view.region
        expected = [c1 + 0.5 * half, c2 + 0.5 * half]
        np.testing.assert_allclose(drop_place(page), expected, atol=0.04)
