"""A test double: an OpenAI-compatible endpoint over real HTTP that judges by looking for sentences in texts."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Endpoint", "Fault", "judging", "serve"]

ELSE = "Nothing is known."


@dataclass(frozen=True)
class Fault:
    """What goes wrong instead of a reply."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    sleep: float = 0.0
    cut: bool = False


Says = Callable[[dict[str, Any], str], "str | Fault"]
"""From the user's data and the keys of the wanted schema (or "") to a reply."""


@dataclass
class Endpoint:
    """`asked` holds each request's data, `answered` those whose reply was sent whole."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)


def sentences(text: str) -> list[str]:
    return [piece.strip() for piece in re.split(r"(?<=[.!?])\s+", text) if piece.strip()]


def judging(data: dict[str, Any], keys: str) -> str | Fault:
    """A statement is supported where it stands in the context word by word."""

    def verdict(statement: str, name: str) -> dict[str, Any]:
        return {"statement": statement, "reason": "looked", name: int(statement in data["context"])}

    match keys:
        case "claims":
            return json.dumps({"claims": sentences(data["response"])})
        case "statements" if "statements" in data:
            return json.dumps({"statements": [verdict(s, "verdict") for s in data["statements"]]})
        case "statements":
            return json.dumps({"statements": sentences(data["answer"])})
        case "classifications":
            return json.dumps(
                {"classifications": [verdict(s, "attributed") for s in sentences(data["answer"])]}
            )
        case "reason verdict":
            useful = any(s in data["context"] for s in sentences(data["answer"]))
            return json.dumps({"reason": "looked", "verdict": int(useful)})
        case "noncommittal question":
            locker = re.match(r"The (code of locker \w+) is", data["response"])
            question = f"What is the {locker[1]}?" if locker else "Who repairs the pumps?"
            return json.dumps({"question": question, "noncommittal": int("I cannot say" in data["response"])})
    return next((s for s in data["passages"] if "pumps" in s), "I don't know.")


@contextmanager
def serve(says: Says = judging, latency: float = 0.0) -> Iterator[Endpoint]:
    """Runs the endpoint on a free port."""
    endpoint = Endpoint()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Stays quiet."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = body["messages"][-1]["content"]
            with lock:
                endpoint.asked.append(data)
                endpoint.bodies.append({**body, "authorization": self.headers["Authorization"]})
            schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
            reply = says(json.loads(data), " ".join(sorted(schema.get("properties", {}))))
            time.sleep(latency)
            if isinstance(reply, Fault):
                time.sleep(reply.sleep)
                self.send(reply.status, reply.body, reply.kind, cut=reply.cut)
                return
            message = {"role": "assistant", "content": reply}
            usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
            completion = {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": usage,
            }
            self.send(200, json.dumps(completion).encode(), "application/json")
            with lock:
                endpoint.answered.append(data)

        def send(self, status: int, content: bytes, kind: str, *, cut: bool = False) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content) + 100 * cut))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = cut
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
