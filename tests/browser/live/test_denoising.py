"""The denoising explorer in a real browser, on a bare page without a kernel."""

import re

import numpy as np
import pytest
import small_widgets
from live_page import STILL, drawn, handle
from playwright.sync_api import expect

# Red less blue at the middle of each of the 28 by 28 squares of a canvas.
WARMTH = """(canvas) => Array.from({ length: 784 }, (_, k) => {
    const [x, y] = [k % 28, Math.floor(k / 28)].map((at) => Math.floor(((at + 0.5) * canvas.width) / 28));
    const [red, , blue] = canvas.getContext("2d").getImageData(x, y, 1, 1).data;
    return red - blue;
})"""


@pytest.fixture
def denoising():
    return small_widgets.denoising()


def number(page, key):
    return page.locator(f'[data-number="{key}"]')


def assert_shows(page, widget, *, std, draw=0, example=0):
    """Images and numbers are those of this noise, once the page has answered."""
    view = widget.view
    view.std, view.draw, view.example = std, float(draw), example
    clean, noised, mended, _ = widget.stages()
    before, after = (float(((image - clean) ** 2).sum()) for image in (noised, mended))
    for key, error in (("before", before), ("after", after)):
        page.wait_for_function(
            """([key, error]) => Math.abs(parseFloat(
                document.querySelector(`[data-number=${key}]`).textContent) - error) < 0.06""",
            arg=[key, error],
        )
    np.testing.assert_allclose(drawn(page, ".aecore-clean"), clean, atol=0.01)
    np.testing.assert_allclose(drawn(page, ".aecore-noised"), noised.clip(0, 1), atol=0.01)
    np.testing.assert_allclose(drawn(page, ".aecore-denoised"), mended, atol=0.01)
    if std:
        expect(number(page, "left")).to_have_text(f"{100 * after / before:.0f} %")
        way, back = (mended - noised).ravel(), (clean - noised).ravel()
        cosine = way @ back / np.linalg.norm(way) / np.linalg.norm(back)
        assert float(number(page, "cosine").text_content()) == pytest.approx(cosine, abs=6e-4)


def test_one_frozen_noise_grows_with_the_slider(show, denoising):
    with show(denoising) as page:
        assert_shows(page, denoising, std=0.3)
        for key, std in (("ArrowRight", 0.31), ("End", 1.0), ("ArrowLeft", 0.99), ("Home", 0.0)):
            handle(page, "noise σ").press(key)
            assert_shows(page, denoising, std=std)


def test_another_noise_by_button_and_by_slider(show, denoising):
    with show(denoising) as page:
        page.get_by_role("button", name="Another noise").click()
        assert_shows(page, denoising, std=0.3, draw=1)
        expect(handle(page, "noise no.")).to_have_attribute("aria-valuetext", "1")
        handle(page, "noise no.").press("End")
        assert_shows(page, denoising, std=0.3, draw=99)
        page.get_by_role("button", name="Another noise").click()
        assert_shows(page, denoising, std=0.3, draw=0)


def test_examples_are_chosen_by_pointer_and_keys(show, denoising):
    with show(denoising) as page:
        page.locator(".aecore-examples label").nth(2).click()
        assert_shows(page, denoising, std=0.3, example=2)
        page.keyboard.press("ArrowLeft")
        assert_shows(page, denoising, std=0.3, example=1)
        assert page.get_by_role("radio", name="example 2: an 8").is_checked()


# Red less blue of the paper, and of the full colours of live.css.
@pytest.mark.parametrize(
    ("theme", "paper", "warm", "cold"),
    [
        ("light", 0, 0xE7 - 0x00, 0x3F - 0xDA),
        ("dark", 0x15 - 0x20, 0xFF - 0x4A, 0x6C - 0xF2),
    ],
)
def test_the_residual_is_warm_where_it_adds_ink(show, denoising, theme, paper, warm, cold):
    with show(denoising) as page:
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        page.evaluate(STILL)
        for std in (0.3, 1.0):
            if std == 1:
                handle(page, "noise σ").press("End")
            denoising.view.std = std
            residual = denoising.stages()[3].ravel()
            share = np.clip(residual * std / 3, -1, 1)
            full = f"±{3 / std:g} has full colour"
            expect(page.locator(".aecore-denoising > .aecore-readout")).to_contain_text(full)
            warmth = np.array(page.locator(".aecore-residual").evaluate(WARMTH))
            expected = paper + np.where(share > 0, (warm - paper) * share, (paper - cold) * share)
            np.testing.assert_allclose(warmth, expected, atol=4)


def test_without_noise_there_is_no_residual(show, denoising):
    with show(denoising) as page:
        handle(page, "noise σ").press("Home")
        expect(page.locator(".aecore-denoising > .aecore-readout")).to_contain_text(
            "With σ = 0 there is no noise"
        )
        warmth = np.array(page.locator(".aecore-residual").evaluate(WARMTH))
        assert (warmth == 0).all()
        for key in ("left", "cosine"):
            expect(number(page, key)).to_have_text("–")


def test_the_curve_marks_where_the_slider_stands(show, denoising):
    with show(denoising) as page:
        chart = page.locator(".aecore-error-chart")
        looks = [chart.evaluate("(canvas) => canvas.toDataURL()")]
        for key, text in (("End", "1.00"), ("Home", "0.00")):
            handle(page, "noise σ").press(key)
            expect(handle(page, "noise σ")).to_have_attribute("aria-valuetext", text)
            expect(chart).to_have_attribute("aria-label", re.compile(f"At {text}: squared error"))
            looks.append(chart.evaluate("(canvas) => canvas.toDataURL()"))
        assert len(set(looks)) == 3


def test_a_screen_reader_hears_the_errors_once_they_rest(show, denoising):
    with show(denoising) as page:
        handle(page, "noise σ").press("End")
        status = page.locator('[role="status"]')
        expect(status).to_contain_text("example 1: a 7 with noise of standard deviation 1.00")
        denoising.view.std = 1.0
        clean, _, mended, _ = denoising.stages()
        after = ((mended - clean) ** 2).sum()
        expect(status).to_contain_text(f", {after:.1f} after; cosine of the residual")
        expect(page.get_by_role("img", name="Clean image, example 1: a 7")).to_be_visible()


def test_a_phone_shows_the_slider_with_what_it_moves(show, denoising):
    with show(denoising, width=390, has_touch=True, device_scale_factor=2) as page:
        slider = page.locator(".widget-slider").first.bounding_box()
        residual = page.locator(".aecore-residual").bounding_box()
        assert residual["y"] + residual["height"] - slider["y"] < 640
        numbers, chart = (
            page.locator(name).bounding_box()["y"]
            for name in (".aecore-numbers", ".aecore-error-chart")
        )
        assert numbers < chart
        page.get_by_role("button", name="Another noise").tap()
        assert_shows(page, denoising, std=0.3, draw=1)
