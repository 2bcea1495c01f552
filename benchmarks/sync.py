"""What 24 monthly git syncs of a handbook read and find, beside git's own counts.

The GSA-TTS handbook's `pages` (`versioned-docs`), at the last commit of each month from March 2024 to April 2026. Git's
counts are those of `git diff -M --name-status` from month to month.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.sidebyside import table
from evalkit.connectors.git import Git
from evalkit.corpus.diff import Changes, diff
from evalkit.corpus.intake import Intake, Kept, plan, read
from evalkit.corpus.snapshot import Snapshot, Store

MONTHS = 24
WORDS = {"A": "added", "M": "edited", "D": "deleted", "R": "renamed"}


@dataclass(frozen=True)
class Month:
    """One sync: what it took in, the snapshot before and after it, seconds, and git's counts since the last one.

    `unread`: how many files came in that hold nothing to read; git counts them as added, a snapshot does not hold them.
    """

    name: str
    intake: Intake
    before: Snapshot | None
    after: Snapshot
    seconds: float
    git: Counter[str]
    unread: int

    def counted(self) -> Counter[str]:
        """Counts what changed between the snapshots."""
        changes = diff(self.before, self.after) if self.before is not None else Changes()
        return Counter({letter: len(getattr(changes, word)) for letter, word in WORDS.items()})


def main(data: Path | None) -> str:
    if data is None:
        raise ImportError("EVALKIT_DATA is not set")
    with TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = place
        months = list(syncs(data / "versioned-docs" / "GSA-TTS_handbook.docs.bundle", Path(place)))
        first, *later = months
        again = next(
            iter(syncs(data / "versioned-docs" / "GSA-TTS_handbook.docs.bundle", Path(place), last=True))
        )
    found, wanted = Counter[str](), Counter[str]()
    unread = sum(month.unread for month in later)
    for month in later:
        found.update(month.counted())
        wanted.update(month.git)
    changed = sum(month.git["A"] + month.git["M"] + month.git["R"] for month in later)
    bodies = sum(month.intake.read for month in later)
    rows = [
        ("first sync", f"{first.intake.read:,} bodies read", f"{first.seconds:.2f} s"),
        (
            f"{len(later)} monthly syncs",
            f"{bodies:,} bodies read; {changed:,} files changed",
            f"{median(later):.2f} s each",
        ),
        ("sync without a change", f"{again.intake.read:,} bodies read", f"{again.seconds:.2f} s"),
    ]
    counts = [
        (
            word,
            f"{found[letter]:,}"
            + (f" and {unread} empty file, unreadable" if letter == "A" and unread else ""),
            f"{wanted[letter]:,}",
        )
        for letter, word in WORDS.items()
    ]
    return table(("sync", "work", "time"), rows) + "\n" + table(("documents", "evalkit", "git"), counts)


def syncs(bundle: Path, place: Path, *, last: bool = False) -> Iterator[Month]:
    """Syncs month after month into one store; with `last`, only the last month, into what is there."""
    clone = place / "clone"
    if not clone.exists():
        subprocess.run(["git", "clone", "-q", "-b", "main", bundle, clone], check=True)
    store = Store(place / "store")
    commits = monthly(clone)
    before, since = None, ""
    known: set[str] = set()
    for name, commit in list(commits.items())[-1 if last else 0 :]:
        source = Git(path=bundle, ref=commit, folder="pages")
        start = perf_counter()
        with closing(Kept(place / "store")) as kept:
            planned = plan("handbook", source, kept, before)
            intake = read(planned, kept, before, lambda *_: None, max_deleted=1)
            after = kept.store.publish(kept.staging)
        seconds = perf_counter() - start
        unread = {item.doc_id for item in intake.unreadable}
        counts = counted_by_git(clone, since, commit)
        after = store.read(after.digest)
        yield Month(name, intake, before, after, seconds, counts, len(unread - known))
        before, since, known = after, commit, unread


def monthly(clone: Path) -> dict[str, str]:
    """Returns the last commit of each of the latest months that have one, by month."""
    log = git(clone, "log", "--first-parent", "--reverse", "--format=%cI %H", "main")
    by_month = {line[:7]: line.split()[1] for line in log.splitlines()}
    return dict(sorted(by_month.items())[-MONTHS - 1 :])


def counted_by_git(clone: Path, since: str, commit: str) -> Counter[str]:
    lines = (
        git(clone, "diff", "-M", "--name-status", since, commit, "--", "pages").splitlines() if since else []
    )
    return Counter(line[0] for line in lines)


def git(clone: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", clone, *words], capture_output=True, text=True, check=True).stdout


def median(months: list[Month]) -> float:
    return sorted(month.seconds for month in months)[len(months) // 2]
