"""The score field: its JavaScript against exact mixtures and torch, and the widget as Python makes it."""

import math
import re

import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from node_bridge import network, run_script
from torch import nn

from aecore.exact import GaussianMixture
from aecore.live import ScoreField, UnsupportedLayerError
from aecore.live.widgets.scorefield import RATE, STEPS
from aecore.networks import mlp

STDS = (0.0, 0.1, 0.7, 1.5)


def random_mixture(seed, k=4, dtype=torch.float64):
    """Components that overlap, some of them long and thin."""
    source = torch.Generator().manual_seed(seed)
    draw = torch.randn(k, 2, 2, generator=source, dtype=dtype)
    weights = torch.rand(k, generator=source, dtype=dtype) + 0.1
    means = 1.5 * torch.randn(k, 2, generator=source, dtype=dtype)
    covariances = 0.2 * draw @ draw.mT + 0.02 * torch.eye(2, dtype=dtype)
    return GaussianMixture(weights / weights.sum(), means, covariances)


def places(seed, count=12):
    source = torch.Generator().manual_seed(100 + seed)
    return 3 * torch.randn(count, 2, generator=source, dtype=torch.float64)


def plain(mixture):
    names = ("weights", "means", "covariances")
    return {name: getattr(mixture, name).tolist() for name in names}


def make_denoiser():
    torch.manual_seed(0)
    return mlp([3, 16, 16, 2], nn.SiLU)


@pytest.fixture
def field():
    return ScoreField(random_mixture(0), denoiser=make_denoiser(), std=0.4, at=(1, -1))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("std", STDS)
def test_density_score_and_posterior_mean_are_those_of_the_exact_mixture(node, seed, std):
    mixture = random_mixture(seed, k=1 + 2 * seed)
    components = node.call("mixture.js", "noisedMixture", plain(mixture), std)
    noised = mixture.noised(std)
    for x in places(seed):
        told = node.call("mixture.js", "mixtureAt", components, x.tolist())
        log_p = noised.log_prob(x[None])[0].item()
        assert told["logDensity"] == pytest.approx(log_p, rel=1e-9, abs=1e-9)
        alone = node.call("mixture.js", "logDensityAt", components, x.tolist())
        assert alone == pytest.approx(log_p, rel=1e-9, abs=1e-9)
        slope = torch.func.grad(lambda at: noised.log_prob(at[None])[0])(x)
        np.testing.assert_allclose(told["score"], slope, rtol=1e-9, atol=1e-9)
        mean = mixture.posterior_mean(x[None], std)[0]
        np.testing.assert_allclose(told["denoised"], mean, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("std", STDS)
def test_tweedie_holds_between_two_formulas_that_share_none(node, std):
    components = node.call("mixture.js", "noisedMixture", plain(random_mixture(1)), std)
    for x in places(1):
        told = node.call("mixture.js", "mixtureAt", components, x.tolist())
        moved = np.subtract(told["denoised"], x.tolist())
        np.testing.assert_allclose(moved, std**2 * np.array(told["score"]), atol=1e-10)


def test_the_denoised_place_is_the_mean_that_a_fine_grid_finds(node):
    """sum x p(x) N(y; x, std^2) over the plane, without any formula for a posterior."""
    mixture, std, y = random_mixture(2), 0.6, torch.tensor([0.4, -0.8], dtype=torch.float64)
    axis = torch.linspace(-9, 9, 1201, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    log_joint = mixture.log_prob(grid) - ((y - grid) ** 2).sum(1) / (2 * std**2)
    mean = log_joint.softmax(0) @ grid
    components = node.call("mixture.js", "noisedMixture", plain(mixture), std)
    told = node.call("mixture.js", "mixtureAt", components, y.tolist())
    np.testing.assert_allclose(told["denoised"], mean, atol=1e-6)


def test_far_from_everything_the_numbers_stay_finite(node):
    mixture = random_mixture(3)
    components = node.call("mixture.js", "noisedMixture", plain(mixture), 0.1)
    x = torch.tensor([[300.0, -400.0]], dtype=torch.float64)
    told = node.call("mixture.js", "mixtureAt", components, x[0].tolist())
    np.testing.assert_allclose(told["score"], mixture.noised(0.1).score(x)[0], rtol=1e-9)
    assert node.call("mixture.js", "logDensityAt", components, x[0].tolist()) < -1e4


@pytest.mark.parametrize("rate", [0.2, 1.0, 1.9])
@pytest.mark.parametrize("std", [0.15, 0.8])
def test_along_the_exact_field_the_density_never_falls(rate, std):
    mixture = random_mixture(4)
    lists = run_script(
        """const { noisedMixture, mixtureAt, followed } = await load("mixture.js");
        const components = noisedMixture(data.mixture, data.std);
        const denoise = (places) => places.map((place) => mixtureAt(components, place).denoised);
        return followed(denoise, data.starts, data.rate, 60);""",
        {"mixture": plain(mixture), "std": std, "starts": places(4).tolist(), "rate": rate},
    )
    heights = mixture.noised(std).log_prob(torch.tensor(lists, dtype=torch.float64))
    assert heights.shape == (61, 12)
    assert (heights.diff(dim=0) > -1e-9).all()
    assert (heights[-1] - heights[0] > 0.5).all()


def test_the_page_follows_both_fields_as_python_does(field):
    body = """const { followed } = await load("mixture.js");
        const { denoisersAt } = await load("denoisers.js");
        const made = denoisersAt(data.mixture, compiled(data.network), data.std);
        return followed(made[data.field], [data.start], data.rate, data.steps).map(([place]) => place);"""
    view = field.view
    for name, tolerance in (("exact", 1e-9), ("learned", 1e-5)):
        data = {
            "mixture": plain(field.mixture),
            "network": network(view.denoiser),
            "std": view.std,
            "field": name,
            "start": [view.at1, view.at2],
            "rate": RATE,
            "steps": STEPS,
        }
        np.testing.assert_allclose(run_script(body, data), field.path(name), atol=tolerance)


def test_scores_and_cosines_at_a_place_have_their_outside_values(field):
    x, std = torch.tensor([[0.3, 1.2]], dtype=torch.float64), field.view.std
    body = """const { noisedMixture } = await load("mixture.js");
        const { compared, denoisersAt } = await load("denoisers.js");
        const made = denoisersAt(data.mixture, compiled(data.network), data.std);
        return compared(made, noisedMixture(data.mixture, 0), data.place);"""
    data = {
        "mixture": plain(field.mixture),
        "network": network(field.view.denoiser),
        "std": std,
        "place": x[0].tolist(),
    }
    told = run_script(body, data)
    denoiser = make_denoiser().double()
    log_std = torch.full((1, 1), math.log(std), dtype=torch.float64)
    learned = ((denoiser(torch.cat([x, log_std], 1)) - x) / std**2)[0].detach()
    exact = field.mixture.noised(std).score(x)[0]
    clean = field.mixture.score(x)[0]
    np.testing.assert_allclose(told["learned"], learned, atol=1e-5)
    np.testing.assert_allclose(told["score"], exact, atol=1e-9)
    np.testing.assert_allclose(told["clean"], clean, atol=1e-9)
    cosine = nn.functional.cosine_similarity
    assert told["toLearned"] == pytest.approx(cosine(exact, learned, dim=0).item(), abs=1e-5)
    assert told["toClean"] == pytest.approx(cosine(exact, clean, dim=0).item(), abs=1e-9)


def test_where_the_score_vanishes_no_cosine_is_told():
    """At the mean of a single Gaussian there is no direction to agree on."""
    one = GaussianMixture(torch.ones(1), torch.tensor([[1.0, 2.0]]), torch.eye(2)[None])
    body = """const { noisedMixture } = await load("mixture.js");
        const { compared, denoisersAt } = await load("denoisers.js");
        const made = denoisersAt(data.mixture, null, 0.5);
        return data.places.map((at) => compared(made, noisedMixture(data.mixture, 0), at).toClean);"""
    told = run_script(body, {"mixture": plain(one), "places": [[1, 2], [2, 2]]})
    assert told[0] is None, "NaN is null in JSON"
    assert told[1] == pytest.approx(1)


def test_whole_fields_are_compared_where_the_density_is_not_tiny(node):
    random = np.random.default_rng(0)
    logs = random.uniform(-12, 0, 80)
    first, second = random.normal(size=(2, 80, 2))
    kept = logs >= logs.max() + math.log(0.01)
    assert 10 < kept.sum() < 60
    a, b = first[kept].ravel(), second[kept].ravel()
    expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    found = node.call(
        "mixture.js", "fieldCosine", logs.tolist(), first.tolist(), second.tolist(), 0.01
    )
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_cells_of_the_plane_are_even_and_the_second_coordinate_goes_up(node):
    found = np.array(node.call("mixture.js", "cellMiddles", [1, -2, 3], 4)).reshape(4, 4, 2)
    ticks = [-2.25, -0.75, 0.75, 2.25]
    np.testing.assert_allclose(found[0, :, 0], np.add(1, ticks))
    np.testing.assert_allclose(found[:, 0, 1], np.subtract(-2, ticks))


def test_arrows_grow_with_their_length_and_stay_in_their_cell(node):
    lengths = [node.call("vectorfield.js", "arrowLength", v, 2) for v in (0, 0.01, 0.25, 1, 9)]
    assert lengths[0] == 0
    assert lengths[1] == pytest.approx(0.092)
    assert lengths[2] == pytest.approx(0.46)
    assert lengths[3] == lengths[4] == pytest.approx(0.92)


def test_sliders_move_noise_and_step_in_the_page(field):
    state = dependency_state([field], drop_defaults=False)
    links = [m["state"] for m in state.values() if m["model_name"] == "LinkModel"]
    assert {(link["source"][1], link["target"][1]) for link in links} == {
        ("value", "std"),
        ("value", "step"),
    }
    assert (field.sliders["std"].min, field.sliders["std"].max) == (0.1, 1.5)
    assert field.view.denoiser.dtype == "float32"


def test_the_plane_holds_mixture_data_and_the_first_place():
    mixture = random_mixture(5)
    points = mixture.sample(2000, generator=torch.Generator().manual_seed(0)) + 4
    view = ScoreField(mixture, points=points).view
    sent = np.frombuffer(view.places, "<f4").reshape(-1, 2)
    assert sent.shape == (600, 2)
    np.testing.assert_allclose(sent[[0, -1]], points[[0, -1]], rtol=1e-6)
    c1, c2, half = view.region
    for x, y in [*mixture.means.tolist(), *sent.tolist(), (view.at1, view.at2)]:
        assert abs(x - c1) <= half
        assert abs(y - c2) <= half


def test_a_mixture_in_single_precision_travels_in_double(node):
    mixture = random_mixture(6, dtype=torch.float32)
    view = ScoreField(mixture).view
    sent = {name: getattr(view, name) for name in ("weights", "means", "covariances")}
    assert sent == plain(mixture)


ONE = GaussianMixture(torch.ones(1), torch.zeros(1, 2), torch.eye(2)[None])
THREE_D = GaussianMixture(torch.ones(1), torch.zeros(1, 3), torch.eye(3)[None])
GRU = nn.Sequential(nn.Linear(3, 2), nn.GRU(2, 2))


@pytest.mark.parametrize(
    ("mixture", "options", "error", "message"),
    [
        ("ring", {}, TypeError, "mixture must be an aecore.exact.GaussianMixture, got str"),
        (THREE_D, {}, ValueError, "two dimensions to be drawn, got 3"),
        (ONE, {"std": 2}, ValueError, "std must be from 0.1 to 1.5, got 2"),
        (ONE, {"std": math.nan}, ValueError, "std must be from 0.1 to 1.5, got nan"),
        (ONE, {"stds": (0, 1)}, ValueError, r"0.01 <= low < high, got \(0, 1\)"),
        (ONE, {"stds": (1, 0.5)}, ValueError, r"got \(1, 0.5\)"),
        (ONE, {"at": (9, 0)}, ValueError, r"at\[0\] must be from -3.45 to 3.45, got 9"),
        (ONE, {"at": (1, 2, 3)}, ValueError, "at must be 2 finite numbers"),
        (ONE, {"points": torch.zeros(4, 3)}, ValueError, r"points must be .* \[4, 3\]"),
        (ONE, {"field": "learned"}, ValueError, "learned needs a denoiser"),
        (ONE, {"field": "true", "denoiser": make_denoiser()}, ValueError, "got 'true'"),
        (ONE, {"step": 101}, ValueError, "step must be from 0 to 100, got 101"),
        (ONE, {"extent": 0}, ValueError, "extent must be a positive number"),
        (ONE, {"denoiser": mlp([2, 4, 2])}, ValueError, r"\[x1, x2, log sigma\].*takes 2"),
        (ONE, {"denoiser": GRU}, UnsupportedLayerError, "does not run in the browser"),
    ],
)
def test_what_does_not_fit_is_refused(mixture, options, error, message):
    with pytest.raises(error, match=message):
        ScoreField(mixture, **options)


def test_the_learned_field_needs_a_denoiser():
    with pytest.raises(ValueError, match="needs a denoiser, and none was given"):
        ScoreField(ONE).denoise(torch.zeros(1, 2), "learned")


@pytest.mark.parametrize("name", ["exact", "learned"])
def test_the_static_figure_tells_the_way(field, name):
    field.view.field = name
    field.view.step = 30
    data, _ = field._repr_mimebundle_()
    numbers = [float(text) for text in re.findall(r"-?\d+\.\d+", data["text/plain"])]
    path = field.path(name)
    heights = field.mixture.noised(0.4).log_prob(path)
    expected = [0.4, 1, -1, *path[30].tolist(), heights[0].item(), heights[30].item()]
    assert numbers == pytest.approx(expected, abs=6e-3)
    assert f"the {name} denoiser" in data["text/plain"]
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)
