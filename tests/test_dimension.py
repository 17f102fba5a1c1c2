"""Intrinsic dimensions that are known, in closed form or by construction, and inputs that have none."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from aecore import strokes
from aecore.dimension import mle_dimension, two_nn_dimension

ESTIMATORS = [mle_dimension, two_nn_dimension]
both = pytest.mark.parametrize("estimate", ESTIMATORS, ids=["mle", "two_nn"])


def random(*shape, seed=0, kind=torch.randn):
    return kind(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sphere(d, n=2000, seed=0):
    """n uniform points of the d-dimensional unit sphere, [n, d + 1]."""
    return normalize(random(n, d + 1, seed=seed), dim=1)


def by_definition(points, neighbours):
    """The maximum-likelihood estimate from the whole matrix of distances, by three loops."""
    logs = []
    for a in points:
        away = sorted(math.dist(a, b) for b in points if b is not a)[:neighbours]
        logs += [math.log(away[-1] / t) for t in away[:-1]]
    return len(logs) / sum(logs)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_spheres_of_few_dimensions_have_their_dimension(d, seed):
    """Within 4 standard errors, 1.5 d / sqrt(N) for two neighbours, and 5 % of bias for many."""
    points = sphere(d, seed=seed)
    assert two_nn_dimension(points) == pytest.approx(d, rel=4 * 1.5 / math.sqrt(len(points)))
    assert mle_dimension(points) == pytest.approx(d, rel=0.05)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_sphere_of_twenty_dimensions_is_underestimated_and_less_so_with_more_points(seed):
    points = sphere(20, 4000, seed)
    assert 13 < mle_dimension(points[:500]) < 15 < mle_dimension(points) < 17
    assert 15 < two_nn_dimension(points) < 19


@both
def test_neither_the_space_around_nor_the_scale_nor_the_place_matters(estimate):
    flat = random(1500, 3, kind=torch.rand)
    frame = torch.linalg.qr(random(60, 3)).Q
    assert estimate(1e-3 * flat @ frame.T + 1000) == pytest.approx(estimate(flat), rel=1e-6)


@both
def test_the_order_of_the_points_does_not_matter(estimate):
    points = sphere(3, 300)
    shuffled = points[torch.randperm(300, generator=torch.Generator().manual_seed(1))]
    assert estimate(shuffled) == pytest.approx(estimate(points), rel=1e-12)


@pytest.mark.parametrize("neighbours", [2, 5, 20])
def test_mle_is_the_mean_of_the_logarithms_of_ratios(neighbours):
    points = random(60, 4)
    expected = by_definition(points.tolist(), neighbours)
    assert mle_dimension(points, neighbours=neighbours) == pytest.approx(expected, rel=1e-9)


def test_two_nn_fits_the_line_through_the_origin():
    """Five points on a line: the ratios are 3/1, 2/1, 4/2, 6/4 and 10/6, and numpy fits the line."""
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0], [13.0]])
    ratios = np.sort(np.log([3 / 1, 2 / 1, 3 / 2, 6 / 4, 10 / 6]))
    for discard, kept in ((0.0, 4), (0.1, 4), (0.4, 3)):
        y = -np.log(1 - np.arange(1, kept + 1) / 5)
        slope = np.linalg.lstsq(ratios[:kept, None], y, rcond=None)[0][0]
        assert two_nn_dimension(points, discard=discard) == pytest.approx(slope, rel=1e-12)


def test_the_digits_of_one_kind_have_the_four_factors_that_make_them():
    factors = strokes.sample_factors(torch.zeros(3000), generator=torch.Generator().manual_seed(0))
    images = strokes.render(torch.full((3000,), 3), factors).flatten(1)
    assert 3.4 < mle_dimension(images) < 4.4
    assert 3.4 < two_nn_dimension(images) < 4.6


def test_noise_shows_at_the_scale_of_few_neighbours_and_not_at_that_of_many():
    plane = torch.cat([random(4000, 2, kind=torch.rand), 0.003 * random(4000, 1)], 1)
    assert mle_dimension(plane, neighbours=4) > 2.15
    assert mle_dimension(plane, neighbours=100) < 2.1


@both
def test_near_duplicates_in_many_dimensions_keep_their_distances(estimate):
    """Pairs one part in 10^9 apart: differences of squares would lose their distance altogether."""
    points = random(400, 2)
    frame = torch.linalg.qr(random(100, 2, seed=1)).Q
    close = torch.cat([points, points + 1e-9 * random(400, 2, seed=2)])
    low, high = estimate(close), estimate(close @ frame.T)
    assert low == pytest.approx(high, rel=1e-4)


@both
@settings(deadline=None, max_examples=20)
@given(n=st.integers(21, 60), d=st.integers(1, 30), seed=st.integers(0, 99))
def test_estimates_are_positive_numbers_whatever_the_shape(estimate, n, d, seed):
    value = estimate(random(n, d, seed=seed))
    assert isinstance(value, float) and math.isfinite(value) and value > 0


@both
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64])
def test_any_dtype_and_gradients_are_welcome(estimate, dtype):
    points = (1000 * random(200, 3)).to(dtype)
    expected = estimate(points.double())
    if dtype.is_floating_point:
        points.requires_grad_()
    assert estimate(points) == expected


@both
@pytest.mark.parametrize("shape", [(50,), (50, 1, 28, 28), (50, 0)])
def test_what_is_no_matrix_is_refused_with_its_shape(estimate, shape):
    with pytest.raises(ValueError, match=r"got \[50.*flatten"):
        estimate(torch.zeros(shape))


@both
def test_duplicates_are_counted_and_refused(estimate):
    points = sphere(2, 40)
    with pytest.raises(ValueError, match="only 40 of 43 points are different"):
        estimate(torch.cat([points, points[:3]]))


@both
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_coordinates_that_are_not_finite_are_refused(estimate, value):
    points = sphere(2, 40)
    points[3, 1] = value
    with pytest.raises(ValueError, match="1 of the coordinates"):
        estimate(points)


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="at least 21 points, got 20"):
        mle_dimension(sphere(2, 20))
    with pytest.raises(ValueError, match="at least 3 points, got 2"):
        two_nn_dimension(sphere(2, 2))


@both
def test_a_regular_pattern_has_no_dimension(estimate):
    with pytest.raises(ValueError, match="grid"):
        estimate(torch.eye(30))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("step", [1.0, 0.1, 1 / 3, 1e-5])
def test_a_grid_has_no_dimension_whatever_rounding_makes_of_its_distances(step, dtype):
    """Each point has two neighbours that are equally far, up to the last places of their coordinates."""
    grid = torch.cartesian_prod(*[step * torch.arange(10, dtype=dtype)] * 2)
    with pytest.raises(ValueError, match="grid"):
        two_nn_dimension(grid)
    with pytest.raises(ValueError, match="grid"):
        mle_dimension(grid, neighbours=2)


@pytest.mark.parametrize("neighbours", [1, 0, -3])
def test_too_few_neighbours_are_refused(neighbours):
    with pytest.raises(ValueError, match=f"got {neighbours}"):
        mle_dimension(sphere(2, 40), neighbours=neighbours)


@pytest.mark.parametrize("neighbours", [2.5, True, "3"])
def test_neighbours_are_an_integer(neighbours):
    with pytest.raises(TypeError, match="integer"):
        mle_dimension(sphere(2, 40), neighbours=neighbours)


@pytest.mark.parametrize("discard", [-0.1, 1.0, 2, math.nan])
def test_a_share_to_discard_outside_its_range_is_refused(discard):
    with pytest.raises(ValueError, match="below 1"):
        two_nn_dimension(sphere(2, 40), discard=discard)


def test_discarding_every_ratio_is_refused():
    with pytest.raises(ValueError, match="discard less"):
        two_nn_dimension(sphere(2, 10), discard=0.95)


def test_importing_the_module_does_not_import_scikit_learn():
    code = "import aecore.dimension, sys; sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
