from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.backends import encoder
from evalkit.backends.runtime import open_runtime
from evalkit.errors import EvaluationError, SuiteError
from evalkit.retrievers import registry
from evalkit.retrievers.bm25 import BM25
from evalkit.retrievers.dense import Dense
from evalkit.retrievers.hybrid import Hybrid
from evalkit.retrievers.top import best
from evalkit.types import Hits, Passages, Retriever, Runtime
from tests.conftest import Library, passages, silent

TEXTS = [
    "The gateway blinks amber when there is no mobile network.",
    "Annual leave in Portugal is 25 days.",
    "Reset the router by holding the button for ten seconds.",
    "Parental leave is twenty weeks at full pay.",
    "The gateway blinks amber when there is no mobile network.",
]


def shelf(texts: list[str]) -> Passages:
    library = Library({f"d{n:03}": text for n, text in enumerate(texts)})
    return passages(library, [(n, 0, len(text)) for n, text in enumerate(texts)])


def search(
    retriever: Retriever, texts: list[str], queries: list[str], runtime: Runtime, depth: int = 3
) -> Hits:
    return retriever.index(shelf(texts), runtime).search(queries, depth)


words = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij", "kl"]), max_size=12).map(" ".join)


@settings(max_examples=60)
@given(st.lists(words, min_size=1, max_size=12), st.lists(words, min_size=1, max_size=3))
def test_both_engines_give_one_ranking(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], queries: list[str]
) -> None:
    runtime = open_runtime(tmp_path_factory.mktemp("home"), progress=silent)
    fast = search(BM25(), texts, queries, runtime, depth=20)
    slow = search(BM25(engine="rank-bm25"), texts, queries, runtime, depth=20)
    assert np.allclose(fast.score, slow.score, atol=1e-5)
    for query in range(len(queries)):
        for rank, (ours, theirs) in enumerate(zip(fast.passage[query], slow.passage[query], strict=True)):
            # Only scores that differ by less than float32 can tell apart may stand in another order.
            assert ours == theirs or fast.score[query, rank] == pytest.approx(
                slow.score[query, rank], abs=1e-5
            )


def test_bm25_by_hand(runtime: Runtime) -> None:
    hits = search(BM25(k1=1.2, b=0.75), ["a a b", "b c", "c d e"], ["a"], runtime)
    # idf = ln(1 + 2.5 / 1.5); tf = 2 / (2 + 1.2 * (0.25 + 0.75 * 3 / (8 / 3))).
    expected = np.log(1 + 2.5 / 1.5) * 2 / (2 + 1.2 * (0.25 + 0.75 * 3 / (8 / 3)))
    assert hits.passage.tolist() == [[0, -1, -1]]
    assert hits.score[0, 0] == pytest.approx(expected, rel=1e-5)
    assert (hits.seconds > 0).all()


def test_ties_go_to_the_lower_row_and_strangers_are_no_hits(runtime: Runtime) -> None:
    hits = search(BM25(), TEXTS, ["amber gateway", "zebra", ""], runtime)
    assert hits.passage.tolist() == [[0, 4, -1], [-1, -1, -1], [-1, -1, -1]]


def test_stemming_and_stop_words(runtime: Runtime) -> None:
    plain = search(BM25(), ["he runs daily", "the the the"], ["the running"], runtime)
    stemmed = search(
        BM25(stemmer="english", stopwords="en"), ["he runs daily", "the the the"], ["the running"], runtime
    )
    assert plain.passage[0, 0] == 1
    assert stemmed.passage.tolist() == [[0, -1, -1]]
    with pytest.raises(SuiteError, match="no stemmer for 'klingon'"):
        search(BM25(stemmer="klingon"), ["a"], ["a"], runtime)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 50))
def test_best_is_a_stable_sort(values: list[int], depth: int) -> None:
    scores = np.array(values, dtype=np.float32)
    assert best(scores, depth).tolist() == np.argsort(-scores, kind="stable")[:depth].tolist()


def test_dense_is_brute_force(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.retrievers.dense._BLOCK", 2)
    monkeypatch.setattr("evalkit.retrievers.dense._QUERIES", 1)
    queries = ["orange light on the hub", "how much vacation in Lisbon?"]
    hits = search(Dense(), TEXTS, queries, runtime, depth=5)
    similar = encoder.embed_now(encoder.DEFAULT, queries).rows.astype(np.float32) @ encoder.embed_now(
        encoder.DEFAULT, TEXTS
    ).rows.T.astype(np.float32)
    expected = np.argsort(-np.round(similar, 3), axis=1, kind="stable")
    assert hits.passage[0, :2].tolist() == [0, 4]
    assert hits.passage[1, 0] == 1
    assert hits.passage.tolist() == expected.tolist()
    assert (hits.seconds > 0).all()


def test_embeddings_are_sentence_transformers(runtime: Runtime) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [*TEXTS, "x " * 400, ""]
    model = SentenceTransformer(str(encoder._folder(encoder.DEFAULT)), local_files_only=True)
    expected = model.encode(texts, normalize_embeddings=True)
    embedded = encoder.embed(encoder.DEFAULT, texts, runtime)
    ours = embedded.rows.astype(np.float32)
    assert embedded.cut.tolist() == [False] * 5 + [True, False]
    assert ours.shape == (7, 384)
    assert (np.sum(ours * expected, axis=1) > 0.999).all()


def test_no_text_is_embedded_twice_and_the_model_is_not_loaded_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []
    real = encoder.embed_now

    def count(name: str, texts: list[str]) -> encoder.Embedded:
        embedded.extend(texts)
        return real(name, texts)

    monkeypatch.setattr(encoder, "embed_now", count)
    first = encoder.embed(encoder.DEFAULT, [*TEXTS, "new"], runtime).rows
    assert sorted(embedded) == sorted({*TEXTS, "new"})
    monkeypatch.setattr(encoder, "embed_now", None)
    again = encoder.embed(encoder.DEFAULT, ["new", *TEXTS], runtime).rows
    assert again[0].tobytes() == first[5].tobytes()
    assert again[1].tobytes() == again[5].tobytes()


def test_many_vectors_lie_on_disk_and_give_the_same_bytes(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(3)
    texts = [f"text {number}" for number in range(50)]
    vectors = {text: draw.normal(size=8).astype(np.float16) for text in [*texts, "query"]}

    def made(name: str, texts: list[str]) -> encoder.Embedded:
        rows = np.array([vectors[text] for text in texts])
        return encoder.Embedded(rows, np.array([text.endswith("7") for text in texts]))

    monkeypatch.setattr(encoder, "embed_now", made)
    monkeypatch.setattr("evalkit.retrievers.dense._TIMED", 0)
    whole, hits = encoder.embed(encoder.DEFAULT, texts, runtime), search(Dense(), texts, ["query"], runtime)
    for size in (7, 25, 50):
        monkeypatch.setattr(encoder, "_BLOCK", size)
        parts = encoder.embed(encoder.DEFAULT, texts, runtime)
        assert isinstance(parts.rows.base, np.memmap)
        assert (parts.rows.tobytes(), parts.cut.tobytes()) == (whole.rows.tobytes(), whole.cut.tobytes())
        again = search(Dense(), texts, ["query"], runtime)
        assert (again.passage.tobytes(), again.score.tobytes()) == (
            hits.passage.tobytes(),
            hits.score.tobytes(),
        )
        assert again.cut == hits.cut == 5


def test_a_model_that_is_not_here_is_not_fetched(runtime: Runtime) -> None:
    with pytest.raises(EvaluationError, match="an evaluation downloads nothing"):
        search(Dense(encoder="acme/no-such-model"), ["a"], ["a"], runtime)


def test_hybrid_sums_reciprocal_ranks(runtime: Runtime) -> None:
    query = ["amber light"]
    lexical = search(BM25(), TEXTS, query, runtime, depth=5).passage[0]
    dense = search(Dense(), TEXTS, query, runtime, depth=5).passage[0]
    hits = search(Hybrid(k=10), TEXTS, query, runtime, depth=5)
    sums = {
        row: sum(0.5 / (10 + list(ranking).index(row) + 1) for ranking in (lexical, dense) if row in ranking)
        for row in range(5)
    }
    expected = sorted(sums, key=lambda row: (-sums[row], row))
    assert hits.passage[0].tolist() == expected
    assert hits.score[0].tolist() == pytest.approx([sums[row] for row in expected])


@pytest.mark.parametrize("name", sorted(registry))
def test_nothing_to_search_is_no_hit(name: str, runtime: Runtime) -> None:
    hits = search(registry.build(name), [], ["anything"], runtime)
    assert hits.passage.tolist() == [[-1, -1, -1]]
