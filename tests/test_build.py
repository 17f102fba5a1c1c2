"""The build: notebooks side by side, in equal pages; a failure stops it; data that change run pages again."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import book_build
import book_data
import book_notebooks
import notebook_runner
import pytest
import tiny_book
from building import differences
from tiny_mnist import put

from aecore import mnist

THREADS = "import os; print('threads:', os.environ['OMP_NUM_THREADS'])"
# Random names, an address, text that comes in pieces, a figure, numbers for the prose.
RANDOM = """import time
import ipywidgets, matplotlib.pyplot as plt
from aecore import claims, plotting
plotting.use_style()
claims.glue("number", 0.5)
claims.claim("Two is two", 1 + 1 == 2, "2")
for part in range(3):
    print("part", part, flush=True)
    time.sleep(0.3)
plt.plot([0, 1])
plt.show()
print(object())
ipywidgets.IntSlider(3)"""


def run(*codes, processes=2, timeout=60, folder=Path(__file__).parent):
    """Run notebooks of one cell each; returns them."""
    made = [
        notebook_runner.Notebook(f"n{i}", folder / f"n{i}.ipynb", tiny_book.notebook(code), "1 + 1")
        for i, code in enumerate(codes)
    ]
    notebook_runner.run(made, processes, timeout, lambda notebook: None)
    return made


def printed(notebook):
    return notebook.content.cells[1].outputs[0].text


def waiting_for(other, folder):
    """A cell that says whether another notebook runs while it does."""
    return f"""import pathlib, time
folder = pathlib.Path({str(folder)!r})
(folder / "of-{other}").touch()
until = time.monotonic() + 4
while len(list(folder.iterdir())) < 2 and time.monotonic() < until:
    time.sleep(0.05)
print("together" if len(list(folder.iterdir())) == 2 else "alone")
time.sleep(0.5)
(folder / "of-{other}").unlink()"""


@pytest.mark.parametrize(("processes", "expected"), [(1, "alone"), (2, "together")])
def test_as_many_notebooks_run_at_a_time_as_there_are_processes(tmp_path, processes, expected):
    cells = [waiting_for(name, tmp_path) for name in ("b", "a")]
    ran = run(*cells, processes=processes)
    assert [printed(notebook).strip() for notebook in ran] == [expected] * 2
    assert all(notebook.answer == "2" for notebook in ran)
    assert all(notebook.seconds > 0.5 for notebook in ran)


@pytest.mark.parametrize(
    ("cores", "processes", "threads"), [(2, 2, 1), (2, 1, 2), (8, 3, 2), (4, 12, 1)]
)
def test_each_process_has_its_share_of_the_threads(monkeypatch, cores, processes, threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(notebook_runner, "cores", lambda: cores)
    assert notebook_runner.environment(processes)["OMP_NUM_THREADS"] == str(threads)


def test_kernels_compute_with_that_share(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(notebook_runner, "cores", lambda: 2)
    cell = f"{THREADS}\nimport torch; print(torch.get_num_threads())"
    assert printed(*run(cell, processes=2)) == "threads: 1\n1\n"


def test_a_number_of_threads_that_is_given_stays(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert notebook_runner.environment(2)["OMP_NUM_THREADS"] == "5"


def test_the_number_of_processes_is_that_of_the_cores_or_is_given(monkeypatch):
    monkeypatch.delenv("BOOK_PROCESSES", raising=False)
    assert book_notebooks.processes() == notebook_runner.cores() >= 1
    monkeypatch.setenv("BOOK_PROCESSES", "3")
    assert book_notebooks.processes() == 3
    for nonsense in ("0", "-1", "two", "1.5"):
        monkeypatch.setenv("BOOK_PROCESSES", nonsense)
        with pytest.raises(ValueError, match=f"BOOK_PROCESSES.*{nonsense}"):
            book_notebooks.processes()


def test_the_longest_of_the_last_build_start_first_and_new_ones_before_them():
    names = ("short", "long", "new", "middle")
    seconds = {"short": 1.0, "long": 9.0, "middle": 3.0}
    env = SimpleNamespace(
        nb_metadata={name: {"exec_data": {"runtime": seconds[name]}} for name in seconds}
    )
    order = sorted(names, key=lambda name: -book_notebooks._last_seconds(env, name))
    assert order == ["new", "long", "middle", "short"]


def test_text_that_comes_in_pieces_is_one_output():
    cell = "import time\nfor i in range(3):\n    print(i, flush=True)\n    time.sleep(0.3)"
    (ran,) = run(cell)
    assert [output.text for output in ran.content.cells[1].outputs] == ["0\n1\n2\n"]


def test_a_kernel_that_is_killed_is_a_clear_error_and_stops_the_others():
    began = time.monotonic()
    killed = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(notebook_runner.NotebookError) as error:
        run(killed, "import time; time.sleep(100)")
    assert "n0.ipynb" in str(error.value) and "kernel died" in str(error.value)
    assert killed in str(error.value)
    assert time.monotonic() - began < 60


def test_a_cell_that_runs_too_long_is_an_error():
    with pytest.raises(notebook_runner.NotebookError, match="timed out") as error:
        run("import time; time.sleep(100)", timeout=1)
    assert "n0.ipynb" in str(error.value) and "time.sleep(100)" in str(error.value)


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_ctrl_c_ends_the_notebooks_and_leaves_no_complete_book(tmp_path):
    note = "import os, pathlib, time\npathlib.Path('running').write_text(str(os.getpid()))\n"
    book = tiny_book.write(tmp_path / "book", note + "time.sleep(100)", one=["1 + 1"])
    process = subprocess.Popen(
        tiny_book.command(book),
        env=tiny_book.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 100
    while not (book / "running").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.5)
    kernel = int((book / "running").read_text())
    assert is_alive(kernel)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert "Interrupted" in said and process.returncode != 0
    assert not is_alive(kernel)
    assert list(book.rglob("*.html")) == [] and list(book.rglob(book_build.STAMP)) == []


def test_a_notebook_that_fails_stops_the_build_with_its_cell_and_traceback(tmp_path):
    began = time.monotonic()
    wait = "import time; time.sleep(200)"
    cells = ["one = 1", "def divide(x):\n    return one / x\n\n\ndivide(0)"]
    book = tiny_book.write(tmp_path / "book", wait, one=cells, two=[wait])
    ran = tiny_book.build(book, BOOK_PROCESSES="3")
    assert ran.returncode != 0
    assert time.monotonic() - began < 100
    said = ran.stdout[ran.stdout.index("A notebook failed") :]
    for part in ("chapters/one.ipynb", cells[1], "Traceback", "----> 2     return one / x"):
        assert part in said
    assert "ZeroDivisionError: division by zero" in said
    assert not (book / "_build/html" / book_build.STAMP).exists()


def test_a_notebook_after_another_or_all_at_once_make_the_same_pages(tmp_path):
    cells = {"one": ["x = 1", RANDOM], "two": [RANDOM, "import math; print(math.pi)"]}
    for folder, processes in (("alone", "1"), ("together", "3")):
        book = tiny_book.write(tmp_path / folder / "book", RANDOM, **cells)
        ran = tiny_book.build(book, BOOK_PROCESSES=processes)
        assert ran.returncode == 0, ran.stdout
        assert f"3 notebooks to run, {processes} at a time" in ran.stdout
        assert "ran chapters/one in " in ran.stdout and "[3/3]" in ran.stdout
    built = [tmp_path / folder / "book/_build/html" for folder in ("alone", "together")]
    assert differences(*built) == []
    assert len(list(built[0].glob("_images/*.svg"))) >= 1
    text = (built[1] / "chapters/two.html").read_text(encoding="utf-8")
    changed = text.replace("3.14159", "3.14158")
    assert changed != text
    (built[1] / "chapters/two.html").write_text(changed, encoding="utf-8")
    assert differences(*built) != []


def test_a_relative_data_folder_is_seen_from_where_the_build_started(tmp_path):
    shown = "import os; print('data in', os.environ['AECORE_DATA'])"
    book = tiny_book.write(tmp_path / "book", shown, one=[shown])
    ran = tiny_book.build(book, cwd=tmp_path, AECORE_DATA="some/data")
    assert ran.returncode == 0, ran.stdout
    for name in ("intro", "chapters/one"):
        assert f"data in {tmp_path}/some/data\n" in tiny_book.page(book, name)


def test_a_change_of_data_runs_the_pages_again_that_use_them(tmp_path):
    uses = "from aecore.data import load; print(load(limit=2).name)"
    book = tiny_book.write(tmp_path / "book", uses, one=["1 + 1"], two=[uses])
    stamp = book / "_build/html" / book_build.STAMP

    def pages_run(folder):
        ran = tiny_book.build(book, AECORE_DATA=str(tmp_path / folder))
        assert ran.returncode == 0, ran.stdout
        return {line.split()[1] for line in ran.stdout.splitlines() if line.startswith("ran ")}

    assert pages_run("a") == {"intro", "chapters/one", "chapters/two"}
    assert pages_run("a") == set()
    used = json.loads(stamp.read_text())
    assert set(used) == {"intro", "chapters/one", "chapters/two"} and used["chapters/one"] == {}
    assert pages_run("b") == {"intro", "chapters/two"}
    assert f"{tmp_path}/b/MNIST" in tiny_book.page(book, "chapters/two")


@pytest.fixture
def folder(publish, monkeypatch, tmp_path):
    """An empty data folder, to which AECORE_DATA points; a tiny MNIST would be intact."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def now():
    """What a page that wants MNIST is recorded with."""
    return {"page": {"mnist": mnist.source("mnist")}, "another": {}}


def test_a_change_of_a_style_sheet_alone_reaches_the_page(tmp_path):
    folder = tiny_book.write(tmp_path / "book", "1", one=["1"])
    sheet = folder / "_static/book.css"
    sheet.parent.mkdir()
    sheet.write_text("/* old */")
    assert tiny_book.build(folder).returncode == 0
    sheet.write_text("/* new */")
    again = tiny_book.build(folder)
    assert again.returncode == 0, again.stdout
    assert "ran " not in again.stdout
    assert (folder / "_build/html/_static/book.css").read_text() == "/* new */"


def test_files_that_appear_vanish_or_break_make_pages_stale(folder, monkeypatch, tmp_path):
    without = now()
    assert book_data.stale(without) == []
    raw = put(folder / "MNIST" / "raw")
    assert book_data.stale(without) == ["page"]
    with_files = now()
    assert book_data.stale(with_files) == []
    (raw / mnist.FILES[0]).write_bytes(b"half")
    assert book_data.stale(with_files) == ["page"]
    assert (raw / mnist.FILES[0]).read_bytes() == b"half"  # looking changes nothing
    (raw / mnist.FILES[0]).unlink()
    assert book_data.stale(with_files) == ["page"]


def test_the_same_files_elsewhere_are_the_same_data(folder, monkeypatch, tmp_path):
    put(folder / "MNIST" / "raw")
    before = now()
    put(tmp_path / "elsewhere" / "MNIST" / "raw")
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "elsewhere"))
    assert book_data.stale(before) == []
    monkeypatch.setenv("AECORE_OFFLINE", "1")
    assert book_data.stale(before) == []
    monkeypatch.delenv("AECORE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert book_data.stale(before) == ["page"]


def test_without_files_the_network_matters(folder, monkeypatch):
    before = now()
    monkeypatch.setenv("AECORE_OFFLINE", "1")
    assert book_data.stale(before) == ["page"]


def test_the_book_is_not_current_when_its_data_changed(folder, monkeypatch, tmp_path):
    stamp = tmp_path / book_build.STAMP
    stamp.write_text(json.dumps(now()))
    monkeypatch.setattr(book_build, "HTML", tmp_path)
    os.utime(stamp, (time.time() + 100,) * 2)
    assert book_build.is_current()
    put(folder / "MNIST" / "raw")
    assert not book_build.is_current()


def test_the_folder_is_settled_once(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for given, settled in (
        ("data", tmp_path / "data"),
        ("../data", tmp_path.parent / "data"),
        ("~/data", Path.home() / "data"),
        (str(tmp_path), tmp_path),
    ):
        monkeypatch.setenv("AECORE_DATA", given)
        book_data.settle_folder()
        assert os.environ["AECORE_DATA"] == str(settled)
    monkeypatch.delenv("AECORE_DATA")
    book_data.settle_folder()
    assert "AECORE_DATA" not in os.environ
