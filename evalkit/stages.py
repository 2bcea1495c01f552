"""The stages of a run, each a pure function of digests, cached: cut, search, answer. May import corpus and below.

A stage's key names everything that decides its result. So a killed run goes on where it stopped, an unchanged one
computes nothing, and variants share what they have in common; none of these is a feature of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from evalkit.backends.runtime import alone
from evalkit.digest import canonical_json, of_arrays, of_value
from evalkit.errors import EvaluationError
from evalkit.types import (
    Answer,
    Chunker,
    Corpus,
    Golden,
    Hits,
    Passage,
    Passages,
    Question,
    Retriever,
    Run,
    Runtime,
    Variant,
)

if TYPE_CHECKING:
    from evalkit.types import Arrays

__all__ = ["cut", "run_variants", "shown"]

_CHUNK_VERSION = 1
_SEARCH_VERSION = 3
_ANSWER_VERSION = 1
_DOCUMENTS = 256
"""How many documents one task cuts."""


def run_variants(
    variants: Sequence[Variant], corpus: Corpus, golden: Golden, runtime: Runtime
) -> dict[str, Run]:
    """Runs every variant over a question set; what two variants share is done once."""
    queries = tuple(question.text for question in golden.questions)
    passages: dict[str, Passages] = {}
    for variant in variants:
        how = _identity(variant.chunker)
        passages[variant.name] = next(
            (passages[v.name] for v in variants if v.name in passages and _identity(v.chunker) == how), None
        ) or cut(corpus, variant.chunker, runtime)
    hits = _search(variants, passages, queries, runtime)
    return {
        variant.name: Run(
            variant,
            passages[variant.name],
            hits[variant.name],
            _answers(variant, passages[variant.name], hits[variant.name], golden, runtime),
        )
        for variant in variants
    }


# ---------------------------------------------------------------- cut


@dataclass(frozen=True, slots=True)
class _Cut:
    """Documents to cut, as a worker receives them."""

    chunker: Chunker
    corpus: Corpus
    rows: range
    runtime: Runtime


def cut(corpus: Corpus, chunker: Chunker, runtime: Runtime) -> Passages:
    """Cuts a corpus into passages, or reads the cuts from the cache.

    Raises:
        EvaluationError: where a chunker returns a span that is empty, out of order or outside its document.
    """
    key = of_value("chunk", _CHUNK_VERSION, corpus.digest, _identity(chunker))
    arrays = _cached("chunk", key, runtime)
    if arrays is None:
        arrays = _cut(corpus, chunker, runtime)
        runtime.cache.put(key, arrays)
    doc, start, end, heading = (arrays[name] for name in ("doc", "start", "end", "heading"))
    headings = tuple(bytes(arrays["headings"]).decode().split("\x00"))
    digest = of_value(corpus.digest, of_arrays(doc, start, end, heading), headings)
    return Passages(corpus, doc, start, end, heading, headings, digest)


def _cut(corpus: Corpus, chunker: Chunker, runtime: Runtime) -> Arrays:
    if (warm := getattr(chunker, "warm", None)) is not None:
        warm((corpus[row] for row in range(len(corpus))), runtime)
    tasks = [
        _Cut(chunker, corpus, range(start, min(start + _DOCUMENTS, len(corpus))), alone(runtime))
        for start in range(0, len(corpus), _DOCUMENTS)
    ]
    headings: dict[str, int] = {"": 0}
    columns: list[np.ndarray] = [np.empty((4, 0), dtype=np.int32)]
    for task, (spans, names) in zip(tasks, runtime.workers.map(_cut_documents, tasks), strict=True):
        numbers = np.array([headings.setdefault(name, len(headings)) for name in names], dtype=np.int32)
        columns.append(np.vstack((spans[:3], numbers[spans[3]])))
        runtime.progress("chunk", task.rows.stop, len(corpus))
    merged = np.concatenate(columns, axis=1)
    joined = np.frombuffer("\x00".join(headings).encode(), dtype=np.uint8)
    return {**dict(zip(("doc", "start", "end", "heading"), merged, strict=True)), "headings": joined}


def _cut_documents(task: _Cut) -> tuple[np.ndarray, list[str]]:
    """Returns int32[4, spans] (document, start, end, heading) and the headings that the last row counts."""
    rows: list[tuple[int, int, int, int]] = []
    headings: dict[str, int] = {"": 0}
    for number in task.rows:
        document = task.corpus[number]
        last = 0
        for span in task.chunker.chunk(document, task.runtime):
            if not last <= span.start < span.end <= len(document.text):
                raise EvaluationError(
                    f"{task.chunker!r} on '{document.doc_id}': found the span {span.start}:{span.end} of "
                    f"{len(document.text)} characters; expected non-empty spans in order of start"
                )
            last = span.start
            heading = headings.setdefault(span.heading.replace("\x00", " "), len(headings))
            rows.append((number, span.start, span.end, heading))
    return np.ascontiguousarray(np.array(rows, dtype=np.int32).reshape(-1, 4).T), list(headings)


# ---------------------------------------------------------------- search


@dataclass(frozen=True, slots=True)
class _Search:
    """A variant to search, as a worker receives it."""

    passages: Passages
    retriever: Retriever
    queries: tuple[str, ...]
    depth: int
    runtime: Runtime


def _search(
    variants: Sequence[Variant], passages: Mapping[str, Passages], queries: tuple[str, ...], runtime: Runtime
) -> dict[str, Hits]:
    keys = {
        v.name: of_value(
            "search", _SEARCH_VERSION, passages[v.name].digest, _identity(v.retriever), queries, v.depth
        )
        for v in variants
    }
    arrays = {key: _cached("search", key, runtime) for key in keys.values()}
    tasks = {
        keys[v.name]: _Search(passages[v.name], v.retriever, queries, v.depth, alone(runtime))
        for v in variants
        if arrays[keys[v.name]] is None
    }
    for task in tasks.values():
        if (warm := getattr(task.retriever, "warm", None)) is not None:
            warm(task.passages, queries, runtime)
    found = runtime.workers.map(_search_passages, tasks.values())
    for done, (key, hits) in enumerate(zip(tasks, found, strict=True), 1):
        arrays[key] = hits
        runtime.cache.put(key, hits)
        runtime.progress("search", done, len(tasks))
    return {name: _hits(arrays[key] or {}) for name, key in keys.items()}


def _search_passages(task: _Search) -> Arrays:
    hits = task.retriever.index(task.passages, task.runtime).search(task.queries, task.depth)
    return {"passage": hits.passage, "score": hits.score, "seconds": hits.seconds, "cut": np.array(hits.cut)}


def _hits(arrays: Arrays) -> Hits:
    return Hits(arrays["passage"], arrays["score"], arrays["seconds"], int(arrays["cut"]))


# ---------------------------------------------------------------- answer


def _answers(
    variant: Variant, passages: Passages, hits: Hits, golden: Golden, runtime: Runtime
) -> tuple[Answer, ...] | None:
    """Answers every question.

    What an answerer that calls out has said is kept as it comes in, errors excepted: they are tried again.
    """
    answerer = variant.answerer
    if answerer is None:
        return None
    asked = shown(variant, passages, hits, golden)
    concurrency = getattr(answerer, "concurrency", 0)
    how = _identity(answerer)

    def answer(one: tuple[Question, list[Passage]]) -> Answer:
        key = of_value("answer", _ANSWER_VERSION, how, *one)
        kept = runtime.cache.get(key) if concurrency else None
        if kept is not None:
            priced = getattr(answerer, "priced", _as_it_is)
            return cast("Answer", priced(Answer(**json.loads(bytes(kept["answer"])))))
        said = answerer.answer(*one, runtime)
        if concurrency and not said.error:
            runtime.cache.put(key, {"answer": np.frombuffer(canonical_json(said).encode(), dtype=np.uint8)})
        made.append(key)
        return said

    made: list[str] = []
    answers = []
    with ThreadPoolExecutor(concurrency or 1) as pool:
        try:
            for said in pool.map(answer, asked) if concurrency else map(answer, asked):
                answers.append(said)
                runtime.progress(f"answer {variant.name}", len(answers), len(asked))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    runtime.tally.add("answer", made=len(made), reused=len(asked) - len(made))
    return tuple(answers)


def shown(
    variant: Variant, passages: Passages, hits: Hits, golden: Golden
) -> list[tuple[Question, list[Passage]]]:
    """Returns what a variant's answerer is shown: each question without evidence and reference, and its passages."""
    top = variant.answerer.top if variant.answerer is not None else 0
    return [
        (
            Question(question.id, question.text, tags=question.tags),
            [passages[int(hit)] for hit in row[:top] if hit >= 0],
        )
        for question, row in zip(golden.questions, hits.passage, strict=True)
    ]


def _as_it_is(answer: Answer) -> Answer:
    return answer


def _cached(stage: str, key: str, runtime: Runtime) -> Arrays | None:
    arrays = runtime.cache.get(key)
    runtime.tally.add(stage, made=arrays is None, reused=arrays is not None)
    return arrays


def _identity(plugin: object) -> str:
    """What decides a plug-in's results: its parameters, and what it says of its own beyond them."""
    own = getattr(plugin, "identity", None)
    return str(own()) if own is not None else repr(plugin)
