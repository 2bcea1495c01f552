"""Commands that look after golden sets: golden check, reanchor, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.making import draft, generate, review
from evalkit.cli.shared import SUITE, Commands, console, progress_bars
from evalkit.wording import counted

if TYPE_CHECKING:
    from evalkit.suite import Suite

__all__ = ["golden"]


@click.group(cls=Commands)
def golden() -> None:
    """Keep a golden set true, make one, turn it into other formats."""


@golden.command()
@SUITE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path),
    help="A report of this suite: shows which questions every variant gets.",
)
@click.option(
    "--prompts",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file of prompts or few-shot examples, searched for leaked questions and answers; repeat for several.",
)
def check(suite: Path, *, as_json: bool, report_file: Path | None, prompts: tuple[Path, ...]) -> None:
    """Say what became of the evidence, by slice, and what is weak about the questions."""
    import json

    from evalkit.evaluate import read_corpus
    from evalkit.golden import checks
    from evalkit.golden.reanchor import counts, trace
    from evalkit.report.model import load
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    corpus, questions = read_corpus(loaded), loaded.golden.questions()
    table = counts(trace(questions, corpus))
    stages = None
    if report_file is not None:
        stages = {
            item["id"]: [result["stage"] for result in item["results"].values()]
            for item in load(report_file)["items"]
        }
    findings = checks.run(questions, corpus, prompts=prompts, stages=stages, test_share=loaded.test_share)
    if as_json:
        content = {"evidence": table, "checks": [finding.plain() for finding in findings]}
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
        return
    _evidence_table(table)
    for finding in findings:
        click.echo(f"{finding.count:>6,} of {finding.total:,}  {finding.check}: {finding.text}")
        for example in finding.examples:
            click.echo(f"         {example}")


@golden.command()
@SUITE
@click.option(
    "--review",
    "review_file",
    type=click.Path(path_type=Path),
    help="Where to write changed evidence for a person to judge [default: review.jsonl beside the suite].",
)
@click.option(
    "--accept",
    "accept_file",
    type=click.Path(path_type=Path),
    help="Apply a review file in which a person has set each 'accept' to true or false.",
)
def reanchor(suite: Path, *, review_file: Path | None, accept_file: Path | None) -> None:
    """Pin the evidence that stands or moved; write the changed to a file for a person to judge."""
    from evalkit.backends.files import write_atomic
    from evalkit.evaluate import read_corpus
    from evalkit.golden import reanchor as evidence
    from evalkit.golden.jsonl import write
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    path = _jsonl(loaded)
    corpus, questions = read_corpus(loaded), loaded.golden.questions()
    if accept_file is not None:
        questions, tally = evidence.decide(questions, accept_file, corpus)
        click.echo(", ".join(f"{count} {what}" for what, count in tally.items()))
    traced = evidence.trace(questions, corpus)
    write_atomic(path, write(evidence.reanchored(questions, traced, corpus)))
    _evidence_table(evidence.counts(traced))
    click.echo(f"wrote {path}")
    if changed := evidence.review(traced, corpus):
        review_file = review_file or loaded.path.parent / "review.jsonl"
        write_atomic(review_file, changed)
        click.echo(f"wrote {review_file}: set 'accept' in each line to true or false, then")
        click.echo(f"      evalkit golden reanchor {suite} --accept {review_file}")


@golden.command()
@SUITE
@click.option("--jsonl", "jsonl_file", type=click.Path(path_type=Path), help="Write the questions here.")
@click.option(
    "--trec",
    "trec_folder",
    type=click.Path(path_type=Path),
    help="Write topics.txt and qrels.txt into this folder; quotes become whole documents.",
)
@click.option("--source", default="", help="The source that TREC documents are named without.")
@click.option(
    "--runs", is_flag=True, help="With --trec: also run the variants and write VARIANT.run for each."
)
def export(
    suite: Path, *, jsonl_file: Path | None, trec_folder: Path | None, source: str, runs: bool
) -> None:
    """Write the golden set, whatever its format, as JSON Lines or TREC files."""
    from evalkit.backends.files import write_atomic
    from evalkit.errors import SuiteError
    from evalkit.golden import trec
    from evalkit.golden.jsonl import write
    from evalkit.suite import load_suite

    if jsonl_file is None and trec_folder is None:
        raise SuiteError("nothing to write; give --jsonl FILE or --trec FOLDER")
    loaded = load_suite(suite)
    questions = loaded.golden.questions()
    files: dict[Path, str] = {}
    if jsonl_file is not None:
        files[jsonl_file] = write(questions)
    if trec_folder is not None:
        files[trec_folder / "topics.txt"] = trec.write_topics(questions)
        files[trec_folder / "qrels.txt"] = trec.write_qrels(questions, source)
        quotes = sum(bool(piece.quote) for question in questions for piece in question.evidence)
        if quotes:
            click.echo(
                f"{counted(quotes, 'quote')} became whole documents: TREC judgements hold nothing finer",
                err=True,
            )
    if trec_folder is not None and runs:
        from evalkit.backends.runtime import open_runtime
        from evalkit.rankings import ranked

        with progress_bars() as progress:
            found = ranked(loaded, open_runtime(loaded.home, progress=progress), source)
        for name, run in found.items():
            files[trec_folder / f"{name.replace('/', '-')}.run"] = trec.write_run(run, name.replace(" ", "-"))
    for path, text in files.items():
        write_atomic(path, text)
        click.echo(f"wrote {path}")


golden.add_command(draft)
golden.add_command(generate)
golden.add_command(review)


def _evidence_table(table: dict[str, dict[str, int]]) -> None:
    from rich.table import Table

    shown = Table(
        "slice", *next(iter(table.values())), title="evidence", title_justify="left", show_edge=False
    )
    for name, row in sorted(table.items()):
        shown.add_row(name or "all", *(f"{count:,}" for count in row.values()))
    console().print(shown)


def _jsonl(suite: Suite) -> Path:
    """The file that a suite's questions can be written back to."""
    from evalkit.errors import GoldenError
    from evalkit.golden.jsonl import Jsonl

    if not isinstance(suite.golden, Jsonl):
        raise GoldenError(
            f"{suite.path}: its golden set is read from {type(suite.golden).__name__}; only JSON Lines holds offsets: "
            f"write it with `evalkit golden export {suite.path.parent} --jsonl golden.jsonl` and name that file"
        )
    return suite.golden.path
