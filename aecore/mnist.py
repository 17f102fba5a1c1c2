"""The files of MNIST, Fashion-MNIST and KMNIST: found, verified, and fetched where they are not.

torchvision says where the files are published, how its folders look (`root/MNIST/raw/...`) and how
a file is read; this module sees to it that only intact files are. No file is used before its md5
is right. What is right for an unzipped file is known, in this order, from

1. the table below (MNIST, Fashion-MNIST);
2. `md5sums` beside the files, in the format of the program `md5sum`. It is written here from an
   archive that has its published md5 (KMNIST), or by you, to vouch for your own files;
3. such an archive itself, beside the files, where torchvision's own download leaves it.

A file whose md5 is not known cannot be told from a damaged one, and is refused like one.

A download is unzipped and verified in memory, written to a temporary folder on the same file system
and renamed into place, so no partial file is ever seen. A damaged file is removed from our own
cache. In a folder that you gave, nothing is removed: a damaged file is refused, until an intact one
can be fetched; that takes its place, and the old one stays beside it as `.damaged`.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import tempfile
import time
from http.client import HTTPException
from pathlib import Path

from aecore import mirrors

CLASSES = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}
RAW_MD5 = {
    "mnist": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}
FILES = tuple(RAW_MD5["mnist"])
MANIFEST = "md5sums"

_refusals = {}  # why a set could not be fetched into a folder, in this process: {folder: reason}


class DataError(RuntimeError):
    """The files of a data set are damaged, or cannot be checked."""


class MissingDataError(DataError):
    """The files of a data set are not there; `reason` says, in a clause, why they are not.

    way_out: a sentence on what to do about it, for the message.
    """

    def __init__(self, reason, way_out):
        super().__init__(f"{reason}. {way_out}")
        self.reason = reason


def where(root=None):
    """The folder to look in, whether it is our own cache, and whether the network is off limits.

    root: the folder that was asked for, or None for $AECORE_DATA or, without that, our own cache.
    """
    given = root or os.environ.get("AECORE_DATA")
    offline = os.environ.get("AECORE_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")
    return Path(given or _cache()).expanduser(), not given, offline


def source(name):
    """What `read` finds before it asks the network, in words: where they are equal, images are.

    name: "mnist", "fashion_mnist" or "kmnist".
    """
    root, _, offline = where()
    raw = root / CLASSES[name] / "raw"
    if bad := _bad_files(name, raw, ours=False):
        return "; ".join(bad.values()) + ("; AECORE_OFFLINE is set" if offline else "")
    right = _right_md5s(name, raw)
    return f"{CLASSES[name]} " + _md5("".join(right[file] for file in FILES).encode())


def read(name, *, train, root, ours=False, offline=False, retry=True):
    """Grey levels uint8 [N, 28, 28] and labels int64 [N] of a set in `root`, fetched if need be.

    name: "mnist", "fashion_mnist" or "kmnist". train: the training set, or else the test set.
    root: the folder that has MNIST/raw and so on. offline: whether to leave the network alone.
    ours: whether `root` is our own cache, where damaged files are removed.
    retry: whether to ask the network again where it failed before in this process.
    Raises MissingDataError where files are missing, DataError where they are damaged, and in both
    cases could not be fetched.
    """
    raw = Path(root).expanduser() / CLASSES[name] / "raw"
    bad = _bad_files(name, raw, ours)
    if bad:
        if offline:
            refusal = "AECORE_OFFLINE is set"
        elif not retry and _refusals.get(raw):
            refusal = _refusals[raw]
        else:
            refusal = _refusals[raw] = _fetch(name, raw, list(bad), ours)
        if refusal is not None or (bad := _bad_files(name, raw, ours)):
            _give_up(name, raw, bad, refusal or "what was downloaded could not be read back")
    reader = mirrors.torchvision_mnist()
    part = "train" if train else "t10k"
    images = reader.read_image_file(str(raw / f"{part}-images-idx3-ubyte"))
    return images, reader.read_label_file(str(raw / f"{part}-labels-idx1-ubyte"))


def _cache():
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "aecore"


def _bad_files(name, raw, ours):
    """The files that cannot be used, and what is wrong with each: {file: complaint}."""
    there = [file for file in FILES if (raw / file).exists()]
    bad = {file: f"{raw / file} is missing" for file in FILES if file not in there}
    right = _right_md5s(name, raw) if there else {}
    for file in there:
        path = raw / file
        data = path.read_bytes()
        if file not in right:
            bad[file] = (
                f"{path} cannot be checked, as its md5 is not known: put the published {file}.gz "
                f"beside it or, if you trust the files, run `md5sum *-ubyte > {MANIFEST}` there"
            )
        elif _md5(data) != right[file]:
            bad[file] = (
                f"{path} is damaged ({len(data):,} bytes with md5 {_md5(data)}, not {right[file]})"
            )
            if ours:
                with contextlib.suppress(OSError):
                    path.unlink()
                    bad[file] += " and has been removed"
    return bad


def _right_md5s(name, raw):
    """The md5 that each unzipped file must have, as far as it is known: {file: md5}."""
    if name in RAW_MD5:
        return RAW_MD5[name]
    right = _read_manifest(raw)
    unknown = [file for file in FILES if file not in right]
    derived = {file: _md5(data) for file in unknown if (data := _unzipped_beside(name, raw, file))}
    if derived:
        right |= derived
        with contextlib.suppress(OSError):  # in a read-only folder they are derived each time
            _install(raw, {MANIFEST: _manifest(right)}, ours=True)
    return right


def _unzipped_beside(name, raw, file):
    """What the archive beside a file holds, if it is there and intact, or None."""
    archive = raw / f"{file}.gz"
    if not archive.exists():
        return None
    data = archive.read_bytes()
    _, published = mirrors.archives(CLASSES[name])
    return gzip.decompress(data) if _md5(data) == published[archive.name] else None


def _read_manifest(raw):
    try:
        lines = (raw / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = [line.split() for line in lines]
    return {pair[1].lstrip("*"): pair[0].lower() for pair in pairs if len(pair) == 2}


def _manifest(md5s):
    return "".join(f"{md5}  {file}\n" for file, md5 in md5s.items()).encode()


def _fetch(name, raw, files, ours):
    """Put intact `files` in place. Returns None, or the reason why it could not be done."""

    def announce(host):
        print(f"Downloading {CLASSES[name]} from {host} to {raw}.")

    try:
        beside = {file: _unzipped_beside(name, raw, file) for file in files}
        contents = {file: data for file, data in beside.items() if data is not None}
        absent = [f"{file}.gz" for file in files if file not in contents]
        if absent:
            for archive, data in mirrors.download(CLASSES[name], absent, announce):
                contents[archive.removesuffix(".gz")] = gzip.decompress(data)
    except (OSError, HTTPException, ImportError, RuntimeError) as error:
        return f"it could not be downloaded ({error})"
    if name not in RAW_MD5:
        right = _right_md5s(name, raw) | {file: _md5(data) for file, data in contents.items()}
        contents = {MANIFEST: _manifest(right), **contents}
    try:
        _install(raw, contents, ours)
    except OSError as error:
        return f"{raw} cannot be written to ({error})"
    return None


def _install(raw, contents, ours):
    """Write {file: bytes} into the folder `raw`, each file at once or not at all."""
    raw.mkdir(parents=True, exist_ok=True)
    for left in raw.glob(".incoming-*"):  # by a process that was killed
        with contextlib.suppress(FileNotFoundError):  # one that is running has just finished
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=raw) as incoming:
        for file, data in contents.items():
            (Path(incoming) / file).write_bytes(data)
        for file in contents:
            if not ours and file != MANIFEST and (raw / file).exists():
                os.replace(raw / file, raw / f"{file}.damaged")
            os.replace(Path(incoming) / file, raw / file)


def _give_up(name, raw, bad, refusal):
    way_out = (
        f"Set $AECORE_DATA to a folder that has the set as {CLASSES[name]}/raw/..., or go online "
        "once, or use load('strokes'), which needs no files."
    )
    complaint = "; ".join(bad.values())
    if any((raw / file).exists() for file in bad):
        raise DataError(f"{complaint}. It was not used, and {refusal}. {way_out}")
    if all(text.endswith("is missing") for text in bad.values()) and len(bad) == len(FILES):
        complaint = f"{CLASSES[name]} is not in {raw}"
    raise MissingDataError(f"{complaint}, and {refusal}", way_out)


def _md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
