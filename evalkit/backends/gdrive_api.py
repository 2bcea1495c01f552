"""The home of google-api-python-client and google-auth: Google Drive's API (v3), its lists complete or refused.

The API's description is the one that comes with the client, so opening it asks no server. Requests, those for access
tokens too, pass through `Http`, which paces, retries and checks addresses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from evalkit.backends.http import TRIES, Http, Pace
from evalkit.errors import CorpusError, MissingDependency

if TYPE_CHECKING:
    from pydantic import SecretStr

__all__ = ["Drive", "Expired", "Refused", "begun_again", "connect"]

Json = dict[str, Any]
T = TypeVar("T")

PER_SECOND = 50.0
"""A quarter of the 12,000 a minute that Drive has allowed one account; where it allows less, it says so."""

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
_FACTS = (
    "id,name,mimeType,parents,modifiedTime,version,size,md5Checksum,owners(emailAddress,displayName),webViewLink,"
    "permissionIds,driveId,trashed,capabilities(canShare,canDownload)"
)
_SLOW_DOWN = {"rateLimitExceeded", "userRateLimitExceeded"}


class Refused(CorpusError):  # noqa: N818
    """Drive does not hand something out: too large to export, not to be downloaded, beyond the account's rights."""


@lru_cache(maxsize=8)
def connect(url: str, key: SecretStr | None, token: SecretStr | None, *, allow_private: bool) -> Drive:
    """Opens Drive with a service account's key (JSON) or an access token.

    Raises:
        MissingDependency: without google-api-python-client.
        CorpusError: where the key is not one.
    """
    try:
        from googleapiclient.discovery import build
    except ImportError as error:
        raise MissingDependency.needed_by(
            "the 'gdrive' connector", "google-api-python-client", "gdrive"
        ) from error
    through = _Through(
        Http(url, allow_private=allow_private, per_second=PER_SECOND), _credentials(key, token)
    )
    return Drive(
        build(
            "drive",
            "v3",
            http=through,
            static_discovery=True,
            cache_discovery=False,
            client_options={"api_endpoint": f"{url.rstrip('/')}/drive/v3/"},
        )
    )


def _credentials(key: SecretStr | None, token: SecretStr | None) -> Any:
    from google.oauth2 import credentials, service_account

    if token is not None:
        return credentials.Credentials(token.get_secret_value())
    try:
        info = json.loads(key.get_secret_value() if key else "")
        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CorpusError(
            "gdrive: `key` is not a service account's key; expected the JSON file's content, in an environment variable"
        ) from None


class _Through:
    """What the client takes for its HTTP library: signs a request and hands it to `Http`."""

    def __init__(self, http: Http, credentials: Any) -> None:
        from google.auth.transport.requests import Request

        self._http = http
        self._credentials = credentials
        self._refresher = Request(session=http.session)
        self._pace = Pace()

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: object = None,  # noqa: ARG002 - nothing is ever written
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[Any, bytes]:
        from google.auth.exceptions import GoogleAuthError
        from httplib2 import Response

        for attempt in range(TRIES):
            signed = {
                name: value for name, value in (headers or {}).items() if name.lower() != "accept-encoding"
            }
            try:
                self._credentials.before_request(self._refresher, method, uri, signed)
            except GoogleAuthError as error:
                raise CorpusError(
                    f"gdrive: no access token is to be had ({type(error).__name__}); check the service account's key"
                ) from None
            reply = self._http.request(method, uri, headers=signed, expect=(400, 403, 404, 410))
            if reply.status != 403 or not _SLOW_DOWN & _reasons(reply.body):
                break
            self._pace.sleep(2.0**attempt * self._pace.jitter())
        return Response({"status": str(reply.status), **reply.headers}), reply.body

    def close(self) -> None:
        """Closes nothing: the connections belong to `Http`."""


class Expired(Exception):  # noqa: N818
    """Drive no longer knows a token that it gave: of a list's next page, or of where its feed goes on."""


def begun_again(read: Callable[[], T]) -> T:
    """Reads a list, from the start again where Drive no longer knows the token of its next page."""
    for _ in range(2):
        with suppress(Expired):
            return read()
    raise CorpusError("gdrive: a list's page token expired twice; sync again later")


class Drive:
    """What the connector asks of Drive. What is gone or not shared is None."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def account(self) -> str:
        """Returns the id by which Drive knows the account that asks."""
        said = _executed(self._service.about().get(fields="user(permissionId)"))
        return str(said["user"]["permissionId"])

    def files(self, drive: str) -> Iterator[list[Json]]:
        """Yields every file and folder in pages: of one shared drive, or all that the account has or shares.

        Raises:
            Expired: where Drive no longer knows the token of a next page.
        """
        corpora = {"corpora": "drive", "driveId": drive} if drive else {"corpora": "user"}
        return self._pages(
            lambda page: self._service.files().list(
                **corpora,
                q="trashed = false",
                fields=f"nextPageToken,incompleteSearch,files({_FACTS})",
                pageSize=1000,
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                **page,
            ),
            "files",
        )

    def now(self, drive: str) -> str:
        """Returns the token of the feed of changes as it stands."""
        where = {"driveId": drive} if drive else {}
        asked = self._service.changes().getStartPageToken(supportsAllDrives=True, **where)
        return str(_executed(asked)["startPageToken"])

    def changes(self, drive: str, since: str) -> Iterator[tuple[list[Json], str]]:
        """Yields what changed since a token, in pages, each with the token from which the feed goes on.

        Raises:
            Expired: where Drive no longer knows the token.
        """
        where = {"driveId": drive} if drive else {}
        more = True
        while more:
            asked = self._service.changes().list(
                **where,
                pageToken=since,
                fields=f"nextPageToken,newStartPageToken,changes(changeType,removed,fileId,file({_FACTS}))",
                pageSize=1000,
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
            )
            said = _executed(asked, paged=True)
            more = bool(said.get("nextPageToken"))
            following = str(said.get("nextPageToken") or said["newStartPageToken"])
            if more and following == since:
                raise CorpusError("gdrive: the feed of changes leads back to itself; sync again later")
            since = following
            yield said["changes"], since

    def permissions(self, file_id: str) -> list[Json] | None:
        """Returns who may read a file, inherited permissions included; None where the account may not see that."""

        def read() -> list[Json]:
            pages = self._pages(
                lambda page: self._service.permissions().list(
                    fileId=file_id,
                    fields="nextPageToken,permissions(id,type,emailAddress,domain,deleted)",
                    pageSize=100,
                    supportsAllDrives=True,
                    **page,
                ),
                "permissions",
            )
            return [item for page in pages for item in page]

        try:
            return begun_again(read)
        except Refused:
            return None

    def one(self, file_id: str) -> Json | None:
        """Returns what Drive says about a file."""
        found = _executed(self._service.files().get(fileId=file_id, fields=_FACTS, supportsAllDrives=True))
        return found if found is None or isinstance(found, dict) else None

    def export(self, file_id: str, kind: str) -> bytes | None:
        """Returns a Google document in another format."""
        return _bytes(_executed(self._service.files().export_media(fileId=file_id, mimeType=kind)))

    def download(self, file_id: str) -> bytes | None:
        """Returns a file's bytes."""
        return _bytes(_executed(self._service.files().get_media(fileId=file_id, supportsAllDrives=True)))

    @staticmethod
    def _pages(ask: Callable[[Json], Any], what: str) -> Iterator[list[Json]]:
        page: Json = {}
        while True:
            said = _executed(ask(page), paged=bool(page))
            if not isinstance(said, dict) or not isinstance(said.get(what), list):
                raise CorpusError(f"gdrive: an answer holds no {what}; expected a list of them")
            if said.get("incompleteSearch"):
                raise CorpusError(
                    "gdrive: Drive could not search everywhere; expected every file; "
                    "name one shared drive in `drive`"
                )
            yield said[what]
            if not said.get("nextPageToken"):
                return
            page = {"pageToken": said["nextPageToken"]}


def _executed(request: Any, *, paged: bool = False) -> Any:
    from googleapiclient.errors import HttpError

    try:
        return request.execute(num_retries=0)
    except HttpError as error:
        status, reasons = int(error.resp.status), _reasons(error.content)
        if status in {404, 410} and not paged:
            return None
        if status in {400, 410} and paged:
            raise Expired from None
        if status == 403 and not reasons & (_SLOW_DOWN | {"accessNotConfigured", "dailyLimitExceeded"}):
            raise Refused(
                f"Drive does not hand it out ({', '.join(sorted(reasons)) or 'forbidden'}); check what the account may "
                "read and its scope"
            ) from None
        raise CorpusError(
            f"gdrive: answered {status} ({', '.join(sorted(reasons)) or 'no reason'}); check that the Drive API is "
            "enabled for the account's project and that the ids are right, then sync again"
        ) from None
    except ValueError:
        raise CorpusError("gdrive: an answer is not JSON; expected Drive's API at this URL") from None


def _reasons(body: bytes) -> set[str]:
    try:
        return {str(item.get("reason")) for item in json.loads(body)["error"]["errors"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _bytes(found: object) -> bytes | None:
    return found if isinstance(found, bytes) else None
