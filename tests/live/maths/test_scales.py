"""The charts' axes, bins and frozen noise, run by Node and held against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from aecore.live.noise import normal_noise, uniform_noise


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-3, 3, 6, [-2, 0, 2]),
        (-3, 3, 7, [-3, -2, -1, 0, 1, 2, 3]),
        (0, 0.31, 4, [0, 0.2]),
        (0, 0.31, 5, [0, 0.1, 0.2, 0.3]),
        (990, 1010, 5, [990, 995, 1000, 1005, 1010]),
    ],
)
def test_ticks_are_round_and_inside(node, low, high, most, expected):
    assert node.call("scales.js", "axisTicks", low, high, most) == pytest.approx(expected)


@settings(max_examples=80, deadline=None)
@given(low=st.floats(-1e4, 1e4), span=st.floats(1e-3, 1e4), most=st.integers(3, 9))
def test_there_are_ticks_on_every_axis_but_not_too_many(node, low, span, most):
    places = np.array(node.call("scales.js", "axisTicks", low, low + span, most))
    assert 1 <= len(places) <= most
    assert places.min() >= low - 1e-6 * span
    assert places.max() <= low + span * (1 + 1e-6)
    texts = node.call("scales.js", "tickTexts", places.tolist())
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1, 1000, [1, 10, 100, 1000]),
        (0.5, 2000, [1, 10, 100, 1000]),
        (1e-9, 1, [1e-9, 1e-7, 1e-5, 1e-3, 0.1]),
    ],
)
def test_logarithmic_ticks_are_powers_of_ten(node, low, high, expected):
    assert node.call("scales.js", "logTicks", low, high, 6) == pytest.approx(expected)


def test_tick_texts_have_the_decimals_they_need(node):
    assert node.call("scales.js", "tickTexts", [-1, 0, 1]) == ["−1", "0", "1"]
    assert node.call("scales.js", "tickTexts", [-0.5, 0, 0.25]) == ["−0.50", "0.00", "0.25"]


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(-5, 5, width=32), max_size=60),
    low=st.sampled_from([-4.0, -1.0, 0.0]),
    bins=st.integers(1, 40),
)
def test_histogram_agrees_with_numpy(node, values, low, bins):
    high = low + 3.0
    # A value on an inner edge may fall to either side; keep away from them.
    away = [v for v in values if abs((v - low) / 3 * bins - round((v - low) / 3 * bins)) > 1e-6]
    found = node.call("scales.js", "histogram", away, low, high, bins)
    counts, _ = np.histogram(away, bins=bins, range=(low, high))
    assert found["counts"] == counts.tolist()
    assert found["outside"] == len(away) - counts.sum()


def test_the_upper_end_belongs_to_the_last_bin(node):
    found = node.call("scales.js", "histogram", [0, 1, 1.0001], 0.5, 1, 2)
    assert found == {"counts": [0, 1], "outside": 2}


@pytest.mark.parametrize("seed", [0, 1, 7, 2**31, 2**32 - 1, -3])
def test_frozen_noise_is_the_same_in_page_and_python(node, seed):
    uniform = node.call("noise.js", "uniformNoise", seed, 500)
    np.testing.assert_array_equal(uniform, uniform_noise(seed, 500))
    normal = node.call("noise.js", "normalNoise", seed, 500)
    np.testing.assert_allclose(normal, normal_noise(seed, 500), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("seed", [0, 1, 2, 12345])
def test_frozen_noise_has_its_distribution_and_no_memory(seed):
    uniform, normal = uniform_noise(seed, 100_000), normal_noise(seed, 100_000)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3
    assert stats.kstest(normal, "norm").pvalue > 1e-3
    for lag in (1, 2, 3):
        assert abs(np.corrcoef(normal[lag:], normal[:-lag])[0, 1]) < 4 / np.sqrt(len(normal))


def test_different_seeds_give_different_noise():
    assert abs(np.corrcoef(normal_noise(0, 20_000), normal_noise(1, 20_000))[0, 1]) < 0.03
