"""What a grid, an unchanged run and an edit cost beside a cold run.

A knowledge base of 1,000 documents of about 1,500 characters, drawn from Chroma's corpora (`chroma-chunking-eval`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.sidebyside import table
from evalkit.backends.runtime import open_runtime
from evalkit.chunkers.fixed import Fixed
from evalkit.chunkers.heading import Heading
from evalkit.chunkers.recursive import Recursive
from evalkit.chunkers.sentence import Sentence
from evalkit.corpus.snapshot import Store
from evalkit.golden.anchor import anchor
from evalkit.retrievers.bm25 import BM25
from evalkit.retrievers.dense import Dense
from evalkit.retrievers.hybrid import Hybrid
from evalkit.stages import run_variants
from evalkit.types import Chunker, Document, Evidence, Question, Retriever, Variant

DOCUMENTS, LENGTH, EDITED = 1000, 1500, 10
CHUNKERS: list[Chunker] = [
    Fixed(size=800, overlap=0),
    Recursive(size=800),
    Sentence(size=800),
    Heading(size=800),
]
RETRIEVERS: list[Retriever] = [BM25(), Dense(), Hybrid()]


def main(data: Path | None) -> str:
    if data is None:
        raise ImportError("EVALKIT_DATA is not set")
    corpora = sorted((data / "chroma-chunking-eval" / "corpora").glob("*.md"))
    text = "".join(path.read_bytes().decode() for path in corpora)
    texts = [text[start : start + LENGTH] for start in range(0, DOCUMENTS * LENGTH, LENGTH)]
    grid = [
        Variant(f"{c}-{r}", chunker, retriever)
        for c, chunker in enumerate(CHUNKERS)
        for r, retriever in enumerate(RETRIEVERS)
    ]
    with TemporaryDirectory() as folder:
        cold = measured(texts, grid, Path(folder))
        again = measured(texts, grid, Path(folder))
        edited = [
            f"Edited. {text}" if row % (DOCUMENTS // EDITED) == 0 else text for row, text in enumerate(texts)
        ]
        after = measured(edited, grid, Path(folder))
    distinct = cold.distinct
    rows = [
        (
            "4 chunkers × 3 retrievers, cold",
            f"{cold.seconds:.1f} s",
            f"{cold.embedded:,} of {distinct:,} distinct",
            "",
        ),
        (
            "unchanged",
            f"{again.seconds:.2f} s",
            f"{again.embedded:,}",
            f"{cold.seconds / again.seconds:.0f}× faster",
        ),
        (
            f"{EDITED / DOCUMENTS:.0%} of documents edited",
            f"{after.seconds:.1f} s",
            f"{after.embedded:,}",
            f"{after.embedded / cold.embedded:.1%} of the encoding",
        ),
    ]
    return table(("run", "time", "texts embedded", "beside the cold run"), rows)


@dataclass(frozen=True)
class Measured:
    """A run's seconds, the texts it embedded, and how many distinct ones it had."""

    seconds: float
    embedded: int
    distinct: int


def measured(texts: list[str], variants: list[Variant], home: Path) -> Measured:
    """Runs the variants over a store's folder."""
    runtime = open_runtime(home, progress=lambda _stage, _done, _total: None)
    store = Store(home / "corpus")
    corpus = store.snapshot(Document(f"{n:05}", text) for n, text in enumerate(texts))
    questions = tuple(
        Question(str(n), texts[n][100:160], (Evidence(f"{n:05}"),)) for n in range(0, DOCUMENTS, 10)
    )
    golden = anchor(questions, corpus)
    start = perf_counter()
    runs = run_variants(variants, corpus, golden, runtime)
    seconds = perf_counter() - start
    distinct = {text for run in runs.values() for text in run.passages.texts()}
    distinct |= {question.text for question in questions}
    return Measured(seconds, runtime.tally.made.get("embed", 0), len(distinct))
