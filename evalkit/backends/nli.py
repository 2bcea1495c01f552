"""Sequence classifiers that say whether a premise supports a statement. May import the model beside this file.

Any checkpoint that transformers loads as a sequence classifier, sentence-transformers' cross-encoders among them: with
one logit (its sigmoid is the chance of support) or one a label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from evalkit.backends import checkpoints
from evalkit.backends.torch_model import Classifier
from evalkit.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Chances", "chances", "identity", "ready"]

_ROLE = "NLI judge"
_SUPPORTING = ("entail", "support", "consistent", "factual", "faithful", "grounded")
_CONTRADICTING = ("contradict", "refute")
_BATCH_TOKENS = 8192
_STEP = 8
_WINDOW = 512


class Chances(NamedTuple):
    """The highest chance over a premise's windows that it supports, and that it contradicts, the statement."""

    supports: float
    contradicts: float


def identity(name: str) -> str:
    """Returns what decides a checkpoint's answers: its name without folders and its files. Loads no library."""
    return f"{Path(name).name} {_digest(name)[:12]}"


def ready(name: str) -> None:
    """Raises what `chances` would raise before it loads a checkpoint."""
    checkpoints.locate(name, _ROLE)
    checkpoints.runnable(f"the {_ROLE} '{name}'")


def chances(name: str, label: str, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
    """Asks a checkpoint about pairs of premise and statement.

    A premise that is longer than the model reads is shown in overlapping windows; of a statement that would fill more
    than half of one, the beginning is shown.

    Args:
        name: a checkpoint's folder, or its name in the local Hugging Face cache.
        label: the name or number of the label that means support; "" finds it by its name.
        pairs: (premise, statement).

    Raises:
        MissingDependency: where transformers or PyTorch is not installed.
        EvaluationError: where the checkpoint is not on this machine, or cannot be used so.
    """
    return _classifier(name, label)(pairs) if pairs else []


@cache
def _digest(name: str) -> str:
    return checkpoints.digest(checkpoints.locate(name, _ROLE))


@cache
def _classifier(name: str, label: str) -> _Classifier:
    return _Classifier(name, label)


class _Classifier:
    """A loaded checkpoint, and which of its labels mean what."""

    def __init__(self, name: str, label: str) -> None:
        self._model = Classifier(checkpoints.locate(name, _ROLE), f"{_ROLE} '{name}'")
        self._tokenizer, config = self._model.tokenizer, self._model.config
        labels = {int(number): str(text) for number, text in config.id2label.items()}
        self._single = config.num_labels == 1
        self._supports = 0 if self._single else _column(name, labels, label)
        self._contradicts = _first(labels, _CONTRADICTING)
        self._window = _window(self._tokenizer.model_max_length, config)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        inputs, owner = self._windows(pairs)
        supports, contradicts = np.zeros(len(pairs)), np.zeros(len(pairs))
        for rows in _batches([len(ids) for ids in inputs["input_ids"]]):
            part = self._model.chances(
                {name: [values[row] for row in rows] for name, values in inputs.items()}
            )
            np.maximum.at(supports, owner[rows], part[:, self._supports])
            if self._contradicts is not None and not self._single:
                np.maximum.at(contradicts, owner[rows], part[:, self._contradicts])
        return [Chances(float(yes), float(no)) for yes, no in zip(supports, contradicts, strict=True)]

    def _windows(
        self, pairs: Sequence[tuple[str, str]]
    ) -> tuple[dict[str, list[list[int]]], NDArray[np.intp]]:
        """Returns the features of every window, and the pair that each belongs to."""
        heads = self._tokenizer(
            [statement for _, statement in pairs],
            add_special_tokens=False,
            truncation=True,
            max_length=self._window // 2,
            return_offsets_mapping=True,
        )["offset_mapping"]
        statements = [
            statement[: spans[-1][1]] if spans else ""
            for (_, statement), spans in zip(pairs, heads, strict=True)
        ]
        found = self._tokenizer(
            [premise for premise, _ in pairs],
            statements,
            truncation="only_first",
            max_length=self._window,
            stride=self._window // 8,
            return_overflowing_tokens=True,
        )
        owner = np.array(found["overflow_to_sample_mapping"], dtype=np.intp)
        return {name: found[name] for name in self._tokenizer.model_input_names if name in found}, owner


def _column(name: str, labels: Mapping[int, str], asked: str) -> int:
    """Returns the number of the label that means support."""
    stated = ", ".join(f"{number}: {text}" for number, text in sorted(labels.items()))
    if asked:
        for number, text in labels.items():
            if asked in {str(number), text}:
                return number
        raise EvaluationError(f"{_ROLE} '{name}': no label '{asked}'; its labels are {stated}")
    found = _first(labels, _SUPPORTING)
    if found is None:
        raise EvaluationError(
            f"{_ROLE} '{name}': none of its labels ({stated}) says that it means support; name it: label: '1'"
        )
    return found


def _first(labels: Mapping[int, str], beginnings: tuple[str, ...]) -> int | None:
    return next(
        (number for number, text in sorted(labels.items()) if text.lower().startswith(beginnings)), None
    )


def _window(stated: int, config: Any) -> int:
    """How many tokens the model reads: what its tokeniser states, or its positions less the two that some reserve."""
    positions = getattr(config, "max_position_embeddings", None) or _WINDOW
    return int(min(stated, positions if stated <= positions else max(positions - 2, _STEP)))


def _batches(lengths: Sequence[int]) -> Iterator[NDArray[np.intp]]:
    """Yields rows that are padded to one width, at most so many tokens a batch, the longest first."""
    widths = -(-np.array(lengths) // _STEP) * _STEP
    for width in np.unique(widths)[::-1]:
        rows, most = np.flatnonzero(widths == width), max(1, _BATCH_TOKENS // int(width))
        yield from (rows[start : start + most] for start in range(0, len(rows), most))
