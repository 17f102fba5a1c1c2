"""SparsityExplorer: its arithmetic in Node against torch, what travels, what is refused."""

import re

import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from node_bridge import network
from torch import nn

from aecore import networks
from aecore.evaluation import dead_units
from aecore.live import Decoder, SparsityExplorer
from aecore.models import Autoencoder
from aecore.objectives import soft_threshold, squared_error

PENALTIES = [0.0, 0.05, 0.2]
UNITS = 20


def as_sent(module: nn.Module) -> nn.Module:
    """The module with its weights rounded as they travel."""
    for parameter in module.parameters():
        parameter.data = parameter.data.half().float()
    return module


@pytest.fixture(scope="module")
def decoders():
    torch.manual_seed(0)
    return [as_sent(nn.Linear(UNITS, 784)) for _ in PENALTIES]


@pytest.fixture(scope="module")
def images():
    return torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def codes():
    """Soft-thresholded codes [S, N, K]: fewer and fewer units are active."""
    raw = torch.randn(4, UNITS, generator=torch.Generator().manual_seed(2))
    return torch.stack([soft_threshold(raw, level) for level in (0.1, 0.8, 1.5)])


@pytest.fixture(scope="module")
def rates(codes):
    rates = (codes != 0).double().mean(1)
    rates[:, 7] = 0
    return rates


@pytest.fixture
def explorer(decoders, codes, images, rates):
    return SparsityExplorer(
        PENALTIES, decoders, codes, images, rates=rates, labels=torch.tensor([5, 0, 8, 1])
    )


def numbers(values):
    """A typed array as Node's JSON gives it."""
    return np.array(list(values.values()) if isinstance(values, dict) else values)


@torch.no_grad()
@pytest.mark.parametrize("off", [[], [3], [0, 3, 19]])
def test_switched_off_units_draw_nothing(node, explorer, decoders, codes, images, off):
    for snapshot, decoder in enumerate(decoders):
        explorer.view.snapshot, explorer.view.example = snapshot, 2
        explorer.view.off = [snapshot * UNITS + unit for unit in off] + [UNITS * (1 - snapshot % 2)]
        mine = {unit for unit in range(UNITS) if snapshot * UNITS + unit in explorer.view.off}
        kept = codes[snapshot, 2].clone()
        kept[list(mine)] = 0
        told = node.call("sparsecode.js", "offOf", explorer.view.off, snapshot, UNITS)
        assert set(told) == mine
        left = node.call("sparsecode.js", "switchedCode", codes[snapshot, 2].tolist(), told)
        np.testing.assert_array_equal(left, kept)
        np.testing.assert_array_equal(explorer.code(), kept)
        shared = explorer.view.decoders[snapshot]
        drawn = node.decode(shared.layers, shared.weights, shared.dtype, kept[None])
        np.testing.assert_allclose(drawn, decoder(kept), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            explorer.reconstruction().ravel(), decoder(kept), rtol=1e-5, atol=1e-5
        )
        error = node.call("residual.js", "squaredDistance", drawn, images[2].flatten().tolist())
        expected = squared_error(decoder(kept)[None], images[2].reshape(1, -1)).item()
        assert error == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("sigmoid", [False, True])
def test_the_features_of_one_layer_are_its_columns(node, codes, images, decoders, sigmoid):
    made = [nn.Sequential(d, nn.Sigmoid()) if sigmoid else d for d in decoders]
    explorer = SparsityExplorer(PENALTIES, made, codes, images, start=1)
    columns = decoders[1].weight.detach().T
    np.testing.assert_allclose(
        explorer.features().reshape(UNITS, -1), columns, rtol=1e-5, atol=1e-6
    )
    shared = explorer.view.decoders[1]
    layers = node.call("sparsecode.js", "beforeSigmoid", shared.layers)
    assert [layer["type"] for layer in layers] == ["linear"]
    found = node.call("sparsecode.js", "featuresOf", network(shared, layers))
    np.testing.assert_allclose(np.reshape(found, (UNITS, -1)), columns, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_the_features_of_a_deep_decoder_are_what_one_unit_adds(node, codes, images):
    torch.manual_seed(4)
    deep = [as_sent(networks.mlp([UNITS, 30, 784])) for _ in PENALTIES]
    explorer = SparsityExplorer(PENALTIES, deep, codes, images)
    expected = deep[1](torch.eye(UNITS)) - deep[1](torch.zeros(UNITS))
    found = node.call("sparsecode.js", "featuresOf", network(explorer.view.decoders[1]))
    np.testing.assert_allclose(np.reshape(found, (UNITS, -1)), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        explorer.features().reshape(UNITS, -1), expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("threshold", [0.0, 0.4])
def test_active_and_dead_units_agree_with_the_package(node, codes, threshold):
    for many in codes:
        for code in many:
            told = node.call("sparsecode.js", "activeUnits", code.tolist(), threshold)
            assert told == (code.abs() > threshold).nonzero().flatten().tolist()
        own = (many.abs() > threshold).double().mean(0)
        told = node.call("sparsecode.js", "deadUnits", own.tolist())
        expected = dead_units(many, threshold=threshold)
        assert told == expected.nonzero().flatten().tolist()
    assert told, "the strongest penalty leaves some unit dead"


def test_the_way_among_active_units_goes_around(node):
    def after(unit, way, units=(2, 5, 11)):
        return node.call("sparsecode.js", "nextUnit", list(units), unit, way)

    assert [after(unit, 1) for unit in (0, 2, 4, 5, 11, 19)] == [2, 5, 5, 11, 2, 2]
    assert [after(unit, -1) for unit in (0, 2, 4, 5, 11, 19)] == [11, 11, 2, 2, 5, 11]
    assert after(4, 1, ()) == after(4, -1, ()) == 4


@pytest.mark.parametrize("units", [1, 2, 20, 64, 100, 101])
def test_keys_reach_every_cell_and_stay_inside(node, units):
    columns, rows = node.call("sparsecode.js", "cellsFor", units)
    assert columns * (rows - 1) < units <= columns * rows
    assert abs(columns - rows) <= 1

    def press(key, unit):
        return node.call("sparsecode.js", "unitByKey", key, unit, units)

    seen, unit = [0], press("Home", units - 1)
    while (following := press("ArrowRight", unit)) != unit:
        seen.append(unit := following)
    assert seen == list(range(units))
    assert press("End", 0) == units - 1
    assert press("Tab", 0) is None
    for unit in range(units):
        below = press("ArrowDown", unit)
        assert below == (unit + columns if unit + columns < units else unit)
        assert press("ArrowUp", below) == (unit if below != unit else max(unit - columns, 0)) or (
            unit < columns
        )
        assert press("ArrowLeft", unit) == max(0, unit - 1)


def test_a_switch_turned_twice_is_as_before(node):
    once = node.call("sparsecode.js", "toggled", [3, 45], 1, UNITS, 4)
    assert once == [3, 24, 45]
    assert node.call("sparsecode.js", "toggled", once, 1, UNITS, 4) == [3, 45]
    assert node.call("sparsecode.js", "offOf", once, 2, UNITS) == [5]


def test_signed_colours_have_paper_at_zero_and_full_colour_at_the_ends(node):
    words = numbers(node.call("signed.js", "signedShades", "#3f90da", "#ffffff", "#e76300"))
    red, green, blue = ((words.astype(np.int64) >> shift) & 255 for shift in (0, 8, 16))
    colours = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in zip(red, green, blue, strict=True)]
    assert (colours[1], colours[128], colours[255]) == ("#3f90da", "#ffffff", "#e76300")
    assert (np.diff(red[:129]) >= 0).all()
    assert (np.diff(blue[128:]) <= 0).all()
    assert (words.astype(np.int64) >> 24 == 255).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 1, 2], [0, 2.2]), ([0, 0], [0, 1]), ([-1, 1], [-1.2, 1.2]), ([-2, 0], [-2.2, 0])],
)
def test_the_bars_have_room(node, values, expected):
    assert node.call("dictionary.js", "barRange", values) == pytest.approx(expected)


def test_what_travels_is_what_was_given(explorer, codes, images, rates):
    view = explorer.view
    sent = np.frombuffer(view.codes, "<f4").reshape(codes.shape)
    np.testing.assert_array_equal(sent, codes)
    np.testing.assert_allclose(np.frombuffer(view.rates, "<f4").reshape(3, -1), rates, atol=1e-7)
    np.testing.assert_array_equal(view.pixels(), images[:, 0])
    assert view.names[2] == "example 3: an 8"
    assert (view.snapshot, view.example) == (1, 0)
    assert view.unit == codes[1, 0].abs().argmax()


def test_the_slider_of_penalties_is_linked_in_the_page(explorer):
    assert explorer.slider.options == ("0", "0.05", "0.2")
    assert explorer.slider.value == "0.05"
    state = dependency_state([explorer], drop_defaults=False)
    links = [m["state"] for m in state.values() if m["model_name"] == "LinkModel"]
    assert [(link["source"][1], link["target"][1]) for link in links] == [("index", "snapshot")]
    for decoder in explorer.view.decoders:
        assert decoder.model_id in state


def test_models_share_their_decoders_with_other_widgets(images, codes):
    torch.manual_seed(5)
    models = [
        Autoencoder(networks.mlp([784, UNITS]), networks.mlp([UNITS, 784])) for _ in PENALTIES
    ]
    explorer = SparsityExplorer(PENALTIES, models, list(codes), images)
    assert explorer.view.decoders == [Decoder.of(model) for model in models]
    assert explorer.view.rates == b""


NAN = torch.full((3, 4, UNITS), float("nan"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalties": [0.1, 0.1, 0.2]}, r"that increase, got \[0.1, 0.1, 0.2\]; sort"),
        ({"penalties": [0.1, 0.2]}, "expected 2 decoders, one per penalty, got 3"),
        ({"penalties": [0.1]}, r"must be two or more that increase, got \[0.1\]"),
        ({"codes": torch.zeros(2, 4, UNITS)}, r"codes \[3, 4, K\].*got \[2, 4, 20\]"),
        ({"codes": torch.zeros(3, 4, 401)}, "1 to 400 units, got 401"),
        ({"codes": torch.zeros(3, 4, 7)}, "decoder 0 maps 20 numbers to 784.*have 7 units"),
        ({"codes": NAN}, "12 of 12 codes hold NaN or infinity"),
        ({"images": torch.zeros(4, 1, 20, 20)}, "to 784, but the codes.*20 by 20 pixels"),
        ({"rates": torch.zeros(3, 5)}, r"rates \[3, 20\].*got \[3, 5\]"),
        ({"rates": torch.full((3, UNITS), 1.5)}, "shares from 0 to 1, got 1.5 to 1.5"),
        ({"threshold": -1}, "threshold must not be negative, got -1"),
        ({"start": 3}, "start must be a whole number from 0 to 2, got 3"),
        ({"example": -1}, "example must be a whole number from 0 to 3, got -1"),
        ({"unit": UNITS}, "unit must be a whole number from 0 to 19, got 20"),
    ],
)
def test_what_does_not_fit_is_refused(decoders, codes, images, options, message):
    given = {"penalties": PENALTIES, "decoders": decoders, "codes": codes, "images": images}
    with pytest.raises(ValueError, match=message):
        SparsityExplorer(**{**given, **options})


def test_the_static_figure_shows_code_and_dictionary(explorer, codes, images, rates):
    explorer.view.off = [UNITS + int(codes[1, 0].abs().argmax())]
    figure, alt = explorer._figure()
    first, second, dictionary, bars = figure.axes
    np.testing.assert_array_equal(first.images[0].get_array(), images[0, 0])
    np.testing.assert_allclose(second.images[0].get_array(), explorer.reconstruction())
    heights = [bar.get_height() for bar in bars.patches]
    np.testing.assert_allclose(heights, explorer.code())
    cells = np.array(dictionary.images[0].get_array()).reshape(4, 28, 5, 28).transpose(0, 2, 1, 3)
    most = np.abs(cells.reshape(UNITS, -1)).max(1)
    strength = np.where(explorer.code() != 0, 1, np.where(rates[1] == 0, 0.25, 0.5))
    np.testing.assert_allclose(most, strength, rtol=1e-6)
    active = int((explorer.code() != 0).sum())
    assert active == int((codes[1, 0] != 0).sum()) - 1
    assert f"{active} of 20 units active. {int((rates[1] == 0).sum())} units are dead." in alt
    error = ((explorer.reconstruction() - images[0, 0].numpy()) ** 2).sum()
    assert re.search(rf"penalty λ = 0.05.*an? 5; .*squared error {error:.1f};", alt)
    data, _ = explorer._repr_mimebundle_()
    assert {"text/html", "image/png", "application/vnd.jupyter.widget-view+json"} <= set(data)
    assert len(data["image/png"]) < 120_000
