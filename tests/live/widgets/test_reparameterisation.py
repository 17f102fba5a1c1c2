"""The reparameterisation explorer as Python makes it, and its page's mathematics, run by Node."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked import links_of

from aecore.live import ReparameterisationExplorer
from aecore.live.noise import normal_noise
from aecore.live.widgets.reparameterisation import (
    ESTIMATES,
    LOG_STDS,
    MEANS,
    MOST_SAMPLES,
    pathwise,
    score_function,
)

MODULE = "gradients.js"
PARAMETER = st.sampled_from(["mean", "std"])
MEAN = st.floats(*MEANS)
STD = st.floats(*LOG_STDS).map(math.exp)
# Gauss and Hermite's rule for N(0, 1), exact for the polynomials here, which are of degree 8 at most.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@settings(max_examples=60, deadline=None)
@given(eps=st.floats(-4, 4), mean=MEAN, std=STD, parameter=PARAMETER)
def test_page_and_python_report_the_same(node, eps, mean, std, parameter):
    for name, function in (("pathwise", pathwise), ("scoreFunction", score_function)):
        found = node.call(MODULE, name, eps, mean, std, parameter)
        assert found == pytest.approx(function(eps, mean, std, parameter), rel=1e-12, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(mean=MEAN, std=STD, parameter=PARAMETER)
def test_both_estimators_are_unbiased_and_their_spreads_exact(node, mean, std, parameter):
    exact = node.call(MODULE, "exactGradient", mean, std, parameter)
    assert exact == pytest.approx(2 * (mean if parameter == "mean" else std), rel=1e-12)
    spreads = node.call(MODULE, "exactSpreads", mean, std, parameter)
    for name, function in (("pathwise", pathwise), ("score", score_function)):
        reports = function(NODES, mean, std, parameter)
        assert WEIGHTS @ reports == pytest.approx(exact, abs=1e-9 * max(1, abs(reports).max()))
        variance = WEIGHTS @ (reports - exact) ** 2
        assert spreads[name] == pytest.approx(math.sqrt(variance), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(z=st.floats(-4, 4), mean=MEAN, std=STD)
def test_the_score_is_the_slope_of_the_log_density(z, mean, std):
    """By finite differences of log N(z; mean, std^2), times f(z) = z^2."""

    def log_density(m, s):
        return -0.5 * ((z - m) / s) ** 2 - math.log(s)

    h = 1e-6
    for parameter, (dm, ds) in (("mean", (h, 0)), ("std", (0, h))):
        slope = (log_density(mean + dm, std + ds) - log_density(mean - dm, std - ds)) / (2 * h)
        reported = score_function((z - mean) / std, mean, std, parameter)
        assert reported == pytest.approx(z**2 * slope, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("parameter", ["mean", "std"])
@pytest.mark.parametrize("samples", [1, 4, 32])
def test_the_figure_shows_the_estimates_of_the_page(node, samples, parameter):
    options = {"mean": -0.5, "log_std": 0.25, "samples": samples, "parameter": parameter}
    found = ReparameterisationExplorer(**options, seed=7).estimates()
    rows = 20
    noise = node.call("noise.js", "normalNoise", 7, rows * MOST_SAMPLES)
    for name, values in zip(("pathwise", "scoreFunction"), found, strict=True):
        reports = [node.call(MODULE, name, e, -0.5, math.exp(0.25), parameter) for e in noise]
        used = np.reshape(reports, (rows, MOST_SAMPLES))[:, :samples]
        assert len(values) == ESTIMATES
        np.testing.assert_allclose(values[:rows], used.mean(1), rtol=1e-10, atol=1e-12)


def test_spread_falls_with_the_root_of_the_samples(node):
    spreads = node.call(MODULE, "exactSpreads", 1, 1, "mean")
    for samples in (1, 4, 16):
        found = ReparameterisationExplorer(samples=samples).estimates()
        for values, one in zip(found, (spreads["pathwise"], spreads["score"]), strict=True):
            assert values.std() == pytest.approx(one / math.sqrt(samples), rel=0.2)
            error = one / math.sqrt(samples * ESTIMATES)
            assert abs(values.mean() - 2) < 4 * error


def test_mean_and_spread_agree_with_numpy(node):
    values = normal_noise(3, 200) ** 3 + 5
    found = node.call(MODULE, "meanAndSpread", values.tolist())
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert found["spread"] == pytest.approx(values.std(ddof=1), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(value=st.floats(1e-3, 1e4))
def test_axes_end_at_round_numbers_close_above(node, value):
    found = node.call(MODULE, "roundUp", value)
    assert value * (1 - 1e-8) <= found <= 1.5 * value * (1 + 1e-8)
    assert float(f"{found:.2g}") == pytest.approx(found, rel=1e-12)


def test_the_nearest_noise_is_found(node):
    noise = normal_noise(0, 24)
    for value in (-1.2, 0, 1.6, 9):
        found = node.call(MODULE, "nearest", noise.tolist(), value)
        assert found == np.abs(noise - value).argmin()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": 3}, "mean must be from -2.5 to 2.5, got 3"),
        ({"mean": math.nan}, "mean must be from -2.5 to 2.5, got nan"),
        ({"log_std": -2}, "log_std must be from -1.5 to 0.5, got -2"),
        ({"samples": 3}, r"samples must be one of \[1, 2, 4, 8, 16, 32\], got 3"),
        ({"parameter": "sigma"}, "'mean', 'std'.*got 'sigma'"),
    ],
)
def test_what_is_out_of_range_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ReparameterisationExplorer(**options)


def test_sliders_are_linked_in_the_browser():
    names = {("μ", "mean"), ("log σ", "log_std"), ("samples R", "samples")}
    assert links_of(ReparameterisationExplorer()) == names


def test_the_fallback_tells_what_the_explorer_would_show():
    explorer = ReparameterisationExplorer(mean=-0.5, samples=4, parameter="std")
    explorer.view.log_std = -0.5
    data, _ = explorer._repr_mimebundle_()
    values = explorer.estimates()[1]
    told = data["text/plain"]
    assert "with respect to σ, each from 4 samples: the exact value is 1.21" in told
    assert f"{values.mean():.2f} with standard deviation {values.std(ddof=1):.2f}" in told
    assert told in data["text/html"]
    assert "image/png" in data
