"""Runs -> scores, one formula a file, named as ir_measures names them. May import backends, registry and types."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from evalkit.errors import SuiteError
from evalkit.measures.cutoff import Cutoff
from evalkit.measures.judged import Judged
from evalkit.registry import Registry
from evalkit.types import Measure

__all__ = ["parse", "registry"]

registry: Registry[Any] = Registry(
    "measure",
    {
        "Recall": "evalkit.measures.recall:Recall",
        "P": "evalkit.measures.precision:Precision",
        "IoU": "evalkit.measures.iou:IoU",
        "nDCG": "evalkit.measures.ndcg:NDCG",
        "RR": "evalkit.measures.rr:RR",
        "AP": "evalkit.measures.ap:AP",
        "Success": "evalkit.measures.success:Success",
        "Latency": "evalkit.measures.latency:Latency",
        "Cost": "evalkit.measures.cost:Cost",
        "Refusal": "evalkit.measures.refusal:Refusal",
        "Answered": "evalkit.measures.refusal:Answered",
        "Faithfulness": "evalkit.measures.judged:Judged",
        "ContextRecall": "evalkit.measures.judged:Judged",
        "ContextPrecision": "evalkit.measures.judged:Judged",
        "AnswerRelevancy": "evalkit.measures.judged:Judged",
        "FactualCorrectness": "evalkit.measures.judged:Judged",
        "NoiseSensitivity": "evalkit.measures.judged:Judged",
        "SupportScore": "evalkit.measures.judged:Judged",
    },
)

_NAME = re.compile(r"(?P<name>[A-Za-z_][\w.]*(?::\w+)?)(?:@(?P<size>[1-9][0-9]{0,8})(?P<unit>[ct]?))?")


def parse(text: str) -> Measure:
    """Makes the measure that a name describes; `str` of it gives the name back.

    A cutoff counts passages (`Recall@5`), characters (`Recall@4000c`) or tokens (`Recall@800t`). A class whose
    `CUTOFF` is "required" or "optional" is made from its `Cutoff`, `Judged` from its name, any other from nothing.

    Raises:
        SuiteError: for an unknown name, or a cutoff that the measure needs or does not take.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise SuiteError(f"measure '{text}': expected a name and a cutoff such as Recall@5, Recall@4000c")
    name = match["name"]
    cls = registry.find(name)
    unit = cast("Literal['', 'c', 't']", match["unit"])
    cutoff = Cutoff(int(match["size"]), unit) if match["size"] else None
    if getattr(cls, "CUTOFF", "none") == "none":
        if cutoff is not None:
            raise SuiteError(f"measure '{text}': {name} takes no cutoff; write {name}")
        return cast("Measure", cls(name) if cls is Judged else cls())
    try:
        return cast("Measure", cls(cutoff))
    except ValueError as error:
        raise SuiteError(f"measure '{text}': {error}") from error
