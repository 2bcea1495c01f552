"""Each service through a whole suite and sync: incremental, renames and permissions carried over, secrets nowhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalkit.connectors import registry
from evalkit.corpus.snapshot import Store
from evalkit.errors import CorpusError, MissingDependency
from evalkit.suite import Suite, load_suite
from evalkit.sync import Synced
from evalkit.sync import sync as run_sync
from tests.conftest import Write, silent
from tests.connectors.clocks import jump
from tests.connectors.confluence_double import TOKEN as ATLASSIAN
from tests.connectors.confluence_double import Site
from tests.connectors.gdrive_double import DOC, Disk
from tests.connectors.gdrive_double import TOKEN as GOOGLE
from tests.connectors.notion_double import TOKEN as NOTION
from tests.connectors.notion_double import Workspace, block, rich, uid
from tests.service import Answer, Asked, service

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {{wiki: {{{source}}}}}
golden: golden.jsonl
measures: [Recall@2]
variants: {{v: {{chunker: {{fixed: 60}}, retriever: bm25}}}}
"""


@dataclass
class Case:
    """A service with documents A to F: how it is named in a suite, and how C is edited, D renamed, F deleted."""

    serve: Callable[[Asked], Answer]
    source: str
    change: Callable[[], None]
    body: str
    script: list[Answer | None]


def notion() -> Case:
    pytest.importorskip("notion_client", reason="the extra 'notion' is not installed")
    space = Workspace()
    for number, name in enumerate("ABCDEF", start=1):
        page = space.page(number, name)
        space.below[page] = [block(10 + number, "paragraph", f"Text of {name}")]

    def change() -> None:
        space.below[uid(3)] = [block(13, "paragraph", "Edited")]
        space.pages[uid(3)]["last_edited_time"] = "2026-01-06T09:00:00.000Z"
        space.pages[uid(4)]["properties"]["Name"]["title"] = rich("Delta")
        space.pages[uid(4)]["last_edited_time"] = "2026-01-06T09:00:00.000Z"
        del space.pages[uid(6)]

    source = 'notion: {token: "${CANARY}", url: "URL", allow_private: true}'
    return Case(space, source, change, "/v1/blocks/", space.script)


def confluence() -> Case:
    site = Site(cloud=True)
    for number, name in enumerate("ABCDEF", start=1):
        site.page(str(number), name, body=f"<p>Text of {name}</p>")

    def change() -> None:
        site.pages["3"] |= {"body": "<p>Edited</p>", "version": 2}
        site.pages["4"]["title"] = "Delta"
        del site.pages["6"]

    source = 'confluence: {url: "URL/wiki", space: ENG, user: me@acme.example, token: "${CANARY}", allow_private: true}'
    return Case(site, source, change, "/wiki/api/v2/pages/", site.script)


def gdrive() -> Case:
    pytest.importorskip("googleapiclient", reason="the extra 'gdrive' is not installed")
    disk = Disk()
    for number, name in enumerate("ABCDEF", start=1):
        disk.file(str(number), name, DOC, f"Text of {name}".encode())

    def change() -> None:
        disk.items["3"]["version"] = "2"
        disk.data["3"] = b"Edited"
        disk.items["4"]["name"] = "Delta"
        del disk.items["6"]

    source = 'gdrive: {token: "${CANARY}", url: "URL", allow_private: true}'
    return Case(disk, source, change, "/export", disk.script)


@pytest.fixture(
    params=[(notion, NOTION), (confluence, ATLASSIAN), (gdrive, GOOGLE)],
    ids=["notion", "confluence", "gdrive"],
)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    make: Callable[[], Case]
    make, token = request.param
    jump(monkeypatch)
    monkeypatch.setenv("CANARY", token)
    return make()


def sync(suite: Suite) -> Synced:
    return run_sync(suite, silent, keep_going=False)


def texts(suite: Suite, synced: Synced) -> dict[str, str]:
    snapshot = Store(suite.home / "corpus").read(expect=synced.digest)
    return {snapshot[row].doc_id: snapshot[row].text for row in range(len(snapshot))}


def test_a_service_through_two_syncs(case: Case, write: Write, tmp_path: Path) -> None:
    write("golden.jsonl", "")
    write("pyproject.toml", "")
    with service(case.serve) as running:
        suite = load_suite(write("suite.yaml", SUITE.format(source=case.source.replace("URL", running.url))))

        def bodies() -> int:
            return sum(case.body in asked.path for asked in running.asked)

        first = sync(suite)
        assert set(texts(suite, first)) == {f"wiki/{name}" for name in "ABCDEF"}
        read = bodies()
        assert read == 6

        assert sync(suite).digest == first.digest
        assert bodies() == read, "nothing changed, so no body was read"

        case.change()
        second = sync(suite)
        held = texts(suite, second)
        assert set(held) == {"wiki/A", "wiki/B", "wiki/C", "wiki/Delta", "wiki/E"}
        assert "Edited" in held["wiki/C"]
        assert bodies() <= read + 3, "what was edited, renamed, and asked for"
        assert second.changes is not None
        assert (len(second.changes.renamed), len(second.changes.deleted)) == (1, 1)

        case.script[:] = [Answer(status=500)] * 6
        with pytest.raises(CorpusError, match="sync again later"):
            sync(suite)
        case.script.clear()
        assert sync(suite).digest == second.digest

    assert "canary" in os.environ["CANARY"]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("library", "spec", "extra"),
    [
        ("notion_client", {"notion": {"token": "without"}}, "notion"),
        ("googleapiclient.discovery", {"gdrive": {"token": "without"}}, "gdrive"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    library: str, spec: object, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    connector = registry.build(spec)
    with pytest.raises(MissingDependency, match=rf"pip install 'evalkit-rag\[{extra}\]'"):
        list(connector.listing())
