"""What can go wrong, as types. May import nothing but the standard library.

Our exception hierarchy:

    EvalkitError              anything evalkit reports to its user
     ├─ SuiteError            the suite file, its parameters, or the command line
     ├─ CorpusError           connectors, snapshots, the lock
     ├─ GoldenError           question sets and their evidence
     ├─ MissingDependency     an optional library is not installed
     └─ EvaluationError       a stage failed while running

Every message reads *where: what was found; what was expected; what to do*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "CorpusError",
    "EvalkitError",
    "EvaluationError",
    "GoldenError",
    "MissingDependency",
    "SuiteError",
    "did_you_mean",
]


class EvalkitError(Exception):
    """One or more problems, each a full sentence.

    Args:
        problems: one message, or several found in the same pass.
    """

    kind: ClassVar[str] = "evalkit"

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class SuiteError(EvalkitError):
    """The suite file or the command line cannot be used as written."""

    kind = "suite"


class CorpusError(EvalkitError):
    """Documents could not be read, stored or matched with the lock."""

    kind = "corpus"


class GoldenError(EvalkitError):
    """The golden question set cannot be used as written."""

    kind = "golden set"


class MissingDependency(EvalkitError):  # noqa: N818
    """An optional library is needed; the message holds the install line."""

    kind = "dependency"

    @classmethod
    def needed_by(cls, feature: str, package: str, extra: str) -> MissingDependency:
        """Builds the one form this message has.

        Args:
            feature: what the user asked for, as a noun phrase.
            package: the missing distribution.
            extra: evalkit's extra that installs it.
        """
        return cls(f"{feature} needs {package}: pip install 'evalkit-rag[{extra}]'")

    @classmethod
    def unless_installed(cls, module: str, feature: str, package: str, extra: str) -> None:
        """Raises where a top-level module cannot be found; imports nothing."""
        from importlib.util import find_spec

        if find_spec(module) is None:
            raise cls.needed_by(feature, package, extra)


class EvaluationError(EvalkitError):
    """A stage of the evaluation failed; nothing was scored."""

    kind = "evaluation"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns '; did you mean 'x'?' for a close name, else the list of known ones."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(name.lower(), names, n=1) or get_close_matches(
        name.lower(), [n.lower() for n in names], n=1
    )
    if close:
        exact = next(n for n in names if n.lower() == close[0].lower())
        return f"did you mean '{exact}'?"
    return f"known: {', '.join(names)}" if names else "none are known"
