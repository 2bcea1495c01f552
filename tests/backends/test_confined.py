"""Real documents that hang, crash or swell their converter; and what must go on working all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from evalkit.backends import confined
from evalkit.backends.confined import Pool
from evalkit.corpus.convert import to_document
from evalkit.corpus.markup import of_page
from evalkit.errors import CorpusError
from evalkit.types import Unreadable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits as POSIX has them")

SHORT = b"<h1>Otters</h1><p>They hold hands."
SLOW = b"<p>" + b" " * 20_000 + b"x"
"""Spaces on which markdownify's pattern for line ends is quadratic: more than a second's work."""
ENDLESS = b"<p>" + b" " * 1_000_000 + b"x"
LARGE = b"<table><tr>" + b'<td colspan="999999999">x</td>' * 20_000 + b"</tr></table>"
"""600 KB of HTML whose Markdown has 220 MB."""


def pids(pool: Pool) -> list[int]:
    return [child.process.pid for child in pool.children if child.process is not None]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    late = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < late
        time.sleep(0.01)


def test_what_it_returns_is_what_the_function_returns() -> None:
    page = "<title>Öl</title><meta name=a content=b><p>über &#xd800; 𝕏".encode()
    assert confined.run(of_page, page) == of_page(page)


def test_a_document_that_takes_too_long_costs_its_child_alone() -> None:
    pool = Pool(1, seconds=0.5)
    pool.run(of_page, SHORT)
    (before,) = pids(pool)
    with pytest.raises(
        ValueError, match=r"took longer than 0\.5 seconds to convert; exclude it, or split it"
    ) as late:
        pool.run(of_page, ENDLESS)
    assert not Unreadable.because("a", late.value).lasting
    assert not alive(before)
    assert "hands" in pool.run(of_page, SHORT)[0]
    pool.close()


def test_a_document_that_needs_too_much_memory() -> None:
    pool = Pool(1, memory=150_000_000)
    with pytest.raises(ValueError, match="needs more than 150,000,000 bytes of memory to convert"):
        pool.run(of_page, LARGE)
    assert "hands" in pool.run(of_page, SHORT)[0]
    pool.close()


def test_a_document_that_becomes_too_much_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "MOST_TEXT", 1000)
    pool = Pool(1)
    with pytest.raises(ValueError, match="its text has 2,001 bytes; at most 1,000 are kept"):
        pool.run(of_page, b"x" * 2000)
    assert "hands" in pool.run(of_page, SHORT)[0]
    pool.close()


def test_a_child_that_is_killed_midway_loses_nothing() -> None:
    pool = Pool(1)
    pool.run(of_page, SHORT)
    (idle,) = pids(pool)
    os.kill(idle, signal.SIGKILL)
    with ThreadPoolExecutor(1) as threads:
        found = threads.submit(pool.run, of_page, SLOW)
        until(lambda: pids(pool) not in ([], [idle]))
        (busy,) = pids(pool)
        time.sleep(0.3)
        assert not found.done()
        os.kill(busy, signal.SIGKILL)
        with pytest.raises(ValueError, match=r"its converter ended \(signal 9\) before"):
            found.result()
    assert "hands" in pool.run(of_page, SHORT)[0]
    with ThreadPoolExecutor(1) as threads:
        (busy,) = pids(pool)
        found = threads.submit(pool.run, of_page, SLOW)
        time.sleep(0.3)
        os.kill(busy, signal.SIGKILL)
        assert found.result()[0] == "x\n"
    pool.close()


def test_eight_threads_share_the_children() -> None:
    pool = Pool(2)
    pages = [f"<title>{number}</title><p>{number}" * 50 for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda page: pool.run(of_page, page.encode()), pages))
    assert found == [of_page(page.encode()) for page in pages]
    assert len(pids(pool)) == 2
    pool.close()
    assert pids(pool) == []


def test_one_after_another_needs_one_child() -> None:
    pool = Pool(4)
    for _ in range(5):
        pool.run(of_page, SHORT)
    assert len(pids(pool)) == 1
    pool.close()


PARENT = f"""
import sys, threading, time
from evalkit.backends import confined
from evalkit.corpus.markup import of_page
confined.run(of_page, {SHORT!r})
pool = confined._pool(__import__("os").getpid())
thread = threading.Thread(target=confined.run, args=(of_page, b"<p>" + b" " * 300_000 + b"x"), daemon=True)
if "busy" in sys.argv:
    thread.start()
    time.sleep(0.3)
print(*(child.process.pid for child in pool.children if child.process), flush=True)
if "stays" in sys.argv:
    time.sleep(60)
"""


@pytest.mark.parametrize("how", ["ends", "is interrupted", "is killed"])
@pytest.mark.parametrize("busy", ["idle", "busy"])
def test_no_child_outlives_its_parent(how: str, busy: str) -> None:
    command = [sys.executable, "-c", PARENT, busy, "ends" if how == "ends" else "stays"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 1
        if how != "ends":
            assert all(map(alive, children))
            parent.send_signal(signal.SIGINT if how == "is interrupted" else signal.SIGKILL)
        parent.wait()
    if (how, busy) == ("is killed", "busy"):
        # The pattern holds the interpreter, so only its alarm can end this one: at most ten seconds after its limit.
        os.kill(children[0], signal.SIGALRM)
    until(lambda: not any(map(alive, children)))


def test_an_interrupt_does_not_wait_for_what_is_being_converted() -> None:
    children = confined._pool(os.getpid())
    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(confined.run, of_page, ENDLESS) for _ in range(6)]
        until(lambda: pids(children))
        with confined.interrupted():
            threads.shutdown()
    assert all(isinstance(document.exception(), CorpusError) for document in found)
    assert pids(children) == []
    assert "hands" in confined.run(of_page, SHORT)[0]


def test_an_interrupt_from_the_keyboard_does_not_reach_a_child() -> None:
    pool = Pool(1)
    pool.run(of_page, SHORT)
    (child,) = pids(pool)
    assert os.getpgid(child) != os.getpgid(0)
    pool.close()


def test_a_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIKI_TOKEN", "canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://canary")
    pool = Pool(1)
    pool.run(of_page, SHORT)
    (child,) = pids(pool)
    assert b"canary" not in Path(f"/proc/{child}/environ").read_bytes()
    pool.close()


def test_what_a_converter_prints_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loud = 'import os, sys\ndef loud(data):\n    os.write(1, b"noise" * 99)\n    print("noise", flush=True)\n'
    (tmp_path / "loud_converter.py").write_text(f"{loud}    return sys.stdin.read() + data.decode(), {{}}\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("loud_converter")
    pool = Pool(1)
    assert pool.run(module.loud, b"x") == ("x", {})
    pool.close()


def test_where_no_child_can_be_started_nothing_is_called_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CorpusError, match=r"ended as it started \(exit code 1\)"):
        Pool(1).run(of_page, SHORT)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CorpusError, match="cannot be started"):
        Pool(1).run(of_page, SHORT)


@pytest.mark.parametrize(
    "page",
    [b"<![" * 1000, b"<!DOCTYPE" * 1000, b"<div>" * 50_000, b"<p>x" * 20_000, b"&#99999999999;" * 10_000],
)
def test_hostile_html_ends_in_text_or_a_reason(page: bytes) -> None:
    with suppress(ValueError):
        assert to_document("x.html", page).text
