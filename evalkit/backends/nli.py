"""Sequence classifiers that say whether a premise supports a statement. The only file that imports their library.

Any checkpoint that transformers loads as a sequence classifier, sentence-transformers' cross-encoders among them: with
one logit (its sigmoid is the chance of support) or one a label. Its own code is never run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from evalkit.backends import checkpoints
from evalkit.errors import EvaluationError, MissingDependency

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Chances", "chances", "identity"]

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
    """A loaded checkpoint, on the GPU where there is one."""

    def __init__(self, name: str, label: str) -> None:
        folder = str(checkpoints.locate(name, _ROLE))
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise MissingDependency.needed_by(
                f"the {_ROLE} '{name}'", "sentence-transformers", "dense"
            ) from error
        disable_progress_bar()
        own: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, **own)
            model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, **own)
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise EvaluationError(
                f"{_ROLE} '{name}': not a sequence classifier that transformers loads by itself ({reason})"
            ) from error
        if not self._tokenizer.is_fast:
            raise EvaluationError(f"{_ROLE} '{name}': its tokeniser has no fast version; save it with one")
        self._model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        labels = {int(number): str(text) for number, text in model.config.id2label.items()}
        self._single = model.config.num_labels == 1
        self._supports = 0 if self._single else _column(name, labels, label)
        self._contradicts = _first(labels, _CONTRADICTING)
        self._window = _window(self._tokenizer.model_max_length, model.config)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        inputs, owner = self._windows(pairs)
        supports, contradicts = np.zeros(len(pairs)), np.zeros(len(pairs))
        for rows in _batches([len(ids) for ids in inputs["input_ids"]]):
            part = self._run({name: [values[row] for row in rows] for name, values in inputs.items()})
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

    def _run(self, inputs: dict[str, list[list[int]]]) -> NDArray[np.float64]:
        """Returns the chance of each label, one row a window."""
        import torch

        padded = self._tokenizer.pad(inputs, pad_to_multiple_of=_STEP, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**padded.to(self._model.device)).logits.double()
            found: NDArray[np.float64] = (
                (torch.sigmoid(logits) if self._single else torch.softmax(logits, dim=1)).cpu().numpy()
            )
        return found


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
