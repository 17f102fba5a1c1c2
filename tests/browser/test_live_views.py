"""The live widgets in a real browser, each on a bare page without a kernel."""

import functools
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import browser_runtime
import numpy as np
import pytest
import torch
from live_page import FAULTS, QuietHandler, write_page
from torch import nn

from aecore import networks
from aecore.live import Interpolator, LatentExplorer
from aecore.live.paths import interpolate

ROOT = Path(__file__).resolve().parents[2]
PAPER, INK = np.array([255, 255, 255]), np.array([0x14, 0x20, 0x2B])
STILL = """() => new Promise((done) => {
    const frame = requestAnimationFrame;
    setTimeout(() => frame(() => frame(done)), 60);
})"""


def decoder(seed=0, hidden=400):
    torch.manual_seed(seed)
    return nn.Sequential(networks.mlp([2, hidden, 784], nn.Tanh), nn.Sigmoid())


@pytest.fixture
def codes():
    return torch.randn(300, 2, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def explorer(codes):
    return LatentExplorer(
        decoder(), codes, torch.arange(300) % 10, z=(0.5, -1), centre=(0, 0), extent=3, cells=4
    )


@pytest.fixture
def interpolator(codes):
    images = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    return Interpolator(decoder(), images, codes[:10], torch.arange(10), initial=(2, 7))


@pytest.fixture
def show(browser, tmp_path):
    """Opens a page with the widgets: `with show(widget, width=390) as page`."""

    @contextmanager
    def open_page(*widgets, width=1280, **options):
        kept = browser_runtime.runtime_folder(ROOT / "_build")
        write_page(tmp_path, list(widgets), [kept / "static", browser_runtime.OWN_SCRIPTS])
        handler = functools.partial(QuietHandler, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            options.setdefault("color_scheme", "light")
            context = browser.new_context(viewport={"width": width, "height": 900}, **options)
            page = context.new_page()
            problems = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("requestfailed", lambda request: problems.append(request.url))
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            page.wait_for_function(
                "(n) => document.querySelectorAll('[data-frames]').length === n", arg=len(widgets)
            )
            page.evaluate(STILL)
            yield page
            context.close()
            server.shutdown()
        assert not problems

    return open_page


def drawn(page, selector, shape=(28, 28), index=0) -> np.ndarray:
    """Grey levels [H, W] in [0, 1] that a canvas shows, read at the middle of each of its squares."""
    pixels = (
        page.locator(selector)
        .nth(index)
        .evaluate(
            """(canvas, [rows, columns]) => {
            const context = canvas.getContext("2d");
            const at = (i, n, size) => Math.floor(((i + 0.5) * size) / n);
            return Array.from({ length: rows * columns }, (_, k) => Array.from(context.getImageData(
                at(k % columns, columns, canvas.width),
                at(Math.floor(k / columns), rows, canvas.height), 1, 1).data.slice(0, 3)));
        }""",
            list(shape),
        )
    )
    level = (PAPER - np.array(pixels)) / (PAPER - INK)
    return level.mean(-1).reshape(shape)


def expected(widget, z) -> np.ndarray:
    pixels = widget.view.decoder.decode(torch.as_tensor(np.array([z]), dtype=torch.float32))
    return pixels.reshape(28, 28).numpy()


def handle(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def value(page, name) -> float:
    return float(handle(page, name).get_attribute("aria-valuetext").replace("−", "-"))


def place(page) -> tuple[float, float]:
    return value(page, "z₁"), value(page, "z₂")


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
        assert pad.get_attribute("aria-valuetext") == "z₁ 0.56, z₂ −0.70"
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
    net = decoder() if kind == "mlp" else nn.Sequential(networks.conv_decoder(2), nn.Sigmoid())
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


def test_two_views_draw_from_one_copy_of_the_weights(show, explorer, interpolator):
    assert explorer.view.decoder is interpolator.view.decoder
    with show(explorer, interpolator) as page:
        state = page.locator('script[type$="widget-state+json"]').text_content()
        assert state.count('"path": ["weights"]') == 1
        first = drawn(page, ".aecore-image", index=0)
        second = drawn(page, ".aecore-image", index=1)
    np.testing.assert_allclose(first, expected(explorer, (0.5, -1)), atol=0.01)
    np.testing.assert_allclose(second, expected(explorer, code_of(interpolator, 2)), atol=0.01)


def code_of(widget, index):
    return np.frombuffer(widget.view.codes, "<f4").reshape(-1, 2)[index]


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
