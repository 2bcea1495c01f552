from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from evalkit.report.model import Report

MEASURES = ["Recall@5", "nDCG@10"]


def made_report(word: str = "plain", questions: int = 3) -> Report:
    """A whole report in which every free text is, or holds, `word`."""
    estimate = {
        "slice": "",
        "mean": 0.8,
        "low": 0.7,
        "high": 0.9,
        "n": questions,
        "unscored": 1,
        "method": word,
    }
    gate = {
        "name": f"floor {word} Recall@5 [tag={word}]", "position": 0, "gate": "floor",
        "variant": word, "measure": "Recall@5", "slice": f"tag={word}",
        "outcome": "INCONCLUSIVE", "reason": word, "estimate": 0.8, "low": 0.7, "high": 0.9, "bound": 0.75,
        "n": questions, "needed": 40, "method": word, "advisory": False,
    }  # fmt: skip
    item = {
        "text": word, "tags": {"tag": word, word: "x"}, "cluster": word, "reference": word,
        "evidence": [{"doc": word, "start": 0, "end": 9, "quote": word}], "unwinnable": word,
        "results": {
            word: {
                "scores": {"Recall@5": 0.0}, "reasons": {"nDCG@10": word}, "stage": "not retrieved", "answer": word,
                "claims": {"Recall@5": [{"text": word, "supported": False, "passage": 0, "note": word}]},
                "retrieved": [{"doc": word, "start": 1, "end": 5, "score": 2.5, "text": word, "evidence": 3}],
            }
        },
    }  # fmt: skip
    return cast(
        "Report",
        {
            "schema_version": 2, "evalkit_version": "0.1.0", "verdict": "INCONCLUSIVE", "reasons": [word],
            "suite": word, "owner": word, "description": word, "corpus_digest": "c" * 64, "golden_digest": "d" * 64,
            "suite_digest": "e" * 64, "requirements": [{"title": word, "gate": word, "parameters": {word: word}}],
            "seed": 7, "figures": {"corpus.documents": 3.0, word: 1.0}, "baseline": word,
            "measures": MEASURES,
            "units": {"nDCG@10": word},
            "judges": {"Recall@5": {"identity": word, "cards": {word: word}, "cost": 0.5, "correction": word}},
            "variants": [{"name": word, "spec": {"chunker": word}, "chunker": word, "retriever": word, "answerer": word,
                          "depth": 5, "passages": 9, "median_characters": 80}],
            "estimates": [{**estimate, "variant": word, "measure": m} for m in MEASURES],
            "slices": [{**estimate, "variant": word, "measure": m, "slice": f"tag={word}"} for m in MEASURES],
            "comparisons": [{"variant": word, "baseline": word, "measure": "Recall@5", "difference": 0.1, "low": 0.05,
                             "high": 0.2, "n": 9, "better": 4, "worse": 1}],
            "gates": [gate],
            "items": [{**item, "id": f"{word}-{n}"} for n in range(questions)],
            "volatile": {"started_at": "2026-11-24T10:00:00+00:00", "seconds": 1.0, "stages": {}, "estimates": [],
                         "gates": [], "tracking": {"run": word}, "machine": word, "code": word, "edited": [word]},
        },
    )  # fmt: skip


def made_decision(word: str = "plain") -> dict[str, Any]:
    """A whole entry of the decision record in which every free text is `word`."""
    item = {"name": word, "family": word, "statement": word, "required": True, "status": word, "detail": word}
    waiver = {"waives": word, "owner": word, "reason": word, "expires": word}
    return {
        "number": 1, "at": "2026-11-24T10:00:00+00:00", "digest": "f" * 64, "decision": "INCONCLUSIVE",
        "reasons": [word], "approvers": [word], "readiness": [item], "waivers": [waiver],
        "expired_waivers": [waiver], "value": {word: word},
    }  # fmt: skip


@pytest.fixture
def make() -> Callable[..., Report]:
    return made_report
