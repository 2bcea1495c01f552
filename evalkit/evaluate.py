"""The one path: anchor the evidence, run each variant, score. May import suite and below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.corpus import lock
from evalkit.corpus.snapshot import Store
from evalkit.errors import SuiteError, did_you_mean
from evalkit.golden.anchor import anchor
from evalkit.golden.split import Side, select
from evalkit.measures.judged import Judged
from evalkit.stages import run_variants
from evalkit.suite import Suite
from evalkit.trust.card import Card, read_cards, usable
from evalkit.types import Corpus, Golden, Labels, Measure, Question, Run, Runtime, Scores, Verdict

__all__ = ["Evaluation", "evaluate", "read_corpus", "read_questions"]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Everything one evaluation measured; fulfils `Results`, which gates read.

    `verdicts` holds one tuple a gate of the suite, one verdict a slice; the development half of a split has none.
    `pinned` is the corpus's lock, with the figures of the last sync and the documents that it could not read.
    """

    suite: Suite
    corpus: Corpus
    golden: Golden
    runs: Mapping[str, Run]
    columns: Mapping[tuple[str, str], Scores]
    verdicts: tuple[tuple[Verdict, ...], ...] = ()
    side: Side = "test"
    pinned: lock.Lock | None = None

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
            **(self.pinned.figures if self.pinned else {}),
            "golden.questions": float(questions),
            "golden.unwinnable_share": len(self.golden.unwinnable) / questions,
            **{
                f"passages.cut_share.{name}": run.hits.cut / max(1, len(run.passages))
                for name, run in self.runs.items()
            },
            **{
                f"judge.labels.{name}.{measure}": float(
                    len(column.labels.row) if isinstance(column.labels, Labels) else 0
                )
                for (name, measure), column in self.columns.items()
                if column.labels is not None
            },
        }


def evaluate(
    suite: Suite, runtime: Runtime, *, today: dt.date | None = None, side: Side = "test"
) -> Evaluation:
    """Runs every variant of a suite over its pinned corpus and judges the gates.

    Args:
        suite: what to evaluate.
        runtime: what stages may use.
        today: the date at which judge cards must be valid; none is where nobody says it.
        side: the half to read, where the suite splits its questions; gates are judged on the test half only.

    Raises:
        SuiteError: where the suite has no such half.
        CorpusError: where the pinned snapshot is not in the store.
        GoldenError: where the golden set does not fit the corpus.
        EvaluationError: where a stage breaks its contract.
    """
    corpus = read_corpus(suite)
    golden = anchor(read_questions(suite, side), corpus)
    runs = run_variants(suite.variants, corpus, golden, runtime)
    cards = read_cards(suite.cards)
    columns = {
        (name, str(measure)): replace(
            measure.score(run, golden, runtime), labels=_labels(measure, run, golden, cards, today)
        )
        for name, run in runs.items()
        for measure in suite.measures
    }
    results = Evaluation(suite, corpus, golden, runs, columns, side=side, pinned=lock.read(suite.lock))
    if side == "dev":
        return results
    return replace(results, verdicts=tuple(tuple(gate.judge(results)) for gate in suite.gates))


def read_questions(suite: Suite, side: Side = "test") -> tuple[Question, ...]:
    """Reads the golden set, or the half of it that the suite's split puts on this side."""
    questions = suite.golden.questions()
    if suite.test_share is None:
        if side == "dev":
            raise SuiteError(f"{suite.path}: there is no dev half; add 'split: {{test_share: 0.5}}'")
        return questions
    half = select(questions, suite.test_share, side)
    if not half:
        raise SuiteError(f"{suite.path}: split: no cluster of questions falls into the {side} half")
    return half


def _labels(
    measure: Measure, run: Run, golden: Golden, cards: Iterable[Card], today: dt.date | None
) -> Labels | str | None:
    """Returns what people said of the answers that a judge saw, or why it may not gate."""
    if not isinstance(measure, Judged) or measure.judge is None:
        return None
    return usable(
        cards,
        judge=measure.judge.identity(),
        measure=str(measure),
        variant=run.variant.name,
        exchanges=measure.exchanges(run, golden),
        today=today,
    )


def read_corpus(suite: Suite) -> Corpus:
    """Opens the snapshot that the suite's lock pins, and no other."""
    return Store(suite.home / "corpus").read(expect=lock.read(suite.lock).digest)
