from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalkit.backends.watching import turns

HOUR = 3600.0


@contextmanager
def writing(*paths: Path) -> Iterator[list[Path]]:
    """Changes a file again and again, then the next one; what was begun is in the list."""
    begun: list[Path] = []
    over = threading.Event()

    def write() -> None:
        for path in paths:
            begun.append(path)
            for number in range(20 if path != paths[-1] else 10**6):
                path.parent.mkdir(exist_ok=True)
                path.write_text(str(number))
                if over.wait(0.02):
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield begun
    finally:
        over.set()
        writer.join()


def test_a_change_is_a_turn_and_a_hidden_one_is_none(tmp_path: Path) -> None:
    project = tmp_path / ".checkout"
    project.mkdir()
    waiting = turns([project], HOUR)
    next(waiting)
    with writing(project / ".evalkit" / "store", project / "docs" / "a.md") as begun:
        next(waiting)
        assert begun == [project / ".evalkit" / "store", project / "docs" / "a.md"]


def test_a_turn_comes_without_a_change_too(tmp_path: Path) -> None:
    waiting = turns([tmp_path], 0.01)
    assert [next(waiting) for _ in range(3)] == [None] * 3
    nothing_to_watch = turns([tmp_path / "absent"], 0.01)
    assert [next(nothing_to_watch) for _ in range(3)] == [None] * 3
