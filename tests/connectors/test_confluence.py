from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from evalkit.connectors import documents, registry
from evalkit.connectors.confluence import Confluence
from evalkit.connectors.confluence_storage import to_markdown
from evalkit.connectors.readers import readers
from evalkit.errors import CorpusError, SuiteError
from evalkit.types import Document, Listed, Unreadable
from tests.connectors.clocks import jump
from tests.connectors.confluence_double import TOKEN, Site
from tests.service import Answer, Service, service

Connect = Callable[..., Confluence]


@pytest.fixture(params=["cloud", "server"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(cloud=request.param == "cloud")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return jump(monkeypatch)


@pytest.fixture
def running(site: Site, slept: list[float]) -> Iterator[Service]:
    with service(site) as running:
        yield running


@pytest.fixture
def connect(site: Site, running: Service) -> Connect:
    def make(**more: object) -> Confluence:
        return Confluence(
            url=f"{running.url}/wiki",
            space="ENG",
            token=SecretStr(TOKEN),
            user="me@acme.example" if site.cloud else "",
            edition="cloud" if site.cloud else "server",
            allow_private=True,
            **more,  # type: ignore[arg-type]
        )

    return make


def by_id(connector: Confluence) -> dict[str, Document]:
    found = list(documents(connector))
    assert all(isinstance(item, Document) for item in found)
    return {item.doc_id: item for item in found if isinstance(item, Document)}


def test_a_page_tree(site: Site, connect: Connect, running: Service) -> None:
    site.page("1", "Home", body="<h1>Welcome</h1><p>Read <strong>this</strong>.</p>")
    site.page("2", "Deploy / Rollback", "1")
    site.page("3", "Steps", "2")
    site.page_size = 1
    held = by_id(connect())
    assert set(held) == {"Home", "Home/Deploy ∕ Rollback", "Home/Deploy ∕ Rollback/Steps"}
    home = held["Home"]
    assert home.text == "# Home\n\n# Welcome\n\nRead **this**.\n"
    assert (home.acl, home.modified_at) == ((), "2026-03-01T10:00:00.000Z")
    assert home.metadata["author"] == ("u-1" if site.cloud else "jane")
    assert home.uri.startswith(f"{running.url}/wiki/")


def test_storage_format_becomes_markdown() -> None:
    macro = '<ac:structured-macro ac:name="{0}">{1}</ac:structured-macro>'.format
    parameter = '<ac:parameter ac:name="{0}">{1}</ac:parameter>'.format
    body = "<ac:rich-text-body>{0}</ac:rich-text-body>".format
    text, omitted = to_markdown(
        macro("toc", parameter("maxLevel", "2"))
        + macro("code", "<ac:plain-text-body><![CDATA[if a < b && c:\n    pass]]></ac:plain-text-body>")
        + macro("warning", body("<p>Hot</p>" + macro("expand", parameter("title", "Why") + body("<p>Steam</p>"))))
        + "<table><tbody><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></tbody></table>"
        + '<p><ac:link><ri:page ri:content-title="Runbook" /><ac:plain-text-link-body><![CDATA[the runbook]]>'
        + '</ac:plain-text-link-body></ac:link> and <ac:link><ri:page ri:content-title="Plan" /></ac:link>'
        + ' by <time datetime="2026-05-01" /></p>'
        + '<p><ac:image ac:alt="Map"><ri:attachment ri:filename="map.png" /></ac:image></p>'
        + "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Ship"
        + "</ac:task-body></ac:task><ac:task><ac:task-status>incomplete</ac:task-status><ac:task-body>Rest"
        + "</ac:task-body></ac:task></ac:task-list>"
        + macro("include", parameter("", '<ac:link><ri:page ri:content-title="Legal" /></ac:link>'))
        + macro("excerpt", body("<p>Short</p>"))
        + "<p>"
        + macro("status", parameter("title", "DONE"))
        + "</p>"
        + macro("gallery", "")
        + "<script>alert(1)</script>"
    )  # fmt: skip
    assert text == (
        "```\nif a < b && c:\n    pass\n```\n\n> **Warning**\n>\n> Hot\n>\n> **Why**\n>\n> Steam\n\n"
        "| A | B |\n| --- | --- |\n| 1 | 2 |\n\nthe runbook and Plan by 2026-05-01\n\n![Map](map.png)\n\n"
        "- [x] Ship\n- [ ] Rest\n\n(includes the page “Legal”)\n\nShort\n\nDONE\n"
    )
    assert omitted == {"gallery macro": 1}


def test_restrictions_are_inherited_and_none_means_public(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.page("2", "HR", "1")
    site.page("3", "Pay", "2")
    site.page("4", "Open", "1")
    site.restricted = {"2": (["ann"], ["hr", "board"]), "3": ([], ["board", "audit"])}
    held = by_id(connect())
    assert held["Home/Open"].acl == ()
    assert held["Home/HR"].acl == ("group:board", "group:hr", "user:ann")
    assert held["Home/HR/Pay"].acl == ("group:audit & group:hr", "group:audit & user:ann", "group:board")
    assert by_id(connect(access=("group:staff",)))["Home/Open"].acl == ("group:staff",)


def test_restrictions_above_a_page_that_the_listing_leaves_out(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.page("2", "Archived", "1")
    site.page("3", "Kept", "2")
    site.restricted = {"1": ([], ["eng"])}
    site.unlisted = {"2"}
    assert by_id(connect())["Kept"].acl == ("group:eng",)


def test_readers() -> None:
    assert readers([frozenset(), frozenset()]) == ()
    assert readers([frozenset({"user:a"}), frozenset({"user:b"})]) == ("user:a & user:b",)
    many = [frozenset(f"user:{level}-{n}" for n in range(30)) for level in range(4)]
    assert readers(many) == ("nobody",)
    assert readers([*(level | {"group:all"} for level in many)]) == ("group:all",)


def test_a_permission_change_is_another_revision(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.page("2", "Plan", "1")
    _, before = connect().listing()
    site.restricted["1"] = ([], ["eng"])
    _, after = connect().listing()
    assert (before.doc_id, before.key) == (after.doc_id, after.key)
    assert before.revision != after.revision
    assert (found := connect().fetch(after)) is not None
    assert not isinstance(found, Unreadable)
    assert found.acl == ("group:eng",)
    site.pages["2"]["version"] = 2
    assert after.revision != list(connect().listing())[1].revision


def test_long_and_unindexed_restrictions_are_asked_for(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.restricted["1"] = ([f"user{n:03}" for n in range(450)], ["eng"])
    site.embedded_limit = 100
    assert len(by_id(connect())["Home"].acl) == 451
    site.unindexed = {"1"}
    assert len(by_id(connect())["Home"].acl) == 451


def test_what_a_listing_leaves_out_is_asked_with_its_ancestors(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.page("2", "Plan", "1")
    site.restricted["1"] = ([], ["eng"])
    found = connect().fetch(Listed("Home/Plan", "", "2"))
    assert isinstance(found, Document)
    assert found.acl == ("group:eng",)


def test_gone_renamed_and_moved(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.page("2", "Team")
    site.page("3", "Notes", "1")
    before = {listed.key: listed for listed in connect().listing()}["3"]
    site.pages["3"] |= {"title": "Minutes", "parent": "2"}
    after = {listed.key: listed for listed in connect().listing()}["3"]
    assert (before.doc_id, after.doc_id) == ("Home/Notes", "Team/Minutes")
    if site.cloud:
        site.pages["3"]["space"] = "10"
        assert connect().fetch(after) is None
    del site.pages["3"]
    assert connect().fetch(after) is None


def test_folders_of_a_cloud_space(slept: list[float]) -> None:
    site = Site(cloud=True)
    site.folders["f"] = {"id": "f", "title": "Policies", "parentId": "1", "parentType": "page", "parent": "1"}
    site.page("1", "Home")
    site.page("2", "Travel", "f")
    site.restricted["f"] = ([], ["staff"])
    with service(site) as running:
        connector = Confluence(
            f"{running.url}/wiki", "ENG", SecretStr(TOKEN), user="me@acme.example", allow_private=True
        )
        assert by_id(connector)["Home/Policies/Travel"].acl == ("group:staff",)
        site.hidden, site.folders = site.folders, {}
        site.unindexed = {"2"}
        with pytest.raises(CorpusError, match="folder f holds pages, but these credentials may not see it"):
            list(connector.listing())


def test_attachments(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    site.restricted["1"] = ([], ["eng"])
    site.file("att1", "plan.txt", "1", b"The plan\n")
    site.file("att2", "photo.png", "1", b"\x89PNG")
    site.file("att3", "broken.txt", "1", b"\xff\xfe\xfd")
    site.file("att4", "large.txt", "1", b"x" * 60)
    site.page("2", "named.txt", "1")
    site.file("att5", "named.txt", "1", b"A file\n")
    assert [listed.key for listed in connect().listing()] == ["1", "2"]
    found = {item.doc_id: item for item in documents(connect(attachments=True, max_bytes=50))}
    plan = found["Home/plan.txt"]
    assert isinstance(plan, Document)
    assert (plan.text, plan.acl, plan.metadata["content_type"]) == (
        "The plan\n",
        ("group:eng",),
        "text/plain",
    )
    assert isinstance(found["Home/broken.txt"], Unreadable)
    assert found["Home/large.txt"] == Unreadable(
        "Home/large.txt", "60 bytes; at most 50 are read (max_bytes)"
    )
    assert getattr(found["Home/named.txt (att5)"], "text", "") == "A file\n"
    gone = Listed("Home/plan.txt", "", "att9")
    assert connect(attachments=True).fetch(gone) is None


def test_patience_and_its_end(site: Site, connect: Connect, slept: list[float]) -> None:
    site.page("1", "Home")
    site.script = [Answer(status=429, headers={"Retry-After": "5"}), Answer(status=500), Answer(status=503)]
    assert [listed.doc_id for listed in connect().listing()] == ["Home"]
    assert 5 in slept
    site.script = [Answer({"message": "down"}, status=503)] * 6
    with pytest.raises(CorpusError, match=r"answered 503; the service failed; sync again later"):
        list(connect().listing())


def test_lists_are_complete_or_refused(site: Site, connect: Connect) -> None:
    for number in range(4):
        site.page(str(number), f"Page {number}")
    list(connect().listing())
    site.page_size = 2
    expired = Answer({"message": "Invalid cursor"}, status=400)
    site.script = [None, expired]
    assert len(list(connect().listing())) == 4
    site.script = [None, expired, None, expired]
    with pytest.raises(CorpusError, match="cursor expired twice"):
        list(connect().listing())
    site.script = [Answer({"statusCode": 200})]
    with pytest.raises(CorpusError, match="holds no results"):
        list(connect().listing())
    site.script = [Answer(b"<html>login</html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(CorpusError, match="is not JSON"):
        list(connect().listing())


def test_ten_thousand_pages(site: Site, connect: Connect, running: Service) -> None:
    for number in range(10_000):
        site.page(str(number), f"Page {number}", str(number - 1) if number % 5 else "")
    listed = list(connect().listing())
    assert len({item.key for item in listed}) == 10_000
    assert len(running.asked) <= 1 + 40 + 50


def test_the_token_shows_nowhere(
    site: Site, connect: Connect, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    site.page("1", "Home")
    connector = connect()
    shown = [repr(connector), connector.identity(), repr(list(documents(connector)))]
    site.script = [Answer({"message": "no"}, status=401)]
    with pytest.raises(CorpusError, match="credentials were not accepted") as refused:
        list(connector.listing())
    with pytest.raises(SuiteError, match="space's key") as wrong:
        registry.build(
            {"confluence": {"url": "https://x.example", "space": 'A" or type=page', "token": TOKEN}}
        )
    shown += [repr(refused.value), repr(wrong.value), caplog.text, *capfd.readouterr()]
    assert not any("canary" in text for text in shown)


def test_an_undocumented_answer_is_no_traceback(site: Site, connect: Connect) -> None:
    site.page("1", "Home")
    (listed,) = connect().listing()
    site.script = [Answer({"id": "1", "title": "Home", "spaceId": "9", "space": {"key": "ENG"}})]
    found = connect().fetch(listed)
    assert isinstance(found, Unreadable)
    assert "not in its documented format (KeyError: 'body')" in found.reason
    site.script = [Answer({"results": [{}]})]
    with pytest.raises(CorpusError, match="not in its documented format"):
        list(connect().listing())
