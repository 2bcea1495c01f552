"""`evalkit check` refuses what `evalkit run` would, before anything is computed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.errors import EvalkitError
from evalkit.ready import ready
from evalkit.suite import load_suite
from evalkit.sync import sync
from tests.conftest import Write, silent

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@2, Latency]
variants:
  old: {chunker: {fixed: 60}, retriever: bm25}
  new: {chunker: {fixed: 60}, retriever: bm25}
gates:
  - floor: {variant: new, measure: Recall@2, at_least: 0.5}
"""


@pytest.fixture
def project(write: Write, tmp_path: Path) -> Path:
    write("docs/otter.md", "# The otter\n\nThe otter weighs nine kilograms.\n")
    quote = {"doc": "docs/otter.md", "quote": "The otter weighs nine kilograms."}
    write(
        "golden.jsonl", json.dumps({"id": "q", "text": "how heavy", "evidence": [quote], "tags": {"a": "b"}})
    )
    write("suite.yaml", SUITE)
    write("pyproject.toml", "")
    sync(load_suite(tmp_path), silent)
    return tmp_path


def problems(project: Path) -> str:
    with pytest.raises(EvalkitError) as caught:
        ready(load_suite(project))
    return "\n".join(caught.value.problems)


def test_what_is_ready_is_read(project: Path) -> None:
    found = ready(load_suite(project))
    assert (len(found.corpus), len(found.golden.questions)) == (1, 1)


@pytest.mark.parametrize(
    ("before", "after", "missing", "message"),
    [
        (
            "bm25}",
            "{dense: acme/none}}",
            "",
            "variant old, variant new: encoder 'acme/none': not on this machine",
        ),
        (
            "bm25}",
            "{dense: openvino:acme/none}}",
            "",
            "variant new: encoder 'acme/none': not on this machine",
        ),
        ("bm25}", "{hybrid: {encoder: acme/none}}}", "", "encoder 'acme/none': not on this machine"),
        ("fixed: 60", "semantic: acme/none", "", "encoder 'acme/none': not on this machine"),
        ("bm25}", "dense}", "sentence_transformers", "pip install 'evalkit-rag[dense]'"),
        ("bm25}", "{bm25: {stemmer: elvish}}}", "", "no stemmer for 'elvish'; known: "),
        ("bm25}", "{bm25: {engine: rank-bm25}}}", "rank_bm25", "pip install 'evalkit-rag[rank-bm25]'"),
        ("fixed: 60", "fixed: {size: 60, unit: tokens}", "rs_bpe", "pip install 'evalkit-rag[tokens]'"),
        ("Recall@2, L", "Recall@2, Recall@800t, L", "rs_bpe", "Recall@800t: counting tokens needs rs-bpe"),
        ("bm25}", "bm25, answerer: {recorded: none.jsonl}}", "", "none.jsonl: cannot be read"),
        ("bm25}", "bm25, answerer: {recorded: suite.yaml}}", "", "suite.yaml:1: found no JSON object"),
        ("bm25}", "bm25, answerer: {llm: {model: m, prompt: none.txt}}}", "", "none.txt: cannot be read"),
        ("bm25}", "bm25, answerer: {llm: m}}", "openai", "pip install 'evalkit-rag[llm]'"),
        ("bm25}", "bm25, answerer: {callable: 'none:f'}}", "", "answerer 'none:f': cannot be imported"),
        (
            "at_least: 0.5",
            "at_least: 0.5, slice: a=c",
            "",
            "slice 'a=c' holds no question; did you mean 'a=b'?",
        ),
        ("at_least: 0.5", "at_least: 0.5, by: c", "", "no question carries the tag 'c'"),
        (
            "floor: {variant: new, measure: Recall@2",
            "floor: {variant: new, measure: Latency",
            "",
            "use a ceiling",
        ),
        (
            "floor: {variant: new, measure: Recall@2, at_least: 0.5",
            "no_regression: {variant: new, measure: Recall@2, margin: 0.1",
            "",
            "no baseline to compare with",
        ),
        ("golden: golden.jsonl", "golden: none.jsonl", "", "none.jsonl: "),
    ],
)
def test_what_a_run_would_refuse_for_is_said(
    project: Path,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    after: str,
    missing: str,
    message: str,
) -> None:
    assert before in SUITE
    write("suite.yaml", SUITE.replace(before, after))
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    assert message in problems(project)


@pytest.mark.parametrize(
    ("measure", "judge", "missing", "message"),
    [
        ("Faithfulness", "nli: acme/none", "", "Faithfulness: NLI judge 'acme/none': not on this machine"),
        ("Faithfulness", "ragas: m", "ragas", "Faithfulness: the 'ragas' judge needs ragas"),
        ("AnswerRelevancy", "ragas: {model: m, encoder: acme/none}", "", "encoder 'acme/none': not on this"),
    ],
)
def test_a_judge_that_is_not_there_is_said(
    project: Path,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    measure: str,
    judge: str,
    missing: str,
    message: str,
) -> None:
    text = SUITE.replace("bm25}", "bm25, answerer: extractive}").replace("Latency", measure)
    write("suite.yaml", text + f"judge: {{{judge}}}\n")
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    else:
        monkeypatch.setattr("evalkit.judges.ragas.ragas_library.ready", lambda: None)
    assert message in problems(project)


def test_every_problem_is_reported_at_once(project: Path, write: Write) -> None:
    write(
        "suite.yaml",
        SUITE.replace("bm25}", "{dense: acme/none}}").replace("at_least: 0.5", "at_least: 0.5, by: c"),
    )
    (project / "corpus.lock").unlink()
    said = problems(project)
    assert all(part in said for part in ("acme/none", "the tag 'c'", "corpus.lock"))


def test_checking_loads_no_model(project: Path, write: Write) -> None:
    write("suite.yaml", SUITE.replace("bm25}", "dense}"))
    code = (
        "import sys\nfrom evalkit.cli import cli\ncli(['check', '.'], standalone_mode=False)\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "1 document" in done.stdout) == (0, True), done.stderr
