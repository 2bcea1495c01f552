from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from evalkit.connectors import documents, registry
from evalkit.connectors.notion import Notion
from evalkit.errors import CorpusError, SuiteError
from evalkit.types import Document, Listed, Unreadable
from tests.connectors.clocks import jump
from tests.connectors.notion_double import TOKEN, Workspace, block, failure, rich, uid
from tests.service import Answer, Service, service

pytest.importorskip("notion_client", reason="the extra 'notion' is not installed")

Connect = Callable[..., Notion]


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return jump(monkeypatch)


@pytest.fixture
def running(workspace: Workspace, slept: list[float]) -> Iterator[Service]:
    with service(workspace) as running:
        yield running


@pytest.fixture
def connect(running: Service) -> Connect:
    def make(**more: object) -> Notion:
        return Notion(SecretStr(TOKEN), url=running.url, allow_private=True, **more)  # type: ignore[arg-type]

    return make


def below(page: str) -> dict[str, str]:
    return {"type": "page_id", "page_id": page}


def only(connector: Notion) -> Document:
    (found,) = documents(connector)
    assert isinstance(found, Document)
    return found


def test_nested_blocks_become_markdown(workspace: Workspace, connect: Connect) -> None:
    page = workspace.page(1, "Runbook")
    workspace.page_size = 7
    signed: dict[str, Any] = {
        "type": "file",
        "file": {"url": "https://files.example/a.png?X-Amz-Signature=1"},
    }
    workspace.below[page] = [
        block(10, "heading_1", "Deploy"),
        {
            **block(11, "paragraph"),
            "paragraph": {
                "rich_text": [
                    *rich("Run "),
                    *rich("make ", code=True),
                    *rich("now", bold=True),
                    {**rich("here")[0], "href": "https://example.org/x"},
                ]
            },
        },
        block(12, "bulleted_list_item", "first", children=True),
        block(13, "bulleted_list_item", "second"),
        block(14, "numbered_list_item", "one"),
        block(15, "numbered_list_item", "two", children=True),
        block(16, "to_do", "done", checked=True),
        block(17, "toggle", "More", children=True),
        block(18, "quote", "Said"),
        block(19, "callout", "Careful", icon={"type": "emoji", "emoji": "⚠"}),
        block(20, "code", "a ``` b", language="python"),
        block(21, "equation", expression="E = mc^2"),
        block(22, "table", children=True, has_column_header=True),
        block(23, "column_list", children=True),
        block(24, "synced_block", synced_from={"type": "block_id", "block_id": uid(40)}),
        block(25, "child_page", title="Below"),
        block(26, "bookmark", url="https://example.org", caption=[]),
        block(27, "image", caption=rich("Plan"), **signed),
        block(28, "unsupported"),
        block(29, "table_of_contents"),
        block(30, "divider"),
    ]
    workspace.below[uid(12)] = [block(31, "bulleted_list_item", "inner", children=True)]
    workspace.below[uid(31)] = [block(32, "paragraph", "deep")]
    workspace.below[uid(15)] = [block(33, "code", "x\ny", language="plain text")]
    workspace.below[uid(17)] = [block(34, "paragraph", "hidden")]
    row = {"object": "block", "type": "table_row", "has_children": False}
    workspace.below[uid(22)] = [
        {**row, "id": uid(35), "table_row": {"cells": [rich("a|b"), rich("c")]}},
        {**row, "id": uid(36), "table_row": {"cells": [rich("1"), rich("2")]}},
    ]
    workspace.below[uid(23)] = [block(37, "column", children=True), block(38, "column", children=True)]
    workspace.below[uid(37)] = [block(39, "paragraph", "left")]
    workspace.below[uid(38)] = [block(41, "paragraph", "right")]
    workspace.below[uid(40)] = [block(42, "paragraph", "synced")]
    found = only(connect())
    assert found.text == (
        "# Runbook\n\n## Deploy\n\nRun `make` **now**[here](https://example.org/x)\n\n"
        "- first\n  - inner\n    deep\n- second\n1. one\n2. two\n   ```\n   x\n   y\n   ```\n- [x] done\n\n"
        "More\n\nhidden\n\n> Said\n\n> ⚠ Careful\n\n````python\na ``` b\n````\n\n$$\nE = mc^2\n$$\n\n"
        "| a\\|b | c |\n| --- | --- |\n| 1 | 2 |\n\nleft\n\nright\n\nsynced\n\n"
        "[Below](https://www.notion.so/00000000000040008000000000000019)\n\n"
        "[https://example.org](https://example.org)\n\n![Plan](https://files.example/a.png)\n\n---\n"
    )
    assert found.metadata["omitted"] == "1 unsupported block"
    assert (found.doc_id, found.title, found.uri) == ("Runbook", "Runbook", "https://www.notion.so/Runbook-1")
    assert (found.modified_at, found.metadata["author"]) == ("2026-01-05T09:00:00.000Z", uid(99))
    assert found.acl == ()


def test_a_block_inside_itself_ends(workspace: Workspace, connect: Connect) -> None:
    page = workspace.page(1, "Loop")
    workspace.below[page] = [block(10, "toggle", "around", children=True)]
    workspace.below[uid(10)] = [block(10, "toggle", "around", children=True)]
    assert only(connect()).metadata["omitted"] == "1 block nested deeper than 50 levels"


def test_rows_are_pages_with_their_properties(workspace: Workspace, connect: Connect) -> None:
    home = workspace.page(1, "Home")
    source = workspace.source(5, "Services", below(home))
    many = [{"object": "property_item", "relation": {"id": uid(n)}} for n in range(30)]
    workspace.page(
        2,
        "Billing",
        {"type": "data_source_id", "data_source_id": source, "database_id": uid(1005)},
        all={"rel": many},
        properties={
            "Status": {"id": "s", "type": "status", "status": {"name": "Live"}},
            "Tags": {"id": "t", "type": "multi_select", "multi_select": [{"name": "a"}, {"name": "b"}]},
            "Due": {"id": "d", "type": "date", "date": {"start": "2026-01-01", "end": "2026-02-01"}},
            "Cost": {"id": "c", "type": "formula", "formula": {"type": "number", "number": 2.50}},
            "Ok": {
                "id": "o",
                "type": "rollup",
                "rollup": {"type": "array", "array": [{"type": "checkbox", "checkbox": True}]},
            },
            "None": {"id": "n", "type": "select", "select": None},
            "Rel": {"id": "rel", "type": "relation", "relation": [{"id": uid(0)}], "has_more": True},
        },
    )
    workspace.hidden = {uid(2)}  # the index has not caught up; the data source's own list has
    rows = [found for found in documents(connect()) if found.doc_id == "Home/Services/Billing"]
    assert isinstance(row := rows[0], Document)
    assert row.metadata["Status"] == "Live"
    assert row.metadata["Rel"].split(", ") == [uid(n) for n in range(30)]
    assert "None" not in row.metadata
    assert "- Tags: a, b\n- Due: 2026-01-01 – 2026-02-01\n- Cost: 2.5\n- Ok: yes\n" in row.text


def test_a_data_source_is_read_past_the_limit_of_one_query(workspace: Workspace, connect: Connect) -> None:
    source = workspace.source(5, "Log", {"type": "workspace", "workspace": True})
    for number in range(10, 35):
        workspace.page(
            number,
            f"Entry {number}",
            {"type": "data_source_id", "data_source_id": source},
            created_time=f"2026-01-01T00:{number}:00.000Z",
        )
    workspace.hidden = set(workspace.pages)
    workspace.query_limit = 10
    assert len(list(connect().listing())) == 25
    for page in workspace.pages.values():
        page["created_time"] = "2026-01-01T00:00:00.000Z"
    with pytest.raises(CorpusError, match="holds more rows made at"):
        list(connect().listing())


def test_ten_thousand_pages_at_three_requests_a_second(
    workspace: Workspace, connect: Connect, running: Service, slept: list[float]
) -> None:
    for number in range(10_000):
        workspace.page(number, f"Page {number}")
    assert len({listed.key for listed in connect().listing()}) == 10_000
    assert len(running.asked) == 100
    assert sum(slept) == pytest.approx(99 / 3)


def test_patience(workspace: Workspace, connect: Connect, slept: list[float]) -> None:
    workspace.page(1, "Home")
    limited = failure(429, "rate_limited", "slow down")
    workspace.script = [
        Answer(limited.body, status=429, headers={"Retry-After": "9"}),
        failure(500, "internal_server_error", "oops"),
        Answer(b"", status=502),
    ]
    assert [listed.doc_id for listed in connect().listing()] == ["Home"]
    assert 9 in slept


def test_a_failing_service_is_one_clear_error(workspace: Workspace, connect: Connect) -> None:
    workspace.script = [failure(503, "service_unavailable", "down")] * 6
    with pytest.raises(CorpusError, match=r"/v1/search: answered 503; the service failed; sync again later"):
        list(connect().listing())


def test_lists_are_complete_or_refused(workspace: Workspace, connect: Connect) -> None:
    for number in range(4):
        workspace.page(number, f"Page {number}")
    workspace.page_size = 2
    expired = failure(400, "validation_error", "The start_cursor provided is invalid: x")
    workspace.script = [None, expired]
    assert len(list(connect().listing())) == 4
    workspace.script = [None, expired, None, expired]
    with pytest.raises(CorpusError, match="cursor expired twice"):
        list(connect().listing())
    workspace.script = [Answer({"object": "list", "results": [], "has_more": True, "next_cursor": None})]
    with pytest.raises(CorpusError, match="goes on but not where"):
        list(connect().listing())
    workspace.script = [Answer(b"<html>")]
    with pytest.raises(CorpusError, match="not a JSON object"):
        list(connect().listing())


def test_gone_renamed_moved_and_trashed(workspace: Workspace, connect: Connect) -> None:
    home, team = workspace.page(1, "Home"), workspace.page(2, "Team")
    page = workspace.page(3, "Notes", below(home))
    (before,) = [listed for listed in connect().listing() if listed.key == page]
    assert (before.doc_id, before.revision) == ("Home/Notes", "2026-01-05T09:00:00.000Z")

    workspace.pages[page]["parent"] = below(team)
    workspace.pages[page]["properties"]["Name"]["title"] = rich("Minutes / 2026")
    (after,) = [listed for listed in connect().listing() if listed.key == page]
    assert (after.doc_id, after.key) == ("Team/Minutes ∕ 2026", before.key)

    workspace.pages[page]["in_trash"] = True
    assert page not in {listed.key for listed in connect().listing()}
    assert connect().fetch(before) is None
    del workspace.pages[page]
    assert connect().fetch(before) is None


def test_an_edit_within_the_stated_minute_is_not_missed(workspace: Workspace, connect: Connect) -> None:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    workspace.page(1, "Home", last_edited_time=now)
    assert [listed.revision for listed in connect().listing()] == [""]


def test_only_what_lies_below_the_root(workspace: Workspace, connect: Connect) -> None:
    home, other = workspace.page(1, "Home"), workspace.page(2, "Other")
    workspace.blocks[uid(70)] = {"object": "block", "id": uid(70), "parent": below(home)}
    inside = workspace.page(3, "In a column", {"type": "block_id", "block_id": uid(70)})
    source = workspace.source(5, "Table", below(home))
    workspace.page(6, "Row", {"type": "data_source_id", "data_source_id": source})
    connector = connect(root=f"https://www.notion.so/acme/Home-{uid(1).replace('-', '')}?pvs=4")
    assert {listed.doc_id for listed in connector.listing()} == {"Home", "Home/In a column", "Home/Table/Row"}
    assert isinstance(connector.fetch(Listed("Home/In a column", "", inside)), Document)
    assert connector.fetch(Listed("Other", "", other)) is None
    assert {listed.doc_id for listed in connect(root=uid(1005)).listing()} == {"Home/Table/Row"}
    with pytest.raises(CorpusError, match="expected a page or database that is shared"):
        list(connect(root=uid(77)).listing())
    with pytest.raises(SuiteError, match="32 hexadecimal digits"):
        registry.build({"notion": {"token": TOKEN, "root": "Home"}})


def test_one_path_for_each_page_whatever_the_order(workspace: Workspace, connect: Connect) -> None:
    workspace.page(2, "Notes")
    workspace.page(1, "Notes")
    assert {listed.doc_id: listed.key for listed in connect().listing()} == {
        "Notes": uid(1),
        f"Notes ({uid(2)})": uid(2),
    }


def test_the_token_shows_nowhere(
    workspace: Workspace,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(0)
    workspace.page(1, "Home")
    connector = connect()
    shown = [repr(connector), connector.identity(), repr(list(documents(connector)))]
    workspace.script = [failure(401, "unauthorized", "API token is invalid.")]
    with pytest.raises(CorpusError, match="credentials were not accepted") as refused:
        list(connector.listing())
    workspace.script = [failure(400, "validation_error", "no")]
    with pytest.raises(CorpusError, match="validation_error: no") as invalid:
        list(connector.listing())
    shown += [repr(refused.value), repr(invalid.value), caplog.text, *capfd.readouterr()]
    assert not any("canary" in text for text in shown)


def test_an_undocumented_answer_is_no_traceback(workspace: Workspace, connect: Connect) -> None:
    page = workspace.page(1, "Home")
    workspace.below[page] = [{"id": uid(5), "object": "block"}]
    (found,) = documents(connect())
    assert isinstance(found, Unreadable)
    assert "not in its documented format (KeyError: 'type')" in found.reason
    workspace.script = [Answer({"results": [{}], "has_more": False})]
    with pytest.raises(CorpusError, match="not in its documented format"):
        list(connect().listing())
