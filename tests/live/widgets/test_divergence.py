"""The KL playground: its mathematics in Node against outside answers, and the widget as Python makes it."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from scipy import special
from torch.distributions import Categorical, MixtureSameFamily, Normal, kl_divergence

from aecore.live import KLPlayground
from aecore.live.noise import normal_noise
from aecore.live.widgets.divergence import NOISE_COUNT, NOISE_SEED, TARGETS

STANDARD = TARGETS["normal"]
MIXTURE = TARGETS["mixture"]
MEANS = (-3.0, -1.15, 0.0, 0.4, 2.0, 3.0)
LOG_STDS = (-1.5, -0.5, 0.0, 0.35, 1.0)
PLACES = list(itertools.product(MEANS, LOG_STDS))


def normal(mean, std):
    return Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64))


def log_normal(mean, std):
    """log N(z; mean, std^2) by torch.distributions, of a number or an array."""
    return lambda z: normal(mean, std).log_prob(torch.as_tensor(z, dtype=torch.float64)).numpy()


def log_density(target):
    """log p by torch.distributions, of a number or an array."""
    weights, means, stds = (
        torch.tensor(target[key], dtype=torch.float64) for key in ("weights", "means", "stds")
    )
    mixture = MixtureSameFamily(Categorical(weights), Normal(means, stds))
    return lambda z: mixture.log_prob(torch.as_tensor(z, dtype=torch.float64)).numpy()


def quadrature(f, low, high, panels=400):
    """Integral of f, which takes arrays, by Gauss and Legendre's rule of 12 points on each panel."""
    nodes, weights = special.roots_legendre(12)
    half = (high - low) / panels / 2
    middles = low + half * (2 * np.arange(panels) + 1)
    return float((f(middles[:, None] + half * nodes) @ weights).sum() * half)


def integrand(first, second):
    """Integrand of KL(first || second) from two functions that give log densities."""
    return lambda z: np.exp(first(z)) * (first(z) - second(z))


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (-1.3, 0.2), (2.5, 2.7)])
def test_densities_match_torch_distributions(node, mean, std):
    for value in (-6.0, -0.4, 0.0, 3.1):
        expected = float(log_normal(mean, std)(value))
        found = node.call("gaussian.js", "normalLogDensity", value, mean, std)
        assert found == pytest.approx(expected, abs=1e-12)
        found = node.call("gaussian.js", "normalDensity", value, mean, std)
        assert found == pytest.approx(math.exp(expected), rel=1e-12)


@pytest.mark.parametrize("value", [-40.0, -2.0, 0.0, 0.7, 2.0, 9.0])
def test_the_mixture_matches_torch_distributions_far_out_too(node, value):
    found = node.call("gaussian.js", "mixtureLogDensity", value, MIXTURE)
    assert found == pytest.approx(float(log_density(MIXTURE)(value)), abs=1e-12, rel=1e-12)


@pytest.mark.parametrize(("mean", "log_std"), PLACES)
def test_the_formula_matches_torch_distributions_in_both_directions(node, mean, log_std):
    q, p = normal(mean, math.exp(log_std)), normal(0.0, 1.0)
    found = node.call("relative.js", "closedForms", mean, log_std, STANDARD)
    assert found["forward"] == pytest.approx(kl_divergence(q, p).item(), abs=1e-12)
    assert found["reverse"] == pytest.approx(kl_divergence(p, q).item(), abs=1e-12)
    assert node.call("relative.js", "closedForms", mean, log_std, MIXTURE) is None


def test_divergence_of_two_normals_matches_torch_distributions(node):
    for one, two in itertools.product([(0.3, 0.5), (-2.0, 1.7)], [(0.3, 0.5), (1.0, 0.2)]):
        expected = kl_divergence(normal(*one), normal(*two)).item()
        found = node.call("gaussian.js", "normalKl", *one, *two)
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("mean", "log_std"), PLACES)
def test_quadrature_on_the_normal_matches_the_formula(node, mean, log_std):
    exact = node.call("relative.js", "closedForms", mean, log_std, STANDARD)
    forward = node.call("relative.js", "forwardAreas", mean, log_std, STANDARD)
    reverse = node.call("relative.js", "reverseAreas", mean, log_std, STANDARD)
    assert forward["total"] == pytest.approx(exact["forward"], abs=1e-11, rel=1e-11)
    assert reverse["total"] == pytest.approx(exact["reverse"], abs=1e-11, rel=1e-11)


@pytest.mark.parametrize(("mean", "log_std"), PLACES[::3])
def test_quadrature_on_the_mixture_matches_scipy(node, mean, log_std):
    std = math.exp(log_std)
    q, p = log_normal(mean, std), log_density(MIXTURE)
    forward = node.call("relative.js", "forwardAreas", mean, log_std, MIXTURE)["total"]
    reverse = node.call("relative.js", "reverseAreas", mean, log_std, MIXTURE)["total"]
    assert forward == pytest.approx(
        quadrature(integrand(q, p), mean - 10 * std, mean + 10 * std), abs=1e-9
    )
    assert reverse == pytest.approx(quadrature(integrand(p, q), -8, 8), abs=1e-9)


@pytest.mark.parametrize("target", [STANDARD, MIXTURE], ids=["normal", "mixture"])
@pytest.mark.parametrize(("mean", "log_std"), [(1.0, -0.5), (-2.4, 0.6)])
def test_areas_above_and_below_zero_match_scipy(node, target, mean, log_std):
    std = math.exp(log_std)
    f = integrand(log_normal(mean, std), log_density(target))

    def part(sign):
        return quadrature(
            lambda z: sign * np.maximum(0, sign * f(z)), mean - 10 * std, mean + 10 * std, 1000
        )

    found = node.call("relative.js", "forwardAreas", mean, log_std, target)
    # The kinks at zero leave an error of the square of the grid's step.
    assert found["above"] == pytest.approx(part(1), abs=1e-4)
    assert found["below"] == pytest.approx(part(-1), abs=1e-4)
    assert found["below"] < 0 < found["above"]
    assert found["above"] + found["below"] == pytest.approx(found["total"], abs=1e-12)


def test_divergence_is_never_negative_and_zero_only_where_q_is_p(node):
    for place in PLACES:
        for areas in ("forwardAreas", "reverseAreas"):
            total = node.call("relative.js", areas, *place, STANDARD)["total"]
            assert total > 1e-3 if place != (0.0, 0.0) else abs(total) < 1e-14
            assert node.call("relative.js", areas, *place, MIXTURE)["total"] > 1e-3


def test_mean_and_standard_error_match_numpy(node):
    values = np.random.default_rng(0).normal(3, 2, 50)
    found = node.call("estimates.js", "meanWithError", values.tolist())
    assert found["mean"] == pytest.approx(values.mean(), abs=1e-12)
    assert found["error"] == pytest.approx(values.std(ddof=1) / math.sqrt(50), abs=1e-12)


def test_samples_agree_with_the_formula_everywhere_on_the_sliders(node):
    noise = normal_noise(NOISE_SEED, NOISE_COUNT)
    for mean, log_std in PLACES:
        found = node.call("relative.js", "sampledForward", mean, log_std, STANDARD, noise.tolist())
        z = mean + math.exp(log_std) * noise
        q, p = normal(mean, math.exp(log_std)), normal(0.0, 1.0)
        ratio = (q.log_prob(torch.tensor(z)) - p.log_prob(torch.tensor(z))).numpy()
        assert found["mean"] == pytest.approx(ratio.mean(), abs=1e-11)
        assert found["error"] == pytest.approx(ratio.std(ddof=1) / math.sqrt(len(z)), abs=1e-11)
        away = abs(found["mean"] - kl_divergence(q, p).item())
        assert away <= 4 * found["error"] + 1e-12


def test_one_bump_costs_log_two_and_both_bumps_the_moments_of_p(node):
    """Sitting on one of two equal bumps: KL(q || p) = log 2. KL(p || q) is least at p's moments."""
    apart = {**MIXTURE, "means": [-4, 4]}
    on_one = node.call("relative.js", "forwardAreas", 4, math.log(0.6), apart)["total"]
    assert on_one == pytest.approx(math.log(2), abs=1e-9)
    overlapping = node.call("relative.js", "forwardAreas", 2, math.log(0.6), MIXTURE)["total"]
    assert math.log(2) - 2e-3 < overlapping < math.log(2)
    at = [0.0, math.log(math.sqrt(0.6**2 + 2**2))]
    least = node.call("relative.js", "reverseAreas", *at, MIXTURE)["total"]
    for shift in ([0.02, 0], [-0.02, 0], [0, 0.02], [0, -0.02]):
        moved = [a + s for a, s in zip(at, shift, strict=True)]
        assert node.call("relative.js", "reverseAreas", *moved, MIXTURE)["total"] > least


def downhill(node, direction, start, target):
    bounds = [[-3, 3], [-1.5, 1]]
    place, count = start, 0
    while True:
        following = node.call("relative.js", "stepDownhill", direction, place, target, 0.05, bounds)
        if following is None:
            return place, count
        place, count = following, count + 1
        assert count < 200


def test_descent_seeks_a_mode_or_covers_all(node):
    covered, _ = downhill(node, "reverse", [1.0, -0.5], MIXTURE)
    assert covered == pytest.approx([0, math.log(math.sqrt(4.36))], abs=0.026)
    for start, mode in [([1.0, -0.5], 2), ([-1.0, -0.5], -2)]:
        sought, _ = downhill(node, "forward", start, MIXTURE)
        assert sought == pytest.approx([mode, math.log(0.6)], abs=0.051)
    for direction in ("forward", "reverse"):
        assert downhill(node, direction, [1.7, 0.8], STANDARD)[0] == pytest.approx(
            [0, 0], abs=1e-12
        )


def test_descent_stays_within_the_sliders_and_on_their_grid(node):
    bounds = [[-3, 3], [-1.5, 1]]
    place = node.call(
        "relative.js", "stepDownhill", "forward", [2.987, 1.0], STANDARD, 0.05, bounds
    )
    steps = np.array(place) / 0.05
    np.testing.assert_allclose(steps, steps.round(), atol=1e-9)
    assert place[0] <= 3
    assert place[1] <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": 3.5}, "mean must be from -3 to 3, got 3.5"),
        ({"log_std": -2}, "log_std must be from -1.5 to 1, got -2"),
        ({"mean": math.nan}, "mean must be from -3 to 3, got nan"),
        ({"target": "cauchy"}, r"target must be one of \('normal', 'mixture'\), got 'cauchy'"),
    ],
)
def test_playground_refuses_what_its_sliders_cannot_show(options, message):
    with pytest.raises(ValueError, match=message):
        KLPlayground(**options)


def test_sliders_begin_where_the_view_does():
    playground = KLPlayground(mean=-1.25, log_std=0.4, target="mixture")
    assert playground.view.target == "mixture"
    for trait, mover in playground.sliders.items():
        assert mover.value == getattr(playground.view, trait)
        assert mover.description


def test_figure_tells_both_divergences():
    def told(playground):
        alt = playground._repr_mimebundle_()[0]["text/plain"]
        return [float(number) for number in re.findall(r"([\d.]+) nats", alt)]

    q, p = normal(1.0, math.exp(-0.5)), normal(0.0, 1.0)
    expected = [kl_divergence(q, p).item(), kl_divergence(p, q).item()]
    assert told(KLPlayground()) == pytest.approx(expected, abs=6e-4)
    q, p = log_normal(1.0, math.exp(-0.5)), log_density(MIXTURE)
    expected = [quadrature(integrand(q, p), -6, 8), quadrature(integrand(p, q), -8, 8)]
    assert told(KLPlayground(target="mixture")) == pytest.approx(expected, abs=6e-4)
