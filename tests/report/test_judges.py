"""What a report says of judges."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from evalkit.evaluate import Evaluation
from evalkit.judges.support import Support
from evalkit.measures.judged import Judged
from evalkit.report.build import _judges
from evalkit.types import Labels, Scores


def column(labels: Labels | str) -> Scores:
    return Scores(np.ones(1), np.zeros(1, dtype=np.uint8), {}, labels=labels)


def carded(card: str) -> Labels:
    return Labels(np.zeros(1, dtype=np.int32), np.ones(1), np.ones(1), card)


def test_every_variant_has_the_card_of_its_own_answers() -> None:
    columns: dict[str, Labels | str] = {
        "old": carded("a1" * 32),
        "new": carded("b2" * 32),
        "bare": "no judge card",
    }
    evaluation = SimpleNamespace(
        suite=SimpleNamespace(measures=[Judged("SupportScore", Support())]),
        columns={(variant, "SupportScore"): column(labels) for variant, labels in columns.items()},
    )
    ((measure, row),) = _judges(cast("Evaluation", evaluation))
    assert (measure, row["cards"]) == ("SupportScore", {"old": "a1" * 32, "new": "b2" * 32})
    assert row["correction"] == (
        "old: corrected by 1 label of people, card a1a1a1a1; new: corrected by 1 label of people, card b2b2b2b2; "
        "bare: not corrected, no judge card"
    )
