"""Counts tokens offline: the only file that imports a tokeniser for its own sake (rs-bpe carries cl100k_base)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from evalkit.errors import MissingDependency

__all__ = ["counter", "ready"]


def ready() -> None:
    """Raises what `counter` would raise."""
    MissingDependency.unless_installed("rs_bpe", "counting tokens", "rs-bpe", "tokens")


@cache
def counter() -> Callable[[str], int]:
    """Returns a function that counts a text's cl100k_base tokens.

    Raises:
        MissingDependency: where rs-bpe is not installed.
    """
    try:
        from rs_bpe import openai
    except ImportError as error:
        raise MissingDependency.needed_by("counting tokens", "rs-bpe", "tokens") from error
    count: Callable[[str], int] = openai.cl100k_base().count
    return count
