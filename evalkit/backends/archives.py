"""Members of zip and tar archives, in memory and under caps: nothing is unpacked onto a disk. Standard library only.

Names, links and devices are checked here, not left to the unpacking library; sizes are counted while bytes come out,
never believed from a header. An archive inside an archive is one of its files and stays closed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

__all__ = ["Caps", "Member", "check_zip", "members"]

_PIECE = 65536
_HEADER = 1_000_000
_PACKED: Mapping[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Caps:
    """What an archive may hold: members, bytes a member, bytes in all, and how far it may unpack (times its size)."""

    count: int = 20_000
    member: int = 20_000_000
    total: int = 500_000_000
    ratio: float = 200.0


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its bytes, or why it is refused and no bytes."""

    name: str
    data: bytes = b""
    refused: str = ""


def members(path: Path, caps: Caps) -> Iterator[Member]:
    """Yields the files of an archive; folders are left out.

    Raises:
        ValueError: where it is no archive, or holds more than the caps allow.
        OSError: where it cannot be read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        yield from _zip(file, size, caps) if zipfile.is_zipfile(file) else _tar(file, size, caps)


def check_zip(file: IO[bytes], size: int, caps: Caps) -> None:
    """Reads a zip to its end without keeping it, as Office files must be before anything else opens them.

    Raises:
        ValueError: where it is no zip, a member is refused, or it holds more than the caps allow.
    """
    for member in _zip(file, size, caps):
        if member.refused:
            raise ValueError(f"its part {member.name!r} {member.refused}")


def _zip(file: IO[bytes], size: int, caps: Caps) -> Iterator[Member]:
    budget = _Budget(size, caps)
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                kind = stat.S_IFMT(info.external_attr >> 16)
                refused = _refused(info.filename) or (
                    "is a link or a device" if kind not in {0, stat.S_IFREG} else ""
                )
                refused = refused or ("is encrypted" if info.flag_bits & 1 else "")
                # The others unpack as much as a piece holds at once, however much that is.
                plain = info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
                refused = refused or (
                    "" if plain else "is not packed as zips commonly are (deflate); pack it anew"
                )
                yield (
                    budget.refuse(info.filename, refused)
                    if refused
                    else budget.take(info.filename, archive.open(info))
                )
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        UnicodeError,
        zlib.error,
    ) as error:
        raise ValueError(f"not a readable zip archive ({error})") from error


def _tar(file: IO[bytes], size: int, caps: Caps) -> Iterator[Member]:
    budget = _Budget(size, caps)
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    unpack = next((unpack for mark, unpack in _PACKED.items() if start.startswith(mark)), None)
    try:
        unpacked = _Unpacked(unpack(file) if unpack else file, size, caps)
        with tarfile.open(fileobj=cast("IO[bytes]", unpacked), mode="r:") as archive:
            for info in archive:
                unpacked.until = archive.offset + _HEADER
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep all of them
                if info.isdir():
                    continue
                body = archive.extractfile(info) if info.isreg() else None
                refused = _refused(info.name) or ("" if body else "is a link or a device")
                yield (
                    budget.refuse(info.name, refused)
                    if body is None or refused
                    else budget.take(info.name, body)
                )
            unpacked.finish()
    except (tarfile.TarError, EOFError, UnicodeError, RecursionError, zlib.error, lzma.LZMAError) as error:
        raise _unreadable(error) from error
    except OSError as error:  # how gzip and bz2 say that bytes are not theirs
        if error.errno is None:
            raise _unreadable(error) from error
        raise


def _unreadable(error: Exception) -> ValueError:
    said = str(error).splitlines() or [type(error).__name__]
    return ValueError(f"not a readable zip or tar archive ({said[0].rstrip(':')})")


class _Unpacked:
    """A tar as it comes out of its packing, front to back and counted: links, headers and what is skipped count too.

    `until`: where the next member must have begun; what lies before it is its header, which is held in memory whole.
    """

    def __init__(self, file: IO[bytes], size: int, caps: Caps) -> None:
        self.file = file
        self.caps = caps
        self.most = max(size, 10_000) * caps.ratio
        self.at = 0
        self.until = _HEADER

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.until - self.at:
            raise ValueError(f"holds a header of more than {_HEADER:,} bytes")
        data = self.file.read(size)
        self.at += len(data)
        if self.at > self.most:
            raise ValueError(f"unpacks to more than {self.caps.ratio:g} times its size")
        return data

    def seek(self, to: int) -> None:
        while self.at < to and self.read(min(_PIECE, to - self.at)):
            pass
        if to < self.at:
            raise ValueError("is no archive that can be read front to back")

    def tell(self) -> int:
        return self.at

    def finish(self) -> None:
        """Reads what follows the last member, where the packing keeps the sum that shows damage."""
        piece = b"more"
        while piece:
            self.until = self.at + _PIECE
            piece = self.read(_PIECE)


class _Budget:
    """What is left of the caps while an archive is read."""

    def __init__(self, size: int, caps: Caps) -> None:
        self.caps = caps
        self.left = min(caps.total, int(max(size, 10_000) * caps.ratio))
        self.count = 0
        self.names: set[str] = set()

    def refuse(self, name: str, why: str) -> Member:
        self._counted()
        return Member(name, refused=why)

    def take(self, name: str, body: IO[bytes]) -> Member:
        self._counted()
        if name in self.names:
            return Member(name, refused="is in the archive twice")
        self.names.add(name)
        pieces, size = [], 0
        with body:
            while piece := body.read(_PIECE):
                size += len(piece)
                self.left -= len(piece)
                if self.left < 0:
                    raise ValueError(
                        f"unpacks to more than {self.caps.total:,} bytes or {self.caps.ratio:g} times its size"
                    )
                if size > self.caps.member:
                    return Member(name, refused=f"is larger than {self.caps.member:,} bytes")
                pieces.append(piece)
        return Member(name, b"".join(pieces))

    def _counted(self) -> None:
        self.count += 1
        if self.count > self.caps.count:
            raise ValueError(f"holds more than {self.caps.count:,} files")


def _refused(name: str) -> str:
    parts = name.split("/")
    if "\\" in name or name.startswith("/") or _DRIVE.match(name) or not {"", ".", ".."}.isdisjoint(parts):
        return "leads out of the archive"
    return "" if name.isprintable() else "has a name with control characters"
