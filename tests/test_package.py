"""The package as its user meets it: quick to import, and its layers depend one way only."""

import ast
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = [
    {"data", "mnist", "mirrors", "strokes", "glyphs", "networks"},
    {"objectives", "corruption"},
    {"models"},
    {"weights", "exact"},
    {"training"},
    {"evaluation", "dimension", "tangents", "gradients", "plotting", "claims", "live"}
    | {"probing", "comparison"},
]


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    return time.perf_counter() - start


def test_import_takes_under_two_and_a_half_times_the_time_of_torch():
    """Measured in alternation, best of three each, so that a busy machine slows both."""
    pairs = [(seconds("import aecore"), seconds("import torch")) for _ in range(3)]
    ours, torchs = (min(column) for column in zip(*pairs, strict=True))
    assert ours < 2.5 * torchs


def test_import_alone_loads_none_of_what_is_heavy():
    heavy = "'torch', 'torchvision', 'numpy', 'matplotlib', 'ipywidgets', 'sklearn', 'scipy'"
    code = f"import aecore, sys; sys.exit(any(name in sys.modules for name in ({heavy})))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("module", ["data", "models", "training", "evaluation", "live"])
def test_modules_do_not_import_torchvision(module):
    code = f"import aecore.{module}, sys; sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ})


def test_an_installed_package_has_every_file(tmp_path):
    """Scripts and style sheets too: a widget without its own is blank."""
    shutil.copytree(
        ROOT / "aecore", tmp_path / "aecore", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    code = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    files = {path for path in (tmp_path / "aecore").rglob("*") if path.is_file()}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {path.relative_to(tmp_path).as_posix() for path in files} <= held


def modules() -> list[Path]:
    return sorted((ROOT / "aecore").rglob("*.py"))


def layer_of(name: str) -> int | None:
    part = name.split(".")[1] if name.startswith("aecore.") else None
    return next((i for i, layer in enumerate(LAYERS) if part in layer), None)


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "aecore":
            names |= {f"aecore.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.startswith("aecore.")}


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_module_imports_one_to_its_right(path):
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    own = layer_of(dotted)
    if dotted == "aecore.__init__":
        assert imported(path) == set()
        return
    assert own is not None, f"{dotted} has no place in the order of the modules"
    for name in imported(path):
        assert layer_of(name) <= own, f"{dotted} imports {name}, which stands to its right"


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_module_class_and_public_function_is_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path.name} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"


@pytest.mark.parametrize(
    "path",
    [*modules(), *sorted((ROOT / "tests").rglob("*.py"))],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_no_module_is_longer_than_a_reader_can_hold(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350
