"""A decision as an in-toto test-result statement. May import the decision record's entries only.

Source: in-toto attestation framework, Statement v1 and predicate test-result v0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["statement"]

_RESULT = {"GO": "PASSED", "INCONCLUSIVE": "WARNED", "NO-GO": "FAILED"}


def statement(entry: Mapping[str, Any]) -> dict[str, object]:
    """Returns the statement about the snapshot, the question set and the report of one decision."""
    digests = entry["digests"]
    gates = {
        outcome: [gate["gate"] for gate in entry["gates"] if gate["outcome"] == outcome]
        for outcome in ("PASS", "INCONCLUSIVE", "FAIL")
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": f"{entry['suite']}/{what}", "digest": {"sha256": digests[what]}}
            for what in ("corpus", "golden", "report")
        ],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": _RESULT[entry["decision"]],
            "configuration": [{"name": f"{entry['suite']}/suite", "digest": {"sha256": digests["suite"]}}],
            "passedTests": gates["PASS"],
            "warnedTests": gates["INCONCLUSIVE"],
            "failedTests": gates["FAIL"],
        },
    }
