"""How much faster is the build with its notebooks side by side, and are its pages the same?

Builds the book twice, with one thread a notebook: one notebook after
another, then as many at a time as there are cores. Prints both times, their ratio, and what differs
between the pages but for times and random names.

    python benchmarks/building.py [--keep FOLDER]
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Widgets' models have random names; objects' addresses are where the allocator put them.
NAME = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]{6,})"
    r"(?![0-9a-f])"
)
DURATION = re.compile(r"\d[\d.,]*\s*(?:µs|ms|s|seconds?|minutes?)\b")


def comparable(page: str) -> str:
    """A page without durations, its random names counted in the order of their first use."""
    names = {}
    page = NAME.sub(lambda name: f"name-{names.setdefault(name[0], len(names))}", page)
    return DURATION.sub("(time)", page)


def differences(one: Path, other: Path) -> list[str]:
    """Lines in which the pages and pictures of two built books differ, with where they stand."""
    found = []
    names = [
        {path.relative_to(book) for kind in ("*.html", "_images/*") for path in book.rglob(kind)}
        for book in (one, other)
    ]
    found += [f"only in one of the two: {name}" for name in sorted(names[0] ^ names[1])]
    for name in sorted(names[0] & names[1]):
        if name.suffix != ".html":
            if (one / name).read_bytes() != (other / name).read_bytes():
                found.append(f"{name}: another picture")
            continue
        pages = [
            comparable((book / name).read_text(encoding="utf-8")).replace("><", ">\n<").splitlines()
            for book in (one, other)
        ]
        lines = difflib.unified_diff(*pages, n=0, lineterm="")
        found += [f"{name}: {line[:200]}" for line in lines if line[:3] not in ("---", "+++")]
    return found


def build(folder: Path, processes: int) -> float:
    """Build the whole book into a folder; returns the seconds it took."""
    runtime = ROOT / "_build/runtime"
    if runtime.is_dir():  # npm's part is in neither time
        shutil.copytree(runtime, folder / "_build/runtime")
    jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [
        *jupyter_book,
        "build",
        str(ROOT),
        "--path-output",
        str(folder),
        "-W",
        "--keep-going",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "BOOK_PROCESSES": str(processes)}
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - began


def main(folder: Path) -> int:
    processes = os.cpu_count()
    alone = build(folder / "one", 1)
    together = build(folder / "several", processes)
    found = differences(folder / "one/_build/html", folder / "several/_build/html")
    print(*found, sep="\n")
    print(
        f"one notebook after another {alone:.0f} s; {processes} at a time {together:.0f} s: ",
        end="",
    )
    print(f"{alone / together:.2f} times as fast; lines that differ: {len(found)}")
    return bool(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time the build, and compare its pages.")
    parser.add_argument("--keep", type=Path, help="a new folder to leave both books in")
    kept = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(main(kept.resolve() if kept else Path(scratch)))
