"""What a run would refuse for, found before any compute: nothing is fetched, loaded or embedded. May import evaluate.

A plug-in that needs more than its parameters (a library, a model, a file) has a method `ready() -> None`, a judge
`ready(measure) -> None`, which raises what a run would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evalkit.errors import EvalkitError, SuiteError, did_you_mean
from evalkit.evaluate import read_corpus, read_questions
from evalkit.gates.floor import Floor
from evalkit.gates.no_regression import NoRegression
from evalkit.golden.anchor import anchor
from evalkit.suite import Suite
from evalkit.trust.card import read_cards
from evalkit.types import Corpus, Gate, Golden, Question

__all__ = ["Ready", "ready"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """What a run would read: the pinned corpus, and all questions anchored to it."""

    corpus: Corpus
    golden: Golden


def ready(suite: Suite) -> Ready:
    """Reads everything that a run would read.

    Raises:
        EvalkitError: every problem that a run would meet before or after computing.
    """
    problems = [*_plugins(suite)]
    _try(lambda: read_cards(suite.cards), problems)
    corpus = _try(lambda: read_corpus(suite), problems)
    questions = _try(suite.golden.questions, problems)
    if questions is not None and (asked := _try(lambda: read_questions(suite), problems)) is not None:
        problems += (
            f"{suite.path}: gate {gate}: {why}" for gate in suite.gates for why in _gate(gate, suite, asked)
        )
    golden = None
    if corpus is not None and questions is not None:
        golden = _try(lambda: anchor(questions, corpus), problems)
    if problems or corpus is None or golden is None:
        raise SuiteError(problems)
    return Ready(corpus, golden)


def _try(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except EvalkitError as error:
        problems += error.problems
        return None


def _plugins(suite: Suite) -> Iterator[str]:
    """Yields each problem of variants and measures once, with all that meet it."""
    places: dict[str, list[str]] = {}
    plugins = [
        (f"variant {variant.name}", plugin)
        for variant in suite.variants
        for plugin in (variant.chunker, variant.retriever, variant.answerer)
    ]
    for place, plugin in [*plugins, *((str(measure), measure) for measure in suite.measures)]:
        problems: list[str] = []
        if (own := getattr(plugin, "ready", None)) is not None:
            _try(own, problems)
        for problem in problems:
            places.setdefault(problem, []).append(place)
    for problem, named in places.items():
        yield f"{suite.path}: {', '.join(dict.fromkeys(named))}: {problem}"


def _gate(gate: Gate, suite: Suite, questions: Sequence[Question]) -> Iterator[str]:
    """Yields what a gate would refuse for once everything is scored."""
    tags = {tag for question in questions for tag in question.tags}
    slices = {f"{tag}={value}" for question in questions for tag, value in question.tags.items()}
    slice_, by = getattr(gate, "slice", ""), getattr(gate, "by", None)
    if slice_ and slice_ not in slices:
        yield f"slice '{slice_}' holds no question; {did_you_mean(slice_, slices)}"
    if by is not None and by not in tags:
        yield f"no question carries the tag '{by}'; {did_you_mean(by, tags)}"
    if isinstance(gate, NoRegression) and (gate.baseline or suite.baseline) is None:
        yield "no baseline to compare with; name one in the gate or as the suite's baseline"
    if isinstance(gate, Floor):
        measure = next(m for m in suite.measures if str(m) == gate.measure)
        if not getattr(measure, "share", not measure.timed):
            yield "a floor is for shares in [0, 1]; use a ceiling for times and costs"
