"""Files that are there: read, damaged, incomplete, or of unknown origin; on a tiny set."""

import gzip
import shutil
import subprocess

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_mnist import (
    ARCHIVES,
    CONTENT,
    DAMAGE,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    assert_is_the_tiny_set,
    files_in,
    md5,
    put,
)

from aecore import mnist
from aecore.data import load
from aecore.mnist import FILES, DataError, MissingDataError


def test_the_fixed_md5s_are_those_of_the_published_files():
    """MNIST's are checked on the files themselves where they are (test_data.py)."""
    for md5s in mnist.RAW_MD5.values():
        assert tuple(md5s) == FILES
        assert all(len(value) == 32 and int(value, 16) for value in md5s.values())
    every = [value for md5s in mnist.RAW_MD5.values() for value in md5s.values()]
    assert len(set(every)) == 8


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


def test_a_damaged_file_in_our_cache_is_removed_where_there_is_no_network(
    publish, own_cache, capsys
):
    put(own_cache)
    (own_cache / TEST_IMAGES).write_bytes(b"half")
    with pytest.raises(DataError, match=f"{TEST_IMAGES} is damaged .* and has been removed"):
        load("mnist")
    assert not (own_cache / TEST_IMAGES).exists()
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


def test_a_read_only_folder_is_read(publish, tmp_path, monkeypatch):
    put(tmp_path / "MNIST" / "raw")
    put(tmp_path / "KMNIST" / "raw", {**CONTENT, **ARCHIVES})

    def read_only(*_, **__):
        raise PermissionError(30, "Read-only file system")

    for writer in ("tempfile.mkdtemp", "pathlib.Path.mkdir", "os.replace", "pathlib.Path.unlink"):
        monkeypatch.setattr(writer, read_only)
    assert_is_the_tiny_set(root=tmp_path)
    assert_is_the_tiny_set("kmnist", root=tmp_path)


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


def test_files_that_arrive_during_the_process_are_found(publish, own_cache):
    assert load("auto", limit=2).name == "strokes"
    put(own_cache)
    assert load("auto").name == "mnist"


def test_a_half_present_set_names_what_is_missing(publish, tmp_path, capsys):
    raw = put(tmp_path / "MNIST" / "raw", {TRAIN_IMAGES: CONTENT[TRAIN_IMAGES]})
    with pytest.raises(MissingDataError) as error:
        load("mnist", root=tmp_path)
    for file in (TRAIN_LABELS, TEST_IMAGES, TEST_LABELS):
        assert f"{raw / file} is missing" in str(error.value)
    assert str(raw / TRAIN_IMAGES) not in str(error.value)
    assert load("auto", root=tmp_path, limit=2).name == "strokes"
