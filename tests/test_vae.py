"""The VAE against torch.distributions, closed forms and numerical integration."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from aecore.evaluation import log_likelihood
from aecore.exact import PPCA
from aecore.models import VAE
from aecore.networks import conv_decoder, conv_encoder, mlp
from aecore.objectives import negative_elbo
from aecore.training import fit


def small_vae(**kwargs) -> VAE:
    torch.manual_seed(0)
    return VAE(mlp([6, 8, 4]), mlp([2, 8, 6]), 2, **kwargs).double()


def test_encoder_output_is_mean_then_log_variance():
    vae, x = small_vae(), torch.rand(5, 6, dtype=torch.float64)
    out = vae.encoder(x)
    q = vae.encode(x)
    torch.testing.assert_close(q.mean, out[:, :2])
    torch.testing.assert_close(q.variance, out[:, 2:].exp())


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_elbo_is_the_formula_term_by_term(likelihood):
    vae, x = small_vae(likelihood=likelihood), torch.rand(5, 6, dtype=torch.float64).round()
    torch.manual_seed(3)
    elbo = vae.elbo(x, beta=2.5)
    torch.manual_seed(3)
    q = vae.encode(x)
    z = q.rsample((1,))[0]
    out = vae.decoder(z)
    p = Bernoulli(logits=out) if likelihood == "bernoulli" else Normal(out, 1.0)
    kl = kl_divergence(q, Normal(torch.zeros(5, 2).double(), torch.ones(5, 2).double())).sum(1)
    torch.testing.assert_close(elbo.reconstruction, p.log_prob(x).sum(1))
    torch.testing.assert_close(elbo.kl, kl)
    torch.testing.assert_close(elbo.total, elbo.reconstruction - 2.5 * elbo.kl)


def test_fixed_gaussian_noise_is_scaled_squared_error():
    variance = 0.3
    vae = small_vae(likelihood="gaussian", noise_variance=variance)
    x, z = torch.randn(5, 6).double(), torch.randn(5, 2).double()
    squared_error = (x - vae.decoder(z)).pow(2).sum(1)
    expected = -squared_error / (2 * variance) - 6 / 2 * math.log(2 * math.pi * variance)
    torch.testing.assert_close(vae.decode(z).log_prob(x), expected)


def test_more_samples_average_the_same_reconstruction():
    vae, x = small_vae(), torch.rand(2, 6).double()
    torch.manual_seed(0)
    one_by_one = torch.stack([vae.elbo(x).reconstruction for _ in range(4000)])
    many = vae.elbo(x, samples=4000).reconstruction
    standard_error = one_by_one.std(0) * math.sqrt(2 / 4000)
    assert ((many - one_by_one.mean(0)).abs() < 5 * standard_error).all()


def test_elbo_is_exact_with_the_exact_posterior_of_ppca():
    """Linear VAE with Tipping and Bishop's solution: E[ELBO] = log p(x), and its gradient vanishes."""
    torch.manual_seed(0)
    data = torch.randn(400, 5).double() @ torch.randn(5, 5).double()
    model = PPCA.fit(data, 2)
    inner = model.weight.T @ model.weight + model.noise_variance * torch.eye(2).double()
    posterior_map = torch.linalg.solve(inner, model.weight.T)
    vae = VAE(
        mlp([5, 4]),
        mlp([2, 5]),
        2,
        likelihood="gaussian",
        noise_variance=model.noise_variance,
        learn_noise=True,
    ).double()
    with torch.no_grad():
        encoder, decoder = vae.encoder[0], vae.decoder[0]
        encoder.weight.copy_(torch.cat([posterior_map, torch.zeros(2, 5).double()]))
        logvar = (model.noise_variance / inner.diagonal()).log()
        encoder.bias.copy_(torch.cat([-posterior_map @ model.mean, logvar]))
        decoder.weight.copy_(model.weight)
        decoder.bias.copy_(model.mean)
        vae.noise_logvar.copy_(torch.tensor(math.log(model.noise_variance)).double())
    # Four points z = mu +- sqrt(2) sigma e_i integrate any quadratic under q exactly.
    q = vae.encode(data)
    directions = torch.cat([torch.eye(2), -torch.eye(2)]).double() * math.sqrt(2)
    reconstruction = torch.stack(
        [vae.decode(q.mean + q.stddev * e).log_prob(data) for e in directions]
    ).mean(0)
    elbo = reconstruction - vae.elbo(data).kl
    torch.testing.assert_close(elbo, model.log_prob(data), atol=1e-6, rtol=1e-6)
    elbo.mean().backward()
    for name, parameter in vae.named_parameters():
        assert parameter.grad.abs().max() < 1e-6, name


def test_learned_noise_variance_converges_to_the_mean_squared_error():
    """For a decoder that ignores z, maximum likelihood gives the variance of the data per dimension."""
    torch.manual_seed(0)
    x = 0.5 * torch.randn(2000, 3)
    vae = VAE(mlp([3, 2]), mlp([1, 3]), 1, likelihood="gaussian", learn_noise=True)
    with torch.no_grad():
        for parameter in vae.decoder.parameters():
            parameter.zero_()
    vae.decoder.requires_grad_(False)
    fit(vae, x, negative_elbo, epochs=25, lr=1e-2, progress=False)
    assert vae.noise_variance == pytest.approx(x.pow(2).mean().item(), rel=0.02)


def test_fixed_noise_is_not_a_parameter_and_learned_noise_is():
    fixed = VAE(mlp([6, 4]), mlp([2, 6]), 2, likelihood="gaussian", noise_variance=0.5)
    learned = VAE(mlp([6, 4]), mlp([2, 6]), 2, likelihood="gaussian", learn_noise=True)
    assert "noise_logvar" not in dict(fixed.named_parameters())
    assert "noise_logvar" in dict(learned.named_parameters())
    assert fixed.noise_variance == pytest.approx(0.5) and learned.noise_variance == 1.0


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (3, 784)])
def test_images_and_flat_examples_have_one_elbo(shape):
    torch.manual_seed(0)
    vae = VAE(mlp([784, 4]), mlp([2, 784]), 2)
    images = torch.rand(3, 1, 28, 28)
    torch.manual_seed(1)
    expected = vae.elbo(images).total
    torch.manual_seed(1)
    torch.testing.assert_close(vae.elbo(images.reshape(shape)).total, expected)
    z = torch.randn(3, 2)
    p = vae.decode(z)
    torch.testing.assert_close(p.log_prob(images.reshape(shape)), p.log_prob(images))
    assert vae(images.reshape(shape)).shape == shape


@given(batch=st.integers(1, 4), samples=st.integers(1, 3), latent=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_elbo_is_one_number_per_example_in_the_models_dtype(batch, samples, latent):
    vae = VAE(mlp([6, 2 * latent]), mlp([latent, 6]), latent).double()
    elbo = vae.elbo(torch.rand(batch, 6).double(), samples=samples)
    for term in elbo:
        assert term.shape == (batch,) and term.dtype == torch.float64


def test_sample_is_the_mean_image_at_draws_from_the_prior():
    vae = VAE(conv_encoder(4), conv_decoder(2), 2)
    images = vae.sample(5, generator=torch.Generator().manual_seed(0))
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert images.shape == (5, 1, 28, 28)
    torch.testing.assert_close(images, torch.sigmoid(vae.decoder(z)))


def test_forward_does_not_sample():
    vae, x = small_vae(), torch.rand(3, 6).double()
    torch.testing.assert_close(vae(x), vae(x))
    torch.testing.assert_close(vae.train()(x), vae.eval()(x))
    torch.testing.assert_close(vae(x), torch.sigmoid(vae.decoder(vae.encoder(x)[:, :2])))


def test_extreme_logits_stay_finite():
    vae = small_vae()
    with torch.no_grad():
        vae.decoder[-1].bias.fill_(1e4)
    elbo = vae.elbo(torch.zeros(2, 6).double())
    assert elbo.total.isfinite().all()
    assert elbo.reconstruction.mean().item() == pytest.approx(-6e4, rel=1e-3)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"likelihood": "poisson"}, "'bernoulli', 'gaussian'.*'poisson'"),
        ({"likelihood": "gaussian", "noise_variance": 0.0}, "noise_variance.*0.0"),
        ({"likelihood": "gaussian", "noise_variance": math.nan}, "noise_variance.*nan"),
        ({"learn_noise": True}, "learn_noise=True needs likelihood='gaussian'"),
    ],
)
def test_bad_options_are_errors_that_name_the_value(kwargs, message):
    with pytest.raises(ValueError, match=message):
        VAE(mlp([6, 4]), mlp([2, 6]), 2, **kwargs)


def test_bad_calls_are_errors_that_name_the_value():
    with pytest.raises(ValueError, match=r"latent_dim.*0"):
        VAE(mlp([6, 4]), mlp([2, 6]), 0)
    with pytest.raises(ValueError, match=r"2 \* latent_dim = 4 .* got \[3, 2\]"):
        VAE(mlp([6, 2]), mlp([2, 6]), 2).encode(torch.rand(3, 6))
    vae = small_vae()
    with pytest.raises(ValueError, match=r"samples.*0"):
        vae.elbo(torch.rand(3, 6).double(), samples=0)
    with pytest.raises(ValueError, match=r"n must be.*-1"):
        vae.sample(-1)
    with pytest.raises(ValueError, match=r"expected data \[..., 6\]"):
        vae.decode(torch.zeros(3, 2).double()).log_prob(torch.zeros(3, 5).double())


@pytest.mark.parametrize("factor", [255, -1])
def test_a_bernoulli_is_refused_what_is_no_share_of_ink(factor):
    vae = VAE(mlp([6, 4]), mlp([2, 6]), 2)
    x = factor * torch.rand(3, 6)
    with pytest.raises(ValueError, match=r"needs data in \[0, 1\], got .*likelihood='gaussian'"):
        vae.elbo(x)
    with pytest.raises(ValueError, match=r"needs data in \[0, 1\]"):
        log_likelihood(vae, x, samples=2)
    assert VAE(mlp([6, 4]), mlp([2, 6]), 2, "gaussian").elbo(x / 255).total.isfinite().all()


def test_data_and_decoder_of_different_sizes_and_empty_batches_are_named():
    vae = VAE(mlp([6, 4]), mlp([2, 5]), 2)
    with pytest.raises(ValueError, match=r"returns \[5\] for an example of \[6\]"):
        vae.elbo(torch.rand(3, 6))
    with pytest.raises(ValueError, match=r"at least one example, got \[0, 6\]"):
        vae.elbo(torch.rand(0, 6))
