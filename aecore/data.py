"""Images to learn from: the MNIST family, or procedural digits where there is no network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images with their labels and, where they are known, their generating factors."""

    images: torch.Tensor
    labels: torch.Tensor
    factors: torch.Tensor | None = None
    factor_names: tuple[str, ...] = ()
    name: str = ""

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        factors = None if self.factors is None else self.factors[index]
        return ImageSet(
            self.images[index], self.labels[index], factors, self.factor_names, self.name
        )

    def to(self, device):
        """The same set on `device`."""
        factors = None if self.factors is None else self.factors.to(device)
        return ImageSet(
            self.images.to(device), self.labels.to(device), factors, self.factor_names, self.name
        )

    def __repr__(self):
        return f"ImageSet({self.name!r}, {len(self):,} images)"


def load(name="auto", *, train=True, limit=None, root=None):
    """Load a set of images: float32 [N, 1, 28, 28] in [0, 1], with int64 labels [N]."""
    if name == "auto":
        name = "mnist"
    if name == "strokes":
        from aecore.strokes import FACTOR_NAMES, digits

        made = digits(
            min(limit or 12_000, 12_000) if train else min(limit or 2_000, 2_000),
            seed=0 if train else 1,
        )
        return ImageSet(made.images, made.labels, made.factors, FACTOR_NAMES, "strokes")
    if name != "mnist":
        raise ValueError(f"unknown data set {name!r}")
    root = Path(root or os.environ.get("AECORE_DATA") or Path.home() / ".cache" / "aecore")
    for operator in ("nms", "qnms"):
        try:
            torch.library.define(
                f"torchvision::{operator}", "(Tensor a, Tensor b, float c) -> Tensor"
            )
        except RuntimeError:
            pass
    from torchvision.datasets import MNIST

    raw = MNIST(root, train=train, download=not (root / "MNIST" / "raw").exists())
    images = raw.data[:limit].unsqueeze(1).float().div_(255)
    return ImageSet(images, raw.targets[:limit].long(), name="mnist")


def binarise(images, *, seed=0):
    """One Bernoulli draw of each grey level: same shape, float32, zeros and ones."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(images.shape, generator=generator, dtype=images.dtype)
    return (draw.to(images.device) < images).to(images.dtype)
