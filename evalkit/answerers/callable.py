"""A Python function that answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from evalkit.digest import of_bytes
from evalkit.errors import SuiteError
from evalkit.types import Answer, Passage, Question, Runtime

__all__ = ["Callable"]


@dataclass(frozen=True, slots=True)
class Callable:
    """Calls `function(question, passages)` with the question's text and the passages' texts.

    It returns a text, None to refuse, or an `evalkit.types.Answer`; what it raises is the reason that there is no
    answer. Answers are kept until the parameters or the function's file change.

    Args:
        function: "package.module:function".
        version: raise it when what the function calls has changed.
        top: how many of the best passages it is given.
        concurrency: how many questions are under way at once, in threads.
    """

    function: str
    version: str = ""
    top: Annotated[int, Field(gt=0)] = 5
    concurrency: Annotated[int, Field(gt=0, le=256)] = 1

    def identity(self) -> str:
        self._found()
        source = getattr(import_module(self.function.partition(":")[0]), "__file__", None)
        return f"{self!r} {of_bytes(Path(source).read_bytes()) if source else ''}"

    def ready(self) -> None:
        self._found()

    def answer(self, question: Question, passages: Sequence[Passage], runtime: Runtime) -> Answer:  # noqa: ARG002
        function, start = self._found(), time.perf_counter()
        try:
            said = function(question.text, [passage.text for passage in passages])
        except Exception as error:  # noqa: BLE001 - someone else's code
            said = Answer("", error=f"{self.function} raised {type(error).__name__}: {error}")
        seconds = time.perf_counter() - start
        if isinstance(said, Answer):
            return said if said.seconds else replace(said, seconds=seconds)
        if said is None or isinstance(said, str):
            return Answer(said or "", refused=said is None, seconds=seconds)
        return Answer(
            "", error=f"{self.function} returned a {type(said).__name__}; expected a text", seconds=seconds
        )

    def _found(self) -> Any:
        module, _, name = self.function.partition(":")
        try:
            found = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise SuiteError(
                f"answerer '{self.function}': cannot be imported ({error}); expected 'package.module:function'"
            ) from error
        if not callable(found):
            raise SuiteError(
                f"answerer '{self.function}': found a {type(found).__name__}; expected a function"
            )
        return found
