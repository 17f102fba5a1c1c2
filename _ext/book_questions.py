"""Sphinx extension: questions with answers to click, each of which says why it is right or wrong.

    ```{question} Which of these numbers cannot be right?
    - [ ] The first answer.

      Why it is wrong, in one or two sentences.
    - [x] The second answer.

      Why it is right.
    ```

The best kept extension on PyPI, teachbooks-questions, shows reasons by JavaScript alone and loads scripts
from other hosts; so this one is our own.

An answer is a native <details>: it opens by mouse and keyboard, and without JavaScript. A small script says
the verdict to screen readers. On paper answers stand without verdicts, and the right ones follow with their
reasons on a page of their own; other builders get the same as plain text.
"""

from collections.abc import Iterator

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LETTERS = "ABCD"
A_PAGE_HAS = 5
KEY_TITLE = "Answers to the five questions"
VERDICTS = {True: "Right.", False: "Not this one."}
SCRIPT = "runtime/questions.js"

logger = logging.getLogger(__name__)


class question(nodes.General, nodes.Element):
    """Its text, then its answers; `number` and `page` say which one it is."""


class answer(nodes.Part, nodes.Element):
    """What can be chosen, then the reason; with `letter` and `right`."""


class answer_text(nodes.Part, nodes.TextElement):
    """What can be chosen."""


class reason(nodes.Part, nodes.Element):
    """Why the answer is right or wrong."""


class answer_key(nodes.General, nodes.Element):
    """Where the right answers of `page` are printed. It has no content of its own: what reads a page to
    index it, or to count its words, would meet the reasons twice."""


class Question(SphinxDirective):
    """The question is the argument; two to four answers are a list of tasks, the right one ticked."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        text, messages = self.state.inline_text(self.arguments[0], self.lineno)
        content = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, content)
        *more, answers = content.children or [None]
        if not isinstance(answers, nodes.bullet_list):
            self._refuse("its answers are a list, and the list comes last")
        answers = [self._answer(item, letter) for item, letter in self._lettered(answers)]
        right = sum(answer["right"] for answer in answers)
        if right != 1:
            self._refuse(f"one answer is marked right with [x], not {right}")
        number = self.env.new_serialno("book-question") + 1
        asked = question("", number=number, page=self.env.docname)
        asked += nodes.paragraph("", "", *_heading(f"Question {number}."), *text)
        asked += [*more, *answers]
        return [asked, *messages]

    def _lettered(self, items):
        if not 2 <= len(items) <= len(LETTERS):
            self._refuse(f"a question has 2 to {len(LETTERS)} answers, not {len(items)}")
        return zip(items, LETTERS, strict=False)

    def _answer(self, item, letter):
        if "task-list-item" not in item["classes"]:
            self._refuse(f"answer {letter} begins with neither [ ] nor [x]")
        chosen, *why = item.children
        if not why:
            self._refuse(f"answer {letter} has no reason: an indented paragraph below it")
        box, *words = chosen.children
        right = "checked" in box.astext()
        if isinstance(words[0], nodes.Text):
            words[0] = nodes.Text(words[0].lstrip())
        return answer("", answer_text("", "", *words), reason("", *why), letter=letter, right=right)

    def _refuse(self, fault):
        raise self.error(f'The question "{self.arguments[0]}": {fault}.')


class AddAnswerKey(SphinxTransform):
    """Put the place of the right answers at the end of a page with questions."""

    default_priority = 900

    def apply(self, **kwargs):
        asked = sum(1 for _ in self.document.findall(question))
        if not asked:
            return
        if asked != A_PAGE_HAS:
            logger.warning(
                f"A page with questions has {A_PAGE_HAS} of them, not {asked}.",
                location=self.env.docname,
                type="book",
                subtype="questions",
            )
        chapter = self.document
        if isinstance(chapter[-1], nodes.section):
            chapter = chapter[-1]
        chapter += answer_key(page=self.env.docname)


class WriteQuestionsAsText(SphinxPostTransform):
    """Ordinary paragraphs, for builders of anything but HTML."""

    default_priority = 800  # after everything that fills in or resolves references

    def run(self, **kwargs):
        if self.app.builder.format == "html":
            return
        for key in list(self.document.findall(answer_key)):
            new_page = nodes.raw("", r"\clearpage", format="latex")
            key.replace_self([new_page, *_right_answers(self.document, key["page"])])
        for asked in list(self.document.findall(question)):
            for choice in list(asked.findall(answer)):
                choice.replace_self(_choice(choice, choice["letter"]))
            asked.replace_self(asked.children)


def _heading(words) -> list[nodes.Node]:
    return [nodes.strong("", words), nodes.Text(" ")]


def _choice(chosen: answer, label: str) -> nodes.paragraph:
    return nodes.paragraph("", "", *_heading(f"{label}."), *_copies(chosen[0]))


def _right_answers(document, page) -> Iterator[nodes.Element]:
    """A title, and for each question of the page the right answer and its reason."""
    yield nodes.rubric("", KEY_TITLE)
    for asked in document.findall(question):
        if asked["page"] == page:
            [right] = (choice for choice in asked.findall(answer) if choice["right"])
            yield _choice(right, f"{asked['number']}. {right['letter']}")
            yield from _copies(right[1])


def _copies(parent) -> Iterator[nodes.Node]:
    """The children once more, but nothing that a link could lead to."""
    parent = parent.deepcopy()
    for node in parent.findall(nodes.Element):
        node["ids"], node["names"] = [], []
    for equation in parent.findall(nodes.math_block):
        equation["number"] = None
    yield from parent.children


def _visit_question(page, node):
    label = f"Question {node['number']}"
    page.body.append(
        page.starttag(node, "div", CLASS="book-question", role="group", **{"aria-label": label})
    )


def _depart_question(page, node):
    page.body.append("</div>\n")


def _visit_answer(page, node):
    kind = "book-right" if node["right"] else "book-wrong"
    page.body.append(page.starttag(node, "details", CLASS=f"book-answer {kind}"))


def _depart_answer(page, node):
    page.body.append("</details>\n")


def _visit_answer_text(page, node):
    letter = f'<span class="book-letter">{node.parent["letter"]}</span>'
    page.body.append(f'<summary>{letter} <span class="book-answer-text">')


def _depart_answer_text(page, node):
    page.body.append("</span></summary>\n")


def _visit_reason(page, node):
    verdict = VERDICTS[node.parent["right"]]
    page.body.append(f'<div class="book-reason">\n<p class="book-verdict">{verdict}</p>\n')


def _depart_reason(page, node):
    page.body.append("</div>\n")


def _visit_answer_key(page, node):
    right = _right_answers(page.document, node["page"])
    nodes.container("", *right, classes=["book-answer-key"]).walkabout(page)
    raise nodes.SkipNode


def _add_script(app, pagename, templatename, context, doctree):
    if doctree is not None and next(iter(doctree.findall(question)), None):
        app.add_js_file(SCRIPT, loading_method="defer")


def setup(app):
    app.add_directive("question", Question)
    app.add_node(question, html=(_visit_question, _depart_question))
    app.add_node(answer, html=(_visit_answer, _depart_answer))
    app.add_node(answer_text, html=(_visit_answer_text, _depart_answer_text))
    app.add_node(reason, html=(_visit_reason, _depart_reason))
    app.add_node(answer_key, html=(_visit_answer_key, None))
    app.add_transform(AddAnswerKey)
    app.add_post_transform(WriteQuestionsAsText)
    app.connect("html-page-context", _add_script)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
