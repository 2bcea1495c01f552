"""Confluence's REST API, Cloud (v2, and v1 where v2 has no equivalent) and Server or Data Center (v1), over `Http`.

No client library: the common one ends a list quietly where an answer holds no results, and follows the addresses of
next pages to any host. Here only a next page's query is used, and a list that does not end is an error.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from evalkit.backends.http import Http
from evalkit.errors import CorpusError

if TYPE_CHECKING:
    from pydantic import SecretStr

__all__ = ["Confluence", "connect"]

Json = dict[str, Any]

_BOTH = "restrictions.user,restrictions.group"
_READ = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
_LIMIT = 200


@lru_cache(maxsize=8)
def connect(url: str, user: str, token: SecretStr, *, allow_private: bool) -> Confluence:
    """Opens one site; with a user by name and API token, else by a personal access token."""
    secret = token.get_secret_value()
    basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
    sent = {"Authorization": f"Basic {basic}" if user else f"Bearer {secret}", "Accept": "application/json"}
    return Confluence(Http(url, headers=sent, allow_private=allow_private))


class Confluence:
    """What the connector asks of Confluence. What is gone or may not be seen is None."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._spaces: dict[str, str] = {}

    def space(self, key: str) -> str:
        """Returns a Cloud space's id.

        Raises:
            CorpusError: where there is none that these credentials may see.
        """
        if key in self._spaces:
            return self._spaces[key]
        found = next(self.every("api/v2/spaces", {"keys": key, "limit": 1}), None)
        if found is None:
            raise CorpusError(
                f"{self._http.base}: no space has the key {key!r}, or these credentials may not see it; check both"
            )
        return self._spaces.setdefault(key, str(found["id"]))

    def restrictions(self, key: str) -> Iterator[Json]:
        """Yields a content's own restriction of reading, in as many pieces as it takes."""
        for start in range(0, 1_000_000, _LIMIT):
            asked: dict[str, str | int] = {"expand": _BOTH, "start": start, "limit": _LIMIT}
            said = self.one(f"rest/api/content/{key}/restriction/byOperation/read", asked)
            if said is None:
                raise CorpusError(
                    f"{self._http.base}: who may read content {key} cannot be asked; expected its restrictions; "
                    "give the account access to the whole space"
                )
            yield said
            if all(
                len(part["results"]) < int(part.get("limit") or _LIMIT)
                for part in said["restrictions"].values()
            ):
                return

    def above(self, key: str, *, cloud: bool) -> list[str]:
        """Returns the ids of all that a page lies in."""
        if cloud:
            return [str(item["id"]) for item in self.every(f"api/v2/pages/{key}/ancestors", {"limit": 250})]
        page = self.one(f"rest/api/content/{key}", {"expand": "ancestors"})
        if page is None:
            raise CorpusError(
                f"{self._http.base}: page {key} holds pages, but these credentials may not see it; expected to read "
                "who may read them; give the account access to the whole space"
            )
        return [str(item["id"]) for item in page["ancestors"]]

    def found(self, cql: str, *, expand: str) -> Iterator[Json]:
        """Yields what a search in Confluence's query language finds."""
        return self.every("rest/api/content/search", {"cql": cql, "expand": expand, "limit": _LIMIT})

    def restricted(self, space: str) -> Iterator[Json]:
        """Yields a space's pages as its index knows them, with the restrictions of each."""
        return self.found(f'space="{space}" and type=page', expand=_READ)

    def content(self, space: str) -> Iterator[Json]:
        """Yields a Server space's pages, with the restrictions of each."""
        expand = f"version,ancestors,{_READ}"
        return self.every(
            "rest/api/content", {"spaceKey": space, "type": "page", "expand": expand, "limit": _LIMIT}
        )

    def one(self, path: str, params: dict[str, str | int] | None = None) -> Json | None:
        """Returns one object."""
        reply = self._http.get(path, params=params, expect=(404, 410))
        return None if reply.status != 200 else _object(reply.json())

    def download(self, link: str) -> bytes | None:
        """Returns an attachment's bytes. Only the path of its link is used: it lies at this site."""
        parts = urlsplit(link)
        path = parts.path.removeprefix(urlsplit(self._http.base).path) if parts.netloc else parts.path
        reply = self._http.get(
            path, params=dict(parse_qsl(parts.query)), headers={"Accept": "*/*"}, expect=(404, 410)
        )
        return reply.body if reply.status == 200 else None

    def every(self, path: str, params: dict[str, str | int]) -> Iterator[Json]:
        """Yields each object of a list once, from the start again where its cursor expired."""
        seen: set[str] = set()
        for last_try in (False, True):
            asked = dict(params)
            while True:
                reply = self._http.get(path, params=asked, expect=(400,) if asked != params else ())
                if reply.status == 400:
                    break
                said = _object(reply.json())
                if not isinstance(said.get("results"), list):
                    raise CorpusError(
                        f"{self._http.base}/{path}: an answer holds no results; expected a list of them"
                    )
                for item in said["results"]:
                    if str(item["id"]) not in seen:
                        seen.add(str(item["id"]))
                        yield item
                following = (said.get("_links") or {}).get("next")
                if not following:
                    return
                before, asked = asked, {**params, **dict(parse_qsl(urlsplit(str(following)).query))}
                if asked == before:
                    raise CorpusError(
                        f"{self._http.base}/{path}: a list leads back to itself; expected its next page"
                    )
            if last_try:
                raise CorpusError(
                    f"{self._http.base}/{path}: a list's cursor expired twice; sync again later"
                )


def _object(said: object) -> Json:
    if not isinstance(said, dict):
        raise CorpusError(
            "Confluence: an answer is not an object; expected Confluence's REST API at this URL"
        )
    return said
