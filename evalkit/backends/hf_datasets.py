"""Rows of a Hugging Face data set, offline. The only file that imports datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalkit.backends import checkpoints
from evalkit.errors import GoldenError, MissingDependency, did_you_mean

__all__ = ["cached", "local"]

_BUILDERS = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".csv": "csv", ".arrow": "arrow"}


def local(path: Path, split: str) -> Iterator[Mapping[str, object]]:
    """Yields the rows of a folder that `save_to_disk` wrote, or of a folder of data files.

    Of data files those count whose name begins with the split's; where none does, all of them.

    Raises:
        GoldenError: where the folder holds neither, or not this split.
    """
    datasets = _library()
    if not path.exists():
        raise GoldenError(f"{path}: no such folder; expected a local copy of the data set")
    saved = any((path / name).exists() for name in ("dataset_dict.json", "state.json"))
    try:
        if saved:
            found = datasets.load_from_disk(str(path))
            if isinstance(found, datasets.DatasetDict):
                if split not in found:
                    raise GoldenError(f"{path}: no split '{split}'; {did_you_mean(split, found)}")
                found = found[split]
        else:
            builder, files = _files(path, split)
            found = datasets.load_dataset(builder, data_files=files, split="train", streaming=True)
        yield from found
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise GoldenError(f"{path}: cannot be read by datasets ({error})") from error


def cached(name: str, config: str, split: str, revision: str) -> Iterator[Mapping[str, object]]:
    """Yields the rows of a data set in the local Hugging Face cache, at one commit.

    Raises:
        GoldenError: where the cache does not hold it.
    """
    _library()
    try:
        folder = checkpoints.cached(name, kind="dataset", revision=revision)
    except FileNotFoundError as error:
        raise GoldenError(
            f"{name}@{revision[:12]}: not in the local Hugging Face cache; evaluation downloads nothing: fetch it "
            f"once (hf download --repo-type dataset {name} --revision {revision}), or name a local copy with 'path'"
        ) from error
    return local(folder / config, split)


def _library() -> Any:
    """Returns the library. Raises MissingDependency where it is not installed."""
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise MissingDependency.needed_by(
            "the 'huggingface' golden format", "datasets", "datasets"
        ) from error
    return datasets


def _files(path: Path, split: str) -> tuple[str, list[str]]:
    if path.is_file():
        files = [path]
    else:
        known = sorted(file for file in path.rglob("*") if file.suffix in _BUILDERS)
        files = [file for file in known if file.name.startswith(split)] or known
    builders = {_BUILDERS.get(file.suffix, "") for file in files}
    if len(builders) != 1 or "" in builders:
        raise GoldenError(f"{path}: expected data files of one kind: {', '.join(_BUILDERS)}")
    return builders.pop(), [str(file) for file in files]
