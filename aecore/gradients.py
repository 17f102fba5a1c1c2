"""Two unbiased estimators of the gradient of an expectation under a Gaussian.

For J(mu, sigma) = E[f(z)], z = mu + sigma * eps, eps ~ N(0, I), one draw gives for each coordinate

    pathwise         dJ/dmu:  df/dz                  dJ/dsigma:  df/dz * eps
    score function   dJ/dmu:  f(z) * eps / sigma     dJ/dsigma:  f(z) * (eps^2 - 1) / sigma

The pathwise (or reparameterised) one: Kingma and Welling (2013), arXiv:1312.6114; Rezende et al. (2014),
arXiv:1401.4082. The score-function one, also called likelihood ratio or REINFORCE: Glynn (1990);
Williams (1992). Both, with their conditions: Mohamed et al. (2020), arXiv:1906.10652.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def pathwise_gradient(
    f: Callable[[Tensor], Tensor],
    mean: Tensor,
    std: Tensor,
    *,
    samples: int,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """One pathwise estimate of dJ/dmean and dJ/dstd per sample: two tensors [S, d], with S = ``samples``.

    f: maps draws z [S, d] to values [S], each from its own draw alone, by operations that autograd can
    differentiate. mean, std: [d]. samples: S.
    generator: on the device of mean, for draws that can be repeated.

    The mean of the estimates over S is unbiased if f has no jumps, and a slope that grows no faster than
    exponentially.

    Raises ValueError for a std that is not positive, shapes that do not fit, samples below 1, or values
    through which autograd finds no way back to z.
    """
    eps = _noise(mean, std, samples, generator)
    with torch.enable_grad():
        z = (mean + std * eps).detach().requires_grad_()
        values = f(z)
        _check_values(values, samples)
        if not values.requires_grad:
            raise ValueError(
                "f(z) does not depend on z through differentiable operations; "
                "score_function_gradient needs only the values of f"
            )
        (slope,) = torch.autograd.grad(values.sum(), z)
    return slope, slope * eps


@torch.no_grad()
def score_function_gradient(
    f: Callable[[Tensor], Tensor],
    mean: Tensor,
    std: Tensor,
    *,
    samples: int,
    baseline: float | Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """One score-function estimate of dJ/dmean and dJ/dstd per sample: two tensors [S, d].

    f: maps draws z [S, d] to values [S]; it may have jumps. mean, std: [d]. samples: S.
    baseline: a number, or one per sample [S], subtracted from f(z). The mean over S stays unbiased if it is
    independent of the sample that it belongs to; the mean of f over the same samples is not.
    generator: on the device of mean, for draws that can be repeated.

    Raises ValueError for a std that is not positive, shapes that do not fit, or samples below 1.
    """
    eps = _noise(mean, std, samples, generator)
    values = f(mean + std * eps)
    _check_values(values, samples)
    if baseline is not None:
        shape = list(torch.as_tensor(baseline).shape)
        if shape not in ([], [samples]):
            raise ValueError(
                f"the baseline must be one number, or one per sample [{samples}], got {shape}"
            )
        values = values - baseline
    weight = values[:, None] / std
    return weight * eps, weight * (eps.square() - 1)


def _noise(mean: Tensor, std: Tensor, samples: int, generator: torch.Generator | None) -> Tensor:
    """Standard normal eps [S, d], in the type and on the device of ``mean``."""
    if mean.dim() != 1 or mean.shape != std.shape or len(mean) == 0:
        raise ValueError(
            f"expected mean and std of one shape [d], got {list(mean.shape)} and {list(std.shape)}"
        )
    if not (std > 0).all():
        raise ValueError(f"std must be positive, got a smallest entry of {std.min().item():g}")
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ValueError(f"samples must be a positive integer, got {samples!r}")
    shape = (samples, len(mean))
    return torch.randn(shape, generator=generator, dtype=mean.dtype, device=mean.device)


def _check_values(values: Tensor, samples: int) -> None:
    if values.shape != (samples,):
        raise ValueError(
            f"f must return one value per sample, [{samples}], got {list(values.shape)}; "
            "sum over the dimensions of z, not over the samples"
        )
