"""Report -> JUnit XML, one case a verdict. May import the report's model and below."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from evalkit.report.model import Report
from evalkit.report.text import all_gates, explain

__all__ = ["render_junit"]

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""


def render_junit(report: Report) -> str:
    """Returns the gates as test cases: FAIL and INCONCLUSIVE are failures, an advisory verdict is skipped."""
    cases: list[str] = []
    failures = skipped = 0
    for row in all_gates(report):
        case = f"<testcase classname={_attribute(report['suite'])} name={_attribute(row['name'])}"
        said = f"message={_attribute(row['reason'])}"
        if row["advisory"]:
            skipped += 1
            cases.append(f"{case}><skipped {said}/></testcase>")
        elif row["outcome"] == "PASS":
            cases.append(f"{case}/>")
        else:
            failures += 1
            why = _attribute(explain(report, [row]))[1:-1]
            cases.append(
                f"{case}><failure type={_attribute(row['outcome'])} {said}>{why}</failure></testcase>"
            )
    head = (
        f'<testsuite name={_attribute(report["suite"])} tests="{len(cases)}" failures="{failures}" '
        f'errors="0" skipped="{skipped}" timestamp={_attribute(report["volatile"]["started_at"])}>'
    )
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, *cases, "</testsuite>"]) + "\n"


def _attribute(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", text), {'"': "&quot;"})
