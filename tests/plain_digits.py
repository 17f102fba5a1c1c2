"""Digits drawn plainly, one factor changed at a time, and where the ink of an image lies."""

import torch

from aecore.glyphs import FORMS
from aecore.strokes import FACTOR_NAMES

PLAIN = torch.tensor([0.0, 3.0, 1.0, 0.0], dtype=torch.float64)
EVERY_LABEL = torch.arange(10).repeat_interleave(FORMS)
EVERY_FORM = torch.arange(FORMS).repeat(10)
# Grey levels in single precision are off by up to 3e-6, and otherwise off when drawn in another batch.
ROUNDING = 1e-5


def plain(**changes):
    """The plain factors, float64 [4], with some of them changed."""
    factors = PLAIN.clone()
    for name, value in changes.items():
        factors[FACTOR_NAMES.index(name)] = value
    return factors


def moments(images):
    """Mean column and row [N, 2], and the covariance [N, 2, 2], of the ink in images."""
    ink = images.flatten(0, -3)
    ink = ink / ink.sum((-1, -2), keepdim=True)
    y, x = torch.meshgrid(*[torch.arange(28, dtype=ink.dtype)] * 2, indexing="ij")
    mean = torch.stack([(ink * x).sum((-1, -2)), (ink * y).sum((-1, -2))], -1)
    centred = torch.stack([x, y]) - mean[..., None, None]
    covariance = torch.einsum("nij,naij,nbij->nab", ink, centred, centred)
    return mean, covariance
