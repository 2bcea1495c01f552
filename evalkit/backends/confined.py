"""Functions that turn a document into text, called in other processes under limits of time and memory.

A document that hangs its converter, crashes it or eats all memory costs its own child and nothing else. Children are
kept, since importing a converter takes longer than most documents do; they see nothing of this process's environment
but where Python and its modules are, and what they answer is JSON and text. Standard library only.
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from queue import LifoQueue
from typing import IO, Any, TypeVar, cast

from evalkit.backends.confined_child import NO_MEMORY, receive, send
from evalkit.errors import CorpusError

__all__ = ["Pool", "run"]

T = TypeVar("T")

SECONDS = 120.0
"""How long one document may take, by the wall clock."""
MEMORY = 2_000_000_000
"""Bytes of address space of a child, its converters' code included; where the platform can limit it."""
MOST_TEXT = 100_000_000
"""Bytes of text that one document may become."""
_CLOSED = "interrupted while documents were converted"
_making = threading.Lock()
_KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "SYSTEMROOT", "TEMP", "TMPDIR")


def run(
    function: Callable[..., tuple[str, dict[str, T]]], data: bytes, *words: str
) -> tuple[str, dict[str, T]]:
    """Calls `function(data, *words)` in a child of this process; see `Pool.run`."""
    with _making:
        pool = _pool(os.getpid())
    return pool.run(function, data, *words)


@contextmanager
def interrupted() -> Iterator[None]:
    """Ends what other threads have converted, for as long as this lasts.

    Their documents, and those that wait, fail with a CorpusError: nobody may take them for unreadable.
    """
    with _making:
        _pool(os.getpid()).close()
    try:
        yield
    finally:
        _pool.cache_clear()


class Pool:
    """Children, started when needed and ended with this process; for any number of threads.

    Args:
        count: how many at most.
        seconds: a document's limit of time.
        memory: a child's limit of memory, in bytes.
    """

    def __init__(self, count: int, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.closed = threading.Event()
        self.children = tuple(_Child(seconds, memory, self.closed) for _ in range(count))
        self._free: LifoQueue[_Child] = LifoQueue()  # the last one used comes first: the fewest are started
        for child in self.children:
            self._free.put(child)
        atexit.register(self.close)

    def run(
        self, function: Callable[..., tuple[str, dict[str, T]]], data: bytes, *words: str
    ) -> tuple[str, dict[str, T]]:
        """Calls `function(data, *words)`, which returns a text and facts, in a child.

        The function stands at the top of its module, where the child finds it by name.

        Raises:
            ValueError: as the function raised it; or why there is no text: time, memory, a child that ended.
            CorpusError: where no child can be started, or the pool was closed meanwhile.
        """
        asked = {"module": function.__module__, "function": function.__name__, "words": words}
        child = self._free.get()
        try:
            try:
                said, text = child.ask(asked, data)
            except _EndedError:  # once more, in a new process
                said, text = child.ask(asked, data)
        finally:
            self._free.put(child)
        if "refused" in said:
            raise ValueError(said["refused"])
        return text.decode("utf-8", "surrogatepass"), said["facts"]

    def close(self) -> None:
        """Ends the children, for good."""
        self.closed.set()
        for child in self.children:
            child.end()


class _LateError(ValueError):
    """The limit of time, which a machine less busy need not meet."""

    lasting = False


class _EndedError(ValueError):
    """The process is gone, perhaps through no fault of this document."""

    lasting = False


class _Child:
    """A process that is started when asked, and again after it ended."""

    def __init__(self, seconds: float, memory: int, closed: threading.Event) -> None:
        self.seconds = seconds
        self.memory = memory
        self.closed = closed
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, header: Mapping[str, object], data: bytes) -> tuple[dict[str, Any], bytes]:
        fresh = self.process is None
        late = threading.Event()
        try:
            process = self.process or self._start()
            if self.closed.is_set():  # while it was started
                raise CorpusError(_CLOSED)  # noqa: TRY301
            answer = self._exchange(process, late, header, data)
        except BaseException as error:
            self.end()
            if self.closed.is_set():
                raise CorpusError(_CLOSED) from error
            raise
        if answer is not None:
            return answer
        code = self.end()
        if self.closed.is_set():
            raise CorpusError(_CLOSED)
        if late.is_set():
            raise _LateError(f"took longer than {self.seconds:g} seconds to convert; exclude it, or split it")
        if code == NO_MEMORY:
            told = f"needs more than {self.memory:,} bytes of memory to convert; exclude it, or split it"
            raise ValueError(told) if fresh else _EndedError(told)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise _EndedError(f"its converter ended ({how}) before it was converted; exclude it, or save it anew")

    def end(self) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", pipe).close()
        return process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        limits = [str(self.memory), str(int(self.seconds) + 10)]
        try:
            process = self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", "evalkit.backends.confined_child", *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # an interrupt from the keyboard is for this process alone
            )
        except OSError as error:
            raise CorpusError(f"the process of the converters cannot be started ({error})") from error
        if receive(cast("IO[bytes]", process.stdout)) is None:
            raise CorpusError(
                f"the process of the converters ended as it started (exit code {self.end()}); check that "
                f"{sys.executable} -m evalkit works"
            )
        return process

    def _exchange(
        self,
        process: subprocess.Popen[bytes],
        late: threading.Event,
        header: Mapping[str, object],
        data: bytes,
    ) -> tuple[dict[str, Any], bytes] | None:
        def expire() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            send(cast("IO[bytes]", process.stdin), header, data)
            return receive(cast("IO[bytes]", process.stdout), MOST_TEXT)
        except OSError:
            return None
        finally:
            timer.cancel()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    modules = os.pathsep.join(folder or os.getcwd() for folder in sys.path)  # noqa: PTH109
    return kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": modules}


@functools.cache
def _pool(process: int) -> Pool:  # noqa: ARG001 - a fork has children of its own
    return Pool(os.cpu_count() or 1)
