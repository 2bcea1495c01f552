"""What reading eight documents at a time does where a service takes its time.

A server on this machine speaks Google Drive's format and answers every request after 40 ms; a sync reads 120 documents,
three requests each, through the real client. The pace that the connector keeps for Drive's sake is lifted.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

from pydantic import SecretStr

from benchmarks.sidebyside import alternate, suite_over, table
from evalkit.backends import gdrive_api
from evalkit.connectors.gdrive import GDrive
from evalkit.corpus import intake
from evalkit.sync import sync
from tests.connectors.gdrive_double import DOC, TOKEN, Disk
from tests.service import Answer, Asked, service

FILES, LATENCY = 120, 0.04


def main(data: Path | None) -> str:  # noqa: ARG001 - every benchmark takes it
    disk = Disk()
    for number in range(FILES):
        disk.file(str(number), f"Doc {number}", DOC, f"Text of {number}".encode())

    def slowly(asked: Asked) -> Answer:
        sleep(LATENCY)
        return disk(asked)

    gdrive_api.PER_SECOND = 1e9
    with TemporaryDirectory() as place, service(slowly) as running:
        drive = GDrive(token=SecretStr(TOKEN), url=running.url, allow_private=True)
        one, eight = alternate([reading(Path(place), drive, 1), reading(Path(place), drive, 8)], repeats=3)
    rows = [
        ("one at a time", str(one), "1"),
        ("eight at a time", str(eight), f"{one.median / eight.median:.1f} times as fast"),
    ]
    return table((f"{FILES} documents, {LATENCY * 1000:.0f} ms an answer", "first sync", "ratio"), rows)


def reading(place: Path, drive: GDrive, at_once: int) -> Callable[[], object]:
    """Makes the first sync of a new suite, once a call."""
    numbers = count()

    def once() -> object:
        intake.AT_ONCE = at_once
        return sync(suite_over(place / f"{at_once}-{next(numbers)}", drive), lambda *_: None)

    return once
