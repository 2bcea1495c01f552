"""The only file that imports ragas. Its analytics are switched off before it loads.

ragas loads slowly, and its test sets need more than its metrics do: each is imported for itself.
"""

from __future__ import annotations

import os
from typing import Any

from evalkit.errors import MissingDependency

__all__ = ["for_judging", "for_writing", "ready"]


def ready() -> None:
    """Raises where ragas is not installed; that it imports beside what is, only judging tells."""
    MissingDependency.unless_installed("ragas", "the 'ragas' judge", "ragas", "ragas")


def for_judging() -> Any:
    """Returns ragas with what judging needs: `metrics.collections`, `llms.base` and `embeddings.base`.

    Raises:
        MissingDependency: where ragas is not installed, or does not import beside what is.
    """
    _silence()
    try:
        import ragas.embeddings.base
        import ragas.llms.base
        import ragas.metrics.collections
    except ImportError as error:
        raise MissingDependency(
            f"the 'ragas' judge needs ragas, and it does not import ({error}): "
            "pip install 'evalkit-rag[ragas]' into an environment of its own"
        ) from error
    return ragas


def for_writing() -> Any:
    """Returns ragas with what writing questions needs: `llms`, `testset` and `tokenizers`.

    Raises:
        MissingDependency: where ragas is not installed.
    """
    _silence()
    try:
        import ragas.llms
        import ragas.testset.graph
        import ragas.testset.persona
        import ragas.testset.synthesizers.single_hop.specific
        import ragas.testset.transforms.extractors.llm_based
        import ragas.tokenizers
    except ModuleNotFoundError as error:
        raise MissingDependency.needed_by("'evalkit golden generate'", "ragas", "ragas") from error
    return ragas


def _silence() -> None:
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
