"""Synthetic questions, against a double of an OpenAI-compatible endpoint that speaks its wire format over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evalkit.backends.runtime import open_runtime
from evalkit.backends.testset import PERSONA, Written
from evalkit.errors import EvaluationError
from evalkit.evaluate import read_corpus
from evalkit.generate import Generated, generate
from evalkit.golden.anchor import anchor
from evalkit.suite import Suite, load_suite
from evalkit.sync import sync
from tests.conftest import Write, silent

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
seed: 3
measures: [Recall@2]
variants: {v: {chunker: sentence, retriever: bm25}}
"""


@pytest.fixture
def suite(write: Write) -> Suite:
    for n in range(4):
        text = (
            f"The keeper of house {n} feeds the otters at {n + 6} in the morning, before the gates open. " * 4
        )
        write(
            f"docs/{n}.md",
            f"# House {n}\n\n{text}\n\n## Short\n\nToo short to ask about.\n\n## More\n\n{text}",
        )
    write("pyproject.toml", "")
    loaded = load_suite(write("suite.yaml", SUITE))
    sync(loaded, silent)
    return loaded


class Scripted:
    """A writer that follows a script; a plain class, since `generate` needs no model."""

    def __init__(self, *script: Written | str) -> None:
        self.script, self.asked = list(script), list[str]()

    def ask(self, text: str) -> Written:
        self.asked.append(text)
        step = self.script[len(self.asked) - 1] if len(self.asked) <= len(self.script) else "nothing"
        if isinstance(step, str):
            raise EvaluationError(step)
        contexts = tuple(quote.replace("TEXT", text) for quote in step.contexts)
        return Written(step.question, step.answer, contexts, step.persona, step.style)


def made(suite: Suite, writer: Scripted, count: int) -> Generated:
    return generate(suite, writer, open_runtime(suite.home, progress=silent), count=count, model="m-1")


def test_only_what_stands_verbatim_is_kept_and_the_rest_is_counted(suite: Suite) -> None:
    good = Written("When are otters fed?", "At six.", ("TEXT",), "Visitor", "POOR_GRAMMAR")
    writer = Scripted(
        good,
        "the endpoint said 500",
        good,  # the same question again
        Written("What else?", "Bread.", ("TEXT and bread",), "", ""),
        Written("What else?", "Bread.", (), "", ""),
        Written(" ", "Bread.", ("TEXT",), "", ""),
        Written("Who feeds them?", "The keeper.", ("The keeper of house",), "", ""),
    )
    done = made(suite, writer, 7)
    assert done.failed == {
        "the endpoint said 500": 1,
        "the question was asked before": 1,
        "its evidence does not stand verbatim in the document": 2,
        "the model gave no question or no answer": 1,
    }
    first, second = done.questions
    assert first.tags == {
        "provenance": "synthetic",
        "author": "m-1",
        "persona": "Visitor",
        "style": "POOR_GRAMMAR",
    }
    assert (second.text, second.reference) == ("Who feeds them?", "The keeper.")
    golden = anchor(done.questions, read_corpus(suite))
    assert not golden.unwinnable
    assert golden.qrels.start.tolist() == [e.start for q in done.questions for e in q.evidence]


def test_passages_are_spread_over_documents_and_drawn_by_the_seed(suite: Suite) -> None:
    writer, again = Scripted(), Scripted()
    assert made(suite, writer, 100).failed == {"nothing": 8}
    assert {text.partition(" feeds")[0][-1] for text in writer.asked[:4]} == {"0", "1", "2", "3"}
    assert all(len(text) >= 200 for text in writer.asked)
    made(suite, again, 8)
    assert again.asked == writer.asked


# ---------------------------------------------------------------- through ragas


class Endpoint(BaseHTTPRequestHandler):
    """A double of POST /v1/chat/completions: answers each of ragas' three prompts as a model would."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = "\n".join(str(message["content"]) for message in body["messages"])
        self.server.seen.append((self.path, self.headers["Authorization"], body["model"]))  # type: ignore[attr-defined]
        if "House 2" in prompt:
            self.send_error(400, "the content filter refused")
            return
        if "Extract the named entities" in prompt:
            answer: dict[str, object] = {"entities": ["otters"]}
        elif "associate each persona" in prompt or ("persona" in prompt and "themes" in prompt.lower()):
            answer = {"mapping": {PERSONA.partition(":")[0]: ["otters"]}}
        else:
            number = next((n for n in range(4) if f"house {n}" in prompt), "?")
            answer = {"query": f"when do otters of house {number} eat", "answer": "In the morning."}
        message = {"role": "assistant", "content": json.dumps(answer)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        reply = {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
        }
        content = json.dumps(reply | {"usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture
def endpoint() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.filterwarnings("ignore")  # of ragas and the libraries below it
def test_ragas_writes_questions_whose_evidence_is_verified(
    suite: Suite, endpoint: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ragas")
    from click.testing import CliRunner

    from evalkit.cli import cli

    monkeypatch.setenv("KEY_OF_TEST", "sk-secret")
    out = tmp_path / "synthetic.jsonl"
    arguments = ["golden", "generate", str(suite.path), "--out", str(out), "--model", "m-1", "--count", "4"]
    arguments += ["--base-url", f"http://127.0.0.1:{endpoint.server_port}/v1", "--api-key-env", "KEY_OF_TEST"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "3 questions" in done.output
    assert "1 failed: " in done.output
    questions = [json.loads(line) for line in out.read_text().splitlines()]
    assert {q["text"] for q in questions} == {f"when do otters of house {n} eat" for n in (0, 1, 3)}
    assert all(q["tags"]["provenance"] == "synthetic" for q in questions)
    texts = {f"docs/{n}.md": (tmp_path / "docs" / f"{n}.md").read_text() for n in range(4)}
    for question in questions:
        (evidence,) = question["evidence"]
        assert texts[evidence["doc"]].startswith(evidence["quote"], evidence["start"])
    assert set(endpoint.seen) == {("/v1/chat/completions", "Bearer sk-secret", "m-1")}  # type: ignore[attr-defined]
    assert "sk-secret" not in done.output
