"""The decision record: JSON lines, each chained to the one before, closed by a line that counts them.

Editing, deleting, adding or swapping anything breaks the chain, the count or the exact form of a line. The
file is replaced whole and atomically, so a crash leaves the old record or the new one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from evalkit.backends.files import exclusive, write_atomic
from evalkit.digest import canonical_json, of_value
from evalkit.errors import EvalkitError

__all__ = ["BrokenRecord", "append", "read"]

Entry = Mapping[str, object]

_START = "0" * 64


class BrokenRecord(EvalkitError):  # noqa: N818
    """A decision record was changed after it was written."""

    kind = "decision record"


def append(path: Path, entry: Entry) -> dict[str, object]:
    """Adds a decision to a record and returns it with its number, the previous digest and its own.

    Raises:
        BrokenRecord: where the record as it stands does not verify; nothing is written then.
    """
    with exclusive(path):
        entries = read(path) if path.exists() else []
        previous = str(entries[-1]["digest"]) if entries else _START
        body = {**entry, "number": len(entries) + 1, "previous": previous}
        sealed = {**body, "digest": of_value(body)}
        entries.append(sealed)
        lines = [canonical_json(item) for item in entries]
        lines.append(canonical_json({"decisions": len(entries), "head": sealed["digest"]}))
        write_atomic(path, "\n".join(lines) + "\n")
    return sealed


def read(path: Path) -> list[dict[str, object]]:
    """Reads a record, verifying every byte of it.

    Raises:
        BrokenRecord: naming the first line that does not verify.
    """
    try:
        lines = path.read_bytes().decode().split("\n")
    except FileNotFoundError:
        raise BrokenRecord(f"{path}: no such file; expected a record that `evalkit decide` wrote") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenRecord(f"{path}: cannot be read ({error})") from error
    if len(lines) < 3 or lines[-1]:
        raise BrokenRecord(f"{path}: does not end as evalkit writes it; the end is missing or was changed")
    entries = [_entry(path, number, line) for number, line in enumerate(lines[:-2], 1)]
    previous = _START
    for number, entry in enumerate(entries, 1):
        if entry.get("number") != number or entry.get("previous") != previous:
            raise BrokenRecord(
                f"{path}:{number}: does not follow the decision before it; one was deleted, added or moved"
            )
        previous = str(entry["digest"])
    if lines[-2] != canonical_json({"decisions": len(entries), "head": previous}):
        raise BrokenRecord(f"{path}:{len(lines) - 1}: the closing line does not match; the end was changed")
    return entries


def _entry(path: Path, number: int, line: str) -> dict[str, object]:
    with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
        entry = json.loads(line)
        body = {key: value for key, value in entry.items() if key != "digest"}
        if canonical_json(entry) == line and entry["digest"] == of_value(body):
            return dict(entry)
    raise BrokenRecord(f"{path}:{number}: was changed after it was written")
