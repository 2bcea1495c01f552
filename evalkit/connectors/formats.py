"""Answers that are not in a service's documented format, said in one way. May import errors only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evalkit.errors import CorpusError

__all__ = ["UNDOCUMENTED", "documented", "undocumented"]

UNDOCUMENTED = (AttributeError, IndexError, KeyError, TypeError)
"""What reading such an answer raises."""


def undocumented(error: Exception) -> str:
    """Returns the reason for a document's being unreadable."""
    return f"the service's answer is not in its documented format ({type(error).__name__}: {error!s:.80})"


@contextmanager
def documented(url: str) -> Iterator[None]:
    """Turns what a malformed list raises into one clear error.

    Raises:
        CorpusError: naming the service and what its answer lacks.
    """
    try:
        yield
    except UNDOCUMENTED as error:
        raise CorpusError(
            f"{url}: {undocumented(error)}; expected the API of that service there; check the URL"
        ) from error
