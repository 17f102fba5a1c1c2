"""A book of a few pages, built as the book is, by Jupyter Book with our extensions."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
EXTENSIONS = ("book_build", "book_data", "book_notebooks")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
INTRO = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---

# A tiny book

```{{code-cell}} ipython3
{code}
```
"""


def notebook(*code, title="A chapter"):
    """A notebook of these cells."""
    cells = [new_markdown_cell(f"# {title}"), *map(new_code_cell, code)]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def write(folder, intro, **chapters):
    """Lay the book out: the code of the introduction's cell, and the code cells of each chapter."""
    (folder / "chapters").mkdir(parents=True)
    (folder / "intro.md").write_text(INTRO.format(code=intro))
    for name, cells in chapters.items():
        nbformat.write(notebook(*cells, title=name), folder / "chapters" / f"{name}.ipynb")
    listed = "".join(f"  - file: chapters/{name}\n" for name in chapters)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: intro\nchapters:\n{listed}")
    local = "".join(f"    {name}: {ROOT / '_ext'}\n" for name in EXTENSIONS)
    (folder / "_config.yml").write_text(
        "title: A tiny book\nonly_build_toc_files: true\n"
        "execute: {execute_notebooks: force, raise_on_error: true}\n"
        f"sphinx:\n  local_extensions:\n{local}"
    )
    return folder


def command(folder):
    """What builds it."""
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    return [*jupyter_book, "build", str(folder)]


def environment(**variables):
    """The environment of a build: one thread, no network, our package."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("AECORE_", "BOOK_", "PYTEST_"))
    }
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    fixed = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "AECORE_OFFLINE": "1"}
    return {**kept, **fixed, **variables}


def build(folder, cwd=ROOT, **variables):
    """Build it; returns the process that has ended, with everything it printed in `stdout`."""
    return subprocess.run(
        command(folder),
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )


def page(folder, name):
    """The text of a built page."""
    return (folder / "_build/html" / f"{name}.html").read_text(encoding="utf-8")
