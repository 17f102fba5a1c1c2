"""The interpolator as Python makes it, and the paths between two codes."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aecore.live import Decoder, Interpolator
from aecore.live.paths import interpolate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Interpolator needs codes"),
        ({"codes": torch.zeros(1, 2)}, "2 to 24 examples to choose from, got 1"),
        ({"codes": torch.zeros(3, 2), "initial": (0, 3)}, "two examples from 0 to 2"),
        ({"codes": torch.zeros(3, 2), "path": "curved"}, "'linear', 'spherical'.*got 'curved'"),
        (
            {"codes": torch.zeros(3, 2), "images": torch.zeros(3, 100)},
            r"3 images of 28 by 28, one per code, got \[3, 100\]",
        ),
        (
            {"codes": torch.zeros(3, 2), "images": torch.full((3, 784), math.nan)},
            "images hold NaN",
        ),
    ],
)
def test_interpolator_refuses_what_does_not_fit(decoder, options, message):
    with pytest.raises(ValueError, match=message):
        Interpolator(decoder, **options)


def test_thumbnails_are_the_images_given_or_else_the_decoded_codes(decoder, codes):
    images = torch.rand(3, 1, 28, 28)
    given_ = Interpolator(decoder, images, codes[:3]).view
    sent = np.frombuffer(given_.thumbnails, np.uint8).reshape(3, 28, 28)
    np.testing.assert_allclose(sent / 255, images[:, 0], atol=0.51 / 255)
    own = Interpolator(decoder, codes=codes[:3]).view
    sent = np.frombuffer(own.thumbnails, np.uint8).reshape(3, 784)
    expected = Decoder.of(decoder).decode(codes[:3]).clamp(0, 1)
    np.testing.assert_allclose(sent / 255, expected, atol=0.51 / 255)


def test_examples_are_named_for_a_screen_reader(decoder, codes):
    digits = Interpolator(decoder, codes=codes[:3], labels=[7, 8, 0])
    assert digits.view.names == ["example 1: a 7", "example 2: an 8", "example 3: a 0"]
    clothes = Interpolator(
        decoder, codes=codes[:2], labels=[1, 0], class_names=["shirt", "trousers"]
    )
    assert clothes.view.names == ["example 1: trousers", "example 2: shirt"]
    assert Interpolator(decoder, codes=codes[:2]).view.names == ["example 1", "example 2"]


LENGTHS = st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3)


@settings(max_examples=60, deadline=None)
@given(arrays(float, (2, 4), elements=LENGTHS), st.floats(0, 1))
def test_spherical_path_keeps_direction_rate_and_length(ends, t):
    start, end = ends
    z = interpolate(start, end, t, "spherical")
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    assert np.linalg.norm(z) == pytest.approx((1 - t) * lengths[0] + t * lengths[1])
    whole = np.arccos(np.clip(start @ end / lengths[0] / lengths[1], -1, 1))
    part = np.arccos(np.clip(start @ z / lengths[0] / np.linalg.norm(z), -1, 1))
    assert part == pytest.approx(t * whole, abs=1e-6)


@pytest.mark.parametrize("path", ["linear", "spherical"])
@pytest.mark.parametrize(
    "ends",
    [
        ((1.0, 2.0), (-2.0, 0.5)),
        ((1.0, 2.0), (1.0, 2.0)),
        ((1.0, 2.0), (2.0, 4.0 + 1e-9)),
        ((1.0, 0.0), (-1.0, 0.0)),
        ((0.0, 0.0), (3.0, 1.0)),
        ((0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_paths_join_their_ends_whatever_these_are(path, ends):
    np.testing.assert_allclose(interpolate(*ends, 0, path), ends[0], atol=1e-9)
    np.testing.assert_allclose(interpolate(*ends, 1, path), ends[1], atol=1e-9)
    assert np.isfinite(interpolate(*ends, 0.5, path)).all()


def test_halfway_between_opposite_codes_the_length_is_kept():
    z = interpolate((2.0, 0.0, 0.0), (-2.0, 0.0, 0.0), 0.5, "spherical")
    assert np.linalg.norm(z) == pytest.approx(2)


def test_unknown_path_is_refused():
    with pytest.raises(ValueError, match="got 'round'"):
        interpolate((0.0,), (1.0,), 0.5, "round")


@settings(max_examples=60, deadline=None)
@given(
    ends=st.integers(2, 5).flatmap(
        lambda d: arrays(float, (2, d), elements=st.floats(-3, 3, width=16))
    ),
    t=st.floats(0, 1),
    path=st.sampled_from(["linear", "spherical"]),
)
def test_the_page_goes_the_same_way(node, ends, t, path):
    start, end = ends.tolist()
    found = node.call("paths.js", "interpolate", start, end, t, path)
    np.testing.assert_allclose(found, interpolate(start, end, t, path), atol=1e-9)
