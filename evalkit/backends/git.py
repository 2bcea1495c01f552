"""Git repositories as bare mirrors, read through the git executable. Standard library, address guard and clock only.

Nothing is ever checked out, so no name in a repository becomes a name on this disk, and no hook, filter, submodule,
prompt or helper program runs. Mirrors lie in the user's cache folder, one a repository, and only fetch what is new.
"""

from __future__ import annotations

import atexit
import base64
import datetime as dt
import functools
import json
import os
import re
import shlex
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from evalkit.backends.addresses import resolve
from evalkit.backends.files import exclusive, write_atomic
from evalkit.backends.http import Pace
from evalkit.digest import of_bytes
from evalkit.errors import CorpusError, MissingDependency

__all__ = ["File", "Mirror", "Origin", "Touch", "blob"]

TIMEOUT = 1800
"""Seconds that one git command may take."""
TRIES = 4
"""How often a repository elsewhere is asked where what went wrong may pass."""
_PASSES = re.compile(
    r"could not resolve host|connection (refused|reset|timed out|closed)|operation (timed out|too slow)|"
    r"failed to connect|couldn't connect|network is unreachable|no route to host|returned error: (408|429|5\d\d)|"
    r"empty reply|early eof|rpc failed|unexpected disconnect|hung up unexpectedly|transfer closed|recv failure",
    re.IGNORECASE,
)
_STAYS = re.compile(
    r"(HTTP|returned error:) 4(?!08|29)\d\d|permission denied|authentication failed", re.IGNORECASE
)
_opening = threading.Lock()
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15"
_SCP = re.compile(r"^\w[\w.+-]*@(?P<host>\w[\w.-]*):(?!/)")
_USER = re.compile(r"(?<=://)[^/?#]*@")
_COMMIT = re.compile(r"\x01([0-9a-f]{40,64})\x02(\d+)\x02(.*)", re.DOTALL)
_KEPT = ("PATH", "HOME", "USER", "TMPDIR", "SSH_AUTH_SOCK", "SYSTEMROOT", "GIT_SSL_CAINFO", "SSL_CERT_FILE")
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "core.sshCommand": _SSH,
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
}


class File(NamedTuple):
    """A plain file of a commit: its path as git's bytes say it, its blob and its size in bytes."""

    path: str
    blob: str
    size: int


class Touch(NamedTuple):
    """The last commit that changed a path: seconds since the epoch, hash, author."""

    time: int
    commit: str
    author: str

    @property
    def iso(self) -> str:
        """The time as ISO 8601, in UTC."""
        return dt.datetime.fromtimestamp(self.time, dt.UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a repository is: a URL (https, ssh; http on a private network), or a path of this machine.

    `token` is sent to https URLs as a password, through the environment and never on a command line.
    """

    place: str
    local: bool = False
    token: str = ""
    allow_private: bool = False

    def __str__(self) -> str:
        return self.place if self.local else _USER.sub("", self.place)

    def settings(self) -> tuple[str, dict[str, str]]:
        """Returns the one protocol that git may use, and its settings.

        Raises:
            CorpusError: for another scheme, or an address that no source has.
        """
        if self.local:
            return "file", {}
        if found := _SCP.match(self.place):
            return "ssh", self._ssh(found["host"].lower(), 22)
        try:
            parts = urlsplit(self.place)
            stated = parts.port
        except ValueError as error:
            raise CorpusError(f"{self}: is not a URL ({error}); expected https:// or ssh://") from error
        allowed = {"https", "ssh"} | ({"http"} if self.allow_private else set())
        if parts.scheme not in allowed or not parts.hostname or self.place.startswith("-"):
            raise CorpusError(f"{self}: expected an https:// or ssh:// URL, or path: for a local repository")
        if parts.password or (parts.username and parts.scheme != "ssh"):
            raise CorpusError(
                f"{self}: the URL holds a password or a user; leave them out and give a token: ${{NAME}} instead"
            )
        port = stated or {"https": 443, "http": 80, "ssh": 22}[parts.scheme]
        if parts.scheme == "ssh":
            return "ssh", self._ssh(parts.hostname, port)
        address = resolve(parts.hostname, port, private=self.allow_private)
        pinned = f"[{address}]" if ":" in address else address
        settings = {"http.curloptResolve": f"{parts.hostname}:{port}:{pinned}"}
        if self.token:
            basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
            settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {basic}"
        return parts.scheme, settings

    def _ssh(self, host: str, port: int) -> dict[str, str]:
        """Connects to the address that was checked, and proves its key by the host's name as ssh keeps it."""
        address = resolve(host, port, private=self.allow_private)
        known = host if port == 22 else f"[{host}]:{port}"
        pinned = (f"Hostname={address}", f"HostKeyAlias={known}")
        return {"core.sshCommand": " ".join([_SSH, *(f"-o {shlex.quote(option)}" for option in pinned)])}


class _PassingError(CorpusError):
    """What may work when it is tried again."""


class Mirror:
    """A bare copy of a repository.

    Args:
        origin: where it comes from.
        home: the folder of mirrors; the user's cache folder where None.
    """

    def __init__(self, origin: Origin, home: Path | None = None) -> None:
        self.origin = origin
        self.folder = (home or _cache()) / of_bytes(origin.place.encode())[:32]

    def update(self, ref: str) -> str:
        """Fetches what is new and returns the commit that `ref` (a branch, a tag, a hash, HEAD) names there now.

        Raises:
            CorpusError: where the repository or the ref cannot be had.
        """
        if ref.startswith("-") or not ref.isprintable():
            raise CorpusError(f"{self.origin}: {ref!r} is not a ref; expected a branch, a tag or a commit")
        pace = Pace()
        for attempt in range(1, TRIES):
            try:
                return self._updated(ref)
            except CorpusError as error:
                if self.origin.local or not _passes(error):
                    raise
            pace.sleep(4.0**attempt * pace.jitter())
        return self._updated(ref)

    def _updated(self, ref: str) -> str:
        protocol, settings = self.origin.settings()
        reach = {**settings, f"protocol.{protocol}.allow": "always"}
        with exclusive(self.folder):
            if not (self.folder / "HEAD").exists():
                self._git("init", "--quiet", "--bare", str(self.folder))
            refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
            for wanted in (refs, ["+HEAD:refs/evalkit/HEAD"]) if ref == "HEAD" else (refs,):
                self._git(
                    "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--", self.origin.place,
                    *wanted, settings=reach,
                )  # fmt: skip
            return self.commit(ref)

    def commit(self, ref: str) -> str:
        """Returns the commit that a ref names in the mirror as it is."""
        names = (f"refs/heads/{ref}", f"refs/tags/{ref}", ref)
        for name in ("refs/evalkit/HEAD",) if ref == "HEAD" else names:
            try:
                found = self._git(
                    "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
                )
            except CorpusError:
                continue
            return found.decode().strip()
        raise CorpusError(
            f"{self.origin}: it has no branch, tag or commit {ref!r}; name one that it has with ref:"
        )

    def files(self, commit: str, below: str = "") -> list[File]:
        """Returns the plain files of a commit, in git's order; links and submodules are not among them."""
        paths = ["--", below] if below else []
        listed = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit, *paths)
        found = []
        for line in listed.split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, blob, size = facts.split()
            if mode in {b"100644", b"100755"}:
                found.append(File(os.fsdecode(path), blob.decode(), int(size)))
        return found

    def touched(self, commit: str) -> Mapping[str, Touch]:
        """Returns by path the latest commit that changed it, of all that lead to `commit`.

        The latest by (time, hash), whichever branch it came from; so commits can be added to what an earlier call
        found, and only new ones are walked.
        """
        path = self.folder / "touched.json"
        since, known = _earlier(path)
        if since == commit:
            return known
        if since and not self._leads(since, commit):
            since, known = "", {}
        log = self._git(
            "log", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--diff-merges=combined",
            "--name-only", "--format=%x01%H%x02%ct%x02%an", f"{since}..{commit}" if since else commit, "--",
        )  # fmt: skip
        touch = Touch(0, "", "")
        for token in os.fsdecode(log).split("\0"):
            if found := _COMMIT.fullmatch(token):
                touch = Touch(int(found[2]), found[1], found[3])
            elif name := token.removeprefix("\n"):
                known[name] = max(known.get(name, touch), touch)
        numbers = {touch: number for number, touch in enumerate(dict.fromkeys(known.values()))}
        paths = {name: numbers[touch] for name, touch in known.items()}
        write_atomic(path, json.dumps({"commit": commit, "touches": list(numbers), "paths": paths}))
        return known

    def _leads(self, before: str, after: str) -> bool:
        try:
            self._git("merge-base", "--is-ancestor", before, after)
        except CorpusError:
            return False
        return True

    def _git(self, *words: str, settings: Mapping[str, str] | None = None) -> bytes:
        folder = [] if words[0] == "init" else ["--git-dir", str(self.folder)]
        try:
            run = subprocess.run(  # noqa: S603
                [_executable(), *folder, *words],
                env=_environment({**_SETTINGS, **(settings or {})}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CorpusError(f"{self.origin}: git {words[0]} took longer than {TIMEOUT} seconds") from None
        if run.returncode:
            said = run.stderr.decode("utf-8", "replace").strip().splitlines()
            fatal = [line for line in said if line.startswith("fatal: ")]
            reason = (fatal or said[-1:] or [f"exit code {run.returncode}"])[0]
            failed = f"{self.origin}: git {words[0]} failed ({reason}); "
            heard = "\n".join(said)
            if words[0] == "fetch" and _PASSES.search(heard) and not _STAYS.search(heard):
                raise _PassingError(f"{failed}sync again later")
            raise CorpusError(f"{failed}check the repository, the ref and the credentials")
        return run.stdout


def _passes(error: CorpusError) -> bool:
    cause = error.__cause__
    busy = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
    return busy or isinstance(error, _PassingError)


def blob(mirror: Mirror, name: str) -> bytes:
    """Reads one blob."""
    with _opening:
        blobs = _blobs(mirror.folder)
    return blobs.read(name)


class _Blobs:
    """One `git cat-file --batch` that answers until the process ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.process = subprocess.Popen(  # noqa: S603
            [_executable(), "--git-dir", str(folder), "cat-file", "--batch"],
            env=_environment(_SETTINGS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt from the keyboard must not cut an answer short
        )
        atexit.register(self.close)

    def read(self, name: str) -> bytes:
        ask, answer = self.process.stdin, self.process.stdout
        if ask is None or answer is None or not name.isalnum():
            raise CorpusError(f"{self.folder}: {name!r} is not a blob")
        with self.lock:
            try:
                ask.write(f"{name}\n".encode())
                ask.flush()
                head = answer.readline().split()
                data = answer.read(int(head[2]) + 1) if len(head) == 3 else b""
            except OSError:
                head, data = [], b""
        if head[1:] == [b"missing"]:
            raise CorpusError(f"{self.folder}: blob {name} is missing; delete this folder and sync again")
        if not data.endswith(b"\n") or len(data) != int(head[2]) + 1:
            raise CorpusError(f"{self.folder}: git ended while blob {name} was read; sync again")
        return data[:-1]

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self.process.wait(timeout=10)


@functools.lru_cache(maxsize=32)
def _blobs(folder: Path) -> _Blobs:
    return _Blobs(folder)


def _earlier(path: Path) -> tuple[str, dict[str, Touch]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        touches = [Touch(*touch) for touch in content["touches"]]
        return content["commit"], {name: touches[number] for name, number in content["paths"].items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return "", {}


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Everything that git may see: settings come through here too, where no process list shows them."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    fixed = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
    for number, (key, value) in enumerate(settings.items()):
        fixed |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return kept | fixed


@functools.lru_cache(maxsize=1)
def _executable() -> str:
    import shutil

    if (found := shutil.which("git")) is None:
        raise MissingDependency("the 'git' connector needs the git executable; install git")
    return found


def _cache() -> Path:
    stated = os.environ.get("XDG_CACHE_HOME")
    return (Path(stated) if stated else Path.home() / ".cache") / "evalkit" / "git"
