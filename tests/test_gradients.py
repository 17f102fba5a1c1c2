"""Both gradient estimators against exact gradients and exact variances, f(z) = sum z^2 among them."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.gradients import pathwise_gradient, score_function_gradient

SAMPLES = 200_000
ESTIMATORS = (pathwise_gradient, score_function_gradient)
MEAN = torch.tensor([1.0, -0.5, 0.0], dtype=torch.float64)
STD = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sum_of_squares(z):
    return z.square().sum(-1)


def deviations(estimates, exact):
    """Distance of the mean over the samples from the exact gradient, in standard errors."""
    return (estimates.mean(0) - exact) / (estimates.std(0) / math.sqrt(len(estimates)))


def score_variances(mean, std, baseline=0.0):
    """Closed form for f(z) = sum z^2 - baseline: Gaussian moments up to the eighth."""
    second = mean**2 + std**2
    rest = second.sum() - second - baseline  # mean of the other terms of f
    spread = 4 * mean**2 * std**2 + 2 * std**4
    rest2 = spread.sum() - spread + rest**2  # and their mean square
    of_mean = mean**4 + 18 * mean**2 * std**2 + 15 * std**4 + rest2
    of_mean = of_mean + 2 * rest * (mean**2 + 3 * std**2)
    of_std = 2 * mean**4 + 60 * mean**2 * std**2 + 78 * std**4 + 2 * rest2
    of_std = of_std + 2 * rest * (2 * mean**2 + 10 * std**2)
    return of_mean / std**2 - 4 * mean**2, of_std / std**2 - 4 * std**2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_mean_over_samples_is_the_exact_gradient(estimator, seed):
    of_mean, of_std = estimator(sum_of_squares, MEAN, STD, samples=SAMPLES, generator=seeded(seed))
    assert deviations(of_mean, 2 * MEAN).abs().max() < 4.5
    assert deviations(of_std, 2 * STD).abs().max() < 4.5


@pytest.mark.parametrize("baseline", [6.0, torch.linspace(-3, 3, SAMPLES)])
def test_a_baseline_leaves_the_mean_alone(baseline):
    of_mean, of_std = score_function_gradient(
        sum_of_squares, MEAN, STD, samples=SAMPLES, baseline=baseline, generator=seeded()
    )
    assert deviations(of_mean, 2 * MEAN).abs().max() < 4.5
    assert deviations(of_std, 2 * STD).abs().max() < 4.5


def test_variances_of_the_pathwise_estimator_match_the_closed_form():
    of_mean, of_std = pathwise_gradient(
        sum_of_squares, MEAN, STD, samples=SAMPLES, generator=seeded()
    )
    assert of_mean.var(0).tolist() == pytest.approx((4 * STD**2).tolist(), rel=0.02)
    expected = 4 * (MEAN**2 + 2 * STD**2)
    assert of_std.var(0).tolist() == pytest.approx(expected.tolist(), rel=0.03)


@pytest.mark.parametrize("baseline", [None, 3.0, 6.5])
def test_variances_of_the_score_function_estimator_match_the_closed_form(baseline):
    of_mean, of_std = score_function_gradient(
        sum_of_squares, MEAN, STD, samples=5 * SAMPLES, baseline=baseline, generator=seeded()
    )
    expected = score_variances(MEAN, STD, baseline or 0.0)
    assert of_mean.var(0).tolist() == pytest.approx(expected[0].tolist(), rel=0.05)
    assert of_std.var(0).tolist() == pytest.approx(expected[1].tolist(), rel=0.05)


@given(
    st.floats(-2, 2),
    st.floats(0.2, 2),
    st.sampled_from([torch.sin, torch.tanh, lambda z: (z - 0.3).relu()]),
)
@settings(max_examples=20, deadline=None)
def test_one_noise_gives_autograd_on_the_drawn_samples(mu, sigma, shape):
    """The pathwise estimate is the derivative of f(mu + sigma eps) with the same eps."""
    mean = torch.tensor([mu], dtype=torch.float64, requires_grad=True)
    std = torch.tensor([sigma], dtype=torch.float64, requires_grad=True)
    given_estimates = pathwise_gradient(
        lambda z: shape(z).sum(-1), mean, std, samples=7, generator=seeded()
    )
    eps = torch.randn(7, 1, generator=seeded(), dtype=torch.float64)
    expected = torch.autograd.grad(shape(mean + std * eps).sum(), (mean, std))
    for ours, theirs in zip(given_estimates, expected, strict=True):
        assert torch.allclose(ours.sum(0), theirs, atol=1e-12)
        assert not ours.requires_grad


def test_one_noise_gives_the_score_of_torch_distributions():
    mean, std = MEAN.clone().requires_grad_(), STD.clone().requires_grad_()
    ours = score_function_gradient(
        sum_of_squares, mean, std, samples=1, baseline=2.0, generator=seeded()
    )
    eps = torch.randn(1, 3, generator=seeded(), dtype=torch.float64)
    z = (mean + std * eps).detach()
    log_q = torch.distributions.Normal(mean, std).log_prob(z).sum()
    theirs = torch.autograd.grad((sum_of_squares(z) - 2.0).sum() * log_q, (mean, std))
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a[0], b, atol=1e-12)
        assert not a.requires_grad


def test_a_jump_is_lost_on_the_path_and_seen_by_the_score():
    """f = sign: the gradient is that of 2 Phi(mu / sigma) - 1, not zero."""
    mean, std = torch.tensor([0.3]).double(), torch.tensor([0.8]).double()
    u = mean / std
    density = (-0.5 * u**2).exp() / math.sqrt(2 * math.pi)
    arguments = {"samples": SAMPLES, "generator": seeded()}
    path = pathwise_gradient(lambda z: z.sign().sum(-1), mean, std, **arguments)
    score = score_function_gradient(lambda z: z.sign().sum(-1), mean, std, **arguments)
    assert path[0].abs().max() == 0
    assert path[1].abs().max() == 0
    assert deviations(score[0], 2 * density / std).abs().max() < 4.5
    assert deviations(score[1], -2 * u * density / std).abs().max() < 4.5


def test_gradients_can_be_asked_for_where_autograd_is_off():
    with torch.no_grad():
        of_mean, _ = pathwise_gradient(sum_of_squares, MEAN, STD, samples=4, generator=seeded())
    eps = torch.randn(4, 3, generator=seeded(), dtype=torch.float64)
    assert torch.allclose(of_mean, 2 * (MEAN + STD * eps))
    assert of_mean.dtype == torch.float64


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_bad_arguments_are_named(estimator):
    one = torch.ones(2)
    with pytest.raises(ValueError, match=r"one shape \[d\], got \[2\] and \[3\]"):
        estimator(sum_of_squares, one, torch.ones(3), samples=1)
    with pytest.raises(ValueError, match=r"one shape \[d\], got \[\] and \[\]"):
        estimator(sum_of_squares, torch.tensor(1.0), torch.tensor(1.0), samples=1)
    with pytest.raises(ValueError, match="positive, got a smallest entry of -1"):
        estimator(sum_of_squares, one, torch.tensor([1.0, -1.0]), samples=1)
    with pytest.raises(ValueError, match="std must be positive, got a smallest entry of nan"):
        estimator(sum_of_squares, one, one * math.nan, samples=1)
    for samples in (0, 2.0, True):
        with pytest.raises(ValueError, match="samples must be a positive integer"):
            estimator(sum_of_squares, one, one, samples=samples)
    with pytest.raises(ValueError, match=r"one value per sample, \[5\], got \[5, 2\]"):
        estimator(lambda z: z.square(), one, one, samples=5)


def test_a_function_that_autograd_cannot_follow_is_refused_on_the_path_only():
    def step(z):
        return (z > 0).double().sum(-1)

    with pytest.raises(ValueError, match="score_function_gradient needs only the values"):
        pathwise_gradient(step, MEAN, STD, samples=3)
    of_mean, _ = score_function_gradient(step, MEAN, STD, samples=3)
    assert of_mean.isfinite().all()


def test_a_baseline_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"per sample \[4\], got \[4, 1\]"):
        score_function_gradient(sum_of_squares, MEAN, STD, samples=4, baseline=torch.ones(4, 1))
