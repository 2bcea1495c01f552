"""The golden commands as their users meet them: real files, real processes, a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Write
from tests.test_cli import evalkit, project

__all__ = ["project"]


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_evidence_is_followed_after_a_sync(project: Path) -> None:
    assert "| " not in evalkit("golden", "reanchor", ".", cwd=project).stderr
    docs = project / "docs"
    (docs / "00.md").rename(docs / "zero.md")
    (docs / "01.md").write_text("A word before.\n\n" + (docs / "01.md").read_text())
    (docs / "02.md").write_text((docs / "02.md").read_text().replace("weighs 5", "weighs about 50"))
    (docs / "03.md").write_text("# Nothing about animals here\n\nThis page was emptied.\n")
    assert evalkit("sync", ".", cwd=project).returncode == 0
    checked = evalkit("golden", "check", ".", "--json", cwd=project)
    found = json.loads(checked.stdout)
    assert found["evidence"][""] == {"current": 26, "moved": 2, "changed": 2, "gone": 0}
    assert found["evidence"]["half=0"] == {"current": 13, "moved": 1, "changed": 1, "gone": 0}
    assert {"duplicates", "literal", "small slices"} <= {check["check"] for check in found["checks"]}
    moved = evalkit("golden", "reanchor", ".", cwd=project)
    assert "review.jsonl" in moved.stdout
    golden = {str(q["id"]): q for q in lines(project / "golden.jsonl")}
    assert golden["q00"]["evidence"][0]["doc"] == "docs/zero.md"  # type: ignore[index]
    assert golden["q00"]["cluster"] == "docs/00.md"
    entry, other = lines(project / "review.jsonl")
    assert (entry["question"], other["question"]) == (
        "q02",
        "q03",
    )  # pages here say much the same of each animal
    assert entry["diff"] == "The heron2 weighs [-5-]{+about 50+} kilograms."
    (project / "review.jsonl").write_text(
        json.dumps(entry | {"accept": True}) + "\n" + json.dumps(other | {"accept": False})
    )
    accepted = evalkit("golden", "reanchor", ".", "--accept", "review.jsonl", cwd=project)
    assert "1 accepted, 1 rejected, 0 open" in accepted.stdout
    found = json.loads(evalkit("golden", "check", ".", "--json", cwd=project).stdout)
    assert found["evidence"][""] == {"current": 29, "moved": 0, "changed": 1, "gone": 0}
    before = (project / "golden.jsonl").read_bytes()
    assert evalkit("golden", "reanchor", ".", cwd=project).returncode == 0
    assert (project / "golden.jsonl").read_bytes() == before
    assert "unwinnable q03" in evalkit("check", ".", cwd=project).stdout


def test_checks_of_a_report_and_of_prompts(project: Path, write: Write) -> None:
    evalkit("run", ".", "--no-tracking", "--json", "r.json", cwd=project)
    write("few-shot.txt", "Q: how heavy is the otter0\nA: 3 kg")
    arguments = ("golden", "check", ".", "--report", "r.json", "--prompts", "few-shot.txt")
    shown = evalkit(*arguments, cwd=project)
    assert "1 of 30  leaked to prompts" in shown.stdout
    found = {c["check"]: c for c in json.loads(evalkit(*arguments, "--json", cwd=project).stdout)["checks"]}
    items = json.loads((project / "r.json").read_text())["items"]
    stages = [{result["stage"] for result in item["results"].values()} for item in items]
    assert found["all easy"]["count"] == sum(stage == {"found"} for stage in stages)
    assert found["none gets"]["count"] == sum("found" not in stage for stage in stages)
    missing = evalkit("golden", "check", ".", "--prompts", "none.txt", cwd=project)
    assert (missing.returncode, "none.txt: no such file" in missing.stderr) == (2, True)


def test_export_and_plan(project: Path) -> None:
    done = evalkit(
        "golden", "export", ".", "--jsonl", "out.jsonl", "--trec", "out", "--source", "docs", cwd=project
    )
    assert done.returncode == 0
    assert "30 quotes became whole documents" in done.stderr
    assert (project / "out" / "qrels.txt").read_text().splitlines()[0] == "q00 0 00.md 1"
    assert [q["id"] for q in lines(project / "out.jsonl")] == [f"q{n:02}" for n in range(30)]
    (project / "suite.yaml").write_text(
        (project / "suite.yaml").read_text().replace("golden: golden.jsonl", "golden: {trec: [out, out]}")
    )
    refused = evalkit("golden", "export", ".", cwd=project)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    (project / "suite.yaml").write_text(
        (project / "suite.yaml")
        .read_text()
        .replace("{trec: [out, out]}", "{trec: {topics: out/topics.txt, qrels: out/qrels.txt}}")
    )
    assert (
        evalkit(
            "golden", "export", ".", "--trec", "out", "--source", "docs", "--runs", cwd=project
        ).returncode
        == 0
    )
    by_trec = measured(project / "out" / "qrels.txt", project / "out" / "new.run")
    evalkit("run", ".", "--no-tracking", "--json", "r.json", cwd=project)
    rows = json.loads((project / "r.json").read_text())["estimates"]
    ours = {row["measure"]: row["mean"] for row in rows if row["variant"] == "new"}
    assert {name: pytest.approx(value) for name, value in by_trec.items()} == {
        name: ours[name] for name in by_trec
    }
    planned = evalkit("plan", ".", "--json", cwd=project)
    assert json.loads(planned.stdout)[0]["n"] == 30
    refused = evalkit("golden", "reanchor", ".", cwd=project)
    assert refused.returncode == 2
    assert "only JSON Lines holds offsets" in refused.stderr


def measured(qrels: Path, run: Path) -> dict[str, float]:
    """What ir_measures says of the exported files."""
    import ir_measures

    names = ("R@2", "nDCG@5")
    found = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(name) for name in names],
        ir_measures.read_trec_qrels(str(qrels)),
        ir_measures.read_trec_run(str(run)),
    )
    return {{"R@2": "Recall@2"}.get(str(measure), str(measure)): value for measure, value in found.items()}


def test_halves_and_looks(project: Path) -> None:
    report = project / "r.json"
    assert "there is no dev half" in evalkit("run", ".", "--split", "dev", cwd=project).stderr
    with (project / "suite.yaml").open("a") as suite:
        suite.write("split: {test_share: 0.5}\n")
    ids: dict[str, set[str]] = {}
    for side, verdicts in (
        ("dev", {"INCONCLUSIVE"}),
        ("test", {"GO", "NO-GO", "INCONCLUSIVE"}),
        ("test", {"GO"}),
    ):
        done = evalkit("run", ".", "--no-tracking", "--json", report, "--split", side, cwd=project)
        assert "Traceback" not in done.stderr
        read = json.loads(report.read_text())
        ids.setdefault(side, set()).update(item["id"] for item in read["items"])
        assert read["verdict"] in verdicts | {"INCONCLUSIVE"}
        if side == "dev":
            assert read["reasons"][0].startswith("this is the dev half")
            assert (read["gates"], "looks" in read["volatile"]) == ([], False)
    assert read["volatile"]["looks"] == 2
    assert "2 at these test questions" in done.stdout
    assert not ids["dev"] & ids["test"]
    assert len(ids["dev"] | ids["test"]) == 30


# ---------------------------------------------------------------- draft and review


class Terminal:
    """A process on a pseudo-terminal, as a person at a keyboard meets it."""

    def __init__(self, *arguments: object, cwd: Path) -> None:
        self.main, other = pty.openpty()
        command = [sys.executable, "-m", "evalkit", *map(str, arguments)]
        self.process = subprocess.Popen(command, cwd=cwd, stdin=other, stdout=other, stderr=other)
        os.close(other)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        """Reads until the text was shown since the last call."""
        until = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < until, f"never saw {text!r} in {self.seen!r}"
            if select.select([self.main], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.main, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        assert text in self.seen
        self.seen = self.seen.partition(text)[2]

    def press(self, key: str) -> None:
        os.write(self.main, key.encode())

    def close(self) -> int:
        code = self.process.wait(timeout=60)
        os.close(self.main)
        return code


@pytest.fixture
def drafted(project: Path, write: Write) -> Path:
    write("queries.txt", "how heavy is otter0?\nwhat does a badger1 weigh\n\nhow heavy is otter0?\n")
    done = evalkit(
        "golden", "draft", ".", "--queries", "queries.txt", "--out", "c.jsonl", "--depth", 2, cwd=project
    )
    assert "2 queries" in done.stdout, done.stderr
    return project


def test_draft_pools_what_variants_find(drafted: Path) -> None:
    first, second = lines(drafted / "c.jsonl")
    assert [first["text"], second["text"]] == ["how heavy is otter0?", "what does a badger1 weigh"]
    found = first["candidates"]
    assert isinstance(found, list)
    assert any("otter0 weighs" in candidate["quote"] for candidate in found)
    spans = [(c["doc"], c["start"], c["start"] + len(c["quote"])) for c in found]
    assert len(set(spans)) == len(spans)
    for doc, start, end in spans:
        text = (drafted / doc).read_text()
        assert text[start:end] in {c["quote"] for c in found}
    again = evalkit(
        "golden", "draft", ".", "--queries", "queries.txt", "--out", "d.jsonl", "--depth", 2, cwd=drafted
    )
    assert again.returncode == 0
    assert (drafted / "d.jsonl").read_bytes() == (drafted / "c.jsonl").read_bytes()


def test_draft_pools_another_systems_run(drafted: Path, write: Write) -> None:
    query = lines(drafted / "c.jsonl")[0]["id"]
    write("run.txt", f"{query} Q0 docs/29.md 1 0.9 other\n")
    arguments = ("golden", "draft", ".", "--queries", "queries.txt", "--out", "e.jsonl", "--run", "run.txt")
    assert evalkit(*arguments, cwd=drafted).returncode == 0
    pooled = lines(drafted / "e.jsonl")[0]["candidates"]
    assert (drafted / "docs" / "29.md").read_text() in {c["quote"] for c in pooled}  # type: ignore[attr-defined]
    write("run.txt", f"{query} Q0 docs/none.md 1 0.9 other\n")
    assert "'docs/none.md', which is not in the corpus" in evalkit(*arguments, cwd=drafted).stderr


def test_review_resumes_after_a_stop_and_a_kill(drafted: Path) -> None:
    arguments = ("golden", "review", "c.jsonl", "--out", "new.jsonl", "--by", "ada")
    log = drafted / "c.jsonl.judgements"
    counts = [len(item["candidates"]) for item in lines(drafted / "c.jsonl")]  # type: ignore[arg-type]
    total = sum(counts)

    first = Terminal(*arguments, cwd=drafted)
    first.wait_for(f"0 judged of {total}")
    first.wait_for("q stop")
    first.press("?")  # no key of the loop: nothing happens
    first.press("n")
    first.wait_for(f"1 judged of {total}")
    first.wait_for("q stop")
    first.press("b")
    first.wait_for(f"0 judged of {total}")
    first.wait_for("q stop")
    first.press("1")
    first.wait_for(f"1 judged of {total}")
    first.wait_for("q stop")
    first.press("q")
    first.wait_for("1 question; 2 queries left")
    assert first.close() == 0

    second = Terminal(*arguments, cwd=drafted)
    second.wait_for(f"1 judged of {total}")
    second.wait_for("q stop")
    second.press("y")
    second.wait_for(f"2 judged of {total}")
    second.process.send_signal(signal.SIGKILL)
    second.close()
    assert [entry.get("verdict") for entry in lines(log)] == ["no", None, "yes", "yes"]

    third = Terminal(*arguments, cwd=drafted)
    third.wait_for(f"2 judged of {total}")
    for judged in range(2, counts[0]):
        third.wait_for("q stop")
        third.press("n")
        third.wait_for(f"{judged + 1} judged of {total}")
    third.wait_for("q stop")
    third.press("u")
    third.wait_for("2 questions; 0 queries left")
    assert third.close() == 0
    answered, unanswerable = lines(drafted / "new.jsonl")
    assert len(answered["evidence"]) == 2  # type: ignore[arg-type]
    assert unanswerable["evidence"] == []
    assert answered["tags"] == {"author": "ada", "provenance": "query log"}


def test_review_without_a_terminal_is_refused(drafted: Path) -> None:
    done = evalkit("golden", "review", "c.jsonl", "--out", "new.jsonl", "--by", "ada", cwd=drafted)
    assert (done.returncode, "run it in a terminal" in done.stderr) == (2, True)
