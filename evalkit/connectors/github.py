"""Files, issues, discussions and the wiki of a GitHub repository."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from evalkit.backends.http import Http, Reply
from evalkit.connectors.git import Git
from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.digest import of_bytes
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Memory, Unreadable

__all__ = ["GitHub"]

_GONE = frozenset({404, 410})
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_PAGE = 100
_REPLIES = 100
_LIST = """query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) {
discussions(first: 100, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
pageInfo { hasNextPage endCursor } nodes { id number updatedAt } } } }"""
_READ = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
repository(owner: $owner, name: $name) { discussion(number: $number) {
id title body url updatedAt author { login } category { name }
comments(first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes {
body createdAt author { login }
replies(first: 100) { totalCount nodes { body createdAt author { login } } } } } } } }"""


@dataclass(frozen=True, slots=True)
class GitHub:
    """A repository's files at a ref, and as documents its issues, discussions and wiki pages, comments included.

    Ids are "files/<path>", "issues/<number>", "discussions/<number>" and "wiki/<path>". What a private repository
    holds may be read by the one group "github:<owner>/<name>". For a large repository's files the git connector is
    cheaper: this one asks twice for each file that changed.

    Args:
        repository: "owner/name".
        parts: which of files, issues, discussions and wiki.
        ref: a branch, a tag or a commit; the default branch where empty.
        exclude: patterns of ids to leave out ("files/drafts/*").
        token: such as "${GITHUB_TOKEN}"; discussions need one.
        api: of a server of your own, "https://github.acme.example/api/v3".
        max_bytes: a larger file is unreadable, not silently skipped.
        allow_private: whether that server may be on a private network.
    """

    repository: str
    parts: tuple[Literal["files", "issues", "discussions", "wiki"], ...] = ("files",)
    ref: str = ""
    exclude: tuple[str, ...] = ()
    token: SecretStr | None = None
    api: str = "https://api.github.com"
    max_bytes: int = 20_000_000
    allow_private: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.repository):
            raise ValueError(f"found repository {self.repository!r}; expected 'owner/name'")

    def identity(self) -> str:
        return f"{self.api} {self.repository} {self.ref} {self.max_bytes}"

    def listing(self) -> Iterator[Listed]:
        return self.listing_since({})

    def listing_since(self, memory: Memory) -> Iterator[Listed]:
        facts = self._get("").json()
        readers = f"github:{self.repository}" if facts["private"] else ""
        known, current = dict(memory.items()), dict[str, str]()
        listings = {
            "files": lambda: self._files(self.ref or facts["default_branch"], known, current),
            "issues": lambda: self._issues(known, current),
            "discussions": self._discussions,
            "wiki": self._wiki_pages,
        }
        for part in self.parts:
            for listed in listings[part]():
                if not self._excluded(listed.doc_id):
                    yield replace(
                        listed,
                        revision=f"{listed.revision} {readers}",
                        stated={**listed.stated, "readers": readers},
                    )
        memory.clear()
        memory.update(current)

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        part, _, rest = listed.doc_id.partition("/")
        if part not in self.parts or self._excluded(listed.doc_id):
            return None
        if "readers" not in listed.stated:
            private = self._get("").json()["private"]
            listed = replace(listed, stated={"readers": f"github:{self.repository}" if private else ""})
        read = {
            "files": self._file,
            "issues": self._issue,
            "discussions": self._discussion,
            "wiki": self._wiki_page,
        }[part]
        try:
            found = read(rest, listed)
        except ValueError as error:
            return Unreadable.because(listed.doc_id, error)
        if not isinstance(found, Document):
            return found
        readers = listed.stated["readers"]
        return replace(found, doc_id=listed.doc_id, acl=found.acl or ((readers,) if readers else ()))

    # ------------------------------------------------------------ files

    def _files(self, ref: str, known: Mapping[str, str], current: dict[str, str]) -> Iterator[Listed]:
        commit = self._get(f"/commits/{quote(ref, safe='')}").json()
        tree = str(commit["commit"]["tree"]["sha"])
        said = known.get(f"tree {tree}") or json.dumps(
            [
                (entry["path"], entry["sha"], entry["size"])
                for entry in self._tree(tree, "")
                if PurePosixPath(entry["path"]).suffix.lower() in SUFFIXES
            ]
        )
        current[f"tree {tree}"] = said
        for path, blob, size in json.loads(said):
            yield Listed(f"files/{path}", blob, stated={"blob": blob, "size": str(size)})

    def _tree(self, sha: str, below: str) -> Iterator[dict[str, Any]]:
        """Yields a tree's plain files; one too large to be had at once is walked folder by folder."""
        tree = self._get(f"/git/trees/{sha}", {"recursive": "1"}).json()
        whole = not tree["truncated"]
        if not whole:
            tree = self._get(f"/git/trees/{sha}").json()
            if tree["truncated"]:
                raise CorpusError(
                    f"{self.repository}: the folder '{below}' is too large for GitHub's API to list"
                )
        for entry in tree["tree"]:
            path = f"{below}{entry['path']}"
            if entry["type"] == "blob" and entry["mode"] in {"100644", "100755"}:
                yield {**entry, "path": path}
            elif entry["type"] == "tree" and not whole:
                yield from self._tree(entry["sha"], f"{path}/")

    def _file(self, path: str, listed: Listed) -> Document | None:
        at: dict[str, str | int] = {"ref": self.ref} if self.ref else {}
        if (blob := listed.stated.get("blob")) is None:
            answer = self._get(f"/contents/{quote(path)}", at, expect=_GONE)
            found = answer.json() if answer.status < 300 else {}
            if not isinstance(found, Mapping) or found.get("type") != "file":
                return None
            blob, size = found["sha"], found["size"]
        else:
            size = int(listed.stated["size"])
        if size > self.max_bytes:
            raise ValueError(f"{size:,} bytes; at most {self.max_bytes:,} are read (max_bytes)")
        raw = {"Accept": "application/vnd.github.raw+json"}
        data = self._http.get(f"/repos/{self.repository}/git/blobs/{blob}", headers=raw).body
        document = to_document(path, data, uri=f"{self._web}/blob/{self.ref or 'HEAD'}/{quote(path)}")
        asked: dict[str, str | int] = {"path": path, "per_page": 1, "sha": self.ref or "HEAD"}
        last = self._get("/commits", asked).json()
        if not last:
            return document
        commit = last[0]["commit"]
        return replace(
            document,
            metadata={"author": commit["author"]["name"], **document.metadata},
            modified_at=document.modified_at or commit["committer"]["date"],
        )

    # ------------------------------------------------------------ issues

    def _issues(self, known: Mapping[str, str], current: dict[str, str]) -> Iterator[Listed]:
        """Lists issues; a page that is as it was, by its ETag, is answered without a body and counts for no limit."""
        page = f"/repos/{self.repository}/issues?state=all&sort=created&direction=asc&per_page={_PAGE}"
        while page:
            tag, issues, following = json.loads(known.get(page) or '["", [], ""]')
            answer = self._http.get(page, headers={"If-None-Match": tag} if tag else None, expect={304})
            if answer.status != 304:
                issues = [
                    (issue["number"], f"{issue['updated_at']} {issue['comments']}", issue["node_id"])
                    for issue in answer.json()
                    if "pull_request" not in issue
                ]
                tag, following = answer.headers.get("etag", ""), _following(answer)
            current[page] = json.dumps([tag, issues, following])
            for number, revision, key in issues:
                yield Listed(f"issues/{number}", revision, key=key)
            page = following

    def _issue(self, number: str, listed: Listed) -> Document | None:
        answer = self._get(f"/issues/{number}", expect=_GONE)
        issue = answer.json() if answer.status < 300 else {}
        if not issue or "pull_request" in issue or listed.key not in {"", issue["node_id"]}:
            return None
        comments = self._pages(f"/issues/{number}/comments") if issue["comments"] else ()
        said = [(_login(one["user"]), one["created_at"], one["body"]) for one in comments]
        return _thread(
            issue["title"],
            issue["body"],
            said,
            uri=issue["html_url"],
            modified_at=issue["updated_at"],
            metadata={
                "author": _login(issue["user"]),
                "labels": ", ".join(label["name"] for label in issue["labels"]),
                "state": issue["state"],
            },
        )

    # ------------------------------------------------------------ discussions

    def _discussions(self) -> Iterator[Listed]:
        after = None
        while True:
            page = self._graphql(_LIST, after=after)["discussions"]
            for node in page["nodes"]:
                yield Listed(f"discussions/{node['number']}", node["updatedAt"], key=node["id"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _discussion(self, number: str, listed: Listed) -> Document | None:
        said: list[tuple[str, str, str | None]] = []
        after = None
        while True:
            found = self._graphql(_READ, number=int(number), after=after)["discussion"]
            if found is None or listed.key not in {"", found["id"]}:
                return None
            for comment in found["comments"]["nodes"]:
                if comment["replies"]["totalCount"] > _REPLIES:
                    raise ValueError(f"a comment has more than {_REPLIES} replies, which are not all read")
                said += (
                    (_login(one["author"]), one["createdAt"], one["body"])
                    for one in (comment, *comment["replies"]["nodes"])
                )
            if not found["comments"]["pageInfo"]["hasNextPage"]:
                break
            after = found["comments"]["pageInfo"]["endCursor"]
        return _thread(
            found["title"],
            found["body"],
            said,
            uri=found["url"],
            modified_at=found["updatedAt"],
            metadata={"author": _login(found["author"]), "category": found["category"]["name"]},
        )

    def _graphql(self, query: str, **variables: object) -> dict[str, Any]:
        owner, _, name = self.repository.partition("/")
        url = f"{self.api.removesuffix('/v3')}/graphql"
        sent = {"query": query, "variables": {"owner": owner, "name": name, **variables}}
        answer = self._http.request("POST", url, json=sent).json()
        errors = [e for e in answer.get("errors", ()) if e.get("path") != ["repository", "discussion"]]
        if errors or not (answer.get("data") or {}).get("repository"):
            said = (
                "; ".join(str(error.get("message", error))[:200] for error in errors) or "no such repository"
            )
            raise CorpusError(
                f"{self.repository}: GitHub could not list its discussions ({said}); check the token"
            )
        found: dict[str, Any] = answer["data"]["repository"]
        return found

    # ------------------------------------------------------------ wiki

    def _wiki_pages(self) -> Iterator[Listed]:
        for listed in self._wiki.listing():
            yield replace(listed, doc_id=f"wiki/{listed.doc_id}")

    def _wiki_page(self, path: str, listed: Listed) -> Document | Unreadable | None:
        stated = {name: value for name, value in listed.stated.items() if name != "readers"}
        found = self._wiki.fetch(replace(listed, doc_id=path, stated=stated))
        return replace(found, doc_id=listed.doc_id) if isinstance(found, Unreadable) else found

    @property
    def _wiki(self) -> Git:
        return Git(url=f"{self._web}.wiki.git", token=self.token, allow_private=self.allow_private)

    # ------------------------------------------------------------ the API

    @property
    def _web(self) -> str:
        parts = urlsplit(self.api)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}/{self.repository}"

    @property
    def _http(self) -> Http:
        return _client(self.api, self.token.get_secret_value() if self.token else "", self.allow_private)

    def _get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        expect: frozenset[int] = frozenset(),
    ) -> Any:
        return self._http.get(f"/repos/{self.repository}{path}", params=params, expect=expect)

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        answer = self._get(path, {"per_page": _PAGE})
        while True:
            yield from answer.json()
            if not (following := _following(answer)):
                return
            answer = self._http.get(following)

    def _excluded(self, doc_id: str) -> bool:
        return any(fnmatch.fnmatch(doc_id, pattern) for pattern in self.exclude)


def _following(answer: Reply) -> str:
    """The address of a list's next page, "" at its end."""
    found = _NEXT.search(answer.headers.get("link", ""))
    return found[1] if found else ""


@lru_cache(maxsize=8)
def _client(api: str, token: str, private: bool) -> Http:  # noqa: FBT001 - lru_cache keys by position
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Http(api, headers=headers, allow_private=private)


def _login(user: Mapping[str, str] | None) -> str:
    return user["login"] if user else "ghost"


def _thread(
    title: str,
    body: str | None,
    said: list[tuple[str, str, str | None]],
    *,
    uri: str,
    modified_at: str,
    metadata: Mapping[str, str],
) -> Document:
    """Writes a conversation as one Markdown document."""
    parts = [f"# {title}", body or ""]
    parts += (f"## {who}, {when[:10]}\n\n{text or ''}" for who, when, text in said)
    text = "\n\n".join(part.replace("\r\n", "\n").strip() for part in parts if part.strip()) + "\n"
    own = {"content_type": "text/markdown", "raw_sha256": of_bytes(text.encode())}
    facts = {key: value for key, value in sorted((dict(metadata) | own).items()) if value}
    return Document("", text, title=title, uri=uri, metadata=facts, modified_at=modified_at)
