"""The command line as its users meet it: real files, real exit codes, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Write

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@2, Success@2, nDCG@5, Latency]
variants:
  old: {chunker: {fixed: 60}, retriever: bm25}
  new: {chunker: {recursive: {size: 60}}, retriever: bm25}
baseline: old
gates:
  - floor: {variant: new, measure: Success@2, at_least: 0.5}
"""
ANIMALS = ("otter", "badger", "heron", "lynx", "marten", "weasel", "beaver", "plover", "curlew", "dipper")


def evalkit(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evalkit", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def project(write: Write, tmp_path: Path) -> Path:
    """Thirty one-page documents with a question about each."""
    lines = []
    for number in range(30):
        animal = f"{ANIMALS[number % 10]}{number}"
        quote = f"The {animal} weighs {number + 3} kilograms."
        write(f"docs/{number:02}.md", f"# About the {animal}\n\n{quote}\n\nIt is seldom seen by day.\n")
        lines.append(
            {"id": f"q{number:02}", "text": f"how heavy is the {animal}", "reference": f"{number + 3} kg"}
            | {
                "evidence": [{"doc": f"docs/{number:02}.md", "quote": quote}],
                "tags": {"half": str(number % 2)},
            }
        )
    write("golden.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    write("suite.yaml", SUITE)
    write("pyproject.toml", "")
    assert evalkit("sync", ".", cwd=tmp_path).returncode == 0
    return tmp_path


def report(project: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    done = evalkit("run", ".", "--no-tracking", "--json", "r.json", *arguments, cwd=project)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads((project / "r.json").read_text())


def test_go(project: Path) -> None:
    code, found = report(project)
    assert (code, found["verdict"], found["suite"]) == (0, "GO", "demo")
    assert len(found["corpus_digest"]) == 64
    estimate = next(e for e in found["estimates"] if e["variant"] == "new" and e["measure"] == "Recall@2")
    assert {"variant", "measure", "mean", "low", "high", "n", "unscored"} <= set(estimate)
    assert (estimate["mean"], estimate["n"], estimate["unscored"]) == (1.0, 30, 0)
    (gate,) = found["gates"]
    assert gate["outcome"] == "PASS"
    assert gate["reason"].startswith("new: Success@2 is 1.000, at least 0.905")


@pytest.mark.parametrize(
    ("at_least", "measure", "code", "verdict"),
    [(0.95, "Success@2", 3, "INCONCLUSIVE"), (0.99, "Recall@1000c", 1, "NO-GO")],
)
def test_exit_codes(project: Path, at_least: float, measure: str, code: int, verdict: str) -> None:
    text = SUITE.replace("at_least: 0.5", f"at_least: {at_least}").replace("Success@2", measure)
    if verdict == "NO-GO":
        golden = (project / "golden.jsonl").read_text().replace("how heavy is the", "zzz")
        for animal in ANIMALS:
            golden = golden.replace(f"zzz {animal}", "zzz ")
        (project / "golden.jsonl").write_text(golden)
    (project / "suite.yaml").write_text(text)
    assert (report(project)[0], report(project)[1]["verdict"]) == (code, verdict)


def test_two_runs_write_the_same_bytes_but_for_the_volatile_block(project: Path) -> None:
    _, first = report(project)
    for path in (project / ".evalkit" / "cache").rglob("*.npz"):
        path.unlink()
    _, second = report(project)
    assert first.pop("volatile") != second.pop("volatile")
    assert json.dumps(first) == json.dumps(second)


def test_a_damaged_result_is_found_and_made_again(project: Path) -> None:
    _, first = report(project)
    entry = next((project / ".evalkit" / "cache").rglob("*.npz"))
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    assert "1 damaged result," in evalkit("cache", "verify", ".", cwd=project).stdout
    _, second = report(project)
    assert "0 damaged results" in evalkit("cache", "verify", ".", cwd=project).stdout
    assert first["estimates"] == second["estimates"]


def test_check_says_what_a_run_would_read(project: Path) -> None:
    done = evalkit("check", ".", cwd=project)
    assert done.returncode == 0
    assert (
        "30 documents, 30 questions (30 answerable, 0 unwinnable), 2 variants, 4 measures, 1 gate"
        in done.stdout
    )


def test_reports_are_rendered_and_compared(project: Path) -> None:
    report(project)
    (project / "r.json").rename(project / "before.json")
    (project / "suite.yaml").write_text(SUITE.replace("size: 60", "size: 30"))
    written = ("--html", "r.html", "--markdown", "r.md", "--csv", "r.csv", "--junit", "r.xml")
    evalkit("run", ".", "--no-tracking", "--json", "r.json", *written, cwd=project)
    by_run = {path.suffix: path.read_bytes() for path in project.glob("r.*")}
    compared = evalkit("compare", "before.json", "r.json", cwd=project)
    assert compared.returncode == 0
    assert "the suite differs" in compared.stdout
    done = evalkit("report", "r.json", *written, cwd=project)
    assert done.returncode == 0
    assert {path.suffix: path.read_bytes() for path in project.glob("r.*")} == by_run
    assert set(by_run) == {".json", ".html", ".md", ".csv", ".xml"}
    assert (project / "r.html").read_text().startswith("<!doctype html>")
    assert (project / "r.md").read_text().startswith("<!-- evalkit report: demo -->\n## ✅ GO: demo")
    assert "GO" in evalkit("report", "r.json", cwd=project).stdout


def test_a_pipe_that_is_closed_early_loses_no_report(project: Path) -> None:
    command = [sys.executable, "-m", "evalkit", "run", ".", "--no-tracking", "--json", "r.json"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.close()
        running.wait(120)
    assert json.loads((project / "r.json").read_text())["verdict"] == "GO"
    assert list((project / ".evalkit" / "reports").rglob("report.json"))


def test_init_makes_a_suite_that_runs(project: Path) -> None:
    done = evalkit("init", "suites/mine", "--docs", "docs", cwd=project)
    assert done.returncode == 0
    assert evalkit("sync", "suites/mine", cwd=project).returncode == 0
    run = evalkit("run", "suites/mine", "--no-tracking", cwd=project)
    assert run.returncode == 3  # one question decides nothing
    again = evalkit("init", "suites/mine", "--docs", "docs", cwd=project)
    assert (again.returncode, "already exists" in again.stderr) == (2, True)


WRONG = {
    "unknown plug-in": ("suite.yaml", SUITE.replace("fixed: 60", "fixd: 60"), "did you mean 'fixed'?"),
    "bad YAML": ("suite.yaml", "name: [", "not valid YAML"),
    "missing golden file": ("suite.yaml", SUITE.replace("golden.jsonl", "gold.jsonl"), "no such file"),
    "quote not in its document": (
        "golden.jsonl",
        '{"id": "q", "text": "t", "evidence": [{"doc": "docs/01.md", "quote": "The moon is made of cheese."}]}',
        "question 'q': evidence in 'docs/01.md': the quote “The moon is made of cheese.” does not stand in",
    ),
    "document not in the corpus": (
        "golden.jsonl",
        '{"id": "q", "text": "t", "evidence": [{"doc": "docs/99.md"}]}',
        "document 'docs/99.md' is not in the corpus",
    ),
    "empty golden set": ("golden.jsonl", "", "holds no questions"),
    "duplicate ids": ("golden.jsonl", '{"id": "q", "text": "t"}\n' * 2, "field 'id': 'q' already stands at"),
    "not JSON": ("golden.jsonl", "{", "not valid JSON"),
    "unknown measure": ("suite.yaml", SUITE.replace("Recall@2", "Recal@2"), "did you mean 'Recall'?"),
    "another digest": (
        "corpus.lock",
        json.dumps({"schema_version": 1, "digest": "0" * 64, "documents": {}}),
        "is not in this store; run `evalkit sync`",
    ),
    "broken lock": ("corpus.lock", "{", "not a readable lock"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("command", ["run", "check"])
def test_wrong_input_is_one_sentence_and_exit_code_2(
    project: Path, write: Write, wrong: str, command: str
) -> None:
    name, content, message = WRONG[wrong]
    write(name, content)
    done = evalkit(command, ".", cwd=project)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list((project / ".evalkit").glob("reports/**/*.json"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("docs/bad.md", "Prüfstand".encode("latin-1"), "docs/bad.md: byte 2 is not UTF-8"),
        ("docs/empty.md", b"", "docs/empty.md: holds no text to search"),
        ("docs/nul.txt", b"a\x00b", "docs/nul.txt: holds a NUL character"),
    ],
)
def test_an_unreadable_document_stops_a_sync_and_changes_nothing(
    project: Path, name: str, content: bytes, message: str
) -> None:
    before = (project / "corpus.lock").read_bytes()
    (project / name).write_bytes(content)
    done = evalkit("sync", ".", cwd=project)
    assert (done.returncode, message in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert (project / "corpus.lock").read_bytes() == before
    kept = evalkit("sync", ".", "--keep-going", cwd=project)
    assert (kept.returncode, f"left out {message}" in kept.stderr) == (0, True)


def test_an_edited_document_is_noticed_only_by_a_sync(project: Path) -> None:
    (project / "docs" / "01.md").write_text("something else entirely\n")
    assert report(project)[0] == 0
    assert evalkit("sync", ".", cwd=project).returncode == 0
    done = evalkit("run", ".", "--no-tracking", cwd=project)
    assert (done.returncode, "question 'q01'" in done.stderr) == (2, True)


def test_a_tracking_server_that_is_down_changes_no_exit_code(project: Path) -> None:
    done = evalkit("run", ".", "--tracking", "http://127.0.0.1:9", cwd=project)
    assert done.returncode == 0
    assert "not logged: MLflow at http://127.0.0.1:9" in done.stdout


def test_usage_errors_are_exit_code_2(tmp_path: Path) -> None:
    assert evalkit("run", cwd=tmp_path).returncode == 2
    assert evalkit("no-such-command", cwd=tmp_path).returncode == 2
    done = evalkit("run", "nowhere", cwd=tmp_path)
    assert (done.returncode, "no such file" in done.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_loads_no_heavy_library(arguments: list[str], tmp_path: Path) -> None:
    script = (
        "import sys, evalkit\nfrom evalkit.cli import main\n"
        f"sys.argv = ['evalkit', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'mlflow', 'ragas', 'pandas', 'scipy', 'sentence_transformers', 'matplotlib', 'numpy'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "LOADED []" in done.stdout


def test_help_names_every_command_once_and_whole(tmp_path: Path) -> None:
    from evalkit.cli import SECTIONS, cli

    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(cli.commands)
    for group in ((), ("golden",), ("corpus",), ("cache",), ("judge",)):
        assert "..." not in evalkit(*group, "--help", cwd=tmp_path).stdout.partition("\n")[2]


@pytest.mark.parametrize("path", ["file/home", "file"])
def test_a_home_that_cannot_be_used_is_a_sentence(project: Path, path: str, write: Write) -> None:
    write("file", "")
    done = subprocess.run(
        [sys.executable, "-m", "evalkit", "sync", "."],
        cwd=project,
        env=os.environ | {"EVALKIT_HOME": str(project / path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", ".", "--html", "docs"),
        ("plan", ".", "--changed", "-1"),
        ("plan", ".", "--icc", "7"),
        ("sync", ".", "--watch", "-3"),
        ("cache", "gc", ".", "--results", "-5"),
        ("corpus", "gc", ".", "--keep", "-1"),
        ("decide", "nowhere", "report.json", "--by", "x"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(project: Path, arguments: tuple[str, ...]) -> None:
    done = evalkit(*arguments, cwd=project)
    assert done.returncode == 2
    assert "rror: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / ".evalkit/reports").exists()
