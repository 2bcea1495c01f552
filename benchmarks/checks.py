"""Golden checks over 10,000 questions: how long they take, and what the index finds of what all pairs would.

5,000 questions are drawn from a Zipfian vocabulary, and each is asked a second time with one letter changed, two words
swapped, or a word added. All pairs are compared with rapidfuzz over a tenth of them, which takes as long as the rest.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
from rapidfuzz import fuzz, process

from benchmarks.sidebyside import table
from evalkit.golden import checks
from evalkit.golden.checks.finding import words
from evalkit.golden.checks.twins import ALIKE, pairs
from evalkit.types import Document, Evidence, Question

QUESTIONS, DOCUMENTS, VOCABULARY, SEED = 10_000, 500, 20_000, 7
OPENINGS = (
    "how do i",
    "what is the",
    "where can i find the",
    "who approves a",
    "when does the",
    "is there a",
)


class Corpus:
    """Documents of 800 words, made once."""

    digest = ""

    def __init__(self, rng: np.random.Generator) -> None:
        self.texts = [" ".join(draw(rng, 800)) for _ in range(DOCUMENTS)]

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int, /) -> Document:
        return Document(f"docs/{row}", self.texts[row])

    def row(self, doc_id: str) -> int | None:
        return int(doc_id.removeprefix("docs/"))


def draw(rng: np.random.Generator, count: int) -> list[str]:
    """Pronounceable words, the commonest the shortest."""
    ranks = np.minimum(rng.zipf(1.3, count), VOCABULARY)
    syllables = ("ka", "lo", "mi", "ne", "ru", "sta", "ver", "ing", "ton", "ple")
    return ["".join(syllables[int(digit)] for digit in str(int(rank))) for rank in ranks]


def altered(rng: np.random.Generator, text: str) -> str:
    held = text.split()
    at = int(rng.integers(3, len(held) - 1))
    how = int(rng.integers(3))
    if how == 0:
        held[at] = "x" + held[at][1:]
    elif how == 1:
        held[at], held[at - 1] = held[at - 1], held[at]
    else:
        held.insert(at, "please")
    return " ".join(held)


def main(data: Path | None) -> str:  # noqa: ARG001
    rng = np.random.default_rng(SEED)
    corpus = Corpus(rng)
    questions = []
    for number in range(QUESTIONS // 2):
        text = f"{OPENINGS[number % len(OPENINGS)]} {' '.join(draw(rng, 9))}"
        at = int(rng.integers(0, 2000))
        evidence = (Evidence(f"docs/{number % DOCUMENTS}", corpus.texts[number % DOCUMENTS][at : at + 120]),)
        for twin, asked in enumerate((text, altered(rng, text))):
            questions.append(Question(f"q{number}-{twin}", asked, evidence, reference=" ".join(draw(rng, 8))))
    start = perf_counter()
    checks.run(questions, corpus, test_share=0.5)
    took = perf_counter() - start
    some = questions[: QUESTIONS // 10]
    texts = [" ".join(words(question.text)) for question in some]
    start = perf_counter()
    alike = process.cdist(texts, texts, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE)
    slow = perf_counter() - start
    every = {(int(a), int(b)) for a, b in zip(*np.nonzero(alike), strict=True) if a < b}
    start = perf_counter()
    found = set(pairs(some))
    fast = perf_counter() - start
    rows = [
        (f"all checks, {QUESTIONS:,} questions, {DOCUMENTS} documents", f"{took:.1f} s"),
        (f"near-duplicates among {len(some):,}: all pairs", f"{slow:.2f} s, {len(every):,} pairs"),
        (f"near-duplicates among {len(some):,}: through the index", f"{fast:.2f} s, {len(found):,} pairs"),
    ]
    return (
        table(("what", "figure"), rows) + f"\n{len(found & every) / len(every):.1%} of the pairs are found.\n"
    )
