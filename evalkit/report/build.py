"""Evaluation -> Report. May import evaluate and below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any, Literal, cast

import numpy as np

from evalkit import __version__, stats
from evalkit.evaluate import Evaluation
from evalkit.gates import judged as by_people
from evalkit.gates.cells import pick, titled
from evalkit.measures.judged import Judged
from evalkit.report import funnel
from evalkit.report.edits import requirement
from evalkit.report.model import (
    SCHEMA_VERSION,
    ClaimRow,
    Comparison,
    EstimateRow,
    EvidenceRow,
    GateRow,
    Item,
    ItemResult,
    JudgeRow,
    Report,
    Retrieved,
    VariantRow,
    Volatile,
)
from evalkit.types import ALL_QUESTIONS, Gate, Labels, Outcome, Run, Scores, State, Verdict
from evalkit.wording import counted

__all__ = ["build", "decision"]

TOP = 5
"""How many retrieved passages a report shows for a question."""
_SNIPPET = 240
_MIN_SLICE = 5


def build(evaluation: Evaluation, volatile: Volatile) -> Report:
    """Makes the report of an evaluation; `volatile` is what two equal runs may differ in."""
    suite, golden = evaluation.suite, evaluation.golden
    timed = {str(measure) for measure in suite.measures if measure.timed}
    estimates = list(_estimates(evaluation, [ALL_QUESTIONS]))
    gates = [
        _gate(position, gate, verdict)
        for position, (gate, verdicts) in enumerate(zip(suite.gates, evaluation.verdicts, strict=False))
        for verdict in verdicts
    ]
    volatile["estimates"] = [row for row in estimates if row["measure"] in timed]
    volatile["gates"] = [row for row in gates if row["measure"] in timed]
    slices = [name for name, rows in golden.slices().items() if name and len(rows) >= _MIN_SLICE]
    verdict, reasons = decision(chain.from_iterable(evaluation.verdicts))
    if evaluation.side == "dev":
        reasons = ["this is the dev half, for tuning: gates read the test half, without --split dev"]
    report = Report(
        schema_version=SCHEMA_VERSION,
        evalkit_version=__version__,
        verdict=verdict,
        reasons=reasons,
        suite=suite.name,
        owner=suite.owner,
        description=suite.description,
        corpus_digest=evaluation.corpus.digest,
        golden_digest=golden.digest,
        suite_digest=suite.digest,
        requirements=[requirement(gate) for gate in suite.gates],
        seed=suite.seed,
        figures=evaluation.figures(),
        baseline=suite.baseline,
        measures=[str(measure) for measure in suite.measures],
        variants=[_variant(run, dict(suite.specs[name])) for name, run in evaluation.runs.items()],
        estimates=[row for row in estimates if row["measure"] not in timed],
        slices=[row for row in _estimates(evaluation, slices) if row["measure"] not in timed],
        comparisons=[row for row in _comparisons(evaluation) if row["measure"] not in timed],
        gates=[row for row in gates if row["measure"] not in timed],
        items=list(_items(evaluation, timed)),
        volatile=volatile,
    )
    if judges := dict(_judges(evaluation)):
        report["judges"] = judges
    if units := {m: c.unit for (_, m), c in evaluation.columns.items() if c.unit}:
        report["units"] = units
    return report


def decision(
    verdicts: Iterable[Verdict],
) -> tuple[Literal["GO", "NO-GO", "INCONCLUSIVE"], list[str]]:
    """Every gate must pass: NO-GO where one fails, INCONCLUSIVE where one is undecided or none exists."""
    every = list(verdicts)
    verdicts = [verdict for verdict in every if not verdict.advisory]
    failed = [v.reason for v in verdicts if v.outcome is Outcome.FAIL]
    if failed:
        return "NO-GO", failed
    open_ = [v.reason for v in verdicts if v.outcome is Outcome.INCONCLUSIVE]
    if open_:
        return "INCONCLUSIVE", open_
    if not verdicts:
        return "INCONCLUSIVE", ["the suite has no gates, so nothing says what a release must meet"]
    undecided = len(every) - len(verdicts)
    advisory = f"; {counted(undecided, 'advisory one')} undecided" if undecided else ""
    return "GO", [f"{counted(len(verdicts), 'verdict')}, every one of them PASS{advisory}"]


def _estimates(evaluation: Evaluation, slices: Iterable[str]) -> Iterable[EstimateRow]:
    shares = {str(m): getattr(m, "share", not m.timed) for m in evaluation.suite.measures}
    for name in slices:
        for (variant, measure), column in evaluation.columns.items():
            cells = pick(evaluation, column, name)
            reviewed = by_people.corrected(cells) if len(cells.rows) else None
            estimate = (
                reviewed.interval()
                if reviewed is not None
                else stats.interval(
                    cells.value[cells.scored],
                    clusters=cells.clusters[cells.scored],
                    ids=cells.ids[cells.scored],
                    unscored=cells.unscored,
                    share=shares[measure],
                )
            )
            yield EstimateRow(
                variant=variant,
                measure=measure,
                slice=name,
                mean=estimate.mean,
                low=estimate.low,
                high=estimate.high,
                n=estimate.n,
                unscored=estimate.unscored,
                method=estimate.method,
            )


def _comparisons(evaluation: Evaluation) -> Iterable[Comparison]:
    if evaluation.baseline is None:
        return
    up = {str(measure): measure.higher_is_better for measure in evaluation.suite.measures}
    for (variant, measure), column in evaluation.columns.items():
        if variant == evaluation.baseline:
            continue
        base = evaluation.scores(evaluation.baseline, measure)
        cells = pick(evaluation, column, ALL_QUESTIONS)
        both = cells.scored & (base.state[cells.rows] == int(State.VALUE))
        difference = cells.value[both] - base.value[cells.rows[both]]
        estimate = stats.paired_interval(difference, clusters=cells.clusters[both])
        yield Comparison(
            variant=variant,
            baseline=evaluation.baseline,
            measure=measure,
            difference=estimate.mean,
            low=estimate.low,
            high=estimate.high,
            n=estimate.n,
            better=int(np.sum(difference > 0 if up[measure] else difference < 0)),
            worse=int(np.sum(difference < 0 if up[measure] else difference > 0)),
        )


def _judges(evaluation: Evaluation) -> Iterable[tuple[str, JudgeRow]]:
    for measure in evaluation.suite.measures:
        if isinstance(measure, Judged) and measure.judge is not None:
            name = str(measure)
            columns = {v: column for (v, m), column in evaluation.columns.items() if m == name}
            cost = sum(said.cost for column in columns.values() for said in column.detail.values())
            corrections = {variant: _corrected(column) for variant, column in columns.items()}
            if len(set(corrections.values())) == 1:
                correction = next(iter(corrections.values()))
            else:
                correction = "; ".join(f"{variant}: {text}" for variant, text in corrections.items())
            cards = {v: c.labels.card for v, c in columns.items() if isinstance(c.labels, Labels)}
            yield (
                name,
                JudgeRow(identity=measure.judge.identity(), cards=cards, cost=cost, correction=correction),
            )


def _corrected(column: Scores) -> str:
    """Says what people's labels did to a judged figure."""
    if isinstance(column.labels, Labels):
        return f"corrected by {counted(len(column.labels.row), 'label')} of people, card {column.labels.card[:8]}"
    return f"not corrected, {column.labels}" if column.labels else "not corrected"


def _gate(position: int, gate: Gate, verdict: Verdict) -> GateRow:
    row = {"name": titled(gate.title, verdict.slice), "position": position, **asdict(verdict)}
    return cast("GateRow", {**row, "outcome": verdict.outcome.value})


def _variant(run: Run, spec: dict[str, Any]) -> VariantRow:
    lengths = run.passages.end - run.passages.start
    return VariantRow(
        name=run.variant.name,
        spec=spec,
        chunker=repr(run.variant.chunker),
        retriever=repr(run.variant.retriever),
        answerer=repr(run.variant.answerer) if run.variant.answerer else None,
        depth=run.variant.depth,
        passages=len(lengths),
        median_characters=int(np.median(lengths)) if len(lengths) else 0,
    )


def _items(evaluation: Evaluation, timed: set[str]) -> Iterable[Item]:
    golden = evaluation.golden
    for row, question in enumerate(golden.questions):
        evidence = [
            EvidenceRow(
                doc=evaluation.corpus[int(golden.qrels.doc[piece])].doc_id,
                start=int(golden.qrels.start[piece]),
                end=int(golden.qrels.end[piece]),
                quote=quote.quote,
            )
            for piece, quote in zip(
                np.flatnonzero(golden.qrels.question == row), question.evidence, strict=False
            )
        ]
        yield Item(
            id=question.id,
            text=question.text,
            tags=dict(question.tags),
            cluster=question.cluster,
            reference=question.reference,
            evidence=evidence,
            unwinnable=golden.unwinnable.get(row, ""),
            results={name: _result(evaluation, name, row, evidence, timed) for name in evaluation.runs},
        )


def _result(
    evaluation: Evaluation, variant: str, row: int, evidence: list[EvidenceRow], timed: set[str]
) -> ItemResult:
    run = evaluation.runs[variant]
    columns: dict[str, Scores] = {
        measure: column
        for (name, measure), column in evaluation.columns.items()
        if name == variant and measure not in timed
    }
    result = ItemResult(
        scores={m: float(c.value[row]) for m, c in columns.items() if c.state[row] == State.VALUE},
        reasons={m: c.reason[row] for m, c in columns.items() if c.state[row] != State.VALUE},
        retrieved=list(_retrieved(run, row, evidence)),
        stage=_stage(evaluation, run, row, columns),
    )
    if run.answers is not None:
        result["answer"] = run.answers[row].error or run.answers[row].text
    claims = {
        m: [cast("ClaimRow", asdict(claim)) for claim in c.detail[row].claims]
        for m, c in columns.items()
        if row in c.detail
    }
    if any(claims.values()):
        result["claims"] = {m: said for m, said in claims.items() if said}
    return result


def _stage(evaluation: Evaluation, run: Run, row: int, columns: Mapping[str, Scores]) -> str:
    golden = evaluation.golden
    if row in golden.unwinnable:
        unreadable = evaluation.pinned.unreadable if evaluation.pinned else {}
        return funnel.gone(golden.questions[row], evaluation.corpus, unreadable)
    found = funnel.coverage(run, golden, row)
    answerer, answers = run.variant.answerer, run.answers
    by_retrieval = funnel.stage(found, top=TOP if answerer is None else answerer.top)
    if answers is None or answers[row].error:
        return by_retrieval
    judged = (columns[m].detail.get(row) for m in columns if m in funnel.OF_THE_ANSWER)
    claims = [claim for said in judged if said is not None for claim in said.claims]
    return funnel.answered(by_retrieval, found, refused=answers[row].refused, claims=claims)


def _retrieved(run: Run, row: int, evidence: list[EvidenceRow]) -> Iterable[Retrieved]:
    for position in range(min(TOP, run.hits.passage.shape[1])):
        hit = int(run.hits.passage[row, position])
        if hit < 0:
            return
        passage = run.passages[hit]
        span = passage.span
        inside = sum(
            max(0, min(span.end, piece["end"]) - max(span.start, piece["start"]))
            for piece in evidence
            if piece["doc"] == span.doc
        )
        yield Retrieved(
            doc=span.doc,
            start=span.start,
            end=span.end,
            score=round(float(run.hits.score[row, position]), 6),
            text=passage.text[:_SNIPPET],
            evidence=inside,
        )
