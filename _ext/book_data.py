"""Sphinx extension: pages run again when the data that they ran on are no longer what `load` would find.

A relative AECORE_DATA is a folder seen from where the build was started, for every page: kernels run
elsewhere. Which data a page used is what its kernel says after its last cell; the build keeps that with
the page, and compares it with what is found next time.
"""

import ast
import os
from contextlib import suppress
from functools import cache

from aecore import mnist

# Asked in a kernel. Where the page has not imported aecore.data, this raises.
QUESTION = "__import__('sys').modules['aecore.data'].sources()"


def settle_folder() -> None:
    """Make AECORE_DATA absolute, in this process and those that it starts."""
    if folder := os.environ.get("AECORE_DATA"):
        os.environ["AECORE_DATA"] = os.path.abspath(os.path.expanduser(folder))


def fetch_once() -> None:
    """Let MNIST be downloaded here, where it has to be, before several kernels would do so at once."""
    _, _, offline = mnist.where()
    if not offline and not mnist.source("mnist").startswith("MNIST "):
        from aecore import data

        with suppress(mnist.DataError):  # the pages that use the files will say so
            data.load("auto", limit=1)


def record(env, name: str, answer: str) -> None:
    """Keep with the page what its kernel answered to QUESTION."""
    env.book_data[name] = ast.literal_eval(answer) if answer else {}


def stale(pages: dict[str, dict[str, str]]) -> list[str]:
    """Of pages with the data they used, {page: {set: what was found}}, those that would find others now."""
    found_now = cache(mnist.source)
    return [
        page
        for page, sets in pages.items()
        if any(found_now(name) != found for name, found in sets.items())
    ]


def _pages_to_run_again(app, env, added, changed, removed):
    known = getattr(env, "book_data", {})
    env.book_data = {name: known[name] for name in known if name in env.found_docs}
    return stale(env.book_data)


def setup(app):
    settle_folder()
    app.connect("env-get-outdated", _pages_to_run_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
