"""Files below a root and nowhere else: no link followed, no device opened, no byte read past a cap. Standard library.

A path is opened one folder at a time, each relative to the one above it and none through a link, so a link put in the
way after the listing changes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["read", "walk"]

_WINDOWS = os.name == "nt"
_FOLDER = 0 if _WINDOWS else os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY if _WINDOWS else os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yields every file's path below the root, with its state, in a stable order; hidden files and links are left out.

    Raises:
        OSError: where a folder cannot be listed.
    """
    waiting = [""]
    while waiting:
        below = waiting.pop()
        folders = []
        for entry in _entries(root, below.split("/") if below else []):
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False)
        waiting += reversed(folders)


def _entries(root: Path, parts: list[str]) -> Iterator[os.DirEntry[str]]:
    """Yields what lies in a folder, by name; nothing where a link has been put in its place since it was listed."""
    try:
        place = str(root.joinpath(*parts)) if _WINDOWS else _enter(root, parts)
    except ValueError:
        return
    try:
        with os.scandir(place) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        yield from (entry for entry in entries if not entry.name.startswith(".") and not entry.is_symlink())
    finally:
        if isinstance(place, int):
            os.close(place)


def read(root: Path, path: str, *, max_bytes: int) -> bytes:
    """Reads one file below the root.

    Raises:
        FileNotFoundError: where there is none.
        ValueError: where it is no plain file of its own below the root, or too large.
        OSError: where it cannot be read.
    """
    parts = path.split("/")
    if not all(parts) or not {".", ".."}.isdisjoint(parts) or "\x00" in path:
        raise ValueError(f"{path!r} is not a path below its folder")
    handle = _open(root, parts)
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise ValueError("is not a plain file")
        if state.st_nlink > 1 and not _WINDOWS:
            raise ValueError(
                f"has {state.st_nlink} names (hard links), so it may belong to another folder; copy it instead"
            )
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            size = max(state.st_size, len(data))
            raise ValueError(f"{size:,} bytes; at most {max_bytes:,} are read (max_bytes)")
        return data
    finally:
        os.close(handle)


def _open(root: Path, parts: list[str]) -> int:
    if _WINDOWS:
        target = root.joinpath(*parts)
        if not target.resolve().is_relative_to(root.resolve()):
            raise ValueError("leads out of its folder")
        return os.open(target, _FILE)
    folder = _enter(root, parts[:-1])
    try:
        return _step(parts[-1], _FILE, folder)
    finally:
        os.close(folder)


def _enter(root: Path, parts: list[str]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            below = _step(part, _FOLDER, folder)
            os.close(folder)
            folder = below
    except BaseException:
        os.close(folder)
        raise
    return folder


def _step(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise ValueError("is or lies behind a link; links are not followed") from error
        raise
