"""What `load` gives, whatever it finds; the files themselves are tested in test_mnist.py."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_digits import ROUNDING

from aecore import mnist
from aecore.data import ImageSet, binarise, load
from aecore.strokes import FACTOR_NAMES, digits

MNIST_ROOT = Path(os.environ.get("AECORE_DATA", "")).absolute()
needs_mnist = pytest.mark.skipif(
    not (os.environ.get("AECORE_DATA") and (MNIST_ROOT / "MNIST" / "raw").is_dir()),
    reason="$AECORE_DATA has no MNIST",
)


def some_images(n, *, labels=None):
    images = torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(n))
    return ImageSet(images, torch.arange(n) if labels is None else labels, name="noise")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No MNIST anywhere, no network allowed, and nothing said yet."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("AECORE_OFFLINE", "1")
    monkeypatch.setattr("aecore.data._said", set())
    return tmp_path / "empty"


def test_importing_the_module_does_not_load_torchvision_or_anything_for_the_network():
    code = (
        "import aecore.data, aecore.mnist, aecore.strokes, sys;"
        "print([name for name in ('torchvision', 'urllib.request', 'PIL') if name in sys.modules])"
    )
    torch_alone = code.replace("aecore.data, aecore.mnist, aecore.strokes", "torch")
    ours, torchs = (
        subprocess.run([sys.executable, "-c", c], capture_output=True, text=True, check=True).stdout
        for c in (code, torch_alone)
    )
    assert "torchvision" not in ours
    assert ours == torchs


def test_the_procedural_digits_are_twelve_and_two_thousand_with_their_factors():
    train, test = load("strokes"), load("strokes", train=False)
    assert (len(train), len(test)) == (12_000, 2_000)
    assert train.name == "strokes" and train.factor_names == FACTOR_NAMES
    assert train.factors.shape == (12_000, 4) and train.factors.dtype == torch.float32
    assert train.images.dtype == torch.float32 and train.labels.dtype == torch.int64


def test_training_and_test_digits_differ():
    train, test = load("strokes", limit=500), load("strokes", train=False, limit=500)
    nearest = torch.cdist(test.images.flatten(1), train.images.flatten(1)).min()
    assert nearest > 0.1
    assert not torch.equal(train.labels, test.labels)


@settings(deadline=None, max_examples=10)
@given(limit=st.integers(1, 3000))
def test_a_limit_takes_the_first_examples_and_at_most_all(limit):
    whole, part = load("strokes", train=False), load("strokes", train=False, limit=limit)
    assert len(part) == min(limit, 2000)
    assert torch.equal(part.labels, whole.labels[:limit])
    torch.testing.assert_close(part.images, whole.images[:limit], rtol=0, atol=ROUNDING)
    torch.testing.assert_close(part.factors, whole.factors[:limit], rtol=0, atol=0)


def test_a_limited_sample_draws_no_more_than_it_needs(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "aecore.strokes.digits", lambda n, seed: asked.append(n) or digits(n, seed=0)
    )
    load("strokes", limit=np.int64(7))
    assert asked == [7]


@given(limit=st.one_of(st.integers(max_value=0), st.floats(), st.booleans(), st.text()))
def test_a_limit_that_is_not_a_positive_integer_is_refused(limit):
    with pytest.raises(ValueError, match="positive integer, or None for all, got"):
        load("strokes", limit=limit)


@given(name=st.text().filter(lambda name: name not in ("strokes", "auto", *mnist.CLASSES)))
def test_an_unknown_name_is_refused_with_the_names_that_there_are(name):
    with pytest.raises(ValueError) as error:
        load(name)
    for known in ("mnist", "fashion_mnist", "kmnist", "strokes", "auto"):
        assert repr(known) in str(error.value)


def test_train_must_be_true_or_false():
    with pytest.raises(ValueError, match="train=True or train=False, got 'test'"):
        load("strokes", train="test")


def test_auto_without_files_is_the_procedural_digits_and_says_so_once(offline, capsys):
    train, test = load("auto", limit=20), load("auto", train=False, limit=20)
    assert train.name == test.name == "strokes"
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "MNIST is not in" in said and "procedural digits" in said and "AECORE_OFFLINE" in said
    assert not offline.exists()


def test_a_named_set_without_files_is_an_error_that_says_where_it_looked_and_what_to_do(offline):
    for name, folder in mnist.CLASSES.items():
        with pytest.raises(mnist.MissingDataError) as error:
            load(name)
        for part in (str(offline / folder / "raw"), "AECORE_OFFLINE", "$AECORE_DATA", "strokes"):
            assert part in str(error.value)


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_the_network_is_left_alone_when_told_so(monkeypatch, offline, value):
    monkeypatch.setenv("AECORE_OFFLINE", value)
    monkeypatch.setattr("aecore.mirrors.download", lambda *_: pytest.fail("asked the network"))
    assert load("auto", limit=3).name == "strokes"


@pytest.mark.parametrize("value", ["", "0", "false", "No"])
def test_the_network_is_asked_when_not_told_otherwise(monkeypatch, offline, value):
    asked = []

    def download(*request):
        asked.append(request)
        raise OSError("the line is dead")

    monkeypatch.setenv("AECORE_OFFLINE", value)
    monkeypatch.setattr("aecore.mirrors.download", download)
    with pytest.raises(mnist.MissingDataError, match="the line is dead"):
        load("mnist")
    assert len(asked) == 1


def test_the_folder_is_the_argument_then_the_variable_then_a_cache(monkeypatch, tmp_path):
    seen = []

    def read(name, *, root, ours, **_):
        seen.append((Path(root), ours))
        return torch.zeros(2, 28, 28, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)

    monkeypatch.setattr(mnist, "read", read)
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "variable"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load("mnist", root=tmp_path / "argument")
    load("mnist")
    monkeypatch.delenv("AECORE_DATA")
    load("mnist")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    load("mnist")
    assert seen == [
        (tmp_path / "argument", False),
        (tmp_path / "variable", False),
        (tmp_path / "cache" / "aecore", True),
        (tmp_path / "home" / ".cache" / "aecore", True),
    ]


def test_grey_levels_are_divided_by_255(monkeypatch):
    grey = torch.arange(256, dtype=torch.uint8).repeat(4)[:784].view(1, 28, 28)
    monkeypatch.setattr(mnist, "read", lambda *_, **__: (grey, torch.tensor([3])))
    loaded = load("kmnist")
    assert loaded.name == "kmnist" and loaded.factors is None
    assert torch.equal(loaded.images.flatten() * 255, grey.flatten().float())


@needs_mnist
@pytest.mark.parametrize("name", ["mnist", "auto"])
def test_mnist_is_mnist(name):
    train, test = load(name, root=MNIST_ROOT), load(name, root=MNIST_ROOT, train=False)
    assert train.name == test.name == "mnist"
    assert train.images.shape == (60_000, 1, 28, 28) and test.images.shape == (10_000, 1, 28, 28)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert torch.bincount(train.labels).tolist() == counts
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert torch.bincount(test.labels).tolist() == counts
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert train.images.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert train.images.std().item() == pytest.approx(0.3081, abs=5e-5)
    assert (train.images.min(), train.images.max()) == (0, 1)


@needs_mnist
def test_mnist_with_a_limit_is_its_beginning():
    whole, part = (
        load("mnist", root=MNIST_ROOT, train=False),
        load("mnist", root=MNIST_ROOT, train=False, limit=9),
    )
    assert torch.equal(part.images, whole.images[:9]) and torch.equal(part.labels, whole.labels[:9])


def test_an_index_gives_the_set_of_those_examples():
    images = load("strokes", limit=10)
    chosen = images[torch.tensor([7, 2])]
    assert torch.equal(chosen.images, images.images[[7, 2]])
    assert torch.equal(chosen.labels, images.labels[[7, 2]])
    assert torch.equal(chosen.factors, images.factors[[7, 2]])
    assert chosen.factor_names == images.factor_names and chosen.name == "strokes"


@settings(deadline=None)
@given(data=st.data(), n=st.integers(1, 9))
def test_every_kind_of_index_agrees_with_the_tensors(data, n):
    images = some_images(n)
    mask = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    rows = data.draw(st.lists(st.integers(-n, n - 1), min_size=1))
    for index in (torch.tensor(mask), np.array(rows), rows, data.draw(st.slices(n))):
        if isinstance(index, slice) and (index.step or 1) < 0:
            continue  # torch has no negative steps
        expected = images.labels[index]
        assert torch.equal(images[index].labels, expected)
        assert len(images[index]) == len(expected)
    one = data.draw(st.integers(-n, n - 1))
    assert torch.equal(images[one].images, images.images[[one]])


@given(n=st.integers(0, 5), beyond=st.integers(0, 100))
def test_an_example_that_is_not_there_is_refused(n, beyond):
    images = some_images(n)
    for index in (n + beyond, -n - 1 - beyond):
        with pytest.raises(IndexError, match=f"example {index} of a set of {n}"):
            images[index]
    assert len(list(images)) == n


def test_moving_to_a_device_keeps_everything():
    images = load("strokes", limit=3).to(torch.device("cpu"))
    assert images.images.device.type == images.factors.device.type == "cpu"
    assert len(images) == 3 and images.name == "strokes"


def test_the_set_shows_what_it_is():
    shown = repr(load("strokes", limit=3))
    assert shown == (
        "ImageSet('strokes', images [3, 1, 28, 28], labels [3], "
        "factors [3, 4] (slant, thickness, width, rotation), on cpu)"
    )
    assert repr(some_images(2)) == "ImageSet('noise', images [2, 1, 28, 28], labels [2], on cpu)"


def test_a_set_cannot_be_changed():
    with pytest.raises(AttributeError):
        some_images(2).name = "other"


@pytest.mark.parametrize(
    ("shape", "dtype", "complaint"),
    [
        ((5, 28, 28), torch.float32, r"\[N, 1, 28, 28\], got float32 \[5, 28, 28\]"),
        ((784,), torch.float32, r"\[N, 1, 28, 28\], got float32 \[784\]"),
        ((5, 3, 28, 28), torch.float32, r"got float32 \[5, 3, 28, 28\]"),
        ((5, 1, 28, 28), torch.uint8, r"images float32 .*, got uint8"),
        ((5, 1, 28, 28), torch.float64, r"images float32 .*, got float64"),
    ],
)
def test_images_of_another_shape_or_type_are_refused(shape, dtype, complaint):
    with pytest.raises(ValueError, match=complaint):
        ImageSet(torch.zeros(shape, dtype=dtype), torch.zeros(5, dtype=torch.int64))


@given(
    n=st.integers(0, 4), labels=st.integers(0, 4), dtype=st.sampled_from([torch.int64, torch.int32])
)
def test_labels_must_be_as_many_as_the_images_and_int64(n, labels, dtype):
    images, values = torch.zeros(n, 1, 28, 28), torch.zeros(labels, dtype=dtype)
    if n == labels and dtype == torch.int64:
        assert len(ImageSet(images, values)) == n
    else:
        with pytest.raises(ValueError, match=rf"expected labels int64 \[{n}\], got"):
            ImageSet(images, values)


@pytest.mark.parametrize("value", [255.0, -0.1, float("nan"), float("inf")])
def test_images_beyond_zero_and_one_are_refused(value):
    images = torch.zeros(2, 1, 28, 28)
    images[1, 0, 3, 4] = value
    with pytest.raises(ValueError, match=r"in \[0, 1\].*divide by 255"):
        ImageSet(images, torch.zeros(2, dtype=torch.int64))


def test_factors_must_fit_the_images_and_their_names():
    images, labels = torch.zeros(2, 1, 28, 28), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(
        ValueError, match=r"expected factors float32 \[2, 1\], got float32 \[2, 3\]"
    ):
        ImageSet(images, labels, torch.zeros(2, 3), ("slant",))
    with pytest.raises(ValueError, match="no factors"):
        ImageSet(images, labels, None, ("slant",))
    with pytest.raises(ValueError, match="as a tuple, got 'slant'"):
        ImageSet(images, labels, torch.zeros(2, 5), "slant")


def test_something_that_is_no_tensor_is_refused():
    with pytest.raises(ValueError, match=r"expected images .*, got list"):
        ImageSet([[0.0]], torch.zeros(1, dtype=torch.int64))


def test_binarised_pixels_are_black_or_white_and_as_bright_on_average():
    images = load("strokes", limit=2000).images
    drawn = binarise(images)
    assert drawn.shape == images.shape and drawn.dtype == images.dtype
    assert ((drawn == 0) | (drawn == 1)).all()
    grey = (images > 0.3) & (images < 0.7)
    error = (drawn[grey] - images[grey]).double()
    assert error.mean().abs() < 5 * error.std() / grey.sum() ** 0.5
    assert torch.equal(drawn[images == 0], images[images == 0])
    assert torch.equal(drawn[images == 1], images[images == 1])


def test_a_pixel_is_white_as_often_as_its_grey_level_says():
    level = torch.linspace(0, 1, 11).repeat(20_000, 1)
    frequency = binarise(level, seed=3).mean(0)
    assert (frequency - level[0]).abs().max() < 0.02


def test_binarising_is_repeatable_by_seed_and_begins_alike():
    images = some_images(20).images
    assert torch.equal(binarise(images), binarise(images, seed=0))
    assert not torch.equal(binarise(images), binarise(images, seed=1))
    assert torch.equal(binarise(images)[:7], binarise(images[:7]))
    state = torch.get_rng_state()
    binarise(images)
    assert torch.equal(state, torch.get_rng_state())


@given(
    value=st.one_of(st.floats(max_value=-1e-6), st.floats(min_value=1.001), st.just(float("nan")))
)
def test_grey_levels_beyond_zero_and_one_are_not_binarised(value):
    with pytest.raises(ValueError, match=r"in \[0, 1\], got values from"):
        binarise(torch.tensor([0.5, value]))


def test_only_floating_point_tensors_are_binarised():
    with pytest.raises(ValueError, match=r"got torch\.uint8"):
        binarise(torch.zeros(3, dtype=torch.uint8))
    with pytest.raises(ValueError, match="got ImageSet"):
        binarise(some_images(2))
