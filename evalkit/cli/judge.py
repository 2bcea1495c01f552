"""Commands about judges: sample, calibrate, cards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.shared import SUITE, Commands, console, progress_bars
from evalkit.wording import counted

if TYPE_CHECKING:
    import datetime as dt

    from evalkit.trust.card import Card

__all__ = ["judge"]

MEASURE = click.option("--measure", help="Which judged measure [default: the suite's only one].")


@click.group(cls=Commands)
def judge() -> None:
    """Measure how far a judge agrees with people, so that it may gate."""


@judge.command()
@SUITE
@MEASURE
@click.option("--variant", required=True, help="Whose answers.")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=150,
    show_default=True,
    help="How many, at least 100 to gate on.",
)
@click.option(
    "--labels", type=click.Path(path_type=Path), help="Labels to carry over where the answer is the same."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write them.")
def sample(
    suite: Path, *, measure: str | None, variant: str, count: int, labels: Path | None, out: Path
) -> None:
    """Draw answers at random, for people to label: fill in "labels": {"NAME": 0 or 1} on each line."""
    from evalkit.backends.files import write_atomic
    from evalkit.backends.runtime import open_runtime
    from evalkit.errors import SuiteError
    from evalkit.sampling import draw, judged_measure
    from evalkit.suite import load_suite
    from evalkit.trust.labels import carried, read, sheet

    if out.exists():
        raise SuiteError(f"{out}: already exists and may hold labels; name another file")
    loaded = load_suite(suite)
    judged = judged_measure(loaded, measure)
    with progress_bars() as progress:
        drawn = draw(loaded, judged, variant, count, open_runtime(loaded.home, progress=progress))
    drawn = carried(read(labels), drawn) if labels is not None else drawn
    write_atomic(out, sheet(drawn))
    known = sum(bool(item.labels) for item in drawn)
    click.echo(
        f"wrote {counted(len(drawn), 'answer')} of {variant} to {out}"
        + (f", {known} labelled already" if known else "")
    )
    click.echo(f"next: label each of them, then evalkit judge calibrate {suite} --labels {out}")


@judge.command()
@SUITE
@click.option(
    "--labels", type=click.Path(path_type=Path), required=True, help="Labelled answers (JSON Lines)."
)
@click.option("--judge", "name", help="Another judge than the suite's, by name.")
@MEASURE
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How often to ask again, to see the judge's own noise.",
)
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=180,
    show_default=True,
    help="For how many days the card holds.",
)
def calibrate(
    suite: Path, *, labels: Path, name: str | None, measure: str | None, repeats: int, days: int
) -> None:
    """Compare a judge with people's labels and write its card beside the suite."""
    import datetime as dt

    from evalkit import judges
    from evalkit.backends.runtime import open_runtime
    from evalkit.errors import SuiteError
    from evalkit.sampling import judged_measure
    from evalkit.suite import load_suite
    from evalkit.trust.calibrate import calibrate as run_calibrate
    from evalkit.trust.card import write_card
    from evalkit.trust.labels import read

    loaded = load_suite(suite)
    judged = judged_measure(loaded, measure)
    asked = judges.registry.build(name) if name is not None else judged.judge
    if asked is None:
        raise SuiteError(f"{loaded.path}: no judge decides {judged}; name one with --judge")
    if str(judged) not in asked.measures():
        raise SuiteError(f"judge '{name}' does not decide {judged}; name one that does")
    today = dt.datetime.now(dt.UTC).date()
    with progress_bars() as progress:
        card = run_calibrate(
            asked,
            str(judged),
            read(labels),
            open_runtime(loaded.home, progress=progress),
            today=today,
            days=days,
            repeats=repeats,
            seed=loaded.seed,
        )
    path = write_card(card, loaded.cards)
    _show([card], today)
    click.echo(f"wrote {path}")


@judge.command()
@SUITE
def cards(suite: Path) -> None:
    """Say how each judge on record agreed with people, and whether it may gate today."""
    import datetime as dt

    from evalkit.suite import load_suite
    from evalkit.trust.card import read_cards

    found = read_cards(load_suite(suite).cards)
    if not found:
        click.echo("no judge card; evalkit judge sample and evalkit judge calibrate make one")
    _show(found, dt.datetime.now(dt.UTC).date())


def _show(cards: list[Card] | tuple[Card, ...], today: dt.date) -> None:
    from rich.table import Table

    from evalkit.trust.card import problems

    for card in cards:
        table = Table(
            "answers",
            "labels",
            "AUROC",
            "balanced accuracy",
            "kappa",
            title=f"{card.judge} on {card.measure}",
        )
        for part, labels, figures in (
            ("all", card.labels, card.agreement),
            *((name, slice_.labels, slice_.agreement) for name, slice_ in card.slices.items()),
        ):
            shown = [
                "one kind only"
                if figure.value is None
                else f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
                for figure in (figures[name] for name in ("auroc", "balanced_accuracy", "kappa"))
            ]
            table.add_row(part, str(labels), *shown)
        console().print(table)
        if card.people is not None:
            click.echo(
                f"people     agree on {card.people['agreement']:.0%} of {card.people['pairs']:.0f} pairs, "
                f"kappa {card.people['kappa']:.2f}"
            )
        if card.repeats is not None:
            click.echo(
                f"repeats    {card.repeats['flipped']:.1%} of {card.repeats['answers']:.0f} answers flip when asked "
                f"again; values change by {card.repeats['mean_change']:.3f} on average"
            )
        if card.unscored:
            click.echo(f"unscored   {counted(card.unscored, 'answer')} without a value, counted as misjudged")
        found = problems(card, today)
        for problem in found:
            click.echo(f"may not gate: {problem}")
        if not found:
            click.echo(f"may gate until {card.expires_on}, over answers that it holds labels of")
