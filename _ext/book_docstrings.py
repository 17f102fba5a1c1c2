"""A docstring of the package, written as plain text, turned into reStructuredText.

The package's docstrings are sentences that read well in a terminal. Their conventions are few:

- `name: ...` or `name, name: ...`, at the beginning of a line or after a stop, describes arguments;
- `Returns ...`, `Raises ...`, `Attributes: ...` and `Bases: ...` go on to the end of the paragraph;
- text in backticks, single or double, is code, and so is a "value" of one word in quotation marks;
- what is indented after an empty line is code or a formula;
- a list has lines that begin with `1.` and so on; `*word*` is stressed; `arXiv:1312.6114` is a link.

Everything else means itself: a `*` between numbers, the bars of `|x|`, an underscore.
"""

import ast
import re
import textwrap
from collections.abc import Callable, Iterable
from itertools import groupby

SPECIAL = re.compile(r"([\\*|_`])")
INLINE = re.compile(
    r"``(?P<double>.+?)``(?!`)"
    r"|(?::\w+:)?`(?P<single>[^`]+)`"
    r"|(?P<paper>arXiv:(?P<number>\d{4}\.\d{4,5}))"
    r'|(?P<value>"[\w-]+")'
    r"|(?P<error>\b[A-Z]\w*Error\b)"
    r"|(?<![\w*])\*(?P<stressed>[A-Za-z][^*]*?)\*(?![\w*])"
)
SHAPE = re.compile(r"\[[^\[\]]{1,24}\]")
ITEM = re.compile(r"(?m)^(?=\d+\. )")
NO_BREAK = "\N{NO-BREAK SPACE}"
WORDS = ("Returns", "Raises", "Attributes:", "Bases:")


def to_rst(
    docstring: str, arguments: Iterable[str] = (), resolve: Callable[[str], str | None] = str
) -> str:
    """The docstring as reStructuredText.

    arguments: names that a description may begin with. resolve: the full name of what a piece of code
    names, to be linked to; None for code that names nothing.
    """
    parts = []
    for block in _blocks(docstring):
        if block.startswith("    "):
            parts.append(_displayed(block))
        elif ITEM.match(block):
            items = (" ".join(item.split()) for item in ITEM.split(block) if item)
            parts.append("\n".join(_inline(item, resolve) for item in items))
        else:
            parts += _paragraph(" ".join(block.split()), arguments, resolve)
    return "\n\n".join(_fields_joined(parts)) + "\n"


def _blocks(docstring: str) -> list[str]:
    """What empty lines separate; indented blocks that follow each other are one."""
    blocks: list[str] = []
    for block in re.split(r"\n[ \t]*\n", docstring.strip("\n")):
        if blocks and block.startswith("    ") and blocks[-1].startswith("    "):
            blocks[-1] += "\n\n" + block
        elif block.strip():
            blocks.append(block)
    return blocks


def _displayed(block: str) -> str:
    code = textwrap.dedent(block)
    try:
        ast.parse(code)
        language = "python"
    except SyntaxError:
        language = "text"
    return f".. code-block:: {language}\n\n" + textwrap.indent(code, "   ")


class _Fields(str):
    """Items of a definition list."""


def _paragraph(text: str, arguments: Iterable[str], resolve) -> list[str]:
    """The sentences before the first field, if any, and the fields."""
    parts = _head(tuple(arguments)).split(text)
    fields = []
    for head, body in zip(parts[1::2], parts[2::2], strict=True):
        if head in WORDS:
            term = f"*{head.rstrip(':')}*"
        else:
            term = ", ".join(f"``{name}``" for name in head.rstrip(":").split(", "))
        fields.append(f"{term}\n   {_inline(body.strip(' ;'), resolve)}")
    before = [_inline(parts[0].strip(), resolve)] if parts[0].strip() else []
    return before + ([_Fields("\n".join(fields))] if fields else [])


def _head(arguments: tuple[str, ...]) -> re.Pattern:
    """What a field begins with."""
    names = "|".join(re.escape(name) for name in arguments)
    heads = "|".join(WORDS) + (rf"|(?:{names})(?:, (?:{names}))*:" if names else "")
    return re.compile(rf"(?:^|(?<=[.!?;] ))({heads})(?= )")


def _fields_joined(parts: list[str]) -> list[str]:
    joined: list[str] = []
    for is_fields, group in groupby(parts, lambda part: isinstance(part, _Fields)):
        if is_fields:
            items = textwrap.indent("\n".join(group), "   ")
            joined.append(f".. rst-class:: book-fields\n\n{items}")
        else:
            joined += group
    return joined


def _inline(text: str, resolve) -> str:
    """Inline markup; what means itself is escaped."""
    written, done = [], 0
    for match in INLINE.finditer(text):
        written += [_plain(text[done : match.start()]), _marked_up(match, resolve)]
        done = match.end()
    return "".join([*written, _plain(text[done:])])


def _plain(text: str) -> str:
    """Text that means itself, with shapes such as [B, d] that no line break divides."""
    kept_together = SHAPE.sub(lambda shape: shape[0].replace(" ", NO_BREAK), text)
    return SPECIAL.sub(r"\\\1", kept_together)


def _marked_up(match: re.Match, resolve) -> str:
    if match["paper"]:
        markup = f"`{match['paper']} <https://arxiv.org/abs/{match['number']}>`__"
    elif match["stressed"]:
        markup = f"*{_plain(match['stressed'])}*"
    else:
        code = (match["double"] or match["single"] or match["value"] or match["error"]).strip()
        target = resolve(code)
        markup = f":py:obj:`{code} <{target}>`" if target else f"``{code}``"
    # Markup may touch letters only where an escaped space, which is not printed, stands between.
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    return ("\\ " if before.strip() else "") + markup + ("\\ " if after.strip() else "")
