"""One JavaScript module out of several files.

anywidget takes a widget's JavaScript as a single string, and a page of the book asks no server for
more. So the shared files (decoder.js, canvas.js ...) are joined in front of the widget that imports
them: `import` lines are followed and dropped, and only `export default` stays. Each file remains an
ordinary ES module, which Node imports as it is in the tests. The files share one scope, so a top-
level name may be used only once: `compose` checks that.
"""

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def _in_order(name: str, seen: list[str]) -> list[str]:
    """Files that `name` needs, each before the ones that import it, `name` last."""
    for needed in _IMPORT.findall((HERE / name).read_text(encoding="utf-8")):
        _in_order(needed, seen)
    if name not in seen:
        seen.append(name)
    return seen


@cache
def compose(name: str) -> str:
    """Source of the file `name` with everything it imports, as one ES module.

    Raises ValueError when two of the files declare the same top-level name.
    """
    owners: dict[str, str] = {}
    parts = []
    for file in _in_order(name, []):
        source = _EXPORT.sub("", _IMPORT.sub("", (HERE / file).read_text(encoding="utf-8")))
        for declared in _TOP_LEVEL.findall(source):
            if declared in owners:
                raise ValueError(
                    f"{declared!r} is declared in {owners[declared]} and in {file}: rename one of them"
                )
            owners[declared] = file
        parts.append(source)
    return "\n".join(parts)


@cache
def stylesheet(*names: str) -> str:
    """The style sheet that all live widgets share, then those `names` that only one of them needs."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("live.css", *names))
