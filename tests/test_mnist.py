"""Files that are missing, damaged, half there or out of reach; on tiny sets and a local server."""

import contextlib
import gzip
import hashlib
import io
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aecore import data, mirrors, mnist
from aecore.data import load
from aecore.mnist import FILES, DataError, MissingDataError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


def md5(content):
    return hashlib.md5(content).hexdigest()


def tiny_set():
    """The four files of a set of 6 + 4 images: {file: bytes}."""
    made, files = torch.Generator().manual_seed(0), {}
    for part, n in (("train", 6), ("t10k", 4)):
        pixels = torch.randint(256, (n * 784,), generator=made, dtype=torch.uint8)
        labels = torch.randint(10, (n,), generator=made, dtype=torch.uint8)
        sizes = b"".join(size.to_bytes(4, "big") for size in (2051, n, 28, 28))
        files[f"{part}-images-idx3-ubyte"] = sizes + bytes(pixels.tolist())
        sizes = b"".join(size.to_bytes(4, "big") for size in (2049, n))
        files[f"{part}-labels-idx1-ubyte"] = sizes + bytes(labels.tolist())
    return {file: files[file] for file in FILES}


CONTENT = tiny_set()
ARCHIVES = {f"{file}.gz": gzip.compress(content, mtime=0) for file, content in CONTENT.items()}


class Mirror:
    """A local web server; `files` maps a path to bytes, or to a function of the request."""

    def __init__(self):
        mirror = self
        self.files, self.requests = {f"/{name}": body for name, body in ARCHIVES.items()}, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.requests.append(self.path)
                body = mirror.files.get(self.path)
                if callable(body):
                    body(self)
                elif body is None:
                    self.send_error(404)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def breaks_off(name):
    """A server's answer that stops in the middle of an archive."""

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(ARCHIVES[name])))
        request.end_headers()
        request.wfile.write(ARCHIVES[name][: len(ARCHIVES[name]) // 2])
        request.connection.close()

    return answer


@pytest.fixture
def publish(monkeypatch):
    """Let torchvision's three classes be the tiny set, published at the given URLs."""

    def publish(*urls):
        for dataset in mnist.CLASSES.values():
            published = getattr(mirrors.torchvision_mnist(), dataset)
            monkeypatch.setattr(published, "mirrors", list(urls))
            resources = [(name, md5(archive)) for name, archive in ARCHIVES.items()]
            monkeypatch.setattr(published, "resources", resources)

    right = {file: md5(content) for file, content in CONTENT.items()}
    monkeypatch.setattr(mnist, "RAW_MD5", {"mnist": right, "fashion_mnist": right})
    monkeypatch.setattr(mnist, "_refusals", {})
    monkeypatch.setattr(data, "_said", set())
    for variable in ("AECORE_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    publish()
    return publish


@pytest.fixture
def mirror(publish):
    mirror = Mirror()
    publish(mirror.url)
    yield mirror
    mirror.close()


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Our own cache, empty: the folder into which MNIST's raw files go."""
    monkeypatch.delenv("AECORE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "aecore" / "MNIST" / "raw"


def put(raw, content=CONTENT):
    raw.mkdir(parents=True, exist_ok=True)
    for file, body in content.items():
        (raw / file).write_bytes(body)
    return raw


def files_in(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_is_the_tiny_set(name="mnist", **options):
    for train, n in ((True, 6), (False, 4)):
        loaded = load(name, train=train, **options)
        part = "train" if train else "t10k"
        pixels = (loaded.images * 255).round().to(torch.uint8).flatten().tolist()
        assert bytes(pixels) == CONTENT[f"{part}-images-idx3-ubyte"][16:]
        assert bytes(loaded.labels.tolist()) == CONTENT[f"{part}-labels-idx1-ubyte"][8:]
        assert len(loaded) == n and loaded.name == name


def test_the_fixed_md5s_are_those_of_the_published_files():
    """MNIST's are checked on the files themselves where they are (test_data.py)."""
    for md5s in mnist.RAW_MD5.values():
        assert tuple(md5s) == FILES
        assert all(len(value) == 32 and int(value, 16) for value in md5s.values())
    every = [value for md5s in mnist.RAW_MD5.values() for value in md5s.values()]
    assert len(set(every)) == 8


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


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_a_set_that_is_not_there_is_downloaded_and_then_read_without_the_network(
    name, mirror, cache, capsys
):
    assert_is_the_tiny_set(name)
    raw = cache.parents[1] / mnist.CLASSES[name] / "raw"
    written = files_in(raw)
    assert {file: written[file] for file in FILES} == CONTENT
    assert set(written) - set(FILES) <= {mnist.MANIFEST}
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and f"Downloading {mnist.CLASSES[name]} from 127.0.0.1" in said
    asked = len(mirror.requests)
    assert_is_the_tiny_set(name)
    assert len(mirror.requests) == asked


def test_auto_downloads_mnist_where_it_can(mirror, cache):
    assert load("auto").name == "mnist"
    assert set(files_in(cache)) == set(FILES)


def test_only_what_is_missing_is_fetched(mirror, cache):
    put(cache, {file: CONTENT[file] for file in (TRAIN_IMAGES, TEST_IMAGES, TEST_LABELS)})
    assert_is_the_tiny_set()
    assert set(mirror.requests) == {f"/{TRAIN_LABELS}.gz", f"/{TEST_LABELS}.gz"}


def test_files_that_are_there_need_no_network(publish, tmp_path):
    put(tmp_path / "MNIST" / "raw")
    before = files_in(tmp_path)
    assert_is_the_tiny_set(root=tmp_path)
    assert load("auto", root=tmp_path).name == "mnist"
    assert files_in(tmp_path) == before


def test_a_home_folder_may_be_written_with_a_tilde(publish, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "sets" / "MNIST" / "raw")
    assert_is_the_tiny_set(root="~/sets")


def test_torchvisions_own_processed_files_are_not_trusted(publish, tmp_path):
    """torchvision would read processed/training.pt, unchecked, instead of the raw files."""
    put(tmp_path / "MNIST" / "raw")
    processed = tmp_path / "MNIST" / "processed"
    processed.mkdir()
    for file in ("training.pt", "test.pt"):
        torch.save((torch.zeros(1, 28, 28, dtype=torch.uint8), torch.zeros(1)), processed / file)
    assert_is_the_tiny_set(root=tmp_path)


DAMAGE = {
    "truncated": lambda content: content[:-1],
    "half of it": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "one byte more": lambda content: content + b"\0",
    "a web page": lambda content: b"<html>Please log in</html>",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("train", [True, False])
def test_a_damaged_file_in_a_given_folder_is_refused_by_name_and_kept(
    damage, train, publish, tmp_path
):
    raw = put(tmp_path / "MNIST" / "raw")
    bad = DAMAGE[damage](CONTENT[TRAIN_IMAGES])
    (raw / TRAIN_IMAGES).write_bytes(bad)
    for name in ("mnist", "auto"):
        with pytest.raises(DataError) as error:
            load(name, root=tmp_path, train=train)
        assert str(raw / TRAIN_IMAGES) in str(error.value)
        assert "damaged" in str(error.value) and "AECORE_DATA" in str(error.value)
    assert (raw / TRAIN_IMAGES).read_bytes() == bad


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(file=st.sampled_from(FILES), where=st.floats(0, 0.999), flip=st.integers(1, 255))
def test_no_changed_byte_is_ever_read(publish, tmp_path, file, where, flip):
    raw = put(tmp_path / "MNIST" / "raw")
    content = bytearray(CONTENT[file])
    content[int(where * len(content))] ^= flip
    (raw / file).write_bytes(content)
    with pytest.raises(DataError, match=file):
        load("mnist", root=tmp_path)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_in_our_cache_is_fetched_again(damage, mirror, cache):
    put(cache)
    (cache / TEST_LABELS).write_bytes(DAMAGE[damage](CONTENT[TEST_LABELS]))
    assert_is_the_tiny_set()
    assert files_in(cache) == CONTENT


def test_a_damaged_file_in_our_cache_is_removed_where_there_is_no_network(publish, cache, capsys):
    put(cache)
    (cache / TEST_IMAGES).write_bytes(b"half")
    with pytest.raises(DataError, match=f"{TEST_IMAGES} is damaged .* and has been removed"):
        load("mnist")
    assert not (cache / TEST_IMAGES).exists()
    assert load("auto", limit=2).name == "strokes"
    assert f"{TEST_IMAGES} is missing" in capsys.readouterr().out


def test_a_damaged_file_in_a_given_folder_is_replaced_once_an_intact_one_is_at_hand(
    mirror, tmp_path
):
    raw = put(tmp_path / "MNIST" / "raw")
    (raw / TRAIN_IMAGES).write_bytes(b"half")
    assert_is_the_tiny_set(root=tmp_path)
    assert files_in(raw) == {**CONTENT, f"{TRAIN_IMAGES}.damaged": b"half"}


def test_an_archive_beside_the_files_serves_where_there_is_no_network(publish, tmp_path):
    raw = put(tmp_path / "MNIST" / "raw", {**CONTENT, **ARCHIVES})
    (raw / TRAIN_IMAGES).unlink()
    (raw / TEST_LABELS).write_bytes(b"half")
    assert_is_the_tiny_set(root=tmp_path)


def test_a_download_that_breaks_off_leaves_nothing_behind(mirror, cache):
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = breaks_off(f"{TRAIN_IMAGES}.gz")
    with pytest.raises(MissingDataError, match=rf"{TRAIN_IMAGES}\.gz"):
        load("mnist")
    assert not cache.exists()
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = ARCHIVES[f"{TRAIN_IMAGES}.gz"]
    assert_is_the_tiny_set()


@pytest.mark.parametrize(
    "served", [b"<html>Please log in</html>", b"", ARCHIVES[f"{TEST_IMAGES}.gz"]]
)
def test_an_archive_with_another_md5_is_never_unzipped(mirror, cache, served):
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = served
    with pytest.raises(MissingDataError, match=f"delivered something else .{len(served):,} bytes"):
        load("mnist")
    assert not cache.exists()


def test_a_mirror_that_serves_a_log_in_page_for_everything_is_no_mirror(mirror, cache):
    mirror.files = dict.fromkeys(mirror.files, b"<html>Please log in</html>")
    with pytest.raises(MissingDataError, match="delivered something else"):
        load("mnist")
    assert mirror.requests == [f"/{TEST_LABELS}.gz"]


def test_the_next_mirror_is_asked_where_one_fails(publish, mirror, cache):
    broken = Mirror()
    broken.files = {f"/{TEST_LABELS}.gz": ARCHIVES[f"{TEST_LABELS}.gz"]}
    with contextlib.closing(broken):
        publish(broken.url, mirror.url)
        assert_is_the_tiny_set()


def test_a_failure_while_writing_leaves_no_partial_file(mirror, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(MissingDataError, match=r"cannot be written to .*No space left"):
        load("mnist")
    assert files_in(cache.parent) == {} and list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_swept_away_later(mirror, cache):
    left, fresh = cache / ".incoming-old", cache / ".incoming-new"
    for folder in (left, fresh):
        put(folder, {TRAIN_IMAGES: b"half"})
    os.utime(left, (time.time() - 7200,) * 2)
    assert_is_the_tiny_set()
    assert not left.exists()
    assert fresh.exists()  # another process may be at work on it


def test_a_read_only_folder_is_read(publish, tmp_path, monkeypatch):
    put(tmp_path / "MNIST" / "raw")
    put(tmp_path / "KMNIST" / "raw", {**CONTENT, **ARCHIVES})

    def read_only(*_, **__):
        raise PermissionError(30, "Read-only file system")

    for writer in ("tempfile.mkdtemp", "pathlib.Path.mkdir", "os.replace", "pathlib.Path.unlink"):
        monkeypatch.setattr(writer, read_only)
    assert_is_the_tiny_set(root=tmp_path)
    assert_is_the_tiny_set("kmnist", root=tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(mirror, tmp_path, monkeypatch, capsys):
    def read_only(*_, **__):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", read_only)
    with pytest.raises(MissingDataError, match=r"cannot be written to .*Read-only file system"):
        load("mnist", root=tmp_path)
    assert load("auto", root=tmp_path, limit=2).name == "strokes"
    assert "cannot be written to" in capsys.readouterr().out


def test_kmnist_is_checked_by_what_its_verified_archives_held(publish, tmp_path):
    raw = put(tmp_path / "KMNIST" / "raw", {**CONTENT, **ARCHIVES})
    assert_is_the_tiny_set("kmnist", root=tmp_path)
    lines = (raw / mnist.MANIFEST).read_text().splitlines()
    assert lines == [f"{md5(CONTENT[file])}  {file}" for file in FILES]
    for archive in ARCHIVES:
        (raw / archive).unlink()
    assert_is_the_tiny_set("kmnist", root=tmp_path)
    (raw / TEST_IMAGES).write_bytes(DAMAGE["one bit"](CONTENT[TEST_IMAGES]))
    with pytest.raises(DataError, match=f"{TEST_IMAGES} is damaged"):
        load("kmnist", root=tmp_path)


@pytest.mark.skipif(shutil.which("md5sum") is None, reason="there is no program md5sum")
def test_the_record_of_md5s_is_one_that_md5sum_can_check(mirror, tmp_path):
    load("kmnist", root=tmp_path)
    raw = tmp_path / "KMNIST" / "raw"
    run = subprocess.run(
        ["md5sum", "--strict", "--check", mnist.MANIFEST], cwd=raw, capture_output=True, text=True
    )
    assert run.returncode == 0 and run.stdout.count(": OK") == 4


def test_a_damaged_archive_vouches_for_nothing(publish, tmp_path):
    raw = put(tmp_path / "KMNIST" / "raw", {**CONTENT, **ARCHIVES})
    (raw / f"{TRAIN_LABELS}.gz").write_bytes(gzip.compress(b"other labels"))
    with pytest.raises(DataError, match=rf"{TRAIN_LABELS} cannot be checked"):
        load("kmnist", root=tmp_path)


def test_files_of_unknown_md5_are_refused_until_someone_vouches_for_them(publish, tmp_path):
    raw = put(tmp_path / "KMNIST" / "raw")
    with pytest.raises(DataError) as error:
        load("kmnist", root=tmp_path)
    command = "md5sum *-ubyte > md5sums"
    assert str(raw / TRAIN_IMAGES) in str(error.value) and f"`{command}`" in str(error.value)
    vouched = "".join(f"{md5(content)} *{file}\n" for file, content in CONTENT.items())
    (raw / mnist.MANIFEST).write_text(vouched)
    assert_is_the_tiny_set("kmnist", root=tmp_path)


def test_files_of_unknown_md5_are_compared_with_a_fresh_download_where_there_is_a_network(
    mirror, tmp_path
):
    raw = put(tmp_path / "KMNIST" / "raw")
    assert_is_the_tiny_set("kmnist", root=tmp_path)
    assert {file: files_in(raw)[file] for file in FILES} == CONTENT


@pytest.mark.parametrize("content", [b"", b"\xff\xfe not text", b"a line of several words\n"])
def test_a_record_that_cannot_be_read_is_no_record(publish, tmp_path, content):
    raw = put(tmp_path / "KMNIST" / "raw")
    (raw / mnist.MANIFEST).write_bytes(content)
    with pytest.raises(DataError, match="cannot be checked"):
        load("kmnist", root=tmp_path)


def test_a_network_that_swallows_everything_costs_seconds_and_is_asked_once(publish, cache, capsys):
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


def test_a_name_server_that_never_answers_costs_no_more(publish, cache, monkeypatch):
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


def test_a_mirror_that_falls_silent_later_is_given_up(mirror, cache, monkeypatch):
    released = threading.Event()
    mirror.files[f"/{TRAIN_IMAGES}.gz"] = lambda request: released.wait(60)
    monkeypatch.setattr(mirrors, "STALL_SECONDS", 0.3)
    try:
        with pytest.raises(MissingDataError, match="timed out"):
            load("mnist")
    finally:
        released.set()
    assert not cache.exists()


def test_a_name_that_does_not_resolve_is_said_plainly(publish, cache, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    publish("https://one.invalid/", "https://two.invalid/")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(MissingDataError, match=r"\(Name or service not known\)"):
        load("mnist")


def test_auto_asks_a_dead_network_once_but_a_named_set_asks_again(publish, mirror, cache):
    good, mirror.files = mirror.files, {}
    assert load("auto", limit=2).name == load("auto", limit=2).name == "strokes"
    assert len(mirror.requests) == 1
    with pytest.raises(MissingDataError, match="Not Found"):
        load("mnist")
    assert len(mirror.requests) == 2
    mirror.files = good
    assert load("mnist").name == "mnist"
    assert load("auto").name == "mnist"


def test_files_that_arrive_during_the_process_are_found(publish, cache):
    assert load("auto", limit=2).name == "strokes"
    put(cache)
    assert load("auto").name == "mnist"


def test_a_half_present_set_names_what_is_missing(publish, tmp_path, capsys):
    raw = put(tmp_path / "MNIST" / "raw", {TRAIN_IMAGES: CONTENT[TRAIN_IMAGES]})
    with pytest.raises(MissingDataError) as error:
        load("mnist", root=tmp_path)
    for file in (TRAIN_LABELS, TEST_IMAGES, TEST_LABELS):
        assert f"{raw / file} is missing" in str(error.value)
    assert str(raw / TRAIN_IMAGES) not in str(error.value)
    assert load("auto", root=tmp_path, limit=2).name == "strokes"


def test_two_processes_may_download_at_once(mirror, cache):
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
    assert files_in(cache) == CONTENT
