from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Sequence

import pytest

from evalkit.backends import http
from evalkit.backends.addresses import resolve
from evalkit.backends.http import Http
from evalkit.errors import CorpusError
from tests.service import Answer, Asked, Quick, service


def script(answers: Sequence[Answer]) -> Callable[[Asked], Answer]:
    waiting = iter(answers)
    return lambda _: next(waiting)


def waits(answers: Sequence[Answer]) -> list[float]:
    """How long each pause before the good answer was, the pacing between requests left out."""
    pace = Quick()
    with service(script([*answers, Answer({"ok": True})])) as running:
        reply = Http(running.url, allow_private=True, per_second=1e9, pace=pace).get("/x", params={"q": "1"})
        assert reply.json() == {"ok": True}
        assert [asked.query for asked in running.asked] == [{"q": "1"}] * (len(answers) + 1)
    return [round(slept, 3) for slept in pace.slept if slept > 0.01]


def test_patience_is_what_the_service_asks_for() -> None:
    assert waits([Answer(status=429, headers={"Retry-After": "7"})]) == [7]
    assert waits([Answer(status=503, headers={"Retry-After": "Fri, 15 Jan 2027 08:00:30 GMT"})]) == [30]
    assert waits([Answer(status=403, headers={"Retry-After": "60"})]) == [60]
    window = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000090"}
    assert waits([Answer(status=403, headers=window)]) == [90]


def test_a_pause_holds_for_every_thread() -> None:
    class Busy(Quick):
        """While the first request waits, another thread sends one."""

        busy = False

        def sleep(self, seconds: float) -> None:
            if not self.busy:
                self.busy = True
                other = threading.Thread(target=api.get, args=("/b",))
                other.start()
                other.join()
            super().sleep(seconds)

    pace = Busy()
    with service(
        script([Answer(status=429, headers={"Retry-After": "30"}), Answer({}), Answer({})])
    ) as running:
        api = Http(running.url, allow_private=True, per_second=1e9, pace=pace)
        api.get("/a")
        assert [asked.path for asked in running.asked] == ["/a", "/b", "/a"]
    assert pace.slept[0] == pytest.approx(30)


def test_failures_are_asked_again_at_growing_intervals() -> None:
    assert waits([Answer(status=500), Answer(status=502), Answer(b"half a body", cut=True)]) == [1, 2, 4]


def test_a_service_that_keeps_failing_is_given_up() -> None:
    pace = Quick()
    with service(lambda _: Answer(status=500)) as running:
        http_ = Http(running.url, allow_private=True, per_second=1e9, pace=pace)
        with pytest.raises(CorpusError, match="answered 500; the service failed; sync again later"):
            http_.get("/x")
        assert len(running.asked) == http.TRIES


def test_a_pause_too_long_ends_the_sync_with_its_length() -> None:
    with service(lambda _: Answer(status=429, headers={"Retry-After": "7200"})) as running:
        with pytest.raises(CorpusError, match=r"asks for a longer pause.*Retry-After: 7200"):
            Http(running.url, allow_private=True, pace=Quick()).get("/x")
        assert len(running.asked) == 1


def test_other_refusals_are_final_and_expected_ones_are_answers() -> None:
    with service(lambda asked: Answer(status=int(asked.path[1:]))) as running:
        api = Http(running.url, allow_private=True, pace=Quick())
        for status, says in ((401, "credentials were not accepted"), (403, "may not read"), (404, "nothing")):
            with pytest.raises(CorpusError, match=f"answered {status}; .*{says}"):
                api.get(f"/{status}")
        assert api.get("/404", expect={404}).status == 404
        assert api.get("/304", expect={304}).status == 304
        assert len(running.asked) == 5


def test_requests_keep_their_distance() -> None:
    pace = Quick()
    with service(lambda _: Answer({})) as running:
        api = Http(running.url, allow_private=True, per_second=3, pace=pace)
        for _ in range(7):
            api.request("POST", "/search", json={"query": ""})
    assert sum(pace.slept) == pytest.approx(2)


def test_messages_hold_no_secret() -> None:
    with service(lambda _: Answer(status=401)) as running:
        api = Http(running.url, allow_private=True, headers={"Authorization": "Bearer s3cret"}, pace=Quick())
        with pytest.raises(CorpusError) as refused:
            api.get(f"{running.url.replace('://', '://me:s3cret@')}/x", params={"token": "s3cret"})
        assert "s3cret" not in str(refused.value)
    with pytest.raises(CorpusError) as dead:
        Http(running.url, allow_private=True, pace=Quick()).get("/x", params={"token": "s3cret"})
    assert "s3cret" not in str(dead.value)
    assert "ConnectionRefusedError" in str(dead.value)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("fd00::1", False),
        ("169.254.169.254", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1", True),
        ("0.0.0.0", True),
        ("224.0.0.1", True),
    ],
)
def test_addresses_that_no_source_has(address: str, *, private: bool) -> None:
    with pytest.raises(CorpusError, match="is not a public one"):
        resolve(address, 443, private=private)


def test_addresses_that_a_source_may_have() -> None:
    assert resolve("8.8.8.8", 443, private=False) == "8.8.8.8"
    assert resolve("127.0.0.1", 80, private=True) == "127.0.0.1"
    assert resolve("10.0.0.1", 80, private=True) == "10.0.0.1"


def test_every_address_of_a_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(CorpusError, match=r"rebind\.example: its address 127\.0\.0\.1"):
        resolve("rebind.example", 443, private=False)


def test_a_redirect_may_not_lead_inside() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(status=302, headers={"Location": asked.query["to"]})

    with service(answer) as running:
        api = Http(running.url, allow_private=True, pace=Quick())
        port = running.url.rpartition(":")[2]
        for target, says in (
            (f"http://localhost:{port}/", "over https only"),
            (f"https://localhost:{port}/", "is not a public one"),
            ("https://169.254.169.254/latest/meta-data", "is not a public one"),
        ):
            with pytest.raises(CorpusError, match=says):
                api.get("/x", params={"to": target})
        with pytest.raises(CorpusError, match="no answer"):
            api.get("/x", params={"to": "file:///etc/passwd"})
        assert len(running.asked) == 4


def test_a_private_host_must_be_meant() -> None:
    with service(lambda _: Answer({})) as running:
        with pytest.raises(CorpusError, match="over https only"):
            Http(running.url, pace=Quick()).get("/x")
        assert running.asked == []


def test_an_answer_that_unpacks_beyond_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 100_000)
    packed = gzip.compress(b"0" * 10_000_000)
    answer = Answer(packed, headers={"Content-Encoding": "gzip"})
    with service(lambda _: answer) as running, pytest.raises(CorpusError, match="larger than 100,000 bytes"):
        Http(running.url, allow_private=True, pace=Quick()).get("/x")


def test_credentials_go_to_their_own_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with service(lambda _: Answer({})) as home, service(lambda _: Answer({})) as elsewhere:
        api = Http(home.url, allow_private=True, headers={"Authorization": "s3cret"}, pace=Quick())
        api.get("/x")
        api.get(f"{elsewhere.url}/download", headers={"Range": "bytes=0-1"})
    assert home.asked[0].headers["authorization"] == "s3cret"
    assert "authorization" not in elsewhere.asked[0].headers
    assert elsewhere.asked[0].headers["range"] == "bytes=0-1"


def test_an_answer_that_is_no_json_says_so() -> None:
    answer = Answer(b"<html>", headers={"Content-Type": "text/html"})
    with service(lambda _: answer) as running:
        reply = Http(running.url, allow_private=True, pace=Quick()).get("/x")
    with pytest.raises(CorpusError, match=r"not JSON \(text/html, 6 bytes\)"):
        reply.json()
