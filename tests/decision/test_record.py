from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

import pytest

from evalkit.decision.record import BrokenRecord, append, read


def filled(path: Path, count: int = 6) -> bytes:
    for number in range(count):
        append(path, {"decision": "GO", "why": f"Grund {number} – ok", "n": number})
    return path.read_bytes()


def test_entries_are_numbered_and_chained(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    filled(path)
    entries = read(path)
    assert [entry["number"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry["previous"] for entry in entries[1:]] == [entry["digest"] for entry in entries[:-1]]
    assert entries[0]["previous"] == "0" * 64


def test_a_thousand_byte_edits_are_all_detected(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    whole = filled(path)
    draw = random.Random(1)
    for _ in range(1000):
        edited = bytearray(whole)
        edited[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(edited)
        with pytest.raises(BrokenRecord):
            read(path)


def test_deleted_swapped_repeated_and_inserted_stretches_are_detected(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    whole = filled(path)
    lines = whole.splitlines(keepends=True)
    draw = random.Random(2)
    tampered = [whole[:cut] for cut in range(len(whole))]
    tampered += [b"".join(lines[:n] + lines[n + 1 :]) for n in range(len(lines))]
    tampered += [b"".join([*lines[: n + 1], *lines[n:]]) for n in range(len(lines))]
    for _ in range(1000):
        a, b = sorted(draw.sample(range(len(whole)), 2))
        tampered.append(whole[:a] + whole[b:])
        mixed = list(lines)
        i, j = draw.sample(range(len(lines)), 2)
        mixed[i], mixed[j] = mixed[j], mixed[i]
        tampered.append(b"".join(mixed))
        at = draw.randrange(len(whole) + 1)
        tampered.append(whole[:at] + b" " + whole[at:])
    for content in tampered:
        path.write_bytes(content)
        with pytest.raises(BrokenRecord):
            read(path)


def test_nothing_is_added_to_a_broken_record(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    broken = filled(path).replace(b"Grund 2", b"Grund 9")
    path.write_bytes(broken)
    with pytest.raises(BrokenRecord, match=":3: was changed after it was written"):
        append(path, {"decision": "GO"})
    assert path.read_bytes() == broken


def test_a_missing_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrokenRecord, match="no such file"):
        read(tmp_path / "nowhere")


def _add(path: Path, count: int) -> None:
    for number in range(count):
        append(path, {"n": number})


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add, args=(path, 10)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(read(path)) == 30
