"""Conditional variational autoencoder.

Kingma, Rezende, Mohamed and Welling (2014), arXiv:1406.5298, the model M2 with its label given; Sohn, Lee and
Yan (2015), "Learning structured output representation using deep conditional generative models". Per example:

    log p(x | c) >= E_q(z|x,c)[log p(x | z, c)] - KL(q(z | x, c) || p(z))
"""

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from aecore.models.vae import ELBO, VAE
from aecore.networks import run_conditional, run_conditional_decoder


class ConditionalVAE(VAE):
    """A VAE given a condition c: p(x, z | c) = p(x | z, c) p(z), p(z) = N(0, I) for every c, q(z | x, c).

    The condition is an input of both networks and never a part of what is reconstructed. The prior does not
    depend on it, as in Kingma et al. (2014); Sohn et al. (2015) let it.

    encoder: called as encoder(x, c). decoder: called as decoder(z, c). Both return what ``VAE`` asks for.
    latent_dim, likelihood, noise_variance, learn_noise, padding: as in ``VAE``.

    A plain network that starts with a Linear, as ``mlp`` does, gets its two arguments flattened and joined,
    labels one-hot: with ten classes, ``mlp([784 + 10, 400, 2 * 20])`` and ``mlp([20 + 10, 400, 784])``.
    ``aecore.networks.Conditioned`` puts an embedding or a convolution before that.

    c: one condition per example, [B, ...], or [1, ...], which all examples share: labels int64 [B], an
    image, symbols int64 [B, S]. Every method raises ValueError for a c that is missing or of another length.
    """

    def encode(self, x: Tensor, c: Tensor | None = None) -> Normal:
        """Approximate posterior q(z | x, c) with batch shape [B, latent_dim], for x [B, ...], c [B, ...]."""
        return self._posterior(self._encoded(x, c))

    def decode(self, z: Tensor, c: Tensor | None = None) -> Distribution:
        """Likelihood p(x | z, c) of codes z [..., B, latent_dim], each of the B with its own c [B, ...].

        ``.log_prob(x)`` is [..., B]; ``.mean``, or ``.mode`` of a categorical one, as in ``VAE.decode``.
        Raises ValueError for codes of another shape.
        """
        if z.dim() < 2:
            raise ValueError(f"expected codes [..., B, {self.latent_dim}], got {list(z.shape)}")
        c = _one_per_example(c, z.shape[-2])
        return self._likelihood(run_conditional_decoder(self.decoder, z, c), z)

    def elbo(
        self, x: Tensor, c: Tensor | None = None, *, beta: float = 1.0, samples: int = 1
    ) -> ELBO:
        """Lower bound on log p(x | c) per example, in nats: x [B, ...], c [B, ...].

        beta, samples: as in ``VAE.elbo``, with what it raises and returns.
        """
        return self._bound(x, self._encoded(x, c), lambda z: self.decode(z, c), beta, samples)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        """Mean reconstruction E[x | z, c] at the mean code z = mu(x, c), in the shape of x. No sampling."""
        return self._typical(self.decode(self.encode(x, c).mean, c)).reshape(x.shape)

    @torch.no_grad()
    def sample(
        self,
        n: int | Tensor,
        c: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """n images, as ``VAE.sample``, the i-th for the condition c[i]; all for c[0] where c is [1, ...].

        ``sample(c)`` is short for ``sample(len(c), c)``: one image for each condition.
        generator: on the model's device, for draws that can be repeated.
        Raises ValueError unless n is a positive integer, or c has length 1 or n.
        """
        if c is None and isinstance(n, Tensor) and n.dim() > 0:
            n, c = len(n), n
        z = self._sample_prior(n, generator)
        return self._typical(self.decode(z, _one_per_example(c, n).to(z.device)))

    def _encoded(self, x: Tensor, c: Tensor | None) -> Tensor:
        return run_conditional(self.encoder, x, _one_per_example(c, len(x)))


def _one_per_example(c: Tensor | None, n: int) -> Tensor:
    """The condition as [n, ...], or a ValueError that says what is wrong with it."""
    if not isinstance(c, Tensor):
        raise ValueError(
            f"a conditional model needs a tensor c of {n} conditions beside its examples, got {c!r}; "
            "to train one: fit(model, (x, c), negative_elbo, ...)"
        )
    if c.dim() == 0 or len(c) not in (1, n):
        raise ValueError(
            f"expected one condition for each of {n} examples, c [{n}, ...], or one for all, "
            f"c [1, ...]; got {list(c.shape)}"
        )
    return c.expand(n, *c.shape[1:])
