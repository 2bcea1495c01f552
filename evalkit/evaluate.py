"""The one path: anchor the evidence, run each variant, score. May import suite and below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.corpus import lock
from evalkit.corpus.snapshot import Store
from evalkit.digest import of_arrays, of_value
from evalkit.errors import EvaluationError, SuiteError, did_you_mean
from evalkit.golden.anchor import anchor
from evalkit.suite import Suite
from evalkit.types import (
    Answer,
    Chunker,
    Corpus,
    Golden,
    Hits,
    Passages,
    Retriever,
    Run,
    Runtime,
    Scores,
    Variant,
    Verdict,
)

if TYPE_CHECKING:
    from evalkit.types import Arrays

__all__ = ["Evaluation", "cut", "evaluate", "read_corpus"]

_CHUNK_VERSION = 1
_SEARCH_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Everything one evaluation measured; fulfils `Results`, which gates read.

    `verdicts` holds one tuple a gate of the suite, one verdict a slice.
    """

    suite: Suite
    corpus: Corpus
    golden: Golden
    runs: Mapping[str, Run]
    columns: Mapping[tuple[str, str], Scores]
    verdicts: tuple[tuple[Verdict, ...], ...] = ()

    @property
    def baseline(self) -> str | None:
        return self.suite.baseline

    @property
    def variants(self) -> Sequence[str]:
        return tuple(self.runs)

    @property
    def seed(self) -> int:
        return self.suite.seed

    def scores(self, variant: str, measure: str) -> Scores:
        if (column := self.columns.get((variant, measure))) is not None:
            return column
        if variant not in self.runs:
            raise SuiteError(f"unknown variant '{variant}'; {did_you_mean(variant, self.runs)}")
        known = {name for _, name in self.columns}
        raise SuiteError(f"measure '{measure}' was not measured; {did_you_mean(measure, known)}")

    def figure(self, name: str) -> float | None:
        return self.figures().get(name)

    def figures(self) -> dict[str, float]:
        """Returns what gates may demand of the corpus and the golden set, by name."""
        questions = len(self.golden.questions)
        return {
            "corpus.documents": float(len(self.corpus)),
            "golden.questions": float(questions),
            "golden.unwinnable_share": len(self.golden.unwinnable) / questions,
        }


def evaluate(suite: Suite, runtime: Runtime) -> Evaluation:
    """Runs every variant of a suite over its pinned corpus and judges the gates.

    Raises:
        CorpusError: where the pinned snapshot is not in the store.
        GoldenError: where the golden set does not fit the corpus.
        EvaluationError: where a stage breaks its contract.
    """
    corpus = read_corpus(suite)
    golden = anchor(suite.golden.questions(), corpus)
    runs = {variant.name: _run(variant, corpus, golden, runtime) for variant in suite.variants}
    columns = {
        (name, str(measure)): measure.score(run, golden, runtime)
        for name, run in runs.items()
        for measure in suite.measures
    }
    results = Evaluation(suite, corpus, golden, runs, columns)
    verdicts = tuple(tuple(gate.judge(results)) for gate in suite.gates)
    return Evaluation(suite, corpus, golden, runs, columns, verdicts)


def read_corpus(suite: Suite) -> Corpus:
    """Opens the snapshot that the suite's lock pins, and no other."""
    return Store(suite.home / "corpus").read(expect=lock.read(suite.lock).digest)


def _run(variant: Variant, corpus: Corpus, golden: Golden, runtime: Runtime) -> Run:
    passages = cut(corpus, variant.chunker, runtime)
    queries = [question.text for question in golden.questions]
    hits = _search(passages, variant.retriever, queries, variant.depth, runtime)
    return Run(variant, passages, hits, _answers(variant, passages, hits, golden, runtime))


def cut(corpus: Corpus, chunker: Chunker, runtime: Runtime) -> Passages:
    """Cuts a corpus into passages, or reads the cuts from the cache.

    Raises:
        EvaluationError: where a chunker returns a span that is empty, out of order or outside its document.
    """
    key = of_value("chunk", _CHUNK_VERSION, corpus.digest, _identity(chunker))
    arrays = runtime.cache.get(key)
    if arrays is None:
        arrays = _cut(corpus, chunker, runtime)
        runtime.cache.put(key, arrays)
    doc, start, end, heading = (arrays[name] for name in ("doc", "start", "end", "heading"))
    headings = tuple(bytes(arrays["headings"]).decode().split("\x00"))
    digest = of_value(corpus.digest, of_arrays(doc, start, end, heading), headings)
    return Passages(corpus, doc, start, end, heading, headings, digest)


def _cut(corpus: Corpus, chunker: Chunker, runtime: Runtime) -> Arrays:
    rows: list[tuple[int, int, int, int]] = []
    headings: dict[str, int] = {"": 0}
    for number in range(len(corpus)):
        document = corpus[number]
        last = 0
        for span in chunker.chunk(document, runtime):
            if not last <= span.start < span.end <= len(document.text):
                raise EvaluationError(
                    f"{chunker!r} on '{document.doc_id}': found the span {span.start}:{span.end} of "
                    f"{len(document.text)} characters; expected non-empty spans in order of start"
                )
            last = span.start
            heading = headings.setdefault(span.heading.replace("\x00", " "), len(headings))
            rows.append((number, span.start, span.end, heading))
        runtime.progress("chunk", number + 1, len(corpus))
    columns = np.ascontiguousarray(np.array(rows, dtype=np.int32).reshape(-1, 4).T)
    names = np.frombuffer("\x00".join(headings).encode(), dtype=np.uint8)
    return {**dict(zip(("doc", "start", "end", "heading"), columns, strict=True)), "headings": names}


def _search(
    passages: Passages, retriever: Retriever, queries: Sequence[str], depth: int, runtime: Runtime
) -> Hits:
    key = of_value("search", _SEARCH_VERSION, passages.digest, _identity(retriever), queries, depth)
    arrays = runtime.cache.get(key)
    if arrays is None:
        hits = retriever.index(passages, runtime).search(queries, depth)
        arrays = {"passage": hits.passage, "score": hits.score, "seconds": hits.seconds}
        runtime.cache.put(key, arrays)
    return Hits(arrays["passage"], arrays["score"], arrays["seconds"])


def _identity(plugin: object) -> str:
    """What decides a plug-in's results: its parameters, and what it says of its own beyond them."""
    own = getattr(plugin, "identity", None)
    return str(own()) if own is not None else repr(plugin)


def _answers(
    variant: Variant, passages: Passages, hits: Hits, golden: Golden, runtime: Runtime
) -> tuple[Answer, ...] | None:
    if variant.answerer is None:
        return None
    answers = []
    for row, question in enumerate(golden.questions):
        found = [passages[int(hit)] for hit in hits.passage[row] if hit >= 0]
        answers.append(variant.answerer.answer(question, found, runtime))
        runtime.progress(f"answer {variant.name}", row + 1, len(golden.questions))
    return tuple(answers)
