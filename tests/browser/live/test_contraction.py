"""The contraction explorer in a real browser, on a bare page without a kernel."""

import numpy as np
import pytest
import small_widgets
import torch
from live_page import LOOKS, STILL, drawn, handle, value
from torch import nn

from aecore.live import ContractionExplorer

PLANE = ".aecore-pad"


@pytest.fixture
def widget():
    return small_widgets.contraction()


def number(page, key) -> float:
    return float(page.locator(f'[data-number="{key}"]').text_content().replace("−", "-"))


def press(page, name, key, times=1):
    for _ in range(times):
        handle(page, name).press(key)
    page.evaluate(STILL)


def same_state(page, widget):
    """Put the Python widget where the page stands."""
    for trait, mover in widget.sliders.items():
        setattr(widget.view, trait, value(page, mover.description))


def assert_numbers_agree(page, widget):
    for k, (moved, predicted, mean) in enumerate(widget.moves().values()):
        assert number(page, f"moved{k}") == pytest.approx(moved, rel=6e-3)
        assert number(page, f"predicted{k}") == pytest.approx(predicted, rel=6e-3)
        assert number(page, f"share{k}") == pytest.approx(moved / mean, abs=6e-4)


def test_image_and_numbers_are_those_of_the_encoders(show, widget):
    with show(widget) as page:
        page.get_by_role("radio", name="example 3").check(force=True)
        press(page, "tangent 2", "PageUp", 3)
        press(page, "tangent 3", "ArrowLeft", 7)
        press(page, "across", "Home")
        same_state(page, widget)
        assert widget.view.push2 > 0.5
        assert widget.view.across == -4
        widget.view.example = 2
        assert_numbers_agree(page, widget)
        image = widget.image().reshape(28, 28).clamp(0, 1).numpy()
        np.testing.assert_allclose(drawn(page, ".aecore-image"), image, atol=0.01)


def test_sensitivity_along_and_across_is_the_jacobian_s(show, widget):
    with show(widget) as page:
        page.get_by_role("radio", name="tangent 3").check(force=True)
        page.evaluate(STILL)
        directions = widget._directions()
        for k, encoder in enumerate(widget.view.encoders):
            pushed = [
                torch.func.jvp(encoder.run, (widget.image(False)[None],), (v[None],))[1].norm()
                for v in (directions[2], directions[3])
            ]
            expected = (pushed[0] / pushed[1]).item()
            assert number(page, f"ratio{k}") == pytest.approx(expected, rel=6e-3)


def test_a_drag_moves_along_the_chosen_tangent_and_across(show, widget):
    with show(widget) as page:
        page.get_by_role("radio", name="tangent 2").check(force=True)
        box = page.locator(PLANE).bounding_box()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.125 * box["height"], steps=4)
        page.mouse.up()
        page.evaluate(STILL)
        assert value(page, "tangent 1") == 1.5, "the other push stays"
        assert value(page, "tangent 2") == pytest.approx(2, abs=0.04)
        assert value(page, "across") == pytest.approx(3, abs=0.04)
        same_state(page, widget)
        assert_numbers_agree(page, widget)


def test_arrow_keys_move_the_image_and_home_goes_back(show, widget):
    with show(widget) as page:
        plane = page.locator(PLANE)
        plane.press("ArrowRight")
        plane.press("Shift+ArrowDown")
        page.evaluate(STILL)
        assert value(page, "tangent 1") == pytest.approx(1.6)
        assert value(page, "across") == pytest.approx(0.5)
        assert plane.get_attribute("aria-valuetext") == "1.60 along tangent 1, 0.50 across"
        plane.press("Home")
        page.evaluate(STILL)
        assert (value(page, "tangent 1"), value(page, "across")) == (0, 0)
        assert number(page, "moved0") == number(page, "predicted0") == 0


def test_back_leaves_nothing_of_any_push(show, widget):
    with show(widget) as page:
        press(page, "tangent 3", "PageDown")
        page.get_by_role("button", name="Back to the image").click()
        page.evaluate(STILL)
        assert [value(page, s.description) for s in widget.sliders.values()] == [0] * 4
        original = widget.image(False).reshape(28, 28).numpy()
        np.testing.assert_allclose(drawn(page, ".aecore-image"), original, atol=0.01)


def test_each_choice_changes_what_it_names(show, widget):
    """Of the canvases: map, image and curves, after the faces of directions and examples."""
    with show(widget) as page:
        order = page.locator("canvas").evaluate_all("(all) => all.map((c) => c.className)")
        pad, image, chart = (
            order.index(name) for name in ("aecore-pad", "aecore-image", "aecore-chart")
        )

        def changed(choice):
            before = page.evaluate(LOOKS)
            page.get_by_role("radio", name=choice).check(force=True)
            page.evaluate(STILL)
            after = page.evaluate(LOOKS)
            return {i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}

        assert changed("contractive") == {pad}
        assert changed("tangent 2") == {pad}
        faces = {i for i in range(4) if order[i] == "aecore-face"}
        assert len(faces) == 4
        assert changed("example 4") == {pad, image, chart} | faces


def test_every_slider_moves_the_image_and_the_curves(show, widget):
    with show(widget) as page:
        for mover in widget.sliders.values():
            before = page.evaluate(LOOKS)
            press(page, mover.description, "PageUp")
            after = page.evaluate(LOOKS)
            assert sum(old != new for old, new in zip(before, after, strict=True)) == 3


def test_directions_are_drawn_as_signed_images(show, widget):
    with show(widget) as page:
        face = page.locator(".aecore-titled canvas").nth(1)
        seen = face.evaluate(
            """(canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let warm = 0, cold = 0;
            for (let i = 0; i < data.length; i += 4) {
                if (data[i] > data[i + 2] + 40) warm++;
                if (data[i + 2] > data[i] + 40) cold++;
            }
            return [warm, cold].map((count) => count / (canvas.width * canvas.height));
        }"""
        )
        assert min(seen) > 0.04
        assert page.get_by_role("img", name="The normal direction").count() == 1


def test_one_encoder_has_no_choice_of_maps(show, widget):
    encoders = {"only": nn.Sequential(nn.Linear(784, 4))}
    view = widget.view
    vectors = np.frombuffer(view.directions, "<f2").astype(np.float32).reshape(4, 4, 784)
    alone = ContractionExplorer(
        encoders, torch.tensor(view.pixels()), vectors[:, :3], vectors[:, 3]
    )
    with show(alone) as page:
        assert page.get_by_role("radio", name="only").count() == 0
        assert number(page, "moved0") == pytest.approx(number(page, "predicted0"), rel=6e-3), (
            "a linear encoder is its own Jacobian"
        )


def test_what_rests_is_told_to_a_screen_reader(show, widget):
    with show(widget) as page:
        press(page, "tangent 1", "ArrowRight")
        page.wait_for_function(
            """document.querySelector('[role=status]').textContent
            .includes('1.55 along tangent 1, 1.00 across; the code of plain moved')"""
        )
        label = page.locator(".aecore-chart").get_attribute("aria-label")
        assert "the code of contractive moved" in label
        rows = page.get_by_role("rowheader").all_text_contents()
        assert rows == ["plain", "contractive"]


def test_a_phone_shows_the_pushes_with_the_image_and_takes_a_finger(show, widget):
    with show(widget, width=390, has_touch=True, device_scale_factor=2) as page:
        image = page.locator(".aecore-image").bounding_box()
        assert image["y"] + image["height"] - handle(page, "tangent 1").bounding_box()["y"] < 700
        plane = page.locator(PLANE)
        plane.scroll_into_view_if_needed()
        box = plane.bounding_box()
        page.touchscreen.tap(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
        page.evaluate(STILL)
        assert value(page, "tangent 1") == pytest.approx(-2, abs=0.05)
        assert plane.evaluate("(canvas) => getComputedStyle(canvas).touchAction") == "none"
