"""A Hugging Face data set from a local copy, its columns mapped to fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.backends import hf_datasets
from evalkit.golden import rows
from evalkit.golden.lines import collect
from evalkit.types import Question

__all__ = ["HuggingFace"]


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A row a question, read with `datasets`; nothing is downloaded.

    Args:
        path: a folder that `save_to_disk` wrote, or that holds Parquet, JSON Lines, CSV or Arrow files; relative to
            the suite.
        name: instead of `path`: a data set in the local Hugging Face cache, such as "rajpurkar/squad".
        revision: the commit of `name` that is meant, 40 hexadecimal digits: a branch moves, a commit does not.
        config: the folder of the data set's configuration, where it has several.
        split: which split to read.
        columns: field -> column; "answers.text" leads into a column of mappings. Fields: id, text, doc, quote,
            start, prefix, suffix, grade, reference, cluster, tags.NAME.
        document: the id of a row's document, with `{COLUMN}` standing for the row's columns.
    """

    path: Path | None = None
    name: str = ""
    revision: str = ""
    config: str = ""
    split: str = "test"
    columns: Mapping[str, str] = field(default_factory=dict)
    document: str = ""

    def __post_init__(self) -> None:
        rows.check_columns(self.columns)
        if (self.path is None) == (not self.name):
            raise ValueError("give one of path (a local copy) and name (with its revision)")
        if self.name and not (len(self.revision) == 40 and set(self.revision) <= set("0123456789abcdef")):
            raise ValueError(
                f"revision: found {self.revision!r}; expected the 40 hexadecimal digits of a commit, "
                "so that the questions cannot change unseen"
            )

    def questions(self) -> tuple[Question, ...]:
        where = self.path or Path(self.name)
        found = ((f"{where} [{self.split}]: row {n}", (n, row)) for n, row in enumerate(self._rows()))
        return collect(where, found, self._question)

    def _rows(self) -> Iterator[Mapping[str, object]]:
        if self.path is not None:
            return hf_datasets.local(self.path, self.split)
        return hf_datasets.cached(self.name, self.config, self.split, self.revision)

    def _question(self, numbered: tuple[int, Mapping[str, object]]) -> Question:
        number, row = numbered
        if self.document:
            row = {**row, "doc": self.document.format_map(row)}
        return rows.question(row, self.columns, number)
