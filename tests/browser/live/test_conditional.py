"""Style and class in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
import small_widgets
import torch
from live_page import STILL, drawn, handle, place
from playwright.sync_api import expect

from aecore.live.noise import normal_noise

CLASSES = 10
BOLD = "(tag) => Number(getComputedStyle(tag).fontWeight)"


@pytest.fixture
def explorer(codes):
    return small_widgets.conditional(
        codes=codes, labels=torch.arange(300) % 10, z=(0.5, -1), chosen=3
    )


def check_pictures(page, explorer, z, chosen):
    """The large image is the chosen class in style z, and each card its own class."""
    explorer.z = z
    images = explorer.images()
    np.testing.assert_allclose(drawn(page, ".aecore-image"), images[chosen], atol=0.01)
    for label, image in enumerate(images):
        np.testing.assert_allclose(drawn(page, ".aecore-face", index=label), image, atol=0.01)


def test_every_class_is_drawn_in_the_one_style(show, explorer):
    with show(explorer, device_scale_factor=3) as page:
        check_pictures(page, explorer, (0.5, -1), 3)
        assert page.get_by_role("radio", name="class 3").is_checked()


def test_a_class_is_chosen_by_its_image_or_by_keys(show, explorer):
    with show(explorer) as page:
        page.locator(".aecore-classes label").nth(7).click()
        page.evaluate(STILL)
        np.testing.assert_allclose(drawn(page, ".aecore-image"), explorer.images()[7], atol=0.01)
        page.keyboard.press("ArrowRight")
        page.evaluate(STILL)
        assert page.get_by_role("radio", name="class 8").is_checked()
        np.testing.assert_allclose(drawn(page, ".aecore-image"), explorer.images()[8], atol=0.01)
        assert place(page) == (0.5, -1), "the style stays"
        tags = page.locator(".aecore-tag")
        assert tags.nth(8).evaluate(BOLD) > tags.nth(3).evaluate(BOLD)
        assert page.get_by_text("Decoded: class 8").is_visible()


def test_the_style_is_moved_on_the_map_by_keys_and_by_sliders(show, explorer):
    with show(explorer) as page:
        pad = page.locator(".aecore-pad")
        box = pad.bounding_box()
        page.mouse.move(box["x"] + 10, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=3)
        page.mouse.up()
        page.evaluate(STILL)
        assert place(page) == pytest.approx((1.5, 1.5), abs=0.03)
        pad.press("Home")
        pad.press("Shift+ArrowLeft")
        handle(page, "z₂").press("End")
        page.evaluate(STILL)
        assert place(page) == pytest.approx((-0.3, 3))
        expect(pad).to_have_attribute("aria-valuetext", "z₁ −0.30, z₂ 3.00")
        np.testing.assert_allclose(
            drawn(page, ".aecore-image"), with_style(explorer, (-0.3, 3))[3], atol=0.01
        )


def with_style(explorer, z):
    explorer.z = z
    return explorer.images()


def test_a_finger_moves_the_style_and_does_not_scroll(show, explorer):
    with show(explorer, width=390, has_touch=True, is_mobile=True) as page:
        pad = page.locator(".aecore-pad")
        box, scrolled = pad.bounding_box(), page.evaluate("scrollY")
        protocol = page.context.new_cdp_session(page)
        for kind, share in [("touchStart", 0.5), ("touchMove", 0.6), ("touchMove", 0.75)]:
            point = {"x": box["x"] + 0.25 * box["width"], "y": box["y"] + share * box["height"]}
            protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            page.evaluate(STILL)
        protocol.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.evaluate(STILL)
        assert place(page) == pytest.approx((-1.5, -1.5), abs=0.05)
        assert page.evaluate("scrollY") == scrolled


def test_a_style_is_drawn_from_the_prior_and_brought_back_to_zero(show, explorer):
    with show(explorer) as page:
        button = page.get_by_role("button", name="Draw z ~ N(0, I)")
        for seed in (1, 2):
            button.click()
            page.evaluate(STILL)
            assert place(page) == pytest.approx(np.clip(normal_noise(seed, 2), -3, 3), abs=0.0051)
        page.get_by_role("button", name="z = 0").click()
        page.evaluate(STILL)
        assert place(page) == (0, 0)


def test_the_codes_of_the_chosen_class_stand_out(show, explorer):
    """Their colour is on the map, and that of another class is not."""

    def pixels_like(page, hex_colour):
        wanted = [int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]
        return page.locator(".aecore-pad").evaluate(
            """(canvas, [r, g, b]) => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let i = 0; i < data.length; i += 4) {
                    const away = [data[i] - r, data[i + 1] - g, data[i + 2] - b].map(Math.abs);
                    count += Math.max(...away) < 5;
                }
                return count;
            }""",
            wanted,
        )

    with show(explorer) as page:
        for label, other in ((2, 4), (4, 2)):
            page.locator(".aecore-classes label").nth(label).click()
            page.evaluate(STILL)
            assert pixels_like(page, explorer.view.colours[label]) > 100
            assert pixels_like(page, explorer.view.colours[other]) == 0


def test_what_is_there_is_told(show, explorer):
    with show(explorer) as page:
        nearest = np.argsort(((explorer.points - (0.5, -1)) ** 2).sum(1))[:10] % 10
        counts = np.bincount(nearest, minlength=10)
        told = (
            f"Class 3, style of length 1.12. On the map, {counts.max()} of the 10 nearest codes are "
            f"of class {counts.argmax()}."
        )
        expect(page.get_by_role("status")).to_have_text(told)
        expect(page.locator(".aecore-image")).to_have_attribute(
            "aria-label", "Decoded image of class 3 at z₁ 0.50, z₂ −1.00"
        )


def test_a_longer_style_has_sliders_and_no_map(show):
    explorer = small_widgets.conditional(latent_dim=5, classes=["shirt", "boot", "bag"], chosen=1)
    with show(explorer, device_scale_factor=3) as page:
        assert page.locator(".aecore-pad").count() == 0
        handle(page, "z₅").press("End")
        page.evaluate(STILL)
        check_pictures(page, explorer, (0, 0, 0, 0, 3), 1)
        expect(page.locator(".aecore-readout")).to_have_text(
            "z has length 3.00. A draw from the prior has about 2.13."
        )
        assert page.get_by_role("radio", name="class boot").is_checked()


def test_pictures_and_map_follow_the_page_into_dark_mode(show, explorer):
    with show(explorer) as page:
        light = [drawn(page, canvas) for canvas in (".aecore-image", ".aecore-face", ".aecore-pad")]
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.evaluate(STILL)
        dark = [drawn(page, canvas) for canvas in (".aecore-image", ".aecore-face", ".aecore-pad")]
    for before, after in zip(light, dark, strict=True):
        assert np.corrcoef(before.ravel(), after.ravel())[0, 1] < -0.5


@pytest.mark.parametrize("latent_dim", [2, 6])
def test_all_of_it_is_on_one_screen_of_a_phone(show, latent_dim):
    explorer = small_widgets.conditional(latent_dim=latent_dim)
    with show(explorer, width=390, has_touch=True, device_scale_factor=2) as page:
        assert page.locator(".aecore-live").bounding_box()["height"] < 844


def test_it_fits_a_screen_beside_its_text(show, explorer):
    with show(explorer) as page:
        assert page.locator(".aecore-live").bounding_box()["height"] < 700
