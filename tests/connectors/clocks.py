"""A clock that jumps where connectors would wait."""

from __future__ import annotations

import pytest

from evalkit.backends.http import Pace


def jump(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Puts it in place of the real one and returns every pause asked for, in order."""
    slept: list[float] = []
    monkeypatch.setattr(Pace, "now", lambda _: 1_800_000_000.0 + sum(slept))
    monkeypatch.setattr(Pace, "sleep", lambda _, seconds: slept.append(seconds))
    return slept
