"""Workers on a Ray cluster. The only file that imports ray.

The machines share the home folder and the snapshots (one disk, or a network file system); what they send each other is
small: spans, shards of texts, vectors, hits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from evalkit.errors import EvaluationError, MissingDependency
from evalkit.types import Workers

__all__ = ["cluster"]

T = TypeVar("T")
R = TypeVar("R")

_RETRIES = 3
"""How often a task is run again when its worker, or the machine it ran on, is lost."""


class _Ray:
    """Fulfils `Workers`; at most twice as many tasks as processors are under way, so that memory stays bounded."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        import ray

        task = ray.remote(max_retries=_RETRIES)(_apply)
        waiting = iter(items)
        pending: list[ray.ObjectRef[R]] = []
        most = 2 * int(ray.cluster_resources().get("CPU", 1))
        try:
            while True:
                while len(pending) < most and (item := next(waiting, _END)) is not _END:
                    pending.append(task.remote(function, item))
                if not pending:
                    return
                yield ray.get(pending.pop(0))
        except ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, Exception) else error from error
        except ray.exceptions.RayError as error:
            raise EvaluationError(f"ray: a piece of work was lost {_RETRIES + 1} times ({error})") from error


_END: object = object()


def _apply(function: Callable[[T], R], item: T) -> R:
    return function(item)


@contextmanager
def cluster(address: str | None) -> Iterator[Workers]:
    """Connects to a Ray cluster, or starts one in this machine, and leaves it at the end.

    Args:
        address: "ray://host:port"; None for the cluster that RAY_ADDRESS names, or else one started here.

    Raises:
        MissingDependency: where ray is not installed.
        EvaluationError: where the cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingDependency.needed_by("--workers ray", "ray", "ray") from error
    # Without an address Ray would join any cluster that somebody else started on this machine.
    where = address or os.environ.get("RAY_ADDRESS", "local")
    try:
        ray.init(address=where, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EvaluationError(f"ray: no cluster at {where} ({error})") from error
    try:
        yield _Ray()
    finally:
        ray.shutdown()
