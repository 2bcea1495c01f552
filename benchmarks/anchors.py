"""Evidence followed through two years of a real handbook, beside git's own account of the same lines.

500 quotes are drawn at month 0, each a sentence of one line, and pinned. Then every month they are looked for in that
month's snapshot, and what stands or moved is pinned anew, as `evalkit golden reanchor` does. git is asked which lines
its diff between the two months leaves alone, renames included (`git diff -M`): a quote on such a line must be found on
it, and nowhere else.
"""

from __future__ import annotations

import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.sidebyside import table
from evalkit.corpus.convert import to_document
from evalkit.corpus.snapshot import Snapshot, Store
from evalkit.golden.place import Status, pin
from evalkit.golden.reanchor import Traced, reanchored, trace
from evalkit.types import Evidence, Question

QUOTES, MONTHS, SEED = 500, 24, 7
BUNDLE = "versioned-docs/GSA-TTS_handbook.docs.bundle"
SENTENCE = re.compile(r"[A-Z][^.!?\n]{30,300}[.!?]")
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def main(data: Path | None) -> str:
    bundle = (data or Path("nowhere")) / BUNDLE
    if not bundle.is_file():
        return f"Not run: EVALKIT_DATA holds no {BUNDLE}.\n"
    with tempfile.TemporaryDirectory() as folder:
        clone, store = Path(folder, "clone"), Store(Path(folder, "store"))
        subprocess.run(["git", "clone", "-q", "-b", "main", str(bundle), str(clone)], check=True)
        months = monthly(clone)
        before = read(clone, months[0], store)
        first = questions = drawn(before.corpus)
        rows, sums = [], Counter[str]()
        for month, commit in enumerate(months[1:], 1):
            after = read(clone, commit, store)
            start = perf_counter()
            traced = trace(questions, after.corpus)
            took = perf_counter() - start
            status = Counter(piece.place.status for piece in traced)
            git = compared(traced, lines_kept(clone, months[month - 1], commit), before, after)
            sums.update(git)
            rows.append(
                (
                    *(month, len(after.corpus), *(status[s] for s in Status), git["stand"], git["found"]),
                    *(git["wrong"], git["only elsewhere"], f"{took:.2f} s"),
                )
            )
            questions, before = reanchored(questions, traced, after.corpus), after
        at_once = Counter(piece.place.status for piece in trace(first, before.corpus))
    head = ("month", "documents", *(s.value for s in Status))
    head += ("on lines git kept", "found there", "anchored elsewhere", "verbatim only elsewhere", "time")
    share = sums["found"] / max(1, sums["stand"])
    return (
        table(head, rows)
        + f"\n{share:.2%} of {sums['stand']:,} quotes that git's diff left alone were found on their line; "
        f"{sums['wrong']} were anchored anywhere else; {sums['differs']} anchors hold other text than their quote. "
        f"{sums['verbatim found']:,} of {sums['verbatim']:,} quotes that stand verbatim in the document git has "
        f"them in were found there. {sums['crossed']} were anchored in a document that git does not connect with "
        f"theirs, where the same words had stood before in {sums['copies']}. Of {sums['anywhere']:,} quotes that stand "
        f"verbatim anywhere that month {sums['anywhere found']:,} were found. "
        f"From month 0 to month {MONTHS} in one step: "
        f"{', '.join(f'{at_once[s]} {s.value}' for s in Status)}.\n"
    )


def git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")


def monthly(clone: Path) -> list[str]:
    """The last commit before the first of each month, the newest month last."""
    year, month = map(int, git(clone, "log", "-1", "--format=%cs").split("-")[:2])
    starts = [divmod(year * 12 + month - 1 - back, 12) for back in range(MONTHS, -1, -1)]
    return [git(clone, "rev-list", "-1", f"--before={y}-{m + 1:02}-01", "HEAD").strip() for y, m in starts]


@dataclass(frozen=True)
class Month:
    """A month's corpus, and how many lines of front matter each file has that its document leaves out."""

    corpus: Snapshot
    head: Mapping[str, int]


def read(clone: Path, commit: str, store: Store) -> Month:
    names = [name for name in git(clone, "ls-tree", "-r", "-z", "--name-only", commit).split("\0") if name]
    documents, head = [], {}
    for name in names:
        raw = git(clone, "show", f"{commit}:{name}") if name.endswith(".md") else ""
        try:
            document = to_document(name, raw.encode())
        except ValueError:  # no text besides its front matter
            continue
        documents.append(document)
        head[name] = raw.count("\n") - document.text.count("\n")
    return Month(store.snapshot(documents), head)


def drawn(corpus: Snapshot) -> tuple[Question, ...]:
    """Seeded quotes, at most one a line."""
    lines = {}
    for document in corpus:
        for found in SENTENCE.finditer(document.text):
            lines[document.doc_id, document.text.count("\n", 0, found.start())] = (document, found)
    chosen = random.Random(SEED).sample(sorted(lines), QUOTES)
    return tuple(
        Question(
            f"q{number:03}",
            "?",
            (pin(Evidence(key[0], lines[key][1][0]), lines[key][0].text, lines[key][1].start()),),
        )
        for number, key in enumerate(chosen)
    )


def lines_kept(clone: Path, old: str, new: str) -> Mapping[str, tuple[str, dict[int, int]]]:
    """File -> (its name now, line removed or moved -> line now), from git's diff; -1 where the line is gone."""
    diff = git(clone, "-c", "core.quotePath=false", "diff", "-M", "-U0", "--no-color", old, new)
    files: dict[str, tuple[str, list[tuple[int, int, int, int]]]] = {}
    name = ""
    for line in diff.splitlines():
        if line.startswith("diff --git a/"):
            first, _, second = line.removeprefix("diff --git a/").partition(" b/")
            name = first
            files[name] = (second, [])
        elif line.startswith("deleted file"):
            files[name] = ("", [])
        elif found := HUNK.match(line):
            a, b, c, d = (1 if value is None else int(value) for value in found.groups())
            files[name][1].append((a, b, c, d))
    return {name: (now, mapping(hunks)) for name, (now, hunks) in files.items()}


def mapping(hunks: list[tuple[int, int, int, int]]) -> dict[int, int]:
    """Line -> line now for every line up to past the last hunk; further ones keep the last distance (key 0)."""
    table_: dict[int, int] = {}
    line, shift = 1, 0
    for a, b, c, d in hunks:
        first = a if b else a + 1
        for number in range(line, first):
            table_[number] = number + shift
        for number in range(first, first + b):
            table_[number] = -1
        line, shift = first + b, (c + d if d else c + 1) - (first + b)
    table_[0] = shift
    return table_


def compared(
    traced: tuple[Traced, ...],
    kept: Mapping[str, tuple[str, dict[int, int]]],
    before: Month,
    after: Month,
) -> Counter[str]:
    """Counts how evalkit's places agree with git's lines."""
    seen: Counter[str] = Counter()
    for piece in traced:
        evidence, place = piece.evidence, piece.place
        anchored = place.status in {Status.CURRENT, Status.MOVED}
        here = after.corpus[place.row] if place.row >= 0 else None
        if anchored and here is not None:
            seen["differs"] += here.text[place.start : place.end] != evidence.quote
        if any(evidence.quote in document.text for document in after.corpus):
            seen["anywhere"] += 1
            seen["anywhere found"] += anchored
        old_row = before.corpus.row(evidence.doc)
        if old_row is None or evidence.start is None:
            continue
        old = before.corpus[old_row].text
        if not old.startswith(evidence.quote, evidence.start):
            continue  # it was changed in an earlier month
        now, lines = kept.get(evidence.doc, (evidence.doc, {0: 0}))
        text = text_of(after.corpus, now)
        in_place = anchored and here is not None and here.doc_id == now
        if evidence.quote in text:
            seen["verbatim"] += 1
            seen["verbatim found"] += in_place
        elif anchored and here is not None and not in_place:
            seen["crossed"] += 1
            seen["copies"] += evidence.quote in text_of(before.corpus, here.doc_id)
        if evidence.quote not in text and any(evidence.quote in document.text for document in after.corpus):
            seen["only elsewhere"] += 1
        line = old.count("\n", 0, evidence.start) + 1 + before.head[evidence.doc]
        target = lines.get(line, line + lines[0])
        if target < 0 or not text:
            continue
        column = evidence.start - (old.rfind("\n", 0, evidence.start) + 1)
        expected = offset(text, target - after.head[now]) + column
        if not text.startswith(evidence.quote, expected):
            seen["unmapped"] += 1
            continue
        seen["stand"] += 1
        right = in_place and place.start == expected
        seen["found"] += right
        seen["wrong"] += anchored and not right
    return seen


def text_of(corpus: Snapshot, name: str) -> str:
    row = corpus.row(name)
    return "" if row is None else corpus[row].text


def offset(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at
