"""What several test files need, chance that repeats, and an order in which the slow tests start first."""

import random
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
from filelock import FileLock
from jitter import Jitter
from node_bridge import Node

from aecore import networks

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "_ext"), str(ROOT / "benchmarks")]

import book_build  # noqa: E402
import book_data  # noqa: E402

book_data.settle_folder()

# Fixtures imported here are known to every test.
pytest.register_assert_rewrite("tiny_mnist")
from tiny_mnist import mirror, own_cache, publish  # noqa: E402, F401


@pytest.fixture(scope="session")
def book() -> Path:
    """The folder of the built pages, built with warnings as errors when it is not up to date."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with FileLock(ROOT / "_build/.test-lock"):
        if not book_build.is_current():
            command = [sys.executable, str(ROOT / "_ext/book_build.py")]
            built = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if built.returncode:
                pytest.fail(f"the book does not build:\n{built.stdout[-8000:]}", pytrace=False)
    return book_build.HTML


class _TorchRandom:
    """PyTorch's generator, as Hypothesis wants to see it: it seeds it before each example."""

    seed = staticmethod(torch.manual_seed)
    getstate = staticmethod(torch.get_rng_state)
    setstate = staticmethod(torch.set_rng_state)


TORCH_RANDOM = _TorchRandom()  # Hypothesis keeps no more than a weak reference


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Every test, and what is set up for it, draws the same numbers in every run."""
    seed = item.config.getoption("--seed")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@pytest.fixture(scope="module")
def decoder():
    """A small decoder of codes of two numbers, for the live widgets."""
    torch.manual_seed(0)
    return networks.mlp([2, 8, 784])


@pytest.fixture(scope="module")
def codes():
    """Encoded data for it, [500, 2]."""
    return 2 + torch.randn(500, 2, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def node():
    """A Node that answers calls into the widgets' JavaScript."""
    with Node() as process:
        yield process


def pytest_addoption(parser):
    parser.addoption(
        "--seed",
        type=int,
        default=0,
        help="the seed of each test (0); another shows which tests hold by luck alone",
    )
    parser.addoption(
        "--jitter",
        action="store_true",
        help="round otherwise, as another processor does; shows which tests hang on a last place",
    )


def pytest_configure(config):
    # With seed 0 Hypothesis repeats its examples too: a run fails for what was changed, not by chance.
    hypothesis.register_random(TORCH_RANDOM)
    hypothesis.settings.register_profile("aecore", derandomize=not config.getoption("--seed"))
    hypothesis.settings.load_profile("aecore")
    if config.getoption("--jitter"):
        Jitter().__enter__()
    config.addinivalue_line(
        "markers", "timed: holds a time limit; `make test` runs it with nothing beside it"
    )


def pytest_collection_modifyitems(items):
    # Executing the notebooks takes longest; with several workers everything else runs beside it.
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")
