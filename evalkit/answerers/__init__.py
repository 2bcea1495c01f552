"""Systems that answer a question from what was retrieved. May import corpus and below."""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import Answerer

__all__ = ["registry"]

registry: Registry[Answerer] = Registry(
    "answerer",
    {
        "recorded": "evalkit.answerers.recorded:Recorded",
        "extractive": "evalkit.answerers.extractive:Extractive",
        "llm": "evalkit.answerers.llm:LLM",
        "callable": "evalkit.answerers.callable:Callable",
    },
)
