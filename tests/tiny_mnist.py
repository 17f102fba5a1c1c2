"""A tiny set that stands in for MNIST, the folders to put it in, and a local server that publishes it."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from aecore import data, mirrors, mnist
from aecore.data import load
from aecore.mnist import FILES

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
DAMAGE = {
    "truncated": lambda content: content[:-1],
    "half of it": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "one byte more": lambda content: content + b"\0",
    "a web page": lambda content: b"<html>Please log in</html>",
}


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
def own_cache(monkeypatch, tmp_path):
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
