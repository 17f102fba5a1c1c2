"""Chapters in two speeds: the budgets of the core path, and that it stands on its own."""

import ast
import builtins
import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from bs4 import BeautifulSoup
from IPython.core.inputtransformer2 import TransformerManager

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
# Chapters that are still to be brought into the form. A new one is born in it.
WITHOUT = {
    "01_curse_of_dimensionality",
    "02_autoencoders",
    "03_linear_autoencoders",
    "04_sparse_autoencoders",
    "05_denoising_and_the_score",
    "06_contractive_and_manifolds",
    "07_latent_variable_models",
    "09_reparameterisation",
    "11_conditional_vae",
}
NAMES = sorted(path.stem for path in CHAPTERS.glob("*.ipynb"))
WITH = [name for name in NAMES if name not in WITHOUT]

MOST_WORDS, MOST_MINUTES = 2_500, 25
MOST_OPEN_CELLS, MOST_OPEN_LINES = 12, 12
MOST_TICKS = 20
COLUMNS = 84
QUESTIONS = 5
FOLDED = {"check", "hide-input", "remove-cell"}

HEADING = re.compile(r"^(?P<mark>\{\.deeper\}\n)?(?P<level>#+) ", re.MULTILINE)
FENCE = re.compile(r"^(`{3,}|:{3,}).*?^\1", re.MULTILINE | re.DOTALL)
TIME = re.compile(
    r"(?:reading|running|takes?|in) (?:\w+ ){0,4}(?:minute|second|hour)s?\b", re.IGNORECASE
)


class Cell(NamedTuple):
    """A code cell, and where it stands."""

    id: str
    source: str
    tags: frozenset
    deeper: bool
    exercise: bool


def code_cells(name) -> list[Cell]:
    cells, deeper_level, exercise = [], None, False
    for cell in nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4).cells:
        if cell.cell_type == "markdown":
            for heading in HEADING.finditer(FENCE.sub("", cell.source)):
                level = len(heading["level"])
                if deeper_level is None or level <= deeper_level:
                    deeper_level = level if heading["mark"] else None
                exercise = False
            exercise = exercise or "{exercise}" in cell.source
        elif cell.cell_type == "code":
            tags = frozenset(cell.metadata.get("tags", ()))
            cells.append(Cell(cell.id, cell.source, tags, deeper_level is not None, exercise))
    return cells


def plain(source: str) -> ast.Module:
    return ast.parse(TransformerManager().transform_cell(source))


class Scope(ast.NodeVisitor):
    """The names that a piece of code binds, and those it takes from before."""

    def __init__(self, tree):
        self.bound, self.taken = set(), set()
        self.visit(tree)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.bound:
                self.taken.add(node.id)
        else:
            self.bound.add(node.id)

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name) and node.target.id not in self.bound:
            self.taken.add(node.target.id)
        self.generic_visit(node)

    def visit_For(self, node):
        self.visit(node.iter)
        self.visit(node.target)
        for part in [*node.body, *node.orelse]:
            self.visit(part)

    def visit_alias(self, node):
        self.bound.add((node.asname or node.name).split(".")[0])

    def visit_ExceptHandler(self, node):
        self.bound.update({node.name} if node.name else ())
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        self.bound.add(node.name)
        arguments = node.args
        for default in [
            *arguments.defaults,
            *filter(None, arguments.kw_defaults),
            *node.decorator_list,
        ]:
            self.visit(default)
        self._inside(node.body, _parameters(arguments))

    def visit_Lambda(self, node):
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        self._inside([node.body], _parameters(node.args))

    def visit_ClassDef(self, node):
        self.bound.add(node.name)
        for base in [*node.bases, *node.decorator_list]:
            self.visit(base)
        self._inside(node.body, set())

    def _comprehension(self, node):
        first = node.generators[0]
        self.visit(first.iter)
        targets = {
            name.id
            for g in node.generators
            for name in ast.walk(g.target)
            if isinstance(name, ast.Name)
        }
        parts = [g.iter for g in node.generators[1:]] + [c for g in node.generators for c in g.ifs]
        parts += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._inside(parts, targets)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def _inside(self, parts, own):
        inner = Scope(ast.Module([], []))
        inner.bound = set(own)
        for part in parts:
            inner.visit(part)
        self.taken |= inner.taken - own - inner.bound - self.bound


def _parameters(arguments) -> set[str]:
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return {argument.arg for argument in every if argument}


@pytest.fixture(scope="module", params=WITH)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def page(book, name):
    html = (book / f"chapters/{name}.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser").select_one("article")


@pytest.fixture(scope="module")
def core(name):
    return [cell for cell in code_cells(name) if not cell.deeper]


def test_no_chapter_is_forgotten_on_either_side():
    assert set(NAMES) >= WITHOUT
    in_form = {n for n in NAMES if "{times}" in (CHAPTERS / f"{n}.ipynb").read_text("utf-8")}
    assert set(WITH) == in_form


def test_core_path_is_within_its_time(page):
    said = page.select_one(".book-times").get_text()
    minutes, words = re.search(r"takes (\d+) minutes? \(([\d,]+) words", said).groups()
    assert int(words.replace(",", "")) <= MOST_WORDS
    assert int(minutes) <= MOST_MINUTES


def test_ticks_in_sight_are_few(page):
    for unseen in page.select(".deeper-rest, section:has(> .exercise)"):
        unseen.decompose()
    assert 0 < len(page.select(".aecore-claim")) <= MOST_TICKS


def test_open_cells_are_few_and_short(core):
    open_cells = [cell for cell in core if not cell.exercise and FOLDED.isdisjoint(cell.tags)]
    assert len(open_cells) <= MOST_OPEN_CELLS
    long = [cell.id for cell in open_cells if len(cell.source.splitlines()) > MOST_OPEN_LINES]
    assert not long


def test_lines_fit_the_column(name):
    wide = [
        (cell.id, line)
        for cell in code_cells(name)
        for line in cell.source.splitlines()
        if len(line) > COLUMNS
    ]
    assert not wide


def test_ticks_on_the_core_path_do_not_stand_in_open_code(core):
    mixed = [
        cell.id
        for cell in core
        if not cell.exercise and FOLDED.isdisjoint(cell.tags) and "claim(" in cell.source
    ]
    assert not mixed, (
        "a cell that claims has the tag `check`; what teaches stands in a cell before it"
    )


def test_core_path_needs_nothing_from_a_deeper_section(name):
    known, deeper_only = set(dir(builtins)) | {"get_ipython", "display"}, set()
    for cell in code_cells(name):
        scope = Scope(plain(cell.source))
        if cell.deeper:
            deeper_only |= scope.bound - known
        else:
            missing = (scope.taken - known) & deeper_only
            assert not missing, f"cell {cell.id} needs {missing}, which only a deeper section makes"
            known |= scope.bound
            deeper_only -= scope.bound


def test_no_time_is_typed(name):
    cells = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4).cells
    opening = [cell.source for cell in cells if cell.get("id") == "aims"]
    assert opening and "{times}" in opening[0]
    assert TIME.findall(opening[0]) == []


def test_there_are_five_questions(page):
    assert len(page.select(".book-question")) == QUESTIONS


def test_the_names_a_cell_takes_are_found():
    source = """
import os.path as p
from math import pi as half
def f(a, *b, c=d, **e):
    g = a + h
    return [i + g for i in j if i > k]
x += 1
for m in n:
    o = lambda q, r=s: q + r + t
with u as v:
    w, y = {z: aa for z in bb}, v
class C(D):
    E = F
"""
    scope = Scope(ast.parse(source))
    assert scope.taken == {*"dhjkxnstu", "aa", "bb", "D", "F"}
    assert scope.bound == {"p", "half", "f", "x", "m", "o", "v", "w", "y", "C"}
