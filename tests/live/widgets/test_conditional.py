"""ConditionalExplorer as Python makes it, and its JavaScript's arithmetic."""

import math
import re

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from aecore import networks
from aecore.live import ConditionalExplorer, Decoder, UnsupportedLayerError
from aecore.live.widgets.conditional import all_classes
from aecore.models import ConditionalVAE

NAMES = ["bag", "shirt", "boot"]


@pytest.fixture(scope="module")
def module():
    """A decoder of [style of two numbers, one of three classes]."""
    torch.manual_seed(3)
    return nn.Sequential(networks.mlp([2 + 3, 8, 784], nn.Tanh), nn.Sigmoid())


@pytest.fixture
def explorer(module):
    codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(60) % 3
    return ConditionalExplorer(
        module, NAMES, latent_dim=2, codes=codes, labels=labels, z=(0.5, -1), chosen=2
    )


def test_the_images_are_those_of_the_module_given_style_and_class(explorer, module):
    for label in range(3):
        given = torch.tensor([[0.5, -1, *np.eye(3)[label]]], dtype=torch.float32)
        with torch.no_grad():
            expected = module(given).reshape(28, 28)
        np.testing.assert_allclose(explorer.images()[label], expected, atol=2e-3)


@pytest.mark.parametrize("wrapped", [False, True], ids=["mlp", "Conditioned"])
def test_a_conditional_vae_is_decoded_as_the_model_itself_does(wrapped):
    torch.manual_seed(4)
    net = networks.mlp([5 + 3, 20, 784])
    model = ConditionalVAE(
        networks.mlp([784 + 3, 8, 10]), networks.Conditioned(net) if wrapped else net, 5
    )
    z = torch.randn(5)
    explorer = ConditionalExplorer(model, 3, latent_dim=5, z=z, dtype="float32")
    with torch.no_grad():
        expected = model.decode(torch.tensor(explorer.z).float().expand(3, -1), torch.arange(3))
    np.testing.assert_allclose(explorer.images(), expected.mean[:, 0], atol=1e-6)


def test_a_decoder_that_embeds_its_condition_does_not_run_in_the_browser():
    inner = networks.Conditioned(networks.mlp([2 + 4, 784]), condition=nn.Embedding(3, 4))
    with pytest.raises(UnsupportedLayerError, match=r"condition=Embedding\(3, 4\) does not run"):
        ConditionalExplorer(inner, 3, latent_dim=2)


def test_classes_may_be_names_or_a_number(module):
    assert ConditionalExplorer(module, 3, latent_dim=2).view.classes == ["0", "1", "2"]
    assert ConditionalExplorer(module, NAMES, latent_dim=2).view.classes == NAMES


def test_sliders_cover_the_extent_and_start_at_the_style(explorer, module):
    assert [explorer.sliders[f"z{i}"].value for i in (1, 2)] == [0.5, -1]
    assert [explorer.sliders["z1"].min, explorer.sliders["z1"].max] == [-3, 3]
    other = ConditionalExplorer(module, NAMES, latent_dim=2, extent=1.5)
    assert other.z.tolist() == [0, 0]
    assert [other.sliders["z2"].min, other.sliders["z2"].max] == [-1.5, 1.5]
    other.z = (0.25, 1)
    assert (other.view.z1, other.view.z2) == (0.25, 1)


def test_the_map_holds_the_codes_with_their_classes(explorer):
    codes = torch.randn(60, 2, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(explorer.points, codes, atol=2e-3)
    assert np.frombuffer(explorer.view.labels, np.uint8).tolist() == [0, 1, 2] * 20


def test_one_decoder_serves_all_views(module, explorer):
    assert ConditionalExplorer(module, 3, latent_dim=2).view.decoder is explorer.view.decoder
    assert explorer.view.decoder is Decoder.of(module)


@pytest.mark.parametrize(
    ("classes", "options", "message"),
    [
        (1, {}, "expected 2 to 40 classes, got 1"),
        (41, {}, "expected 2 to 40 classes, got 41"),
        (["a", "a", "b"], {}, r"different names, got \['a', 'a', 'b'\]"),
        (4, {}, "takes 5 numbers, but a style of latent_dim=2 and the one-hot of 4 classes are 6"),
        (3, {"latent_dim": 0}, "latent_dim must be a positive whole number, got 0"),
        (3, {"latent_dim": 2.0}, "latent_dim must be a positive whole number, got 2.0"),
        (3, {"chosen": 3}, "chosen must be a whole number from 0 to 2, got 3"),
        (3, {"chosen": True}, "chosen must be a whole number from 0 to 2, got True"),
        (3, {"z": (0, 0, 0)}, "z must be 2 finite numbers"),
        (3, {"z": (0, math.nan)}, "z must be 2 finite numbers"),
        (3, {"z": (0, -4)}, "z holds -4, outside the sliders, ±3; pass a larger extent"),
        (3, {"extent": 0}, "extent must be a positive number, half of a slider; got 0"),
        (3, {"extent": math.inf}, "extent must be a positive number"),
        (3, {"labels": [0, 1]}, "labels were given without codes"),
        (3, {"codes": torch.zeros(4, 3)}, r"expected codes \[N, 2\]"),
        (3, {"codes": torch.zeros(2, 2), "labels": [0, 3]}, "label 3 has no name"),
        (3, {"image_shape": (10, 10)}, "holds 100 pixels, but the decoder gives 784"),
    ],
)
def test_it_refuses_what_does_not_fit(module, classes, options, message):
    with pytest.raises(ValueError, match=message):
        ConditionalExplorer(module, classes, **{"latent_dim": 2, **options})


def test_a_map_needs_styles_of_two_numbers():
    with pytest.raises(ValueError, match="latent_dim=3; leave codes out"):
        ConditionalExplorer(networks.mlp([3 + 3, 784]), 3, latent_dim=3, codes=torch.zeros(4, 3))


def test_the_figure_tells_class_style_and_what_is_drawn(explorer):
    data, _ = explorer._repr_mimebundle_()
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"])[1]
    for words in ("60 encoded examples", "class boot", "z = (0.50, -1.00)", "bag, shirt, boot"):
        assert words in alt
    figure, _ = explorer._figure()
    pictures = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert len(pictures) == 4, "the chosen class, and every class"
    np.testing.assert_allclose(pictures[0], explorer.images()[2])
    for picture, image in zip(pictures[1:], explorer.images(), strict=True):
        np.testing.assert_allclose(picture, image)


def test_the_figure_of_a_longer_style_has_no_map():
    figure, alt = ConditionalExplorer(networks.mlp([3 + 3, 784]), 3, latent_dim=3)._figure()
    assert "map" not in alt
    assert sum(len(axis.collections) for axis in figure.axes) == 0


def test_the_page_gives_the_decoder_the_same_codes(node, explorer):
    z = [0.25, -1.5, 2.0]
    found = node.call("conditional.js", "withEachClass", z, 4)
    np.testing.assert_array_equal(np.reshape(found, (4, 7)), all_classes(z, 4))
    assert all_classes(z, 4)[2].tolist() == [*z, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("count", "expected"), [(2, 2), (10, 10), (11, 6), (13, 7), (26, 9), (40, 10)]
)
def test_rows_of_classes_are_as_long_as_each_other(node, count, expected):
    assert node.call("conditional.js", "rowLength", count) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 8, 20, 64])
def test_the_length_of_a_draw_from_the_prior_is_the_mean_of_chi(node, count):
    found = node.call("conditional.js", "typicalLength", count)
    assert found == pytest.approx(stats.chi(count).mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.004, 0), (0.006, 0.01), (9, 1.5), (-9, -1.5), (-0.3333, -0.33)]
)
def test_a_place_is_kept_on_the_sliders(node, value, expected):
    assert node.call("plane.js", "keptOnSlider", value, 0, 1.5, 0.01) == expected
