"""Sphinx extension: sections that are deeper than the core path, folded behind their headings.

An author writes {.deeper} above a heading. The page then shows the heading, the section's first paragraph,
which says in one sentence what it shows, and a button with its minutes; the rest is folded. Without
JavaScript and on paper everything is there: only runtime/deeper.js, which can open it, makes the page fold.
"""

from book_times import deeper_load, deeper_sections, folded, seen_when_folded
from docutils import nodes
from markupsafe import escape
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

SCRIPT = "runtime/deeper.js"
SCRIPT_AFTER_A_SEARCH = "runtime/found.js"
logger = logging.getLogger(__name__)

BUTTON = (
    '<p class="deeper-bar pst-js-only"><button type="button" class="deeper-button" aria-expanded="false"'
    ' aria-controls="{rest}" aria-label="Deeper {minutes}: {title}">'
    "Deeper <span>{minutes}</span></button></p>"
)
MARK = '<span class="deeper-mark" title="A deeper section">deeper</span>'


class FoldDeeperSections(SphinxPostTransform):
    """Put what is folded into a box of its own, and a button before it."""

    default_priority = 190  # when the times are known
    formats = ("html",)

    def run(self, **kwargs):
        for section in deeper_sections(self.document):
            if any(
                section is not other and _holds(other, section)
                for other in deeper_sections(self.document)
            ):
                logger.warning(
                    "a deeper section inside a deeper section: mark only the outer one",
                    location=section,
                )
            seen, rest = seen_when_folded(section), folded(section)
            if not isinstance(seen[-1], nodes.paragraph):
                logger.warning(
                    "a deeper section begins with one sentence that says what it shows",
                    location=section,
                )
            self._fold(section, seen, rest)

    def _fold(self, section, seen, rest):
        title = section.next_node(nodes.title).astext()
        name = f"{section['ids'][0]}-rest"
        minutes = deeper_load(section).minutes
        spoken = f"{minutes} minute" + "s" * (minutes != 1)
        markup = BUTTON.format(rest=name, title=escape(title), minutes=spoken)
        box = nodes.container("", *rest, classes=["deeper-rest"], ids=[name])
        seen[-1]["classes"].append("deeper-shows")
        section.children = []
        section += [*seen, nodes.raw("", markup, format="html"), box]


def _holds(outer, inner) -> bool:
    node = inner.parent
    while node is not None and node is not outer:
        node = node.parent
    return node is outer


def _prepare_page(app, pagename, templatename, context, doctree):
    """The switch, the script, and marks in the page's contents, where there are such sections."""
    sections = deeper_sections(doctree) if doctree is not None else []
    context["deeper_sections"] = bool(sections)
    if not sections:
        return
    app.add_js_file(SCRIPT, loading_method="defer")
    for section in sections:
        link = f'href="#{section["ids"][0]}">'
        before, found, after = context.get("toc", "").partition(link)
        if found:
            text, end, rest = after.partition("</a>")
            context["toc"] = f"{before}{link}{text} {MARK}{end}{rest}"


def setup(app):
    app.add_js_file(SCRIPT_AFTER_A_SEARCH, loading_method="defer")
    app.connect("html-page-context", _prepare_page, priority=400)
    app.add_post_transform(FoldDeeperSections)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
