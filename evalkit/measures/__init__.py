"""Runs -> scores, one formula a file, named as ir_measures names them. May import backends, registry and types."""

from __future__ import annotations

import re
from typing import Any

from evalkit.errors import SuiteError, did_you_mean
from evalkit.measures.cutoff import Cutoff
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
    },
)

_NAME = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:@(?P<size>[1-9]\d*)(?P<unit>[ct]?))?")


def parse(text: str) -> Measure:
    """Makes the measure that a name describes; `str` of it gives the name back.

    A cutoff counts passages (`Recall@5`), characters (`Recall@4000c`) or tokens (`Recall@800t`).

    Raises:
        SuiteError: for an unknown name, or a cutoff that the measure needs or does not take.
    """
    match = _NAME.fullmatch(text)
    if match is None:
        raise SuiteError(f"measure '{text}': expected a name and a cutoff such as Recall@5, Recall@4000c")
    name = match["name"]
    if name not in set(registry):
        raise SuiteError(f"unknown measure '{text}'; {did_you_mean(name, registry)}")
    cls = registry.find(name)
    cutoff = Cutoff(int(match["size"]), match["unit"]) if match["size"] else None
    if cutoff is not None and cls.CUTOFF == "none":
        raise SuiteError(f"measure '{text}': {name} takes no cutoff; write {name}")
    if cutoff is None and cls.CUTOFF == "required":
        raise SuiteError(
            f"measure '{text}': {name} needs a cutoff; write {name}@5, {name}@4000c or {name}@800t"
        )
    measure: Measure = cls() if cls.CUTOFF == "none" else cls(cutoff)
    return measure
