"""DenoisingExplorer: its arithmetic in Node against torch, what travels, what is refused."""

import re

import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from node_bridge import network
from torch import nn

from aecore import networks
from aecore.corruption import gaussian_noise
from aecore.exact import GaussianMixture
from aecore.live import Decoder, DenoisingExplorer, UnsupportedLayerError
from aecore.live.noise import normal_noise
from aecore.models import VAE, Autoencoder
from aecore.objectives import squared_error


def as_sent(module: nn.Module) -> nn.Module:
    """The module with its weights rounded as they travel."""
    for parameter in module.parameters():
        parameter.data = parameter.data.half().float()
    return module


@pytest.fixture(scope="module")
def denoiser():
    torch.manual_seed(0)
    return as_sent(nn.Sequential(networks.mlp([784, 60, 784]), nn.Sigmoid()))


@pytest.fixture(scope="module")
def images():
    return torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1)) ** 2


@pytest.fixture
def explorer(denoiser, images):
    return DenoisingExplorer(denoiser, images, torch.tensor([4, 8, 0]), std=0.3, seed=5)


def floats(values):
    return {"$floats": np.ravel(values).tolist()}


@torch.no_grad()
def test_the_page_denoises_as_torch_does(node, denoiser, images, explorer):
    noise = torch.from_numpy(normal_noise(5, 784))
    clean = images[1].flatten()
    for std in (0.0, 0.05, 0.3, 1.0):
        told = node.call("residual.js", "noisedImage", floats(clean), std, noise.tolist())
        spoilt = (clean.double() + std * noise).float()
        np.testing.assert_allclose(told, spoilt, rtol=1e-6, atol=1e-6)
        shared = explorer.view.denoiser
        found = node.decode(shared.layers, shared.weights, shared.dtype, spoilt[None])
        np.testing.assert_allclose(found, denoiser(spoilt), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_the_curve_of_errors_agrees_with_the_objective(node, denoiser, images, explorer):
    noise = torch.from_numpy(normal_noise(5, 784))
    stds = [0.0, 0.1, 0.35, 1.0]
    clean = images[2].reshape(1, -1)
    args = network(explorer.view.denoiser), floats(clean), noise.tolist(), stds
    curve = node.call("residual.js", "errorCurve", *args)
    for std, found in zip(stds, curve, strict=True):
        spoilt = (clean.double() + std * noise).float()
        assert found["before"] == pytest.approx(
            squared_error(spoilt, clean).item(), rel=1e-5, abs=1e-6
        )
        assert found["after"] == pytest.approx(
            squared_error(denoiser(spoilt), clean).item(), rel=1e-5
        )


def test_the_error_before_is_the_variance_of_the_noise(node):
    """E |x~ - x|^2 = D sigma^2: frozen noise is like torch's, seed by seed, within its standard error."""
    image = torch.zeros(784)
    expected = [
        squared_error(
            gaussian_noise(0.5)(image[None], generator=torch.Generator().manual_seed(i)),
            image[None],
        ).item()
        for i in range(50)
    ]
    found = []
    for seed in range(50):
        told = node.call(
            "residual.js", "noisedImage", floats(image), 0.5, normal_noise(seed, 784).tolist()
        )
        found.append(node.call("residual.js", "squaredDistance", told, image.tolist()))
    error = 0.25 * np.sqrt(2 * 784 / 50)
    for sample in (expected, found):
        assert abs(np.mean(sample) - 784 / 4) < 4 * error


def test_the_best_denoiser_s_residual_is_the_score_of_the_noised_density(node):
    """Tweedie's formula, on a mixture whose posterior mean and score are exact."""
    means = torch.tensor([[-1.0, 0.5], [1.0, 0.0]], dtype=torch.float64)
    covariances = torch.stack([torch.eye(2, dtype=torch.float64) * v for v in (0.1, 0.3)])
    mixture = GaussianMixture(torch.tensor([0.4, 0.6], dtype=torch.float64), means, covariances)
    x = torch.tensor([[0.3, -0.2], [-1.4, 1.1], [2.0, 2.0]], dtype=torch.float64)
    for std in (0.2, 0.7):
        best = mixture.posterior_mean(x, std)
        score = mixture.noised(std).score(x)
        for place, mended, expected in zip(x, best, score, strict=True):
            told = node.call("residual.js", "scoreEstimate", place.tolist(), mended.tolist(), std)
            values = list(told.values()) if isinstance(told, dict) else told
            np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_cosine_agrees_with_torch(node, seed):
    origin, a, b = torch.randn(3, 50, generator=torch.Generator().manual_seed(seed)).double()
    found = node.call("residual.js", "cosineFrom", a.tolist(), b.tolist(), origin.tolist())
    expected = torch.cosine_similarity(a - origin, b - origin, dim=0).item()
    assert found == pytest.approx(expected, abs=1e-12)
    back = node.call("residual.js", "cosineFrom", b.tolist(), b.tolist(), origin.tolist())
    assert back == pytest.approx(1)
    assert node.call("residual.js", "cosineFrom", a.tolist(), a.tolist(), a.tolist()) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([14.2, 71.0, 3.1], [1, 100]),
        ([1, 10], [1, 10]),
        ([0.02], [0.01, 0.1]),
        ([10], [10, 100]),
        ([0, 784.0], [100, 1000]),
        ([0, 0], [0.1, 10]),
    ],
)
def test_decades_hold_all_values(node, values, expected):
    low, high = node.call("residual.js", "decadesAround", values)
    assert [low, high] == pytest.approx(expected)
    ticks = node.call("residual.js", "decadesBetween", low, high)
    np.testing.assert_allclose(np.diff(np.log10(ticks)), 1)
    assert ticks[0] == pytest.approx(low)
    assert ticks[-1] == pytest.approx(high)


@torch.no_grad()
def test_python_shows_what_the_page_shows(denoiser, images, explorer):
    explorer.view.example, explorer.view.draw, explorer.view.std = 2, 3.0, 0.4
    clean, noised, mended, residual = explorer.stages()
    noise = normal_noise(5 + 3, 784).reshape(28, 28)
    np.testing.assert_array_equal(explorer.noise(), noise)
    np.testing.assert_array_equal(clean, images[2, 0])
    np.testing.assert_allclose(noised, clean + 0.4 * noise, atol=1e-6)
    expected = denoiser(torch.from_numpy(noised).reshape(1, -1)).reshape(28, 28)
    np.testing.assert_allclose(mended, expected, atol=1e-5)
    np.testing.assert_allclose(residual, (mended - noised) / 0.16, rtol=1e-5, atol=1e-5)
    explorer.view.std = 0.0
    clean, noised, _, residual = explorer.stages()
    np.testing.assert_array_equal(clean, noised)
    assert not residual.any(), "there is nothing to divide by"


@torch.no_grad()
def test_an_autoencoder_travels_whole(images):
    torch.manual_seed(3)
    model = as_sent(Autoencoder(networks.mlp([784, 30, 8]), networks.mlp([8, 30, 784])))
    explorer = DenoisingExplorer(model, images)
    _, noised, mended, _ = explorer.stages()
    expected = model(torch.from_numpy(noised)[None, None]).reshape(28, 28)
    np.testing.assert_allclose(mended, expected, rtol=1e-5, atol=1e-5)


def test_one_denoiser_is_sent_once(denoiser, images):
    first, second = (DenoisingExplorer(denoiser, images[:n]) for n in (1, 2))
    assert first.view.denoiser is second.view.denoiser
    assert isinstance(first.view.denoiser, Decoder)


def test_both_sliders_are_linked_in_the_page(explorer):
    assert explorer.view.names == ["example 1: a 4", "example 2: an 8", "example 3: a 0"]
    state = dependency_state([explorer], drop_defaults=False)
    links = [m["state"] for m in state.values() if m["model_name"] == "LinkModel"]
    assert {(link["source"][1], link["target"][1]) for link in links} == {
        ("value", "std"),
        ("value", "draw"),
    }
    assert explorer.view.denoiser.model_id in state
    std = explorer.sliders["std"]
    assert (std.value, std.min, std.max, std.step) == (0.3, 0, 1, 0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"std": 1.2}, r"std must be from 0 to most = 1, got 1.2"),
        ({"std": float("nan")}, "std must be from 0 to most = 1, got nan"),
        ({"most": 0.0}, "most must be a positive number, the largest sigma; got 0.0"),
        ({"seed": 0.5}, "seed must be a whole number.*got 0.5"),
        ({"start": 3}, "start must be a whole number from 0 to 2, got 3"),
        ({"trained": (0.5, 0.1)}, r"trained must be one sigma or .*got \(0.5, 0.1\)"),
        ({"trained": -0.1}, "trained must be one sigma .*got -0.1"),
        ({"labels": [1, 2]}, r"expected 3 labels, one per code, got \[2\]"),
    ],
)
def test_what_is_out_of_range_is_refused(denoiser, images, options, message):
    with pytest.raises(ValueError, match=message):
        DenoisingExplorer(denoiser, images, **options)


def test_images_and_denoiser_must_fit(denoiser, images):
    with pytest.raises(ValueError, match=r"maps 784 numbers to 784, but the images have 14 by 14"):
        DenoisingExplorer(denoiser, images[..., ::2, ::2])
    with pytest.raises(ValueError, match=r"maps 2 numbers to 784.*an image to an image"):
        DenoisingExplorer(networks.mlp([2, 784]), images)
    with pytest.raises(ValueError, match=r"N from 1 to 12, got \[13, 1, 28, 28\]; .*images\[:8\]"):
        DenoisingExplorer(denoiser, images[:1].expand(13, 1, 28, 28))
    with pytest.raises(ValueError, match=r"2 of 3 images hold NaN"):
        DenoisingExplorer(denoiser, images.index_fill(0, torch.tensor([0, 2]), float("nan")))
    with pytest.raises(ValueError, match=r"\[3, 2, 28, 28\], which is not 3 images of 28 by 28"):
        DenoisingExplorer(denoiser, images.expand(3, 2, 28, 28))
    with pytest.raises(TypeError, match=r"expected a torch nn\.Module as denoiser, got function"):
        DenoisingExplorer(lambda x: x, images)
    with pytest.raises(UnsupportedLayerError, match="Conv2d"):
        DenoisingExplorer(nn.Sequential(nn.Conv2d(1, 1, 3), networks.mlp([784, 784])), images)
    with pytest.raises(ValueError, match="expects 4 numbers, but receives shape"):
        DenoisingExplorer(VAE(networks.mlp([784, 8]), networks.mlp([4, 784]), 4), images)


def test_the_static_figure_shows_the_same_images_and_errors(explorer):
    clean, noised, mended, residual = explorer.stages()
    figure, alt = explorer._figure()
    panels = figure.axes
    for axis, image in zip(panels, (clean, noised, mended, residual), strict=False):
        np.testing.assert_allclose(axis.images[0].get_array(), image)
    before, after = (((image - clean) ** 2).sum() for image in (noised, mended))
    assert re.search(rf"standard deviation 0.30, squared error {before:.1f}; denoised", alt)
    assert f"squared error {after:.1f}; the residual" in alt
    for line, expected in zip(panels[4].lines, (before, after), strict=False):
        levels, errors = line.get_data()
        assert np.interp(0.3, levels, errors) == pytest.approx(expected, rel=0.01)
    data, _ = explorer._repr_mimebundle_()
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)
    assert len(data["image/png"]) < 80_000


def test_without_noise_the_figure_has_no_residual(denoiser, images):
    figure, alt = DenoisingExplorer(denoiser, images, std=0.0)._figure()
    assert not figure.axes[3].images[0].get_array().any()
    assert figure.axes[3].get_xlabel() == "no noise"
    assert "squared error 0.0; denoised" in alt
