"""Losses and penalties, one value per example, in nats where they are log-probabilities.

One reduction everywhere: sum over dimensions here, mean over the batch in ``aecore.training.fit``, and
nowhere else. So a weight such as beta means what the formula says.
"""

import torch
from torch import Tensor, nn

from aecore.networks import run_encoder

PROBES = ("rademacher", "gaussian")


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """|x - x_hat|^2 per example: x_hat [B, ...] and x [B, ...] to [B].

    Raises ValueError when the shapes differ, rather than broadcast.
    """
    _same_shape(x_hat, x)
    return (x - x_hat).pow(2).flatten(1).sum(1)


def absolute_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """sum_i |x_i - x_hat_i| per example: x_hat [B, ...] and x [B, ...] to [B].

    Raises ValueError when the shapes differ, rather than broadcast.
    """
    _same_shape(x_hat, x)
    return (x - x_hat).abs().flatten(1).sum(1)


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, diag sigma^2) || N(0, I)) in nats, summed over the last dimension: [B, d] to [B].

    1/2 sum_i (mu_i^2 + sigma_i^2 - 1 - log sigma_i^2), with logvar = log sigma^2
    (Kingma and Welling, 2013, appendix B). Raises ValueError when the shapes differ.
    """
    _same_shape(mu, logvar)
    # expm1: near the prior, exp(logvar) - 1 would lose its digits, and the sum could be negative
    return 0.5 * (mu.pow(2) + logvar.expm1() - logvar).sum(-1)


def l1_penalty(code: Tensor) -> Tensor:
    """sum_i |z_i| per example: code [B, d] to [B]."""
    return code.abs().flatten(1).sum(1)


def soft_threshold(x: Tensor, amount: float | Tensor) -> Tensor:
    """sign(x) max(|x| - amount, 0), elementwise: every entry moves by ``amount`` towards 0 and stops there.

    It minimises 1/2 |x - z|^2 + amount sum_i |z_i| over z. So with orthonormal columns in the dictionary D,
    the sparse code argmin_z 1/2 |x - D z|^2 + amount sum_i |z_i| is soft_threshold(D^T x, amount)
    (Tibshirani, 1996, section 2.2; Donoho and Johnstone, 1994). With any other dictionary it is not.

    x: [...]. amount: one number, or a tensor that broadcasts with x.
    Raises ValueError when the amount is negative or NaN.
    """
    if not (torch.as_tensor(amount) >= 0).all():
        raise ValueError(f"amount must not be negative or NaN, got {amount}")
    return x.sign() * (x.abs() - amount).clamp_min(0)


def kl_rate_penalty(code: Tensor, rate: float) -> Tensor:
    """How far the units' mean activations are from a target rate, in nats: codes [B, d] in (0, 1) to [B].

    sum_i KL(Bernoulli(rate) || Bernoulli(m_i)), with m_i the mean of z_i over the batch (Ng, 2011, "Sparse
    autoencoder", CS294A lecture notes). It asks each unit to be on for a share ``rate`` of the examples.

    The penalty belongs to the batch and not to one example, so all B values returned are equal. Their
    mean, which ``fit`` takes, is then the penalty itself, and a weight means what the formula says:

        fit(model, x, lambda m, x: squared_error(m(x), x) + 0.1 * kl_rate_penalty(m.encode(x), 0.05), ...)

    What that costs: the KL is convex in m, so its average over batches is larger than its value at the mean
    of the whole data set. Where units are either on or off, by about 1 / (2 B) nats for each unit that is
    on as often as it should, and by 1 / (2 B) m (1 - m) (rate / m^2 + (1 - rate) / (1 - m)^2) for one that
    is on for a share m. Use batches in which B * rate is well above 1. It is infinite if a unit is exactly
    0, or exactly 1, on the whole batch.

    Raises ValueError unless 0 < rate < 1, code is [B, d] with B >= 1, and no entry lies outside [0, 1].
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie between 0 and 1, both excluded, got {rate}")
    if code.dim() != 2 or len(code) == 0:
        raise ValueError(f"expected codes [B, d] of at least one example, got {list(code.shape)}")
    outside = code[(code < 0) | (code > 1)]
    if len(outside):
        raise ValueError(
            f"expected codes in (0, 1), as a sigmoid gives them, got {outside[0].item():g}; "
            "for a code without bounds, use l1_penalty"
        )
    mean = code.mean(0)
    target = torch.as_tensor(rate, dtype=code.dtype, device=code.device)
    on = target * (target.log() - mean.log())
    off = (1 - target) * ((-target).log1p() - (-mean).log1p())
    return (on + off).sum().expand(len(code))


def contractive_penalty(encoder: nn.Module, x: Tensor) -> Tensor:
    """Exact squared Frobenius norm of the encoder's Jacobian, |dz/dx|_F^2, per example: [B, ...] to [B].

    Rifai et al. (2011), "Contractive auto-encoders". The Jacobian comes from ``torch.func`` (``vmap`` of
    ``jacrev``): one backward pass for each of the d numbers in the code. Works for any encoder whose
    examples x do not influence each other (no batch statistics), and can itself be differentiated for
    training.
    """

    def code_of_one(example: Tensor) -> Tensor:
        return run_encoder(encoder, example[None])[0]

    jacobian = torch.func.vmap(torch.func.jacrev(code_of_one))(x)
    return jacobian.pow(2).flatten(1).sum(1)


def sigmoid_contractive_penalty(encoder: nn.Sequential, x: Tensor) -> Tensor:
    """The same |dz/dx|_F^2 in closed form, for one sigmoid layer z = sigmoid(W x + b): [B, ...] to [B].

    sum_j (z_j (1 - z_j))^2 sum_i W_ji^2 (Rifai et al., 2011): no Jacobian is built, and it
    costs little more than the code. z (1 - z) is the sigmoid's derivative; no other activation has it.

    Raises ValueError unless the encoder is exactly ``nn.Sequential(nn.Linear(D, d), nn.Sigmoid())``.
    """
    layers = list(encoder) if isinstance(encoder, nn.Sequential) else [encoder]
    if [type(layer) for layer in layers] != [nn.Linear, nn.Sigmoid]:
        raise ValueError(
            "the formula holds for nn.Sequential(nn.Linear(D, d), nn.Sigmoid()) only, got "
            f"{', '.join(type(layer).__name__ for layer in layers)}; use contractive_penalty"
        )
    code = run_encoder(encoder, x)
    slope = code * (1 - code)
    return slope.pow(2) @ layers[0].weight.pow(2).sum(1)


def hutchinson_penalty(
    encoder: nn.Module,
    x: Tensor,
    *,
    probes: int,
    distribution: str = "rademacher",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Unbiased random estimate of |dz/dx|_F^2 per example: [B, ...] to [B].

    The mean of |J^T v|^2 over ``probes`` random vectors v, with E[v v^T] = I, in the space of the code
    (Hutchinson, 1990): E |J^T v|^2 = trace(J J^T) = |J|_F^2. It takes one backward pass per probe
    (``torch.func.vjp``) instead of one per code dimension. With A = J J^T its variance is, divided by
    ``probes``,

        "rademacher" (entries +-1)   2 sum_{i != j} A_ij^2
        "gaussian"                   2 sum_{i, j} A_ij^2

    Examples must not influence each other, and it can be trained on, as ``contractive_penalty``.

    encoder: a network from [B, ...] to codes [B, d].
    generator: on the device of x, for draws that can be repeated.
    Raises ValueError when probes is not a positive integer or the distribution is unknown.
    """
    if isinstance(probes, bool) or not isinstance(probes, int) or probes < 1:
        raise ValueError(f"probes must be a positive integer, got {probes!r}")
    if distribution not in PROBES:
        raise ValueError(f"distribution must be one of {PROBES}, got {distribution!r}")
    code, pull_back = torch.func.vjp(lambda batch: run_encoder(encoder, batch), x)
    shape = (probes, *code.shape)
    v = torch.randn(shape, generator=generator, dtype=code.dtype, device=code.device)
    if distribution == "rademacher":
        v = torch.where(v < 0, -torch.ones_like(v), torch.ones_like(v))
    (pulled,) = torch.func.vmap(pull_back)(v)
    return pulled.pow(2).flatten(2).sum(2).mean(0)


def reconstruction_loss(model: nn.Module, x: Tensor) -> Tensor:
    """Squared error of ``model(x)`` per example, [B]: the objective of a plain autoencoder.

    Raises ValueError when the model's output has another shape than x [B, ...].
    """
    return squared_error(model(x), x)


def negative_elbo(model: nn.Module, x: Tensor, *condition: Tensor) -> Tensor:
    """Minus the ELBO per example, [B], in nats: the objective of a VAE (beta = 1, one sample).

    condition: c [B, ...] of a conditional VAE, ``negative_elbo(model, x, c)``; nothing for a plain one.
    """
    return -model.elbo(x, *condition).total


def _same_shape(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise ValueError(
            f"expected two tensors of one shape, got {list(a.shape)} and {list(b.shape)}"
        )
