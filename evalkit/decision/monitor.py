"""Watching a release: an alarm that stays valid however often one looks. May import report and below.

The alarm is a bet against "the mean is at least the floor": capital that reaches 1/alpha is strong evidence that it is
not, at any time, with one error for all looks together (Waudby-Smith & Ramdas, 2024; Ville's inequality).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from evalkit.backends.files import write_atomic
from evalkit.errors import EvaluationError, SuiteError
from evalkit.wording import counted

__all__ = ["Alarm", "call", "read_state", "scored", "tell", "watched"]

_PRIOR = 4.0
_CAP = 0.5


@dataclass(frozen=True, slots=True)
class Alarm:
    """The bettor against a floor: `n` outcomes seen, their sum and sum of squares, and the log of the capital.

    `peak` is the most the capital has been; an alarm, once raised, stays.
    """

    floor: float
    alpha: float = 0.05
    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    capital: float = 0.0
    peak: float = 0.0

    @property
    def raised(self) -> bool:
        return self.peak >= -math.log(self.alpha)

    def after(self, values: Iterable[float]) -> Alarm:
        """Bets on outcomes in [0, 1], in the order in which they came."""
        n, total, squares, capital, peak = self.n, self.total, self.squares, self.capital, self.peak
        for value in values:
            # The stake is decided before the outcome is seen: approximate growth-rate optimal, never negative.
            mean = (_PRIOR * self.floor + total) / (_PRIOR + n)
            variance = (_PRIOR * self.floor * (1 - self.floor) + squares) / (_PRIOR + n)
            short = max(0.0, self.floor - mean)
            stake = min(short / (variance + short * short), _CAP / (1 - self.floor))
            capital += math.log1p(stake * (self.floor - value))
            n, total, squares = n + 1, total + value, squares + (value - mean) ** 2
            peak = max(peak, capital)
        return replace(self, n=n, total=total, squares=squares, capital=capital, peak=peak)


def scored(path: Path, skip: int) -> Iterator[float]:
    """Yields the values of a file of live outcomes, one `{"value": 0.8}` a line, beyond the first `skip` lines.

    Raises:
        SuiteError: naming the line that holds no value in [0, 1], or saying that the file became shorter.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read ({error}); expected one JSON object a line") from error
    if len(lines) < skip:
        raise SuiteError(
            f"{path}: holds {counted(len(lines), 'outcome')}, {skip} were read before; append to it, never replace it"
        )
    for number, line in enumerate(lines[skip:], skip + 1):
        try:
            value = float(json.loads(line)["value"])
        except (ValueError, TypeError, KeyError):
            value = math.nan
        if not 0 <= value <= 1:
            raise SuiteError(
                f'{path}:{number}: found {line!r:.60}; expected {{"value": a share from 0 to 1}}'
            )
        yield value


def read_state(path: Path, floor: float, alpha: float) -> Alarm:
    """Returns the alarm as the last look left it, or a new one.

    Raises:
        SuiteError: where the file is no state, or of another floor: an alarm's level cannot change under way.
    """
    if not path.exists():
        return Alarm(floor, alpha)
    try:
        state = TypeAdapter(Alarm).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SuiteError(f"{path}: not a monitor's state; delete it to start afresh") from error
    if (state.floor, state.alpha) != (floor, alpha):
        raise SuiteError(
            f"{path}: watches the floor {state.floor:g} with error {state.alpha:g}; "
            "name the same, or another state file"
        )
    return state


def watched(
    outcomes: Path, state_file: Path, *, floor: float, alpha: float, webhook: str | None, suite: str
) -> Alarm:
    """Looks at the outcomes that are new since the last look, and tells the webhook when the alarm is raised.

    The state is written after the webhook answered, so a call that failed is made again at the next look.
    """
    before = read_state(state_file, floor, alpha)
    now = before.after(scored(outcomes, before.n))
    if now.raised and not before.raised and webhook is not None:
        call(webhook, suite, "quiet", "alarm", tell(now))
    write_atomic(state_file, json.dumps(asdict(now), indent=1) + "\n")
    return now


def tell(alarm: Alarm) -> str:
    """Says how things stand, in a sentence."""
    if not alarm.n:
        return "no outcome yet"
    said = f"the mean of {counted(alarm.n, 'outcome')} is {alarm.total / alarm.n:.3f}"
    if alarm.raised:
        return f"{said}; below the floor {alarm.floor:g} with {1 - alarm.alpha:.0%} confidence over all looks"
    evidence = math.exp(alarm.capital)
    return (
        f"{said}; no alarm against the floor {alarm.floor:g} (evidence {evidence:.2g} of {1 / alarm.alpha:g})"
    )


def call(url: str, suite: str, was: str, now: str, reason: str) -> None:
    """Posts `{"suite", "was", "now", "reason"}` to a webhook.

    Raises:
        EvaluationError: where it is no http(s) URL, cannot be reached, or does not answer with success.
    """
    from urllib.request import Request, urlopen

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise EvaluationError(f"webhook: found the scheme {parts.scheme!r}; expected http or https")
    body = json.dumps({"suite": suite, "was": was, "now": now, "reason": reason}).encode()
    request = Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - the scheme was checked
    try:
        with urlopen(request, timeout=15):  # noqa: S310
            pass
    except (URLError, OSError) as error:  # the path of a webhook is its secret
        raise EvaluationError(
            f"webhook at {parts.hostname}: {error}; it is called again at the next look"
        ) from None
