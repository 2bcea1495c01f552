"""SQuAD: questions whose answers are spans of Wikipedia paragraphs, versions 1.1 and 2.0."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evalkit.errors import GoldenError
from evalkit.golden.lines import collect, whole
from evalkit.golden.place import pin
from evalkit.types import Evidence, Question

__all__ = ["Squad"]


@dataclass(frozen=True, slots=True)
class Squad:
    """Questions by article and paragraph; one marked impossible is unanswerable.

    SQuAD gives offsets in a paragraph, not in a document of yours: evidence carries the paragraph's words around it and
    is found by them. Of several annotators' answers the first counts.

    Args:
        path: the JSON file, relative to the suite.
        evidence: the answer's span, or its whole paragraph.
        document: the id of an article's document, with `{title}` standing for the article's title; empty where
            evidence may stand in any document.
    """

    path: Path
    evidence: Literal["answer", "paragraph"] = "answer"
    document: str = ""

    def questions(self) -> tuple[Question, ...]:
        try:
            content = json.loads(whole(self.path, "SQuAD's JSON"))
        except (ValueError, RecursionError) as error:
            raise GoldenError(f"{self.path}: not valid JSON ({error})") from error
        return collect(self.path, self._items(content), self._question)

    def _items(self, content: object) -> Iterator[tuple[str, tuple[str, str, object]]]:
        """Yields (where, (title, context, question)), naming the path of each."""
        for a, article in enumerate(_list(content, "data", str(self.path))):
            for p, paragraph in enumerate(_list(article, "paragraphs", f"{self.path}: data[{a}]")):
                at = f"{self.path}: data[{a}].paragraphs[{p}]"
                for q, item in enumerate(_list(paragraph, "qas", at)):
                    title, context = article.get("title", ""), paragraph.get("context")
                    if not isinstance(context, str):
                        raise GoldenError(f"{at}: field 'context': found {context!r:.60}; expected text")
                    yield f"{at}.qas[{q}]", (str(title), context, item)

    def _question(self, found: tuple[str, str, object]) -> Question:
        title, context, item = found
        if not isinstance(item, dict):
            raise ValueError(f"found {item!r:.60}; expected a question")
        answer = next(iter(item.get("answers") or ()), None)
        impossible = item.get("is_impossible") is True
        if not impossible and not isinstance(answer, dict):
            raise ValueError(
                f"field 'answers': found {item.get('answers')!r:.60}; expected an answer with its start"
            )
        evidence = () if impossible or answer is None else (self._evidence(title, context, answer),)
        return Question(
            id=_text(item, "id"),
            text=_text(item, "question"),
            evidence=evidence,
            reference="" if impossible or answer is None else _text(answer, "text"),
            tags={"article": title} if title else {},
            cluster=title,
        )

    def _evidence(self, title: str, context: str, answer: Mapping[str, object]) -> Evidence:
        quote, start = _text(answer, "text"), answer.get("answer_start")
        if not isinstance(start, int) or start < 0 or not context.startswith(quote, start):
            raise ValueError(
                f"field 'answer_start': found {start!r}, where the paragraph does not hold the answer"
            )
        doc = self.document.format(title=title)
        if self.evidence == "paragraph":
            return Evidence(doc, context)
        pinned = pin(Evidence(doc, quote), context, start)
        return Evidence(doc, quote, prefix=pinned.prefix, suffix=pinned.suffix)


def _list(item: object, name: str, where: str) -> list[dict[str, object]]:
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise GoldenError(f"{where}: field '{name}': found {value!r:.60}; expected a list of objects")
    return value


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"field '{name}': found {value!r:.60}; expected text")
    return value
