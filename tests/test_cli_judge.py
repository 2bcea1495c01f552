"""From answers to a gate, on the command line: sample, label, calibrate, run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.decision import record
from evalkit.golden.jsonl import Jsonl
from evalkit.golden.split import select
from evalkit.suite import RECORD_FILE
from evalkit.trust.card import digest, read_cards
from tests.conftest import Write
from tests.test_cli import evalkit

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [SupportScore]
judge: support
variants:
  new: {chunker: {recursive: {size: 200}}, retriever: bm25, answerer: "told:Told"}
gates:
  - floor: {variant: new, measure: SupportScore, at_least: 0.5}
"""
TOLD = '''\
from dataclasses import dataclass

from evalkit.types import Answer


@dataclass(frozen=True)
class Told:
    """Answers from the documents, but invents every third answer."""

    top: int = 3

    def answer(self, question, passages, runtime):
        number = int(question.id[1:])
        if number % 3 == 2:
            return Answer(f"Zoologists measured {number + 900} pounds in captivity, breeding season included.")
        return Answer(f"The otter{number} weighs {number + 3} kilograms.")
'''


@pytest.fixture
def project(write: Write, tmp_path: Path) -> Path:
    lines = []
    for number in range(150):
        quote = f"The otter{number} weighs {number + 3} kilograms."
        write(f"docs/{number:03}.md", f"# About the otter{number}\n\n{quote}\n")
        lines.append(
            {"id": f"q{number}", "text": f"how heavy is the otter{number}"}
            | {
                "evidence": [{"doc": f"docs/{number:03}.md", "quote": quote}],
                "tags": {"half": str(number % 2)},
            }
        )
    write("golden.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    write("suite.yaml", SUITE)
    write("told.py", TOLD)
    write("pyproject.toml", "")
    assert evalkit("sync", ".", cwd=tmp_path).returncode == 0
    return tmp_path


def verdict(project: Path) -> tuple[int, str]:
    done = evalkit("run", ".", "--no-tracking", "--json", "r.json", cwd=project)
    assert "Traceback" not in done.stderr, done.stderr
    report = json.loads((project / "r.json").read_text())
    (gate,), (shown,) = report["gates"], report["estimates"]
    judged = gate["method"] != "none"
    assert report["figures"]["judge.labels.new.SupportScore"] == (120 if judged else 0)
    if judged:
        assert (shown["mean"], shown["method"]) == (gate["estimate"], gate["method"])
    return done.returncode, gate["reason"]


def test_a_judge_gates_once_people_have_labelled_its_answers(project: Path) -> None:
    code, reason = verdict(project)
    assert code == 3
    assert "no judge card for 'support " in reason

    sample = ("judge", "sample", ".", "--variant", "new", "--count", "120", "--out", "labels.jsonl")
    done = evalkit(*sample, cwd=project)
    assert "wrote 120 answers of new to labels.jsonl" in done.stdout, done.stderr
    again = evalkit(*sample, cwd=project)
    assert again.returncode == 2
    assert "labels.jsonl: already exists" in again.stderr
    unlabelled = evalkit("judge", "calibrate", ".", "--labels", "labels.jsonl", cwd=project)
    assert unlabelled.returncode == 2
    assert "labels.jsonl:1: no label" in unlabelled.stderr

    sheet = project / "labels.jsonl"
    items = [json.loads(line) for line in sheet.read_text().splitlines()]
    for item in items:
        item["labels"] = {"ann": float("otter" in item["answer"])}
    sheet.write_text("".join(json.dumps(item) + "\n" for item in items))
    calibrated = evalkit("judge", "calibrate", ".", "--labels", "labels.jsonl", cwd=project)
    assert calibrated.returncode == 0, calibrated.stderr
    assert "may gate until" in calibrated.stdout
    (card,) = read_cards(project / "judge-cards")
    assert (card.measure, card.labels, card.unscored) == ("SupportScore", 120, 0)
    assert card.agreement["auroc"].value == 1.0
    assert set(card.slices) == {"half=0", "half=1"}

    code, reason = verdict(project)
    assert code == 0, reason
    assert "(PPI++, 120 labels, lambda " in reason
    evalkit("decide", ".", "r.json", "--by", "Rob", cwd=project)
    (entry,) = record.read(project / RECORD_FILE)
    assert entry["judge_cards"] == {"SupportScore": {"new": digest(card)}}

    (project / "judge-cards" / "broken.json").write_text("{}")
    for command in (("check", "."), ("run", ".")):
        broken = evalkit(*command, cwd=project)
        assert (broken.returncode, "broken.json: not a judge card" in broken.stderr) == (2, True)
    (project / "judge-cards" / "broken.json").unlink()

    shown = evalkit("judge", "cards", ".", cwd=project).stdout
    assert "1.00 (1.00 to 1.00)" in shown
    assert "repeats    0.0% of 50 answers flip when asked again" in shown

    (project / "told.py").write_text(TOLD.replace("kilograms", "pounds"))
    answers_changed = verdict(project)
    assert answers_changed[0] == 3
    assert "have changed since; label those again" in answers_changed[1]
    carried = evalkit(*sample[:-1], "again.jsonl", "--labels", "labels.jsonl", cwd=project)
    kept = int(carried.stdout.split(", ")[1].split()[0])
    assert 20 < kept < 60, carried.stdout  # only what was invented is worded as before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sample", ".", "--variant", "nwe", "--out", "x"), "unknown variant 'nwe'; did you mean 'new'?"),
        (
            ("sample", ".", "--variant", "new", "--measure", "Recall@5", "--out", "x"),
            "no judged measure 'Recall@5'",
        ),
        (("calibrate", ".", "--labels", "none.jsonl"), "none.jsonl: cannot be read"),
        (
            ("calibrate", ".", "--labels", "x", "--judge", "suport"),
            "unknown judge 'suport'; did you mean 'support'?",
        ),
    ],
)
def test_mistakes_are_answered_in_sentences(project: Path, arguments: tuple[str, ...], message: str) -> None:
    done = evalkit("judge", *arguments, cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_answers_to_label_are_those_that_gates_read(project: Path) -> None:
    (project / "suite.yaml").write_text(SUITE + "split: {test_share: 0.5}\n")
    done = evalkit(
        "judge", "sample", ".", "--variant", "new", "--count", "150", "--out", "l.jsonl", cwd=project
    )
    assert done.returncode == 0, done.stderr
    drawn = {json.loads(line)["question"] for line in (project / "l.jsonl").read_text().splitlines()}
    assert drawn == {q.text for q in select(Jsonl(project / "golden.jsonl").questions(), 0.5, "test")}
