"""Answers that a system gave earlier, read from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evalkit.digest import of_bytes
from evalkit.errors import GoldenError
from evalkit.types import Answer, Passage, Question, Runtime

__all__ = ["Recorded"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answers from a file of JSON lines: {"id", "answer"}, and where known "refused", "error", "seconds",
    "tokens_in", "tokens_out" and "cost".

    A question that the file does not hold has no answer, and is unscored.

    Args:
        file: the answers; other keys are passed over, so a question set with answers in it will do.
        top: how many of the best passages the system read.
    """  # noqa: D205

    file: Path
    top: Annotated[int, Field(gt=0)] = 5

    def identity(self) -> str:
        return f"recorded {of_bytes(_bytes(self.file))} top={self.top}"

    def ready(self) -> None:
        _answers(self.file, _bytes(self.file))

    def answer(self, question: Question, passages: Sequence[Passage], runtime: Runtime) -> Answer:  # noqa: ARG002
        found = _answers(self.file, _bytes(self.file)).get(question.id)
        return found or Answer("", error=f"{self.file.name} holds no answer to '{question.id}'")


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    answer: str = ""
    refused: bool = False
    error: str = ""
    seconds: Annotated[float, Field(ge=0)] = 0.0
    tokens_in: Annotated[int, Field(ge=0)] = 0
    tokens_out: Annotated[int, Field(ge=0)] = 0
    cost: Annotated[float, Field(ge=0)] = 0.0


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GoldenError(f"{path}: cannot be read ({error.strerror}); expected recorded answers") from error


@lru_cache(maxsize=8)
def _answers(path: Path, content: bytes) -> Mapping[str, Answer]:
    answers: dict[str, Answer] = {}
    problems: list[str] = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = _Line.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problems.append(f"{path}:{number}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            continue
        except ValueError as error:
            problems.append(f"{path}:{number}: found no JSON object ({error}); expected one answer a line")
            continue
        if row.id in answers:
            problems.append(f"{path}:{number}: a second answer to '{row.id}'; keep one")
        answers[row.id] = Answer(
            row.answer, row.refused, row.error, row.seconds, row.tokens_in, row.tokens_out, row.cost
        )
    if problems:
        raise GoldenError(problems)
    return answers
