"""CompletionExplorer as Python makes it, and the arithmetic of its pen and its completions."""

import base64
import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from aecore import networks
from aecore.live import CompletionExplorer
from aecore.live.noise import normal_noise
from aecore.models import ConditionalVAE

TOP = torch.arange(28)[:, None].expand(28, 28) < 14
SHAPE = (6, 5)
# 32 units in the last place of a grey level of 1. It comes from sums of some 300 terms, and a kernel
# may add them up in another order for each row of a batch. Weights in float16 cost a thousand times as much.
ROUNDING = 32 * np.finfo(np.float32).eps


def floats(values):
    return {"$floats": np.ravel(values).astype(float).tolist()}


@pytest.fixture(scope="module")
def images():
    return torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="module")
def mixed():
    """A mask [28, 28] without any order, so that a wrong order of pixels shows."""
    return torch.rand(28, 28, generator=torch.Generator().manual_seed(6)) < 0.4


def decoder_for(mask, latent_dim=3):
    torch.manual_seed(7)
    given = int(mask.sum())
    return nn.Sequential(
        networks.mlp([latent_dim + given, 12, mask.numel() - given], nn.Tanh), nn.Sigmoid()
    )


def by_torch(module, image, mask, seed, draws, spread, latent_dim=3):
    """Completions by the module itself, from the frozen noise."""
    z = spread * torch.tensor(normal_noise(seed, draws * latent_dim)).reshape(draws, -1)
    given = image[mask].expand(draws, -1)
    out = image.expand(draws, -1, -1).clone()
    with torch.no_grad():
        out[:, ~mask] = module(torch.cat([z.float(), given], 1))
    return out


@pytest.mark.parametrize(("seed", "draws", "spread"), [(0, 8, 1.0), (5, 3, 0.5), (99, 12, 0.0)])
def test_completions_are_those_of_the_module(images, mixed, seed, draws, spread):
    module = decoder_for(mixed)
    widget = CompletionExplorer(
        module, images, mixed, latent_dim=3, draws=draws, seed=seed, spread=spread
    )
    widget.view.example = 2
    expected = by_torch(module, images[2, 0], mixed, seed, draws, spread)
    found = widget.completions()
    np.testing.assert_allclose(found, expected, atol=4e-3)
    if spread == 0:
        np.testing.assert_allclose(found, found[:1].repeat(12, 0), rtol=0, atol=ROUNDING)


def test_a_conditional_vae_is_completed_as_the_model_itself_does(images, mixed):
    torch.manual_seed(8)
    given = int(mixed.sum())
    hidden = 784 - given
    model = ConditionalVAE(
        networks.mlp([784, 8, 6]), networks.mlp([3 + given, 12, hidden]), latent_dim=3
    )
    widget = CompletionExplorer(model, images, mixed, latent_dim=3, dtype="float32")
    z = torch.tensor(normal_noise(0, 24), dtype=torch.float32).reshape(8, 3)
    seen = torch.tensor(widget.visible).expand(8, -1)
    with torch.no_grad():
        expected = model.decode(z, seen).mean
    np.testing.assert_allclose(widget.completions()[:, ~mixed], expected, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(seen[0], images[0, 0][mixed], atol=0.51 / 255)


def test_what_is_painted_takes_the_place_of_the_example(images, mixed):
    module = decoder_for(mixed)
    widget = CompletionExplorer(module, images, mixed, latent_dim=3)
    assert widget.view.painted == b""
    drawing = torch.rand(28, 28, generator=torch.Generator().manual_seed(9))
    widget.visible = drawing
    assert len(widget.view.painted) == int(mixed.sum())
    expected = by_torch(module, drawing, mixed, 0, 8, 1.0)
    np.testing.assert_allclose(widget.completions()[:, ~mixed], expected[:, ~mixed], atol=4e-3)
    assert "a painted image" in widget._figure()[1]


def test_a_page_may_send_what_is_painted_as_a_memoryview(images):
    widget = CompletionExplorer(decoder_for(TOP), images, TOP, latent_dim=3)
    widget.view.set_state({"painted": memoryview(bytes([255] * 392))})
    assert (widget.visible == 1).all()


def test_examples_are_named_by_their_labels(images):
    widget = CompletionExplorer(
        decoder_for(TOP), images, TOP, latent_dim=3, labels=torch.tensor([7, 8, 0, 1])
    )
    assert widget.view.names[1] == "example 2: an 8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"visible": TOP.float()}, "visible must be a bool mask"),
        ({"visible": TOP.flatten()}, r"bool mask \[H, W\], got bool \[784\]"),
        ({"visible": TOP | True}, "pixels on both sides, but 784 of 784 are true"),
        ({"visible": TOP & False}, "pixels on both sides, but 0 of 784 are true"),
        ({"images": torch.zeros(11, 784)}, "expected 1 to 10 images, got 11"),
        ({"images": torch.zeros(784)}, r"images \[N, 1, H, W\] of 28 by 28, got \[784\]"),
        ({"images": torch.zeros(2, 100)}, r"of 28 by 28, got \[2, 100\]"),
        ({"images": torch.full((1, 784), math.nan)}, "images hold NaN"),
        ({"latent_dim": 4}, "takes 395 numbers, but latent_dim=4 and 392 visible pixels are 396"),
        ({"latent_dim": -1}, "latent_dim must be a positive whole number, got -1"),
        ({"decoder": networks.mlp([395, 784])}, r"gives \[784\], but 392 pixels are hidden"),
        ({"draws": 0}, "draws must be a whole number from 1 to 12, got 0"),
        ({"draws": 13}, "draws must be a whole number from 1 to 12, got 13"),
        ({"seed": 100}, "seed must be a whole number from 0 to 99, got 100"),
        ({"spread": 2}, "spread must be from 0 to 1.5, got 2"),
        ({"labels": [1]}, "expected 4 labels"),
    ],
)
def test_it_refuses_what_does_not_fit(images, options, message):
    given = {"decoder": decoder_for(TOP), "images": images, "visible": TOP, "latent_dim": 3}
    with pytest.raises(ValueError, match=message):
        CompletionExplorer(**{**given, **options})


def test_the_figure_shows_the_given_part_and_every_completion(images, mixed):
    widget = CompletionExplorer(decoder_for(mixed), images, mixed, latent_dim=3, draws=5)
    figure, alt = widget._figure()
    pictures = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert (pictures[0].mask == ~mixed.numpy()).all()
    np.testing.assert_allclose(pictures[1:], widget.completions())
    apart = widget.completions()[:, ~mixed.numpy()].var(0).mean() ** 0.5
    assert f"they lie {apart:.3f} apart" in alt
    assert f"{int(mixed.sum())} of 784 pixels" in alt
    assert (
        "5 completions"
        in re.search(r'alt="([^"]+)"', widget._repr_mimebundle_()[0]["text/html"])[1]
    )


def test_a_point_has_its_distance_from_a_line(node):
    cases = [
        ([0, 3], [-1, 0], [5, 0], 3),
        ([9, 3], [-1, 0], [5, 0], 5),
        ([3, 4], [0, 0], [0, 0], 5),
        ([1, 1], [0, 0], [2, 2], 0),
    ]
    for place, start, end, expected in cases:
        found = node.call("brush.js", "distanceToSegment", place, start, end)
        assert found == pytest.approx(expected)


def stroke(node, image, mask, start, end, radius, ink):
    found = node.call(
        "brush.js",
        "strokeOn",
        floats(image),
        SHAPE,
        np.ravel(mask).tolist(),
        start,
        end,
        radius,
        ink,
    )
    return np.reshape(found, SHAPE)


def test_the_pen_draws_along_its_way_and_only_where_it_may(node):
    mask = np.ones(SHAPE, int)
    mask[:, 4] = 0
    line = stroke(node, np.zeros(SHAPE), mask, [0.5, 2.5], [4.5, 2.5], 1.2, 1)
    rows = [0, 0.7, 1, 0.7, 0, 0]
    np.testing.assert_allclose(line[:, :4], np.repeat(np.array(rows)[:, None], 4, 1), atol=1e-6)
    assert (line[:, 4] == 0).all()
    again = stroke(node, line, mask, [0.5, 2.5], [4.5, 2.5], 1.2, 1)
    np.testing.assert_array_equal(again, line)


def test_the_rubber_takes_away_what_the_pen_drew_and_no_more_than_it_covers(node):
    mask = np.ones(SHAPE, int)
    gone = stroke(node, np.ones(SHAPE), mask, [2.5, 0.5], [2.5, 0.5], 1, 0)
    assert gone[0, 2] == 0
    assert gone[0, 1] == gone[1, 2] == pytest.approx(0.5)
    assert (gone[3:] == 1).all()
    inked = stroke(node, np.zeros(SHAPE), mask, [1, 1], [4, 5], 1.2, 1)
    assert (stroke(node, inked, mask, [1, 1], [4, 5], 2.2, 0) == 0).all()


def test_the_cursor_jumps_over_what_is_hidden_and_stays_at_the_edge(node):
    mask = np.ones(SHAPE, int)
    mask[2:4] = 0

    def after(at, step):
        return node.call("brush.js", "nextPixel", mask.ravel().tolist(), SHAPE, at, step)

    assert after([1, 2], [1, 0]) == [4, 2]
    assert after([4, 2], [-1, 0]) == [1, 2]
    assert after([5, 2], [1, 0]) == [5, 2]
    assert after([0, 4], [0, 1]) == [0, 4]


def test_the_cursor_begins_in_the_middle_of_what_may_change(node):
    top = np.zeros((28, 28), int)
    top[:13] = 1
    assert node.call("brush.js", "middlePixel", top.ravel().tolist(), [28, 28])[0] == 6
    ring = np.ones((5, 5), int)
    ring[1:4, 1:4] = 0
    row, column = node.call("brush.js", "middlePixel", ring.ravel().tolist(), [5, 5])
    assert ring[row, column] == 1


def test_an_image_is_split_and_put_together_as_by_a_mask_of_numpy(node):
    random = np.random.default_rng(0)
    mask = random.random(30) < 0.4
    image, hidden = random.random(30), random.random((3, int((~mask).sum())))
    flags = mask.astype(int).tolist()
    for which in (1, 0):
        part = node.call("completions.js", "partOf", floats(image), flags, which)
        np.testing.assert_allclose(part, image[mask == which], atol=1e-7)
    expected = image.copy()
    expected[~mask] = hidden[1]
    at = hidden.shape[1]
    found = node.call("completions.js", "completed", floats(image), floats(hidden), at, flags)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_each_draw_has_its_own_z_and_the_same_visible_pixels(node):
    noise, visible = np.arange(6.0), np.array([0.25, 0.5])
    found = node.call("completions.js", "decoderInputs", noise.tolist(), 0.5, visible.tolist(), 3)
    z = noise.reshape(3, 2) / 2
    np.testing.assert_allclose(
        np.reshape(found, (3, 4)), np.concatenate([z, np.tile(visible, (3, 1))], 1)
    )


def test_spread_and_nearest_draw_are_those_of_numpy(node):
    random = np.random.default_rng(1)
    hidden, truth = random.random((5, 11)), random.random(11)
    found = node.call("completions.js", "spreadOfDraws", hidden.ravel().tolist(), 5)
    assert found == pytest.approx(math.sqrt(hidden.var(0).mean()), rel=1e-12)
    errors = np.sqrt(((hidden - truth) ** 2).mean(1))
    nearest = node.call("completions.js", "nearestDraw", hidden.ravel().tolist(), truth.tolist())
    assert nearest["draw"] == errors.argmin()
    assert nearest["error"] == pytest.approx(errors.min(), rel=1e-12)


@pytest.mark.parametrize(
    ("one", "other"), [(b"", b""), (b"abc", b"abc"), (b"abc", b"abd"), (b"ab", b"abc"), (b"", b"a")]
)
def test_bytes_are_the_same_when_each_is(node, one, other):
    views = [{"$bytes": base64.b64encode(part).decode()} for part in (one, other)]
    assert node.call("completions.js", "sameBytes", *views) == (one == other)


def test_edges_lie_between_given_and_hidden_pixels(node):
    mask = [1, 1, 1, 0, 0, 1]
    edges = node.call("completions.js", "edgesOf", mask, [2, 3])
    assert sorted(edges) == sorted([[0, 1, 1, 1], [1, 1, 2, 1], [2, 1, 2, 2]])


def test_neighbouring_seeds_give_unlike_noise():
    """The slider goes from seed to seed: what they draw must not be akin."""
    draws = np.stack([normal_noise(seed, 128) for seed in range(100)])
    akin = np.corrcoef(draws)[np.triu_indices(100, 1)]
    assert np.abs(akin).max() < 0.45
    assert akin.std() == pytest.approx(128**-0.5, rel=0.1)
