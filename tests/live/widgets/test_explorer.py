"""The live widgets as Python makes them: what travels, what is linked, what is refused."""

import base64
import io
import json
import math
import re

import numpy as np
import pytest
import torch
from linked import links_of
from PIL import Image
from torch import nn

from aecore import networks
from aecore.live import Interpolator, LatentExplorer
from aecore.live.codes import spread
from aecore.plotting import CLASS_COLOURS

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def labels():
    return torch.arange(500) % 10


def test_every_coordinate_and_the_window_are_linked_in_the_browser():
    wide = LatentExplorer(networks.mlp([11, 4, 784]))
    names = {(f"z{'₁₂₃₄₅₆₇₈₉'[i]}", f"z{i + 1}") for i in range(9)} | {
        ("z₁₀", "z10"),
        ("z₁₁", "z11"),
    }
    window = {("centre z₁", "centre1"), ("centre z₂", "centre2"), ("extent", "extent")}
    assert links_of(wide) == names | window
    assert links_of(Interpolator(networks.mlp([2, 784]), codes=torch.eye(2))) == {("t", "t")}


def test_the_map_covers_the_codes(decoder, codes, labels):
    explorer = LatentExplorer(decoder, codes, labels)
    c1, c2, half = explorer.view.region
    inside = (abs(codes - torch.tensor([c1, c2])) <= half).all(1).float().mean()
    assert inside > 0.97
    assert half < 1.3 * max(spread(codes[:, i].numpy())[1] for i in range(2))
    for name, middle in (("z1", c1), ("z2", c2), ("centre1", c1), ("centre2", c2)):
        slider = explorer.sliders[name]
        assert (slider.min, slider.max) == pytest.approx((middle - half, middle + half))


def test_what_is_asked_for_is_where_it_starts(decoder):
    explorer = LatentExplorer(decoder, z=(0.5, -1), centre=(1, 0), extent=2)
    assert explorer.view.region == [1, 0, 2]
    assert explorer.z.tolist() == [0.5, -1]
    assert [explorer.sliders[n].value for n in ("z1", "z2", "centre1", "extent")] == [0.5, -1, 1, 2]


def test_without_codes_the_map_is_that_of_a_standard_normal_code(decoder):
    view = LatentExplorer(decoder).view
    assert view.region == [0, 0, 3]
    assert view.codes == b""
    assert view.classes == []


def test_it_starts_at_the_first_code(decoder, codes):
    explorer = LatentExplorer(decoder, codes)
    np.testing.assert_allclose(explorer.z, codes[0], atol=explorer.view.step)


def test_a_first_code_off_the_map_is_moved_to_its_edge(decoder, codes):
    far = torch.cat([torch.tensor([[99.0, -99.0]]), codes])
    explorer = LatentExplorer(decoder, far)
    c1, c2, half = explorer.view.region
    np.testing.assert_allclose(explorer.z, [c1 + half, c2 - half])


def test_sliders_of_other_coordinates_cover_their_own_codes():
    scale = torch.tensor([1.0, 1.0, 10.0])
    codes = scale * torch.randn(400, 3, generator=torch.Generator().manual_seed(2))
    explorer = LatentExplorer(networks.mlp([3, 784]), codes, axes=(1, 0))
    assert explorer.sliders["z3"].max > 20
    assert explorer.sliders["z1"].max < 4
    assert explorer.view.axes == [1, 0]
    assert explorer.sliders["centre1"].description == "centre z₂"
    np.testing.assert_allclose(explorer.points, codes[:, [1, 0]], atol=2e-3)


def test_at_most_two_thousand_codes_travel_with_their_own_labels(decoder):
    codes = torch.arange(5000.0)[:, None].repeat(1, 2) / 500
    labels = (torch.arange(5000) // 500) % 10
    explorer = LatentExplorer(decoder, codes, labels)
    sent, marks = explorer.points, np.frombuffer(explorer.view.labels, np.uint8)
    assert len(sent) == len(marks) == 2000
    assert len(explorer.view.codes) + len(explorer.view.labels) == 10_000
    assert (np.abs(np.floor(sent[:, 0] + 1e-2) - marks) <= 1).all()
    assert sent[-1, 0] == pytest.approx(10, abs=0.01)


def test_codes_far_from_the_origin_are_sent_precisely(decoder, codes):
    far = LatentExplorer(decoder, 70_000 + codes)
    np.testing.assert_allclose(far.points - 70_000, codes, atol=0.02)


def test_the_classes_keep_the_colours_of_the_book(decoder, codes, labels):
    view = LatentExplorer(decoder, codes, labels).view
    assert view.colours == list(CLASS_COLOURS)
    assert view.classes == [str(i) for i in range(10)]
    assert LatentExplorer(decoder, codes, labels % 2, class_names=["a", "b"]).view.classes == [
        "a",
        "b",
    ]


def test_moving_the_point_from_python(decoder):
    explorer = LatentExplorer(decoder)
    explorer.z = torch.tensor([1.0, -2.0])
    assert (explorer.view.z1, explorer.view.z2) == (1, -2)
    with pytest.raises(ValueError, match="z must be 2 finite numbers"):
        explorer.z = (1, math.nan)


def test_a_point_moved_from_python_is_where_its_sliders_are(decoder):
    """A saved page takes the slider's value for the view's."""
    explorer = LatentExplorer(decoder, extent=2.0)
    explorer.z = (1.0, -1.503)
    assert [slider.value for slider in list(explorer.sliders.values())[:2]] == [1.0, -1.5]
    assert explorer.z.tolist() == [1.0, -1.5]
    with pytest.raises(ValueError, match=r"z\[0\] = 100 lies outside its slider, -2 to 2"):
        explorer.z = (100, 0)
    assert explorer.z.tolist() == [1.0, -1.5]


@pytest.mark.parametrize("label", [255, 300])
def test_a_label_that_no_byte_holds_is_refused(decoder, label):
    with pytest.raises(ValueError, match=f"labels must lie in 0 to 254, got {label}"):
        LatentExplorer(decoder, torch.zeros(2, 2), torch.tensor([0, label]))


def test_views_of_one_module_share_one_decoder(decoder, codes):
    explorer = LatentExplorer(decoder, codes)
    again = LatentExplorer(explorer.view.decoder)
    other = Interpolator(decoder, codes=codes[:4])
    assert explorer.view.decoder is again.view.decoder is other.view.decoder


def test_weights_travel_in_half_precision(decoder):
    weights = sum(p.numel() for p in decoder.parameters())
    assert len(LatentExplorer(decoder).view.decoder.weights) == 2 * weights
    assert len(LatentExplorer(decoder, dtype="float32").view.decoder.weights) == 4 * weights


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codes": torch.zeros(5, 3)}, r"expected codes \[N, 2\].*got \[5, 3\]"),
        ({"codes": torch.zeros(0, 2)}, "at least one code"),
        ({"codes": torch.full((5, 2), math.inf)}, "5 of 5 codes hold NaN or infinity"),
        ({"codes": torch.zeros(5, 2), "labels": torch.zeros(4)}, "expected 5 labels"),
        ({"codes": torch.zeros(5, 2), "labels": torch.zeros(5)}, "whole numbers, got float32"),
        ({"codes": torch.zeros(2, 2), "labels": [0, -1]}, "negative, got -1"),
        (
            {"codes": torch.zeros(2, 2), "labels": [0, 3], "class_names": ["a"]},
            "label 3 has no name",
        ),
        ({"labels": [0, 1]}, "labels were given without codes"),
        ({"extent": 0}, "extent must be a positive number.*got 0"),
        ({"extent": math.nan}, "extent must be a positive number"),
        ({"centre": (0, math.inf)}, "centre must be 2 finite numbers"),
        ({"centre": (0, 0, 0)}, "centre must be 2 finite numbers"),
        ({"z": (0, 4)}, r"z\[1\] = 4 lies outside its slider, 0 ± 3"),
        ({"z": (0,)}, "z must be 2 finite numbers"),
        ({"axes": (0, 2)}, "axes must be two different coordinates from 0 to 1"),
        ({"axes": (1, 1)}, "axes must be two different coordinates"),
        ({"cells": 1}, "cells must be a whole number from 2 to 25, got 1"),
        ({"image_shape": (10, 10)}, "holds 100 pixels, but the decoder gives 784"),
    ],
)
def test_explorer_refuses_what_does_not_fit(decoder, options, message):
    with pytest.raises(ValueError, match=message):
        LatentExplorer(decoder, **options)


def test_explorer_refuses_a_code_of_one_number():
    with pytest.raises(ValueError, match="at least 2 numbers, this decoder takes 1"):
        LatentExplorer(networks.mlp([1, 784]))


def test_an_image_shape_that_cannot_be_told_is_asked_for():
    with pytest.raises(ValueError, match=r"shape \[12\].*image_shape=\(height, width\)"):
        LatentExplorer(networks.mlp([2, 12]))
    assert LatentExplorer(networks.mlp([2, 12]), image_shape=(3, 4)).view.image_shape == [3, 4]
    wide = nn.Sequential(networks.mlp([2, 12]), nn.Unflatten(1, (1, 3, 4)))
    assert LatentExplorer(wide).view.image_shape == [3, 4]


def test_widget_and_figure_are_in_one_bundle(decoder, codes, labels):
    rows = torch.linspace(0, 6, 28)
    with torch.no_grad():  # smooth pictures, like those of a trained decoder
        decoder[-1].weight.copy_(
            torch.sin(rows[:, None, None] + rows[:, None] * torch.arange(8) / 4).flatten(0, 1)
        )
    explorer = LatentExplorer(decoder, codes, labels, z=(1, 2), centre=(1, 1), extent=4)
    interpolator = Interpolator(decoder, codes=codes[:10], labels=labels[:10], initial=(2, 7))
    for widget, words in (
        (explorer, ["z = (1.00, 2.00)", "500 encoded examples", "11 by 11", "half-width 4.00"]),
        (interpolator, ["linear path", "example 3: a 2", "example 8: a 7", "0.25"]),
    ):
        data, _ = widget._repr_mimebundle_()
        assert data[VIEW]["model_id"] == widget.model_id
        alt = re.search(r'<img alt="([^"]+)"', data["text/html"])[1]
        assert all(word in alt for word in words), alt
        png = base64.b64decode(data["image/png"])
        assert len(png) < 40_000
        assert data["image/png"] in data["text/html"]
        with Image.open(io.BytesIO(png)) as image:
            assert image.width > 700
            assert len(image.convert("L").getcolors()) > 10, "something is drawn"
    json.dumps(data)


def test_a_small_decoder_makes_a_small_page(decoder):
    state = LatentExplorer(decoder).view.get_state()
    assert len(state["_esm"]) + len(state["_css"]) < 60_000
