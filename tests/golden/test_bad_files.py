"""Files that no reader may take, each refused with a sentence that names file, line and field."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.errors import EvalkitError, GoldenError, SuiteError
from evalkit.golden.beir import Beir
from evalkit.golden.chroma import Chroma
from evalkit.golden.csv import Csv
from evalkit.golden.jsonl import Jsonl
from evalkit.golden.ragas import Ragas
from evalkit.golden.squad import Squad
from evalkit.golden.trec import Trec, read_run
from evalkit.suite import load_suite
from evalkit.types import QuestionSet

LINE = json.dumps({"id": "q1", "text": "why?"})
SQUAD = {"id": "1", "question": "who?", "answers": [{"text": "Ada", "answer_start": 0}]}


def squad(**item: object) -> str:
    return json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "Ada.", "qas": [SQUAD | item]}]}]})


def trec(topics: str, qrels: str) -> Callable[[Path], QuestionSet]:
    def build(path: Path) -> QuestionSet:
        (path.parent / "qrels").write_text(qrels)
        path.write_text(topics)
        return Trec(path, path.parent / "qrels")

    return build


def beir(queries: str, qrels: str) -> Callable[[Path], QuestionSet]:
    def build(path: Path) -> QuestionSet:
        (path.parent / "qrels").mkdir()
        (path.parent / "qrels" / "test.tsv").write_text(qrels)
        (path.parent / "queries.jsonl").write_text(queries)
        return Beir(path.parent)

    return build


def text(reader: Callable[[Path], QuestionSet], content: str | bytes) -> Callable[[Path], QuestionSet]:
    def build(path: Path) -> QuestionSet:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return reader(path)

    return build


@pytest.mark.parametrize(
    ("build", "message"),
    [
        # duplicate ids
        (text(Jsonl, f"{LINE}\n\n{LINE}\n"), ":3: field 'id': 'q1' already stands at"),
        (text(Csv, "id,text\nq1,why?\nq1,who?\n"), ":3: field 'id': 'q1' already stands at"),
        (trec("<top><num>1<title>a</top>\n<top><num>1<title>b</top>", ""), ":2: field 'id': '1' already"),
        # mixed encodings
        (text(Jsonl, f"{LINE}\n".encode() + "{“".encode("utf-16")), ":2: byte 0 is not UTF-8"),
        (text(Csv, "id,text\n1,für\n".encode() + "2,für\n".encode("cp1252")), ":3: byte 3 is not UTF-8"),
        (text(Squad, squad().encode("utf-16")), ":1: byte 0 is not UTF-8"),
        # NUL bytes
        (text(Csv, "id,text\n1,a\x00b\n"), ":2: holds a NUL byte"),
        (text(Ragas, '[{"user_input": "\x00"}]'), ":1: holds a NUL byte"),
        (trec("<top><num>1<title>a</top>", "1 0 d\x00 1\n"), "qrels:1: holds a NUL byte"),
        # truncated and malformed
        (text(Jsonl, f'{LINE}\n{{"id": "q2", "te'), ":2: not valid JSON"),
        (text(Squad, squad()[:-9]), "not valid JSON"),
        (text(Chroma, 'question,references,corpus_id\n"why,[],c\n'), ":2: not a readable CSV file"),
        # nested beyond reason
        (text(Jsonl, '{"id":' + "[" * 100_000), ":1: maximum recursion depth"),
        (text(Squad, "[" * 100_000), "not valid JSON (maximum recursion depth"),
        # missing and unknown columns and fields
        (text(Csv, "id,question\n1,why?\n"), ":2: field 'text' is missing or empty"),
        (text(Csv, "id,text,text\n1,why?,who?\n"), ":1: column text stands twice"),
        (text(Csv, "id,text\n1,why?,who?\n"), ":2: 3 cells; expected 2"),
        (
            text(lambda p: Csv(p, {"text": "query"}), "id,text\n1,a\n"),
            ":2: field 'text': there is no column 'query'",
        ),
        (text(Chroma, "question,references\n"), ":1: column corpus_id is missing"),
        # values of the wrong kind
        (text(Csv, "id,text,doc,start\n1,why?,d,x\n"), ":2: field 'start': found 'x'"),
        (text(Csv, "id,text,doc,grade\n1,why?,d,0\n"), ":2: field 'grade': found '0'"),
        (text(Squad, squad(question=5)), "data[0].paragraphs[0].qas[0]: field 'question': found 5"),
        (text(Squad, squad(answers=[])), "qas[0]: field 'answers': found []"),
        (text(Squad, squad(answers=[{"text": "Bob", "answer_start": 0}])), "field 'answer_start': found 0"),
        (text(Squad, '{"data": {}}'), "field 'data': found {}"),
        (text(Ragas, '[{"user_input": ["a turn"]}]'), "[0]: field 'user_input': found ['a turn']"),
        (
            text(Ragas, '[{"user_input": "q", "reference_contexts": "__import__(1)"}]'),
            "field 'reference_contexts'",
        ),
        (text(Ragas, '{"user_input": "q"}'), "expected a list of samples"),
        # judgements that do not fit
        (trec("<top><num>1<title>a</top>", "1 0 d 1\n9 0 d 1\n"), "1 judged topic missing from"),
        (trec("<top><num>1<title>a</top>", "1 0 d\n"), "qrels:1: found '1 0 d'"),
        (beir('{"_id": "1", "text": "a"}', "1\td\tx\n"), "test.tsv:1: found"),
        (beir('{"_id": "1", "text": "a"}', "2\td\t1\n"), "holds no questions"),
        (beir('{"_id": "1", "text": 5}', "1\td\t1\n"), "queries.jsonl:1: field 'text': found 5"),
        (beir("[]", "1\td\t1\n"), "queries.jsonl:1: found []"),
        # nothing at all
        (text(Jsonl, ""), "holds no questions"),
        (text(Csv, ""), "holds no questions"),
        (text(Ragas, "[]"), "holds no questions"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, build: Callable[[Path], QuestionSet], message: str) -> None:
    golden = build(tmp_path / "golden.json")
    with pytest.raises(GoldenError) as caught:
        golden.questions()
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("reader", [Jsonl, Csv, Chroma, Squad, Ragas, read_run])
def test_a_line_of_two_gigabytes_is_not_read(tmp_path: Path, reader: Callable[[Path], QuestionSet]) -> None:
    path = tmp_path / "golden.json"
    with path.open("wb") as file:
        file.write(b'{"id": "')
        file.truncate(2_000_000_000)  # a hole: it takes no room on disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GoldenError) as caught:
        getattr(reader(path), "questions", lambda: None)()
    assert "longer than 1,000,000 bytes" in str(caught.value) or "2,000,000,000 bytes" in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


@pytest.mark.parametrize("reader", [Jsonl, Csv, Squad, Ragas, read_run])
def test_what_is_no_file_is_refused(tmp_path: Path, reader: Callable[[Path], QuestionSet]) -> None:
    for path, message in ((tmp_path / "none", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(GoldenError, match=message):
            getattr(reader(path), "questions", lambda: None)()


def test_a_run_names_a_document_once(tmp_path: Path) -> None:
    path = tmp_path / "run"
    for content, message in (
        ("1 Q0 d 1 0.5 x\n1 Q0 d 2 0.4 x\n", ":2: topic '1' names document 'd' twice"),
        ("1 Q0 d 1 high x\n", ":1: found"),
    ):
        path.write_text(content)
        with pytest.raises(GoldenError, match=message):
            read_run(path)


@pytest.mark.parametrize(
    ("golden", "message"),
    [
        ("&a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases (*name) are refused"),
        ("!!python/object/apply:os.system [id]", "not valid YAML"),
        ("[" * 50 + "]" * 50, "nested deeper than 40 levels"),
        ("{jsonl: a, jsonl: b}", "the key 'jsonl' stands twice"),
        ("{jsnol: a}", "golden: unknown golden format 'jsnol'; did you mean 'jsonl'?"),
        ("{csv: {path: a, columns: {txt: q}}}", "unknown field 'txt'; did you mean 'text'?"),
    ],
)
def test_a_suite_that_bombs_is_refused(tmp_path: Path, golden: str, message: str) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: x\nowner: o\ncorpus: {docs: {folder: docs}}\nmeasures: [RR]\n"
        f"variants: {{a: {{chunker: sentence, retriever: bm25}}}}\ngolden: {golden}\n"
    )
    with pytest.raises(SuiteError) as caught:
        load_suite(suite)
    assert message in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert isinstance(caught.value, EvalkitError)
