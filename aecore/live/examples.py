"""Example images to choose from: named, checked and sent alike by every widget that has some."""

import math

import numpy as np
import torch
import traitlets
from matplotlib.colors import LinearSegmentedColormap

from aecore.live.codes import checked_labels
from aecore.live.view import View
from aecore.plotting import CLASS_COLOURS

SIGNED = LinearSegmentedColormap.from_list("signed", [CLASS_COLOURS[0], "white", CLASS_COLOURS[6]])
"""Matplotlib's form of signed.js: from blue (negative) through white (zero) to orange."""


class ExampleView(View):
    """A view with example images, one of which is chosen: `example`, counted from 0."""

    images = traitlets.Bytes().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    image_shape = traitlets.List(traitlets.Int()).tag(sync=True)
    example = traitlets.Int(0).tag(sync=True)

    def pixels(self) -> np.ndarray:
        """The example images as they travel, float32 [N, H, W]."""
        return np.frombuffer(self.images, "<f4").reshape(-1, *self.image_shape)


def named_examples(labels, count: int, class_names=None) -> tuple[list[str], list[str], list[str]]:
    """Of each example: its short mark, its colour, its full name ("example 3: an 8").

    Raises ValueError as `checked_labels` does.
    """
    if labels is None:
        marks = [str(i + 1) for i in range(count)]
        return marks, [CLASS_COLOURS[0]] * count, [f"example {mark}" for mark in marks]
    labels, classes = checked_labels(labels, count, class_names)
    marks = [classes[label] for label in labels]
    colours = [CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in labels]
    return marks, colours, [f"example {i + 1}: {_with_article(m)}" for i, m in enumerate(marks)]


def _with_article(name: str) -> str:
    """ "a 7", "an 8"; a name that is no number stays as it is."""
    if not name.isdigit():
        return name
    return f"an {name}" if name[0] == "8" or name in ("11", "18") else f"a {name}"


def checked_images(images, most: int, image_shape=None) -> tuple[bytes, int, tuple[int, int]]:
    """Example images [N, 1, H, W], [N, H, W] or [N, H * W] as float32 bytes [N, H, W]; N; (H, W).

    image_shape: needed for flat images that are not square.
    Raises ValueError for no image or more than `most`, for another shape, and for NaN or infinity.
    """
    values = torch.as_tensor(images).detach().to("cpu", torch.float32)
    if values.dim() < 2 or not 1 <= len(values) <= most:
        raise ValueError(
            f"expected images [N, 1, H, W] with N from 1 to {most}, got {list(values.shape)}; "
            "pass a few of them, as images[:8]"
        )
    count, numbers = len(values), values[0].numel()
    if image_shape is None:
        side = math.isqrt(numbers)
        image_shape = (side, side) if values.dim() == 2 else tuple(values.shape[-2:])
    height, width = image_shape
    if height * width != numbers:
        raise ValueError(
            f"expected grey images [N, 1, H, W] or [N, H * W], got {list(values.shape)}, "
            f"which is not {count} images of {height} by {width}"
        )
    if bad := int((~values.reshape(count, -1).isfinite()).any(1).sum()):
        raise ValueError(f"{bad} of {count} images hold NaN or infinity")
    return values.numpy().astype("<f4").tobytes(), count, (int(height), int(width))
