"""What one format holds, another gives back: every reader against a writer, and out to JSON Lines and TREC."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import GoldenError, SuiteError
from evalkit.golden import registry
from evalkit.golden.beir import Beir
from evalkit.golden.chroma import Chroma
from evalkit.golden.csv import Csv
from evalkit.golden.huggingface import HuggingFace
from evalkit.golden.jsonl import Jsonl, write
from evalkit.golden.ragas import Ragas
from evalkit.golden.squad import Squad
from evalkit.golden.trec import Trec, read_run, write_qrels, write_run, write_topics
from evalkit.types import Evidence, Question

words = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1).filter(
    str.strip
)
names = st.text(st.characters(categories=["L", "N"], include_characters="-_."), min_size=1, max_size=8)
Folders = pytest.TempPathFactory


def sets(
    evidence: st.SearchStrategy[Evidence], text: st.SearchStrategy[str] = words
) -> st.SearchStrategy[list[Question]]:
    return st.lists(
        st.builds(
            Question,
            id=names,
            text=text,
            evidence=st.lists(evidence, max_size=3, unique_by=lambda e: (e.doc, e.quote)).map(tuple),
            reference=st.just("") | words,
            tags=st.dictionaries(names, words, max_size=2),
            cluster=st.just("") | words,
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda q: q.id,
    )


quotes = st.builds(
    Evidence,
    doc=names,
    quote=st.just("") | words,
    start=st.none() | st.integers(0, 10**6),
    prefix=st.just("") | words,
    suffix=st.just("") | words,
    grade=st.integers(1, 3),
)
documents = st.builds(Evidence, doc=names.map(lambda n: f"kb/{n}"), grade=st.integers(1, 3))


def again(tmp: Path, questions: tuple[Question, ...]) -> tuple[Question, ...]:
    path = tmp / "again.jsonl"
    path.write_text(write(questions), encoding="utf-8")
    return Jsonl(path).questions()


@given(sets(quotes))
def test_csv(tmp_path_factory: Folders, questions: list[Question]) -> None:
    tmp = tmp_path_factory.mktemp("csv")
    tags = sorted({f"tags.{tag}" for question in questions for tag in question.tags})
    out = io.StringIO()
    fields = [
        "id",
        "text",
        "doc",
        "quote",
        "start",
        "prefix",
        "suffix",
        "grade",
        "reference",
        "cluster",
        *tags,
    ]
    writer = csv.DictWriter(out, fields, restval="")
    writer.writeheader()
    for question in questions:
        own = {
            "id": question.id,
            "text": question.text,
            "reference": question.reference,
            "cluster": question.cluster,
        }
        own |= {f"tags.{tag}": value for tag, value in question.tags.items()}
        for e in question.evidence or (None,):
            there = (
                {} if e is None else {n: getattr(e, n) for n in ("doc", "quote", "prefix", "suffix", "grade")}
            )
            start = {} if e is None or e.start is None else {"start": e.start}
            writer.writerow(own | there | start)
    (tmp / "g.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    read = Csv(tmp / "g.csv").questions()
    assert read == tuple(questions)
    assert again(tmp, read) == read


@given(sets(documents, st.text(st.characters(categories=["L", "P", "S"]), min_size=1)))
def test_trec(tmp_path_factory: Folders, questions: list[Question]) -> None:
    tmp = tmp_path_factory.mktemp("trec")
    questions = [
        replace(q, text=" ".join(q.text.split()) or "x", reference="", tags={}, cluster=f"topic {q.id}")
        for q in questions
    ]
    (tmp / "topics").write_text(write_topics(questions), encoding="utf-8")
    (tmp / "qrels").write_text(write_qrels(questions, "kb"), encoding="utf-8")
    read = Trec(tmp / "topics", tmp / "qrels", "kb").questions()
    assert read == tuple(questions)
    assert again(tmp, read) == read


@given(
    st.dictionaries(
        names, st.lists(st.tuples(names, st.floats(0, 1)), unique_by=lambda h: h[0], min_size=1), min_size=1
    )
)
def test_trec_run(tmp_path_factory: Folders, ranked: dict[str, list[tuple[str, float]]]) -> None:
    path = tmp_path_factory.mktemp("run") / "run.txt"
    ranked = {topic: sorted(hits, key=lambda hit: -hit[1]) for topic, hits in ranked.items()}
    path.write_text(write_run(ranked, "bm25"), encoding="utf-8")
    assert read_run(path) == ranked


@given(sets(documents))
def test_beir(tmp_path_factory: Folders, questions: list[Question]) -> None:
    tmp = tmp_path_factory.mktemp("beir")
    questions = [replace(q, reference="", tags={}, cluster=f"query {q.id}") for q in questions if q.evidence]
    (tmp / "qrels").mkdir()
    lines = [
        {"_id": q.id, "text": q.text, "metadata": {}}
        for q in [*questions, Question("\x7f", "of another split")]
    ]
    (tmp / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    judged = [f"{q.id}\t{e.doc.removeprefix('kb/')}\t{e.grade}\n" for q in questions for e in q.evidence]
    (tmp / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(judged), encoding="utf-8"
    )
    if not questions:
        with pytest.raises(GoldenError, match="holds no questions"):
            Beir(tmp, source="kb").questions()
        return
    read = Beir(tmp, source="kb").questions()
    assert read == tuple(questions)
    assert again(tmp, read) == read


@given(st.lists(st.tuples(words, st.lists(words, unique=True, max_size=3), words), min_size=1, max_size=3))
def test_ragas(tmp_path_factory: Folders, samples: list[tuple[str, list[str], str]]) -> None:
    tmp = tmp_path_factory.mktemp("ragas")
    rows = [
        {
            "user_input": text,
            "reference_contexts": contexts,
            "reference": reference,
            "synthesizer_name": "single_hop",
        }
        for text, contexts, reference in samples
    ]
    (tmp / "t.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)  # a list is written as Python writes it, as pandas does
    (tmp / "t.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    read = [Ragas(tmp / name).questions() for name in ("t.json", "t.jsonl", "t.csv")]
    assert read[0] == read[1] == read[2]
    assert [(q.text, [e.quote for e in q.evidence], q.reference) for q in read[0]] == samples
    assert {q.tags["provenance"] for q in read[0]} == {"synthetic"}
    assert again(tmp, read[0]) == read[0]


def test_ragas_hops_are_no_part_of_a_context(tmp_path: Path) -> None:
    row = {"user_input": "q", "reference_contexts": ["<1-hop>\n\nOne.", "<2-hop>\n\nTwo."], "reference": "r"}
    (tmp_path / "t.jsonl").write_text(json.dumps(row))
    assert [e.quote for e in Ragas(tmp_path / "t.jsonl").questions()[0].evidence] == ["One.", "Two."]


@given(st.lists(st.tuples(words, words, words, words), min_size=1, max_size=3), st.booleans())
def test_squad(tmp_path_factory: Folders, items: list[tuple[str, str, str, str]], impossible: bool) -> None:  # noqa: FBT001
    tmp = tmp_path_factory.mktemp("squad")
    paragraphs = [
        {
            "context": before + answer + after,
            "qas": [
                {"id": str(n), "question": question, "is_impossible": False}
                | {
                    "answers": [
                        {"text": answer, "answer_start": len(before)},
                        {"text": "x", "answer_start": 99},
                    ]
                },
                {"id": f"{n}x", "question": question, "is_impossible": impossible}
                | {"answers": [] if impossible else [{"text": answer, "answer_start": len(before)}]},
            ],
        }
        for n, (before, answer, after, question) in enumerate(items)
    ]
    (tmp / "s.json").write_text(
        json.dumps({"version": "2.0", "data": [{"title": "T", "paragraphs": paragraphs}]})
    )
    read = Squad(tmp / "s.json", document="docs/{title}").questions()
    for question, (before, answer, after, text) in zip(read[::2], items, strict=True):
        assert question.evidence == (Evidence("docs/T", answer, None, before[-48:], after[:48]),)
        assert (question.text, question.reference, question.cluster) == (text, answer, "T")
    assert all(question.answerable is not impossible for question in read[1::2])
    assert [q.evidence[0].quote for q in Squad(tmp / "s.json", "paragraph").questions()[::2]] == [
        before + answer + after for before, answer, after, _ in items
    ]
    assert again(tmp, read) == read


@given(
    st.lists(
        st.tuples(names, words, st.lists(st.tuples(words, st.integers(0, 99)), max_size=2)),
        min_size=1,
        max_size=3,
    )
)
def test_chroma(tmp_path_factory: Folders, items: list[tuple[str, str, list[tuple[str, int]]]]) -> None:
    tmp = tmp_path_factory.mktemp("chroma")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["question", "references", "corpus_id"])
    for corpus, text, spans in items:
        references = [{"content": c, "start_index": s, "end_index": s + len(c)} for c, s in spans]
        writer.writerow([text, json.dumps(references), corpus])
    (tmp / "q.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    read = Chroma(tmp / "q.csv").questions()
    assert [(q.tags["corpus"], q.text, [(e.quote, e.start) for e in q.evidence]) for q in read] == items
    assert again(tmp, read) == read


ROWS = {
    "id": ["a", "b"],
    "question": ["why?", "who?"],
    "title": ["A", "B"],
    "answers": [{"text": ["one", "two"], "answer_start": [3, 9]}, {"text": [], "answer_start": []}],
}
COLUMNS = {
    "text": "question",
    "quote": "answers.text",
    "start": "answers.answer_start",
    "reference": "answers.text",
}
EXPECTED = (
    Question(
        "a",
        "why?",
        (Evidence("kb/A", "one", 3), Evidence("kb/A", "two", 9)),
        reference="one",
        tags={"title": "A"},
    ),
    Question("b", "who?", (), tags={"title": "B"}),
)


@pytest.mark.parametrize("kind", ["dataset", "dict", "parquet", "jsonl", "cache"])
def test_huggingface(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict(ROWS)
    folder, commit = tmp_path / "copy", "a" * 40
    if kind == "dataset":
        data.save_to_disk(folder)
    elif kind == "dict":
        datasets.DatasetDict({"train": data.select([0]), "test": data}).save_to_disk(folder)
    elif kind == "parquet":
        (folder / "data").mkdir(parents=True)
        data.to_parquet(folder / "data" / "test-00000-of-00001.parquet")
        data.select([0]).to_parquet(folder / "data" / "train-00000-of-00001.parquet")
    elif kind == "jsonl":
        data.to_json(folder / "all.jsonl")
    else:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        folder = tmp_path / "datasets--acme--faq" / "snapshots" / commit / "plain"
        data.to_parquet(folder / "test.parquet")
    columns = {**COLUMNS, "tags.title": "title"}
    if kind == "cache":
        golden = HuggingFace(
            name="acme/faq", revision=commit, config="plain", columns=columns, document="kb/{title}"
        )
    else:
        golden = HuggingFace(folder, columns=columns, document="kb/{title}")
    assert golden.questions() == EXPECTED
    assert again(tmp_path, golden.questions()) == EXPECTED


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "give one of path"),
        ({"name": "acme/faq"}, "expected the 40 hexadecimal digits of a commit"),
        ({"name": "acme/faq", "revision": "main"}, "found 'main'"),
        ({"path": "x", "columns": {"txt": "question"}}, "unknown field 'txt'; did you mean 'text'?"),
    ],
)
def test_a_huggingface_spec_is_checked(spec: dict[str, object], message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        registry.build({"huggingface": spec})
    assert message in str(caught.value)


def test_what_huggingface_does_not_hold_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict({"train": datasets.Dataset.from_dict(ROWS)}).save_to_disk(tmp_path / "d")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for golden, message in (
        (HuggingFace(tmp_path / "d"), "no split 'test'"),
        (HuggingFace(tmp_path / "none"), "no such folder"),
        (HuggingFace(tmp_path / "d", split="train"), "row 0: field 'text' is missing or empty"),
        (HuggingFace(tmp_path / "d", split="train", columns={"text": "query"}), "there is no column 'query'"),
        (HuggingFace(name="acme/faq", revision="b" * 40), "not in the local Hugging Face cache"),
    ):
        with pytest.raises(GoldenError) as caught:
            golden.questions()
        assert message in str(caught.value)
