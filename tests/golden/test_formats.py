from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from evalkit.errors import GoldenError
from evalkit.golden.chroma import Chroma
from evalkit.golden.trec import Trec
from evalkit.types import Evidence, Question

DATA = Path(os.environ.get("EVALKIT_DATA", "nowhere"))


def csv_row(question: str, references: str, corpus: str) -> str:
    return (
        ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in (question, references, corpus)) + "\n"
    )


def test_chroma(tmp_path: Path) -> None:
    spans = json.dumps([{"content": "5 “euros”", "start_index": 3, "end_index": 12}])
    path = tmp_path / "q.csv"
    path.write_text("question,references,corpus_id\n" + csv_row("How,\nmuch?", spans, "fees"))
    assert Chroma(path, document="kb/{corpus_id}.txt").questions() == (
        Question(
            "fees-000", "How,\nmuch?", (Evidence("kb/fees.txt", "5 “euros”", 3),), tags={"corpus": "fees"}
        ),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,corpus_id\n", "column references is missing"),
        ("question,references,corpus_id\n" + csv_row("q", "{", "c"), ":2: field 'references'"),
        ("question,references,corpus_id\n" + csv_row("q", '[{"content": "x"}]', "c"), "start_index"),
        ("question,references,corpus_id\nq,[],c\xff", ":2: byte 6 is not UTF-8"),
    ],
)
def test_a_bad_chroma_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(GoldenError) as caught:
        Chroma(path).questions()
    assert message in str(caught.value)


def test_trec(tmp_path: Path) -> None:
    (tmp_path / "topics").write_text(
        "<top>\n<num> Number: 7 </num><title>\nmicro  waves\n</title></top><top><num>8<title>x</top>"
    )
    (tmp_path / "qrels").write_text("7 0 d1 1\n7 0 d2 0\n\n7 0 d3 2\n")
    assert Trec(tmp_path / "topics", tmp_path / "qrels", "kb").questions() == (
        Question("7", "micro waves", (Evidence("kb/d1"), Evidence("kb/d3", grade=2)), cluster="topic 7"),
        Question("8", "x", (), cluster="topic 8"),
    )


@pytest.mark.parametrize(
    ("topics", "qrels", "message"),
    [
        ("", "", "holds no questions"),
        ("<top><num>1</top>", "", "a topic without num or title"),
        ("<top><num>1<title>x</top>", "1 0 d\n", "qrels:1: found '1 0 d'"),
        ("<top><num>1<title>x</top>", "1 0 d yes\n", "qrels:1: found '1 0 d yes'"),
    ],
)
def test_a_bad_trec_file_is_refused(tmp_path: Path, topics: str, qrels: str, message: str) -> None:
    (tmp_path / "topics").write_text(topics)
    (tmp_path / "qrels").write_text(qrels)
    with pytest.raises(GoldenError) as caught:
        Trec(tmp_path / "topics", tmp_path / "qrels").questions()
    assert message in str(caught.value)


@pytest.mark.skipif(not (DATA / "chroma-chunking-eval").is_dir(), reason="EVALKIT_DATA holds no chroma data")
def test_every_published_excerpt_stands_at_its_offsets() -> None:
    questions = Chroma(DATA / "chroma-chunking-eval" / "questions_df.csv").questions()
    folder = DATA / "chroma-chunking-eval" / "corpora"
    texts = {f"docs/{p.name}": p.read_bytes().decode() for p in folder.iterdir()}
    evidence = [piece for question in questions for piece in question.evidence]
    assert (len(questions), len(evidence)) == (472, 790)
    assert all(texts[e.doc].startswith(e.quote, e.start) for e in evidence)
