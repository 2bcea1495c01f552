"""What a release is worth, from stated numbers and a measured share. May import report and below."""

from __future__ import annotations

from evalkit.decision.readiness import Value
from evalkit.errors import SuiteError
from evalkit.report.model import Report
from evalkit.report.text import all_estimates

__all__ = ["value_of"]


def value_of(value: Value, report: Report) -> dict[str, str]:
    """Returns what was stated and what follows from it, in words; derived figures carry the measure's interval.

    Raises:
        SuiteError: where the report does not hold the measure that the value names.
    """
    stated = {
        key.replace("_", " "): f"{number:g}"
        for key, number in value.model_dump(exclude_none=True, exclude={"variant", "measure"}).items()
    }
    if value.variant is None or value.measure is None:
        return stated
    row = next(
        (
            row
            for row in all_estimates(report)
            if (row["variant"], row["measure"]) == (value.variant, value.measure) and row["n"]
        ),
        None,
    )
    if row is None:
        raise SuiteError(
            f"readiness.yaml: value: the report holds no {value.measure} of {value.variant}; "
            "name a variant and a measure that the suite runs"
        )
    share = f"by {row['variant']} {row['measure']} {row['mean']:.3f}"
    if value.cost_per_answer is not None and row["low"] > 0:
        mean, low, high = (value.cost_per_answer / row[key] for key in ("mean", "high", "low"))
        stated["cost per correct answer"] = f"{mean:.3g} ({low:.3g} to {high:.3g}), {share}"
    if value.minutes_saved_per_answer is not None and value.questions_per_month is not None:
        hours = value.minutes_saved_per_answer * value.questions_per_month / 60
        mean, low, high = (hours * row[key] for key in ("mean", "low", "high"))
        stated["hours saved per month"] = f"{mean:,.0f} ({low:,.0f} to {high:,.0f}), {share}"
    return stated
