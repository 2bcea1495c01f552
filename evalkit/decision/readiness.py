"""readiness.yaml: what only people can say, and the waivers they sign. May import report and below."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from evalkit.backends import safe_yaml
from evalkit.decision.catalogue import CATALOGUE, FAMILIES, Requirement
from evalkit.errors import SuiteError, did_you_mean

__all__ = ["Item", "Readiness", "Waiver", "load_readiness"]

VALID_DAYS = 90
"""How long an attestation holds where it names no expiry."""

Text = Annotated[str, Field(min_length=1)]
Status = Literal["measured", "attested", "not applicable", "missing", "expired", "failed"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EvidenceFile(_Model):
    """Where the proof lies; a file beside readiness.yaml is checked against its SHA-256."""

    link: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Attested(_Model):
    """A named person says so."""

    owner: Text
    statement: Text
    date: dt.date
    expires: dt.date | None = None
    evidence: EvidenceFile | None = None


class Measured(_Model):
    """A figure of the report says so."""

    figure: Text
    at_least: float | None = None
    at_most: float | None = None


class NotApplicable(_Model):
    """A named person says that it does not apply here, and why."""

    reason: Text
    approver: Text
    expires: dt.date | None = None


class Answer(_Model):
    """One item's answer; items outside the catalogue also name their family and statement."""

    attested: Attested | None = None
    measured: Measured | None = None
    not_applicable: NotApplicable | None = None
    family: Literal["data", "value", "governance", "operations", "change"] | None = None
    statement: Text | None = None
    required: bool | None = None


class Waiver(_Model):
    """Lets a release go past one undecided gate or unanswered item; never past a failed one."""

    waives: Text
    owner: Text
    reason: Text
    expires: dt.date


class Value(_Model):
    """Business value as numbers, where they are known.

    `variant` and `measure` say whose mean is the share of questions answered right; with them the cost of a correct
    answer and the hours saved in a month follow from the other numbers.
    """

    cost_per_answer: Annotated[float, Field(ge=0)] | None = None
    minutes_saved_per_answer: Annotated[float, Field(ge=0)] | None = None
    questions_per_month: Annotated[float, Field(ge=0)] | None = None
    variant: Text | None = None
    measure: Text | None = None


class _File(_Model):
    items: dict[str, Answer] = {}
    waivers: list[Waiver] = []
    value: Value = Value()


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it stands on a day; `detail` is who says so, what was measured, or what is missing."""

    name: str
    family: str
    statement: str
    required: bool
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Every item of the catalogue and of the suite, and the waivers in force."""

    items: tuple[Item, ...]
    waivers: tuple[Waiver, ...]
    expired_waivers: tuple[Waiver, ...]
    value: Value


def load_readiness(path: Path, figures: Mapping[str, float], today: dt.date) -> Readiness:
    """Reads a readiness file; where it is absent, every item is missing.

    Args:
        path: readiness.yaml.
        figures: the report's figures, for measured items.
        today: the day that decides what has expired.

    Raises:
        SuiteError: every problem, with line and path.
    """
    file = _read(path)
    items = tuple(_items(file, path.parent, figures, today))
    in_force = tuple(w for w in file.waivers if w.expires >= today)
    expired = tuple(w for w in file.waivers if w.expires < today)
    return Readiness(items, in_force, expired, file.value)


def _read(path: Path) -> _File:
    try:
        loaded = safe_yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _File()
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path}: {error}") from error
    try:
        file = TypeAdapter(_File).validate_python(loaded.data or {})
    except ValidationError as error:
        raise SuiteError(
            f"{path}:{loaded.line(e['loc'])}: {'.'.join(map(str, e['loc']))}: "
            + ("unknown key" if e["type"] == "extra_forbidden" else f"{e['msg']}; found {e['input']!r:.60}")
            for e in error.errors(include_url=False)
        ) from error
    problems = []
    for name, answer in file.items.items():
        line = loaded.line(("items", name))
        if name not in CATALOGUE and not (answer.family and answer.statement):
            problems.append(
                f"{path}:{line}: items.{name}: not in the catalogue ({did_you_mean(name, CATALOGUE)}); "
                "an item of your own names its family and statement"
            )
        given = [answer.attested, answer.measured, answer.not_applicable]
        if sum(one is not None for one in given) > 1:
            problems.append(f"{path}:{line}: items.{name}: give one of attested, measured, not_applicable")
    if problems:
        raise SuiteError(problems)
    return file


def _items(file: _File, folder: Path, figures: Mapping[str, float], today: dt.date) -> Iterator[Item]:
    own = {name: _own(answer) for name, answer in file.items.items() if name not in CATALOGUE}
    for family in FAMILIES:
        for name, requirement in {**CATALOGUE, **own}.items():
            if requirement.family == family:
                answer = file.items.get(name, Answer())
                status, detail = _status(answer, folder, figures, today)
                required = requirement.required if answer.required is None else answer.required
                yield Item(name, family, requirement.statement, required, status, detail)


def _own(answer: Answer) -> Requirement:
    return Requirement(str(answer.family), str(answer.statement), required=answer.required is not False)


def _status(answer: Answer, folder: Path, figures: Mapping[str, float], today: dt.date) -> tuple[Status, str]:
    if answer.attested is not None:
        return _attested(answer.attested, folder, today)
    if answer.measured is not None:
        return _measured(answer.measured, figures)
    if (waived := answer.not_applicable) is not None:
        if waived.expires is not None and waived.expires < today:
            return "expired", f"{waived.approver}, until {waived.expires}: {waived.reason}"
        return "not applicable", f"{waived.approver}: {waived.reason}"
    return "missing", "nobody has answered this"


def _attested(attested: Attested, folder: Path, today: dt.date) -> tuple[Status, str]:
    expires = attested.expires or attested.date + dt.timedelta(days=VALID_DAYS)
    detail = f"{attested.owner}, {attested.date}, until {expires}: {attested.statement}"
    if attested.date > today:
        return "failed", f"{detail} (dated in the future)"
    if expires < today:
        return "expired", detail
    evidence = attested.evidence
    if evidence is not None and evidence.sha256 is not None and "://" not in evidence.link:
        try:
            found = hashlib.sha256((folder / evidence.link).read_bytes()).hexdigest()
        except OSError as error:
            return "failed", f"{detail} (evidence {evidence.link} cannot be read: {error.strerror})"
        if found != evidence.sha256:
            return "failed", f"{detail} (evidence {evidence.link} has changed since it was attested)"
    return "attested", detail


def _measured(measured: Measured, figures: Mapping[str, float]) -> tuple[Status, str]:
    value = figures.get(measured.figure)
    if value is None:
        return (
            "missing",
            f"the report holds no figure '{measured.figure}'; {did_you_mean(measured.figure, figures)}",
        )
    detail = f"{measured.figure} = {value:g}"
    if measured.at_least is not None and value < measured.at_least:
        return "failed", f"{detail}, below {measured.at_least:g}"
    if measured.at_most is not None and value > measured.at_most:
        return "failed", f"{detail}, above {measured.at_most:g}"
    return "measured", detail
