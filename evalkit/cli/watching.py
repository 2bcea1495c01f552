"""The command that watches a release: monitor."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evalkit.cli.shared import EXIT_CODES, SUITE, progress_bars

__all__ = ["monitor"]


@click.command()
@SUITE
@click.option(
    "--outcomes", type=click.Path(path_type=Path), help="Scored live queries, one JSON object a line."
)
@click.option("--at-least", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Their floor.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="The error of all looks together.",
)
@click.option(
    "--state", type=click.Path(path_type=Path), help="Where the last look is kept [default: in .evalkit]."
)
@click.option("--webhook", metavar="URL", help="Told when the alarm is raised or the verdict changes.")
@click.option("--tracking", metavar="URI", help="MLflow tracking URI of re-runs [default: do not log].")
def monitor(
    suite: Path,
    *,
    outcomes: Path | None,
    at_least: float | None,
    alpha: float,
    state: Path | None,
    webhook: str | None,
    tracking: str | None,
) -> None:
    """Watch a release: live outcomes against a floor, or without --outcomes the suite run again.

    Exit codes: 0 quiet or GO, 1 alarm or NO-GO, 3 INCONCLUSIVE.
    """
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    kept = loaded.home / "monitor"
    if outcomes is not None:
        from evalkit.decision.monitor import tell, watched

        if at_least is None:
            raise click.UsageError("--outcomes needs --at-least, the floor to watch")
        file = state or kept / f"{loaded.name}.outcomes.json"
        alarm = watched(outcomes, file, floor=at_least, alpha=alpha, webhook=webhook, suite=loaded.name)
        click.echo(f"{'ALARM' if alarm.raised else 'quiet'}: {tell(alarm)}")
        sys.exit(EXIT_CODES["NO-GO" if alarm.raised else "GO"])

    from evalkit.backends.files import write_atomic
    from evalkit.decision.monitor import call
    from evalkit.report import files
    from evalkit.run import run_suite

    file = state or kept / f"{loaded.name}.verdict"
    was = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    with progress_bars() as progress:
        report = run_suite(loaded, progress, tracking=tracking)
    now = report["verdict"]
    files.save(report, loaded.home)
    if webhook is not None and was and was != now:
        call(webhook, loaded.name, was, now, "; ".join(report["reasons"][:5]))
    write_atomic(file, now + "\n")
    click.echo(f"{was or 'first look'} -> {now}: {report['reasons'][0]}")
    sys.exit(EXIT_CODES[now])
