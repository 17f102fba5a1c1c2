"""The exact latent-variable model of two widgets: its mathematics in Node against outside answers, and the
widgets as Python makes them."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from scipy import special
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from aecore.exact import PPCA
from aecore.live import ELBOExplorer, PosteriorExplorer
from aecore.live.widgets.elbo import LOG_STD_BOUNDS, MEAN_BOUNDS

PIECES = ["reconstruction", "rate", "elbo", "gap", "evidence"]
MODELS = [(1.5, 0.0, 0.6), (-2.0, 3.0, 0.2), (0.4, -1.0, 2.0), (0.0, 0.5, 1.0)]
OBSERVED = (-2.5, 0.3, 4.0)
CASES = list(itertools.product(MODELS, OBSERVED))
QS = [(0.0, 0.0), (-3.0, 0.5), (1.1, -2.5), (0.69, -0.99)]


def double(value):
    return torch.tensor(value, dtype=torch.float64)


def named(model):
    return dict(zip(("weight", "bias", "noiseStd"), model, strict=True))


def pieces_at(node, model, x, mean, log_std):
    return node.call("gaussian.js", "elboPieces", named(model), x, mean, log_std)


def outside(model, x):
    """log p(x) and the posterior Normal, by conditioning the joint normal of (z, x)."""
    weight, bias, noise = model
    joint = torch.tensor([[1.0, weight], [weight, weight**2 + noise**2]], dtype=torch.float64)
    evidence = MultivariateNormal(double([bias]), joint[1:, 1:]).log_prob(double([x])).item()
    mean = joint[0, 1] / joint[1, 1] * (x - bias)
    variance = joint[0, 0] - joint[0, 1] ** 2 / joint[1, 1]
    return evidence, Normal(mean, variance.sqrt())


def expectation(f, mean, std):
    """E[f(z)] for z ~ N(mean, std^2), by Gauss and Hermite's rule: exact for polynomials."""
    nodes, weights = special.roots_hermitenorm(40)
    return float(weights @ f(mean + std * nodes) / weights.sum())


@pytest.mark.parametrize(("model", "x"), CASES)
def test_evidence_and_posterior_match_the_conditioned_joint_normal(node, model, x):
    log_p, posterior = outside(model, x)
    found = node.call("gaussian.js", "exactPosterior", named(model), x)
    assert found["mean"] == pytest.approx(posterior.mean.item(), abs=1e-12)
    assert found["std"] == pytest.approx(posterior.stddev.item(), abs=1e-12, rel=1e-10)
    found = node.call("gaussian.js", "logEvidence", named(model), x)
    assert found == pytest.approx(log_p, abs=1e-12, rel=1e-12)


def test_the_model_is_probabilistic_pca_of_one_dimension(node):
    weight, bias, noise = 1.5, 0.2, 0.6
    ppca = PPCA(double([[weight]]), double([bias]), noise**2)
    found = node.call("gaussian.js", "logEvidence", named((weight, bias, noise)), 1.2)
    assert found == pytest.approx(ppca.log_prob(double([[1.2]])).item(), abs=1e-6)


@pytest.mark.parametrize(("model", "x"), CASES)
def test_the_area_under_the_slice_is_the_evidence(node, model, x):
    """p(x | z) p(z), summed over z on a fine grid, without any formula for the answer."""
    weight, bias, noise = model
    z = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    product = Normal(0, 1).log_prob(z) + Normal(weight * z + bias, noise).log_prob(double(x))
    area = torch.trapezoid(product.exp(), z).item()
    found = node.call("gaussian.js", "logEvidence", named(model), x)
    assert math.exp(found) == pytest.approx(area, rel=1e-10)


@pytest.mark.parametrize(("model", "x"), CASES)
@pytest.mark.parametrize(("mean", "log_std"), QS)
def test_each_piece_of_the_elbo_has_its_outside_value(node, model, x, mean, log_std):
    weight, bias, noise = model
    q, prior = Normal(double(mean), double(log_std).exp()), Normal(double(0.0), double(1.0))
    log_p, posterior = outside(model, x)

    def log_likelihood(z):
        return Normal(double(weight * z + bias), noise).log_prob(double(x)).numpy()

    expected = {
        "reconstruction": expectation(log_likelihood, mean, math.exp(log_std)),
        "rate": kl_divergence(q, prior).item(),
        "gap": kl_divergence(q, posterior).item(),
        "evidence": log_p,
    }
    found = pieces_at(node, model, x, mean, log_std)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-10, rel=1e-10), name


@pytest.mark.parametrize(("model", "x"), CASES)
@pytest.mark.parametrize(("mean", "log_std"), QS)
def test_elbo_and_gap_add_up_to_the_evidence(node, model, x, mean, log_std):
    """Each of the three has its own formula, so this is the identity, not a subtraction."""
    found = pieces_at(node, model, x, mean, log_std)
    assert found["elbo"] + found["gap"] == pytest.approx(found["evidence"], abs=1e-9)
    assert found["elbo"] == pytest.approx(found["reconstruction"] - found["rate"], abs=1e-9)
    assert found["gap"] >= -1e-12
    assert found["rate"] >= -1e-12


@pytest.mark.parametrize(("model", "x"), CASES)
def test_the_gap_closes_at_the_posterior_and_nowhere_beside_it(node, model, x):
    _, posterior = outside(model, x)
    mean, log_std = posterior.mean.item(), math.log(posterior.stddev.item())

    def gap(*q):
        return pieces_at(node, model, x, *q)["gap"]

    assert gap(mean, log_std) == pytest.approx(0, abs=1e-12)
    for shift in (-0.01, 0.01):
        assert gap(mean + shift, log_std) > 1e-6
        assert gap(mean, log_std + shift) > 1e-6


@pytest.mark.parametrize(("model", "x"), [((1.5, 0.0, 0.6), 1.2), ((-2.0, 3.0, 0.2), 4.0)])
@pytest.mark.parametrize("start", [(0.0, 0.0), (-3.0, 0.5), (3.0, -2.5)])
def test_the_climb_never_goes_down_and_ends_at_the_posterior(node, model, x, start):
    _, posterior = outside(model, x)
    place, elbos = list(start), []
    while place is not None:
        elbos.append(pieces_at(node, model, x, *place)["elbo"])
        last, place = place, node.call("gaussian.js", "stepUphill", named(model), x, place)
        assert len(elbos) < 200
    assert (np.diff(elbos) > 0).all()
    assert len(elbos) > 20
    assert last[0] == pytest.approx(posterior.mean.item(), abs=1e-12)
    assert math.exp(last[1]) == pytest.approx(posterior.stddev.item(), abs=1e-12)


@pytest.mark.parametrize("weight", [-4, -1.5, -0.3, 0, 0.1, 0.6, 2.2, 4])
@pytest.mark.parametrize("noise_std", [0.2, 0.6, 2])
def test_the_sliders_of_q_reach_every_posterior(weight, noise_std):
    view = ELBOExplorer(weight=weight, bias=1, noise_std=noise_std, x=1).view
    for x in view.x_bounds:
        _, posterior = outside((weight, 1, noise_std), x)
        assert MEAN_BOUNDS[0] <= posterior.mean.item() <= MEAN_BOUNDS[1]
        assert LOG_STD_BOUNDS[0] <= math.log(posterior.stddev.item()) <= LOG_STD_BOUNDS[1]


def test_bars_of_the_ledger_meet_and_end_at_the_evidence(node):
    for (model, x), q in itertools.product(CASES, QS):
        pieces = pieces_at(node, model, x, *q)
        rows = {row["key"]: row for row in node.call("ledger.js", "ledgerRows", pieces)}
        assert list(rows) == PIECES
        assert rows["rate"]["from"] == rows["reconstruction"]["to"]
        assert rows["rate"]["to"] == pytest.approx(rows["elbo"]["to"], abs=1e-12)
        assert rows["gap"]["from"] == rows["elbo"]["to"]
        assert rows["gap"]["to"] == pytest.approx(rows["evidence"]["to"], abs=1e-9)
        # Minus a divergence goes left, plus a divergence goes right, whatever the sign of the sums.
        assert rows["rate"]["to"] <= rows["rate"]["from"] + 1e-12
        assert rows["gap"]["to"] >= rows["gap"]["from"] - 1e-9


def test_the_ledger_adds_up_as_it_is_written(node):
    generator = np.random.default_rng(3)
    for _ in range(300):
        q = generator.uniform(*MEAN_BOUNDS), generator.uniform(*LOG_STD_BOUNDS)
        pieces = pieces_at(node, (1.5, 0.0, 0.6), generator.uniform(-4, 4), *q)
        texts = node.call("ledger.js", "ledgerTexts", pieces)
        told = {key: round(1000 * float(text.replace("−", "-"))) for key, text in texts.items()}
        assert told["elbo"] + told["gap"] == told["evidence"]
        assert told["reconstruction"] - told["rate"] == told["elbo"]
        for key in ("evidence", "gap", "rate"):
            assert told[key] == pytest.approx(1000 * pieces[key], abs=0.5001)
        for key in ("elbo", "reconstruction"):
            assert told[key] == pytest.approx(1000 * pieces[key], abs=1.5001)


@pytest.mark.parametrize(("weight", "bias", "noise_std"), [(1.5, 0, 0.6), (4, 9, 0.2), (0.1, 0, 2)])
def test_the_ledger_always_shows_the_evidence_and_the_best_reconstruction(
    node, weight, bias, noise_std
):
    view = ELBOExplorer(weight=weight, bias=bias, noise_std=noise_std, x=bias).view
    ends = [
        node.call("gaussian.js", "logEvidence", named((weight, bias, noise_std)), x)
        for x in view.x_bounds
    ]
    low, high = node.call("ledger.js", "ledgerRange", min(ends), noise_std)
    assert low <= min(ends) - 5
    best = Normal(0.0, noise_std).log_prob(torch.tensor(0.0)).item()
    assert high > max(0, best, *ends)


@pytest.mark.parametrize("widget", [PosteriorExplorer, ELBOExplorer])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise_std": 0}, "noise_std must be from 0.2 to 2, got 0"),
        ({"weight": 5}, "weight must be from -4 to 4, got 5"),
        ({"x": 4.5}, "x must be from -4 to 4, got 4.5"),
        ({"x": math.nan}, "x must be from -4 to 4, got nan"),
        ({"bias": math.inf}, "bias must be from -100 to 100, got inf"),
    ],
)
def test_widgets_refuse_what_their_sliders_cannot_show(widget, options, message):
    with pytest.raises(ValueError, match=message):
        widget(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": -4}, "mean must be from -3 to 3, got -4"),
        ({"log_std": 1}, "log_std must be from -3 to 0.5, got 1"),
    ],
)
def test_elbo_explorer_refuses_a_q_off_its_sliders(options, message):
    with pytest.raises(ValueError, match=message):
        ELBOExplorer(**options)


@pytest.mark.parametrize("widget", [PosteriorExplorer, ELBOExplorer])
def test_sliders_begin_where_the_view_does_and_x_moves_with_the_bias(widget):
    made = widget(weight=-2, bias=10, noise_std=1, x=7.5)
    assert made.view.x_bounds == [4.5, 15.5]
    for trait, mover in made.sliders.items():
        assert mover.value == getattr(made.view, trait)
        assert mover.description
    assert (made.sliders["x"].min, made.sliders["x"].max) == (4.5, 15.5)


def numbers_of(alt):
    return [float(text) for text in re.findall(r"-?\d+\.\d+", alt)]


def test_figure_of_the_posterior_tells_its_numbers():
    alt = PosteriorExplorer(x=-2.0, noise_std=0.8)._repr_mimebundle_()[0]["text/plain"]
    log_p, posterior = outside((1.5, 0.0, 0.8), -2.0)
    expected = [-2.0, math.exp(log_p), log_p, posterior.mean.item(), posterior.stddev.item()]
    assert numbers_of(alt) == pytest.approx(expected, abs=6e-4)


def test_figure_of_the_elbo_tells_its_numbers(node):
    alt = ELBOExplorer(mean=0.5, log_std=-0.5)._repr_mimebundle_()[0]["text/plain"]
    pieces = pieces_at(node, (1.5, 0.0, 0.6), 1.2, 0.5, -0.5)
    expected = [1.2, 0.5, math.exp(-0.5), *(pieces[name] for name in PIECES)]
    assert numbers_of(alt) == pytest.approx(expected, abs=4e-3)
    assert numbers_of(alt)[3:] == pytest.approx(expected[3:], abs=6e-4)
