"""The interpolator in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
from live_page import STILL, code_of, drawn, expected, handle, value

from aecore.live.paths import interpolate


def test_the_slider_moves_along_the_chosen_path(show, interpolator):
    start, end = code_of(interpolator, 2), code_of(interpolator, 7)
    with show(interpolator) as page:
        for path in ("linear", "spherical"):
            page.get_by_role("radio", name=path).check(force=True)
            page.get_by_role("button", name="t = 0.25").click()
            handle(page, "t").press("ArrowRight")
            page.evaluate(STILL)
            assert value(page, "t") == pytest.approx(0.26)
            z = interpolate(start, end, 0.26, path)
            np.testing.assert_allclose(
                drawn(page, ".aecore-image"), expected(interpolator, z), atol=0.01
            )
            for i, t in enumerate((0, 0.25, 0.5, 0.75, 1)):
                still = expected(interpolator, interpolate(start, end, t, path))
                np.testing.assert_allclose(drawn(page, ".aecore-still", index=i), still, atol=0.01)


def test_examples_are_chosen_by_pointer_and_keys(show, interpolator):
    with show(interpolator) as page:
        chosen = page.get_by_role("group", name="From").get_by_role("radio", name="example 3: a 2")
        assert chosen.is_checked()
        page.get_by_role("group", name="From").locator("label").nth(5).click()
        page.evaluate(STILL)
        np.testing.assert_allclose(
            drawn(page, ".aecore-image"),
            expected(interpolator, code_of(interpolator, 5)),
            atol=0.01,
        )
        page.keyboard.press("ArrowRight")
        page.evaluate(STILL)
        assert page.get_by_role("radio", name="example 7: a 6").first.is_checked()
        np.testing.assert_allclose(
            drawn(page, ".aecore-image"),
            expected(interpolator, code_of(interpolator, 6)),
            atol=0.01,
        )


def test_play_runs_until_it_is_paused_or_someone_takes_over(show, interpolator):
    with show(interpolator) as page:
        page.get_by_role("button", name="Play").click()
        page.wait_for_function(
            "document.querySelector('.noUi-handle').getAttribute('aria-valuetext') > 0.1"
        )
        page.get_by_role("button", name="Pause").click()
        rest = value(page, "t")
        page.wait_for_timeout(200)
        assert value(page, "t") == rest
        page.get_by_role("button", name="Play").click()
        page.wait_for_function(
            f"document.querySelector('.noUi-handle').getAttribute('aria-valuetext') > {rest} + 0.02"
        )
        page.get_by_role("button", name="t = 0.5").click()
        page.wait_for_timeout(200)
        assert value(page, "t") == 0.5
        assert page.get_by_role("button", name="Play").is_visible()


def test_play_goes_in_stills_for_readers_who_want_less_motion(show, interpolator):
    with show(interpolator, reduced_motion="reduce") as page:
        page.get_by_role("button", name="Play").click()
        seen = set()
        for _ in range(70):
            seen.add(value(page, "t"))
            page.wait_for_timeout(50)
        assert {0.25, 0.5} <= seen <= {0, 0.25, 0.5, 0.75, 1}
