"""The child's side of `confined`: reads a document from its standard input, answers on its standard output.

A message is two lengths of four bytes (big endian), a JSON object and bytes. Whatever a converter prints goes nowhere,
and the child goes when its parent does. May import only the standard library; what it is asked to call comes by name.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import IO, Any

__all__ = ["NO_MEMORY", "receive", "send"]

NO_MEMORY = 112
"""The exit code of a child that ran into its limit of memory."""
_LENGTHS = struct.Struct(">II")


def send(stream: IO[bytes], header: Mapping[str, object], body: bytes) -> None:
    """Writes one message."""
    head = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(head), len(body)))
    stream.write(head)
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes], most: int = 2**32) -> tuple[dict[str, Any], bytes] | None:
    """Reads one message; None where the other side is gone.

    Raises:
        ValueError: where the body has more than `most` bytes.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, body = _LENGTHS.unpack(lengths)
    if body > most:
        raise ValueError(f"its text has {body:,} bytes; at most {most:,} are kept; exclude it, or split it")
    said, data = stream.read(head), stream.read(body)
    return (json.loads(said), data) if len(said) == head and len(data) == body else None


def _serve(memory: int, seconds: int) -> None:
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    threading.Thread(target=_follow, args=(asked.fileno(),), daemon=True).start()
    _limit(memory)
    send(answers, {}, b"")
    while (found := receive(asked)) is not None:
        _alarm(seconds)
        try:
            send(answers, *_answer(*found))
        except (MemoryError, SystemError):  # the interpreter's own calls fail in the latter way
            os._exit(NO_MEMORY)
        _alarm(0)


def _answer(asked: Mapping[str, Any], data: bytes) -> tuple[dict[str, object], bytes]:
    try:
        function = getattr(import_module(asked["module"]), asked["function"])
        text, facts = function(data, *asked["words"])
    except (MemoryError, SystemError):
        raise
    except ValueError as error:
        return {"refused": str(error)}, b""
    except Exception as error:  # noqa: BLE001 - whatever a document does to a converter, it is the document's
        return {"refused": f"cannot be converted ({type(error).__name__}: {error!s:.100})"}, b""
    return {"facts": facts}, text.encode("utf-8", "surrogatepass")


def _follow(handle: int) -> None:
    """Ends this process once nothing can be asked any more."""
    if hasattr(select, "poll"):
        gone = select.poll()
        gone.register(handle, 0)
        gone.poll()
        os._exit(1)


def _limit(memory: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _alarm(seconds: int) -> None:
    """Has the system end this process after that time, whatever it does then: its parent may be gone by then."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
