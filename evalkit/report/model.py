"""The report's JSON, field by field: the source of truth that every rendering reads.

Everything outside `volatile` is a function of the digests and the seed: two runs of one suite write the same
bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs it below Python 3.12

from evalkit.errors import SuiteError

__all__ = [
    "SCHEMA_VERSION",
    "ClaimRow",
    "Comparison",
    "EstimateRow",
    "EvidenceRow",
    "GateRow",
    "Item",
    "ItemResult",
    "JudgeRow",
    "Report",
    "Requirement",
    "Retrieved",
    "VariantRow",
    "Volatile",
    "dump",
    "load",
]

SCHEMA_VERSION = 2

Decision = Literal["GO", "NO-GO", "INCONCLUSIVE"]


class EstimateRow(TypedDict):
    """A measure's mean and two-sided 95% interval for one variant, over one slice."""

    variant: str
    measure: str
    slice: str
    mean: float
    low: float
    high: float
    n: int
    unscored: int
    method: str


class GateRow(TypedDict):
    """One verdict; `low` and `high` are the bounds that were compared with `bound`.

    `name` is its gate's title with its slice, and no other verdict's; waivers name it. `position` counts the suite's
    gates from 0: a gate over slices gives several verdicts. An advisory one holds no release.
    """

    name: str
    position: int
    gate: str
    variant: str
    measure: str
    slice: str
    outcome: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    reason: str
    estimate: float | None
    low: float | None
    high: float | None
    bound: float | None
    n: int
    needed: int | None
    method: str
    advisory: bool


class Comparison(TypedDict):
    """A variant minus the baseline, paired per question, with its two-sided 95% interval."""

    variant: str
    baseline: str
    measure: str
    difference: float
    low: float
    high: float
    n: int
    better: int
    worse: int


class VariantRow(TypedDict):
    """What a variant is and what its chunker made."""

    name: str
    spec: dict[str, Any]
    chunker: str
    retriever: str
    answerer: str | None
    depth: int
    passages: int
    median_characters: int


class EvidenceRow(TypedDict):
    """A piece of evidence at its place in the corpus."""

    doc: str
    start: int
    end: int
    quote: str


class Retrieved(TypedDict):
    """A retrieved passage; `text` is its beginning, `evidence` the characters of evidence inside it."""

    doc: str
    start: int
    end: int
    score: float
    text: str
    evidence: int


class ClaimRow(TypedDict):
    """One statement as judged; `passage` counts the retrieved passages from 0, -1 where none bears on it."""

    text: str
    supported: bool
    passage: int
    note: str


class JudgeRow(TypedDict):
    """Who decides a measure, the digest of each variant's card, what judging cost, and how figures were corrected.

    Labels are of one variant's answers: a variant without any has no card, and no correction.
    """

    identity: str
    cards: dict[str, str]
    cost: float
    correction: str


class ItemResult(TypedDict):
    """What one variant did with one question; `reasons` says why a measure holds no score.

    `claims` holds, by measure, what a judge said statement by statement.
    """

    scores: dict[str, float]
    reasons: dict[str, str]
    retrieved: list[Retrieved]
    stage: str
    answer: NotRequired[str]
    claims: NotRequired[dict[str, list[ClaimRow]]]


class Item(TypedDict):
    """A question and what every variant did with it."""

    id: str
    text: str
    tags: dict[str, str]
    cluster: str
    reference: str
    evidence: list[EvidenceRow]
    unwinnable: str
    results: dict[str, ItemResult]


class Volatile(TypedDict):
    """What differs between two runs of the same suite: clocks, run ids, machines, what happened before.

    `code` is the commit of the suite's repository, with a + where files were changed since, or empty. `edited` says
    which gates were changed after results existed. `looks` counts the runs so far, this one included, that read the
    test half of these questions, where there is one.
    """

    started_at: str
    seconds: float
    stages: dict[str, str]
    estimates: list[EstimateRow]
    gates: list[GateRow]
    tracking: dict[str, str]
    machine: str
    code: str
    edited: list[str]
    looks: NotRequired[int]


class Requirement(TypedDict):
    """A gate with every parameter: its title, its name in suites, and what was asked of it, defaults included."""

    title: str
    gate: str
    parameters: dict[str, Any]


class Report(TypedDict):
    """One evaluation, whole.

    `requirements` are the gates with every parameter, as they stood before anything ran; `units` the units of the
    measures that have one.
    """

    schema_version: int
    evalkit_version: str
    verdict: Decision
    reasons: list[str]
    suite: str
    owner: str
    description: str
    corpus_digest: str
    golden_digest: str
    suite_digest: str
    requirements: list[Requirement]
    seed: int
    figures: dict[str, float]
    baseline: str | None
    measures: list[str]
    judges: NotRequired[dict[str, JudgeRow]]
    variants: list[VariantRow]
    estimates: list[EstimateRow]
    slices: list[EstimateRow]
    comparisons: list[Comparison]
    gates: list[GateRow]
    items: list[Item]
    units: NotRequired[dict[str, str]]
    volatile: Volatile


def dump(report: Report) -> str:
    """Returns the report as JSON; equal reports give equal bytes."""
    return json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def load(path: Path) -> Report:
    """Reads a report file.

    Raises:
        SuiteError: where it is absent, of another schema version, or no report.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such file; expected a report written by `evalkit run --json`") from None
    except (OSError, ValueError) as error:
        raise SuiteError(
            f"{path}: not a readable report ({error}); expected one written by `evalkit run --json`"
        ) from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version is None:
        raise SuiteError(f"{path}: not a report; expected one written by `evalkit run --json`")
    if version != SCHEMA_VERSION:
        raise SuiteError(
            f"{path}: report version {version!r}; this evalkit reads {SCHEMA_VERSION}; run the suite again"
        )
    try:
        return TypeAdapter(Report).validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise SuiteError(f"{path}: not a whole report: {where}: {first['msg']}") from error
