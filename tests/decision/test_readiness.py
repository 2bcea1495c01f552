from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest

from evalkit.decision.catalogue import CATALOGUE, FAMILIES
from evalkit.decision.readiness import Item, Readiness, load_readiness
from evalkit.errors import SuiteError

TODAY = dt.date(2026, 11, 24)


def ready(folder: Path, text: str, figures: dict[str, float] | None = None) -> Readiness:
    (folder / "readiness.yaml").write_text(text)
    return load_readiness(folder / "readiness.yaml", figures or {}, TODAY)


def item(readiness: Readiness, name: str) -> Item:
    return next(item for item in readiness.items if item.name == name)


def test_without_a_file_everything_is_missing(tmp_path: Path) -> None:
    readiness = load_readiness(tmp_path / "readiness.yaml", {}, TODAY)
    assert {i.status for i in readiness.items} == {"missing"}
    assert {i.name for i in readiness.items} == set(CATALOGUE)
    assert {i.family for i in readiness.items} == set(FAMILIES)


def test_an_attestation_holds_for_ninety_days_unless_it_says_otherwise(tmp_path: Path) -> None:
    readiness = ready(
        tmp_path,
        """
items:
  sponsor: {attested: {owner: Ines, statement: I do, date: 2026-08-26}}
  outcome: {attested: {owner: Ines, statement: 80%, date: 2026-08-25}}
  on-call: {attested: {owner: Ines, statement: rota, date: 2025-01-01, expires: 2026-11-24}}
  training: {attested: {owner: Ines, statement: done, date: 2026-12-01}}
""",
    )
    statuses = {name: item(readiness, name).status for name in ("sponsor", "outcome", "on-call", "training")}
    assert statuses == {
        "sponsor": "attested",
        "outcome": "expired",
        "on-call": "attested",
        "training": "failed",
    }


def test_a_measured_item_reads_the_reports_figures(tmp_path: Path) -> None:
    readiness = ready(
        tmp_path,
        """
items:
  refresh-agreed: {measured: {figure: corpus.documents, at_least: 90}}
  sampling: {measured: {figure: golden.unwinnable_share, at_most: 0.01}}
  rollback: {measured: {figure: corpus.documens}}
""",
        {"corpus.documents": 95.0, "golden.unwinnable_share": 0.02},
    )
    assert item(readiness, "refresh-agreed").status == "measured"
    assert item(readiness, "sampling").status == "failed"
    assert item(readiness, "rollback").status == "missing"
    assert "did you mean 'corpus.documents'?" in item(readiness, "rollback").detail


def test_evidence_beside_the_file_is_checked(tmp_path: Path) -> None:
    (tmp_path / "dpia.txt").write_text("assessed")
    digest = hashlib.sha256(b"assessed").hexdigest()
    text = f"""
items:
  compliance:
    attested:
      owner: Sanne
      statement: assessed
      date: 2026-11-01
      evidence: {{link: dpia.txt, sha256: {digest}}}
"""
    assert item(ready(tmp_path, text), "compliance").status == "attested"
    (tmp_path / "dpia.txt").write_text("edited")
    assert item(ready(tmp_path, text), "compliance").status == "failed"
    (tmp_path / "dpia.txt").unlink()
    assert item(ready(tmp_path, text), "compliance").status == "failed"


def test_own_items_and_optional_ones(tmp_path: Path) -> None:
    readiness = ready(
        tmp_path,
        """
items:
  works-council:
    family: change
    statement: The works council agreed.
    not_applicable: {reason: no staff data, approver: Hannah}
  exit-plan: {required: true}
waivers:
  - {waives: exit-plan, owner: Rob, reason: contract ends soon, expires: 2026-12-31}
  - {waives: outcome, owner: Rob, reason: later, expires: 2026-11-23}
value: {cost_per_answer: 0.04}
""",
    )
    assert item(readiness, "works-council").status == "not applicable"
    assert item(readiness, "exit-plan").required
    assert [w.waives for w in readiness.waivers] == ["exit-plan"]
    assert [w.waives for w in readiness.expired_waivers] == ["outcome"]
    assert readiness.value.cost_per_answer == 0.04


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items: {sponsr: {}}", ":1: items.sponsr: not in the catalogue (did you mean 'sponsor'?)"),
        ("items:\n  sponsor: {attested: {owner: I}}", ":2: items.sponsor.attested.statement: Field required"),
        (
            "items: {sponsor: {measured: {figure: f}, not_applicable: {reason: r, approver: a}}}",
            "give one of attested, measured, not_applicable",
        ),
        ("waivers: [{waives: x, owner: y, reason: z}]", "expires: Field required"),
        ("items: [", "not valid YAML"),
        ("itemz: {}", "itemz: unknown key"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        ready(tmp_path, text)
    assert message in str(caught.value)
