"""Sphinx extension: how long a chapter takes, computed from what is in sight.

The directive {times} prints it in the chapter's opening box: the minutes of the core path, those of each
deeper section (book_deeper folds them) with a link to it, and how long running the notebook took. What
counts is what a reader sees without opening anything: words, display formulas, open code. Exercises and
questions are apart; dropdowns, folded code and the evidence of a claim do not count either.
"""

import math
import re
from dataclasses import dataclass

from book_questions import question
from docutils import nodes
from myst_nb.ext.execution_tables import NbMetadataCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 200
MINUTES_A_FORMULA = 0.75
LINES_A_MINUTE = 12

DEEPER = "deeper"
EXERCISE = {"exercise", "solution"}
FOLDED = {"dropdown", "toggle"}
UNSEEN = (nodes.comment, nodes.target, nodes.substitution_definition, nodes.label, nodes.image)
WORD = re.compile(r"\w+(?:[’'‑.,-]\w+)*")
CLAIM = re.compile(
    r'<p class="aecore-claim">.*?</span>(.*?)(?:<span class="aecore-evidence">|</p>)'
)


class times(nodes.General, nodes.Element):
    """Where the times of the page are to stand."""


@dataclass(frozen=True)
class Load:
    """What is to be read: words, display formulas and lines of open code."""

    words: int = 0
    formulas: int = 0
    lines: int = 0

    def __add__(self, other):
        return Load(
            self.words + other.words, self.formulas + other.formulas, self.lines + other.lines
        )

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded up, at least 1."""
        exact = (
            self.words / WORDS_A_MINUTE
            + self.formulas * MINUTES_A_FORMULA
            + self.lines / LINES_A_MINUTE
        )
        return max(1, math.ceil(exact))


def is_deeper(node) -> bool:
    """Whether a node is a section that its author marked as deeper."""
    return isinstance(node, nodes.section) and DEEPER in node["classes"]


def deeper_sections(document) -> list:
    """The deeper sections of a page, in reading order."""
    return [section for section in document.findall(nodes.section) if is_deeper(section)]


def seen_when_folded(section) -> list:
    """What a folded section shows: its title, and the first paragraph, which says what it is about."""
    return section.children[: _first_paragraph(section) + 1]


def folded(section) -> list:
    """What a deeper section folds away."""
    return section.children[_first_paragraph(section) + 1 :]


def _first_paragraph(section) -> int:
    title = section.first_child_matching_class(nodes.title)
    for place in range(title + 1, len(section)):
        if not isinstance(section[place], UNSEEN):
            return place if isinstance(section[place], nodes.paragraph) else title
    return title


def core_load(document) -> Load:
    """What is to be read on the core path: everything in sight while the deeper sections are folded."""
    return _load_of(document.children)


def deeper_load(section) -> Load:
    """What a deeper section adds when it is opened."""
    return _load_of(folded(section))


def _load_of(some_nodes) -> Load:
    return sum(map(_load, some_nodes), Load())


def _load(node) -> Load:
    if isinstance(node, nodes.Text):
        return Load(words=len(WORD.findall(node.astext())))
    if isinstance(node, nodes.math_block):
        return Load(formulas=1)
    if isinstance(node, nodes.math):
        return Load(words=1)
    if isinstance(node, nodes.literal_block):
        return Load(lines=sum(bool(line.strip()) for line in node.astext().splitlines()))
    if isinstance(node, nodes.raw):
        claims = " ".join(CLAIM.findall(node.astext()))
        return Load(words=len(WORD.findall(claims)))
    if is_deeper(node):
        return _load_of(seen_when_folded(node))
    if _is_apart(node) or _is_folded(node):
        return Load()
    return _load_of(node.children)


def _is_apart(node) -> bool:
    """Exercises and questions, and the section that holds them."""
    held = node.children if isinstance(node, nodes.section) else [node]
    return any(
        isinstance(child, question) or not EXERCISE.isdisjoint(child.get("classes", ()))
        for child in held
        if isinstance(child, nodes.Element)
    )


def _is_folded(node) -> bool:
    if isinstance(node, (*UNSEEN, times)) or not FOLDED.isdisjoint(node.get("classes", ())):
        return True
    cell = node.parent if node.get("nb_element") == "cell_code_source" else None
    return cell is not None and bool(cell.get("hide_mode"))


class TimesDirective(SphinxDirective):
    """Prints the times of the page."""

    def run(self):
        return [times()]


class PrintTimes(SphinxPostTransform):
    """Put the times where the directive stands, once all that is in sight has been chosen and resolved."""

    default_priority = 180  # before MyST-NB folds code, at 199, and book_deeper folds sections

    def run(self, **kwargs):
        for place in list(self.document.findall(times)):
            place.replace_self(self._summary())

    def _summary(self):
        core = core_load(self.document)
        sections = deeper_sections(self.document)
        read = f"{core.words:,} words, {core.formulas} formulas, {core.lines} lines of code"
        text = nodes.paragraph(
            "",
            "",
            nodes.strong("", f"The core path takes {_in_words(core.minutes)}"),
            nodes.Text(f" ({read})."),
        )
        summary = nodes.container("", text, classes=["book-times"])
        if sections:
            loads = [deeper_load(section) for section in sections]
            total = _in_words(sum(load.minutes for load in loads))
            text += nodes.Text(
                " Whole sections go deeper, and nothing on the core path needs them. They are folded behind"
                f" their headings, {total} in all:"
            )
            links = [
                nodes.list_item(
                    "", nodes.paragraph("", "", _link(section), nodes.Text(f", {load.minutes} min"))
                )
                for section, load in zip(sections, loads, strict=True)
            ]
            summary += nodes.bullet_list("", *links)
        ran = NbMetadataCollector.get_exec_data(self.env, self.env.docname)
        if ran and ran.get("runtime"):
            summary += nodes.paragraph(
                "", f"Running all of it took {math.ceil(ran['runtime'])} seconds for this page."
            )
        return summary


def _in_words(minutes: int) -> str:
    return f"{minutes} minute" + "s" * (minutes != 1)


def _link(section):
    title = section[section.first_child_matching_class(nodes.title)]
    link = nodes.reference("", "", internal=True, refid=section["ids"][0])
    link += [child.deepcopy() for child in title.children]
    return link


def _visit(translator, node):
    raise nodes.SkipNode  # only a builder that carries out no post-transform comes here


def setup(app):
    app.add_node(times, html=(_visit, None), latex=(_visit, None), text=(_visit, None))
    app.add_directive("times", TimesDirective)
    app.add_post_transform(PrintTimes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
