"""Variational autoencoder.

Kingma and Welling (2013), "Auto-encoding variational Bayes", arXiv:1312.6114;
Rezende, Mohamed and Wierstra (2014), arXiv:1401.4082. The bound, per example and in nats:

    log p(x) >= E_q(z|x)[log p(x | z)] - KL(q(z | x) || p(z))
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, Normal

from aecore.networks import run_decoder, run_encoder
from aecore.objectives import gaussian_kl

LIKELIHOODS = ("bernoulli", "gaussian", "categorical")


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


class Symbols(Categorical):
    """Categorical over V symbols, from logits [..., V], that scores the symbol ``padding`` as log 1 = 0."""

    def __init__(self, logits: Tensor, padding: int | None = None):
        super().__init__(logits=logits, validate_args=False)
        self.padding = padding

    def log_prob(self, value: Tensor) -> Tensor:
        """log p of symbols, int64 [...], in nats. Raises ValueError for what is no symbol."""
        if value.is_floating_point():
            raise ValueError(f"a categorical likelihood is over int64 symbols, got {value.dtype}")
        written = torch.ones_like(value, dtype=torch.bool)
        if self.padding is not None:
            written = value != self.padding
        symbols = value.where(written, 0)
        low, high = (bound.item() for bound in symbols.aminmax())
        last = self.logits.shape[-1] - 1
        if low < 0 or high > last:
            raise ValueError(
                f"symbols must lie in 0 to {last}, got {low if low < 0 else high}; "
                "the last dimension of the decoder's output is the number of symbols"
            )
        return super().log_prob(symbols).masked_fill(~written, 0.0)


def check_data(likelihood: str, x: Tensor) -> None:
    """Raises ValueError for data that the likelihood is not about: a Bernoulli's lie in [0, 1]."""
    if likelihood != "bernoulli" or x.numel() == 0:
        return
    low, high = (bound.item() for bound in x.detach().aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"a Bernoulli likelihood needs data in [0, 1], got {low:g} to {high:g}; "
            "scale the data, or use likelihood='gaussian'"
        )


def shaped_as(p: Distribution, x: Tensor) -> Tensor:
    """Data [B, ...] in the shape of one example of p: [B, *event shape].

    Raises ValueError when there is no example, or its size is another.
    """
    if len(x) == 0:
        raise ValueError(f"expected at least one example, got {list(x.shape)}")
    if x[0].numel() != p.event_shape.numel():
        raise ValueError(
            f"the decoder returns {list(p.event_shape)} for an example of {list(x.shape[1:])}; "
            "both must have as many numbers"
        )
    return x.reshape(len(x), *p.event_shape)


class VAE(nn.Module):
    """Variational autoencoder: p(x, z) = p(x | z) p(z), p(z) = N(0, I), q(z | x) = N(mu(x), diag sigma^2(x)).

    encoder: data [B, ...] to [B, 2 * latent_dim], the mean first, then logvar = log sigma^2.
    decoder: codes [B, latent_dim] to logits (``likelihood="bernoulli"``), to the mean (``"gaussian"``), or
        to logits [B, ..., V] over V symbols at each position (``"categorical"``, data int64 [B, ...]).
    noise_variance: the Gaussian decoder's variance per dimension; with ``learn_noise=True`` its start.
    padding: the symbol that fills up short sequences; its positions count nothing (categorical only).

    With variance s^2 the Gaussian reconstruction term is -|x - x_hat|^2 / (2 s^2) - D/2 log(2 pi s^2).
    The Bernoulli one is log p(x | z) for binary data; for grey levels between 0 and 1 it is a loss, and no
    density (see ``aecore.data.binarise``). Outside [0, 1] it would be neither: the bounds refuse that data.

    Raises ValueError for an unknown likelihood, a noise variance that is not positive, or
    ``learn_noise=True`` or ``padding`` with a likelihood that has none.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_dim: int,
        likelihood: str = "bernoulli",
        noise_variance: float = 1.0,
        learn_noise: bool = False,
        padding: int | None = None,
    ):
        super().__init__()
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood must be one of {LIKELIHOODS}, got {likelihood!r}")
        if not (noise_variance > 0 and math.isfinite(noise_variance)):
            raise ValueError(f"noise_variance must be positive and finite, got {noise_variance}")
        if learn_noise and likelihood != "gaussian":
            raise ValueError(
                f"learn_noise=True needs likelihood='gaussian': a {likelihood} one has no variance to learn"
            )
        if padding is not None and likelihood != "categorical":
            raise ValueError(
                f"padding={padding!r} needs likelihood='categorical', got {likelihood!r}"
            )
        if isinstance(latent_dim, bool) or not isinstance(latent_dim, int) or latent_dim < 1:
            raise ValueError(f"latent_dim must be a positive integer, got {latent_dim!r}")
        self.encoder = encoder
        self.decoder = decoder
        self.latent_dim = latent_dim
        self.likelihood = likelihood
        self.padding = padding
        noise_logvar = math.log(noise_variance)
        if learn_noise:
            self.noise_logvar = nn.Parameter(torch.tensor(noise_logvar))
        elif likelihood == "gaussian":  # part of the model, so of its saved state
            self.register_buffer("noise_logvar", torch.tensor(noise_logvar, dtype=torch.float64))
        else:
            self.noise_logvar = noise_logvar

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
        return self._posterior(run_encoder(self.encoder, x))

    def decode(self, z: Tensor) -> Distribution:
        """Likelihood p(x | z) of codes z [..., latent_dim]: ``.log_prob(x)`` is [...], ``.mean`` an image.

        A categorical one has no mean: its ``.mode`` is the likeliest symbol at each position.
        """
        return self._likelihood(run_decoder(self.decoder, z), z)

    def elbo(self, x: Tensor, *, beta: float = 1.0, samples: int = 1) -> ELBO:
        """Evidence lower bound per example, in nats.

        x: data [B, ...]. Returns ELBO(reconstruction, kl, total), each [B]; the reconstruction is averaged
        over ``samples`` draws from q(z | x), the KL is exact. ``beta`` weighs the KL in ``total`` only
        (Higgins et al., 2017): with beta = 1 total bounds log p(x).

        Raises ValueError when samples is not a positive integer, for an empty batch, for data of another
        size than the decoder's output, or, with a Bernoulli likelihood, outside [0, 1] (checked on a CPU,
        and on a GPU in eval mode, since looking at the data makes a GPU wait).
        """
        return self._bound(x, run_encoder(self.encoder, x), self.decode, beta, samples)

    def forward(self, x: Tensor) -> Tensor:
        """Mean reconstruction: E[x | z] at the mean code z = mu(x), in the shape of x. No sampling.

        With a categorical likelihood, the likeliest symbols in place of the mean.
        """
        return self._typical(self.decode(self.encode(x).mean)).reshape(x.shape)

    @torch.no_grad()
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """n images: the decoder's mean E[x | z] at n draws z from the prior; [n, 1, 28, 28] for 784 outputs.

        With a categorical likelihood, the likeliest symbols in place of the mean.
        generator: a ``torch.Generator`` on the model's device, for draws that can be repeated.
        Raises ValueError unless n is a positive integer.
        """
        return self._typical(self.decode(self._sample_prior(n, generator)))

    def _bound(
        self,
        x: Tensor,
        out: Tensor,
        decode: Callable[[Tensor], Distribution],
        beta: float,
        samples: int,
    ) -> ELBO:
        """The ELBO of x [B, ...] from the encoder's output for it and from decode: z to p(x | z)."""
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
            raise ValueError(f"samples must be a positive integer, got {samples!r}")
        z = self._posterior(out).rsample((samples,))
        p = decode(z)
        if not (self.training and x.is_cuda):
            check_data(self.likelihood, x)
        reconstruction = p.log_prob(shaped_as(p, x)).mean(0)
        kl = gaussian_kl(*self._mean_and_logvar(out))
        return ELBO(reconstruction, kl, reconstruction - beta * kl)

    def _posterior(self, out: Tensor) -> Normal:
        mu, logvar = self._mean_and_logvar(out)
        return Normal(mu, (0.5 * logvar).exp(), validate_args=False)

    def _sample_prior(self, n: int, generator: torch.Generator | None) -> Tensor:
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a positive integer, got {n!r}")
        like = next(self.parameters())
        shape = (n, self.latent_dim)
        return torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)

    def _typical(self, p: Distribution) -> Tensor:
        return p.mode if self.likelihood == "categorical" else p.mean

    def _likelihood(self, out: Tensor, z: Tensor) -> DataDistribution:
        """p(x | z) from the decoder's output [..., *data shape] for codes z [..., latent_dim]."""
        event_dims = out.dim() - (z.dim() - 1)
        if self.likelihood == "categorical":
            if event_dims < 2:
                raise ValueError(
                    "a categorical decoder must return logits [B, positions, symbols], "
                    f"got {list(out.shape)}; end it in nn.Unflatten(1, (positions, symbols))"
                )
            p, event_dims = Symbols(out, self.padding), event_dims - 1
        elif self.likelihood == "bernoulli":
            p = Bernoulli(logits=out, validate_args=False)
        else:
            std = torch.as_tensor(0.5 * self.noise_logvar, dtype=out.dtype, device=out.device).exp()
            p = Normal(out, std, validate_args=False)
        return DataDistribution(p, event_dims, validate_args=False)

    def _mean_and_logvar(self, out: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's output [B, 2 * latent_dim] in its two halves."""
        if out.shape[-1] != 2 * self.latent_dim:
            raise ValueError(
                f"the encoder must return 2 * latent_dim = {2 * self.latent_dim} numbers per example "
                f"(mean, then logvar), got {list(out.shape)}"
            )
        return out.chunk(2, dim=-1)
