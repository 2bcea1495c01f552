from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

from evalkit.errors import SuiteError
from evalkit.suite import MissingEnvironment, load_suite
from evalkit.suite_file import json_schema
from tests.conftest import Write

ROOT = Path(__file__).parent.parent
GOOD = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@5, nDCG@10]
variants:
  old: {chunker: {fixed: 800}, retriever: bm25}
  new: {chunker: {recursive: {size: 400}}, retriever: {bm25: {stemmer: english}}, depth: 20}
baseline: old
gates:
  - floor: {variant: new, measure: Recall@5, at_least: 0.8}
"""


def problems(write: Write, text: str) -> str:
    with pytest.raises(SuiteError) as caught:
        load_suite(write("suite.yaml", text))
    return str(caught.value)


def test_a_suite_is_built_whole(write: Write) -> None:
    path = write("suite.yaml", GOOD)
    suite = load_suite(path.parent)
    assert (suite.name, suite.owner, suite.baseline) == ("demo", "ines@acme.example", "old")
    assert [str(m) for m in suite.measures] == ["Recall@5", "nDCG@10"]
    assert [(v.name, v.depth) for v in suite.variants] == [("old", 100), ("new", 20)]
    assert str(path.parent / "docs") in repr(suite.corpus["docs"])
    assert suite.lock == path.parent / "corpus.lock"


def test_the_digest_is_of_the_specification(write: Write) -> None:
    digest = load_suite(write("suite.yaml", GOOD)).digest
    assert load_suite(write("suite.yaml", GOOD + "description: words\n")).digest == digest
    assert load_suite(write("suite.yaml", "# a remark\n" + GOOD)).digest == digest
    assert load_suite(write("suite.yaml", GOOD.replace("0.8", "0.7"))).digest != digest


def test_a_grid_is_every_combination(write: Write) -> None:
    text = (
        GOOD
        + "grid: {chunker: [{recursive: {size: [200, 300]}}, sentence], retriever: [bm25, {bm25: 1.2}]}\n"
    )
    names = [v.name for v in load_suite(write("suite.yaml", text)).variants]
    assert names[2:] == [
        "recursive-200/bm25",
        "recursive-200/bm25-1.2",
        "recursive-300/bm25",
        "recursive-300/bm25-1.2",
        "sentence/bm25",
        "sentence/bm25-1.2",
    ]


def test_every_problem_is_reported_at_once(write: Write) -> None:
    text = problems(
        write,
        GOOD.replace("retriever: bm25}", "retriever: bm52}")
        .replace("nDCG@10", "nDCG@x")
        .replace("baseline: old", "baseline: odl")
        .replace("fixed: 800", "fixed: {sise: 800}"),
    )
    assert (
        "suite.yaml:7: variants.old.chunker: chunker 'fixed': unknown parameter 'sise'; did you mean 'size'?"
        in text
    )
    assert "suite.yaml:7: variants.old.retriever: unknown retriever 'bm52'; did you mean 'bm25'?" in text
    assert "suite.yaml:5: measures.1: measure 'nDCG@x'" in text
    assert "suite.yaml:9: baseline: unknown baseline 'odl'; did you mean 'old'?" in text


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("owner: ines@acme.example\n", "", ": 'owner' is missing"),
        ("owner:", "ownr:", "unknown key 'ownr'; did you mean 'owner'?"),
        ("depth: 20", "depth: 0", ":8: variants.new.depth: Input should be greater than 0; found 0"),
        ("depth: 20", "dept: 20", "unknown key 'dept'; did you mean 'depth'?"),
        ("name: demo", "name: a b/c", ":1: name: String should match"),
        ("measures: [Recall@5, nDCG@10]", "measures: []", ":5: measures"),
        ("measure: Recall@5", "measure: Recall@6", "unknown measure 'Recall@6'; did you mean 'Recall@5'?"),
        ("variant: new", "variant: nwe", "unknown variant 'nwe'; did you mean 'new'?"),
        ("at_least: 0.8", "at_least: 80", "parameter 'at_least': Input should be less than or equal to 1"),
        ("at_least: 0.8", "at_least: 0.8, slices: x", "unknown parameter 'slices'"),
        ("folder: docs", "folder: '${NO_SUCH}'", "the environment variable NO_SUCH is not set"),
        ("folder: docs", "fodler: docs", "unknown connector 'fodler'; did you mean 'folder'?"),
        ("golden: golden.jsonl", "golden: {csvv: x}", "unknown golden format 'csvv'"),
        ("name: demo", "name: demo\nname: demo", ":2: the key 'name' stands twice"[3:]),
        (GOOD, "[1, 2]", "expected a mapping with name, corpus, golden"),
        (GOOD, "", "expected a mapping with name, corpus, golden"),
        (GOOD, "a: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_one_clear_sentence(write: Write, before: str, after: str, message: str) -> None:
    assert before in GOOD
    assert message in problems(write, GOOD.replace(before, after))


GATES = """\
  - floor: {variant: new, measure: Recall@5, at_least: 0.7, by: language}
  - floor: {variant: new, measure: Recall@5, at_least: 0.7, slice: language=de}
  - floor: {variant: best, measure: Recall@5, at_least: 0.9}
  - ceiling: {variant: new, measure: Latency, at_most: 2}
  - ceiling: {variant: new, measure: Latency, at_most: 1, quantile: 0.5}
  - ceiling: {variant: new, measure: Latency, at_most: 1, of: mean}
  - ceiling: {variant: new, measure: Latency, at_most: 1, of: mean, slice: language=de}
  - no_regression: {variant: new, measure: nDCG@10, margin: 0.02}
  - no_regression: {variant: new, measure: nDCG@10, margin: 0.02, baseline: old}
  - no_regression: {variant: new, measure: nDCG@10, margin: 0.02, slice: language=de}
  - coverage: {variant: new, measure: Recall@5}
  - coverage: {variant: new, measure: Recall@5, slice: language=de}
  - figure: {name: corpus.documents, at_least: 10}
  - figure: {name: corpus.documents, at_most: 90}
"""


def test_gates_that_ask_different_things_have_different_names(write: Write) -> None:
    suite = load_suite(write("suite.yaml", GOOD.replace("nDCG@10]", "nDCG@10, Latency]") + GATES))
    titles = [gate.title for gate in suite.gates]
    assert len(set(titles)) == len(titles) == 15
    assert len({str(gate) for gate in suite.gates}) == 15
    assert titles[4:8] == [
        "ceiling new Latency p95",
        "ceiling new Latency p50",
        "ceiling new Latency mean",
        "ceiling new Latency mean [language=de]",
    ]


def test_two_gates_of_one_name_are_refused(write: Write) -> None:
    text = GOOD + "  - floor: {variant: new, measure: Recall@5, at_least: 0.9, alpha: 0.01}\n"
    assert problems(write, text) == (
        f"{write('suite.yaml', text)}:12: gates.1: asks the same as the gate on line 11: "
        "'floor new Recall@5'; keep one of them"
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no such file"):
        load_suite(tmp_path)
    (tmp_path / "suite.yaml").write_bytes(b"name: \xff")
    with pytest.raises(SuiteError, match="expected UTF-8 text"):
        load_suite(tmp_path)


def test_values_come_from_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    text = GOOD.replace("folder: docs", "folder: '${KB}/docs'") + "requires: [KB]\n"
    monkeypatch.delenv("KB", raising=False)
    with pytest.raises(MissingEnvironment, match="needs the environment variable KB"):
        load_suite(write("suite.yaml", text))
    monkeypatch.setenv("KB", "/kb")
    assert "/kb/docs" in repr(load_suite(write("suite.yaml", text)).corpus["docs"])


def test_home_is_the_projects_root(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALKIT_HOME", raising=False)
    write("pyproject.toml", "")
    suite = load_suite(write("suites/demo/suite.yaml", GOOD))
    assert suite.home == suite.path.parents[2] / ".evalkit"
    monkeypatch.setenv("EVALKIT_HOME", str(suite.path.parent))
    assert suite.home == suite.path.parent


# ---------------------------------------------------------------- the schema


def test_the_published_schema_is_current() -> None:
    published = json.loads((ROOT / "suites" / "suite.schema.json").read_text())
    assert published == json_schema(), "run: evalkit schema > suites/suite.schema.json"


def test_the_schema_accepts_the_projects_suites_and_refuses_mistakes() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for path in [*ROOT.glob("suites/**/suite.yaml")]:
        validator.validate(yaml.safe_load(path.read_text()))
    good = yaml.safe_load(GOOD)
    validator.validate(good)
    for key, value in (
        ("variants", {"v": {"chunker": {"fixed": {"sise": 3}}, "retriever": "bm25"}}),
        ("variants", {"v": {"chunker": "fixed", "retriever": "bm52"}}),
        ("gates", [{"floor": {"variant": "new"}}]),
        ("corpus", {"docs": {"fodler": "x"}}),
        ("measures", []),
    ):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**good, key: value})


JUDGED = GOOD.replace("nDCG@10]", "nDCG@10, Faithfulness]")


def test_a_judged_measure_needs_an_answerer_and_a_judge(write: Write) -> None:
    assert "no variant has an answerer; name one: answerer: extractive" in problems(write, JUDGED)
    retrieval = GOOD.replace("nDCG@10]", "nDCG@10, ContextRecall]")
    assert "ContextRecall needs a judge; name one: judge: {ContextRecall: …}" in problems(write, retrieval)


@dataclass(frozen=True, slots=True)
class Blind:
    """An answerer that does not say what it reads."""


def test_an_answerer_says_how_much_it_reads(write: Write) -> None:
    text = GOOD.replace(
        "fixed: 800}, retriever: bm25", f'fixed: 800}}, retriever: bm25, answerer: "{__name__}:Blind"'
    )
    assert "variants.old.answerer: found no field 'top'" in problems(write, text)


def test_no_secret_stands_in_what_a_release_is_made_of(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_KEY", "s3cret")
    answerer = '{llm: {model: m, key: "${MODEL_KEY}"}}'
    text = GOOD.replace(
        "fixed: 800}, retriever: bm25", f"fixed: 800}}, retriever: bm25, answerer: {answerer}"
    )
    suite = load_suite(write("suite.yaml", text))
    assert suite.specs["old"]["answerer"] == {"llm": {"model": "m", "key": "${MODEL_KEY}"}}
    assert "s3cret" not in repr(suite)
    write("release.json", json.dumps({"spec": suite.specs["old"]}))
    released = load_suite(write("suite.yaml", text.replace("baseline: old", "baseline: {release: old}")))
    key = getattr(released.variants[-1].answerer, "key")  # noqa: B009
    assert key.get_secret_value() == "s3cret"
