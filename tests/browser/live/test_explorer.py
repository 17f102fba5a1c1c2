"""The explorer in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
from live_page import STILL, drawn, expected, handle, make_decoder, place, value
from playwright.sync_api import expect
from torch import nn

from aecore import networks
from aecore.live import LatentExplorer


def test_the_image_is_what_torch_decodes(show, explorer):
    with show(explorer) as page:
        found = drawn(page, ".aecore-image")
        np.testing.assert_allclose(found, expected(explorer, (0.5, -1)), atol=0.01)


def test_the_grid_is_what_torch_decodes(show, explorer):
    with show(explorer, device_scale_factor=2) as page:
        found = drawn(page, ".aecore-grid", (112, 112))
    for row, column in [(0, 0), (1, 2), (3, 3)]:
        z = (-3 + 6 * (column + 0.5) / 4, 3 - 6 * (row + 0.5) / 4)
        tile = found[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        away = np.abs(tile - expected(explorer, z))
        assert np.median(away) < 0.01, f"tile {row}, {column}: {np.median(away)}"


def test_dragging_on_the_map_moves_sliders_and_image(show, explorer):
    with show(explorer) as page:
        box = page.locator(".aecore-pad").bounding_box()
        page.mouse.move(box["x"] + 10, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=5)
        page.mouse.up()
        page.mouse.move(5, 5)
        page.evaluate(STILL)
        assert place(page) == pytest.approx((1.5, 1.5), abs=0.03)
        np.testing.assert_allclose(
            drawn(page, ".aecore-image"), expected(explorer, place(page)), atol=0.01
        )


def test_a_finger_drags_on_the_map(show, explorer):
    with show(explorer, width=390, has_touch=True, is_mobile=True) as page:
        pad = page.locator(".aecore-pad")
        pad.scroll_into_view_if_needed()
        box, scrolled = pad.bounding_box(), page.evaluate("scrollY")
        protocol = page.context.new_cdp_session(page)
        for kind, share in [("touchStart", 0.5), ("touchMove", 0.6), ("touchMove", 0.75)]:
            point = {"x": box["x"] + 0.25 * box["width"], "y": box["y"] + share * box["height"]}
            protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            page.evaluate(STILL)
        protocol.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.evaluate(STILL)
        assert place(page) == pytest.approx((-1.5, -1.5), abs=0.03)
        assert page.evaluate("scrollY") == scrolled


def test_keys_move_the_point_on_the_map(show, explorer):
    with show(explorer) as page:
        pad = page.locator(".aecore-pad")
        pad.focus()
        pad.press("ArrowRight")
        assert place(page) == pytest.approx((0.56, -1))
        pad.press("Shift+ArrowUp")
        assert place(page) == pytest.approx((0.56, -0.7))
        expect(pad).to_have_attribute("aria-valuetext", "z₁ 0.56, z₂ −0.70")
        pad.press("Home")
        assert place(page) == (0, 0)
        for _ in range(12):
            pad.press("Shift+ArrowLeft")
        assert place(page) == (-3, 0), "the point stays on the map"


def test_sliders_move_the_point_and_the_image(show, explorer):
    with show(explorer) as page:
        handle(page, "z₁").focus()
        handle(page, "z₁").press("End")
        page.evaluate(STILL)
        assert page.locator(".aecore-pad").get_attribute("aria-valuenow") == "3"
        np.testing.assert_allclose(
            drawn(page, ".aecore-image"), expected(explorer, (3, -1)), atol=0.01
        )


def test_a_click_on_the_grid_moves_the_point_there(show, explorer):
    with show(explorer) as page:
        box = page.locator(".aecore-grid").bounding_box()
        page.mouse.click(box["x"] + 0.125 * box["width"], box["y"] + 0.875 * box["height"])
        page.evaluate(STILL)
        assert place(page) == pytest.approx((-2.25, -2.25), abs=0.03)
        page.locator(".aecore-grid").press("ArrowRight")
        assert place(page)[0] == pytest.approx(-0.75, abs=0.03)


def test_centre_and_extent_frame_the_grid(show, explorer):
    with show(explorer, device_scale_factor=2) as page:
        handle(page, "extent").focus()
        handle(page, "extent").press("Home")
        handle(page, "centre z₁").focus()
        handle(page, "centre z₁").press("End")
        page.evaluate(STILL)
        half, centre = value(page, "extent"), value(page, "centre z₁")
        assert (centre, half) == (3, 0.15)
        tile = drawn(page, ".aecore-grid", (112, 112))[:28, :28]
        corner = (centre - 0.75 * half, 0.75 * half)
        assert np.median(np.abs(tile - expected(explorer, corner))) < 0.01


def test_the_text_tells_which_class_is_near(show, explorer):
    with show(explorer) as page:
        page.wait_for_function("document.querySelector('[role=status]').textContent")
        said = page.locator("[role=status]").text_content()
        nearest = np.argsort(((explorer.points - (0.5, -1)) ** 2).sum(1))[:10] % 10
        counts = np.bincount(nearest, minlength=10)
        assert said == (
            f"On the map, {counts.max()} of the 10 nearest codes are of class {counts.argmax()}."
        )


@pytest.mark.parametrize("kind", ["mlp", "convolution"])
def test_a_drag_keeps_sixty_frames_a_second(show, codes, kind):
    net = make_decoder() if kind == "mlp" else nn.Sequential(networks.conv_decoder(2), nn.Sigmoid())
    with show(LatentExplorer(net, codes)) as page:
        box = page.locator(".aecore-pad").bounding_box()
        page.evaluate(
            """() => {
                const root = document.querySelector("[data-frame-ms]");
                window.spent = [];
                new MutationObserver(() => window.spent.push(Number(root.dataset.frameMs)))
                    .observe(root, { attributeFilter: ["data-frames"] });
            }"""
        )
        page.mouse.move(box["x"] + 10, box["y"] + 10)
        page.mouse.down()
        for step in range(40):
            page.mouse.move(box["x"] + 10 + 4 * step, box["y"] + 10 + 3 * step)
            page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        page.mouse.up()
        spent = page.evaluate("window.spent")
    assert len(spent) > 20
    print(f"{kind}: median {np.median(spent):.2f} ms, 95 % {np.quantile(spent, 0.95):.2f} ms")
    assert np.median(spent) < 1000 / 60
