"""What chapter 10 takes for granted: identities of VAEs, held against grids, autograd and closed forms."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal, kl_divergence
from torch.nn import functional as F

from aecore.evaluation import log_likelihood
from aecore.exact import PPCA
from aecore.models import VAE
from aecore.networks import mlp
from aecore.objectives import gaussian_kl


def plane_vae() -> tuple[VAE, torch.Tensor]:
    """A small VAE with a code of two numbers, and binary data for it."""
    torch.manual_seed(0)
    vae = VAE(mlp([6, 8, 4]), mlp([2, 8, 6]), 2).double()
    with torch.no_grad():
        vae.decoder[-1].weight.mul_(4)  # so that the posterior is no copy of the prior
    return vae, torch.rand(9, 6).double().round()


def grid(reach: float, step: float) -> torch.Tensor:
    side = torch.arange(-reach, reach + step / 2, step, dtype=torch.float64)
    return torch.cartesian_prod(side, side)


@torch.no_grad()
def test_evidence_minus_elbo_is_the_divergence_from_the_posterior():
    vae, x = plane_vae()
    step, z = 0.05, grid(7, 0.05)
    joint = vae.decode(z[:, None]).log_prob(x) + vae.prior.log_prob(z).sum(1, keepdim=True)
    evidence = joint.logsumexp(0) + 2 * math.log(step)
    log_q = vae.encode(x).log_prob(z[:, None]).sum(2)
    divergence = (log_q.exp() * (log_q - (joint - evidence))).sum(0) * step**2
    torch.manual_seed(1)
    draws = torch.stack([vae.elbo(x, samples=500).total for _ in range(40)])
    missing, error = evidence - draws.mean(0), draws.std(0) / 40**0.5
    assert divergence.min() > 1e-3
    assert ((missing - divergence).abs() < 5 * error + 1e-6).all()


def test_the_best_width_is_one_plus_the_mean_curvature():
    """At the maximum of E_q[f(z)] - KL over sigma: 1 / sigma^2 = 1 - E_q[f''(z)]."""
    nodes = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    weights = (-0.5 * nodes**2).exp()
    weights = weights / weights.sum()
    mu, logvar = torch.tensor(0.4).double(), torch.zeros((), dtype=torch.float64)
    logvar.requires_grad_()

    def f(z):  # a Bernoulli pixel's log-probability, with a logit that is not linear in z
        return F.logsigmoid(3 * z.sin() + z)

    optimiser = torch.optim.LBFGS([logvar], max_iter=100, tolerance_grad=1e-12)

    def loss():
        optimiser.zero_grad()
        value = gaussian_kl(mu[None], logvar[None]) - (
            weights @ f(mu + (0.5 * logvar).exp() * nodes)
        )
        value.backward()
        return value

    optimiser.step(loss)
    z = (mu + (0.5 * logvar.detach()).exp() * nodes).requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z, create_graph=True)
    (second,) = torch.autograd.grad(slope.sum(), z)
    assert logvar.exp().item() < 0.9
    assert 1 / logvar.exp().item() == pytest.approx(1 - (weights @ second).item(), rel=1e-5)


def test_log_p_of_a_bernoulli_is_minus_the_summed_cross_entropy():
    vae, x = plane_vae()
    logits = vae.decoder(torch.randn(9, 2).double())
    by_hand = (x * logits - F.softplus(logits)).sum(1)
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    torch.testing.assert_close(by_hand, -bce)
    torch.testing.assert_close(Bernoulli(logits=logits).log_prob(x).sum(1), by_hand)


def test_a_confident_mistake_has_its_true_cost_from_the_logit_only():
    a, white = torch.tensor(120.0), torch.tensor(0.0)
    assert torch.log(1 - a.sigmoid()).item() == -math.inf
    assert torch.log(1 - a.sigmoid() + 1e-8).item() > -20
    assert Bernoulli(logits=a).log_prob(white).item() == pytest.approx(-120)


def test_over_grey_levels_the_bernoulli_formula_is_no_density():
    a = torch.tensor([-8.0, -2.0, -0.1, 0.1, 1.0, 5.0], dtype=torch.float64)
    x = torch.linspace(0, 1, 20_001, dtype=torch.float64)[:, None]
    integral = torch.trapezoid((x * a - F.softplus(a)).exp(), x, dim=0)
    torch.testing.assert_close(integral, (a / 2).tanh() / a, rtol=0, atol=1e-6)
    assert integral.max() < 0.5
    proper = torch.trapezoid(ContinuousBernoulli(logits=a).log_prob(x).exp(), x, dim=0)
    torch.testing.assert_close(proper, torch.ones_like(a), rtol=0, atol=1e-3)


def test_the_grey_cross_entropy_is_the_mean_over_binarisations():
    torch.manual_seed(0)
    grey, a = torch.rand(5).double(), torch.randn(5).double()
    every = torch.cartesian_prod(*5 * [torch.tensor([0.0, 1.0]).double()])
    chance = Bernoulli(grey).log_prob(every).sum(1).exp()
    mean = chance @ Bernoulli(logits=a).log_prob(every).sum(1)
    bce = F.binary_cross_entropy_with_logits(a, grey, reduction="sum")
    torch.testing.assert_close(mean, -bce)


def test_a_mean_over_pixels_beside_a_summed_kl_is_a_beta_of_the_number_of_pixels():
    vae, x = plane_vae()
    torch.manual_seed(0)
    one = vae.elbo(x)
    mixed_up = -one.reconstruction / 6 + one.kl
    torch.manual_seed(0)
    torch.testing.assert_close(mixed_up, -vae.elbo(x, beta=6).total / 6)


def test_beta_and_the_gaussian_variance_are_one_knob():
    """D + beta R at variance s^2, over beta, is D + R at beta s^2, up to a constant."""
    x, beta, s2 = torch.rand(9, 6).double(), 2.5, 0.3
    losses = []
    for b, variance in ((beta, s2), (1.0, beta * s2)):
        torch.manual_seed(0)
        vae = VAE(mlp([6, 8, 4]), mlp([2, 8, 6]), 2, "gaussian", noise_variance=variance).double()
        torch.manual_seed(1)
        constant = 6 / 2 * math.log(2 * math.pi * variance)
        losses.append((-vae.elbo(x, beta=b).total - constant) / b)
    torch.testing.assert_close(*losses)


def test_train_and_eval_change_no_sampling():
    vae, x = plane_vae()
    reports = []
    for mode in (vae.train(), vae.eval()):
        torch.manual_seed(0)
        reports.append(mode.elbo(x).total)
    assert torch.equal(*reports)


def test_the_mean_rate_is_information_plus_mismatch():
    z = torch.linspace(-9, 9, 9001, dtype=torch.float64)
    step = z[1] - z[0]
    q = Normal(torch.tensor([-1.0, 0.2, 1.5]).double(), torch.tensor([0.3, 0.9, 0.5]).double())
    each = q.log_prob(z[:, None])
    together = each.logsumexp(1) - math.log(3)
    information = (each.exp() * (each - together[:, None])).sum(0).mean() * step
    mismatch = (together.exp() * (together - Normal(0.0, 1.0).log_prob(z))).sum() * step
    rate = kl_divergence(q, Normal(torch.zeros(3).double(), torch.ones(3).double())).mean()
    assert min(information, mismatch) > 0.05
    torch.testing.assert_close(information + mismatch, rate)


def test_averages_over_larger_groups_of_weights_are_tighter_for_every_draw():
    torch.manual_seed(0)
    log_w = 3 * torch.randn(500, 40).double()
    bounds = []
    for k in (1, 5, 10, 50, 100, 500):
        groups = log_w.reshape(-1, k, 40)
        bounds.append((groups.logsumexp(1) - math.log(k)).mean(0))
    bounds = torch.stack(bounds)
    assert bounds.diff(dim=0).min() > 0
    torch.testing.assert_close(bounds[0], log_w.mean(0))


def linear_vae(w, m, s2):
    """The VAE with decoder W z + m and, for it, the best diagonal Gaussian encoder."""
    data_dim, d = w.shape
    precision = torch.eye(d).double() + w.T @ w / s2
    gain = torch.linalg.solve(precision, w.T / s2)
    vae = VAE(mlp([data_dim, 2 * d]), mlp([d, data_dim]), d, "gaussian", s2).double()
    with torch.no_grad():
        vae.encoder[0].weight.copy_(torch.cat([gain, torch.zeros_like(gain)]))
        vae.encoder[0].bias.copy_(torch.cat([-gain @ m, -precision.diagonal().log()]))
        vae.decoder[0].weight.copy_(w)
        vae.decoder[0].bias.copy_(m)
    return vae, precision


def spread_data() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(400, 6).double() * torch.tensor([3.0, 2.2, 1.5, 1.0, 0.6, 0.4])


@torch.no_grad()
@pytest.mark.parametrize("degrees", range(0, 181, 15))
def test_turning_two_axes_costs_the_elbo_alone_and_by_hadamards_gap(degrees):
    x = spread_data()
    ppca = PPCA.fit(x, 3)
    angle, r = math.radians(degrees), torch.eye(3).double()
    r[0, 0] = r[2, 2] = math.cos(angle)
    r[0, 2], r[2, 0] = -math.sin(angle), math.sin(angle)
    vae, precision = linear_vae(ppca.weight @ r, ppca.mean, ppca.noise_variance)
    turned = PPCA(ppca.weight @ r, ppca.mean, ppca.noise_variance)
    torch.testing.assert_close(turned.log_prob(x), ppca.log_prob(x))
    gap = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    assert (gap < 1e-9).item() == (degrees in (0, 90, 180))
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    if degrees == 45:
        means = (values[0] + values[2]) / 2, (values[0] * values[2]).sqrt()
        torch.testing.assert_close(gap, (means[0] / means[1]).log())
    q = vae.encode(x[:5])
    posterior = torch.distributions.MultivariateNormal(q.mean, precision_matrix=precision)
    diagonal = torch.distributions.MultivariateNormal(q.mean, torch.diag_embed(q.variance))
    torch.testing.assert_close(kl_divergence(diagonal, posterior), gap.expand(5))


@torch.no_grad()
def test_rate_and_distortion_of_optimal_linear_vaes_fall_and_are_convex():
    values = torch.tensor([9.0, 5.0, 2.0, 1.0, 0.3]).double()
    betas = torch.tensor([0.1, 0.4, 1.0, 1.7, 3.0, 8.0]).double()
    levels = 0.6 * betas[:, None]  # beta s^2, by the one knob, with s^2 = 0.6
    rates = 0.5 * (values / levels).log().clamp(min=0).sum(1)
    distortions = values.minimum(levels).sum(1) / (2 * 0.6)
    slopes = distortions.diff() / -rates.diff()
    assert (rates.diff() < 0).all()
    assert (slopes >= betas[:-1]).all()
    assert (slopes <= betas[1:]).all()


@torch.no_grad()
def test_a_wrong_width_reports_more_than_log_p():
    """exp(logvar) for sigma, or no draw at all, under the right KL: no bound any more."""
    x = spread_data()
    ppca = PPCA.fit(x, 3)
    vae, _ = linear_vae(ppca.weight, ppca.mean, ppca.noise_variance)
    q, s2 = vae.encode(x), ppca.noise_variance

    def report(std):
        error = (vae.decoder(q.mean) - x).square().sum(1) + std**2 @ ppca.weight.square().sum(0)
        constant = 6 / 2 * math.log(2 * math.pi * s2)
        return -error / (2 * s2) - constant - kl_divergence(q, vae.prior).sum(1)

    truth = ppca.log_prob(x)
    torch.testing.assert_close(report(q.stddev), truth)
    assert (report(q.variance) > truth + 0.1).all()
    assert (report(0 * q.stddev) > truth + 0.1).all()
    torch.testing.assert_close(log_likelihood(vae, x, samples=1), truth)
