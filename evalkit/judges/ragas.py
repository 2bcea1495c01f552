"""ragas' metrics as judges, guarded by canaries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, SecretStr

from evalkit.backends import chat, encoder, ragas_library
from evalkit.backends import judge as backend
from evalkit.backends.chat import Endpoint, Prices
from evalkit.backends.encoder import DEFAULT
from evalkit.backends.loop import wait
from evalkit.digest import of_value
from evalkit.judges.canaries import canaries
from evalkit.types import Exchange, Judgement, Runtime

__all__ = ["Ragas"]

_VERSION = "0.4.3"
_PROMPT_TOKENS = 900
_REPLY_TOKENS = 200
_CHARACTERS_PER_TOKEN = 4
_MIDDLE = 0.5
_SALT = "0" * 64


@dataclass(frozen=True, slots=True)
class Ragas:
    """Any OpenAI-compatible endpoint, asked ragas' questions, call by call.

    Exchanges are judged in batches. Each batch carries canaries, exchanges whose verdict is known, one of which
    instructs its judge; a batch with a wrong verdict on one is discarded, its questions unscored. Replies are kept, so
    what was paid for is not asked again.

    Args:
        model: the model's name at the endpoint.
        url: the endpoint, such as https://api.openai.com/v1 or http://localhost:8000/v1.
        key: the secret, from the environment: "${OPENAI_API_KEY}".
        prices: what a million tokens cost.
        budget: how much one run may spend, in the currency of the prices.
        concurrency: how many calls are under way at once.
        deadline: seconds that one call may take, retries included.
        retries: how often an endpoint that cannot be reached, is busy or fails is asked again.
        temperature: the sampling temperature; null sends none, as some models demand.
        batch: how many exchanges share their canaries.
        encoder: the embedding model with which AnswerRelevancy compares questions.
    """

    model: str
    url: str = "https://api.openai.com/v1"
    key: SecretStr | None = None
    prices: Prices | None = None
    budget: Annotated[float, Field(gt=0)] | None = None
    concurrency: Annotated[int, Field(gt=0, le=256)] = 8
    deadline: Annotated[float, Field(gt=0)] = 60.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    batch: Annotated[int, Field(gt=0)] = 50
    encoder: str = DEFAULT

    def __post_init__(self) -> None:
        if self.budget is not None and self.prices is None:
            raise ValueError("a budget needs prices; write prices: {input: …, output: …}, per million tokens")

    def identity(self) -> str:
        return (
            f"ragas {_VERSION} {self._endpoint().identity()} encoder={self.encoder} parser={backend.PARSER}"
        )

    def measures(self) -> frozenset[str]:
        return frozenset(backend.CALLS)

    def ready(self, measure: str) -> None:
        chat.ready()
        ragas_library.ready()
        if measure == "AnswerRelevancy":
            encoder.ready(self.encoder)

    def judge(self, measure: str, exchanges: Sequence[Exchange], runtime: Runtime) -> Sequence[Judgement]:
        done = 0

        async def one(exchange: Exchange, asking: backend.Asking) -> Judgement:
            nonlocal done
            if not exchange.passages and measure not in {"AnswerRelevancy", "FactualCorrectness"}:
                return Judgement(error="nothing was retrieved, so there is nothing to judge by")
            judgement = await backend.judge(measure, exchange, asking)
            done += 1
            return judgement

        async def everything() -> list[Judgement]:
            asking = backend.Asking(
                self._endpoint(),
                self.prices,
                self.budget,
                self.encoder,
                self.identity(),
                runtime,
                asyncio.Semaphore(self.concurrency),
            )
            return await asyncio.gather(*(one(exchange, asking) for exchange in asked))

        starts = range(0, len(exchanges), self.batch)
        batches = [exchanges[start : start + self.batch] for start in starts]
        known = [canaries(measure, of_value("canary", measure, batch)) for batch in batches]
        asked = [*exchanges, *(exchange for batch in known for exchange, _ in batch)]
        stage = f"judge {measure}"
        said = wait(everything(), lambda: runtime.progress(stage, done, len(asked)))
        runtime.progress(stage, len(asked), len(asked))
        own, rest = said[: len(exchanges)], iter(said[len(exchanges) :])
        judged: list[Judgement] = []
        for start, batch in zip(starts, known, strict=True):
            wrong = _wrong([(high, next(rest)) for _, high in batch])
            part = own[start : start + self.batch]
            judged += [_discarded(judgement, wrong) for judgement in part] if wrong else part
        return judged

    def estimate(self, measure: str, exchanges: Sequence[Exchange]) -> tuple[int, float]:
        """Returns about how many calls judging takes, canaries included, and what they cost.

        Replies kept earlier are not counted off.
        """
        fixed, each = backend.CALLS[measure]
        batches = -(-len(exchanges) // self.batch)
        exchanges = [*exchanges, *(exchange for exchange, _ in canaries(measure, _SALT) * batches)]
        calls = sum(fixed + each * len(exchange.passages) for exchange in exchanges)
        texts = sum(
            len(exchange.question) + len(exchange.answer) + sum(map(len, exchange.passages))
            for exchange in exchanges
        )
        tokens = calls * _PROMPT_TOKENS + max(1, fixed) * texts // _CHARACTERS_PER_TOKEN
        return calls, self.prices.of(tokens, calls * _REPLY_TOKENS) if self.prices else 0.0

    def _endpoint(self) -> Endpoint:
        return Endpoint(self.url, self.model, self.key, self.temperature, self.deadline, self.retries)


def _wrong(said: Sequence[tuple[bool, Judgement]]) -> str:
    """Says what a judge got wrong of what is known, or nothing."""
    for high, judgement in said:
        if judgement.error:
            return f"a canary could not be judged: {judgement.error}"
        if (judgement.value >= _MIDDLE) != high:
            return f"a canary known to be {'high' if high else 'low'} got {judgement.value:.2f}"
    return ""


def _discarded(judgement: Judgement, wrong: str) -> Judgement:
    return replace(
        judgement, value=0.0, claims=(), error=judgement.error or f"its batch is discarded: {wrong}"
    )
