"""Commands of a release: decide, promote, baseline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evalkit.cli.shared import EXIT_CODES, OUTPUT, SUITE, folder_of

__all__ = ["baseline", "decide", "promote"]


@click.command()
@SUITE
@click.argument("report_file", metavar="REPORT", type=click.Path(path_type=Path))
@click.option("--by", "approvers", multiple=True, required=True, help="Who signs; repeat for several.")
@click.option("--statement", type=OUTPUT, help="Also write an in-toto statement here.")
@click.option("--html", "html_file", type=OUTPUT, help="Also write the page with the decision here.")
def decide(
    suite: Path,
    report_file: Path,
    *,
    approvers: tuple[str, ...],
    statement: Path | None,
    html_file: Path | None,
) -> None:
    """Decide on a report, with readiness.yaml, and append the decision to decisions.jsonl."""
    import datetime as dt
    import json

    from evalkit.backends.files import write_atomic
    from evalkit.decision import intoto
    from evalkit.decision.decide import decide as run_decide
    from evalkit.errors import SuiteError
    from evalkit.report.html import render_html
    from evalkit.report.model import load
    from evalkit.suite import load_suite

    loaded, report = load_suite(suite), load(report_file)
    if report["suite"] != loaded.name:
        raise SuiteError(f"{report_file}: a report of '{report['suite']}'; expected one of '{loaded.name}'")
    entry = run_decide(folder_of(suite), report_file, approvers, dt.datetime.now(dt.UTC))
    click.echo(f"decision {entry['number']}: {entry['decision']}")
    for edit in entry["edited"]:
        click.echo(f"! gate {edit}")
    for waiver in entry["waivers"]:
        click.echo(f"! waived: {waiver['waives']}, by {waiver['owner']}, until {waiver['expires']}")
    for reason in entry["reasons"]:
        click.echo(f"- {reason}")
    if statement is not None:
        write_atomic(statement, json.dumps(intoto.statement(entry), indent=2) + "\n")
    if html_file is not None:
        write_atomic(html_file, render_html(report, entry))
    for path in filter(None, (statement, html_file)):
        click.echo(f"wrote {path}")
    sys.exit(EXIT_CODES[entry["decision"]])


@click.command()
@SUITE
@click.argument("report_file", metavar="REPORT", type=click.Path(path_type=Path))
@click.option("--variant", required=True, help="The variant that ships.")
@click.option("--by", required=True, help="Who promotes it.")
@click.option("--why", required=True, help="Why, in a sentence.")
@click.option("--tracking", metavar="URI", help="MLflow tracking URI [default: where the report was logged].")
def promote(suite: Path, report_file: Path, *, variant: str, by: str, why: str, tracking: str | None) -> None:
    """Make a variant the release, after a GO: write release.json and move MLflow's alias."""
    import datetime as dt

    from evalkit.decision.promote import promote as run_promote

    release = run_promote(
        folder_of(suite), report_file, variant, by=by, why=why, now=dt.datetime.now(dt.UTC), uri=tracking
    )
    click.echo(f"{release['variant']} is the release; wrote {folder_of(suite) / 'release.json'}")


@click.command()
@SUITE
@click.option("--tracking", metavar="URI", required=True, help="MLflow tracking URI.")
@click.option("--alias", default="release", show_default=True, help="Alias of the suite's registered model.")
@click.option("--tag", metavar="KEY=VALUE", help="Instead: the latest variant run with this tag.")
def baseline(suite: Path, *, tracking: str, alias: str, tag: str | None) -> None:
    """Pin the baseline from MLflow: write release.json, which `baseline: {release: NAME}` reads."""
    from evalkit.decision.promote import pin
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    wanted = tag.partition("=") if tag else None
    release = pin(
        loaded.path.parent,
        loaded.name,
        tracking,
        alias=None if wanted else alias,
        tag=(wanted[0], wanted[2]) if wanted else None,
    )
    click.echo(f"{release['variant']} is the baseline; wrote {loaded.path.parent / 'release.json'}")
