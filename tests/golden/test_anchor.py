from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.corpus.snapshot import Snapshot, Store
from evalkit.errors import GoldenError
from evalkit.golden.anchor import anchor
from evalkit.types import Document, Evidence, Question


@pytest.fixture
def corpus(tmp_path: Path) -> Snapshot:
    store = Store(tmp_path)
    texts = {"docs/a": "The fee is 5. The fee is 6.", "docs/b": "Wasser kocht.\r\nEis nicht."}
    return store.snapshot(Document(name, text) for name, text in texts.items())


def ask(*evidence: Evidence, cluster: str = "") -> Question:
    return Question("q", "?", evidence, cluster=cluster)


def test_quotes_become_offsets(corpus: Snapshot) -> None:
    golden = anchor(
        [
            ask(Evidence("docs/b", "Eis nicht.", grade=2), Evidence("docs/a")),
            ask(),
            ask(Evidence("docs/a", "The fee is", start=14)),
        ],
        corpus,
    )
    qrels = golden.qrels
    assert qrels.question.tolist() == [0, 0, 2]
    assert qrels.doc.tolist() == [1, 0, 0]
    assert qrels.start.tolist() == [15, 0, 14]
    assert qrels.end.tolist() == [25, 27, 24]
    assert qrels.grade.tolist() == [2, 1, 1]
    assert qrels.whole.tolist() == [False, True, False]
    assert all(column.dtype == np.int32 for column in (qrels.question, qrels.doc, qrels.start, qrels.end))


def test_clusters_default_to_the_document(corpus: Snapshot) -> None:
    golden = anchor([ask(Evidence("docs/b")), ask(), ask(Evidence("docs/b"), cluster="fees")], corpus)
    assert [q.cluster for q in golden.questions] == ["docs/b", "question q", "fees"]


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        (Evidence("docs/c"), "document 'docs/c' is not in the corpus"),
        (Evidence("docs/a", "The price"), "does not stand in 'docs/a'"),
        (Evidence("docs/a", "The fee is"), "stands more than once in 'docs/a'"),
    ],
)
def test_evidence_that_was_never_found_is_a_mistake(
    corpus: Snapshot, evidence: Evidence, message: str
) -> None:
    with pytest.raises(GoldenError, match="question 'q'") as caught:
        anchor([ask(evidence)], corpus)
    assert message in str(caught.value)


def test_pinned_evidence_that_moved_is_found_and_gone_is_unwinnable(corpus: Snapshot) -> None:
    golden = anchor(
        [
            ask(Evidence("docs/b", "Eis nicht.", start=3)),
            ask(Evidence("docs/a", "The price", start=3), Evidence("docs/b")),
        ],
        corpus,
    )
    assert golden.qrels.start.tolist() == [15]
    assert list(golden.unwinnable) == [1]
    assert "does not stand" in golden.unwinnable[1]


def test_many_problems_are_counted(corpus: Snapshot) -> None:
    with pytest.raises(GoldenError) as caught:
        anchor([ask(Evidence("docs/x"))] * 30, corpus)
    assert caught.value.problems[-2] == "and 10 more pieces of evidence"


@given(st.text(alphabet="ab ", min_size=1, max_size=30), st.data())
def test_an_anchor_never_points_at_other_text(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    pinned = data.draw(st.none() | st.integers(0, 40))
    store = Store(tmp_path_factory.mktemp("store"))
    corpus = store.snapshot([Document("d", text)])
    try:
        qrels = anchor([ask(Evidence("d", text[start:end], pinned))], corpus).qrels
    except GoldenError:
        assert (
            text.count(text[start:end]) > 1 or text.find(text[start:end], text.find(text[start:end]) + 1) > 0
        )
        return
    for low, high in zip(qrels.start, qrels.end, strict=True):
        assert text[low:high] == text[start:end]
