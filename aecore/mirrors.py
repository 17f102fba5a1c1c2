"""Where the MNIST family is published, as torchvision knows it, and a download that cannot hang.

torchvision's own download waits without end where a name server or a connection never answers. This
one uses torchvision's list of mirrors and its md5 of every archive, and bounds every wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from http.client import HTTPException
from urllib.parse import urlsplit

PROBE_SECONDS = 3.0  # for a mirror to deliver its smallest archive, intact
STALL_SECONDS = 10.0  # of silence in a later download before it is given up
_PROBE = "t10k-labels-idx1-ubyte.gz"  # the smallest archive: 5 kB
_LARGEST = 64 * 2**20  # bytes; the largest archive has 31 MB
_lacking = []  # operators declared for torchvision, kept alive


def torchvision_mnist():
    """The module `torchvision.datasets.mnist`, imported when it is first needed.

    torchvision refuses to be imported where its compiled operators do not fit the torch beside it
    (a CPU-only torch, say). Reading images needs none of them: it is enough to declare their names.
    """
    try:
        from torchvision.datasets import mnist
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        import torch

        library = torch.library.Library("torchvision", "FRAGMENT")
        _lacking.append(library)
        for name in ("nms", "qnms"):
            with contextlib.suppress(RuntimeError):  # already declared by someone else
                library.define(f"{name}(Tensor dets, Tensor scores, float threshold) -> Tensor")
        from torchvision.datasets import mnist
    return mnist


def archives(dataset):
    """The mirrors of a torchvision class (a list of URLs), and its archives: {file name: md5}.

    dataset: the name of the class, such as "MNIST".
    """
    published = getattr(torchvision_mnist(), dataset)
    return list(published.mirrors), dict(published.resources)


def download(dataset, files, announce):
    """The archives `files` of a torchvision class, verified: an iterator of (file name, bytes).

    dataset: the name of the class. files: names of archives.
    announce: ``announce(host)`` is called once a mirror has answered.
    Raises OSError where none does within PROBE_SECONDS, or where an archive cannot be had intact from any
    of them.
    """
    mirrors, md5 = archives(dataset)
    first = _first_to_deliver(mirrors, _PROBE, md5[_PROBE])
    announce(urlsplit(first).netloc)
    order = [first, *(mirror for mirror in mirrors if mirror != first)]
    for file in files:
        yield file, _from_any(order, file, md5[file])


def _first_to_deliver(mirrors, file, md5):
    """The mirror that is first to deliver a file intact; all are asked at once.

    Each is asked in a thread of its own, as nothing else bounds a name server that never answers.
    """
    answers = queue.SimpleQueue()

    def ask(mirror):
        try:
            # A socket may wait longer than we do, so that it is always the deadline that ends a silence.
            _get(mirror + file, md5, 2 * PROBE_SECONDS)
            answers.put((mirror, None))
        except (OSError, HTTPException) as error:
            answers.put((mirror, error))

    for mirror in mirrors:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    deadline = time.monotonic() + PROBE_SECONDS
    errors = []
    for _ in mirrors:
        try:
            mirror, error = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError(f"no mirror answered within {PROBE_SECONDS:g} seconds") from None
        if error is None:
            return mirror
        errors.append(_plain(error))
    raise OSError("; ".join(dict.fromkeys(errors)))


def _from_any(mirrors, file, md5):
    errors = []
    for mirror in mirrors:
        try:
            return _get(mirror + file, md5, STALL_SECONDS)
        except (OSError, HTTPException) as error:
            errors.append(f"{mirror}{file}: {_plain(error)}")
    raise OSError("; ".join(errors))


def _plain(error):
    """What went wrong, without error numbers."""
    cause = getattr(error, "reason", error)
    return getattr(cause, "strerror", None) or str(cause)


def _get(url, md5, seconds):
    """The bytes at a URL, if they have this md5; no silence may last longer than `seconds`."""
    from urllib.request import Request, urlopen

    with urlopen(Request(url, headers={"User-Agent": "aecore"}), timeout=seconds) as response:
        data = response.read(_LARGEST)
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5:
        raise OSError(f"delivered something else ({len(data):,} bytes, md5 {found}, not {md5})")
    return data
