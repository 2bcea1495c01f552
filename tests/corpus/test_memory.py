from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from evalkit.corpus.memory import Memories
from evalkit.types import Memory


def test_each_source_has_its_own_and_it_lasts(tmp_path: Path) -> None:
    memories = Memories(tmp_path / "sources.sqlite")
    ours, theirs = memories.of("ours"), memories.of("theirs")
    ours.update({"cursor": "7", "file a": ""})
    ours.update({"cursor": "8"})
    theirs.update({"cursor": "1"})
    memories.close()
    again = Memories(tmp_path / "sources.sqlite")
    assert dict(again.of("ours").items()) == {"cursor": "8", "file a": ""}
    assert (again.of("ours").get("nothing"), again.of("theirs").get("cursor")) == (None, "1")
    again.of("ours").clear()
    assert (list(again.of("ours").items()), again.of("theirs").get("cursor")) == ([], "1")
    again.forget()
    assert again.of("theirs").get("cursor") is None


def test_a_dict_is_a_memory() -> None:
    memory: Memory = {"a": "1"}
    memory.update({"b": "2"})
    assert dict(memory.items()) == {"a": "1", "b": "2"}


def _write(path: Path) -> None:
    memory = Memories(path).of("s")
    for number in range(10**9):
        memory.update({"a": str(number), "b": str(number)})


@pytest.mark.skipif(os.name == "nt", reason="kills a process as POSIX does")
def test_an_update_is_whole_or_absent_after_a_kill(tmp_path: Path) -> None:
    writer = multiprocessing.get_context("spawn").Process(target=_write, args=(tmp_path / "sources.sqlite",))
    writer.start()
    reader = Memories(tmp_path / "sources.sqlite").of("s")
    while int(reader.get("a") or 0) < 20:
        assert writer.is_alive()
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    found = dict(Memories(tmp_path / "sources.sqlite").of("s").items())
    assert found["a"] == found["b"]
