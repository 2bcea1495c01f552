"""Files of models and data sets on this machine, and what identifies them. The only file that imports huggingface_hub.

Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from evalkit.errors import EvaluationError, MissingDependency

__all__ = ["cached", "digest", "locate", "runnable"]

_FILES = {".json", ".safetensors", ".bin", ".txt", ".model"}


def locate(name: str, role: str) -> Path:
    """Returns the folder of a model that is named by its folder or by its name in the local Hugging Face cache.

    Args:
        name: the folder or the name.
        role: what the model is to its user ("encoder"), for messages.

    Raises:
        MissingDependency: where huggingface_hub is needed and not installed.
        EvaluationError: where the model is not on this machine.
    """
    if Path(name).is_dir():
        return Path(name)
    try:
        return cached(name)
    except ImportError as error:
        raise MissingDependency.needed_by(f"the {role} '{name}'", "sentence-transformers", "dense") from error
    except OSError as error:
        raise EvaluationError(
            f"{role} '{name}': not on this machine; an evaluation downloads nothing: fetch it first "
            f"(`hf download {name}`), or name a folder"
        ) from error


def cached(name: str, *, kind: str = "model", revision: str | None = None) -> Path:
    """Returns the folder of a model or data set in the local Hugging Face cache.

    Args:
        name: its name on the hub.
        kind: "model" or "dataset".
        revision: the commit; None for the main branch's.

    Raises:
        FileNotFoundError: where the cache does not hold it.
        ImportError: where huggingface_hub is not installed.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, repo_type=kind, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError) as error:
        raise FileNotFoundError(str(error)) from error


def runnable(what: str) -> None:
    """Raises where no library that runs models is installed; imports none.

    Raises:
        MissingDependency: naming what needs it.
    """
    for module in ("torch", "sentence_transformers"):
        MissingDependency.unless_installed(module, what, "sentence-transformers", "dense")


def digest(folder: Path) -> str:
    """Returns the SHA-256 over the names and bytes of a model's files, as 64 hexadecimal digits."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _FILES and path.is_file():
            found.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()
