"""Completions of a painted image in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
import small_widgets
from live_page import INK, PAPER, STILL, drawn, handle, value
from playwright.sync_api import expect

DRAWS = 8
PAPER_CANVAS = ".aecore-paint"


@pytest.fixture
def widget():
    return small_widgets.completion()


def upper(page) -> np.ndarray:
    """The visible half on the paper, [14, 28], without its last row, on which the edge is drawn."""
    return drawn(page, PAPER_CANVAS)[:14]


def check(page, widget, painted=None):
    """Every tile is what Python makes of the same pixels, noise and spread."""
    widget.view.spread, widget.view.seed = value(page, "spread of z"), value(page, "draw number")
    if painted is not None:
        whole = np.zeros((28, 28), np.float32)
        whole[:14] = painted
        widget.visible = whole
    for draw, image in enumerate(widget.completions()):
        found = drawn(page, ".aecore-still", index=draw)
        np.testing.assert_allclose(found, image, atol=0.012, err_msg=f"draw {draw}")


def number(page, key) -> str:
    return page.locator(f'[data-number="{key}"]').text_content()


def drag(page, *places):
    """Drag over places of the paper, in pixels of the image: (column, row)."""
    box = page.locator(PAPER_CANVAS).bounding_box()
    at = [(box["x"] + box["width"] * c / 28, box["y"] + box["height"] * r / 28) for c, r in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    page.evaluate(STILL)


def test_the_tiles_are_what_torch_completes(show, widget):
    with show(widget, device_scale_factor=2) as page:
        check(page, widget)
        page.locator(".aecore-beginnings label").nth(4).click()
        page.evaluate(STILL)
        widget.view.example = 4
        check(page, widget)
        np.testing.assert_allclose(upper(page)[:13], widget.visible.reshape(14, 28)[:13], atol=0.01)
        page.keyboard.press("ArrowRight")
        page.evaluate(STILL)
        assert page.get_by_role("radio", name="example 6: an 8").is_checked()


def test_the_numbers_are_those_of_numpy(show, widget):
    with show(widget) as page:
        images = widget.completions()[:, 14:]
        assert float(number(page, "apart")) == pytest.approx(images.var(0).mean() ** 0.5, abs=2e-3)
        truth = np.frombuffer(widget.view.thumbnails, np.uint8).reshape(6, 28, 28)[0, 14:] / 255
        errors = ((images - truth) ** 2).mean((1, 2)) ** 0.5
        error, which = number(page, "nearest").split(", number ")
        assert float(error) == pytest.approx(errors.min(), abs=2e-3)
        assert int(which) == errors.argmin() + 1


def test_a_stroke_of_the_mouse_is_drawn_and_answered(show, widget):
    with show(widget, device_scale_factor=2) as page:
        before = upper(page)
        drag(page, (20, 3.5), (26, 3.5))
        after = upper(page)
        assert (after[3, 20:26] > 0.95).all()
        np.testing.assert_allclose(after[6:13], before[6:13], atol=0.01)
        assert number(page, "nearest") == "unknown once you draw"
        painted = np.zeros((14, 28), np.float32)
        painted[:] = after
        painted[13] = before[13]
        check(page, widget, painted)


def test_nothing_is_drawn_in_the_hidden_half(show, widget):
    with show(widget) as page:
        before = drawn(page, PAPER_CANVAS)
        drag(page, (4, 20), (24, 24))
        np.testing.assert_array_equal(drawn(page, PAPER_CANVAS), before)


def test_the_rubber_takes_ink_away_until_one_starts_again(show, widget):
    with show(widget, device_scale_factor=2) as page:
        before = upper(page)
        page.get_by_text("Rub out").click()
        drag(page, (8, 0), (12, 13))
        assert upper(page)[:13].sum() < 0.1 * before[:13].sum()
        page.get_by_role("button", name="Start again").click()
        page.evaluate(STILL)
        np.testing.assert_array_equal(upper(page), before)
        check(page, widget)


def test_a_cleared_paper_is_completed_too(show, widget):
    with show(widget, device_scale_factor=2) as page:
        page.get_by_role("button", name="Clear").click()
        page.evaluate(STILL)
        assert (upper(page)[:13] < 0.01).all()
        check(page, widget, np.zeros((14, 28)))
        page.locator(".aecore-beginnings label").nth(2).click()
        page.evaluate(STILL)
        widget.view.example, widget.view.painted = 2, b""
        check(page, widget)


def test_keys_move_the_pen_and_use_it(show, widget):
    with show(widget, device_scale_factor=2) as page:
        page.get_by_role("button", name="Clear").click()
        paper = page.locator(PAPER_CANVAS)
        paper.focus()
        for _ in range(3):
            paper.press("ArrowUp")
        page.evaluate(STILL)
        row, column = 3, 13
        for key in ("Space", "Enter"):
            paper.press(key)
        page.evaluate(STILL)
        status = page.locator(".aecore-view > [role=status]")
        expect(status).to_have_text(f"Row {row + 1}, column {column + 1}, ink 100 %")
        for _ in range(4):
            paper.press("Shift+ArrowRight")
        paper.evaluate("(canvas) => canvas.blur()")
        page.evaluate(STILL)
        levels = upper(page)
        assert (levels[row, column : column + 5] > 0.95).all()
        assert levels[row, column - 2] == levels[row, column + 6] == pytest.approx(0, abs=0.01)
        for _ in range(30):
            paper.press("ArrowDown")
        expect(status).to_have_text(f"Row 14, column {column + 5}, ink 0 %")


def test_a_finger_draws_and_does_not_scroll(show, widget):
    with show(widget, width=390, has_touch=True, is_mobile=True) as page:
        paper = page.locator(PAPER_CANVAS)
        page.get_by_role("button", name="Clear").tap()
        paper.scroll_into_view_if_needed()
        box, scrolled = paper.bounding_box(), page.evaluate("scrollY")
        protocol = page.context.new_cdp_session(page)
        for kind, row in [("touchStart", 2), ("touchMove", 6), ("touchMove", 11)]:
            point = {
                "x": box["x"] + 9.5 / 28 * box["width"],
                "y": box["y"] + row / 28 * box["height"],
            }
            protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            page.evaluate(STILL)
        protocol.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.evaluate(STILL)
        assert (upper(page)[2:11, 9] > 0.95).all()
        assert page.evaluate("scrollY") == scrolled


def test_spread_and_draws_change_the_completions_alone(show, widget):
    with show(widget, device_scale_factor=2) as page:
        paper = drawn(page, PAPER_CANVAS)
        handle(page, "spread of z").press("Home")
        page.evaluate(STILL)
        check(page, widget)
        assert number(page, "apart") == "0.000"
        handle(page, "spread of z").press("End")
        page.get_by_role("button", name="New draws").click()
        handle(page, "draw number").press("ArrowRight")
        page.evaluate(STILL)
        assert (value(page, "spread of z"), value(page, "draw number")) == (1.5, 2)
        check(page, widget)
        np.testing.assert_array_equal(drawn(page, PAPER_CANVAS), paper)


def test_what_is_completed_is_told(show, widget):
    with show(widget) as page:
        tiles = page.get_by_role("img")
        expect(tiles).to_have_attribute("aria-label", "8 completions of example 1: a 3")
        drag(page, (20, 3), (22, 3))
        expect(tiles).to_have_attribute(
            "aria-label", "8 completions of what is drawn, begun with example 1: a 3"
        )
        expect(page.locator(".aecore-readouts [role=status]")).to_contain_text(
            "unknown once you draw"
        )


def test_the_tiles_are_marked_where_the_made_up_part_begins(show, widget):
    """A line in the accent colour, which is neither paper nor ink nor between them."""
    with show(widget, device_scale_factor=2) as page:
        pixel = page.locator(".aecore-still").first.evaluate(
            """(canvas) => [...canvas.getContext("2d").getImageData(
                2, Math.round(canvas.height / 2), 1, 1).data.slice(0, 3)]"""
        )
        grey = np.interp(pixel[1], [INK[1], PAPER[1]], [INK[2], PAPER[2]])
        assert pixel[2] - grey > 30


def test_all_of_it_is_on_one_screen_of_a_phone(show, widget):
    with show(widget, width=390, has_touch=True, device_scale_factor=2) as page:
        assert page.locator(".aecore-live").bounding_box()["height"] < 800


def test_paper_and_tiles_are_of_one_height(show, widget):
    with show(widget) as page:
        paper = page.locator(PAPER_CANVAS).bounding_box()
        tiles = page.locator(".aecore-tiles").bounding_box()
        assert tiles["y"] == pytest.approx(paper["y"], abs=1)
        assert tiles["height"] == pytest.approx(paper["height"], abs=3)
        assert page.locator(".aecore-live").bounding_box()["height"] < 600
