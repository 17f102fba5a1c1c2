"""Sphinx extension: names of the package, in a page's code and its sentences, lead to the appendix about it.

What a name stands for is read off the page's own code: its imports from the package, and variables that hold
an instance of a class (`vae = VAE(...)`, and so `vae.elbo`). A name that the page uses for something else as
well is left alone. The first mention in each cell is a link, but the Tab key stops only at the first one in
each section, so that it does not hold up a reader with a keyboard.
"""

import ast
import html
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from book_api import documented_name
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

PACKAGE = "aecore"
LANGUAGES = ("ipython3", "python")
# Once book_page has taken the elements from plain words, at 900.
AFTER_PLAIN_WORDS = 950
CODE_OR_SECTION = re.compile(
    rf'<section\b|(<div class="highlight-(?:{"|".join(LANGUAGES)}) notranslate"><div class="highlight"><pre>)'
    r"(.*?)(</pre>)",
    re.DOTALL,
)
TAG_OR_TEXT = re.compile(r"<[^>]*>|[^<]+")
MAGIC = re.compile(r"(?m)^[%!](?=.)")
NO_LINK_INSIDE = (nodes.reference, nodes.title, nodes.caption, nodes.term)


class Mention(NamedTuple):
    """A name of the package in code: from where to where, and what it names in full."""

    start: int
    end: int
    target: str


class Names:
    """What the names in a page's code stand for, as far as the page has been read."""

    def __init__(self, documented: Callable[[str], str | None]):
        """documented: the name under which an object of the package is in the appendix, or None."""
        self.documented = documented
        self.imported: dict[str, str] = {}
        self.instances: dict[str, str] = {}

    def read(self, code: str) -> list[Mention]:
        """The first mention of each name in the next cell, from left to right."""
        try:
            tree = ast.parse(MAGIC.sub("#", code))
        except SyntaxError:
            return []
        self._bind(tree)
        found: dict[str, Mention] = {}
        for mention in sorted(self._mentions(tree, _Places(code))):
            found.setdefault(mention.target, mention)
        return list(found.values())

    def _bind(self, tree: ast.Module) -> None:
        """Take in the imports and instances of a cell, and give up what it uses for something else."""
        bound = list(_bound(tree))
        for name in bound:
            self.imported.pop(name, None)
            self.instances.pop(name, None)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and _is_ours(node.module):
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=maker)):
                    target = self._meaning(maker)
                    if target and bound.count(name) == 1:
                        self.instances[name] = target

    def _mentions(self, tree: ast.Module, places: "_Places") -> Iterable[Mention]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and _is_ours(node.module):
                for alias in node.names:
                    target = self.documented(f"{node.module}.{alias.name}")
                    yield from places.mention(alias.lineno, alias.col_offset, alias.name, target)
            elif isinstance(node, ast.Name) and not _is_module(target := self._meaning(node)):
                yield from places.mention(node.lineno, node.col_offset, node.id, target)
            elif isinstance(node, ast.Attribute):
                start = (node.end_col_offset or 0) - len(node.attr.encode())
                yield from places.mention(node.end_lineno, start, node.attr, self._meaning(node))

    def _meaning(self, node: ast.AST) -> str | None:
        """The documented object that a name or an attribute stands for."""
        match node:
            case ast.Name(id=name) if name in self.imported:
                return self.documented(self.imported[name])
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                owner = self.imported.get(name) or self.instances.get(name)
                return self.documented(f"{owner}.{attribute}") if owner else None
        return None


def _is_module(target: str | None) -> bool:
    """A module says little beside the name in it: `strokes.render` leads to `render`."""
    return target is not None and target.count(".") == 1


def _is_ours(module: str | None) -> bool:
    return module is not None and f"{module}.".startswith(f"{PACKAGE}.")


def _bound(tree: ast.Module) -> Iterable[str]:
    """Names that a cell gives a meaning to, other than by importing them from the package."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.Import(names=aliases):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases) if not _is_ours(module):
                yield from (alias.asname or alias.name for alias in aliases)


class _Places:
    """Where a line and a column of code, in bytes, lie in its text."""

    def __init__(self, code: str):
        self.code = code
        self.lines = code.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def mention(self, line: int, column: int, name: str, target: str | None) -> Iterable[Mention]:
        if target:
            start = self.starts[line - 1]
            start += len(self.lines[line - 1].encode()[:column].decode(errors="replace"))
            # Before Python 3.12 what is said of places inside an f-string is wrong.
            if self.code.startswith(name, start):
                yield Mention(start, start + len(name), target)


def link(markup: str, mentions: Iterable[Mention], attributes: Callable[[str], str]) -> str:
    """Highlighted code with its mentions as links; attributes: of the link to a target."""
    mentions = list(mentions)
    written, place = [], 0
    for piece in TAG_OR_TEXT.findall(markup):
        if piece.startswith("<"):
            written.append(piece)
            continue
        text, done = html.unescape(piece), 0
        for start, end, target in mentions:
            if place <= start and end <= place + len(text):
                name = text[start - place : end - place]
                written.append(html.escape(text[done : start - place], quote=False))
                written.append(f'<a class="book-name" {attributes(target)}>{name}</a>')
                done = end - place
        written.append(html.escape(text[done:], quote=False) if done else piece)
        place += len(text)
    return "".join(written)


def text_of(markup: str) -> str:
    """The code that highlighted markup shows."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


class LinkNamesInSentences(SphinxPostTransform):
    """Make inline code that names something of the package a link, once in each section."""

    # After MyST-NB has chosen outputs, at 4.
    default_priority = 9

    def run(self, **kwargs):
        objects = self.env.get_domain("py").objects
        names = Names(_documented(objects))
        for block in self.document.findall(nodes.literal_block):
            if block.get("language") in LANGUAGES:
                names.read(block.astext())
        linked = set()
        for literal in list(self.document.findall(nodes.literal)):
            target = self._target(literal.astext(), names)
            section = _section(literal)
            if target and section and (id(section), target) not in linked:
                linked.add((id(section), target))
                page, anchor = objects[target][:2]
                reference = make_refnode(self.app.builder, self.env.docname, page, anchor, [])
                reference["classes"].append("book-name")
                literal.replace_self(reference)
                reference += literal

    def _target(self, code: str, names: Names) -> str | None:
        if code.startswith(f"{PACKAGE}."):
            return names.documented(code)
        return names.documented(names.imported.get(code, ""))


def _section(literal: nodes.literal) -> nodes.Node | None:
    """The section of a piece of inline code; None where no link may be."""
    node = literal.parent
    while node is not None and not isinstance(node, nodes.section):
        if isinstance(node, NO_LINK_INSIDE):
            return None
        node = node.parent
    return node


def _documented(objects) -> Callable[[str], str | None]:
    """The names that the appendix knows; of a class's inherited methods, the name where it describes them."""

    def documented(name: str) -> str | None:
        if name in objects:
            return name
        return documented_name(name) if objects and _is_ours(name) else None

    return documented


def _link_names_in_code(app, pagename, templatename, context, doctree):
    if doctree is None or app.builder.format != "html":
        return
    objects = app.env.get_domain("py").objects
    names = Names(_documented(objects))

    in_reach: set[str] = set()  # of the Tab key, in this section

    def attributes(target: str) -> str:
        page, anchor = objects[target][:2]
        href = f'href="{app.builder.get_relative_uri(pagename, page)}#{anchor}"'
        if target in in_reach:
            return f'{href} tabindex="-1"'
        in_reach.add(target)
        return href

    def linked(match: re.Match) -> str:
        if match[2] is None:
            in_reach.clear()
            return match[0]
        return match[1] + link(match[2], names.read(text_of(match[2])), attributes) + match[3]

    context["body"] = CODE_OR_SECTION.sub(linked, context["body"])


def setup(app):
    app.connect("html-page-context", _link_names_in_code, priority=AFTER_PLAIN_WORDS)
    app.add_post_transform(LinkNamesInSentences)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
