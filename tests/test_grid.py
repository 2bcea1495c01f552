from __future__ import annotations

from evalkit.grid import combinations, label


def test_a_list_means_every_combination() -> None:
    grid = {"chunker": [{"recursive": {"size": [400, 800]}}, "sentence"], "retriever": ["bm25", "dense"]}
    assert [name for name, _ in combinations(grid)] == [
        "recursive-400/bm25",
        "recursive-400/dense",
        "recursive-800/bm25",
        "recursive-800/dense",
        "sentence/bm25",
        "sentence/dense",
    ]
    assert dict(combinations(grid))["recursive-800/dense"] == {
        "chunker": {"recursive": {"size": 800}},
        "retriever": "dense",
    }


def test_a_list_parameter_stands_in_another_list() -> None:
    grid = {"retriever": {"hybrid": {"parts": [["bm25", "dense"]], "k": [10, 60]}}}
    assert [specs["retriever"] for _, specs in combinations(grid)] == [
        {"hybrid": {"parts": ["bm25", "dense"], "k": 10}},
        {"hybrid": {"parts": ["bm25", "dense"], "k": 60}},
    ]


def test_labels_say_what_varies() -> None:
    assert label("bm25") == "bm25"
    assert label({"fixed": 800}) == "fixed-800"
    assert label({"fixed": {"size": 800, "overlap": 100}}) == "fixed-800-overlap-100"
