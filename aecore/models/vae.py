"""Variational autoencoder.

Kingma and Welling (2013), "Auto-encoding variational Bayes", arXiv:1312.6114;
Rezende, Mohamed and Wierstra (2014), arXiv:1401.4082. The bound, per example and in nats:

    log p(x) >= E_q(z|x)[log p(x | z)] - KL(q(z | x) || p(z))
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Independent, Normal

from aecore.networks import run_decoder, run_encoder
from aecore.objectives import gaussian_kl

LIKELIHOODS = ("bernoulli", "gaussian")


class ELBO(NamedTuple):
    """The evidence lower bound and its two terms, each [B], in nats: total = reconstruction - beta * kl."""

    reconstruction: Tensor
    kl: Tensor
    total: Tensor


class DataDistribution(Independent):
    """p(x | z): independent over all of one example's dimensions, so ``log_prob`` sums over them.

    ``log_prob(x)`` also takes flat examples [..., D] and shapes them as the decoder's output.
    """

    def log_prob(self, value: Tensor) -> Tensor:
        shape, size = self.event_shape, self.event_shape.numel()
        if value.shape[-len(shape) :] != shape:
            if value.shape[-1:] != (size,):
                raise ValueError(
                    f"expected data [..., {size}] or {list(shape)}, got {list(value.shape)}"
                )
            value = value.unflatten(-1, shape)
        return super().log_prob(value)


class VAE(nn.Module):
    """Variational autoencoder: p(x, z) = p(x | z) p(z), p(z) = N(0, I), q(z | x) = N(mu(x), diag sigma^2(x)).

    encoder: data [B, ...] to [B, 2 * latent_dim], the mean first, then logvar = log sigma^2.
    decoder: codes [B, latent_dim] to logits (``likelihood="bernoulli"``) or to the mean (``"gaussian"``).
    noise_variance: the Gaussian decoder's variance per dimension; with ``learn_noise=True`` its start.

    With variance s^2 the Gaussian reconstruction term is -|x - x_hat|^2 / (2 s^2) - D/2 log(2 pi s^2).

    Raises ValueError for an unknown likelihood, a noise variance that is not positive, or
    ``learn_noise=True`` with a Bernoulli decoder.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_dim: int,
        likelihood: str = "bernoulli",
        noise_variance: float = 1.0,
        learn_noise: bool = False,
    ):
        super().__init__()
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood must be one of {LIKELIHOODS}, got {likelihood!r}")
        if not (noise_variance > 0 and math.isfinite(noise_variance)):
            raise ValueError(f"noise_variance must be positive and finite, got {noise_variance}")
        if learn_noise and likelihood != "gaussian":
            raise ValueError(
                "learn_noise=True needs likelihood='gaussian': a Bernoulli has no variance to learn"
            )
        if isinstance(latent_dim, bool) or not isinstance(latent_dim, int) or latent_dim < 1:
            raise ValueError(f"latent_dim must be a positive integer, got {latent_dim!r}")
        self.encoder = encoder
        self.decoder = decoder
        self.latent_dim = latent_dim
        self.likelihood = likelihood
        noise_logvar = math.log(noise_variance)
        self.noise_logvar = (
            nn.Parameter(torch.tensor(noise_logvar)) if learn_noise else noise_logvar
        )

    @property
    def prior(self) -> Normal:
        """p(z) = N(0, I) over [latent_dim], on the model's device."""
        zero = next(self.parameters()).new_zeros(self.latent_dim)
        return Normal(zero, torch.ones_like(zero), validate_args=False)

    @property
    def noise_variance(self) -> float:
        """Variance of the Gaussian decoder per dimension, as it stands now."""
        return math.exp(float(torch.as_tensor(self.noise_logvar).detach()))

    def encode(self, x: Tensor) -> Normal:
        """Approximate posterior q(z | x) with batch shape [B, latent_dim], for data x [B, ...]."""
        mu, logvar = self._mean_and_logvar(x)
        return Normal(mu, (0.5 * logvar).exp(), validate_args=False)

    def decode(self, z: Tensor) -> Distribution:
        """Likelihood p(x | z) of codes z [..., latent_dim]: ``.log_prob(x)`` is [...], ``.mean`` an image."""
        out = run_decoder(self.decoder, z)
        event_dims = out.dim() - (z.dim() - 1)
        if self.likelihood == "bernoulli":
            p = Bernoulli(logits=out, validate_args=False)
        else:
            std = torch.as_tensor(0.5 * self.noise_logvar, dtype=out.dtype, device=out.device).exp()
            p = Normal(out, std, validate_args=False)
        return DataDistribution(p, event_dims, validate_args=False)

    def elbo(self, x: Tensor, *, beta: float = 1.0, samples: int = 1) -> ELBO:
        """Evidence lower bound per example, in nats.

        x: data [B, ...]. Returns ELBO(reconstruction, kl, total), each [B]; the reconstruction is averaged
        over ``samples`` draws from q(z | x), the KL is exact. ``beta`` weighs the KL in ``total`` only
        (Higgins et al., 2017): with beta = 1 total bounds log p(x).

        Raises ValueError when samples is not a positive integer.
        """
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
            raise ValueError(f"samples must be a positive integer, got {samples!r}")
        mu, logvar = self._mean_and_logvar(x)
        q = Normal(mu, (0.5 * logvar).exp(), validate_args=False)
        z = q.rsample((samples,))
        p = self.decode(z)
        reconstruction = p.log_prob(x.reshape(x.shape[0], *p.event_shape)).mean(0)
        kl = gaussian_kl(mu, logvar)
        return ELBO(reconstruction, kl, reconstruction - beta * kl)

    def forward(self, x: Tensor) -> Tensor:
        """Mean reconstruction: E[x | z] at the mean code z = mu(x), in the shape of x. No sampling."""
        return self.decode(self.encode(x).mean).mean.reshape(x.shape)

    @torch.no_grad()
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """n images: the decoder's mean E[x | z] at n draws z from the prior; [n, 1, 28, 28] for 784 outputs.

        generator: a ``torch.Generator`` on the model's device, for draws that can be repeated.
        Raises ValueError unless n is a positive integer.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a positive integer, got {n!r}")
        like = next(self.parameters())
        shape = (n, self.latent_dim)
        z = torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
        return self.decode(z).mean

    def _mean_and_logvar(self, x: Tensor) -> tuple[Tensor, Tensor]:
        out = run_encoder(self.encoder, x)
        if out.shape[-1] != 2 * self.latent_dim:
            raise ValueError(
                f"the encoder must return 2 * latent_dim = {2 * self.latent_dim} numbers per example "
                f"(mean, then logvar), got {list(out.shape)}"
            )
        return out.chunk(2, dim=-1)
