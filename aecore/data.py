"""Images to learn from: the MNIST family, or procedural digits where there is no network.

    train = load("auto")                # MNIST, or else the procedural digits
    test = load("auto", train=False)
    train.images                        # float32 [N, 1, 28, 28] in [0, 1]

Folders: the argument `root`, else $AECORE_DATA, else a cache of your own ($XDG_CACHE_HOME/aecore,
which is ~/.cache/aecore where that is not set). $AECORE_OFFLINE=1 keeps `load` off the network.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace

import torch

NAMES = ("mnist", "fashion_mnist", "kmnist", "strokes", "auto")
STROKES = {"train": (12_000, 0), "test": (2_000, 1)}  # how many procedural digits, and their seed

_said = set()  # the sentences printed in this process
_looked_for = set()  # the sets of files that this process looked for


@dataclass(frozen=True, repr=False, eq=False)
class ImageSet:
    """Images with their labels and, where they are known, the factors that made them.

    images: float32 [N, 1, 28, 28] in [0, 1]. labels: int64 [N]. factors: float32 [N, F] or None.
    factor_names: of the columns of `factors`. name: of the set.

    An index (a slice, an integer, a tensor of indices or of booleans) gives the ImageSet of those
    examples. Raises ValueError where the parts do not fit.
    """

    images: torch.Tensor
    labels: torch.Tensor
    factors: torch.Tensor | None = None
    factor_names: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self):
        _check_tensor("images", self.images, torch.float32, (None, 1, 28, 28))
        _check_tensor("labels", self.labels, torch.int64, (len(self.images),))
        if isinstance(self.factor_names, str):
            raise ValueError(f"expected factor_names as a tuple, got {self.factor_names!r}")
        if self.factors is not None:
            shape = (len(self.images), len(self.factor_names))
            _check_tensor("factors", self.factors, torch.float32, shape)
        elif self.factor_names:
            raise ValueError(f"factor_names {self.factor_names} were given, but no factors")
        if len(self.images):
            low, high = (value.item() for value in self.images.aminmax())
            if not (low >= 0 and high <= 1):
                raise ValueError(
                    f"expected images in [0, 1], got values from {low:g} to {high:g}; "
                    "did you forget to divide by 255?"
                )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if not isinstance(index, slice):
            index = torch.as_tensor(index, device=self.images.device)
            if index.dim() == 0 and not -len(self) <= index < len(self):
                raise IndexError(f"example {index} of a set of {len(self):,}")
            index = index.reshape(-1) if index.dim() == 0 else index
        return self._map(lambda tensor: tensor[index])

    def to(self, device):
        """The same set on another device, such as "cuda"."""
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, change):
        factors = None if self.factors is None else change(self.factors)
        return replace(
            self, images=change(self.images), labels=change(self.labels), factors=factors
        )

    def __repr__(self):
        parts = [f"{self.name!r}", f"images {list(self.images.shape)}", f"labels [{len(self)}]"]
        if self.factors is not None:
            parts.append(f"factors {list(self.factors.shape)} ({', '.join(self.factor_names)})")
        return f"ImageSet({', '.join(parts)}, on {self.images.device})"


def load(name="auto", *, train=True, limit=None, root=None):
    """A set of images: the training set, or the test set with ``train=False``.

    name: of the set. "mnist" (LeCun, Cortes and Burges), "fashion_mnist" (Xiao, Rasul and Vollgraf, 2017,
    arXiv:1708.07747), "kmnist" (Clanuwat et al., 2018, arXiv:1812.01718), each with 60,000 + 10,000
    images; "strokes", 12,000 + 2,000 procedural digits with known factors (`aecore.strokes`), which
    needs no files; or "auto": MNIST if it is found or can be downloaded, and else "strokes", with
    one printed sentence that says so.
    limit: take only the first `limit` examples, or all where there are fewer.
    root: the folder that has MNIST/raw/...; see the top of this module.
    Raises ValueError for a name or limit that makes no sense, `aecore.mnist.DataError` where files
    are missing, damaged or cannot be checked, and could not be fetched.
    """
    if name not in NAMES:
        raise ValueError(f"unknown data set {name!r}; there are {', '.join(map(repr, NAMES))}")
    if not isinstance(train, bool):
        raise ValueError(f"expected train=True or train=False, got {train!r}")
    limit = _check_limit(limit)
    if name == "strokes":
        return _strokes(train, limit)
    if name != "auto":
        return _mnist(name, train, limit, root)
    from aecore.mnist import MissingDataError

    try:
        return _mnist("mnist", train, limit, root, retry=False)
    except MissingDataError as missing:
        _say_once(f"{missing.reason}; these are procedural digits, load('strokes'), instead.")
        return _strokes(train, limit)


def binarise(images, *, seed=0):
    """Black or white pixels, drawn once: a pixel of grey level g in [0, 1] is 1 with probability g.

    A Bernoulli likelihood is one of such images, and not of grey ones. The draw is fixed ("static"
    binarisation; Salakhutdinov and Murray, 2008): the same seed gives the same pixels, on every
    device. Returns a tensor like `images`, of any shape. Raises ValueError outside [0, 1].
    """
    if not torch.is_tensor(images) or not images.is_floating_point():
        kind = images.dtype if torch.is_tensor(images) else type(images).__name__
        raise ValueError(f"expected grey levels as a floating-point tensor, got {kind}")
    if not ((images >= 0) & (images <= 1)).all():
        raise ValueError(
            f"expected grey levels in [0, 1], got values from {images.min():g} to {images.max():g}"
        )
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(images.shape, generator=generator, dtype=torch.float32)
    return (draw.to(images.device) < images).to(images.dtype)


def sources():
    """What was found of each set of files that this process looked for, in words.

    {name: words}; another process that finds the same words gets the same images. Sets that were
    looked for under a `root` of their own are not among them.
    """
    from aecore import mnist

    return {name: mnist.source(name) for name in sorted(_looked_for)}


def _mnist(name, train, limit, root, retry=True):
    from aecore import mnist

    if not root:
        _looked_for.add(name)
    root, ours, offline = mnist.where(root)
    grey, labels = mnist.read(name, train=train, root=root, ours=ours, offline=offline, retry=retry)
    images = grey[:limit].unsqueeze(1).to(torch.float32).div_(255)
    return ImageSet(images, labels[:limit].to(torch.int64), name=name)


def _strokes(train, limit):
    from aecore.strokes import FACTOR_NAMES, digits

    count, seed = STROKES["train" if train else "test"]
    made = digits(min(count, limit or count), seed=seed)
    return ImageSet(made.images, made.labels, made.factors, FACTOR_NAMES, name="strokes")


def _check_limit(limit):
    if limit is None:
        return None
    try:
        count = operator.index(limit)
    except TypeError:
        count = 0
    if isinstance(limit, bool) or count < 1:
        raise ValueError(f"expected limit as a positive integer, or None for all, got {limit!r}")
    return count


def _check_tensor(what, value, dtype, shape):
    wanted = f"{what} {str(dtype).removeprefix('torch.')} {_show(shape)}"
    if not torch.is_tensor(value):
        raise ValueError(f"expected {wanted}, got {type(value).__name__}")
    fits = value.dim() == len(shape) and all(
        want in (None, got) for want, got in zip(shape, value.shape, strict=True)
    )
    if value.dtype != dtype or not fits:
        got = f"{str(value.dtype).removeprefix('torch.')} {_show(value.shape)}"
        raise ValueError(f"expected {wanted}, got {got}")


def _show(shape):
    return "[" + ", ".join("N" if size is None else str(size) for size in shape) + "]"


def _say_once(sentence):
    if sentence not in _said:
        _said.add(sentence)
        print(sentence)
