"""Identity of values: canonical JSON and SHA-256. May import only the standard library and numpy."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["canonical_json", "of_arrays", "of_bytes", "of_value"]


def canonical_json(value: object) -> str:
    """Serialises to JSON with sorted keys and no spaces; refuses NaN and infinities.

    Dataclasses become objects of their fields, tuples become lists.

    Raises:
        ValueError: for NaN or an infinity.
        TypeError: for a value JSON cannot carry.
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
    )


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    raise TypeError(f"cannot put a {type(value).__name__} into canonical JSON")


def of_bytes(data: bytes) -> str:
    """Returns the SHA-256 of the bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def of_value(*parts: object) -> str:
    """Returns the SHA-256 of the canonical JSON of the parts."""
    return of_bytes(canonical_json(parts).encode())


def of_arrays(*arrays: np.ndarray) -> str:
    """Returns the SHA-256 over each array's dtype, shape and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
