"""The command line: thin doors to the rooms below. Exit codes: 0 GO, 1 NO-GO, 2 error, 3 INCONCLUSIVE."""

from __future__ import annotations

import sys

import click

from evalkit import __version__
from evalkit.cli import corpus, deciding, evaluating, golden, judge, planning, reporting, stores, watching
from evalkit.cli.shared import Commands
from evalkit.errors import EvalkitError

__all__ = ["cli", "main"]

EXIT_ERROR = 2


SECTIONS = {
    "Evaluate": ("init", "sync", "check", "plan", "run"),
    "Read results": ("report", "compare"),
    "Decide and watch": ("decide", "promote", "baseline", "monitor"),
    "Keep questions and judges true": ("golden", "judge"),
    "Look after what is stored": ("doctor", "corpus", "cache", "verify", "schema"),
}


@click.group(
    cls=Commands,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="evalkit")
def cli() -> None:
    """Decide whether a retrieval system over a knowledge base may go to production.

    SUITE is a suite.yaml or the folder that holds one.
    """


for _module in (evaluating, corpus, reporting, deciding, golden, judge, planning, stores, watching):
    for _name in _module.__all__:
        cli.add_command(getattr(_module, _name))


def main() -> None:
    """Runs the command line; a mistake of the user's or a path that cannot be used ends in exit code 2."""
    try:
        cli()
    except EvalkitError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(EXIT_ERROR)
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(f"error: {error.filename2 or error.filename}: cannot be used: {error.strerror}", err=True)
        sys.exit(EXIT_ERROR)
