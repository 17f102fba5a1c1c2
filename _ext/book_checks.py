"""Sphinx extension: code that does not teach steps back.

A cell with the tag `check` shows what it found, its ticks, and below them its code behind one quiet toggle.
Neighbouring folded cells that show nothing of their own are plumbing: they share one toggle, "Setup".
"""

from itertools import pairwise

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.transforms.post_transforms import SphinxPostTransform

CHECK, SETUP = "check", "setup"


class MarkChecks(SphinxPostTransform):
    """Call the code of checking cells folded, for whoever counts what is in sight."""

    default_priority = 170

    def run(self, **kwargs):
        for cell in self.document.findall(nodes.container):
            if f"tag_{CHECK}" in cell["classes"]:
                cell["hide_mode"] = CHECK


class FoldChecksAndSetup(SphinxPostTransform):
    """Fold both kinds in HTML, before MyST-NB folds the other cells, at 199."""

    default_priority = 195
    formats = ("html",)

    def run(self, **kwargs):
        cells = [node for node in self.document.findall(nodes.container) if "hide_mode" in node]
        for cell in cells:
            if cell["hide_mode"] == CHECK:
                code = _take(cell, "cell_code_source")
                cell += _toggle("How it was checked", [code], "below-output")
        for run in _neighbours([cell for cell in cells if _is_plumbing(cell)]):
            code = [_take(cell, "cell_code_source") for cell in run]
            first, *others = run
            first["hide_mode"] = SETUP
            first += _toggle("Setup", code, "above-input")
            for cell in others:
                cell.parent.remove(cell)


def _is_plumbing(cell) -> bool:
    kinds = [child.get("nb_element") for child in cell.children]
    return cell["hide_mode"] == "input" and kinds == ["cell_code_source"]


def _neighbours(cells) -> list[list]:
    """The cells in runs of those that stand directly one after another."""
    runs = [[cell] for cell in cells[:1]]
    for before, cell in pairwise(cells):
        if (
            cell.parent is before.parent
            and cell.parent.index(cell) == cell.parent.index(before) + 1
        ):
            runs[-1].append(cell)
        else:
            runs.append([cell])
    return runs


def _take(cell, element):
    part = next(child for child in cell.children if child.get("nb_element") == element)
    cell.remove(part)
    return part


def _toggle(prompt, code, place):
    return HideCodeCellNode("", *code, prompt_show=prompt, prompt_hide=prompt, classes=[place])


def setup(app):
    app.add_post_transform(MarkChecks)
    app.add_post_transform(FoldChecksAndSetup)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
