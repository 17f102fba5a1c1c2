"""What is checked and prepared alike for every widget that shows encoded data."""

import math

import numpy as np
import torch

from aecore.plotting import CLASS_COLOURS

MOST_POINTS = 2000
_NO_LABEL = 255
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def coordinate_name(index: int) -> str:
    """Name of coordinate `index`, counted from 0: "z₁" for 0."""
    return "z" + str(index + 1).translate(_SUBSCRIPTS)


def check_latent_dim(latent_dim) -> None:
    """Raises ValueError unless it is an int from 1: here a decoder of [z, something] does not tell it."""
    if isinstance(latent_dim, bool) or not isinstance(latent_dim, int) or latent_dim < 1:
        raise ValueError(f"latent_dim must be a positive whole number, got {latent_dim!r}")


def checked_codes(codes, latent_dim: int) -> np.ndarray:
    """Codes as float32 [N, d]. Raises ValueError unless they are finite and as wide as the decoder takes."""
    values = torch.as_tensor(codes).detach().to("cpu", torch.float32).numpy()
    if values.ndim != 2 or values.shape[1] != latent_dim:
        raise ValueError(
            f"expected codes [N, {latent_dim}] for this decoder, got {list(values.shape)}; "
            "encode the images with the model that the decoder belongs to"
        )
    if not len(values):
        raise ValueError(f"expected at least one code, got {list(values.shape)}")
    if bad := int((~np.isfinite(values)).any(1).sum()):
        raise ValueError(
            f"{bad} of {len(values)} codes hold NaN or infinity; did training diverge?"
        )
    return values


def checked_labels(labels, count: int, class_names) -> tuple[np.ndarray, list[str]]:
    """Labels as int64 [N], and the name of each class ("0", "1" ... unless `class_names` gives others).

    Raises ValueError for another number of labels, one that a byte cannot hold, or one without a name.
    """
    values = torch.as_tensor(labels).detach().cpu().numpy()
    if values.shape != (count,):
        raise ValueError(
            f"expected {count} labels, one per code, got {list(values.shape)}; "
            "pass the labels of the images that were encoded"
        )
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"labels must be whole numbers, got {values.dtype}")
    if values.min() < 0:
        raise ValueError(f"labels must not be negative, got {values.min()}")
    if values.max() >= _NO_LABEL:
        raise ValueError(
            f"labels must lie in 0 to {_NO_LABEL - 1}, got {values.max()}; number the classes from 0 on"
        )
    if class_names is None:
        class_names = [str(i) for i in range(max(10, int(values.max()) + 1))]
    names = [str(name) for name in class_names]
    if values.max() >= len(names):
        raise ValueError(f"label {values.max()} has no name: class_names has {len(names)} entries")
    return values.astype(np.int64), names


def checked_point(point, size: int, name: str) -> list[float]:
    """A place as `size` finite numbers. Raises ValueError naming the argument."""
    values = torch.as_tensor(point).detach().to("cpu", torch.float64).numpy()
    if values.shape != (size,) or not np.isfinite(values).all():
        raise ValueError(f"{name} must be {size} finite numbers, got {point!r}")
    return values.tolist()


def image_size(output_shape, image_shape) -> tuple[int, int]:
    """Height and width of a decoded image.

    Raises ValueError when `image_shape` is not what the decoder gives, or, if it is None, cannot be told.
    """
    numbers = math.prod(output_shape)
    if image_shape is None:
        if len(output_shape) == 3 and output_shape[0] == 1:
            return tuple(output_shape[1:])
        side = math.isqrt(numbers)
        if len(output_shape) == 1 and side * side == numbers:
            return side, side
        raise ValueError(
            f"the decoder gives shape {list(output_shape)}, which is no square grey image; "
            "pass image_shape=(height, width)"
        )
    height, width = image_shape
    if height * width != numbers:
        raise ValueError(
            f"image_shape={tuple(image_shape)} holds {height * width} pixels, but the decoder gives {numbers}"
        )
    return int(height), int(width)


def grey_bytes(images, shape, count: int | None = None) -> bytes:
    """Images [N, 1, H, W] or [N, H * W] in [0, 1] as grey bytes, for pictures.js; values beyond are cut.

    shape: (H, W). count: how many there must be; None takes any number from 1.
    Raises ValueError for another number or size, NaN or infinity.
    """
    values = torch.as_tensor(images).detach().to("cpu", torch.float32)
    number = count or max(1, len(values) if values.dim() else 0)
    if values.dim() < 2 or len(values) != number or values.numel() != number * math.prod(shape):
        wanted = f"{count} images" if count else "images [N, 1, H, W]"
        each = ", one per code" if count else ""
        raise ValueError(
            f"expected {wanted} of {shape[0]} by {shape[1]}{each}, got {list(values.shape)}"
        )
    if not torch.isfinite(values).all():
        raise ValueError("images hold NaN or infinity")
    return (values.clamp(0, 1) * 255).round().to(torch.uint8).numpy().tobytes()


def map_traits(codes, labels, classes, axes, region) -> dict:
    """What pad.js marks on a map: places as float16 [n, 2], the region being [-1, 1], and labels uint8 [n].

    codes: [N, d] or None; at most MOST_POINTS of them are kept, evenly chosen. labels: int [N] or None.
    classes: their names. axes: the two coordinates (from 0). region: two numbers for the middle, one for
    the half-width. Returns the traits of a `PointView` that tell all this.
    """
    points, marks = _kept_points(codes, labels, axes, region)
    return {
        "codes": points.tobytes(),
        "labels": marks.tobytes(),
        "classes": classes,
        "colours": [CLASS_COLOURS[i % len(CLASS_COLOURS)] for i in range(len(classes))],
        "region": region,
    }


def _kept_points(codes, labels, axes, region) -> tuple[np.ndarray, np.ndarray]:
    if codes is None:
        return np.zeros((0, 2), "<f2"), np.zeros(0, np.uint8)
    kept = np.linspace(0, len(codes) - 1, min(len(codes), MOST_POINTS)).astype(int)
    places = (codes[kept][:, axes] - region[:2]) / region[2]
    marks = np.full(len(codes), _NO_LABEL) if labels is None else labels
    return np.clip(places, -100, 100).astype("<f2"), marks[kept].astype(np.uint8)


def step_for(half_width: float) -> float:
    """Step of a slider that covers +- `half_width`: a power of ten, with 100 to 1,000 steps on each side."""
    return 10.0 ** (math.floor(math.log10(half_width)) - 2)


def on_step(value: float, step: float) -> float:
    """`value` moved to the nearest whole number of steps."""
    return round(round(float(value) / step) * step, 10)


def spread(column: np.ndarray) -> tuple[float, float]:
    """Middle and half-width of what holds the central 99 % of a coordinate."""
    low, high = np.quantile(column, [0.005, 0.995])
    half = float(high - low) / 2
    return float(low + high) / 2, half if half > 0 else 1.0
