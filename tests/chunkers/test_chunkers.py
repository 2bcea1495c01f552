from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.backends import encoder, tokens
from evalkit.backends.runtime import open_runtime
from evalkit.chunkers import registry
from evalkit.chunkers.semantic import Semantic
from evalkit.errors import SuiteError
from evalkit.types import Chunker, Document, Runtime, Span
from tests.conftest import silent

DATA = Path(os.environ.get("EVALKIT_DATA", "nowhere"))
SPECS: list[dict[str, object]] = [
    {"fixed": {"size": 7}},
    {"fixed": {"size": 9, "overlap": 4}},
    {"fixed": {"size": 3, "unit": "tokens"}},
    {"fixed": {"size": 5, "overlap": 2, "unit": "tokens"}},
    {"recursive": {"size": 12}},
    {"recursive": {"size": 12, "overlap": 5}},
    {"recursive": {"size": 4, "unit": "tokens"}},
    {"sentence": {"size": 15}},
    {"heading": {"size": 12}},
]
NASTY = [*"aZ ä.?!\n\r\t#-`é", "\r\n", "\n\n", "# ", "```\n", "👩\u200d👧", "ﬁ", "e\u0301", "\u2028", "日本"]
texts = st.lists(st.sampled_from(NASTY), max_size=60).map("".join)


def cut(spec: dict[str, object], text: str, runtime: Runtime) -> list[Span]:
    chunker: Chunker = registry.build(spec)
    return list(chunker.chunk(Document("d", text), runtime))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(tmp_path_factory.mktemp("home"), progress=silent)


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=80)
@given(text=texts)
def test_spans_are_in_order_and_lose_nothing_but_white_space(
    shared: Runtime, spec: dict[str, object], text: str
) -> None:
    spans = cut(spec, text, shared)
    covered = np.zeros(len(text), dtype=bool)
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip()
        covered[span.start : span.end] = True
    for before, after in pairwise(spans):
        assert before.start <= after.start
        assert before != after
        if "overlap" not in next(iter(spec.values())):  # type: ignore[operator]
            assert before.end <= after.start
    assert all(covered[n] or text[n].isspace() for n in range(len(text)))


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=40)
@given(text=st.text(st.sampled_from(list("abc de. fg\n")), max_size=80))
def test_passages_keep_to_their_size(shared: Runtime, spec: dict[str, object], text: str) -> None:
    (parameters,) = spec.values()
    assert isinstance(parameters, dict)
    size = tokens.counter() if parameters.get("unit") == "tokens" else len
    for span in cut(spec, text, shared):
        piece = text[span.start : span.end]
        assert size(piece) <= parameters["size"] or " " not in piece.strip()


def test_fixed_by_hand(runtime: Runtime) -> None:
    spans = cut({"fixed": {"size": 4, "overlap": 1}}, "abcdefghij", runtime)
    assert [(s.start, s.end) for s in spans] == [(0, 4), (3, 7), (6, 10)]


def test_recursive_by_hand(runtime: Runtime) -> None:
    text = "One two.\n\nThree four five. Six."
    spans = cut({"recursive": {"size": 12}}, text, runtime)
    assert [text[s.start : s.end] for s in spans] == ["One two.", "Three four", "five", ". Six."]


def test_headings_give_breadcrumbs_and_code_does_not(runtime: Runtime) -> None:
    text = (
        "intro\n\n# Guide\n\nhello\n\n```\n# not a heading\n```\n\n## Install\n\npip\n\nOther\n=====\n\nend\n"
    )
    spans = cut({"heading": {"size": 200}}, text, runtime)
    assert [s.heading for s in spans] == ["", "Guide", "Guide > Install", "Other"]
    assert text[spans[1].start : spans[1].end].endswith("```")


def test_semantic_breaks_where_the_subject_changes(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(name: str, texts: list[str], runtime: Runtime) -> encoder.Embedded:
        rows = np.array([[1, 0] if "cat" in text else [0, 1] for text in texts], dtype=np.float16)
        return encoder.Embedded(rows, np.zeros(len(rows), dtype=np.bool_))

    monkeypatch.setattr(encoder, "embed", embed)
    text = "A cat sat. The cat ate. Rain fell. More rain came."
    spans = list(Semantic(percentile=60).chunk(Document("d", text), runtime))
    assert [text[s.start : s.end] for s in spans] == ["A cat sat. The cat ate.", "Rain fell. More rain came."]


def test_semantic_with_the_embedded_model(runtime: Runtime) -> None:
    text = (
        "The cat slept on the warm sofa. It purred when she stroked its fur. "
        "Interest rates rose by half a point. The central bank expects inflation to fall."
    )
    spans = list(Semantic(percentile=70).chunk(Document("d", text), runtime))
    assert [text[s.start : s.end][:8] for s in spans] == ["The cat ", "Interest"]


@pytest.mark.parametrize(
    "spec", [{"fixed": {"size": 5, "overlap": 5}}, {"recursive": {"size": 0}}, {"fixed": {"unit": "words"}}]
)
def test_impossible_parameters_are_refused(spec: dict[str, object]) -> None:
    with pytest.raises(SuiteError):
        registry.build(spec)


@pytest.mark.skipif(not (DATA / "chroma-chunking-eval").is_dir(), reason="EVALKIT_DATA holds no chroma data")
def test_a_million_characters_are_cut_without_drift(runtime: Runtime) -> None:
    text = (DATA / "chroma-chunking-eval" / "corpora" / "wikitexts.md").read_bytes().decode()
    for spec in ({"recursive": {"size": 1000}}, {"sentence": {"size": 500}}, {"heading": {"size": 800}}):
        spans = cut(spec, text, runtime)  # type: ignore[arg-type]
        kept = sum(len(text[s.start : s.end].split()) for s in spans)
        assert kept >= len(text.split())
