"""Waits for files to change. The home of watchfiles."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from pathlib import Path

__all__ = ["turns"]


def turns(folders: Collection[Path], seconds: float) -> Iterator[None]:
    """Yields at once, then whenever a file below the folders changed, and every so many seconds in any case.

    Hidden files do not count: they are no documents, and what evalkit itself keeps lies in them.
    """
    from watchfiles import watch

    watched = [folder.resolve() for folder in folders if folder.is_dir()]

    def counts(_: object, path: str) -> bool:
        below = (Path(path).relative_to(folder) for folder in watched if Path(path).is_relative_to(folder))
        return any(not any(part.startswith(".") for part in inner.parts) for inner in below)

    yield
    if watched:
        yield from (
            None
            for _ in watch(
                *watched,
                watch_filter=counts,
                rust_timeout=max(1, round(1000 * seconds)),
                yield_on_timeout=True,
            )
        )
    while True:
        time.sleep(seconds)
        yield
