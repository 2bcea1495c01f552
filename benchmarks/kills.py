"""What 200 syncs killed at random points leave behind.

Each round edits, adds, deletes and renames files of a folder, starts a sync, kills it (SIGKILL) at a random moment,
re-hashes everything that the store and the lock then say, and lets a second sync finish. The digest that it must reach
comes from a sync of the same folder into an empty store.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from benchmarks.sidebyside import table
from evalkit.connectors import folder
from evalkit.corpus import lock
from evalkit.corpus.snapshot import Store
from evalkit.errors import EvalkitError
from evalkit.suite import load_suite
from evalkit.sync import collect, sync

KILLS, FILES = 200, 150
SUITE = """\
name: kills
owner: bench@example.org
corpus: {docs: {folder: ../docs}}
golden: golden.jsonl
measures: [Recall@2]
variants: {v: {chunker: {fixed: 60}, retriever: bm25}}
"""


def main(data: Path | None) -> str:  # noqa: ARG001 - every benchmark takes it
    found = trial(KILLS, FILES)
    rows = [(what, f"{found[what]:,}") for what in FACTS]
    return table((f"{KILLS} kills, {FILES} files", "count"), rows)


FACTS = (
    "killed before the lock was written",
    "killed after",
    "snapshots re-hashed",
    "corrupt or half-published snapshots",
    "locks that name no whole snapshot",
    "documents lost",
    "resumed syncs at another digest",
)


def trial(kills: int, files: int, seed: int = 0) -> Counter[str]:
    """Runs the rounds and counts what was found; anything but 0 in the last four facts is a defect."""
    folder._SETTLED = 0.0  # noqa: SLF001 - no file changes while a sync runs here
    draw = random.Random(seed)
    found: Counter[str] = Counter()
    with TemporaryDirectory() as place:
        root = Path(place)
        docs = root / "docs"
        for number in range(files):
            write(docs / f"{number:04}.md", draw)
        suites = {name: root / name for name in ("killed", "clean")}
        for suite in suites.values():
            suite.mkdir()
            (suite / ".evalkit").mkdir()
            (suite / "suite.yaml").write_text(SUITE)
            (suite / "golden.jsonl").write_text("")
        took = timed(suites["clean"])
        for round_ in range(kills):
            change(docs, draw, round_)
            before = pinned(suites["killed"])
            child = forked(suites["killed"])
            sleep(draw.uniform(0, took))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            took = 0.8 * took + 0.2 * timed(suites["clean"])
            expected = pinned(suites["clean"])
            now = pinned(suites["killed"])
            found["killed after" if now == expected else "killed before the lock was written"] += 1
            found["locks that name no whole snapshot"] += now not in {before, expected}
            inspect(suites["killed"], found)
            timed(suites["killed"])
            found["resumed syncs at another digest"] += pinned(suites["killed"]) != expected
            collect(load_suite(suites["killed"]), keep=2)
            found["documents lost"] += len(names(suites["clean"]) - names(suites["killed"]))
    return found


def change(docs: Path, draw: random.Random, round_: int) -> None:
    """Edits a fifth of the files, adds three, deletes two, renames two."""
    files = sorted(docs.glob("*.md"))
    draw.shuffle(files)
    for path in files[:2]:
        path.unlink()
    for path in files[2:4]:
        path.rename(docs / f"moved-{round_}-{path.name[-12:]}")
    for path in files[4 : 4 + len(files) // 5]:
        write(path, draw)
    for number in range(3):
        write(docs / f"new-{round_}-{number}.md", draw)


def write(path: Path, draw: random.Random) -> None:
    path.parent.mkdir(exist_ok=True)
    words = " ".join(draw.choice(("otter", "heron", "lynx", "sync", "kill")) for _ in range(300))
    path.write_text(f"# {draw.random()}\n\n{words}\n")


def forked(suite: Path) -> int:
    """Syncs in a process of its own and returns its number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sync(load_suite(suite), lambda *_: None, max_deleted=1)
            code = 0
        finally:
            os._exit(code)
    return child


def timed(suite: Path) -> float:
    """Syncs to the end and returns the seconds."""
    start = perf_counter()
    _, status = os.waitpid(forked(suite), 0)
    if status:
        raise RuntimeError(f"a sync that nobody killed failed: {status}")
    return perf_counter() - start


def pinned(suite: Path) -> str:
    path = suite / "corpus.lock"
    return lock.read(path).digest if path.exists() else ""


def names(suite: Path) -> set[str]:
    snapshot = Store(suite / ".evalkit" / "corpus").read(pinned(suite))
    return {document.doc_id for document in snapshot}


def inspect(suite: Path, found: Counter[str]) -> None:
    """Re-hashes every published snapshot and every text it needs."""
    store = Store(suite / ".evalkit" / "corpus")
    for digest in store.digests():
        found["snapshots re-hashed"] += 1
        try:
            for _ in store.read(digest):
                pass
        except (EvalkitError, sqlite3.Error, OSError) as error:
            print(f"{digest}: {error}", file=sys.stderr)
            found["corrupt or half-published snapshots"] += 1
    if (held := pinned(suite)) and held not in store.digests():
        found["locks that name no whole snapshot"] += 1
    store.texts.close()
