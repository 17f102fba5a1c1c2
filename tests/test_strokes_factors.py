"""Each factor of the procedural digits does what it says: measured on the images."""

import math

import pytest
import torch
from plain_digits import EVERY_FORM, EVERY_LABEL, moments, plain
from torch.func import jacfwd, vmap

from aecore.strokes import digits, render


@pytest.mark.parametrize("thickness", [1.5, 2.0, 3.0, 4.0])
def test_thickness_is_the_width_of_a_straight_stroke_at_half_intensity(thickness):
    image = render(1, plain(thickness=thickness, rotation=90.0))[0]
    column = image[:, 14]  # across the middle of the stroke, which lies flat
    above = int((column >= 0.5).nonzero()[0])
    below = int((column >= 0.5).nonzero()[-1])
    rise = (0.5 - column[above - 1]) / (column[above] - column[above - 1])
    fall = (column[below] - 0.5) / (column[below] - column[below + 1])
    assert below + fall - (above - 1 + rise) == pytest.approx(thickness, abs=0.2)


def test_more_thickness_is_more_ink_for_every_digit_and_form():
    thickness = torch.linspace(1.2, 6.0, 25, dtype=torch.float64)
    factors = torch.stack([plain(thickness=t) for t in thickness])
    images = render(EVERY_LABEL[:, None], factors, form=EVERY_FORM[:, None])
    ink = images.sum((-1, -2, -3))
    assert (ink[:, 1:] > ink[:, :-1]).all()


@pytest.mark.parametrize("slant", [-15.0, 10.0, 30.0])
def test_slant_shears_the_second_moments_by_its_angle_to_the_right(slant):
    _, upright = moments(render(EVERY_LABEL, plain(), form=EVERY_FORM))
    _, slanted = moments(render(EVERY_LABEL, plain(slant=slant), form=EVERY_FORM))
    # x' = x - y tan(slant), y down: cov(x', y) = cov(x, y) - var(y) tan(slant)
    shear = (upright[:, 0, 1] - slanted[:, 0, 1]) / upright[:, 1, 1]
    error = (torch.rad2deg(shear.atan()) - slant).abs()
    assert error[EVERY_LABEL == 1].max() < 1.5
    # a slanted bow is longer on one side than on the other, and a pen leaves ink by length
    assert error.max() < 6


def test_the_top_of_a_slanted_one_is_on_the_right():
    image = render(1, plain(slant=25.0))[0]
    column = torch.arange(28.0, dtype=torch.float64)
    top, bottom = ((image[rows] * column).sum() / image[rows].sum() for rows in (7, 20))
    assert top - bottom == pytest.approx(13 * math.tan(math.radians(25)), abs=0.3)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rotation_by_right_angles_turns_the_image_counter_clockwise(turns):
    upright = render(EVERY_LABEL, plain(), form=EVERY_FORM)
    turned = render(EVERY_LABEL, plain(rotation=90.0 * turns), form=EVERY_FORM)
    torch.testing.assert_close(turned, torch.rot90(upright, turns, (-2, -1)))


def test_a_small_positive_rotation_moves_the_top_of_a_one_to_the_left():
    image = render(1, plain(rotation=10.0))[0]
    column = torch.arange(28.0, dtype=torch.float64)
    top, bottom = ((image[rows] * column).sum() / image[rows].sum() for rows in (7, 20))
    assert top - bottom == pytest.approx(-13 * math.tan(math.radians(10)), abs=0.3)


@pytest.mark.parametrize("width", [0.75, 1.25])
def test_width_stretches_a_digit_sideways_and_not_upwards(width):
    _, plain_spread = moments(render(EVERY_LABEL, plain(), form=EVERY_FORM))
    _, spread = moments(render(EVERY_LABEL, plain(width=width), form=EVERY_FORM))
    broad = EVERY_LABEL != 1  # a one is all pen, and has no width to speak of
    ratio = (spread[broad, 0, 0] / plain_spread[broad, 0, 0]).sqrt()
    assert (ratio - width).abs().max() < 0.08
    torch.testing.assert_close(spread[:, 1, 1], plain_spread[:, 1, 1], rtol=0.08, atol=0)


def test_each_factor_moves_the_image_in_a_direction_of_its_own():
    drawn = digits(200, seed=9)
    seen = drawn.labels != 1  # slant and rotation do much the same to a one, and width nothing
    drawn = type(drawn)(*(part[seen][:40] for part in drawn))
    jacobian = vmap(jacfwd(render, argnums=1))(
        drawn.labels, drawn.factors.double(), drawn.wobble.double(), drawn.form
    ).flatten(1, 3)
    tangents = jacobian / jacobian.norm(dim=1, keepdim=True)
    smallest = torch.linalg.svdvals(tangents)[:, -1]
    assert smallest.min() > 0.05 and smallest.median() > 0.2
