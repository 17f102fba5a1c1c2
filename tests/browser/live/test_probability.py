"""The KL playground, the posterior and the ELBO in a real browser, on a bare page without a kernel."""

import itertools
import math

import numpy as np
import pytest
import torch
from live_page import LOOKS, STILL, handle, value
from torch.distributions import Normal, kl_divergence

from aecore.live import ELBOExplorer, KLPlayground, PosteriorExplorer
from aecore.live.inference import exact
from aecore.live.noise import normal_noise
from aecore.live.widgets.divergence import NOISE_COUNT, NOISE_SEED, divergence, target_distribution

WIDGETS = [KLPlayground, PosteriorExplorer, ELBOExplorer]
# Colours of one row of a canvas, at a share of its height from the top, and its bitmap pixels to a CSS pixel.
ROW = """(canvas, share) => {
    const { data } = canvas.getContext("2d").getImageData(
        0, Math.round(share * canvas.height), canvas.width, 1);
    const pixels = Array.from({ length: canvas.width }, (_, i) => [...data.slice(4 * i, 4 * i + 3)]);
    return { pixels, height: canvas.height, unit: canvas.width / canvas.clientWidth };
}"""
LEDGER_ROWS = ["reconstruction", "rate", "elbo", "gap", "evidence"]


def double(number):
    return torch.tensor(number, dtype=torch.float64)


def number(page, key) -> str:
    """A number that stands beside the picture, with an ordinary minus."""
    return page.locator(f'[data-number="{key}"]').text_content().replace("−", "-")


def press(page, slider, *keys):
    for key in keys:
        handle(page, slider).press(key)
    page.evaluate(STILL)


def moved(page, slider, key) -> list[bool]:
    """Press a key on a slider; which canvases changed."""
    before = page.evaluate(LOOKS)
    press(page, slider, key)
    return [old != new for old, new in zip(before, page.evaluate(LOOKS), strict=True)]


@pytest.mark.parametrize("widget", WIDGETS)
def test_each_slider_moves_each_picture_it_should_at_every_step(show, widget):
    with show(widget()) as page:
        for slider in page.get_by_role("slider").all():
            name = slider.get_attribute("aria-label")
            for start, key in (("Home", "ArrowRight"), ("End", "ArrowLeft")):
                press(page, name, start)
                for _ in range(8):
                    assert any(moved(page, name, key)), (name, value(page, name))


@pytest.mark.parametrize("target", ["normal", "mixture"])
def test_playground_tells_what_torch_computes(show, target):
    noise = double(normal_noise(NOISE_SEED, NOISE_COUNT))
    p = target_distribution(target)
    with show(KLPlayground(mean=-0.4, log_std=0.3, target=target)) as page:
        for keys in ([], ["PageUp"], ["Home"], ["End"]):
            press(page, "mean μ of q", *keys)
            press(page, "log σ of q", *keys[::-1])
            std = math.exp(value(page, "log σ of q"))
            q = Normal(double(value(page, "mean μ of q")), double(std))
            forward, reverse = divergence(q, p), divergence(p, q)
            assert float(number(page, "quadrature")) == pytest.approx(forward, abs=5.1e-4)
            assert float(number(page, "reverse")) == pytest.approx(reverse, abs=5.1e-4)
            told = number(page, "formula")
            if target == "normal":
                formula = kl_divergence(q, Normal(double(0.0), double(1.0))).item()
                assert float(told) == pytest.approx(formula, abs=5.1e-4)
            else:
                assert told == "no closed form"
            z = q.mean + q.stddev * noise
            ratio = q.log_prob(z) - p.log_prob(z)
            mean, error = (float(part) for part in number(page, "samples").split(" ± "))
            assert mean == pytest.approx(ratio.mean().item(), abs=5.1e-4)
            assert error == pytest.approx(ratio.std().item() / NOISE_COUNT**0.5, abs=5.1e-4)


def test_areas_are_written_so_that_they_add_up(show):
    with show(KLPlayground()) as page:
        for _ in range(12):
            press(page, "mean μ of q", "ArrowLeft", "ArrowLeft")
            for key, total in (("forward-areas", "quadrature"), ("reverse-areas", "reverse")):
                above, _, _, below, _, _, whole, _ = number(page, key).split()
                assert round(1000 * (float(above) - float(below))) == round(1000 * float(whole))
                assert whole == number(page, total)


def test_samples_agree_exactly_where_q_is_p(show):
    with show(KLPlayground(mean=0, log_std=0)) as page:
        for key in ("formula", "quadrature", "reverse"):
            assert number(page, key) == "0.000"
        assert number(page, "samples") == "0.000 ± 0.000"
        assert number(page, "away") == "log(q/p) is the same at every sample"


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_one_direction_seeks_a_bump_and_the_other_covers_both(show, motion):
    with show(KLPlayground(), reduced_motion=motion) as page:
        page.get_by_role("radio", name="N(0, 1)").focus()
        page.keyboard.press("ArrowRight")
        assert page.get_by_role("radio", name="two bumps").is_checked()
        for button, mean, std in (("Minimise KL(q‖p)", 2, 0.6), ("Minimise KL(p‖q)", 0, 4.36**0.5)):
            page.get_by_role("button", name=button).click()
            page.wait_for_function(f"Math.abs({_NOW} - {mean}) < 0.051")
            page.wait_for_function("!document.querySelector('.is-playing')")
            assert value(page, "mean μ of q") == pytest.approx(mean, abs=0.051)
            assert math.exp(value(page, "log σ of q")) == pytest.approx(std, rel=0.06)


_NOW = """Number(document.querySelector('[aria-label="mean μ of q"]')
    .getAttribute("aria-valuetext").replace("−", "-"))"""


def test_a_run_gives_way_to_whoever_moves_a_slider(show):
    with show(ELBOExplorer(mean=-3, log_std=0.5)) as page:
        page.get_by_role("button", name="Maximise the ELBO").click()
        page.wait_for_function(f"{_NOW} > -2.9")
        handle(page, "mean μ of q").press("Home")
        page.wait_for_timeout(300)
        assert value(page, "mean μ of q") == -3
        assert not page.locator(".is-playing").count()


@pytest.mark.parametrize("options", [{}, {"weight": -3, "bias": 2, "noise_std": 1.1, "x": -1}])
def test_posterior_explorer_tells_the_exact_numbers(show, options):
    widget = PosteriorExplorer(**options)
    with show(widget) as page:
        for keys in ([], ["PageUp"], ["Home"], ["End"]):
            press(page, "data x", *keys)
            press(page, "noise std s", *keys)
            widget.view.x = value(page, "data x")
            widget.view.noise_std = value(page, "noise std s")
            _, posterior, evidence = exact(widget.view)
            log_p = evidence.log_prob(double(widget.view.x)).item()
            assert number(page, "area") == number(page, "evidence")
            assert float(number(page, "area")) == pytest.approx(math.exp(log_p), abs=5.1e-5)
            assert float(number(page, "log-evidence")) == pytest.approx(log_p, abs=5.1e-4)
            assert float(number(page, "mean")) == pytest.approx(posterior.mean.item(), abs=5.1e-4)
            assert float(number(page, "std")) == pytest.approx(posterior.stddev.item(), abs=5.1e-4)


def test_the_slice_can_be_dragged_on_the_map(show):
    with show(PosteriorExplorer()) as page:
        box = page.locator("canvas").first.bounding_box()

        def at(share):
            """The plot lies 31 pixels below the upper edge and 39 above the lower one."""
            return box["y"] + 31 + share * (box["height"] - 70)

        page.mouse.move(box["x"] + 100, at(0.5))
        page.mouse.down()
        page.evaluate(STILL)
        assert value(page, "data x") == pytest.approx(0, abs=0.1)
        page.mouse.move(box["x"] + 100, at(0.25))
        page.evaluate(STILL)
        assert value(page, "data x") == pytest.approx(2, abs=0.1)
        page.mouse.up()
        page.mouse.move(box["x"] + 100, at(0.75))
        page.evaluate(STILL)
        assert value(page, "data x") == pytest.approx(2, abs=0.1)


def ledger(page) -> dict[str, float]:
    return {key: float(number(page, key)) for key in LEDGER_ROWS}


def test_elbo_and_gap_move_against_each_other_and_only_x_moves_their_sum(show):
    widget = ELBOExplorer()
    prior = Normal(double(0.0), double(1.0))
    with show(widget) as page:
        for x_keys, q_keys in itertools.product(([], ["PageDown"]), ([], ["PageUp"], ["End"])):
            press(page, "data x", *x_keys)
            press(page, "mean μ of q", *q_keys)
            press(page, "log σ of q", *(["Home"] if q_keys == ["End"] else q_keys))
            widget.view.x = value(page, "data x")
            _, posterior, evidence = exact(widget.view)
            std = double(value(page, "log σ of q")).exp()
            q = Normal(double(value(page, "mean μ of q")), std)
            told = ledger(page)
            log_p = evidence.log_prob(double(widget.view.x)).item()
            assert told["evidence"] == pytest.approx(log_p, abs=5.1e-4)
            assert told["gap"] == pytest.approx(kl_divergence(q, posterior).item(), abs=5.1e-4)
            assert told["rate"] == pytest.approx(kl_divergence(q, prior).item(), abs=5.1e-4)
            assert told["elbo"] + told["gap"] == pytest.approx(told["evidence"], abs=1e-9)
            assert told["reconstruction"] - told["rate"] == pytest.approx(told["elbo"], abs=1e-9)
            assert number(page, "sum").endswith(
                f"{number(page, 'elbo')} + {number(page, 'gap')} = {number(page, 'evidence')}"
            )


def inked(page, share) -> tuple[np.ndarray, np.ndarray]:
    """Where a row of the ledger has a bar or the line of log p(x), and where it has the line, in nats."""
    found = page.locator("canvas").nth(1).evaluate(ROW, share)
    pixels, unit = np.array(found["pixels"]), found["unit"]
    low, high = -10, 0.5
    left, right = 12 * unit, len(pixels) - 13 * unit
    nats = low + (np.arange(len(pixels)) + 0.5 - left) / (right - left) * (high - low)
    bar = (np.abs(pixels - 255).max(1) > 80) & (nats > low)
    line = (np.abs(pixels - [0xBD, 0x1F, 0x01]).max(1) < 40) & (nats > low)
    return nats[bar], nats[line]


def height_share(page, row) -> float:
    """Height of the middle of a row's bar, from the top, as a share of the canvas."""
    box = page.locator("canvas").nth(1).bounding_box()
    plot = box["height"] - 12 - 39
    return (12 + plot * (1 - (4 - row + 0.21 + 0.25) / 5.25)) / box["height"]


def test_bars_end_where_the_numbers_say(show):
    with show(ELBOExplorer(mean=0.4, log_std=-0.2)) as page:
        told = ledger(page)
        pixel, lines = 10.5 / 300, []
        for row, key in enumerate(LEDGER_ROWS):
            ends = {
                "rate": (told["elbo"], told["reconstruction"]),
                "gap": (told["elbo"], told["evidence"]),
            }.get(key, (told[key], 0))
            bar, line = inked(page, height_share(page, row))
            beside = bar[np.abs(bar - told["evidence"]) > 3 * pixel]
            assert beside.min() == pytest.approx(min(ends), abs=4 * pixel), key
            assert max(beside.max(), *line) == pytest.approx(
                max(*ends, told["evidence"]), abs=4 * pixel
            ), key
            lines.append(np.median(line))
        assert lines[:4] == pytest.approx([told["evidence"]] * 4, abs=2 * pixel)


def test_the_line_of_the_evidence_stands_while_q_moves(show):
    with show(ELBOExplorer()) as page:

        def line():
            return np.median(inked(page, height_share(page, 1))[1])

        at_first = line()
        press(page, "mean μ of q", "PageUp", "PageUp", "PageUp")
        press(page, "log σ of q", "PageDown", "PageDown")
        assert line() == at_first
        press(page, "data x", "PageUp", "PageUp", "PageUp", "PageUp")
        assert line() < at_first - 0.2
        assert line() == pytest.approx(float(number(page, "evidence")), abs=0.07)


def test_the_climb_closes_the_gap(show):
    with show(ELBOExplorer(), reduced_motion="reduce") as page:
        evidence = number(page, "evidence")
        page.get_by_role("button", name="Maximise the ELBO").click()
        page.evaluate(STILL)
        assert number(page, "gap") == "0.000"
        assert number(page, "elbo") == evidence == number(page, "evidence")
        assert value(page, "mean μ of q") == pytest.approx(0.69, abs=0.006)
        assert value(page, "log σ of q") == pytest.approx(-0.99, abs=0.006)


def test_numbers_at_rest_are_told_to_a_screen_reader(show):
    with show(ELBOExplorer()) as page:
        press(page, "mean μ of q", "PageUp")
        page.wait_for_function(
            "document.querySelector('[role=\"status\"]').textContent.includes('log p(x) −1.674')"
        )
