"""Files that are not there yet: mirrors, downloads that fail, and networks that do not answer."""

import contextlib
import io
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from tiny_mnist import (
    ARCHIVES,
    CONTENT,
    DAMAGE,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    Mirror,
    assert_is_the_tiny_set,
    files_in,
    put,
)

from aecore import mirrors, mnist
from aecore.data import load
from aecore.mnist import FILES, MissingDataError


def breaks_off(name):
    """A server's answer that stops in the middle of an archive."""

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(ARCHIVES[name])))
        request.end_headers()
        request.wfile.write(ARCHIVES[name][: len(ARCHIVES[name]) // 2])
        request.connection.close()

    return answer


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_a_set_that_is_not_there_is_downloaded_and_then_read_without_the_network(
    name, mirror, own_cache, capsys
):
    assert_is_the_tiny_set(name)
    raw = own_cache.parents[1] / mnist.CLASSES[name] / "raw"
    written = files_in(raw)
    assert {file: written[file] for file in FILES} == CONTENT
    assert set(written) - set(FILES) <= {mnist.MANIFEST}
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and f"Downloading {mnist.CLASSES[name]} from 127.0.0.1" in said
    asked = len(mirror.requests)
    assert_is_the_tiny_set(name)
    assert len(mirror.requests) == asked


def test_auto_downloads_mnist_where_it_can(mirror, own_cache):
    assert load("auto").name == "mnist"
    assert set(files_in(own_cache)) == set(FILES)


def test_only_what_is_missing_is_fetched(mirror, own_cache):
    put(own_cache, {file: CONTENT[file] for file in (TRAIN_IMAGES, TEST_IMAGES, TEST_LABELS)})
    assert_is_the_tiny_set()
    assert set(mirror.requests) == {f"/{TRAIN_LABELS}.gz", f"/{TEST_LABELS}.gz"}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_in_our_cache_is_fetched_again(damage, mirror, own_cache):
    put(own_cache)
    (own_cache / TEST_LABELS).write_bytes(DAMAGE[damage](CONTENT[TEST_LABELS]))
    assert_is_the_tiny_set()
    assert files_in(own_cache) == CONTENT


def test_a_download_that_breaks_off_leaves_nothing_behind(mirror, own_cache):
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = breaks_off(f"{TRAIN_IMAGES}.gz")
    with pytest.raises(MissingDataError, match=rf"{TRAIN_IMAGES}\.gz"):
        load("mnist")
    assert not own_cache.exists()
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = ARCHIVES[f"{TRAIN_IMAGES}.gz"]
    assert_is_the_tiny_set()


@pytest.mark.parametrize(
    "served", [b"<html>Please log in</html>", b"", ARCHIVES[f"{TEST_IMAGES}.gz"]]
)
def test_an_archive_with_another_md5_is_never_unzipped(mirror, own_cache, served):
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = served
    with pytest.raises(MissingDataError, match=f"delivered something else .{len(served):,} bytes"):
        load("mnist")
    assert not own_cache.exists()


def test_a_mirror_that_serves_a_log_in_page_for_everything_is_no_mirror(mirror, own_cache):
    mirror.files = dict.fromkeys(mirror.files, b"<html>Please log in</html>")
    with pytest.raises(MissingDataError, match="delivered something else"):
        load("mnist")
    assert mirror.requests == [f"/{TEST_LABELS}.gz"]


def test_the_next_mirror_is_asked_where_one_fails(publish, mirror, own_cache):
    broken = Mirror()
    broken.files = {f"/{TEST_LABELS}.gz": ARCHIVES[f"{TEST_LABELS}.gz"]}
    with contextlib.closing(broken):
        publish(broken.url, mirror.url)
        assert_is_the_tiny_set()


def test_a_failure_while_writing_leaves_no_partial_file(mirror, own_cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(MissingDataError, match=r"cannot be written to .*No space left"):
        load("mnist")
    assert files_in(own_cache.parent) == {} and list(own_cache.iterdir()) == []


def test_what_a_killed_process_left_is_swept_away_later(mirror, own_cache):
    left, fresh = own_cache / ".incoming-old", own_cache / ".incoming-new"
    for folder in (left, fresh):
        put(folder, {TRAIN_IMAGES: b"half"})
    os.utime(left, (time.time() - 7200,) * 2)
    assert_is_the_tiny_set()
    assert not left.exists()
    assert fresh.exists()  # another process may be at work on it


def test_a_folder_that_cannot_be_written_to_is_named(mirror, tmp_path, monkeypatch, capsys):
    def read_only(*_, **__):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", read_only)
    with pytest.raises(MissingDataError, match=r"cannot be written to .*Read-only file system"):
        load("mnist", root=tmp_path)
    assert load("auto", root=tmp_path, limit=2).name == "strokes"
    assert "cannot be written to" in capsys.readouterr().out


@pytest.mark.timed
def test_a_network_that_swallows_everything_costs_seconds_and_is_asked_once(
    publish, own_cache, capsys
):
    with socket.create_server(("127.0.0.1", 0)) as hole:  # accepts, and never answers
        url = f"http://127.0.0.1:{hole.getsockname()[1]}/"
        publish(url, url)
        start = time.monotonic()
        assert load("auto", limit=10).name == "strokes"
        first = time.monotonic() - start
        start = time.monotonic()
        assert load("auto", train=False, limit=10).name == "strokes"
        second = time.monotonic() - start
    assert first < 6
    assert second < 1
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "within 3 seconds" in said


@pytest.mark.timed
def test_a_name_server_that_never_answers_costs_no_more(publish, own_cache, monkeypatch):
    released = threading.Event()

    def hang(*_, **__):
        released.wait(60)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    publish("https://mirror.invalid/", "http://another.invalid/")
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 0.3)
    try:
        start = time.monotonic()
        with pytest.raises(MissingDataError, match=r"no mirror answered within 0\.3 seconds"):
            load("mnist")
        assert time.monotonic() - start < 3
    finally:
        released.set()


def test_a_mirror_that_falls_silent_later_is_given_up(mirror, own_cache, monkeypatch):
    released = threading.Event()
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = lambda request: released.wait(60)
    monkeypatch.setattr(mirrors, "STALL_SECONDS", 0.3)
    try:
        with pytest.raises(MissingDataError, match="timed out"):
            load("mnist")
    finally:
        released.set()
    assert not own_cache.exists()


def test_a_name_that_does_not_resolve_is_said_plainly(publish, own_cache, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    publish("https://one.invalid/", "https://two.invalid/")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(MissingDataError, match=r"\(Name or service not known\)"):
        load("mnist")


def test_auto_asks_a_dead_network_once_but_a_named_set_asks_again(publish, mirror, own_cache):
    good, mirror.files = mirror.files, {}
    assert load("auto", limit=2).name == load("auto", limit=2).name == "strokes"
    assert len(mirror.requests) == 1
    with pytest.raises(MissingDataError, match="Not Found"):
        load("mnist")
    assert len(mirror.requests) == 2
    mirror.files = good
    assert load("mnist").name == "mnist"
    assert load("auto").name == "mnist"


def test_two_processes_may_download_at_once(mirror, own_cache):
    errors = []

    def fetch():
        try:
            assert_is_the_tiny_set()
        except BaseException as error:
            errors.append(error)

    with contextlib.redirect_stdout(io.StringIO()):
        workers = [threading.Thread(target=fetch) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert errors == []
    assert files_in(own_cache) == CONTENT


def test_torchvision_is_imported_even_where_its_operators_do_not_fit_torch():
    code = "from aecore.mirrors import torchvision_mnist as t; print(t().read_image_file.__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "read_image_file\n"


def test_a_torchvision_that_fails_otherwise_is_not_hidden(monkeypatch):
    class Broken:
        def find_spec(self, name, *_):
            if name == "torchvision" or name.startswith("torchvision."):
                raise RuntimeError("something else is wrong")

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(RuntimeError, match="something else is wrong"):
        mirrors.torchvision_mnist()
