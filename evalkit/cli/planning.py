"""The command that says what a suite could decide: plan."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.shared import SUITE, console

__all__ = ["plan"]


@click.command()
@SUITE
@click.option(
    "--icc",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="Assumed likeness of one cluster's questions, 0 to 1.",
)
@click.option(
    "--changed",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Assumed share of questions that a variant changes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def plan(suite: Path, *, icc: float, changed: float, as_json: bool) -> None:
    """Say before any compute what each gate can detect, and how many questions it needs.

    Assumes 0/1 scores, a true score as stated, an 80% chance of deciding; graded scores need fewer questions.
    """
    import json
    from dataclasses import asdict

    from rich.table import Table

    from evalkit.evaluate import read_questions
    from evalkit.plan import plan as planned
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    rows = planned(loaded, read_questions(loaded), icc=icc, changed=changed)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    table = Table(
        "gate",
        "questions",
        "clusters",
        "worth",
        "decides, 4 times in 5",
        "questions it takes",
        show_edge=False,
    )
    for row in rows:
        needs = "; ".join(
            f"{what}: {'never' if count is None else f'{count:,}'}" for what, count in row.needs.items()
        )
        gate = f"{row.gate} [{row.slice}]" if row.slice and f"[{row.slice}]" not in row.gate else row.gate
        said = f"NEVER: {row.never}" if row.never else row.detects
        table.add_row(
            gate.replace("[", r"\["), f"{row.n:,}", f"{row.clusters:,}", f"{row.effective:,}", said, needs
        )
    console().print(table)
