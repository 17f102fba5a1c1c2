"""The conditional VAE against conditional Gaussians, Bayesian regression and torch.distributions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.distributions import (
    Bernoulli,
    Categorical,
    MultivariateNormal,
    Normal,
    kl_divergence,
)

from aecore.evaluation import (
    active_units,
    kl_per_dimension,
    log_likelihood,
    reconstruction_error,
)
from aecore.exact import PPCA
from aecore.models import VAE, ConditionalVAE
from aecore.networks import Conditioned, mlp
from aecore.objectives import negative_elbo
from aecore.training import fit

TIGHT = {"rtol": 1e-9, "atol": 1e-9}


def regression_data(n: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    """x [n, 5] that depends on c [n, 3] linearly, with correlated noise; float64."""
    torch.manual_seed(0)
    c = torch.randn(n, 3).double()
    noise = torch.randn(n, 5).double() @ torch.randn(5, 5).double()
    return c @ torch.randn(3, 5).double() + 1.5 + noise, c


def maximum_likelihood(x, c, d: int = 2) -> tuple[torch.Tensor, torch.Tensor, PPCA]:
    """A, m and the PPCA of the residuals: the maximum of log N(x; A c + m, W W^T + s^2 I) over all four."""
    design = torch.cat([c, torch.ones(len(c), 1).double()], 1)
    solution = torch.linalg.lstsq(design, x).solution.T
    return solution[:, :-1], solution[:, -1], PPCA.fit(x - design @ solution.T, d)


def linear_cvae(slope, offset, ppca: PPCA) -> ConditionalVAE:
    """x | z, c ~ N(W z + A c + m, s^2 I) with the exact posterior as q(z | x, c)."""
    dim, d = ppca.weight.shape
    inner = ppca.weight.T @ ppca.weight + ppca.noise_variance * torch.eye(d).double()
    to_mean = torch.linalg.solve(inner, ppca.weight.T)
    width = slope.shape[1]
    cvae = ConditionalVAE(
        mlp([dim + width, 2 * d]),
        mlp([d + width, dim]),
        d,
        likelihood="gaussian",
        noise_variance=ppca.noise_variance,
        learn_noise=True,
    ).double()
    with torch.no_grad():
        encoder, decoder = cvae.encoder[0], cvae.decoder[0]
        mean_map = torch.cat([to_mean, -to_mean @ slope], 1)
        encoder.weight.copy_(torch.cat([mean_map, torch.zeros_like(mean_map)]))
        logvar = (ppca.noise_variance / inner.diagonal()).log()
        encoder.bias.copy_(torch.cat([-to_mean @ offset, logvar]))
        decoder.weight.copy_(torch.cat([ppca.weight, slope], 1))
        decoder.bias.copy_(offset)
        cvae.noise_logvar.fill_(math.log(ppca.noise_variance))
    return cvae


def exact_reconstruction(model, x, c) -> torch.Tensor:
    """E_q[log p(x | z, c)] of a linear decoder: z = mu +- sqrt(d) sigma e_i integrate a quadratic exactly."""
    q = model.encode(x, c)
    d = q.mean.shape[1]
    directions = torch.cat([torch.eye(d), -torch.eye(d)]).double() * math.sqrt(d)
    points = q.mean + q.stddev * directions[:, None]
    return model.decode(points, c).log_prob(x).mean(0)


def evidence(slope, offset, ppca: PPCA, c) -> MultivariateNormal:
    return MultivariateNormal(c @ slope.T + offset, ppca.covariance)


def test_the_elbo_is_the_conditional_evidence_at_the_exact_posterior():
    """p(x | c) = N(A c + m, W W^T + s^2 I), and at its maximum every gradient vanishes."""
    x, c = regression_data()
    slope, offset, ppca = maximum_likelihood(x, c)
    cvae = linear_cvae(slope, offset, ppca)
    elbo = exact_reconstruction(cvae, x, c) - cvae.elbo(x, c).kl
    torch.testing.assert_close(elbo, evidence(slope, offset, ppca, c).log_prob(x), **TIGHT)
    elbo.mean().backward()
    for name, parameter in cvae.named_parameters():
        assert parameter.grad.abs().max() < 1e-9, name
    others = exact_reconstruction(cvae, x, c.flip(0)) - cvae.elbo(x, c.flip(0)).kl
    assert elbo.mean() - others.mean() > 1, "the conditions of other examples should cost nats"


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20, deadline=None)
def test_evidence_is_elbo_plus_divergence_from_the_posterior_for_any_q(seed):
    """log p(x | c) = ELBO + KL(q(z | x, c) || p(z | x, c)), A, m and W random too."""
    x, c = (part[:20] for part in regression_data())
    torch.manual_seed(seed)
    ppca = PPCA(torch.randn(5, 2).double(), torch.zeros(5).double(), 0.7)
    slope, offset = torch.randn(5, 3).double(), torch.randn(5).double()
    cvae = linear_cvae(slope, offset, ppca)
    with torch.no_grad():
        for parameter in cvae.encoder.parameters():
            parameter.normal_(0, 0.2)
    q = cvae.encode(x, c)
    q = MultivariateNormal(q.mean, torch.diag_embed(q.variance))
    gap = kl_divergence(q, ppca.posterior(x - c @ slope.T - offset))
    elbo = exact_reconstruction(cvae, x, c) - cvae.elbo(x, c).kl
    exact = evidence(slope, offset, ppca, c).log_prob(x)
    torch.testing.assert_close(elbo + gap, exact, **TIGHT)
    assert gap.min() > 0


class Design(nn.Module):
    """Decoder of Bayesian regression: c is the design matrix [B, n, d], z the coefficients; returns c z."""

    def forward(self, z, c):
        return (c @ z[..., None])[..., 0]


class RegressionPosterior(nn.Module):
    """p(z | x, c) of x = c z + noise for a design with orthogonal columns: mean, then logvar."""

    def __init__(self, noise_variance: float):
        super().__init__()
        self.noise_variance = nn.Parameter(torch.tensor(noise_variance, dtype=torch.float64))

    def forward(self, x, c):
        precision = 1 + c.pow(2).sum(1) / self.noise_variance
        mean = (c.mT @ x[..., None])[..., 0] / self.noise_variance / precision
        return torch.cat([mean, -precision.log()], 1)


def test_a_condition_that_is_a_design_matrix_makes_bayesian_linear_regression():
    """z ~ N(0, I) are the coefficients: evidence N(0, C C^T + s^2 I), whatever each example's design C."""
    torch.manual_seed(1)
    variance = 0.3
    c = torch.linalg.qr(torch.randn(50, 6, 3).double())[0] * torch.rand(50, 1, 3).double() * 4
    x = Design()(torch.randn(50, 3).double(), c) + variance**0.5 * torch.randn(50, 6).double()
    cvae = ConditionalVAE(RegressionPosterior(variance), Design(), 3, "gaussian", variance)
    covariance = c @ c.mT + variance * torch.eye(6).double()
    exact = MultivariateNormal(torch.zeros(50, 6).double(), covariance).log_prob(x)
    elbo = exact_reconstruction(cvae, x, c) - cvae.elbo(x, c).kl
    torch.testing.assert_close(elbo, exact, **TIGHT)
    torch.testing.assert_close(log_likelihood(cvae, x, c, samples=1), exact, **TIGHT)


@pytest.mark.parametrize("samples", [1, 7])
def test_log_likelihood_is_the_conditional_evidence_when_q_is_the_posterior(samples):
    x, c = regression_data()
    slope, offset, ppca = maximum_likelihood(x, c)
    bound = log_likelihood(linear_cvae(slope, offset, ppca), x, c, samples=samples, batch_size=64)
    torch.testing.assert_close(bound, evidence(slope, offset, ppca, c).log_prob(x), **TIGHT)


def test_every_measurement_gives_each_example_its_own_condition():
    x, c = regression_data()
    cvae = linear_cvae(*maximum_likelihood(x, c))
    with torch.no_grad():
        q = cvae.encode(x, c)
        kl = kl_divergence(q, Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))).mean(0)
        errors = (cvae.decode(q.mean, c).mean - x).pow(2).sum(1)
    torch.testing.assert_close(kl_per_dimension(cvae, x, c, batch_size=64), kl)
    torch.testing.assert_close(reconstruction_error(cvae, x, c, batch_size=64), errors)
    middle = q.mean.var(0).mean().item()
    assert torch.equal(
        active_units(cvae, x, c, threshold=middle, batch_size=64), q.mean.var(0) > middle
    )
    with pytest.raises(ValueError, match=r"each of 300 examples, got \[299, 3\]"):
        log_likelihood(cvae, x, c[1:], samples=1)


LABELLED = {"bernoulli": {}, "gaussian": {"noise_variance": 0.4}, "categorical": {}}


def labelled(likelihood: str, hidden: int = 8) -> tuple[ConditionalVAE, torch.Tensor, torch.Tensor]:
    """A model of six numbers, or of six symbols out of five, with four classes; x and labels for it."""
    torch.manual_seed(0)
    if likelihood == "categorical":
        x = torch.randint(0, 5, (7, 6))
        encoder = Conditioned(mlp([6 * 3 + 4, hidden, 4]), inputs=nn.Embedding(5, 3))
        decoder = nn.Sequential(mlp([2 + 4, hidden, 30]), nn.Unflatten(1, (6, 5)))
    else:
        x = torch.rand(7, 6).double().round()
        encoder, decoder = mlp([6 + 4, hidden, 4]), mlp([2 + 4, hidden, 6])
    cvae = ConditionalVAE(encoder, decoder, 2, likelihood, **LABELLED[likelihood])
    return cvae.double(), x, torch.tensor([0, 1, 2, 3, 0, 1, 2])


@pytest.mark.parametrize("likelihood", LABELLED)
def test_elbo_is_the_formula_term_by_term(likelihood):
    cvae, x, labels = labelled(likelihood)
    torch.manual_seed(3)
    elbo = cvae.elbo(x, labels, beta=2.5)
    torch.manual_seed(3)
    q = cvae.encode(x, labels)
    z = q.rsample((1,))[0]
    out = cvae.decoder(torch.cat([z, torch.eye(4).double()[labels]], 1))
    p = {
        "bernoulli": lambda: Bernoulli(logits=out),
        "gaussian": lambda: Normal(out, math.sqrt(0.4)),
        "categorical": lambda: Categorical(logits=out),
    }[likelihood]()
    kl = kl_divergence(q, Normal(torch.zeros(7, 2).double(), torch.ones(7, 2).double())).sum(1)
    torch.testing.assert_close(elbo.reconstruction, p.log_prob(x).sum(1))
    torch.testing.assert_close(elbo.kl, kl)
    torch.testing.assert_close(elbo.total, elbo.reconstruction - 2.5 * elbo.kl)


@pytest.mark.parametrize("likelihood", LABELLED)
def test_both_networks_listen_to_the_condition_example_by_example(likelihood):
    cvae, x, labels = labelled(likelihood)
    other = labels.clone()
    other[3] = 1
    z = torch.randn(7, 2).double()
    for before, after in (
        (cvae.encode(x, labels).mean.sum(1), cvae.encode(x, other).mean.sum(1)),
        (cvae.decode(z, labels).log_prob(x), cvae.decode(z, other).log_prob(x)),
    ):
        changed = (before - after).abs() > 1e-6
        assert changed.tolist() == [False, False, False, True, False, False, False]


@pytest.mark.parametrize("likelihood", LABELLED)
def test_the_label_is_no_part_of_what_is_reconstructed(likelihood):
    """Renaming the classes in the data and in both networks' inputs changes nothing that is reported.

    And with networks deaf to the label the model is the plain VAE of the same weights, nat for nat.
    """
    cvae, x, labels = labelled(likelihood)
    new_name = torch.tensor([2, 0, 3, 1])

    def bound(model, *data):
        torch.manual_seed(5)
        return torch.stack(model.elbo(*data))

    before = bound(cvae, x, labels)
    firsts = [module for module in cvae.modules() if isinstance(module, nn.Linear)]
    firsts = [linear for linear in firsts if linear.in_features in (6, 10, 22)]
    assert len(firsts) == 2
    with torch.no_grad():
        for linear in firsts:
            linear.weight[:, -4:] = linear.weight[:, -4:][:, new_name.argsort()].clone()
    torch.testing.assert_close(bound(cvae, x, new_name[labels]), before)
    with torch.no_grad():
        for linear in firsts:
            linear.weight[:, -4:] = 0
    deaf = bound(cvae, x, labels)
    torch.testing.assert_close(deaf, bound(cvae, x, labels.flip(0)))
    torch.testing.assert_close(deaf, bound(without_condition(cvae, firsts), x))


def without_condition(cvae: ConditionalVAE, firsts: list[nn.Linear]) -> VAE:
    """The plain VAE with the weights of ``cvae`` that do not belong to the condition."""
    for linear in firsts:
        linear.weight = nn.Parameter(linear.weight[:, :-4].detach())
        linear.in_features -= 4
    encoder = cvae.encoder
    if isinstance(encoder, Conditioned):
        encoder = nn.Sequential(encoder.inputs, nn.Flatten(), encoder.network)
    kwargs = LABELLED[cvae.likelihood]
    return VAE(encoder, cvae.decoder, cvae.latent_dim, cvae.likelihood, **kwargs)


def test_fit_learns_what_the_condition_says():
    """The maximum-likelihood slope is the least-squares one; without c the data are far less likely."""
    x, c = (part.float() for part in regression_data(500))
    slope, offset, ppca = maximum_likelihood(x.double(), c.double())
    torch.manual_seed(0)
    cvae = ConditionalVAE(mlp([8, 4]), mlp([5, 5]), 2, "gaussian", learn_noise=True)
    history = fit(cvae, (x, c), negative_elbo, epochs=60, batch_size=100, lr=3e-2, progress=False)
    learned = cvae.decoder[0].weight[:, 2:].detach().double()
    exact = evidence(slope, offset, ppca, c.double()).log_prob(x.double()).mean()
    bound = log_likelihood(cvae, x, c, samples=50).mean().double()
    unconditional = PPCA.fit(x.double(), 2).log_prob(x.double()).mean()
    assert (learned - slope).abs().max() < 0.06
    assert bound < exact + 0.01 and exact - bound < 0.03
    assert exact - unconditional > 1
    assert history.loss[-1] < -unconditional
