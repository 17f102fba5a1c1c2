"""Build the book when it is not up to date, or preview it while writing.

    python _ext/book_build.py           build if anything changed since the last good build
    python _ext/book_build.py --live    serve the book on localhost and rebuild as files change

Also a Sphinx extension, so that `jupyter-book build .` keeps the same record: `_build/html/.complete` is
there exactly when the last build ended without an error or a warning; its time is when that build began,
and it names the data that each page used. Pages run anew when the package, an extension or their data
have changed, and not only when their own text has.
"""

import argparse
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import book_data
import yaml

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
STAMP = ".complete"
PAGES = ("intro.md", "chapters/*.ipynb", "chapters/*.md", "appendices/*.ipynb", "appendices/*.md")
SHARED = ("aecore/**/*.py", "aecore/**/*.js", "aecore/**/*.css", "_ext/**/*.py", "_ext/**/*.html")
SETTINGS = (
    "_config.yml",
    "_toc.yml",
    "references.bib",
    "requirements.txt",
    "_static/*",
    "_ext/runtime/**/*",
)


def pages() -> list[str]:
    """Names of the book's pages, without suffix, in reading order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [toc["root"], *chapters]


def newest(patterns, root=ROOT) -> float:
    """When the youngest file that matches one of the patterns was changed; 0 without any."""
    files = (path for pattern in patterns for path in Path(root).glob(pattern))
    return max((path.stat().st_mtime for path in files), default=0.0)


def is_current() -> bool:
    """Whether the built pages are complete, free of warnings and younger than all they are made of."""
    stamp = HTML / STAMP
    if not stamp.exists() or stamp.stat().st_mtime <= newest((*PAGES, *SHARED, *SETTINGS)):
        return False
    return not book_data.stale(json.loads(stamp.read_text(encoding="utf-8")))


def build() -> int:
    """Run Jupyter Book with warnings as errors; returns its exit status."""
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*jupyter_book, "build", str(ROOT), "-W", "--keep-going"]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # it was interrupted too, and ends its notebooks
            raise


def preview(port: int) -> None:
    """Serve the built pages and rebuild them after each change, until interrupted."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(HTML))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        tried = -1.0
        while True:
            changed = newest((*PAGES, *SHARED, *SETTINGS))
            if changed > tried:
                tried = changed
                good = is_current() or build() == 0
                print(
                    "Up to date." if good else "The build failed, see above.", f"Serving {address}"
                )
            time.sleep(1)


def _begin(app):
    app.book_build_began = time.time()
    stamp = Path(app.outdir) / STAMP
    app.book_last_build_began = stamp.stat().st_mtime if stamp.exists() else 0
    stamp.unlink(missing_ok=True)


def _pages_to_run_again(app, env, added, changed, removed):
    shared = newest(SHARED, app.srcdir)
    return [name for name, read in env.all_docs.items() if read < shared * 1e6]


def _page_to_write_again(app, env):
    """Sphinx copies style sheets and scripts only where it has a page to write: the first will do."""
    changed = newest(("_static/*", "_ext/runtime/**/*"), app.srcdir)
    return [app.config.root_doc] if changed > app.book_last_build_began else []


def _finish(app, exception):
    if exception is not None:
        return
    kept = {*app.env.found_docs, "index", "search"}
    for page in Path(app.outdir).rglob("*.html"):
        if page.relative_to(app.outdir).with_suffix("").as_posix() not in kept:
            page.unlink()  # of a chapter that is gone
    if not app._warncount:
        stamp = Path(app.outdir) / STAMP
        stamp.write_text(json.dumps(app.env.book_data, indent=1), encoding="utf-8")
        os.utime(stamp, (app.book_build_began, app.book_build_began))


def setup(app):
    app.connect("builder-inited", _begin)
    app.connect("env-get-outdated", _pages_to_run_again)
    app.connect("env-updated", _page_to_write_again)
    app.connect("build-finished", _finish, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the book, or preview it.")
    parser.add_argument("--live", action="store_true", help="serve it and rebuild on change")
    parser.add_argument("--port", type=int, default=8000, help="port of the preview (0: any)")
    options = parser.parse_args()
    book_data.settle_folder()
    try:
        if options.live:
            preview(options.port)
        if is_current():
            print(f"The book is up to date: {HTML / 'index.html'}")
            sys.exit()
        sys.exit(build())
    except KeyboardInterrupt:
        sys.exit(0 if options.live else 130)
