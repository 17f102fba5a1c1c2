"""The contraction explorer: pushes through networks and level lines in Node, and the widget in Python."""

import itertools
import re

import contourpy
import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from node_bridge import network, run_script
from scipy.interpolate import RegularGridInterpolator
from torch import nn

from aecore.live import ContractionExplorer, Decoder, UnsupportedLayerError
from aecore.models import Autoencoder

ACTIVATIONS = {
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.2),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "silu": nn.SiLU(),
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
}
PUSH = """const { restricted, outputAt, pushedAt } = await load("sensitivity.js");
    const part = restricted(compiled(data.network), data.origin, data.directions);
    return [outputAt(part, data.c), pushedAt(part, data.c, data.a)];"""


def random(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make_encoder(seed, sizes=(784, 12, 3), activation=None):
    torch.manual_seed(seed)
    first, *rest = itertools.pairwise(sizes)
    layers = [nn.Linear(*first), activation or nn.Sigmoid()]
    for pair in rest:
        layers += [nn.Linear(*pair), nn.Tanh()]
    return nn.Sequential(*layers)


def unit(vectors):
    return vectors / vectors.norm(dim=-1, keepdim=True)


IMAGES = random(1, 4, 1, 28, 28).sigmoid()
TANGENTS, NORMALS = unit(random(2, 4, 3, 784)), unit(random(3, 4, 784))


def explorer(**options):
    options = {"dtype": "float32", "start": 2, "direction": 1, **options}
    encoders = {"plain": make_encoder(0), "contractive": make_encoder(1, (784, 6))}
    return ContractionExplorer(encoders, IMAGES, TANGENTS, NORMALS, **options)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_are_those_of_torch(name):
    activation = ACTIVATIONS[name]
    x = torch.cat([torch.linspace(-9, 9, 181, dtype=torch.float64) + 1e-3, random(0, 20) * 300])
    slopes = torch.func.vmap(torch.func.grad(activation))(x)
    body = """const { DERIVATIVES } = await load("sensitivity.js");
        return data.x.map((value) => DERIVATIVES[data.name](value, 0.2));"""
    found = run_script(body, {"x": x.tolist(), "name": name})
    np.testing.assert_allclose(found, slopes, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(7, 5), (7, 9, 4), (7, 8, 6, 5)])
def test_outputs_and_jacobian_vector_products_are_those_of_torch(name, sizes):
    encoder = make_encoder(0, sizes, ACTIVATIONS[name])
    origin, directions = random(1, 7), random(2, 3, 7)
    c, a = random(3, 3), random(4, 3)
    data = {
        "network": network(Decoder.of(nn.Sequential(encoder), dtype="float32")),
        "origin": origin.tolist(),
        "directions": directions.tolist(),
        "c": c.tolist(),
        "a": a.tolist(),
    }
    value, push = torch.func.jvp(encoder.double(), (origin + c @ directions,), (a @ directions,))
    found = run_script(PUSH, data)
    np.testing.assert_allclose(found[0], value.detach(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found[1], push.detach(), rtol=1e-9, atol=1e-9)


def test_the_first_step_is_what_the_jacobian_predicts():
    """Without torch: the difference over a step tends to the push, its error in proportion to the step."""
    encoder = Decoder.of(make_encoder(5), dtype="float32")
    data = {
        "network": network(encoder),
        "origin": IMAGES[0].flatten().tolist(),
        "directions": TANGENTS[0].tolist(),
    }
    a = np.array([0.5, -1, 2])
    errors = []
    for step in (0.1, 0.01):
        ends = [run_script(PUSH, {**data, "c": list(c), "a": list(a)}) for c in (0 * a, step * a)]
        difference = (np.array(ends[1][0]) - ends[0][0]) / step
        errors.append(np.linalg.norm(difference - ends[0][1]) / np.linalg.norm(ends[0][1]))
    assert errors[1] < 1e-3
    assert errors[1] == pytest.approx(errors[0] / 10, rel=0.2)


def test_what_is_not_linear_or_an_activation_is_refused_in_the_page():
    decoder = Decoder.of(
        nn.Sequential(nn.Linear(3, 4), nn.Unflatten(1, (1, 2, 2)), nn.ConvTranspose2d(1, 1, 2))
    )
    with pytest.raises(RuntimeError, match="only linear layers and activations"):
        run_script(
            """const { restricted } = await load("sensitivity.js");
            return restricted(compiled(data), [0, 0, 0], []);""",
            network(decoder),
        )


def test_lengths_come_from_scalar_products(node):
    vectors, c = random(6, 4, 9), random(7, 4)
    gram = node.call("sensitivity.js", "products", vectors.tolist())
    np.testing.assert_allclose(gram, vectors @ vectors.T, atol=1e-12)
    found = node.call("sensitivity.js", "lengthOf", gram, c.tolist())
    assert found == pytest.approx((c @ vectors).norm().item(), rel=1e-12)


def test_mean_distance_is_over_all_pairs(node):
    codes = random(8, 6, 4)
    found = node.call("sensitivity.js", "meanDistance", codes.tolist())
    assert found == pytest.approx(torch.pdist(codes).mean().item(), rel=1e-12)
    for lonely in ([[1, 2]], [[1, 2], [1, 2]]):
        assert node.call("sensitivity.js", "meanDistance", lonely) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("level", [-0.4, 0.0, 0.7])
def test_level_lines_are_those_of_contourpy(node, seed, level):
    """Noise on the grid, so that saddles, islands and lines over the edge all occur."""
    side = 12
    values = np.random.default_rng(seed).normal(size=(side, side))
    pieces = node.call("contours.js", "levelPieces", values.ravel().tolist(), side, level)
    lines = [np.array(line) for line in node.call("contours.js", "joined", pieces)]
    expected = contourpy.contour_generator(z=values).lines(level)

    def length(line):
        return np.linalg.norm(np.diff(line, axis=0), axis=1).sum()

    def is_closed(line):
        return np.allclose(line[0], line[-1], atol=1e-6)

    assert len(lines) == len(expected) > 5
    np.testing.assert_allclose(sorted(map(length, lines)), sorted(map(length, expected)), atol=1e-6)
    assert sorted(map(is_closed, lines)) == sorted(map(is_closed, expected))
    assert sum(len(line) - 1 for line in lines) == len(pieces), "each piece is used once"


def test_between_the_nodes_of_a_map_values_are_bilinear(node):
    values = np.random.default_rng(0).normal(size=(5, 5))
    outside = RegularGridInterpolator((np.arange(5), np.arange(5)), values)
    for column, row in [(0, 0), (4, 4), (1.25, 3.5), (3.999, 0.001)]:
        found = node.call("sensitivitymap.js", "between", values.ravel().tolist(), 5, column, row)
        assert found == pytest.approx(outside((row, column)).item(), abs=1e-12)


def test_moves_are_those_of_the_modules_themselves():
    made = explorer(along=2.0, across=-1.5)
    made.view.push3 = 0.5
    before = IMAGES[2].flatten()
    shift = 2 * TANGENTS[2, 1] + 0.5 * TANGENTS[2, 2] - 1.5 * NORMALS[2]
    torch.testing.assert_close(made.image(), (before + shift).float(), atol=2e-3, rtol=0)
    encoders = {"plain": make_encoder(0), "contractive": make_encoder(1, (784, 6))}
    for name, found in made.moves().items():
        encoder = encoders[name].double()
        code, push = torch.func.jvp(encoder, (before,), (shift,))
        mean = torch.pdist(encoder(IMAGES.flatten(1))).mean()
        expected = [(encoder(before + shift) - code).norm(), push.norm(), mean]
        assert found == pytest.approx([v.item() for v in expected], rel=1e-3), name


def test_each_trait_has_a_slider_that_is_linked_in_the_page():
    made = explorer(extent=2.5, tangent_names=["slant", "width", "turn"])
    state = dependency_state([made], drop_defaults=False)
    links = [m["state"] for m in state.values() if m["model_name"] == "LinkModel"]
    assert {link["target"][1] for link in links} == {"push1", "push2", "push3", "across"}
    for trait, mover in made.sliders.items():
        assert mover.value == getattr(made.view, trait)
        assert (mover.min, mover.max, mover.step) == (-2.5, 2.5, 0.05)
        assert mover.readout_format == ".2f"
    assert [mover.description for mover in made.sliders.values()] == [
        "slant",
        "width",
        "turn",
        "across",
    ]
    assert (made.view.push1, made.view.push2, made.view.across) == (0, 1.0, 0.6)


def test_a_model_gives_its_encoder():
    encoder = make_encoder(0)
    model = Autoencoder(encoder, nn.Linear(3, 784))
    made = ContractionExplorer({"whole": model}, IMAGES, TANGENTS, NORMALS)
    alone = ContractionExplorer({"half": encoder}, IMAGES, TANGENTS, NORMALS)
    assert made.view.encoders[0].weights == alone.view.encoders[0].weights


CONVOLUTIONAL = nn.Sequential(
    nn.Linear(784, 4), nn.Unflatten(1, (1, 2, 2)), nn.ConvTranspose2d(1, 1, 2)
)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"encoders": make_encoder(0)}, ValueError, "encoders must be a dict of 1 to 3 .* got Seq"),
        ({"encoders": {}}, ValueError, "encoders must be a dict of 1 to 3 by name, got 0"),
        ({"encoders": {"a": make_encoder(0, (9, 2))}}, ValueError, "'a' takes 9 .* 784 pixels"),
        ({"encoders": {"a": CONVOLUTIONAL}}, UnsupportedLayerError, "have no convolution"),
        ({"encoders": {"a": nn.Tanh()}}, ValueError, "cannot tell the code's length"),
        ({"encoders": {"a": abs}}, TypeError, "expected a torch nn.Module"),
        ({"images": IMAGES.repeat(3, 1, 1, 1)}, ValueError, "N from 1 to 8"),
        ({"tangents": TANGENTS.mT}, ValueError, r"got \[4, 784, 3\].*basis.transpose\(1, 2\)"),
        ({"tangents": TANGENTS.repeat(1, 2, 1)}, ValueError, "T from 1 to 5"),
        ({"tangents": 2 * TANGENTS}, ValueError, "must have length 1, but one has 2"),
        ({"normals": NORMALS[:2]}, ValueError, r"normals must be \[4, 784\], got \[2, 784\]"),
        ({"normals": NORMALS * torch.nan}, ValueError, "must have length 1, but one has nan"),
        ({"start": 4}, ValueError, "start must be a whole number from 0 to 3, got 4"),
        ({"direction": 3}, ValueError, "direction must be a whole number from 0 to 2, got 3"),
        ({"along": 5}, ValueError, "along must be from -4 to 4, got 5"),
        ({"across": -4.5}, ValueError, "across must be from -4 to 4, got -4.5"),
        ({"extent": 0}, ValueError, "extent must be a positive number"),
        ({"tangent_names": ["slant"]}, ValueError, "tangent_names must name 3 tangents, got 1"),
    ],
)
def test_what_does_not_fit_is_refused(changes, error, message):
    fitting = {"images": IMAGES, "tangents": TANGENTS, "normals": NORMALS}
    with pytest.raises(error, match=message):
        ContractionExplorer(**{"encoders": {"a": make_encoder(0)}, **fitting, **changes})


def test_the_static_figure_tells_how_far_codes_move():
    made = explorer(along=1.2, across=0.7, labels=torch.tensor([3, 8, 8, 1]))
    data, _ = made._repr_mimebundle_()
    alt = data["text/plain"]
    assert alt.startswith("example 3: an 8, the same moved by ")
    found = [float(text) for text in re.findall(r"(?:moved|predicted|distance) (\d+\.?\d*)", alt)]
    expected = [number for moves in made.moves().values() for number in moves]
    assert found == pytest.approx(expected, rel=6e-3)
    assert "1.20 along tangent 2 and 0.70 across" in alt
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)
