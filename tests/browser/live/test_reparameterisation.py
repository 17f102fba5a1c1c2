"""The reparameterisation explorer in a real browser, on a bare page without a kernel."""

import math
import re

import numpy as np
import pytest
from live_page import STILL, handle, value

from aecore.live import ReparameterisationExplorer

# Pixels of a canvas from the share `from` of its height to its foot, as one string.
PIXELS = """(canvas, from) => {
    const top = Math.floor(from * canvas.height);
    const { data } = canvas.getContext("2d").getImageData(0, top, canvas.width, canvas.height - top);
    return data.join();
}"""


@pytest.fixture
def widget():
    return ReparameterisationExplorer()


def number(page, key) -> str:
    return page.locator(f'[data-number="{key}"]').text_content().replace("−", "-")


def press(page, name, key, times=1):
    for _ in range(times):
        handle(page, name).press(key)
    page.evaluate(STILL)


def test_the_numbers_are_those_that_python_computes(show, widget):
    with show(widget) as page:
        page.get_by_role("radio", name="standard deviation σ").check(force=True)
        press(page, "μ", "ArrowLeft", 30)
        press(page, "log σ", "ArrowRight", 4)
        press(page, "samples R", "ArrowRight", 3)
        assert (value(page, "μ"), value(page, "log σ"), value(page, "samples R")) == (-0.5, 0.2, 8)
        same = ReparameterisationExplorer(mean=-0.5, log_std=0.2, samples=8, parameter="std")
        assert number(page, "exact") == f"2σ = {2 * math.exp(0.2):.2f}"
        for key, values in zip(("pathwise", "score"), same.estimates(), strict=True):
            found = [float(part) for part in number(page, key).split(" ± ")]
            np.testing.assert_allclose(found, [values.mean(), values.std(ddof=1)], atol=0.006)
        m, s = 0.25, math.exp(0.4)
        ratio = (2 * m**2 / s + 60 * m + 74 * s) / (4 * m + 8 * s)
        assert number(page, "ratio") == f"{ratio:.1f} times"


def test_the_noise_stays_where_it_is_while_z_is_dragged(show, widget):
    with show(widget) as page:
        canvas = page.locator(".aecore-flow")
        # From just under the centres of the noise's dots: no line comes there.
        foot, whole = canvas.evaluate(PIXELS, 0.868), canvas.evaluate(PIXELS, 0)
        seen = {whole}
        for name, key in (("μ", "ArrowRight"), ("μ", "Home"), ("log σ", "ArrowLeft")):
            press(page, name, key)
            assert canvas.evaluate(PIXELS, 0.868) == foot
            seen.add(canvas.evaluate(PIXELS, 0))
        assert len(seen) == 4


def test_more_samples_leave_the_noise_and_narrow_the_histograms(show, widget):
    with show(widget) as page:
        flow = page.locator(".aecore-flow").evaluate(PIXELS, 0)
        spreads = []
        for _ in range(6):
            spreads.append([float(number(page, k).split(" ± ")[1]) for k in ("pathwise", "score")])
            press(page, "samples R", "ArrowRight")
        assert page.locator(".aecore-flow").evaluate(PIXELS, 0) == flow
        spreads = np.array(spreads)
        assert (spreads[:, 1] > 2 * spreads[:, 0]).all()
        np.testing.assert_allclose(spreads[:-1] / spreads[1:], math.sqrt(2), rtol=0.15)


@pytest.mark.parametrize("name", ["μ", "log σ", "samples R"])
def test_every_step_of_every_slider_changes_a_picture(show, widget, name):
    with show(widget) as page:
        press(page, name, "Home")
        look = None
        steps = 5 if name == "samples R" else 40
        for _ in range(steps + 1):
            now = [c.evaluate(PIXELS, 0) for c in page.locator("canvas").all()]
            assert now != look
            look = now
            press(page, name, "ArrowRight")


def test_the_ringed_sample_tells_its_way(show, widget):
    with show(widget) as page:
        told = page.locator(".aecore-trace").text_content().replace("−", "-")
        eps, z, std, path, score = map(float, re.findall(r"(?<== )-?\d+\.\d\d", told))
        assert z == pytest.approx(1 + std * eps, abs=0.011)
        assert path == pytest.approx(2 * z, abs=0.02)
        assert score == pytest.approx(z**2 * eps / std, abs=0.1)


def test_the_numbers_are_spoken_once_they_rest(show, widget):
    with show(widget) as page:
        press(page, "μ", "ArrowRight")
        page.wait_for_function(
            "document.querySelector('[role=status]').textContent.includes('2μ = 2.10')"
        )


def test_charts_follow_the_page_into_dark_mode(show, widget):
    with show(widget) as page:
        corner = "(c) => Array.from(c.getContext('2d').getImageData(9, 90, 1, 1).data.slice(0, 3))"
        canvases = page.locator("canvas").all()
        assert [c.evaluate(corner) for c in canvases] == [[255, 255, 255]] * 3
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.evaluate(STILL)
        assert [c.evaluate(corner) for c in canvases] == [[0x15, 0x1A, 0x20]] * 3


def test_a_phone_shows_the_sliders_with_what_they_drag(show, widget):
    with show(widget, width=390, has_touch=True, device_scale_factor=2) as page:
        top = handle(page, "μ").bounding_box()["y"]
        flow = page.locator(".aecore-flow").bounding_box()
        assert top < flow["y"]
        assert flow["y"] + flow["height"] - top < 640
