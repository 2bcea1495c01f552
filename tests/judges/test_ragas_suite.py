"""A whole suite through the command line: answers and verdicts from a scripted endpoint, keys kept to themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Write
from tests.endpoint import serve

try:
    from evalkit.backends.ragas_library import for_judging

    for_judging()
except Exception as error:  # noqa: BLE001
    pytest.skip(f"ragas is not installed beside these versions: {error}", allow_module_level=True)

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@2, Faithfulness, ContextRecall, FactualCorrectness, Cost]
judge: {ragas: {model: double, url: "${URL}", key: "${KEY}", prices: {input: 1, output: 1}}}
variants:
  assistant:
    chunker: {fixed: 200}
    retriever: bm25
    answerer: {llm: {model: double, url: "${URL}", key: "${KEY}", top: 1, prices: {input: 1, output: 1}}}
gates:
  - floor: {variant: assistant, measure: Faithfulness, at_least: 0.5}
"""


def evalkit(*arguments: str, cwd: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evalkit", *arguments],
        cwd=cwd,
        env={
            **os.environ,
            "URL": url,
            "KEY": "s3cret-key",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_suite_is_answered_and_judged(write: Write, tmp_path: Path) -> None:
    write("pyproject.toml", "")
    lines = []
    for n in range(6):
        quote = f"Team {n} repairs the pumps of hall {n}."
        write(f"docs/{n}.md", quote)
        evidence = [{"doc": f"docs/{n}.md", "quote": quote}]
        lines.append(
            {
                "id": f"q{n}",
                "text": f"Who repairs the pumps of hall {n}?",
                "reference": quote,
                "evidence": evidence,
            }
        )
    write("golden.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    write("suite.yaml", SUITE)
    with serve() as endpoint:
        assert evalkit("sync", ".", cwd=tmp_path, url=endpoint.url).returncode == 0
        priced = evalkit("run", ".", "--dry-run", cwd=tmp_path, url=endpoint.url)
        assert "answers of assistant: about 6 calls" in priced.stdout
        assert "Faithfulness of assistant: about 18 calls" in priced.stdout
        assert endpoint.asked == []
        ran = evalkit("run", ".", "--no-tracking", "--json", "r.json", cwd=tmp_path, url=endpoint.url)
        assert ran.returncode == 3, ran.stderr
        paid = len(endpoint.asked)
        # Answers; two calls an exchange and canary; one; and of four those that are not the same call twice, as the
        # answers are the references.
        assert paid == 6 + 2 * (6 + 3) + (6 + 3) + (2 * 6 + 2 + 3 + 3)
        evalkit("run", ".", "--no-tracking", "--json", "again.json", cwd=tmp_path, url=endpoint.url)
        assert len(endpoint.asked) == paid
    report = json.loads((tmp_path / "r.json").read_text())
    again = json.loads((tmp_path / "again.json").read_text())
    assert {**report, "volatile": {}} == {**again, "volatile": {}}
    for item in report["items"]:
        result = item["results"]["assistant"]
        assert result["scores"] == {
            "Recall@2": 1.0, "Faithfulness": 1.0, "ContextRecall": 1.0, "FactualCorrectness": 1.0,
            "Cost": pytest.approx(110e-6),
        }  # fmt: skip
        assert result["claims"]["Faithfulness"] == [
            {"text": item["reference"], "supported": True, "passage": 0, "note": "looked"}
        ]
    assert report["judges"]["Faithfulness"]["cost"] == pytest.approx(6 * 2 * 110e-6)
    assert "double" in report["judges"]["Faithfulness"]["identity"]
    (gate,) = report["gates"]
    assert (gate["outcome"], "judge card" in gate["reason"]) == ("INCONCLUSIVE", True)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"s3cret-key" in path.read_bytes() for path in written)
    assert "${KEY}" in (tmp_path / "r.json").read_text()
    assert "s3cret-key" not in ran.stdout + ran.stderr
