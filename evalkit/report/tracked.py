"""Report -> what MLflow shows: names, params and metrics arranged for its comparison view."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.backends.tracking import Table, Tracked
from evalkit.report.html import render_html
from evalkit.report.model import ItemResult, Report, VariantRow, dump
from evalkit.report.text import all_estimates, all_gates

__all__ = ["tracked"]

_GATE_COLUMNS: tuple[str, ...] = (
    "name",
    "outcome",
    "reason",
    "estimate",
    "low",
    "high",
    "bound",
    "n",
    "needed",
    "gate",
    "variant",
    "measure",
    "slice",
)


def tracked(report: Report) -> Tracked:
    """Arranges a report: the evaluation as the parent run, each variant as a child run."""
    gates = Table(
        _GATE_COLUMNS, [[dict(row)[column] for column in _GATE_COLUMNS] for row in all_gates(report)]
    )
    judges = report.get("judges", {})
    return Tracked(
        name=f"{report['verdict']} {report['volatile']['started_at'][:16].replace('T', ' ')}",
        tags={
            **_tags(report),
            "evalkit.verdict": report["verdict"],
            "mlflow.note.content": "\n".join([f"**{report['verdict']}**", "", *report["reasons"]]),
        },
        params={
            "seed": str(report["seed"]),
            "baseline": report["baseline"] or "",
            **{f"judge/{_metric(m)}": row["identity"] for m, row in judges.items()},
            **{
                f"correction/{_metric(m)}": row["correction"]
                for m, row in judges.items()
                if row["correction"]
            },
        },
        metrics={
            **{f"figure/{_metric(key)}": value for key, value in report["figures"].items()},
            **{f"judge_cost/{_metric(m)}": row["cost"] for m, row in judges.items()},
        },
        tables={"gates.json": gates},
        texts={"report.json": dump(report), "report.html": render_html(report)},
        datasets=_datasets(report),
        children=[_child(report, variant) for variant in report["variants"]],
    )


def _datasets(report: Report) -> dict[str, tuple[str, str]]:
    return {
        "corpus": (report["corpus_digest"], "corpus.lock"),
        "golden": (report["golden_digest"], report["suite"]),
    }


def _child(report: Report, variant: VariantRow) -> Tracked:
    verdicts = {
        f"evalkit.gate.{_metric(row['name'])}": row["outcome"]
        for row in all_gates(report)
        if row["variant"] == variant["name"]
    }
    return Tracked(
        name=variant["name"],
        tags={
            **_tags(report),
            "evalkit.variant": variant["name"],
            "evalkit.chunker": variant["chunker"],
            "evalkit.retriever": variant["retriever"],
            **verdicts,
            "evalkit.spec": json.dumps(variant["spec"], sort_keys=True),
        },
        params={**dict(_params(variant["spec"])), "depth": str(variant["depth"])},
        metrics=dict(_metrics(report, variant["name"]))
        | {"passages": variant["passages"], "passage_median_characters": variant["median_characters"]},
        tables={"questions.json": _questions(report, variant["name"])},
        datasets=_datasets(report),
    )


def _params(spec: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    """Yields a plug-in's name under its role and each written parameter by itself, so that a comparison shows it."""
    for key, value in spec.items():
        name = f"{under}{key}"
        if isinstance(value, Mapping) and len(value) == 1 and isinstance(next(iter(value.values())), Mapping):
            ((plugin, parameters),) = value.items()
            yield name, str(plugin)
            yield from _params(parameters, f"{name}.")
        else:
            yield name, value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _tags(report: Report) -> dict[str, str]:
    return {
        "evalkit.suite": report["suite"],
        "evalkit.owner": report["owner"],
        "evalkit.version": report["evalkit_version"],
        "evalkit.corpus_digest": report["corpus_digest"],
        "evalkit.golden_digest": report["golden_digest"],
        "evalkit.suite_digest": report["suite_digest"],
    }


def _metrics(report: Report, variant: str) -> Iterator[tuple[str, float]]:
    """The mean under the measure's own name, its interval and counts below it."""
    for row in all_estimates(report):
        if row["variant"] == variant:
            key = _metric(row["measure"])
            if row["n"]:
                yield key, row["mean"]
                yield f"{key}/low", row["low"]
                yield f"{key}/high", row["high"]
            yield f"{key}/scored", row["n"]
            yield f"{key}/unscored", row["unscored"]


def _questions(report: Report, variant: str) -> Table:
    measures = [
        m for m in report["measures"] if m not in {r["measure"] for r in report["volatile"]["estimates"]}
    ]
    rows = []
    for item in report["items"]:
        result = item["results"][variant]
        first = result["retrieved"][0]["text"] if result["retrieved"] else ""
        scores = [result["scores"].get(measure) for measure in measures]
        said = [result.get("answer", ""), _claims(result)]
        rows.append([item["id"], item["text"], result["stage"], *scores, first, *said, item["reference"]])
    columns = ("id", "question", "stage", *measures, "first passage", "answer", "claims", "reference")
    return Table(columns, rows)


def _claims(result: ItemResult) -> str:
    """One line a statement: the measure, the verdict, the passage it was held against."""
    return "\n".join(
        f"{measure} {'yes' if claim['supported'] else 'no'}: {claim['text']}"
        + (f" (passage {claim['passage'] + 1})" if claim["passage"] >= 0 else "")
        for measure, claims in result.get("claims", {}).items()
        for claim in claims
    )


def _metric(text: str) -> str:
    """MLflow's names hold letters, digits and _-. /: only; Recall@5 becomes Recall_at_5."""
    return "".join(c if c.isalnum() or c in "_-. /:" else "_" for c in text.replace("@", "_at_"))
