"""Where work runs: an ordered map in this process, in others, or on a Ray cluster.

What a worker computes depends on its item alone, so the results are the same bytes wherever they are computed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import get_context
from typing import TypeVar

from evalkit.errors import EvaluationError, SuiteError
from evalkit.types import Workers

__all__ = ["Processes", "Serial", "open_workers"]

T = TypeVar("T")
R = TypeVar("R")

_ATTEMPTS = 3


class Serial:
    """Fulfils `Workers` in the calling process."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        return map(function, items)


class Processes:
    """Fulfils `Workers` in processes of this machine; work that a lost process held is done again.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = self._new()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        waiting = list(items)
        attempts, done = 0, 0
        while done < len(waiting):
            futures = [self._pool.submit(function, item) for item in waiting[done:]]
            try:
                for future in futures:
                    yield future.result()
                    done += 1
            except BrokenProcessPool as error:
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise EvaluationError(
                        f"{_ATTEMPTS} times a worker process was lost at the same piece of work; expected it to "
                        "fit into memory: use fewer --workers"
                    ) from error
                self._pool = self._new()

    def close(self) -> None:
        """Ends the processes; work that nobody waits for is dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _new(self) -> ProcessPoolExecutor:
        threads = max(1, (os.cpu_count() or 1) // self.count)
        return ProcessPoolExecutor(
            self.count, mp_context=get_context("spawn"), initializer=_prepare, initargs=(threads,)
        )


def _prepare(threads: int) -> None:
    """Shares the processor fairly: numerical libraries read these when they are first imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


def open_workers(spec: str) -> AbstractContextManager[Workers]:
    """Returns the workers that a specification names, for as long as the context lasts.

    Args:
        spec: "serial", a number of processes, "ray" for the Ray cluster that RAY_ADDRESS names or else one
            started on this machine, or "ray://host:port".

    Raises:
        SuiteError: where it names none of these.
        MissingDependency: where Ray is asked for and not installed.
    """
    if spec == "serial":
        return nullcontext(Serial())
    if spec.isdecimal() and int(spec) > 0:
        return _processes(int(spec))
    if spec == "ray" or spec.startswith("ray://"):
        from evalkit.backends.ray_workers import cluster

        return cluster(None if spec == "ray" else spec)
    raise SuiteError(f"--workers: found '{spec}'; expected 'serial', a number, 'ray' or 'ray://host:port'")


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    workers = Processes(count)
    try:
        yield workers
    finally:
        workers.close()
