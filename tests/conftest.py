"""What several test files need: the built book, and an order in which the slow tests start first."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import book_build  # noqa: E402


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


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "timed: holds a time limit; `make test` runs it with nothing beside it"
    )


def pytest_collection_modifyitems(items):
    # Executing the notebooks takes longest; with several workers everything else runs beside it.
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")
