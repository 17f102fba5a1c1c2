"""The chapters as notebooks: committed clean, formatted, short-celled, and running on both data sets."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "chapters").glob("*.ipynb")) + sorted(
    (ROOT / "appendices").glob("*.ipynb")
)
MOST_LINES = 25
SECONDS_A_CELL = 600


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


@pytest.fixture
def cells(notebook):
    return nbformat.read(notebook, as_version=4).cells


def _run(notebook: Path, environment: dict[str, str]) -> None:
    """Execute every cell in a process of its own; fails with nbval's account of the first that breaks."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "AECORE_"))}
    threads = "1" if "PYTEST_XDIST_WORKER" in os.environ else str(os.cpu_count())
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
    command += [
        f"--nbval-cell-timeout={SECONDS_A_CELL}",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    run = subprocess.run(
        [*command, f"--rootdir={ROOT}", "-c", os.devnull, str(notebook)],
        cwd=ROOT,
        env={"OMP_NUM_THREADS": threads, **inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        pytest.fail(run.stdout[-12_000:], pytrace=False)


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_notebook_runs_on_mnist(notebook):
    from aecore.data import load
    from aecore.mnist import MissingDataError

    try:
        load("mnist", train=False, limit=1)
    except MissingDataError as missing:
        pytest.skip(f"MNIST is neither here nor to be had: {missing}")
    _run(notebook, {k: v for k, v in os.environ.items() if k.startswith("AECORE_")})


def test_notebook_runs_on_procedural_digits(notebook, tmp_path):
    _run(notebook, {"AECORE_DATA": str(tmp_path), "AECORE_OFFLINE": "1"})


def test_notebook_is_committed_without_results(notebook, cells):
    kept = nbformat.read(notebook, as_version=4).metadata
    assert "widgets" not in kept, "run nbstripout: the notebook holds widget state"
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [c.source for c in code if c.outputs] == [], "run nbstripout: cells hold outputs"
    assert [c.source for c in code if c.execution_count is not None] == [], "run nbstripout"


def test_code_cells_are_short_and_parse(cells):
    plain = TransformerManager().transform_cell
    for cell in (cell for cell in cells if cell.cell_type == "code"):
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source
        ast.parse(plain(cell.source))


def test_chapter_titles_leave_the_number_to_the_file_name(notebook, cells):
    title = next(line for line in cells[0].source.splitlines() if line.startswith("# "))
    assert not title.removeprefix("# ")[0].isdigit(), (
        f"{notebook.name}: the build writes the number"
    )


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=lambda a: a[0])
def test_code_and_notebooks_are_formatted_and_free_of_lint(arguments):
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--no-cache", "."],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout
