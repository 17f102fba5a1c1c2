"""A book of one page, built as the whole book is, for tests of what a page can hold."""

import functools
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import browser_runtime
import yaml
from live_page import QuietHandler

ROOT = Path(__file__).resolve().parents[2]
BORROWED = ("_config.yml", "_ext", "_static", "references.bib")


def build(folder: Path, text: str) -> Path:
    """Build `text` as chapters/01_page.md of a book in `folder`; returns the folder of its pages."""
    for name in BORROWED:
        (folder / name).symlink_to(ROOT / name)
    browser_runtime.runtime_folder(ROOT / "_build")
    (folder / "_build").mkdir()
    (folder / "_build/runtime").symlink_to(ROOT / "_build/runtime")
    (folder / "chapters").mkdir()
    (folder / "chapters/01_page.md").write_text(text, encoding="utf-8")
    (folder / "intro.md").write_text("# Introduction\n", encoding="utf-8")
    part = {"caption": "Part", "numbered": 2, "chapters": [{"file": "chapters/01_page"}]}
    contents = {"format": "jb-book", "root": "intro", "parts": [part]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    done = subprocess.run(
        [*jupyter_book, "build", str(folder), "-W", "--keep-going"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return folder / "_build/html"


@contextmanager
def served(folder: Path, text: str):
    """Build it, and serve it while the context lasts: the address of the page."""
    handler = functools.partial(QuietHandler, directory=str(build(folder, text)))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/chapters/01_page.html"
        server.shutdown()
