"""A judge that is a classifier of natural language inference: HHEM, MiniCheck, DeBERTa-NLI and their like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from evalkit.backends import nli
from evalkit.digest import of_value
from evalkit.judges.statements import statements
from evalkit.types import Claim, Exchange, Judgement, Runtime

if TYPE_CHECKING:
    from evalkit.types import Arrays

__all__ = ["NLI"]

_VERSION = 1
_BLOCK = 64
"""How many exchanges are judged, and kept, at once."""


@dataclass(frozen=True, slots=True)
class NLI:
    """The share of the answer's statements that some passage supports, by a classifier of premise and statement.

    Args:
        model: a sequence classifier's folder, or its name in the local Hugging Face cache.
        label: the name or number of the label that means support, where its own name does not say so.
        threshold: from which chance on a statement counts as supported.
    """

    model: str
    label: str = ""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5

    def identity(self) -> str:
        label = f" label {self.label}" if self.label else ""
        return f"nli {nli.identity(self.model)}{label} from {self.threshold:g} version {_VERSION}"

    def measures(self) -> frozenset[str]:
        return frozenset({"Faithfulness"})

    def ready(self, measure: str) -> None:  # noqa: ARG002
        nli.ready(self.model)

    def judge(self, measure: str, exchanges: Sequence[Exchange], runtime: Runtime) -> Sequence[Judgement]:  # noqa: ARG002
        judged: list[Judgement] = []
        for start in range(0, len(exchanges), _BLOCK):
            judged += self._block(exchanges[start : start + _BLOCK], runtime)
            runtime.progress("judge", len(judged), len(exchanges))
        return judged

    def _block(self, exchanges: Sequence[Exchange], runtime: Runtime) -> list[Judgement]:
        keys = [
            of_value("nli", self.identity(), exchange.answer, exchange.passages) for exchange in exchanges
        ]
        known = {key: runtime.cache.get(key) for key in keys}
        missing = {key: exchange for key, exchange in zip(keys, exchanges, strict=True) if known[key] is None}
        runtime.tally.add("judge", made=len(missing), reused=len(exchanges) - len(missing))
        for key, table in zip(missing, self._asked(list(missing.values())), strict=True):
            runtime.cache.put(key, table)
            known[key] = table
        return [
            self._judgement(exchange, known[key] or {}) for key, exchange in zip(keys, exchanges, strict=True)
        ]

    def _asked(self, exchanges: Sequence[Exchange]) -> list[Arrays]:
        """Returns `supports` and `contradicts` of each exchange, float64[statements, passages]."""
        said = [[statement.text for statement in statements(exchange.answer)] for exchange in exchanges]
        pairs = [
            (passage, text)
            for exchange, texts in zip(exchanges, said, strict=True)
            for text in texts
            for passage in exchange.passages
        ]
        found = np.array(nli.chances(self.model, self.label, pairs), dtype=np.float64).reshape(-1, 2)
        tables: list[Arrays] = []
        start = 0
        for exchange, texts in zip(exchanges, said, strict=True):
            shape = (len(texts), len(exchange.passages))
            part = found[start : start + shape[0] * shape[1]]
            tables.append({"supports": part[:, 0].reshape(shape), "contradicts": part[:, 1].reshape(shape)})
            start += len(part)
        return tables

    def _judgement(self, exchange: Exchange, table: Arrays) -> Judgement:
        claims = [
            self._claim(statement.text, supports, contradicts)
            for statement, supports, contradicts in zip(
                statements(exchange.answer), table["supports"], table["contradicts"], strict=True
            )
        ]
        if not claims:
            return Judgement(error="the answer holds no statement")
        return Judgement(sum(claim.supported for claim in claims) / len(claims), claims=tuple(claims))

    def _claim(self, text: str, supports: np.ndarray, contradicts: np.ndarray) -> Claim:
        if not len(supports):
            return Claim(text, supported=False, note="nothing was retrieved")
        best, worst = int(supports.argmax()), int(contradicts.argmax())
        if supports[best] >= self.threshold:
            return Claim(text, supported=True, passage=best, note=f"supported, {supports[best]:.2f}")
        if contradicts[worst] >= self.threshold:
            return Claim(text, supported=False, passage=worst, note=f"contradicted, {contradicts[worst]:.2f}")
        return Claim(text, supported=False, note=f"not supported, at most {supports[best]:.2f}")
