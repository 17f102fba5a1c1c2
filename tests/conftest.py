"""What several test files need, and an order in which the slow tests start first."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from node_bridge import Node

from aecore import networks

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import book_build  # noqa: E402

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


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "timed: holds a time limit; `make test` runs it with nothing beside it"
    )


def pytest_collection_modifyitems(items):
    # Executing the notebooks takes longest; with several workers everything else runs beside it.
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")
