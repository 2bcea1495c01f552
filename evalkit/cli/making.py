"""Commands that make golden sets: golden draft, review, generate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.shared import SUITE, console, progress_bars
from evalkit.wording import counted

if TYPE_CHECKING:
    from evalkit.golden.judgements import Candidates, Judgements

__all__ = ["draft", "generate", "review"]

_KEYS = "y whole passage · 1-9 that sentence · n no · u unanswerable · x drop the query · b back · q stop"


@click.command()
@SUITE
@click.option(
    "--queries",
    type=click.Path(path_type=Path),
    required=True,
    help="A query log: a text file, a query a line.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Where to write the candidates to judge."
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many passages of each variant are pooled.",
)
@click.option(
    "--run",
    "runs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A TREC run file of another system to pool too, by query id; repeat for several.",
)
def draft(suite: Path, *, queries: Path, out: Path, depth: int, runs: tuple[Path, ...]) -> None:
    """Pool the variants' best passages for logged queries, for a person to judge."""
    from evalkit.backends.files import write_atomic
    from evalkit.backends.runtime import open_runtime
    from evalkit.draft import draft as pooled
    from evalkit.draft import read_queries
    from evalkit.suite import load_suite

    loaded, questions = load_suite(suite), read_queries(queries)
    with progress_bars() as progress:
        runtime = open_runtime(loaded.home, progress=progress)
        lines = list(pooled(loaded, questions, runtime, depth=depth, runs=runs))
    write_atomic(out, "".join(lines))
    click.echo(
        f"wrote {out}: {counted(len(lines), 'query')}; next: evalkit golden review {out} --out golden.jsonl --by YOU"
    )


@click.command()
@click.argument("candidates", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write the questions.")
@click.option("--by", required=True, help="Who judges; becomes the questions' author.")
def review(candidates: Path, *, out: Path, by: str) -> None:
    """Judge candidates with single keys; stop and go on whenever you like, nothing is lost."""
    from evalkit.backends.files import write_atomic
    from evalkit.errors import GoldenError
    from evalkit.golden.jsonl import write
    from evalkit.golden.judgements import Judgements, read_candidates

    held = read_candidates(candidates)
    log = Judgements(candidates.with_name(f"{candidates.name}.judgements"), by)
    if not sys.stdin.isatty() and log.following(held) is not None:
        raise GoldenError("golden review reads single keys; run it in a terminal")
    total = sum(len(item.passages) for item in held)
    with _keyboard() as key:
        while (following := log.following(held)) is not None:
            item, number = following
            _show(item, number, f"{len(log.given):,} judged of {total:,}")
            if not _judged(log, item, number, key):
                break
    questions = log.questions(held)
    write_atomic(out, write(questions))
    click.echo(
        f"wrote {out}: {counted(len(questions), 'question')}; {counted(log.left(held), 'query')} left to judge"
    )


@click.command()
@SUITE
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write the questions.")
@click.option("--model", required=True, help="The model's name at the endpoint.")
@click.option(
    "--base-url",
    default="https://api.openai.com/v1",
    show_default=True,
    help="An OpenAI-compatible endpoint.",
)
@click.option(
    "--api-key-env", default="OPENAI_API_KEY", show_default=True, help="The variable that holds its key."
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many passages to ask about.",
)
@click.option(
    "--persona", "personas", multiple=True, help="Who asks, 'name: description'; repeat for several."
)
def generate(
    suite: Path,
    *,
    out: Path,
    model: str,
    base_url: str,
    api_key_env: str,
    count: int,
    personas: tuple[str, ...],
) -> None:
    """Have a model write questions about the documents; passages of them are sent to the endpoint.

    Evidence that does not stand verbatim in its document is refused and counted. The questions carry the tag
    provenance=synthetic.
    """
    import os

    from evalkit.backends.files import write_atomic
    from evalkit.backends.runtime import open_runtime
    from evalkit.backends.testset import PERSONA, Generator
    from evalkit.errors import SuiteError
    from evalkit.generate import generate as generated
    from evalkit.golden.jsonl import write
    from evalkit.suite import load_suite

    loaded, key = load_suite(suite), os.environ.get(api_key_env)
    if not key:
        raise SuiteError(
            f"the variable {api_key_env} is not set; it holds the endpoint's key (any word where it needs none)"
        )
    generator = Generator(model, base_url=base_url, api_key=key, personas=personas or (PERSONA,))
    with progress_bars() as progress:
        runtime = open_runtime(loaded.home, progress=progress)
        made = generated(loaded, generator, runtime, count=count, model=model)
    write_atomic(out, write(made.questions))
    click.echo(f"wrote {out}: {counted(len(made.questions), 'question')}")
    for reason, times in made.failed.most_common():
        click.echo(f"{times:,} failed: {reason}", err=True)


@contextmanager
def _keyboard() -> Iterator[Callable[[], str]]:
    """Gives a function that waits for a key; keys typed ahead wait their turn. "" means that there are no more."""
    try:
        import termios
        import tty
    except ImportError:  # no such terminals on Windows
        yield click.getchar
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle, termios.TCSADRAIN)
    try:
        yield lambda: _key(handle)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _key(handle: int) -> str:
    import os
    import select

    pressed = os.read(handle, 1)
    if pressed == b"\x1b" and select.select([handle], [], [], 0)[0]:
        os.read(handle, 16)  # the rest of an arrow or function key
    return "" if pressed == b"\x04" else pressed.decode("latin-1")


def _judged(log: Judgements, item: Candidates, number: int, wait: Callable[[], str]) -> bool:
    """Waits for a key that means something and records it; False to stop."""
    from evalkit.golden.judgements import parts

    passage, question = item.passages[number], item.question.id
    while True:
        try:
            key = wait().lower()
        except (KeyboardInterrupt, EOFError):
            return False
        sentences = parts(passage)
        if key in {"q", ""}:
            return False
        if key == "b":
            log.undo()
        elif key == "y":
            log.add(question, number, "yes", passage)
        elif key == "n":
            log.add(question, number, "no")
        elif key == "u":
            log.add(question, -1, "unanswerable")
        elif key == "x":
            log.add(question, -1, "drop")
        elif key.isdigit() and 0 < int(key) <= len(sentences):
            log.add(question, number, "yes", sentences[int(key) - 1])
        else:
            continue
        return True


def _show(item: Candidates, number: int, progress: str) -> None:
    from rich.markup import escape
    from rich.panel import Panel

    from evalkit.golden.judgements import parts

    passage = item.passages[number]
    body = "\n".join(f"[bold]{n}[/] {escape(part.quote)}" for n, part in enumerate(parts(passage), 1))
    title = f"{escape(item.question.text)}  [dim]({number + 1} of {len(item.passages)})[/]"
    console().print(
        Panel(body, title=title, subtitle=f"{escape(passage.doc)} · {progress}", title_align="left")
    )
    click.echo(_KEYS)
