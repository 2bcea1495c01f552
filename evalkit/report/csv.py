"""Report -> a table of questions for spreadsheets, in which no text can act as a formula.

May import the report's model and below.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from evalkit.report.funnel import STAGES
from evalkit.report.model import Item, Report

__all__ = ["render_csv"]

_STARTS_A_FORMULA = re.compile(r"^(?=\s*[=+\-@＝＋－＠\x00])|^(?=[\t\r\n])|(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])")
"""Where a cell begins: with the text, and inside it wherever a program that splits at another separator cuts it."""


def render_csv(report: Report) -> str:
    """Returns one row a question and variant: what was asked, where it was lost, a column a measure.

    Numbers stand unquoted and stay numbers. Texts are quoted, and one that a spreadsheet would run as a formula is
    made inert by an apostrophe (OWASP ASVS 1.2.10). A cell without a score is empty; its reason is in `unscored`.
    """
    timed = {row["measure"] for row in report["volatile"]["estimates"]}
    measures = [measure for measure in report["measures"] if measure not in timed]
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    head = [
        "question",
        "text",
        "tags",
        "cluster",
        "reference",
        "evidence",
        "variant",
        "stage",
        "who mends it",
    ]
    tail = ["unscored", "retrieved", "answer"]
    writer.writerow([*head, *map(_inert, measures), *tail])
    for item in report["items"]:
        for row in _rows(item, measures):
            writer.writerow([_inert(cell) if isinstance(cell, str) else cell for cell in row])
    return file.getvalue()


def _rows(item: Item, measures: list[str]) -> Iterator[list[str | float]]:
    asked = [
        item["id"],
        item["text"],
        " ".join(f"{key}={value}" for key, value in item["tags"].items()),
        item["cluster"],
        item["reference"],
        " ".join(f"{piece['doc']}:{piece['start']}-{piece['end']}" for piece in item["evidence"]),
    ]
    for variant, result in item["results"].items():
        yield [
            *asked,
            variant,
            result["stage"],
            STAGES[result["stage"]].mends if result["stage"] in STAGES else "",
            *(result["scores"].get(measure, "") for measure in measures),
            "; ".join(dict.fromkeys(result["reasons"].values())),
            " ".join(f"{hit['doc']}:{hit['start']}-{hit['end']}" for hit in result["retrieved"]),
            result.get("answer", ""),
        ]


def _inert(text: str) -> str:
    return _STARTS_A_FORMULA.sub("'", text)
