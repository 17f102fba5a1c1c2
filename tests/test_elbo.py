"""Theorems of the chapter on the ELBO and the KL, on the package's models and by other routes."""

import math
from itertools import pairwise

import pytest
import sympy
import torch
from scipy import integrate
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal
from torch.distributions import kl_divergence as kl

from aecore.exact import PPCA
from aecore.objectives import gaussian_kl


def linear_model(data_dim: int = 7, d: int = 3) -> tuple[PPCA, torch.Tensor]:
    """A probabilistic PCA in float64 and 200 draws from it."""
    generator = torch.Generator().manual_seed(0)
    weight, z, noise = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((data_dim, d), (200, d), (200, data_dim))
    )
    mean = torch.arange(data_dim, dtype=torch.float64)
    return PPCA(weight, mean, 0.3), z @ weight.T + mean + math.sqrt(0.3) * noise


def standard(d: int) -> MultivariateNormal:
    return MultivariateNormal(torch.zeros(d).double(), torch.eye(d).double())


def expected_log_likelihood(model: PPCA, x, mu, cov) -> torch.Tensor:
    """E_q[log p(x | z)] for q = N(mu, cov): the error at mu, and what the spread of z adds."""
    error = (x - model.mean - mu @ model.weight.T).square().sum(1)
    error = error + (model.weight @ cov @ model.weight.T).diagonal(dim1=-2, dim2=-1).sum(-1)
    s2 = model.noise_variance
    return -error / (2 * s2) - x.shape[1] / 2 * math.log(2 * math.pi * s2)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_elbo_plus_the_gap_is_the_evidence_for_any_q(scale):
    model, x = linear_model()
    generator = torch.Generator().manual_seed(1)
    options = {"generator": generator, "dtype": torch.float64}
    mu = scale * torch.randn(len(x), 3, **options)
    root = scale * torch.randn(len(x), 3, 3, **options)
    q = MultivariateNormal(mu, root @ root.mT + 1e-3 * scale * torch.eye(3).double())
    elbo = expected_log_likelihood(model, x, q.mean, q.covariance_matrix) - kl(q, standard(3))
    gap = kl(q, model.posterior(x))
    assert (gap > 0).all()
    torch.testing.assert_close(elbo + gap, model.log_prob(x), rtol=1e-8, atol=1e-8 * scale**2)


def test_with_the_posterior_for_q_the_elbo_is_the_evidence():
    model, x = linear_model()
    q = model.posterior(x)
    elbo = expected_log_likelihood(model, x, q.mean, q.covariance_matrix) - kl(q, standard(3))
    torch.testing.assert_close(elbo, model.log_prob(x))


def test_gaussian_kl_is_sympys_integral():
    z, mu = sympy.symbols("z mu", real=True)
    sigma = sympy.symbols("sigma", positive=True)
    log_q = -sympy.log(sigma) - sympy.log(2 * sympy.pi) / 2 - ((z - mu) / sigma) ** 2 / 2
    log_p = -sympy.log(2 * sympy.pi) / 2 - z**2 / 2
    integral = sympy.integrate(sympy.exp(log_q) * (log_q - log_p), (z, -sympy.oo, sympy.oo))
    for mean, std in ((0.0, 1.0), (1.0, 0.6), (-2.0, 0.3), (0.5, 2.0)):
        place = torch.tensor([[mean], [std]], dtype=torch.float64)
        ours = gaussian_kl(place[:1], 2 * place[1:].log()).item()
        assert ours == pytest.approx(float(integral.subs({mu: mean, sigma: std})), abs=1e-12)


def test_the_forward_fit_has_the_moments_of_its_target():
    """The slope of KL(p || q) over q's mean and log std is zero there, for p of two unequal bumps."""
    bumps = Normal(torch.tensor([-2.0, 1.0]).double(), torch.tensor([0.6, 1.1]).double())
    p = MixtureSameFamily(Categorical(torch.tensor([0.3, 0.7]).double()), bumps)
    z = torch.linspace(-14, 14, 4001, dtype=torch.float64)
    place = torch.stack([p.mean, p.variance.sqrt().log()]).requires_grad_()
    density = p.log_prob(z).exp()
    divergence = torch.trapezoid(
        density * (p.log_prob(z) - Normal(place[0], place[1].exp()).log_prob(z)), z
    )
    (slope,) = torch.autograd.grad(divergence, place)
    torch.testing.assert_close(slope, torch.zeros(2).double(), rtol=0, atol=1e-10)


def test_em_never_lowers_the_evidence_and_ends_at_its_maximum():
    """EM for W and s^2 of probabilistic PCA (Rubin and Thayer, 1982), with the package's posterior."""
    _, x = linear_model()
    best = PPCA.fit(x, 2)
    centred, generator = x - x.mean(0), torch.Generator().manual_seed(2)
    weight = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    model, evidence = PPCA(weight, x.mean(0), 1.0), []
    for _ in range(400):
        evidence.append(model.log_prob(x).mean().item())
        q = model.posterior(x)
        second = (q.covariance_matrix + q.mean[:, :, None] * q.mean[:, None]).sum(0)
        weight = torch.linalg.solve(second, q.mean.T @ centred).T
        left = centred.square().sum() - 2 * (centred * (q.mean @ weight.T)).sum()
        s2 = (left + (weight.T @ weight * second).sum()) / x.numel()
        model = PPCA(weight, x.mean(0), s2)
    assert min(b - a for a, b in pairwise(evidence)) > -1e-10
    assert evidence[-1] == pytest.approx(best.log_prob(x).mean().item(), abs=1e-6)
    assert evidence[0] < evidence[-1] - 1


def precision(correlation: float) -> torch.Tensor:
    """The precision matrix of two codes with that correlation and unequal variances."""
    covariance = torch.tensor([[2.0, 0], [0, 0.5]], dtype=torch.float64)
    covariance[0, 1] = covariance[1, 0] = correlation
    return covariance.inverse()


@pytest.mark.parametrize("correlation", [0.0, 0.3, -0.8])
def test_the_best_diagonal_q_has_the_variances_given_the_other_codes(correlation):
    lam = precision(correlation)
    target = MultivariateNormal(torch.zeros(2).double(), precision_matrix=lam)
    log_v = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_v], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        gap = kl(MultivariateNormal(torch.zeros(2).double(), log_v.exp().diag()), target)
        gap.backward()
        return gap

    optimiser.step(closure)
    conditional = target.variance * (1 - correlation**2)  # the regression on the other code
    torch.testing.assert_close(log_v.exp().detach(), conditional, rtol=1e-4, atol=0)
    torch.testing.assert_close(1 / lam.diagonal(), conditional)


def second_moment(lam: torch.Tensor, v: torch.Tensor, reach: float) -> float:
    """The integral of posterior^2 / q over a square of half-width `reach`, q = N(0, diag v)."""
    p = MultivariateNormal(torch.zeros(2).double(), precision_matrix=lam)
    q = MultivariateNormal(torch.zeros(2).double(), v.diag())

    axis = torch.linspace(-reach, reach, 161, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    values = (2 * p.log_prob(z) - q.log_prob(z)).exp().reshape(161, 161)
    return integrate.simpson(integrate.simpson(values.numpy(), x=axis.numpy()), x=axis.numpy())


@pytest.mark.parametrize("correlation", [0.4, -0.45, 0.55, -0.8])
def test_the_narrow_qs_weights_have_a_variance_only_below_a_correlation_of_one_half(correlation):
    """The integral over larger and larger squares settles, or grows on."""
    lam = precision(correlation)
    narrow, wide = 1 / lam.diagonal(), lam.inverse().diagonal()
    for v, finite in ((narrow, abs(correlation) < 0.5), (wide, True)):
        within = [second_moment(lam, v, reach) for reach in (12, 24)]
        assert (within[1] / within[0] < 1.02) == finite
        matrix = 2 * lam - (1 / v).diag()
        assert bool((torch.linalg.eigvalsh(matrix) > 0).all()) == finite
