"""One JavaScript module out of several files, and one style sheet.

anywidget takes a widget's JavaScript as a single string, and a page of the book asks no server for
more. So the files that a widget imports are joined in front of it. Each becomes a function that
returns what it exports, and so keeps a scope of its own; what is exported at the end is the widget's
default and nothing else. Comments on lines of their own stay behind. In the folder every file remains
an ordinary ES module, which Node imports as it is in the tests.

A script's style sheet has its name and stands beside it, so that a page gets what its widgets show.

Of JavaScript's many forms of import and export `compose` knows those that the files use, and refuses
every other by file and line.
"""

import re
from functools import cache
from pathlib import Path, PurePosixPath

HERE = Path(__file__).parent

_NAMES = r"\{([^{}]*)\}"
_IMPORT = re.compile(rf'import {_NAMES} from "(\.[^"\n]*)";')
_EXPORT_LIST = re.compile(rf"export {_NAMES};")
_EXPORT_NAMED = re.compile(r"export (?=(?:(?:async )?function|class|const) (\w+))")
_EXPORT_DEFAULT = re.compile(r"export default (?!(?:async )?function\b|class\b)(?=[^;]+;\s*\Z)")
_NAME = re.compile(r"(\w+)(?: as (\w+))?")
# Comments and strings, where the words import and export say nothing. Of a template's `${...}` no more than
# whole templates within it is understood; what else might be there is refused rather than overlooked.
_COMMENT = r"(?://[^\n]*|/\*(?:(?!\*/).)*\*/)"
_STRING = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"""
_SILENT = re.compile(
    rf"(?P<line>^[ \t]*{_COMMENT}[ \t]*\n)|{_COMMENT}|{_STRING}", re.DOTALL | re.MULTILINE
)
_WORD = re.compile(r"(?<![\w$.])(?:import|export)(?![\w$])")


class _Module:
    """A file as it goes into the whole: `body` without imports and exports, and what these said.

    imports: of each file, the line and {name there: name here}. exports: {name outside: name inside}.
    """

    def __init__(self, name: str):
        path = HERE / name
        self.name, self.source = name, path.read_text(encoding="utf-8")
        self.imports: list[tuple[int, str, dict[str, str]]] = []
        self.exports: dict[str, str] = {}
        parts, end = [], 0
        for word in _WORD.finditer(_SILENT.sub(_blank, self.source)):
            start = word.start()
            line = self.source.count("\n", 0, start) + 1
            if start and self.source[start - 1] != "\n":
                raise self._refused(line)
            length, text = self._read(line, start)
            parts += [self.source[end:start], text]
            end = start + length
        self.body = _SILENT.sub(_brief, "".join([*parts, self.source[end:]])).strip()

    def _read(self, line: int, start: int) -> tuple[int, str]:
        """Length of the statement at `start`, or of the part that goes, and what stands there instead."""
        if found := _IMPORT.match(self.source, start):
            names = self._names(found[1], line)
            target = _resolved(self.name, found[2])
            if target is None:
                raise ValueError(f"{self.name}, line {line}: there is no file {found[2]}")
            self.imports.append((line, target, names))
            taken = ", ".join(a if a == b else f"{a}: {b}" for a, b in names.items())
            return len(found[0]), f"const {{ {taken} }} = {_variable(target)};"
        if found := _EXPORT_LIST.match(self.source, start):
            self.exports |= {there: here for here, there in self._names(found[1], line).items()}
            return len(found[0]), ""
        if found := _EXPORT_NAMED.match(self.source, start):
            self.exports[found[1]] = found[1]
            return len(found[0]), ""
        if found := _EXPORT_DEFAULT.match(self.source, start):
            self.exports["default"] = ""
            return len(found[0]), "return "
        raise self._refused(line)

    def _names(self, text: str, line: int) -> dict[str, str]:
        """ "a, b as c" as {"a": "a", "b": "c"}."""
        found = [_NAME.fullmatch(name.strip()) for name in text.rstrip().rstrip(",").split(",")]
        if not all(found):
            raise self._refused(line)
        return {name[1]: name[2] or name[1] for name in found}

    def _refused(self, line: int) -> ValueError:
        written = self.source.splitlines()[line - 1].strip()
        return ValueError(f"{self.name}, line {line}: this form is not known here: {written}")


def _blank(match: re.Match) -> str:
    """As long, with nothing in it but its line ends."""
    return re.sub(r"[^\n]", " ", match[0])


def _brief(match: re.Match) -> str:
    """Nothing for a comment that has its lines to itself, all else as it is."""
    return "" if match["line"] else match[0]


def _resolved(name: str, target: str) -> str | None:
    """The file that `name` means by "../room/file.js", relative to the folder; None if there is none."""
    path = ((HERE / name).parent / target).resolve()
    inside = path.is_file() and path.is_relative_to(HERE.resolve())
    return path.relative_to(HERE.resolve()).as_posix() if inside else None


def _variable(name: str) -> str:
    """What holds the exports of a file: $drawing_canvas for drawing/canvas.js."""
    return "$" + re.sub(r"\W", "_", str(PurePosixPath(name).with_suffix("")))


def modules(name: str) -> list[_Module]:
    """The file `name` and all that it imports, each after what it imports itself, `name` last.

    Raises ValueError for a cycle, for an import of what is not exported, and for a form that is not known.
    """
    done: dict[str, _Module] = {}

    def visit(name: str, above: tuple[str, ...]):
        if name in above:
            cycle = " -> ".join([*above[above.index(name) :], name])
            raise ValueError(f"these files import one another: {cycle}")
        if name in done:
            return
        module = _Module(name)
        for line, target, names in module.imports:
            visit(target, (*above, name))
            if missing := [asked for asked in names if asked not in done[target].exports]:
                raise ValueError(
                    f"{name}, line {line}: {target} does not export {', '.join(missing)}"
                )
        if above and "default" in module.exports:
            raise ValueError(f"{name} has a default, which {above[-1]} cannot import")
        done[name] = module

    visit(name, ())
    return list(done.values())


@cache
def compose(name: str) -> str:
    """Source of the file `name`, such as "widgets/elbo.js", with all that it imports, as one ES module.

    Raises ValueError as `modules` does, and for a file without a default.
    """
    *needed, widget = modules(name)
    if "default" not in widget.exports:
        raise ValueError(f"{name} has no `export default`, or something after it")
    parts = []
    for module in needed:
        given = ", ".join(a if a == b else f"{a}: {b}" for a, b in module.exports.items())
        parts.append(
            f"const {_variable(module.name)} = (() => {{\n{module.body}\nreturn {{ {given} }};\n}})();"
        )
    return "\n".join([*parts, f"export default (() => {{\n{widget.body}\n}})();", ""])


@cache
def stylesheet(name: str) -> str:
    """The style sheet of the script `name`: live.css, and what stands beside it and beside its imports."""
    beside = [PurePosixPath(module.name).with_suffix(".css") for module in modules(name)]
    sheets = [HERE / sheet for sheet in ("live.css", *beside) if (HERE / sheet).is_file()]
    written = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    return re.sub(r"/\*.*?\*/\n*", "", written, flags=re.DOTALL)


def assets(widget: str) -> tuple[str, str]:
    """Script and style sheet of a widget: assets("elbo") for widgets/elbo.js."""
    return compose(f"widgets/{widget}.js"), stylesheet(f"widgets/{widget}.js")
