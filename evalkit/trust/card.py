"""Judge cards: what is on record of a judge's agreement with people, one JSON file a judge and measure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from evalkit.backends.files import write_atomic
from evalkit.digest import of_bytes, of_value
from evalkit.errors import SuiteError
from evalkit.trust.agreement import Figure
from evalkit.trust.labels import key
from evalkit.trust.ppi import MIN_RARER
from evalkit.types import Exchange, Labels
from evalkit.wording import counted

__all__ = [
    "MIN_AUROC",
    "MIN_LABELS",
    "Card",
    "Pair",
    "Slice",
    "digest",
    "problems",
    "read_cards",
    "usable",
    "write_card",
]

MIN_LABELS = 100
MIN_AUROC = 0.60
"""What the lower end of the AUROC's interval must exceed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One labelled answer, by its key, and what the judge made of it: None where it gave no value."""

    answer: str
    variant: str
    judged: float | None
    label: float


@dataclass(frozen=True, slots=True)
class Slice:
    """The agreement on the answers with one tag's value."""

    labels: int
    agreement: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Card:
    """How a judge and people agreed.

    `judge` is its identity: judge, model, prompt and parser. `rarer` counts the labels of the rarer kind, `unscored`
    the answers that it gave no value for, which count as misjudged. `people` is the agreement between raters, where
    there were several; `repeats` how the judge's values change when it is asked again.
    """

    judge: str
    measure: str
    made_on: dt.date
    expires_on: dt.date
    labels: int
    rarer: int
    clusters: int
    unscored: int
    agreement: Mapping[str, Figure]
    slices: Mapping[str, Slice]
    people: Mapping[str, float] | None
    repeats: Mapping[str, float] | None
    pairs: tuple[Pair, ...]


def problems(card: Card, today: dt.date | None) -> list[str]:
    """Says why a card does not let its judge gate; nothing where it does.

    Args:
        card: the card.
        today: the date of the evaluation; None where nobody said, which no expiry survives.
    """
    found = []
    if card.labels < MIN_LABELS:
        found.append(
            f"its card rests on {counted(card.labels, 'label')}; label {MIN_LABELS - card.labels} more"
        )
    if card.rarer < MIN_RARER:
        found.append(
            f"its card rests on {card.rarer} labels of the rarer kind; label until there are {MIN_RARER}"
        )
    auroc = card.agreement["auroc"]
    if auroc.low is None:
        found.append("its AUROC is unknown, all labels being of one kind")
    elif auroc.low <= MIN_AUROC:
        found.append(
            f"its AUROC of {auroc.value:.2f} may be as low as {auroc.low:.2f}; "
            f"it must be shown to exceed {MIN_AUROC:.2f}"
        )
    if today is None:
        found.append(f"its card expires on {card.expires_on}, and the date is not known")
    elif today > card.expires_on:
        found.append(f"its card expired on {card.expires_on}; calibrate again")
    return found


def usable(
    cards: Iterable[Card],
    *,
    judge: str,
    measure: str,
    variant: str,
    exchanges: Mapping[int, Exchange],
    today: dt.date | None,
) -> Labels | str:
    """Returns the labels that correct a variant's judged figure, or why the judge may not gate.

    The labels must be of the very answers that are judged, as they are now: labels of other answers say what the judge
    got wrong there, not here. Where some have changed, the rest is no longer a random sample.

    Args:
        cards: what is on record.
        judge: the judge's identity.
        measure: what it judges.
        variant: whose answers.
        exchanges: what the judge was shown, by the question's row.
        today: the date of the evaluation.
    """
    known = [card for card in cards if card.measure == measure]
    card = next((card for card in known if card.judge == judge), None)
    if card is None:
        other = f"; the card on record is of '{known[0].judge}'" if known else ""
        return (
            f"no judge card for '{judge}'{other}: label {MIN_LABELS} answers drawn at random, "
            f"{MIN_RARER} of them of the rarer kind, and run evalkit judge calibrate"
        )
    if found := problems(card, today):
        return "; ".join(found)
    rows = {key(exchange): row for row, exchange in exchanges.items()}
    meant = [pair for pair in card.pairs if pair.variant in {"", variant}]
    own = sorted(
        (rows[pair.answer], pair.judged, pair.label)
        for pair in meant
        if pair.answer in rows and pair.judged is not None
    )
    changed = sum(pair.answer not in rows for pair in meant)
    if changed and own:
        return f"{changed} of its {len(meant)} labelled answers have changed since; label those again"
    if len(own) < MIN_LABELS:
        return (
            f"its card holds {counted(len(own), 'label')} of this variant's answers, {MIN_LABELS} are needed; "
            f"label {MIN_LABELS - len(own)} more of them, drawn at random"
        )
    row, judged, label = zip(*own, strict=True)
    return Labels(np.array(row, dtype=np.int32), np.array(judged), np.array(label), digest(card))


def digest(card: Card) -> str:
    """Returns the SHA-256 of a card as it is written."""
    return of_bytes(_bytes(card))


def _bytes(card: Card) -> bytes:
    return TypeAdapter(Card).dump_json(card, indent=2) + b"\n"


def read_cards(folder: Path) -> tuple[Card, ...]:
    """Reads every card of a folder, by name; none where there is no folder.

    Raises:
        SuiteError: for a file that is not a card.
    """
    adapter, cards = TypeAdapter(Card), []
    for path in sorted(folder.glob("*.json")):
        try:
            cards.append(adapter.validate_json(path.read_bytes()))
        except (OSError, ValidationError) as error:
            problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise SuiteError(f"{path}: not a judge card ({problem}); calibrate again") from error
    return tuple(cards)


def write_card(card: Card, folder: Path) -> Path:
    """Writes a card in place of an earlier one of the same judge and measure; returns its file."""
    path = folder / f"{card.measure}-{of_value(card.judge)[:8]}.json"
    write_atomic(path, _bytes(card))
    return path
