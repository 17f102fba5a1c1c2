"""What is measured on a trained model. Every number says what it is: its unit, its bound, its samples."""

import contextlib
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from aecore.data import ImageSet
from aecore.models.vae import check_data, shaped_as
from aecore.objectives import squared_error


@torch.no_grad()
def reconstruction_error(
    model: nn.Module, images: Tensor, c: Tensor | None = None, *, batch_size: int = 1000
) -> Tensor:
    """Squared error |x - model(x)|^2 of each example, summed over its dimensions: [N, ...] to [N] on the CPU.

    c: the conditions [N, ...] of a conditional model. The model is evaluated in eval mode and on its own
    device, ``batch_size`` examples at a time, as everywhere in this module.

    Raises ValueError when ``images`` is empty or the reconstruction has another shape.
    """
    with _evaluated(model):
        batches = _batches(model, images, c, batch_size)
        return torch.cat([squared_error(model(x, *c), x).cpu() for x, *c in batches])


def principal_angles(a: Tensor, b: Tensor) -> Tensor:
    """Angles in radians between the column spans of a [D, k] and b [D, m], largest first, [min(k, m)].

    Bjorck and Golub (1973), by SciPy, which stays accurate for tiny angles, in float64.
    Raises ValueError unless both are matrices with the same number of rows.
    """
    from scipy.linalg import subspace_angles

    if a.dim() != 2 or b.dim() != 2 or a.shape[0] != b.shape[0]:
        raise ValueError(
            f"expected two matrices [D, k] and [D, m], got {list(a.shape)} and {list(b.shape)}"
        )
    angles = subspace_angles(a.detach().cpu().double().numpy(), b.detach().cpu().double().numpy())
    return torch.from_numpy(np.ascontiguousarray(angles))


def roc_auc(inlier_scores: Tensor, outlier_scores: Tensor) -> float:
    """Area under the ROC curve: the probability that an outlier scores higher than an inlier (ties 1/2).

    inlier_scores [N], outlier_scores [M]: higher means more anomalous, such as a reconstruction error.
    0.5 is chance. Raises ValueError when either is empty or holds NaN.
    """
    from sklearn.metrics import roc_auc_score

    for name, scores in (("inlier_scores", inlier_scores), ("outlier_scores", outlier_scores)):
        if scores.numel() == 0 or scores.isnan().any():
            raise ValueError(
                f"{name} must be non-empty and free of NaN, got {scores.numel()} scores"
            )
    scores = torch.cat([part.detach().flatten().cpu() for part in (inlier_scores, outlier_scores)])
    is_outlier = torch.arange(len(scores)) >= inlier_scores.numel()
    return float(roc_auc_score(is_outlier.numpy(), scores.double().numpy()))


@torch.no_grad()
def log_likelihood(
    vae: nn.Module,
    images: Tensor,
    c: Tensor | None = None,
    *,
    samples: int,
    batch_size: int = 100,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Importance-weighted lower bound on log p(x) in nats, [N] on the CPU; higher is better.

    L_k = log 1/k sum_i p(x | z_i) p(z_i) / q(z_i | x), z_i ~ q(z | x), with k = ``samples``
    (Burda, Grosse and Salakhutdinov, 2016, arXiv:1509.00519). Its expectation grows with k towards
    log p(x); k = 1 is the ELBO with a sampled KL.

    vae: a ``VAE``, or a ``ConditionalVAE`` with its conditions. images: [N, ...]. c: the conditions [N, ...]
    of a conditional model, and then the bound is one on log p(x | c).
    generator: on the model's device, for draws that can be repeated; batches draw one after the other from
    it, so with another ``batch_size`` an example meets other draws.

    Raises ValueError when samples or batch_size is not a positive integer, ``images`` is empty, or they are
    not what the likelihood is about.
    """
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ValueError(f"samples must be a positive integer, got {samples!r}")
    with _evaluated(vae):
        batches = _batches(vae, images, c, batch_size)
        at_once = max(1, min(samples, 5000 // batch_size))
        return torch.cat(
            [
                _bounds(vae, *batch, samples=samples, at_once=at_once, generator=generator)
                for batch in batches
            ]
        )


def _bounds(vae, x, *condition, samples, at_once, generator) -> Tensor:
    """The bound of :func:`log_likelihood` for one batch, [B] on the CPU, ``at_once`` draws at a time."""
    check_data(getattr(vae, "likelihood", ""), x)
    q = vae.encode(x, *condition)
    log_weights = []
    for start in range(0, samples, at_once):
        shape = (min(at_once, samples - start), *q.mean.shape)
        eps = torch.randn(shape, generator=generator, device=q.mean.device, dtype=q.mean.dtype)
        z = q.mean + q.stddev * eps
        p = vae.decode(z, *condition)
        log_p_x = p.log_prob(shaped_as(p, x))
        log_weights.append(log_p_x + (vae.prior.log_prob(z) - q.log_prob(z)).sum(-1))
    return (torch.cat(log_weights).logsumexp(0) - math.log(samples)).cpu()


@torch.no_grad()
def active_units(
    vae: nn.Module,
    images: Tensor,
    c: Tensor | None = None,
    *,
    threshold: float = 0.01,
    batch_size: int = 1000,
) -> Tensor:
    """Which latent dimensions carry information about x: bool [latent_dim].

    A unit is active when the variance over the data of its posterior mean, Var_x(E_q(z|x)[z]), exceeds
    ``threshold`` (Burda et al., 2016, section 5.2).

    vae, images, c: as in :func:`log_likelihood`. batch_size: examples at a time.
    Raises ValueError for fewer than two examples.
    """
    if len(images) < 2:
        raise ValueError(f"a variance over the data needs at least two examples, got {len(images)}")
    with _evaluated(vae):
        batches = _batches(vae, images, c, batch_size)
        means = torch.cat([vae.encode(*batch).mean.cpu() for batch in batches])
    return means.var(0) > threshold


def dead_units(codes: Tensor, *, threshold: float = 0.0) -> Tensor:
    """Which units of a sparse code never leave 0: bool [d], for the codes [N, d] of a data set.

    A unit is dead when |z_i| <= threshold on all N examples; one that is rare may look dead on few. A ReLU
    gives exact zeros. A sigmoid never does: give it a threshold, and the figure with it.

    Raises ValueError unless codes are [N, d] with N >= 1 and free of NaN, or for a negative threshold.
    """
    if codes.dim() != 2 or len(codes) == 0 or codes.isnan().any():
        raise ValueError(
            f"expected codes [N, d] of at least one example, free of NaN, got {list(codes.shape)} "
            f"with {int(codes.isnan().sum())} NaN"
        )
    if not threshold >= 0:
        raise ValueError(f"threshold must not be negative, got {threshold}")
    return (codes.abs() <= threshold).all(0)


@torch.no_grad()
def kl_per_dimension(
    vae: nn.Module, images: Tensor, c: Tensor | None = None, *, batch_size: int = 1000
) -> Tensor:
    """Mean KL(q(z_i | x) || p(z_i)) of each latent dimension over the data, in nats: [latent_dim].

    vae, images, c: as in :func:`log_likelihood`. batch_size: examples at a time.
    Raises ValueError when ``images`` is empty or batch_size is not a positive integer.
    """
    kls = []
    with _evaluated(vae):
        for batch in _batches(vae, images, c, batch_size):
            q = vae.encode(*batch)
            prior = Normal(torch.zeros_like(q.mean), torch.ones_like(q.mean))
            kls.append(kl_divergence(q, prior).cpu())
    return torch.cat(kls).mean(0)


@contextlib.contextmanager
def _evaluated(model: nn.Module):
    """The model in eval mode, and afterwards each of its modules as it was: measuring changes nothing."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _batches(model: nn.Module, images: ImageSet | Tensor, c: Tensor | None, batch_size: int):
    """Batches (x,), or (x, c) where there are conditions, on the model's device."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")
    if isinstance(images, ImageSet):
        images = images.images
    if len(images) == 0:
        raise ValueError("expected at least one example, got none")
    if c is not None and (c.dim() == 0 or len(c) != len(images)):
        raise ValueError(
            f"expected one condition for each of {len(images)} examples, got {list(c.shape)}"
        )
    parameter = next(model.parameters(), None)
    device = parameter.device if parameter is not None else images.device
    parts = (images,) if c is None else (images, c)
    split = zip(*(part.split(batch_size) for part in parts), strict=True)
    return (tuple(part.to(device) for part in batch) for batch in split)
