"""Encoders and classifiers as PyTorch runs them. Only this file imports torch, transformers, sentence-transformers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evalkit.errors import EvaluationError, MissingDependency

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

__all__ = [
    "FEATURES",
    "Batch",
    "Classifier",
    "Precision",
    "Tokenized",
    "Tokenizer",
    "TorchModel",
    "load",
    "traceable",
]

_STEP = 8
FEATURES = ("input_ids", "attention_mask")
Precision = Literal["bfloat16", "float32"]
Tokenized = dict[str, list[list[int]]]
Batch = tuple["NDArray[np.int64]", dict[str, "NDArray[np.int64]"]]
"""Rows of the texts, and their padded features, int64[rows, tokens]."""


class Tokenizer:
    """A model's tokeniser and its window: how many tokens of a text the model reads."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._own = model.tokenizer
        self._window = model.max_seq_length
        self._step = _STEP if (self._window or 0) % _STEP == 0 else 1  # never wider than the window

    def __call__(self, texts: Sequence[str]) -> Tokenized:
        """Returns each feature's ints, text by text, cut at the window."""
        return dict(self._own(list(texts), truncation=self._window is not None, max_length=self._window))

    def cut(self, texts: Sequence[str], tokenized: Tokenized) -> NDArray[np.bool_]:
        """Tells which texts were longer than the window; only those that fill it are counted again."""
        cut = np.zeros(len(texts), dtype=np.bool_)
        for row, ids in enumerate(tokenized["input_ids"]):
            if self._window is not None and len(ids) >= self._window:
                cut[row] = len(self._own(texts[row], verbose=False)["input_ids"]) > self._window
        return cut

    def widths(self, tokenized: Tokenized) -> NDArray[np.int64]:
        """Returns to how many tokens each text is padded; it depends on the text alone."""
        lengths = np.array([len(ids) for ids in tokenized["input_ids"]], dtype=np.int64)
        return -(-lengths // self._step) * self._step

    def pad(self, tokenized: Tokenized, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Makes a rectangle of the features of rows of one width."""
        picked = {name: [values[row] for row in rows] for name, values in tokenized.items()}
        return dict(self._own.pad(picked, pad_to_multiple_of=self._step, return_tensors="np"))


class TorchModel:
    """Runs a model as PyTorch does, on the GPU where there is one.

    Args:
        folder: the model's files.
        precision: of weights and activations.
    """

    def __init__(self, folder: Path, precision: Precision) -> None:
        self._model = load(folder, precision)
        self.tokenizer = Tokenizer(self._model)
        self.batch_tokens = 4096 if self._model.device.type == "cpu" else 131_072

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Yields each batch's rows with their unit vectors, float16[rows, dim]."""
        import torch

        with torch.inference_mode():
            for rows, features in batches:
                inputs = {
                    name: torch.from_numpy(values).to(self._model.device) for name, values in features.items()
                }
                vectors = self._model(inputs)["sentence_embedding"].float()
                unit = torch.nn.functional.normalize(vectors, dim=1).to(torch.float16)
                yield rows, unit.cpu().numpy()


class Classifier:
    """Runs a sequence classifier as transformers loads it, on the GPU where there is one; its own code is never run.

    Args:
        folder: the model's files.
        name: who it is, for messages.

    Raises:
        MissingDependency: where transformers or PyTorch is not installed.
        EvaluationError: where the folder holds no such classifier.
    """

    def __init__(self, folder: Path, name: str) -> None:
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
            from transformers.utils.logging import disable_progress_bar
        except ImportError as error:
            raise MissingDependency.needed_by(f"the {name}", "sentence-transformers", "dense") from error
        disable_progress_bar()
        own: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), **own)
            model = AutoModelForSequenceClassification.from_pretrained(
                str(folder), dtype=torch.float32, **own
            )
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise EvaluationError(
                f"{name}: not a sequence classifier that transformers loads by itself ({reason})"
            ) from error
        if not self.tokenizer.is_fast:
            raise EvaluationError(f"{name}: its tokeniser has no fast version; save it with one")
        self._model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        self.config: Any = model.config

    def chances(self, inputs: Tokenized) -> NDArray[np.float64]:
        """Returns the chance of each label, float64[rows, labels]."""
        import torch

        padded = self.tokenizer.pad(inputs, pad_to_multiple_of=_STEP, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**padded.to(self._model.device)).logits.double()
            single = self.config.num_labels == 1
            found: NDArray[np.float64] = (
                (torch.sigmoid(logits) if single else torch.softmax(logits, dim=1)).cpu().numpy()
            )
        return found


def load(folder: Path, precision: Precision) -> SentenceTransformer:
    """Loads a model from its files; nothing is downloaded.

    Raises:
        MissingDependency: where sentence-transformers is not installed.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        needed = f"the encoder '{folder.name}'"
        raise MissingDependency.needed_by(needed, "sentence-transformers", "dense") from error
    disable_progress_bar()
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    return SentenceTransformer(str(folder), local_files_only=True, model_kwargs={"dtype": dtype}).eval()


def traceable(model: SentenceTransformer) -> tuple[Any, dict[str, Any]]:
    """Returns a module from (input_ids, attention_mask) to unit vectors, and an example of both, for compilers."""
    import torch

    class Encode(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            return torch.nn.functional.normalize(self.model(features)["sentence_embedding"], dim=1)

    return Encode(), {name: torch.ones(2, 16, dtype=torch.long) for name in FEATURES}
