"""What must hold of every measure, and characters counted one by one as a second opinion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.measures import parse
from evalkit.types import Golden, Run, Runtime, State
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

LENGTH, DOCUMENTS = 40, 3
CUTOFFS = ("@1", "@2", "@5", "@1c", "@7c", "@30c", "@90c")
BOUNDED = [
    f"{name}{cutoff}" for name in ("Recall", "P", "IoU", "nDCG", "RR", "AP", "Success") for cutoff in CUTOFFS
]

STRETCH = st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 25)).map(lambda s: (s[0], min(LENGTH, sum(s))))
CUT = st.tuples(st.integers(0, DOCUMENTS - 1), STRETCH).map(lambda c: (c[0], *c[1]))
QUOTE = st.tuples(st.integers(0, DOCUMENTS - 1), STRETCH, st.integers(1, 3)).map(
    lambda q: quote(q[0], *q[1], q[2])
)
WHOLE = st.tuples(st.integers(0, DOCUMENTS - 1), st.integers(1, 3)).map(lambda w: whole(w[0], LENGTH, w[1]))


@dataclass(frozen=True)
class World:
    """Passages that overlap at will, rankings of them and evidence."""

    cuts: list[tuple[int, int, int]]
    rankings: list[list[int]]
    evidence: list[list[Piece]]

    def run(self, order: list[int] | None = None) -> Run:
        rows = range(len(self.rankings)) if order is None else order
        return ranked(cut([LENGTH] * DOCUMENTS, self.cuts), [self.rankings[n] for n in rows], depth=13)

    def golden(self, order: list[int] | None = None) -> Golden:
        return asked([self.evidence[n] for n in (range(len(self.evidence)) if order is None else order)])


@st.composite
def worlds(draw: st.DrawFn, piece: st.SearchStrategy[Piece] = QUOTE) -> World:
    cuts = sorted(draw(st.sets(CUT, min_size=1, max_size=12)))
    ranking = st.permutations(range(len(cuts))).flatmap(lambda p: st.integers(0, len(p)).map(lambda n: p[:n]))
    rankings = draw(st.lists(ranking, min_size=1, max_size=4))
    pieces = st.lists(piece, min_size=1, max_size=5)
    return World(cuts, rankings, [draw(pieces) for _ in rankings])


def retrieved(world: World, question: int, cutoff: str) -> list[tuple[int, int]]:
    """Every character inside the cutoff as (document, offset), as often as it is retrieved."""
    spans = [world.cuts[hit] for hit in world.rankings[question]]
    if not cutoff.endswith("c"):
        spans = spans[: int(cutoff[1:])]
    found = [(doc, at) for doc, start, end in spans for at in range(start, end)]
    return found[: int(cutoff[1:-1])] if cutoff.endswith("c") else found


@pytest.mark.parametrize("cutoff", CUTOFFS)
@given(world=worlds())
def test_characters_counted_one_by_one(cutoff: str, world: World, runtime: Runtime) -> None:
    run, golden = world.run(), world.golden()
    found = {name: parse(name + cutoff).score(run, golden, runtime) for name in ("Recall", "P", "IoU")}
    for question, pieces in enumerate(world.evidence):
        evidence = {(doc, at) for doc, start, end, _, _ in pieces for at in range(start, end)}
        read = retrieved(world, question, cutoff)
        covered = len(evidence & set(read))
        assert found["Recall"].value[question] == pytest.approx(covered / len(evidence), abs=1e-12)
        assert found["P"].value[question] == pytest.approx(covered / max(len(read), 1), abs=1e-12)
        assert found["IoU"].value[question] == pytest.approx(
            covered / (len(read) + len(evidence) - covered), abs=1e-12
        )


@given(world=worlds())
def test_credit_counted_one_by_one(world: World, runtime: Runtime) -> None:
    values = parse("AP").score(world.run(), world.golden(), runtime).value
    for question, pieces in enumerate(world.evidence):
        ranks = []
        stretches = {piece[:3] for piece in pieces}
        for doc, start, end in stretches:
            read: set[tuple[int, int]] = set()
            for rank, hit in enumerate(world.rankings[question], 1):
                held, low, high = world.cuts[hit]
                read |= {(held, at) for at in range(low, high)}
                if 2 * len(read & {(doc, at) for at in range(start, end)}) >= end - start:
                    ranks.append(rank)
                    break
        expected = sum(j / max(rank, j) for j, rank in enumerate(sorted(ranks), 1)) / len(stretches)
        assert values[question] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("piece", [QUOTE, WHOLE, QUOTE | WHOLE], ids=["quotes", "documents", "both"])
@given(data=st.data())
def test_scores_are_shares(piece: st.SearchStrategy[Piece], data: st.DataObject, runtime: Runtime) -> None:
    world = data.draw(worlds(piece))
    for name in (*BOUNDED, "nDCG", "RR", "AP"):
        column = parse(name).score(world.run(), world.golden(), runtime)
        assert (column.state == State.VALUE).all(), name
        assert ((column.value >= 0) & (column.value <= 1 + 1e-12)).all(), name


@given(world=worlds(QUOTE | WHOLE))
def test_recall_and_success_grow_with_the_cutoff(world: World, runtime: Runtime) -> None:
    run, golden = world.run(), world.golden()
    for name in ("Recall", "Success", "AP", "RR"):
        for sizes in ([1, 2, 3, 5, 13], ["1c", "5c", "20c", "41c", "300c"]):
            columns = [parse(f"{name}@{size}").score(run, golden, runtime).value for size in sizes]
            assert (np.diff(columns, axis=0) >= -1e-12).all(), name


@settings(max_examples=40)
@given(world=worlds(QUOTE | WHOLE), data=st.data())
def test_the_order_of_questions_does_not_matter(world: World, data: st.DataObject, runtime: Runtime) -> None:
    order = data.draw(st.permutations(range(len(world.rankings))))
    for name in BOUNDED:
        straight = parse(name).score(world.run(), world.golden(), runtime)
        shuffled = parse(name).score(world.run(order), world.golden(order), runtime)
        np.testing.assert_array_equal(shuffled.value, straight.value[order], err_msg=name)


@settings(max_examples=40)
@given(world=worlds(QUOTE | WHOLE), data=st.data())
def test_the_order_of_evidence_does_not_matter(world: World, data: st.DataObject, runtime: Runtime) -> None:
    turned = World(
        world.cuts, world.rankings, [data.draw(st.permutations(pieces)) for pieces in world.evidence]
    )
    for name in BOUNDED:
        straight = parse(name).score(world.run(), world.golden(), runtime).value
        np.testing.assert_allclose(
            parse(name).score(world.run(), turned.golden(), runtime).value,
            straight,
            rtol=0,
            atol=1e-12,
            err_msg=name,
        )


@given(world=worlds(QUOTE | WHOLE))
def test_a_budget_of_everything_is_no_cutoff(world: World, runtime: Runtime) -> None:
    run, golden = world.run(), world.golden()
    for name in ("nDCG", "AP", "RR"):
        np.testing.assert_array_equal(
            parse(name).score(run, golden, runtime).value,
            parse(f"{name}@9999c").score(run, golden, runtime).value,
        )
