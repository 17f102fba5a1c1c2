"""Objectives against torch.distributions, autograd and numbers worked by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Normal, kl_divergence

from aecore.models import VAE, Autoencoder
from aecore.networks import conv_encoder, mlp
from aecore.objectives import (
    absolute_error,
    contractive_penalty,
    gaussian_kl,
    l1_penalty,
    negative_elbo,
    reconstruction_loss,
    squared_error,
)


def test_errors_sum_over_dimensions_and_keep_the_batch():
    x = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    x_hat = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 4.0]])
    assert squared_error(x_hat, x).tolist() == [5.0, 9.0]
    assert absolute_error(x_hat, x).tolist() == [3.0, 3.0]
    assert squared_error(x_hat.reshape(2, 3, 1, 1), x.reshape(2, 3, 1, 1)).tolist() == [5.0, 9.0]


@pytest.mark.parametrize("loss", [squared_error, absolute_error, gaussian_kl])
def test_losses_refuse_to_broadcast(loss):
    with pytest.raises(ValueError, match=r"\[2, 3\] and \[2, 1\]"):
        loss(torch.zeros(2, 3), torch.zeros(2, 1))


@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(-6, 4)),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=50, deadline=None)
def test_gaussian_kl_matches_torch_distributions(pairs):
    mu, logvar = torch.tensor(pairs, dtype=torch.float64).T[:, None]
    q = Normal(mu, (0.5 * logvar).exp())
    p = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    torch.testing.assert_close(gaussian_kl(mu, logvar), kl_divergence(q, p).sum(-1))


def test_gaussian_kl_is_zero_only_at_the_prior_and_by_hand_elsewhere():
    assert gaussian_kl(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0.0
    two = torch.tensor([[2.0]])
    assert gaussian_kl(two, torch.zeros(1, 1)).item() == pytest.approx(2.0)
    half_e = gaussian_kl(torch.zeros(1, 1), torch.ones(1, 1)).item()
    assert half_e == pytest.approx(0.5 * (2.718281828 - 2))


def test_l1_penalty_sums_absolute_values():
    assert l1_penalty(torch.tensor([[1.0, -2.0], [0.0, 0.5]])).tolist() == [3.0, 0.5]


def test_contractive_penalty_of_a_linear_map_is_its_squared_frobenius_norm():
    encoder = nn.Linear(5, 3).double()
    penalty = contractive_penalty(encoder, torch.randn(4, 5).double())
    torch.testing.assert_close(penalty, encoder.weight.pow(2).sum().expand(4).detach())


def test_contractive_penalty_matches_the_sigmoid_layer_formula_and_finite_differences():
    encoder = nn.Sequential(nn.Linear(5, 3), nn.Sigmoid()).double()
    x = torch.randn(4, 5).double()
    h = encoder(x)
    by_formula = ((h * (1 - h)).pow(2) * encoder[0].weight.pow(2).sum(1)).sum(1)
    torch.testing.assert_close(contractive_penalty(encoder, x), by_formula)
    step = 1e-6
    shifts = step * torch.eye(5).double()
    columns = [(encoder(x + e) - encoder(x - e)) / (2 * step) for e in shifts]
    by_differences = torch.stack(columns).pow(2).sum((0, 2))
    torch.testing.assert_close(contractive_penalty(encoder, x), by_differences, rtol=1e-6, atol=0)


def test_contractive_penalty_takes_images_and_any_encoder_and_can_be_trained_on():
    encoder = conv_encoder(2, channels=(16, 16))  # with two, all may be silent: a ReLU's slope is 0
    x = torch.rand(3, 1, 28, 28)
    penalty = contractive_penalty(encoder, x)
    assert penalty.shape == (3,)
    penalty.sum().backward()
    assert encoder[0].weight.grad.abs().sum() > 0
    flat = contractive_penalty(mlp([784, 4]), x)
    torch.testing.assert_close(flat[0], flat[1])


def test_ready_objectives_are_their_formulas():
    model = Autoencoder(mlp([6, 2]), mlp([2, 6]))
    x = torch.rand(3, 6)
    torch.testing.assert_close(reconstruction_loss(model, x), (model(x) - x).pow(2).sum(1))
    vae = VAE(mlp([6, 4]), mlp([2, 6]), 2)
    torch.manual_seed(0)
    loss = negative_elbo(vae, x)
    torch.manual_seed(0)
    torch.testing.assert_close(loss, -vae.elbo(x).total)


def test_gaussian_kl_keeps_its_digits_near_the_prior():
    """Against float64: a unit that says next to nothing sits here, and no KL is negative."""
    logvar = 1e-3 * (2 * torch.rand(10_000, 1) - 1)
    mu = torch.zeros_like(logvar)
    kl = gaussian_kl(mu, logvar)
    wide = logvar.double()
    torch.testing.assert_close(
        kl.double(), 0.5 * (wide.expm1() - wide).sum(-1), rtol=1e-3, atol=1e-10
    )
    assert (kl >= -1e-10).all()
