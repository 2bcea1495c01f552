from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

import numpy as np
import pytest

from evalkit.backends.cache import DiskCache
from evalkit.backends.vectors import VectorStore


def entry(seed: int) -> dict[str, np.ndarray]:
    return {"a": np.arange(seed, seed + 50, dtype=np.int32), "b": np.array(["text"])}


def test_arrays_come_back(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    assert cache.get("ab" * 32) is None
    cache.put("ab" * 32, entry(3))
    again = DiskCache(tmp_path).get("ab" * 32)
    assert again is not None
    assert again["a"].tolist() == entry(3)["a"].tolist()
    assert again["b"].tolist() == ["text"]


def test_every_damaged_byte_is_noticed_and_never_served(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    cache.put("ab" * 32, entry(3))
    (path,) = tmp_path.glob("??/*.npz")
    whole = path.read_bytes()
    draw = random.Random(1)
    for _ in range(300):
        edited = bytearray(whole)
        edited[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(edited)
        assert cache.get("ab" * 32) is None
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        assert cache.get("ab" * 32) is None
        assert cache.damaged() == [path]
    cache.put("ab" * 32, entry(3))
    assert cache.get("ab" * 32) is not None


def test_pickles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        DiskCache(tmp_path).put("ab" * 32, {"a": np.array([object()])})


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    import os

    cache = DiskCache(tmp_path)
    for age, key in enumerate(("aa", "bb", "cc")):
        cache.put(key * 32, entry(age))
        os.utime(cache._path(key * 32), (1000 + age, 1000 + age))
    cache.get("aa" * 32)
    size = cache.usage().bytes // 3
    assert cache.usage().entries == 3
    assert cache.shrink(2 * size) == 1
    assert cache.get("bb" * 32) is None
    assert cache.get("aa" * 32) is not None


def keys(count: int, start: int = 0) -> list[bytes]:
    return [n.to_bytes(32, "big") for n in range(start, start + count)]


def test_vectors_come_back_by_identity(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "v")
    rows = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float16)
    store.put("m1", keys(5), rows, np.array([0, 0, 1, 0, 0], dtype=np.bool_))
    found, held, short = store.get("m1", [*keys(5), b"x" * 32])
    assert short.tolist() == [False, False, True, False, False, False]
    assert held.tolist() == [True] * 5 + [False]
    assert found[:5].tobytes() == rows.tobytes()
    assert not store.get("m2", keys(5))[1].any()
    assert store.usage().entries == 5


def test_a_damaged_vector_counts_as_absent(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "v")
    store.put("m", keys(3), np.ones((3, 8), dtype=np.float16), np.zeros(3, dtype=np.bool_))
    store._close()
    data = tmp_path / "v" / "data.mdb"
    content = data.read_bytes()
    row = np.ones(8, dtype=np.float16).tobytes()
    at = content.index(row)
    data.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    again = VectorStore(tmp_path / "v")
    assert int(again.get("m", keys(3))[1].sum()) == 2
    assert again.damaged() == 1


def test_the_texts_unused_for_longest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = VectorStore(tmp_path / "v")
    rows = np.random.default_rng(1).normal(size=(600, 384)).astype(np.float16)
    short = np.arange(600) % 7 == 0
    for hour, first in enumerate(range(0, 600, 200), 1):
        monkeypatch.setattr("time.time", lambda hour=hour: 3600.0 * hour)
        store.put("m", keys(200, first), rows[first : first + 200], short[first : first + 200])
    monkeypatch.setattr("time.time", lambda: 3600.0 * 4)
    store.get("m", keys(200))  # the first are the latest used now
    before = store.usage()
    assert store.shrink(before.bytes) == 0
    (tmp_path / ".vectors-left").mkdir()  # by one that was killed
    gone = store.shrink(before.bytes // 3)
    after = store.usage()
    assert after.bytes <= before.bytes // 3
    assert (after.entries, gone > 200) == (600 - gone, True)
    again, held, cut = VectorStore(tmp_path / "v").get("m", keys(600))
    assert held[:200].all()
    assert not held[200:400].any()
    assert again[held].tobytes() == rows[held].tobytes()
    assert cut[held].tolist() == short[held].tolist()
    assert store.shrink(0) == after.entries
    assert store.usage().entries == 0
    store.put("m", keys(1), rows[:1], short[:1])
    assert store.get("m", keys(1))[1].all()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".v.lock", "v"]


def _write(root: Path, start: int) -> None:
    store = VectorStore(root)
    for key in keys(50, start):
        store.put("m", [key], np.full((1, 4), start, dtype=np.float16), np.zeros(1, dtype=np.bool_))


def test_processes_share_a_store(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path / "v", 100 * n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store = VectorStore(tmp_path / "v")
    assert all(store.get("m", keys(50, 100 * n))[1].all() for n in range(3))
