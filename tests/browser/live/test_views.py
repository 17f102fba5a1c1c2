"""What every live widget keeps to, in a real browser, on a bare page without a kernel."""

import ipywidgets
import numpy as np
import pytest
from live_page import FAULTS, LOOKS, STILL, code_of, drawn, expected
from small_widgets import MAKERS

from aecore import live

# What a reader looks at, and what a finger has to reach.
PARTS = """canvas, button, .aecore-play, .aecore-choice, .aecore-word, .aecore-tag,
    .widget-slider, [data-number]"""

# Pixels of height that a widget takes on a laptop, at most.
TALLEST = {
    "CompletionExplorer": 600,
    "PosteriorExplorer": 750,
    "ContractionExplorer": 800,
    "ReparameterisationExplorer": 850,
    "SparsityExplorer": 850,
}


@pytest.fixture(params=MAKERS)
def widget(request):
    """Each of the widgets in turn."""
    return MAKERS[request.param]()


def test_every_widget_of_the_package_is_tested_here():
    named = {name.split(",")[0] for name in MAKERS}
    public = {name: getattr(live, name) for name in live.__all__}
    boxes = {
        name
        for name, kind in public.items()
        if isinstance(kind, type) and issubclass(kind, ipywidgets.Box)
    }
    assert named == boxes


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_fault(show, axe, widget, theme):
    with show(widget) as page:
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        page.evaluate(STILL)
        faults = page.evaluate(FAULTS, axe)
        assert not faults, "\n".join(faults)


def test_every_picture_follows_the_page_into_dark_mode_and_back(show, widget):
    with show(widget) as page:
        looks = page.evaluate(LOOKS)
        assert looks
        for theme in ("dark", "light"):
            page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
            page.wait_for_function(
                f"(before) => ({LOOKS})().every((look, i) => look !== before[i])", arg=looks
            )
            page.evaluate(STILL)
            looks = page.evaluate(LOOKS)


def test_everything_fits_a_phone(show, widget):
    with show(widget, width=390, has_touch=True, device_scale_factor=2) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        parts = [part for part in page.locator(PARTS).all() if part.is_visible()]
        assert parts
        for part in parts:
            box = part.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        for canvas in page.locator("canvas").all():
            assert canvas.bounding_box()["width"] > 25


def test_a_laptop_shows_all_of_it_at_once(show, widget):
    with show(widget) as page:
        height = page.locator(".aecore-live").bounding_box()["height"]
        assert height < TALLEST.get(type(widget).__name__, 700)


def test_two_views_draw_from_one_copy_of_the_weights(show, explorer, interpolator):
    assert explorer.view.decoder is interpolator.view.decoder
    with show(explorer, interpolator) as page:
        state = page.locator('script[type$="widget-state+json"]').text_content()
        assert state.count('"path": ["weights"]') == 1
        first = drawn(page, ".aecore-image", index=0)
        second = drawn(page, ".aecore-image", index=1)
    np.testing.assert_allclose(first, expected(explorer, (0.5, -1)), atol=0.01)
    np.testing.assert_allclose(second, expected(explorer, code_of(interpolator, 2)), atol=0.01)


def test_a_dark_picture_is_light_ink_on_dark_paper(show, explorer):
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
