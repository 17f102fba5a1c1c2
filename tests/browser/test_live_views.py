"""What all live widgets keep to, in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
from live_page import FAULTS, STILL, code_of, drawn, expected


def test_two_views_draw_from_one_copy_of_the_weights(show, explorer, interpolator):
    assert explorer.view.decoder is interpolator.view.decoder
    with show(explorer, interpolator) as page:
        state = page.locator('script[type$="widget-state+json"]').text_content()
        assert state.count('"path": ["weights"]') == 1
        first = drawn(page, ".aecore-image", index=0)
        second = drawn(page, ".aecore-image", index=1)
    np.testing.assert_allclose(first, expected(explorer, (0.5, -1)), atol=0.01)
    np.testing.assert_allclose(second, expected(explorer, code_of(interpolator, 2)), atol=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_fault(show, axe, explorer, interpolator, theme):
    with show(explorer, interpolator) as page:
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        page.evaluate(STILL)
        faults = page.evaluate(FAULTS, axe)
        assert not faults, "\n".join(faults)


def test_pictures_follow_the_page_into_dark_mode(show, explorer):
    with show(explorer) as page:
        light = drawn(page, ".aecore-image")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.evaluate(STILL)
        dark = drawn(page, ".aecore-image")
        assert np.corrcoef(light.ravel(), dark.ravel())[0, 1] < -0.99


def test_the_system_decides_where_the_page_has_no_theme(show, explorer):
    with show(explorer, color_scheme="dark") as page:
        dark = drawn(page, ".aecore-image")
        assert np.corrcoef(expected(explorer, (0.5, -1)).ravel(), dark.ravel())[0, 1] < -0.99


def test_widgets_fit_a_phone(show, explorer, interpolator):
    with show(explorer, interpolator, width=390, has_touch=True, device_scale_factor=2) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for canvas in page.locator("canvas").all():
            box = canvas.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
