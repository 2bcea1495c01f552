"""Pages and attachments of a Confluence space, Cloud or Server, with who may read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import SecretStr

from evalkit.backends import confluence_api
from evalkit.connectors.confluence_storage import VERSION, to_markdown
from evalkit.connectors.formats import UNDOCUMENTED, documented, undocumented
from evalkit.connectors.paths import Node, ancestors, paths
from evalkit.connectors.readers import Names, readers
from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.digest import of_value
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Confluence"]

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Confluence:
    """Every current page of a space, as Markdown; its attachments too where asked for.

    A document's id is its path of titles; its revision is its version and who may read it. A page may be read by whom
    its own restrictions and those of every page above it admit; without any, by `access`.

    Args:
        url: the site: "https://acme.atlassian.net/wiki", or that of a server.
        space: the space's key.
        token: an API token (with `user`) or a personal access token, from the environment ("${CONFLUENCE_TOKEN}").
        user: the account's e-mail address on Cloud.
        edition: cloud, or server (Data Center).
        attachments: whether files that can be converted are documents too.
        access: who may see the space (user:…, group:…); empty means public.
        max_bytes: a larger attachment is unreadable, not silently skipped.
        allow_private: whether the site may be on a private network and speak plain http.
    """

    url: str
    space: str
    token: SecretStr
    user: str = ""
    edition: Literal["cloud", "server"] = "cloud"
    attachments: bool = False
    access: tuple[str, ...] = ()
    max_bytes: int = 20_000_000
    allow_private: bool = False

    def __post_init__(self) -> None:
        if not self.space.replace("~", "").replace("_", "").replace("-", "").replace(".", "").isalnum():
            raise ValueError(f"space is {self.space!r}; expected a space's key such as ENG or ~jane")

    def identity(self) -> str:
        return f"{VERSION} {self.url} {self.space} {self.max_bytes}"

    def listing(self) -> Iterator[Listed]:
        tree = _Tree(self._api(), cloud=self.edition == "cloud")
        with documented(self.url):
            if tree.cloud:
                tree.read_cloud(self.space)
            else:
                tree.read_server(self.space)
            if self.attachments:
                tree.read_files(self.space)
        named = paths(tree.nodes)
        for key, version in tree.versions.items():
            with documented(self.url):
                acl = readers([frozenset(self.access), *tree.levels(key)])
            yield Listed(named[key], f"{version} {of_value(acl)[:16]}", key, {"acl": json.dumps(acl)})

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        try:
            if listed.key.startswith("att"):
                return self._file(listed)
            return self._page(listed)
        except ValueError as error:
            return Unreadable.because(listed.doc_id, error)
        except UNDOCUMENTED as error:
            return Unreadable(listed.doc_id, undocumented(error), lasting=False)

    def _page(self, listed: Listed) -> Document | None:
        api = self._api()
        if self.edition == "cloud":
            page = api.one(f"api/v2/pages/{listed.key}", {"body-format": "storage"})
            here = page is not None and str(page.get("spaceId")) == api.space(self.space)
        else:
            page = api.one(f"rest/api/content/{listed.key}", {"expand": "body.storage,version,history,space"})
            here = page is not None and (page.get("space") or {}).get("key") == self.space
        if page is None or not here or page.get("status", "current") != "current":
            return None
        text, omitted = to_markdown(str(page["body"]["storage"]["value"]))
        title, version = str(page["title"]), page.get("version") or {}
        author = page.get("authorId") or _person((page.get("history") or {}).get("createdBy") or {})
        named = ", ".join(f"{number} {kind}" for kind, number in sorted(omitted.items()))
        return Document(
            doc_id=listed.doc_id,
            text="\n\n".join(filter(None, (f"# {title}", text.strip()))) + "\n",
            title=title,
            uri=f"{self.url.rstrip('/')}{(page.get('_links') or {}).get('webui', '')}",
            metadata={
                "author": str(author),
                "content_type": "text/markdown",
                "raw_sha256": of_value(page["body"]["storage"]["value"]),
                **({"omitted": named} if named else {}),
            },
            acl=self._acl(listed, listed.key),
            modified_at=version.get("createdAt") or version.get("when"),
        )

    def _file(self, listed: Listed) -> Document | Unreadable | None:
        api = self._api()
        cloud = self.edition == "cloud"
        found = (
            api.one(f"api/v2/attachments/{listed.key}")
            if cloud
            else api.one(f"rest/api/content/{listed.key}", {"expand": "version,container"})
        )
        if found is None or found.get("status", "current") != "current" or not self.attachments:
            return None
        holder = str(found.get("pageId") if cloud else (found.get("container") or {}).get("id"))
        acl = self._acl(listed, holder)
        size = int(found.get("fileSize") or (found.get("extensions") or {}).get("fileSize") or 0)
        if size > self.max_bytes:
            raise ValueError(f"{size:,} bytes; at most {self.max_bytes:,} are read (max_bytes)")
        links = found.get("_links") or {}
        data = api.download(str(found.get("downloadLink") or links.get("download")))
        if data is None:
            return None
        version = found.get("version") or {}
        name = listed.doc_id.removesuffix(suffix := _suffix(found)) + suffix
        return replace(
            to_document(name, data, uri=f"{self.url.rstrip('/')}{links.get('webui', '')}"),
            doc_id=listed.doc_id,
            acl=acl,
            modified_at=version.get("createdAt") or version.get("when"),
        )

    def _acl(self, listed: Listed, key: str) -> tuple[str, ...]:
        """Who may read it: as the listing found, or asked page by page where the listing left it out."""
        if listed.stated:
            return tuple(json.loads(listed.stated["acl"]))
        api = self._api()
        above = api.above(key, cloud=self.edition == "cloud")
        levels = [_names(api.restrictions(step)) for step in (key, *above)]
        return readers([frozenset(self.access), *levels])

    def _api(self) -> confluence_api.Confluence:
        return confluence_api.connect(self.url, self.user, self.token, allow_private=self.allow_private)


class _Tree:
    """What a listing found: where everything lies, its version, and its own restrictions."""

    def __init__(self, api: confluence_api.Confluence, *, cloud: bool) -> None:
        self.api = api
        self.cloud = cloud
        self.above: dict[str, list[str]] = {}
        self.nodes: dict[str, Node] = {}
        self.versions: dict[str, str] = {}
        self.own: dict[str, Names] = {}

    def read_cloud(self, space: str) -> None:
        """Pages from their own list, which is complete; restrictions from the index, the missing ones one by one."""
        folders: dict[str, str] = {}
        listed = self.api.every(
            f"api/v2/spaces/{self.api.space(space)}/pages", {"status": "current", "limit": 250}
        )
        for page in listed:
            parent = str(page.get("parentId") or "")
            self._add(page, parent)
            if parent and page.get("parentType", "page") != "page":
                folders[parent] = str(page["parentType"])
        for item in self.api.restricted(space):
            self._restrict(item)
        while folders:
            key, kind = folders.popitem()
            if key in self.nodes:
                continue
            found = self.api.one(f"api/v2/{kind}s/{key}")
            if found is None:
                raise CorpusError(
                    f"{kind} {key} holds pages, but these credentials may not see it; expected to read who may read "
                    "them; give the account access to the whole space"
                )
            parent = str(found.get("parentId") or "")
            self.nodes[key] = Node(parent, str(found.get("title") or ""))
            if parent and found.get("parentType", "page") != "page":
                folders[parent] = str(found["parentType"])

    def read_server(self, space: str) -> None:
        """Pages with everything about them, from one list."""
        for page in self.api.content(space):
            above = page.get("ancestors") or ()
            self._add(page, str(above[-1]["id"]) if above else "")
            self._restrict(page)

    def read_files(self, space: str) -> None:
        """Files of the pages just read that can be converted; each is readable by whoever reads its page."""
        for file in self.api.found(f'space="{space}" and type=attachment', expand="version,container"):
            page = str((file.get("container") or {}).get("id"))
            if page in self.versions and _suffix(file) in SUFFIXES:
                self._add(file, page)
                self.own[str(file["id"])] = frozenset()

    def levels(self, key: str) -> Sequence[Names]:
        """Returns the restrictions of a page and of all above it, also of one that the listing does not show."""
        line = [key, *ancestors(self.nodes, key)]
        if (beyond := self.nodes[line[-1]].parent) and beyond not in self.nodes:
            if beyond not in self.above:
                self.above[beyond] = self.api.above(beyond, cloud=self.cloud)
            line += [beyond, *self.above[beyond]]
        for step in line:
            if step not in self.own:
                self.own[step] = _names(self.api.restrictions(step))
        return [self.own[step] for step in line]

    def _add(self, page: Json, parent: str) -> None:
        key = str(page["id"])
        self.nodes[key] = Node(parent, str(page["title"]))
        self.versions[key] = str((page.get("version") or {}).get("number", ""))

    def _restrict(self, page: Json) -> None:
        """Takes a page's restrictions where the answer holds all of them."""
        said = ((page.get("restrictions") or {}).get("read") or {}).get("restrictions")
        if said is not None and all(
            len(said[kind]["results"]) < int(said[kind].get("limit") or 0) for kind in ("user", "group")
        ):
            self.own[str(page["id"])] = _names([{"restrictions": said}])


def _suffix(file: Json) -> str:
    return PurePosixPath(str(file["title"])).suffix.lower()


def _names(pieces: Iterable[Json]) -> Names:
    """Whom a restriction admits; none at all means that there is no restriction."""
    said = [piece["restrictions"] for piece in pieces]
    users = (f"user:{_person(user)}" for piece in said for user in piece["user"]["results"])
    groups = (
        f"group:{group.get('name') or group.get('id')}"
        for piece in said
        for group in piece["group"]["results"]
    )
    return frozenset((*users, *groups))


def _person(user: Json) -> str:
    return str(user.get("accountId") or user.get("username") or user.get("userKey") or "")
