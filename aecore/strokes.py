"""Digits written by a pen whose movements are known: a differentiable renderer.

A picture is made in four smooth steps:

1. the strokes of a digit, in one of the three forms that people write, sampled as a polyline;
2. the wobble of this one example: the page bends, the hand drifts, the pressure changes;
3. the factors: width, then slant, then rotation move the polyline, and thickness sets the pen;
4. a soft distance from every pixel to the strokes, and ink where it is below half the thickness.

The soft distance is that of a Gaussian brush drawn along the polyline. A Gaussian is separable, so
the ink of an image is one small matrix product and thousands of images take a second. All of it is
a pure function of (label, factors, wobble, form), differentiable in factors and wobble; it takes any
leading batch shape, and `torch.func` (`vmap`, `jvp`, `jacrev`) goes through it.

Axis letters: N examples, V vertices of a polyline, F = 4 factors, W = WOBBLE_DIM wobble coordinates.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.nn.functional import embedding

from aecore.glyphs import FORMS, VERTICES, glyphs

FACTOR_NAMES = ("slant", "thickness", "width", "rotation")
"""What the columns of `factors` are.

1. slant: how far the upright strokes lean to the right (a shear, as in italics), in degrees;
2. thickness: of a straight stroke, between the two points of half intensity, in pixels;
3. width: of the digit, as a ratio to its plain form; the height stays;
4. rotation: of the whole digit, counter-clockwise on the page, in degrees.
"""
FACTOR_UNITS = ("degrees", "pixels", "ratio", "degrees")
FACTOR_RANGES = ((-15.0, 30.0), (1.8, 4.2), (0.75, 1.25), (-10.0, 10.0))
"""The least and greatest value that `sample_factors` draws; `render` accepts values beyond them."""

SIZE = 28  # pixels in a row and in a column
HEIGHT = 16.2  # of the line of writing, in pixels; the thickness of the pen adds to it

_DRIFT_MODES, _BEND_MODES, _PRESSURE_MODES = 6, 6, 2
WOBBLE_DIM = 2 * _DRIFT_MODES + 2 * _BEND_MODES + _PRESSURE_MODES
"""Wobble coordinates of one example: independent, standard normal, zero for the plain form."""
# Tuned by eye beside MNIST, and until a linear probe made about as few mistakes on the pixels.
_DRIFT, _BEND, _PRESSURE = 0.115, 0.065, 0.35

_BRUSH = 0.75  # standard deviation of the Gaussian brush, in pixels
_RIM = 0.7  # half the width of the grey rim of a stroke, in pixels
_BLOCK = 1000  # examples drawn together, whatever is asked for: a short sample begins a long one


class Digits(NamedTuple):
    """Digits and all that made them: ``render(labels, factors, wobble, form)`` gives the images.

    images: float32 [N, 1, 28, 28] in [0, 1]. labels: int64 [N]. factors: float32 [N, F].
    wobble: float32 [N, W]. form: int64 [N].
    """

    images: torch.Tensor
    labels: torch.Tensor
    factors: torch.Tensor
    wobble: torch.Tensor
    form: torch.Tensor


def render(labels, factors, wobble=None, form=None):
    """Images [..., 1, 28, 28] in [0, 1] of handwritten digits, on the dtype and device of `factors`.

    labels: integers [...] from 0 to 9. factors: [..., 4], in the order and units of FACTOR_NAMES.
    wobble: [..., WOBBLE_DIM], None for the plain form. form: integers [...] from 0 to 2, None for 0.
    Leading shapes broadcast, so one label may meet many factors. The images are continuously
    differentiable in `factors`, and almost everywhere in `wobble`. Raises ValueError where a shape,
    a digit or a form is wrong, or where thickness or width is not positive.
    """
    if not torch.is_tensor(factors) or not factors.is_floating_point():
        raise ValueError(f"expected factors as a floating-point tensor, got {_kind(factors)}")
    if wobble is None:
        wobble = factors.new_zeros(WOBBLE_DIM)
    labels = torch.as_tensor(labels, device=factors.device)
    form = torch.as_tensor(0 if form is None else form, device=factors.device)
    _check_inputs(labels, factors, wobble, form)
    vertices, pen, reach, _ = (t.to(factors) for t in glyphs())
    glyph = labels * FORMS + form
    path = embedding(glyph, vertices.flatten(1)).unflatten(-1, (VERTICES, 2))
    slant, thickness, width, rotation = factors.unbind(-1)
    path, pressure = _wobble(path, wobble.to(factors.dtype), embedding(glyph, reach))
    path = _place(path * (HEIGHT / 2), slant, width, rotation)
    return _ink(path, embedding(glyph, pen), pressure, thickness)


def sample_factors(labels, *, generator):
    """Factors float32 [N, 4] for `labels` [N]: each uniform in its range of FACTOR_RANGES.

    They are independent of each other and of the label, as the measures of disentanglement need.
    generator: on the CPU, for draws that can be repeated.
    """
    low, high = torch.tensor(FACTOR_RANGES, dtype=torch.float32).T
    shape = (len(labels), len(FACTOR_NAMES))
    drawn = torch.rand(shape, generator=generator, dtype=low.dtype)
    return (low + (high - low) * drawn).to(labels.device)


def digits(n, *, seed):
    """`n` random digits and what made them; the same seed gives the same digits.

    The first digits of a longer sample are those of a shorter one with the same seed.
    Raises ValueError if `n` is not a positive integer.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"expected a positive number of digits, got {n!r}")
    generator = torch.Generator().manual_seed(seed)
    share = glyphs().share
    blocks = []
    for start in range(0, n, _BLOCK):
        labels = torch.randint(10, (_BLOCK,), generator=generator)
        factors = sample_factors(labels, generator=generator)
        wobble = torch.randn(_BLOCK, WOBBLE_DIM, generator=generator, dtype=factors.dtype)
        form = torch.multinomial(share[labels], 1, generator=generator).squeeze(1)
        drawn = [t[: n - start] for t in (labels, factors, wobble, form)]
        with _one_thread():
            blocks.append((render(*drawn), *drawn))
    return Digits(*(torch.cat(parts) for parts in zip(*blocks, strict=True)))


@contextmanager
def _one_thread():
    """Let torch use one thread: where cores are shared, its threads wait far longer than they work.

    Measured on two cores: 14,000 digits alone, 0.4 s with two threads and 0.6 s with one; 12,000
    beside four busy processes, 15 s with two and 1.4 s with one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _wobble(path, wobble, reach):
    """A path [..., V, 2] in units of half the line, bent and drifting; pressure [..., V - 1].

    reach: [..., 1], how far this glyph strays: a short movement has little room to go wrong.
    """
    parts = [2 * _DRIFT_MODES, 2 * _BEND_MODES, _PRESSURE_MODES]
    drift, bend, press = (reach * part for part in wobble.split(parts, dim=-1))
    x, y = (math.pi * path).unbind(-1)
    page = [y.sin() / 2, y.cos(), x.sin(), x.cos(), (x + y).sin() / 2, (x - y).cos() / 2]
    bent = torch.stack(page, -1) @ bend.unflatten(-1, (_BEND_MODES, 2))
    along = torch.linspace(0, math.pi, VERTICES, dtype=path.dtype, device=path.device)[:, None]
    mode = torch.arange(1, _DRIFT_MODES + 1, dtype=path.dtype, device=path.device)
    wave = (mode * along).cos()
    loudness = mode * (-mode / 1.6).exp()  # the hand is slow: its drift has few fast waves
    drifted = (wave * loudness) @ drift.unflatten(-1, (_DRIFT_MODES, 2))
    path = path + _BEND * bent + _DRIFT * drifted
    top, bottom = path[..., 1].amin(-1), path[..., 1].amax(-1)
    path = path * (2 / (bottom - top))[..., None, None]  # the writer still fills the line
    pressure = (wave[:-1, :_PRESSURE_MODES] @ press.unsqueeze(-1)).squeeze(-1)
    return path, (_PRESSURE * pressure).exp()


def _place(path, slant, width, rotation):
    """A path [..., V, 2], in pixels, made wide, slanted and turned."""
    x, y = path.unbind(-1)
    x = x * width[..., None] - y * torch.deg2rad(slant).tan()[..., None]
    angle = torch.deg2rad(rotation)[..., None]
    return torch.stack([x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()], -1)


def _ink(path, pen, pressure, thickness):
    """Images [..., 1, 28, 28] of a path [..., V, 2] in pixels, its centre of mass in the middle.

    With a brush of standard deviation s, the brush's density at distance d from a long straight
    stroke is exp(-d^2 / 2 s^2); so -2 s^2 log(density) is d^2 there, and a smooth version of the
    squared distance to the nearest stroke everywhere else.
    """
    step = path[..., 1:, :] - path[..., :-1, :]
    middle = (path[..., 1:, :] + path[..., :-1, :]) / 2
    length = pen * (step.square().sum(-1) + 1e-12).sqrt()
    centre = (length[..., None] * middle).sum(-2, keepdim=True) / length.sum(-1)[..., None, None]
    pixel = torch.arange(SIZE, dtype=path.dtype, device=path.device) - (SIZE - 1) / 2
    offset = (middle - centre)[..., None] - pixel
    # exp(-40) is no ink at all; smaller numbers would be denormal, and slow
    column, row = (offset.square() / (-2 * _BRUSH**2)).clamp_min(-40).exp().unbind(-2)
    weight = length * pressure / (_BRUSH * math.sqrt(2 * math.pi))
    density = row.mT @ (column * weight[..., None])
    squared_distance = -2 * _BRUSH**2 * (density + 1e-12).log()
    radius = thickness[..., None, None] / 2
    # (r^2 - d^2) / 2r is close to r - d near the rim, and needs no square root
    ink = ((radius.square() - squared_distance) / (4 * radius * _RIM) + 0.5).clamp(0, 1)
    return (ink.square() * (3 - 2 * ink)).unsqueeze(-3)


def _check_inputs(labels, factors, wobble, form):
    names = ", ".join(FACTOR_NAMES)
    if factors.shape[-1:] != (len(FACTOR_NAMES),):
        raise ValueError(f"expected factors [..., 4] ({names}), got {list(factors.shape)}")
    if wobble.shape[-1:] != (WOBBLE_DIM,):
        raise ValueError(f"expected wobble [..., {WOBBLE_DIM}], got {list(wobble.shape)}")
    for what, value, count in (("labels", labels, 10), ("form", form, FORMS)):
        if value.is_floating_point() or value.dtype == torch.bool:
            raise ValueError(f"expected {what} as integers, got {value.dtype}")
        allowed = f"expected {what} from 0 to {count - 1}"
        _refuse((value < 0) | (value >= count), value, allowed)
    shapes = [labels.shape, form.shape, factors.shape[:-1], wobble.shape[:-1]]
    try:
        torch.broadcast_shapes(*shapes)
    except RuntimeError:
        got = ", ".join(str(list(shape)) for shape in shapes)
        raise ValueError(
            f"labels, form, factors and wobble disagree on how many examples there are: {got}"
        ) from None
    for column in (1, 2):
        value = factors[..., column]
        _refuse(~(value > 0), value, f"{FACTOR_NAMES[column]} must be positive")


def _refuse(wrong, value, message):
    """Raise ValueError where a value is wrong; inside `vmap` no value can be looked at."""
    try:
        found = value[wrong].flatten()[:1].tolist()
    except RuntimeError:
        return
    if found:
        raise ValueError(f"{message}, got {found[0]:g}")


def _kind(value):
    return value.dtype if torch.is_tensor(value) else type(value).__name__
