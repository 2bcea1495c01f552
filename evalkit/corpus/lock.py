"""`corpus.lock`: the one snapshot that an evaluation of this suite may read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from evalkit.backends.files import write_atomic
from evalkit.errors import CorpusError

__all__ = ["Lock", "read", "write"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """The pinned snapshot, how many documents each source gave, and how complete and fresh it was when pinned.

    `unreadable`: why each document that its source lists could not be turned into text, by id.
    """

    digest: str
    documents: Mapping[str, int]
    figures: Mapping[str, float] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)


def write(path: Path, lock: Lock) -> None:
    """Writes the lock, whole or not at all."""
    content = {"schema_version": SCHEMA_VERSION, **asdict(lock)}
    write_atomic(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def read(path: Path) -> Lock:
    """Reads a lock.

    Raises:
        CorpusError: where it is absent, unreadable or of a newer version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["schema_version"]
        if version != SCHEMA_VERSION:
            raise CorpusError(
                f"{path}: lock version {version}; this evalkit reads version {SCHEMA_VERSION}; "
                "upgrade evalkit or sync again"
            )
        digest = str(content["digest"])
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise CorpusError(f"{path}: found digest {digest!r}; expected 64 hexadecimal digits; sync again")
        return Lock(
            digest,
            {str(k): int(v) for k, v in content["documents"].items()},
            {str(k): float(v) for k, v in content.get("figures", {}).items()},
            {str(k): str(v) for k, v in content.get("unreadable", {}).items()},
        )
    except FileNotFoundError:
        raise CorpusError(f"{path}: no corpus is pinned yet; run `evalkit sync {path.parent}`") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(
            f"{path}: not a readable lock ({error}); run `evalkit sync {path.parent}`"
        ) from error
