"""Candidate evidence for logged queries, pooled from what the suite's variants find. May import evaluate and below.

Pooling is TREC's (Spärck Jones & van Rijsbergen, 1975): the best passages of several different systems are judged by a
person, so that the judgements favour none of them. Nobody is told which variant found what.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from evalkit.errors import GoldenError
from evalkit.evaluate import read_corpus
from evalkit.golden import trec
from evalkit.golden.lines import lines
from evalkit.golden.place import pin
from evalkit.stages import run_variants
from evalkit.suite import Suite
from evalkit.types import Corpus, Evidence, Golden, Qrels, Question, Run, Runtime

__all__ = ["draft", "read_queries"]

_SAME = 0.5
"""A passage that lies this much inside one already pooled is not judged again."""


def read_queries(path: Path) -> tuple[Question, ...]:
    """Reads a query log, a query a line, each query once; an id is that of its words.

    Raises:
        GoldenError: where it holds no query.
    """
    texts = dict.fromkeys(" ".join(line.split()) for _, line in lines(path, "a query log: a query a line"))
    texts.pop("", None)
    if not texts:
        raise GoldenError(f"{path}: holds no queries; expected one a line")
    return tuple(Question(f"draft-{hashlib.sha256(text.encode()).hexdigest()[:10]}", text) for text in texts)


def draft(
    suite: Suite, questions: Sequence[Question], runtime: Runtime, *, depth: int, runs: Sequence[Path] = ()
) -> Iterator[str]:
    """Yields a JSON line for each query: its id, text and pooled candidates, in an order that says nothing.

    Args:
        suite: whose variants are asked and whose corpus is searched.
        questions: the queries.
        runtime: what stages may use.
        depth: how many passages of each variant are pooled.
        runs: TREC run files of other systems, by query id, whose first documents are pooled whole.
    """
    corpus = read_corpus(suite)
    nothing = np.empty(0, dtype=np.int32)
    unjudged = Qrels(nothing, nothing, nothing, nothing, nothing, np.empty(0, dtype=np.bool_))
    golden = Golden(tuple(questions), unjudged, {}, "")
    variants = [replace(variant, answerer=None, depth=depth) for variant in suite.variants]
    found = run_variants(variants, corpus, golden, runtime)
    others = [_rows(path, corpus) for path in runs]
    for row, question in enumerate(questions):
        spans = _pooled(found, [other.get(question.id, []) for other in others], row, depth)
        candidates = []
        for number, start, end in spans:
            document = corpus[number]
            evidence = pin(Evidence(document.doc_id, document.text[start:end]), document.text, start)
            candidates.append(
                {
                    "doc": evidence.doc,
                    "quote": evidence.quote,
                    "start": start,
                    "prefix": evidence.prefix,
                    "suffix": evidence.suffix,
                }
            )
        candidates.sort(
            key=lambda c: hashlib.sha256(f"{question.id} {c['doc']} {c['start']}".encode()).digest()
        )
        line = {"id": question.id, "text": question.text, "candidates": candidates}
        yield json.dumps(line, ensure_ascii=False) + "\n"


def _rows(path: Path, corpus: Corpus) -> dict[str, list[tuple[int, int, int]]]:
    """Reads a run as query id -> whole documents, (row, 0, length), best first."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for query, hits in trec.read_run(path).items():
        for document, _ in hits:
            row = corpus.row(document)
            if row is None:
                raise GoldenError(
                    f"{path}: query '{query}' names document '{document}', which is not in the corpus"
                )
            found.setdefault(query, []).append((row, 0, len(corpus[row].text)))
    return found


def _pooled(
    found: Mapping[str, Run], others: Sequence[list[tuple[int, int, int]]], row: int, depth: int
) -> list[tuple[int, int, int]]:
    """Returns (document row, start, end), rank by rank over all systems, without what is there already."""
    spans: list[tuple[int, int, int]] = []
    for rank in range(depth):
        for run in found.values():
            hit = int(run.hits.passage[row, rank]) if rank < run.hits.passage.shape[1] else -1
            if hit >= 0:
                passages = run.passages
                _add(spans, int(passages.doc[hit]), int(passages.start[hit]), int(passages.end[hit]))
        for documents in others:
            if rank < len(documents):
                _add(spans, *documents[rank])
    return spans


def _add(spans: list[tuple[int, int, int]], doc: int, start: int, end: int) -> None:
    for other, low, high in spans:
        if other == doc and min(end, high) - max(start, low) >= _SAME * (end - start):
            return
    spans.append((doc, start, end))
