"""Losses and penalties, one value per example, in nats where they are log-probabilities.

One reduction everywhere: sum over dimensions here, mean over the batch in ``aecore.training.fit``, and
nowhere else. So a weight such as beta means what the formula says.
"""

import torch
from torch import Tensor, nn

from aecore.networks import run_encoder


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """|x - x_hat|^2 per example: [B, ...] and [B, ...] to [B].

    Raises ValueError when the shapes differ, rather than broadcast.
    """
    _same_shape(x_hat, x)
    return (x - x_hat).pow(2).flatten(1).sum(1)


def absolute_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """Sum |x_i - x_hat_i| per example: [B, ...] and [B, ...] to [B]. Raises ValueError as squared_error."""
    _same_shape(x_hat, x)
    return (x - x_hat).abs().flatten(1).sum(1)


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, diag sigma^2) || N(0, I)) in nats, summed over the last dimension: [B, d] to [B].

    1/2 sum_i (mu_i^2 + sigma_i^2 - 1 - log sigma_i^2), with logvar = log sigma^2
    (Kingma and Welling, 2013, appendix B). Raises ValueError when the shapes differ.
    """
    _same_shape(mu, logvar)
    return 0.5 * (mu.pow(2) + logvar.exp() - 1 - logvar).sum(-1)


def l1_penalty(code: Tensor) -> Tensor:
    """sum_i |z_i| per example: codes [B, d] to [B]."""
    return code.abs().flatten(1).sum(1)


def contractive_penalty(encoder: nn.Module, x: Tensor) -> Tensor:
    """Exact squared Frobenius norm of the encoder's Jacobian, |dz/dx|_F^2, per example: [B, ...] to [B].

    Rifai et al. (2011), "Contractive auto-encoders". Works for any encoder whose examples do not
    influence each other (no batch statistics), and can itself be differentiated for training.
    """

    def code_of_one(example: Tensor) -> Tensor:
        return run_encoder(encoder, example[None])[0]

    jacobian = torch.func.vmap(torch.func.jacrev(code_of_one))(x)
    return jacobian.pow(2).flatten(1).sum(1)


def reconstruction_loss(model: nn.Module, x: Tensor) -> Tensor:
    """Squared error of ``model(x)`` per example, [B]: the objective of a plain autoencoder."""
    return squared_error(model(x), x)


def negative_elbo(model: nn.Module, x: Tensor) -> Tensor:
    """Minus the ELBO per example, [B], in nats: the objective of a VAE (beta = 1, one sample)."""
    return -model.elbo(x).total


def _same_shape(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise ValueError(
            f"expected two tensors of one shape, got {list(a.shape)} and {list(b.shape)}"
        )
