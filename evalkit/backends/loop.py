"""An event loop on a thread of its own, so that callers may have one running already (Jupyter, pytest-asyncio).

Nothing is patched and nothing starts before it is used. May import only the standard library.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["wait"]

T = TypeVar("T")

_LOCK = threading.Lock()
_LOOPS: list[asyncio.AbstractEventLoop] = []
_TICK = 0.2


def wait(work: Coroutine[Any, Any, T], tick: Callable[[], None] | None = None) -> T:
    """Runs a coroutine on that loop and returns its result; an interrupt of the caller cancels it.

    Args:
        work: what to run.
        tick: called on the caller's thread now and then while it waits.
    """
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        while tick is not None:
            try:
                return future.result(_TICK)
            except TimeoutError:
                if future.done():  # the work's own, not the wait's
                    raise
                tick()
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _loop() -> asyncio.AbstractEventLoop:
    with _LOCK:
        if not _LOOPS:
            _LOOPS.append(asyncio.new_event_loop())
            threading.Thread(target=_LOOPS[0].run_forever, name="evalkit-loop", daemon=True).start()
        return _LOOPS[0]
