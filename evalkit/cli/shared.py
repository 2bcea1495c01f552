"""What commands share: the SUITE argument, exit codes, tables, progress bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from evalkit.types import Progress

__all__ = ["EXIT_CODES", "OUTPUT", "SUITE", "Commands", "console", "folder_of", "outputs", "progress_bars"]

F = TypeVar("F", bound=Callable[..., object])

EXIT_CODES = {"GO": 0, "NO-GO": 1, "INCONCLUSIVE": 3}

SUITE = click.argument("suite", type=click.Path(path_type=Path))

OUTPUT = click.Path(path_type=Path, dir_okay=False, writable=True)
"""A file to write: refused before any compute where it cannot be one."""


_RENDERINGS = {
    "json": "the report as JSON",
    "html": "the HTML page",
    "markdown": "Markdown, for comments on pull requests,",
    "csv": "the questions as a table, for spreadsheets,",
    "junit": "the gates as JUnit XML",
}


def outputs(*left_out: str) -> Callable[[F], F]:
    """Gives a command one option a rendering of a report, named as `report.files.write` names it."""

    def decorate(command: F) -> F:
        for name, what in reversed(_RENDERINGS.items()):
            if name not in left_out:
                command = click.option(f"--{name}", type=OUTPUT, help=f"Write {what} here.")(command)
        return command

    return decorate


def folder_of(suite: Path) -> Path:
    """Returns the folder that a suite's file lies in."""
    return suite if suite.is_dir() else suite.parent


def console() -> Console:
    """Returns where tables are printed: as wide as the terminal, or 160 columns in a file."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


class Commands(click.Group):
    """A group whose help says each command's whole first sentence, in sections where these are named."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]] | None = None, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(map(len, self.commands))
        for title, names in (self.sections or {"Commands": sorted(self.commands)}).items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), self.commands[name].get_short_help_str(200)) for name in names]
                )


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Draws one bar a stage on a terminal that can show it, and nothing anywhere else."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars_console = Console(stderr=True)
    with Progress(
        *columns, console=bars_console, transient=True, disable=not bars_console.is_terminal
    ) as bars:
        tasks: dict[str, object] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]

        yield show
