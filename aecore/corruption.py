"""Corruption processes C(x_tilde | x): functions x -> x_tilde that spoil data in a known way.

Vincent, Larochelle, Bengio and Manzagol (2008), "Extracting and composing robust features with denoising
autoencoders"; Vincent et al. (2010), "Stacked denoising autoencoders", JMLR 11, for the three kinds here.

    spoil = compose(masking(0.25), gaussian_noise(0.1))
    x_tilde = spoil(x, generator=torch.Generator().manual_seed(0))
    fit(model, images, denoising_loss(spoil), epochs=5)

Every corruption takes floating-point data [B, ...], returns a new tensor of the same shape, type and
device, and leaves its input as it is. Each entry is spoilt independently of all others. ``generator``
must be on the device of x; without one, the draws follow PyTorch's global random state.
"""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from aecore.objectives import squared_error


class Corruption(Protocol):
    """What a corruption is: a function that makes one draw x_tilde ~ C(x_tilde | x).

    Called as ``spoil(x, generator=None)``, with data x [B, ...] and a generator on its device. Returns
    x_tilde, like x in shape, type and device.
    """

    def __call__(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """x: [B, ...]. Returns x_tilde, like x in shape, type and device."""


def gaussian_noise(std: float) -> Corruption:
    """x_tilde = x + std * eps, eps ~ N(0, I). Values leave [0, 1]: clipping them would not be Gaussian.

    std: sigma, in the unit of the data. Raises ValueError when it is negative or not finite.
    """
    if not (std >= 0 and math.isfinite(std)):
        raise ValueError(f"std must be finite and not negative, got {std}")

    def corrupt(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        _check(x)
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
        return x + std * eps

    return corrupt


def masking(share: float) -> Corruption:
    """Each entry is set to 0 with probability ``share``; the others are not scaled up, as dropout does.

    The number of zeroed entries of an example is binomial; Vincent et al. (2008) fix it instead.
    Raises ValueError unless 0 <= share <= 1.
    """
    _check_share(share)

    def corrupt(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        return x.masked_fill(_uniform(x, generator) < share, 0)

    return corrupt


def salt_and_pepper(share: float) -> Corruption:
    """Each entry is hit with probability ``share``; a hit sets it to 0 or to 1, by the toss of a fair coin.

    Meant for data in [0, 1]. A hit on an entry that is already 0 or 1 changes it half of the time, so of
    the entries of a binary image a share of ``share / 2`` changes.
    Raises ValueError unless 0 <= share <= 1.
    """
    _check_share(share)

    def corrupt(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        u = _uniform(x, generator)
        return x.masked_fill(u < share, 1).masked_fill(u < share / 2, 0)

    return corrupt


def compose(*corruptions: Corruption) -> Corruption:
    """All the corruptions in turn, the first one first; one generator serves them all.

    The order matters: ``compose(masking(s), gaussian_noise(t))`` leaves no exact zeros. Of none, it
    returns a copy of x.
    Raises ValueError when called with data that are not floating-point, as every corruption does.
    """

    def corrupt(x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        _check(x)
        x_tilde = x.clone()
        for each in corruptions:
            x_tilde = each(x_tilde, generator=generator)
        return x_tilde

    return corrupt


def denoising_loss(corruption: Corruption) -> Callable[[nn.Module, Tensor], Tensor]:
    """The objective of a denoising autoencoder, for ``fit``: |x - model(x_tilde)|^2 per example, [B].

    corruption: makes x_tilde of x. The model sees x_tilde and is held to the clean x. Every call corrupts
    anew, from the global random state, which ``fit`` seeds.

    The best possible model is the posterior mean E[x | x_tilde]; for Gaussian noise of standard deviation
    sigma that is x_tilde + sigma^2 grad log p_sigma(x_tilde), with p_sigma the density of x_tilde (Tweedie's
    formula: Robbins, 1956; Vincent, 2011).
    """

    def objective(model: nn.Module, x: Tensor) -> Tensor:
        return squared_error(model(corruption(x)), x)

    return objective


def _uniform(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """A number from [0, 1) for each entry of x; at least float32, for half precision knows few of them."""
    _check(x)
    dtype = torch.promote_types(x.dtype, torch.float32)
    return torch.rand(x.shape, generator=generator, dtype=dtype, device=x.device)


def _check(x: Tensor) -> None:
    if not x.is_floating_point():
        raise ValueError(f"expected floating-point data, got {x.dtype}; use x.float()")


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"share is a probability, from 0 to 1, got {share}")
