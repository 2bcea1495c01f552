from __future__ import annotations

import itertools

from evalkit.connectors.paths import Node, ancestors, paths
from evalkit.connectors.tables import table


def test_one_path_each_whatever_the_order_of_the_listing() -> None:
    nodes = {
        "1": Node("", "Home"),
        "2": Node("1", "Notes"),
        "3": Node("1", "Notes"),
        "4": Node("1", "Notes (3)"),
        "5": Node("3", "a/b"),
        "6": Node("gone", ".."),
    }
    made = {
        "1": "Home",
        "2": "Home/Notes",
        "3": "Home/Notes (3)",
        "4": "Home/Notes (3) (4)",
        "5": "Home/Notes (3)/a∕b",
        "6": "Untitled",
    }
    for order in itertools.permutations(nodes):
        assert paths({key: nodes[key] for key in order}) == made


def test_a_cycle_ends() -> None:
    nodes = {"a": Node("b", "A"), "b": Node("a", "B"), "c": Node("c", "C")}
    assert ancestors(nodes, "a") == ["b"]
    assert paths(nodes) == {"a": "B/A", "b": "A/B", "c": "C"}


def test_titles_cannot_leave_their_place() -> None:
    titles = ["", " ", ".", "..", "a\x00b", "a\nb", "\ud800", "../x", "/etc"]
    made = paths({str(n): Node("", title) for n, title in enumerate(titles)})
    assert len(set(made.values())) == len(titles)
    for path in made.values():
        assert "/" not in path
        assert path not in {"", ".", ".."}
        path.encode()


def test_tables() -> None:
    assert table([["a", "b|c"], ["1"]]) == "| a | b\\|c |\n| --- | --- |\n| 1 |  |"
    assert table([["a\nb"]], header=False) == "|  |\n| --- |\n| a b |"
    assert table([]) == ""
