"""Sphinx extension: the notebooks of a build run first, on all cores; then Sphinx reads their pages.

MyST-NB would run them one after another, as it comes to them. Here as many kernels run at a time as the
machine has cores, each with its share of the threads, and the longest of the last build start first.
The variable BOOK_PROCESSES sets another number of kernels: `BOOK_PROCESSES=1 make book` runs one notebook
after another. The variable OMP_NUM_THREADS, where it is set, overrules the share.

A notebook that fails stops the build, with its cell and its traceback.
"""

import math
import os
import re
from datetime import datetime
from pathlib import Path

import book_data
import notebook_runner
from myst_nb.core.execute.direct import NotebookClientDirect
from myst_nb.core.read import create_nb_reader
from sphinx.errors import SphinxError
from sphinx.util import logging

logger = logging.getLogger(__name__)
COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ran = {}  # the notebooks that MyST-NB has not fetched yet, by path


class NotebookFailed(SphinxError):
    """Sphinx prints this without a traceback of its own."""

    category = "A notebook failed"


def processes() -> int:
    """How many notebooks run at a time. Raises ValueError where BOOK_PROCESSES is no such number."""
    wanted = os.environ.get("BOOK_PROCESSES") or str(notebook_runner.cores())
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ValueError(f"expected BOOK_PROCESSES as a positive integer, got {wanted!r}")
    return int(wanted)


def _run_notebooks(app, env, docnames):
    notebooks = [notebook for name in docnames if (notebook := _read(env, name))]
    if not notebooks:
        return
    notebooks.sort(key=lambda notebook: -_last_seconds(env, notebook.name))
    kernels = min(processes(), len(notebooks))
    threads = notebook_runner.environment(kernels)["OMP_NUM_THREADS"]
    logger.info(
        "%d notebooks to run, %d at a time; threads of each: %s", len(notebooks), kernels, threads
    )
    if kernels > 1:
        book_data.fetch_once()
    count = iter(range(1, len(notebooks) + 1))

    def report(notebook):
        place = f"{next(count)}/{len(notebooks)}"
        logger.info("ran %s in %.1f s [%s]", notebook.name, notebook.seconds, place)

    try:
        notebook_runner.run(notebooks, kernels, env.mystnb_config.execution_timeout, report)
    except notebook_runner.NotebookError as error:
        raise NotebookFailed(COLOUR.sub("", str(error))) from None
    for notebook in notebooks:
        _ran[notebook.path] = notebook
        book_data.record(env, notebook.name, notebook.answer)


def _read(env, name):
    """The notebook behind a page, or None for a page of plain text."""
    path = Path(env.doc2path(name))
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
    return reader and notebook_runner.Notebook(name, path, reader.read(text), book_data.QUESTION)


def _last_seconds(env, name):
    """How long a notebook took in the last build; one that is new may take long."""
    ran = getattr(env, "nb_metadata", {}).get(name, {}).get("exec_data")
    return ran["runtime"] if ran else math.inf


def _take_outputs(client):
    """What MyST-NB does with a notebook in place of running it."""
    ran = _ran.pop(client.path)
    client.notebook.update(ran.content)
    client.exec_metadata = {
        "mtime": datetime.now().timestamp(),
        "runtime": ran.seconds,
        "method": client.nb_config.execution_mode,
        "succeeded": True,
        "error": None,
        "traceback": None,
    }


def setup(app):
    NotebookClientDirect.start_client = _take_outputs
    app.connect("env-before-read-docs", _run_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
