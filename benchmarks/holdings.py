"""What a sync of a hundred thousand and of a million documents costs: time, and memory at its peak.

The source is made up (a thousand folders, texts of about 200 characters) and lists and reads as fast as it can, so the
figures are those of the sync: journal, texts, snapshot and lock. Each sync runs in a process of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.sidebyside import suite_over, table
from evalkit.sync import sync
from evalkit.types import Document, Listed

SIZES = (100_000, 1_000_000)
ROUNDS = {"first sync": 0, "nothing changed": 0, "1 % edited": 1}


@dataclass(frozen=True)
class Made:
    """`count` documents; every hundredth changes with `edition`."""

    count: int
    edition: int

    def identity(self) -> str:
        return "made up"

    def listing(self) -> Iterator[Listed]:
        for number in range(self.count):
            edition = self.edition if number % 100 == 0 else 0
            yield Listed(f"folder {number % 1000:03}/page {number:07}", str(edition), key=f"id{number:012}")

    def fetch(self, listed: Listed) -> Document:
        text = (
            f"# {listed.doc_id}\n\nEdition {listed.revision} of what {listed.key} says. "
            + "More words. " * 12
        )
        stated = {"author": "ann@acme.example", "content_type": "text/markdown", "raw_sha256": "0" * 64}
        return Document(
            listed.doc_id, text, title=listed.doc_id, uri=f"https://acme.example/{listed.key}", metadata=stated,
            acl=("group:staff",), modified_at="2026-01-01T00:00:00Z",
        )  # fmt: skip


def main(data: Path | None) -> str:  # noqa: ARG001 - every benchmark takes it
    rows = []
    for count in SIZES:
        with TemporaryDirectory() as place:
            for name, edition in ROUNDS.items():
                seconds, megabytes = apart(Path(place), count, edition)
                rows.append((f"{count:,}", name, f"{seconds:,.0f} s", f"{megabytes:,.0f} MB"))
    return table(("documents", "sync", "time", "memory at its peak"), rows)


def apart(place: Path, count: int, edition: int) -> tuple[float, float]:
    """Runs one sync in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.holdings", str(place), str(count), str(edition)]
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, megabytes = json.loads(run.stdout)
    return seconds, megabytes


def once(place: Path, count: int, edition: int) -> None:
    suite = suite_over(place, Made(count, edition))
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.05):
            peak = max(peak, private())

    watching = threading.Thread(target=watch)
    watching.start()
    start = perf_counter()
    sync(suite, lambda *_: None)
    seconds = perf_counter() - start
    over.set()
    watching.join()
    print(json.dumps([seconds, peak / 1024]))


def private() -> int:
    """Kilobytes of memory that are this process's own; mapped files, which the system may take back, are not."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


if __name__ == "__main__":
    once(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
