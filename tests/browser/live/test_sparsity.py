"""The sparsity explorer in a real browser, on a bare page without a kernel."""

import re

import numpy as np
import pytest
import small_widgets
import torch
from live_page import STILL, drawn, handle
from playwright.sync_api import expect
from small_widgets import UNITS

WORDS, BARS = ".aecore-words", ".aecore-bars"
# Colours at the middle of each of the 28 by 28 squares of a canvas.
MIDDLES = """(canvas) => Array.from({ length: 784 }, (_, k) => {
    const [x, y] = [k % 28, Math.floor(k / 28)].map((at) => Math.floor(((at + 0.5) * canvas.width) / 28));
    return Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3));
})"""


@pytest.fixture
def sparse():
    return small_widgets.sparsity()


def number(page, key):
    return page.locator(f'[data-number="{key}"]')


def code_of(widget, snapshot, example=0):
    return np.frombuffer(widget.view.codes, "<f4").reshape(3, 3, UNITS)[snapshot, example]


def rebuilt(widget, snapshot, code):
    """What the page should draw for a code [K], [H, W], as the weights travel and cut to [0, 1]."""
    decoder = widget.view.decoders[snapshot]
    return decoder.decode(torch.from_numpy(code[None].copy())).reshape(28, 28).numpy()


def assert_shows(page, widget, snapshot, code, example=0):
    """Reconstruction and numbers are those of a code, once the page has answered."""
    image = widget.view.pixels()[example]
    active = int((code != 0).sum())
    error = ((rebuilt(widget, snapshot, code) - image) ** 2).sum()
    expect(number(page, "active")).to_have_text(f"{active} of {UNITS}")
    page.wait_for_function(
        """(error) => Math.abs(
            parseFloat(document.querySelector("[data-number=error]").textContent) - error) < 0.02""",
        arg=float(error),
    )
    found = drawn(page, ".aecore-rebuilt")
    np.testing.assert_allclose(found, rebuilt(widget, snapshot, code).clip(0, 1), atol=0.01)
    np.testing.assert_allclose(drawn(page, ".aecore-given"), image, atol=0.01)


def choose(page, unit):
    """Click a cell of the dictionary, which has five columns and four rows."""
    box = page.locator(WORDS).bounding_box()
    column, row = unit % 5, unit // 5
    place = {"x": (column + 0.5) * box["width"] / 5, "y": (row + 0.5) * box["height"] / 4}
    page.locator(WORDS).click(position=place)


def chosen(page, unit):
    """Wait until a unit (from 0) is chosen."""
    expect(page.locator(WORDS)).to_have_attribute("aria-valuenow", str(unit + 1))


def test_each_penalty_shows_its_own_code(show, sparse):
    with show(sparse) as page:
        handle(page, "penalty λ").press("Home")
        for snapshot, penalty in enumerate(("0", "0.1", "0.5")):
            if snapshot:
                handle(page, "penalty λ").press("ArrowRight")
            expect(handle(page, "penalty λ")).to_have_attribute("aria-valuetext", penalty)
            code = code_of(sparse, snapshot)
            assert_shows(page, sparse, snapshot, code)
            codes = np.frombuffer(sparse.view.codes, "<f4").reshape(3, 3, UNITS)[snapshot]
            dead = int((codes == 0).all(0).sum())
            expect(number(page, "dead")).to_have_text(f"{dead} of {UNITS}")
        assert dead > 5


def test_a_unit_is_chosen_by_pointer_and_keys(show, sparse):
    with show(sparse) as page:
        for unit in (0, 7, 19, 12):
            choose(page, unit)
            chosen(page, unit)
            value = f"{code_of(sparse, 1)[unit]:.2f}".replace("-", "−").replace("−0.00", "0.00")
            expect(number(page, "value")).to_have_text(value)
        for key, unit in (
            ("ArrowRight", 13),
            ("ArrowDown", 18),
            ("ArrowDown", 18),
            ("ArrowLeft", 17),
            ("ArrowUp", 12),
            ("Home", 0),
            ("ArrowUp", 0),
            ("End", 19),
        ):
            page.keyboard.press(key)
            chosen(page, unit)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_feature_of_the_chosen_unit_is_its_column_with_its_signs(show, sparse, theme):
    weights = np.frombuffer(sparse.view.decoders[1].weights, "<f2")[: 784 * UNITS].astype(float)
    columns = weights.reshape(784, UNITS).T.reshape(UNITS, 28, 28)
    with show(sparse) as page:
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        page.evaluate(STILL)
        for unit in (4, 16):
            choose(page, unit)
            expect(
                page.locator(".aecore-caption", has_text=f"Unit {unit + 1} draws")
            ).to_be_visible()
            pixels = page.locator(".aecore-feature").evaluate(MIDDLES)
            red, _, blue = np.array(pixels, float).reshape(28, 28, 3).transpose(2, 0, 1)
            share = columns[unit] / np.abs(columns[unit]).max()
            sure = np.abs(share) > 0.2
            assert (((red - blue) > 0) == (share > 0))[sure].all()
            paper = {"light": 0, "dark": 0x15 - 0x20}[theme]
            strength = np.corrcoef((red - blue - paper).ravel(), share.ravel())[0, 1]
            assert strength > 0.98


def test_keys_on_the_code_go_from_active_unit_to_active_unit(show, sparse):
    active = np.flatnonzero(code_of(sparse, 1))
    start = int(np.flatnonzero(active == sparse.view.unit)[0])
    with show(sparse) as page:
        page.locator(BARS).focus()
        for step in range(1, len(active) + 1):
            page.keyboard.press("ArrowRight")
            chosen(page, active[(start + step) % len(active)])
        page.keyboard.press("ArrowLeft")
        chosen(page, active[start - 1])
        page.get_by_role("button", name="Next active unit").click()
        chosen(page, active[start])
        page.get_by_role("button", name="Active unit before").click()
        chosen(page, active[start - 1])


def test_a_click_on_the_bars_takes_the_nearest_active_unit(show, sparse):
    active = np.flatnonzero(code_of(sparse, 1))
    with show(sparse) as page:
        box = page.locator(BARS).bounding_box()
        for place, unit in ((0.01, active[0]), (0.99, active[-1])):
            page.locator(BARS).click(position={"x": place * box["width"], "y": 20})
            chosen(page, unit)


def test_a_unit_that_is_switched_off_is_missed(show, sparse):
    code = code_of(sparse, 1).copy()
    active = np.flatnonzero(code)
    with show(sparse) as page:
        assert_shows(page, sparse, 1, code)
        choose(page, active[1])
        chosen(page, active[1])
        page.keyboard.press("Space")
        code[active[1]] = 0
        assert_shows(page, sparse, 1, code)
        expect(number(page, "value")).to_contain_text(", off")
        expect(number(page, "error")).to_contain_text("(")
        choose(page, active[2])
        chosen(page, active[2])
        page.get_by_role("button", name=f"Switch unit {active[2] + 1} off").click()
        code[active[2]] = 0
        assert_shows(page, sparse, 1, code)
        expect(page.get_by_role("button", name=f"Switch unit {active[2] + 1} on")).to_be_enabled()
        handle(page, "penalty λ").press("ArrowRight")
        assert_shows(page, sparse, 2, code_of(sparse, 2))
        handle(page, "penalty λ").press("ArrowLeft")
        assert_shows(page, sparse, 1, code)
        page.get_by_role("button", name="All units on").click()
        assert_shows(page, sparse, 1, code_of(sparse, 1))
        expect(page.get_by_role("button", name="All units on")).to_be_disabled()


def test_what_is_inactive_cannot_be_switched_off_but_on_again(show, sparse):
    first, second = code_of(sparse, 1, 0), code_of(sparse, 1, 1)
    both = int(np.flatnonzero((first == 0) & (second == 0))[0])
    only = int(np.flatnonzero((first != 0) & (second == 0))[0])
    with show(sparse) as page:
        choose(page, both)
        chosen(page, both)
        switch = page.get_by_role("button", name=f"Switch unit {both + 1} off")
        expect(switch).to_be_disabled()
        page.keyboard.press("Enter")
        choose(page, only)
        chosen(page, only)
        page.keyboard.press("Enter")
        left = first.copy()
        left[only] = 0
        assert_shows(page, sparse, 1, left)
        page.get_by_role("radio", name="example 2: an 8").check(force=True)
        assert_shows(page, sparse, 1, second, example=1)
        page.get_by_role("button", name=f"Switch unit {only + 1} on").click()
        expect(page.get_by_role("button", name="All units on")).to_be_disabled()


def test_examples_are_chosen_by_keys(show, sparse):
    with show(sparse) as page:
        page.get_by_role("radio", name="example 1: a 3").focus()
        for example in (1, 2, 0):
            page.keyboard.press("ArrowRight")
            assert_shows(page, sparse, 1, code_of(sparse, 1, example), example)


def test_a_screen_reader_hears_the_code_once_it_rests(show, sparse):
    with show(sparse) as page:
        choose(page, 3)
        code = code_of(sparse, 1)
        rate = np.frombuffer(sparse.view.rates, "<f4").reshape(3, UNITS)[1, 3]
        use = f"active for {100 * rate:.1f} % of the data" if rate else "dead"
        value = f"{code[3]:.2f}".replace("-", "−").replace("−0.00", "0.00")
        told = f"unit 4, value {value}, {use}"
        for canvas in (WORDS, BARS):
            expect(page.locator(canvas)).to_have_attribute("aria-valuetext", told)
        status = page.locator('[role="status"]')
        expect(status).to_contain_text("λ = 0.1: ")
        expect(status).to_contain_text(f"{(code != 0).sum()} of {UNITS} units active")
        column = np.frombuffer(sparse.view.decoders[1].weights, "<f2")[: 784 * UNITS].reshape(
            784, UNITS
        )
        name = re.compile(f"What unit 4 draws, .* up to ±{np.abs(column[:, 3]).max():#.3g}$")
        expect(page.get_by_role("img", name=name)).to_be_visible()


def test_a_tap_chooses_on_a_phone_and_a_swipe_still_scrolls(show, sparse):
    with show(sparse, width=390, has_touch=True, device_scale_factor=2) as page:
        cells = page.locator(WORDS)
        cells.scroll_into_view_if_needed()
        box = cells.bounding_box()
        page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.9 * box["height"])
        chosen(page, 17)
        assert cells.evaluate("(canvas) => getComputedStyle(canvas).touchAction") == "manipulation"
        slider = page.locator(".widget-slider").bounding_box()
        assert box["y"] + box["height"] - slider["y"] < 750, "slider and dictionary on one screen"
        switches = page.locator(".aecore-tools").bounding_box()
        assert 0 < switches["y"] - box["y"] - box["height"] < 60, "switches below the dictionary"
