"""Sphinx extension: the first use of each glossary term in a chapter links to the glossary.

Authors write plain words; the build finds them. It looks at running text only: paragraphs and list items, not
headings, tables, captions, code, mathematics, links, or what is folded away. The longest name wins, capitals
count only in acronyms, hyphens and spaces are the same, and so are singular and plural. All the names of one
entry are one term. A name with brackets, such as "rate (of a VAE)", is too common a word to be linked by
itself; {term}`rate (of a VAE)` links to it, and such a role takes the place of the link made here.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

CHAPTER = re.compile(r"chapters/\d\d_")
EMPHASIS = (nodes.emphasis, nodes.strong)
ASIDE = (nodes.table, nodes.figure, nodes.legend, nodes.footnote, nodes.citation)
FOLDED = "dropdown"
JOINTS = re.compile(r"[\s‑–-]+")
PLURALS = (
    (r"[^aeiou]y", lambda word: f"{word[:-1]}(?:y|ies)"),
    (r"se", lambda word: word),  # "collapses", "noises" are verbs more often than plurals
    (r"is", lambda word: f"{word[:-2]}[ie]s"),
    (r"[ie]x", lambda word: f"{word}(?:es)?|{word[:-2]}ices"),
    (r"(?:s|z|ch|sh)", lambda word: f"{word}(?:e?s)?"),
    (r"", lambda word: f"{word}s?"),
)


class Match(NamedTuple):
    """A term in a text: where, which entry, and the name that the glossary gives it."""

    start: int
    end: int
    entry: int
    name: str


class Vocabulary:
    """The names of glossary entries, to be found in text."""

    def __init__(self, entries: list[list[str]]):
        """entries: the names of each entry; those with brackets are never found."""
        self.names = [
            (entry, name)
            for entry, names in enumerate(entries)
            for name in names
            if "(" not in name
        ]
        self.names.sort(key=lambda pair: -len(pair[1]))
        one_of = "|".join(f"({_spellings(name)})" for _, name in self.names)
        self.pattern = re.compile(rf"(?<![\w‑-])(?:{one_of})(?![\w‑-])", re.IGNORECASE)

    def find(self, text: str) -> Iterator[Match]:
        """Every use of a name in the text, from left to right; none inside another."""
        if not self.names:
            return
        for match in self.pattern.finditer(text):
            yield Match(match.start(), match.end(), *self.names[match.lastindex - 1])


def _spellings(name: str) -> str:
    """A pattern for a name as it may stand in a sentence."""
    words = [_any_case(re.escape(word), word) for word in JOINTS.split(name)]
    last = JOINTS.split(name)[-1]
    words[-1] = _any_case(_singular_or_plural(last), last)
    return r"[\s‑–-]+".join(words).replace("'", "['’]")


def _any_case(pattern: str, word: str) -> str:
    acronym = sum(letter.isupper() for letter in word) > 1
    return f"(?-i:{pattern})" if acronym else f"(?:{pattern})"


def _singular_or_plural(word: str) -> str:
    ending = next(plural for end, plural in PLURALS if re.search(f"{end}$", word))
    return ending(re.escape(word))


class LinkFirstUses(SphinxPostTransform):
    """Put a cross-reference around the first use of each term in each chapter."""

    # After MyST-NB has chosen outputs, at 4, and before references are resolved, at 10.
    default_priority = 8

    def run(self, **kwargs):
        entries = _entries(self.env)
        vocabulary = Vocabulary(entries)
        linked = {}
        for role in self.document.findall(addnodes.pending_xref):
            if role.get("reftype") == "term":
                known = linked.setdefault(self._page(role), set())
                known.update(i for i, names in enumerate(entries) if role.get("reftarget") in names)
        for paragraph in list(self.document.findall(nodes.paragraph)):
            page = self._page(paragraph)
            if CHAPTER.match(page) and _is_running_text(paragraph):
                for text in list(paragraph.findall(nodes.Text)):
                    if _is_plain(text, paragraph):
                        _link(text, vocabulary, page, linked.setdefault(page, set()))

    def _page(self, node):
        """The page that a node comes from; builders of one document join all pages into one tree."""
        while node is not None:
            if isinstance(node, nodes.section) and "docname" in node:
                return node["docname"]
            node = node.parent
        return self.env.docname


def _is_running_text(paragraph) -> bool:
    node = paragraph.parent
    while node is not None:
        if isinstance(node, ASIDE) or "nb_element" in node or FOLDED in node.get("classes", ()):
            return False
        node = node.parent
    return True


def _is_plain(text, paragraph) -> bool:
    node = text.parent
    while isinstance(node, EMPHASIS):
        node = node.parent
    return node is paragraph


def _link(text, vocabulary, page, linked) -> None:
    """Replace a text by itself with links in it; adds the entries they lead to to `linked`."""
    written, parts, done = text.astext(), [], 0
    for start, end, entry, name in vocabulary.find(written):
        if entry in linked:
            continue
        linked.add(entry)
        parts += [nodes.Text(written[done:start]), _reference(written[start:end], name, page)]
        done = end
    if parts:
        text.parent.replace(text, [*parts, nodes.Text(written[done:])])


def _reference(words, name, page):
    """What the role {term} would give, but without the emphasis that some builders give to it."""
    return addnodes.pending_xref(
        "",
        nodes.inline(words, words, classes=["std-term"]),
        refdomain="std",
        reftype="term",
        reftarget=name,
        refdoc=page,
        refexplicit=True,
        refwarn=True,
    )


def _entries(env) -> list[list[str]]:
    return [names for _, page in sorted(env.book_terms.items()) for names in page]


def _prepare(app, env, docnames):
    if not hasattr(env, "book_terms"):
        env.book_terms = {}  # page -> names of each of its glossary's entries
        env.book_terms_linked = []


def _collect(app, doctree):
    entries = [
        # As written: quotation marks in the tree may have been made typographic.
        [term.rawsource for term in item.children if isinstance(term, nodes.term)]
        for glossary in doctree.findall(addnodes.glossary)
        for item in glossary.findall(nodes.definition_list_item)
    ]
    app.env.book_terms.pop(app.env.docname, None)
    if entries:
        app.env.book_terms[app.env.docname] = entries


def _forget(app, env, docname):
    getattr(env, "book_terms", {}).pop(docname, None)


def _merge(app, env, docnames, other):
    env.book_terms.update(
        (name, other.book_terms[name]) for name in docnames if name in other.book_terms
    )


def _pages_to_write_again(app, env):
    """A term that is new or gone changes pages that were not."""
    before, env.book_terms_linked = env.book_terms_linked, _entries(env)
    changed = env.book_terms_linked != before
    return [name for name in env.found_docs if changed and CHAPTER.match(name)]


def setup(app):
    app.connect("env-before-read-docs", _prepare)
    app.connect("doctree-read", _collect)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("env-updated", _pages_to_write_again)
    app.add_post_transform(LinkFirstUses)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
