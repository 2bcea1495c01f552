"""GitHub's REST and GraphQL APIs, spoken by a double over real HTTP."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from evalkit.backends.http import Pace
from evalkit.connectors import documents
from evalkit.connectors.git import Git
from evalkit.connectors.github import GitHub
from evalkit.digest import of_value
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable
from tests.service import Answer, Asked, Service, service


@dataclass
class Hub:
    """A repository o/r. `url` is known once it is served; `slow` answers 429 that many times first."""

    files: dict[str, bytes] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    discussions: dict[int, dict[str, Any]] = field(default_factory=dict)
    private: bool = False
    truncated: bool = False
    tree: str = "root"
    slow: int = 0
    url: str = ""

    def answer(self, asked: Asked) -> Answer:
        if self.slow:
            self.slow -= 1
            return Answer(status=429, headers={"Retry-After": "0"})
        if asked.path == "/graphql":
            return Answer(self.graphql(json.loads(asked.body)["variables"]))
        path = asked.path.removeprefix("/repos/o/r")
        head, _, rest = path[1:].partition("/")
        match head, rest:
            case "", "":
                return Answer({"private": self.private, "default_branch": "main"})
            case "commits", "":
                person = {"author": {"name": "Ines"}, "committer": {"date": "2026-01-02T03:04:05Z"}}
                return Answer([{"commit": person}])
            case "commits", _:
                return Answer({"commit": {"tree": {"sha": self.tree}}})
            case "git", _:
                return self.git(rest, asked)
            case "contents", _:
                if rest not in self.files:
                    return Answer({"message": "Not Found"}, 404)
                return Answer({"type": "file", "sha": name_of(rest), "size": len(self.files[rest])})
            case "issues", "":
                return self.paged(self.issues, asked)
            case "issues", _:
                number = int(rest.partition("/")[0])
                if rest.endswith("/comments"):
                    return self.paged(self.comments.get(number, []), asked)
                found = [issue for issue in self.issues if issue["number"] == number]
                return Answer(found[0]) if found else Answer({"message": "Gone"}, 410)
        return Answer({"message": "Not Found"}, 404)

    def git(self, rest: str, asked: Asked) -> Answer:
        kind, _, sha = rest.partition("/")
        if kind == "blobs":
            return Answer(self.files[base64.urlsafe_b64decode(sha).decode()])
        below = "" if sha == self.tree else f"{sha}/"
        names = [name.removeprefix(below) for name in self.files if name.startswith(below)]
        if "recursive" in asked.query:
            if self.truncated and sha == self.tree:
                return Answer({"truncated": True, "tree": []})
            return Answer({"truncated": False, "tree": [self.entry(below, name) for name in names]})
        folders = {name.partition("/")[0] for name in names if "/" in name}
        tree = [self.entry(below, name) for name in names if "/" not in name]
        tree += [{"type": "tree", "mode": "040000", "path": name, "sha": name} for name in sorted(folders)]
        return Answer({"truncated": False, "tree": tree})

    def entry(self, below: str, name: str) -> dict[str, Any]:
        mode = "120000" if name.startswith("link") else "100644"
        whole = f"{below}{name}"
        return {
            "type": "blob",
            "mode": mode,
            "path": name,
            "sha": name_of(whole),
            "size": len(self.files[whole]),
        }

    def paged(self, items: list[dict[str, Any]], asked: Asked) -> Answer:
        page, size = int(asked.query.get("page", "1")), int(asked.query["per_page"])
        more = len(items) > page * size
        link = f'<{self.url}{asked.path}?per_page={size}&page={page + 1}>; rel="next"' if more else ""
        shown = items[(page - 1) * size : page * size]
        tag = f'W/"{of_value(shown, link)}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(status=304, headers={"ETag": tag})
        return Answer(shown, headers={"Link": link, "ETag": tag})

    def graphql(self, variables: dict[str, Any]) -> dict[str, Any]:
        if number := variables.get("number"):
            if number not in self.discussions:
                error = {"type": "NOT_FOUND", "path": ["repository", "discussion"], "message": "no"}
                return {"data": {"repository": {"discussion": None}}, "errors": [error]}
            whole = self.discussions[number]
            first = variables["after"] is None
            page = {
                "pageInfo": {"hasNextPage": first, "endCursor": "c"},
                "nodes": whole["comments"][:1] if first else whole["comments"][1:],
            }
            return {"data": {"repository": {"discussion": {**whole, "comments": page}}}}
        nodes = [
            {"id": d["id"], "number": number, "updatedAt": d["updatedAt"]}
            for number, d in self.discussions.items()
        ]
        first = variables["after"] is None
        page = {
            "pageInfo": {"hasNextPage": first, "endCursor": "c"},
            "nodes": nodes[:1] if first else nodes[1:],
        }
        return {"data": {"repository": {"discussions": page}}}


def name_of(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode()


def issue(number: int, **facts: Any) -> dict[str, Any]:
    return {
        "number": number,
        "node_id": f"I_{number}",
        "title": f"Issue {number}",
        "body": "It is broken.",
        "state": "open",
        "user": {"login": "ines"},
        "labels": [{"name": "bug"}, {"name": "search"}],
        "comments": 0,
        "updated_at": "2026-01-01T00:00:00Z",
        "html_url": f"https://github.com/o/r/issues/{number}",
    } | facts


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def served(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(Pace, "sleep", lambda _, seconds: None)
    with service(hub.answer) as running:
        hub.url = running.url
        yield running


def source(served: Service, *parts: Any, **options: Any) -> GitHub:
    return GitHub("o/r", parts, api=served.url, allow_private=True, token=SecretStr("s3cret"), **options)


def test_files_at_a_ref(hub: Hub, served: Service) -> None:
    hub.files = {
        "README.md": b"# Hi",
        "docs/a.md": b"a",
        "pic.png": b"",
        "link.md": b"x",
        "drafts/b.md": b"b",
    }
    hub.slow = 1
    github = source(served, "files", ref="v1", exclude=("files/drafts/*",))
    found = list(documents(github))
    assert [item.doc_id for item in found] == ["files/README.md", "files/docs/a.md"]
    readme = found[0]
    assert isinstance(readme, Document)
    assert (readme.text, readme.title, readme.acl) == ("# Hi", "Hi", ())
    assert (readme.metadata["author"], readme.modified_at) == ("Ines", "2026-01-02T03:04:05Z")
    assert readme.uri.endswith("/o/r/blob/v1/README.md")
    assert served.asked[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(github)
    assert github.fetch(Listed("files/docs/a.md", "")) == found[1]
    assert github.fetch(Listed("files/docs/gone.md", "")) is None
    assert github.fetch(Listed("files/drafts/b.md", "")) is None


def test_what_did_not_change_is_not_asked_for_again(hub: Hub, served: Service) -> None:
    hub.files = {"a.md": b"a", "b.md": b"b"}
    hub.issues = [issue(number) for number in range(1, 251)]
    github, memory = source(served, "files", "issues"), dict[str, str]()

    def listed() -> list[Listed]:
        served.asked.clear()
        return list(github.listing_since(memory))

    first = listed()
    assert len(first) == 252
    assert listed() == first
    paths = [asked.path for asked in served.asked]
    assert paths == ["/repos/o/r", "/repos/o/r/commits/main", *["/repos/o/r/issues"] * 3], "and no tree"
    assert [asked.headers.get("if-none-match", "")[:3] for asked in served.asked[2:]] == ['W/"'] * 3
    hub.issues[120] |= {"updated_at": "2026-02-01T00:00:00Z"}
    hub.issues[240] |= {"pull_request": {}}
    hub.files["c.md"], hub.tree = b"c", "root2"
    assert listed() == list(github.listing())
    assert len(memory) == 4, "one tree, three pages: nothing that is no longer true"


def test_a_tree_too_large_for_one_answer_is_walked(hub: Hub, served: Service) -> None:
    hub.files = {"a.md": b"a", "x/b.md": b"b", "x/y/c.md": b"c", "z/d.md": b"d"}
    hub.truncated = True
    listed = [item.doc_id for item in source(served, "files").listing()]
    assert sorted(listed) == ["files/a.md", "files/x/b.md", "files/x/y/c.md", "files/z/d.md"]


def test_who_may_read_a_private_repository(hub: Hub, served: Service) -> None:
    hub.files = {"a.md": b"a", "own.md": b"---\naccess: hr\n---\nx"}
    (public, _), hub.private = source(served, "files").listing(), True
    (private, _) = source(served, "files").listing()
    assert public.revision != private.revision
    assert [item.acl for item in documents(source(served, "files")) if isinstance(item, Document)] == [
        ("github:o/r",),
        ("hr",),
    ]


def test_ten_thousand_issues_are_listed_and_read_with_their_comments(hub: Hub, served: Service) -> None:
    hub.issues = [issue(number) for number in range(1, 10_001)]
    hub.issues[0]["comments"] = 102
    hub.issues[1]["pull_request"] = {}
    said = {"user": {"login": "sam"}, "created_at": "2026-02-03T00:00:00Z", "body": "Same here."}
    hub.comments[1] = [said] * 101 + [said | {"user": None, "body": "Fixed."}]
    github = source(served, "issues")
    listed = list(github.listing())
    assert len(listed) == 9_999
    assert len(served.asked) == 101
    assert listed[0] == Listed("issues/1", "2026-01-01T00:00:00Z 102 ", "I_1")
    found = github.fetch(listed[0])
    assert isinstance(found, Document)
    assert found.text.startswith("# Issue 1\n\nIt is broken.\n\n## sam, 2026-02-03\n\nSame here.\n\n## sam")
    assert found.text.endswith("## ghost, 2026-02-03\n\nFixed.\n")
    assert found.metadata["labels"] == "bug, search"
    assert (found.title, found.uri) == ("Issue 1", "https://github.com/o/r/issues/1")


def test_an_issue_deleted_after_the_listing_or_moved_elsewhere(hub: Hub, served: Service) -> None:
    hub.issues = [issue(1), issue(2)]
    github = source(served, "issues")
    one, two = github.listing()
    hub.issues = [issue(2, node_id="I_another")]
    assert github.fetch(one) is None
    assert github.fetch(two) is None


def test_discussions_with_their_replies(hub: Hub, served: Service) -> None:
    def note(body: str, *replies: dict[str, Any]) -> dict[str, Any]:
        nested = {"totalCount": len(replies), "nodes": list(replies)}
        return {"body": body, "createdAt": "2026-01-05", "author": {"login": "sam"}, "replies": nested}

    whole = {
        "id": "D_1",
        "title": "How?",
        "body": "I ask.",
        "url": "https://github.com/o/r/discussions/7",
        "updatedAt": "2026-01-06T00:00:00Z",
        "author": None,
        "category": {"name": "Q&A"},
        "comments": [note("First.", note("To the first.")), note("Second.")],
    }
    hub.discussions = {7: whole, 9: whole | {"id": "D_2", "comments": []}}
    github = source(served, "discussions")
    listed = list(github.listing())
    assert [(item.doc_id, item.key) for item in listed] == [
        ("discussions/7", "D_1"),
        ("discussions/9", "D_2"),
    ]
    found = github.fetch(listed[0])
    assert isinstance(found, Document)
    said = [line for line in found.text.splitlines() if line and not line.startswith("#")]
    assert said == ["I ask.", "First.", "To the first.", "Second."]
    assert (found.metadata["category"], found.metadata["author"]) == ("Q&A", "ghost")
    del hub.discussions[7]
    assert github.fetch(listed[0]) is None


def test_wiki_pages_come_through_git(
    hub: Hub, served: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    wiki = tmp_path / "wiki"
    wiki.mkdir()
    (wiki / "Home.md").write_text("Welcome")
    (wiki / "Empty.md").write_text("")
    who = ("-c", "user.name=Ines", "-c", "user.email=ines@acme.example", "-C", str(wiki))
    for words in (("init", "-q", "-b", "master"), ("add", "."), ("commit", "-q", "-m", "x")):
        subprocess.run(["git", *who, *words], check=True)
    hub.private = True
    github = source(served, "wiki")
    assert github._wiki.url == f"{served.url}/o/r.wiki.git"
    monkeypatch.setattr(GitHub, "_wiki", Git(path=wiki))
    empty, home = documents(github)
    assert empty == Unreadable("wiki/Empty.md", "holds no text to search")
    assert isinstance(home, Document)
    assert (home.doc_id, home.text, home.acl) == ("wiki/Home.md", "Welcome", ("github:o/r",))
    assert github.fetch(Listed("wiki/Home.md", "")) == home
    assert github.fetch(Listed("wiki/Gone.md", "")) is None


def test_a_repository_that_cannot_be_seen_is_an_error(served: Service) -> None:
    with pytest.raises(CorpusError, match=r"/repos/x/y: answered 404; .*these credentials may not see it"):
        list(GitHub("x/y", api=served.url, allow_private=True).listing())
    with pytest.raises(ValueError, match="expected 'owner/name'"):
        GitHub("no slash")
