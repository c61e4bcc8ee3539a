"""The command line: cx run, check, sample, list."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxlib.errors import CxError
from cxlib.paths import project_root
from cxlib.report.states import worst

if TYPE_CHECKING:
    from cxlib.run.progress import Bars, Lines

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turn customer-experience data into reports a decision can rest on.",
)
Params = Annotated[list[Path], typer.Argument(help="Params files, or folders of them.")]


@app.command()
def run(
    params: Params,
    out: Annotated[
        Path | None,
        typer.Option(help="Where reports go; default: reports/ of the project."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, help="Notebooks at a time; default: one a core.")
    ] = os.cpu_count() or 1,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds one cell may take; 0: no limit.")
    ] = 1800,
    store: Annotated[
        str, typer.Option(help="Send reports there too: s3://… or gs://….")
    ] = "",
) -> None:
    """Run notebooks and write their reports and the index.

    Exit code: 130 interrupted, else 1 if a notebook failed, else 2 if parameters
    were refused, else 3 if data could not answer, else 0.
    """
    from cxlib.run import Mirror, Runner, check, find, write_site

    checked = check(find(params))
    folder = out.resolve() if out else checked[0].root / "reports"
    mirror = Mirror.open(store, folder)
    with _progress() as progress:
        limit = timeout or None
        runner = Runner(out=folder, progress=progress, n_jobs=jobs, timeout=limit)
        outcomes = runner.run(checked)
    index = write_site(folder)
    sent = mirror.send()
    good = sum(outcome.status == "ok" for outcome in outcomes)
    codes = [outcome.exit_code for outcome in outcomes]
    if runner.interrupted:
        codes.append(130)
    typer.echo(f"{good} of {len(checked)} completed. Site: {index}")
    if mirror.troubles:
        codes.append(1)
    if sent:
        typer.echo(sent)
    raise typer.Exit(worst(codes))


@app.command()
def check(params: Params) -> None:
    """Check params files and their data without running a notebook.

    Exit code: 2 if parameters are wrong, else 3 if data break their contract, else 0.
    """
    from cxlib.run import check as gate
    from cxlib.run import find
    from cxlib.run.contract import check_data

    codes = [0]
    for job in gate(find(params)):
        checked = check_data(job)
        codes.append({"ok": 0, "params": 2, "data": 3}[checked.status])
        typer.echo("\n".join(checked.lines))
    raise typer.Exit(worst(codes))


@app.command()
def sample(
    directory: Annotated[Path, typer.Argument(help="Where the tables are written.")],
    rows: Annotated[int, typer.Option(min=1, help="Survey answers to make.")] = 4000,
    seed: Annotated[int, typer.Option(help="Same seed, same tables.")] = 20260101,
) -> None:
    """Write synthetic tables with known truth."""
    from cxlib.simulate import write_sample

    write_sample(directory, rows=rows, seed=seed)
    typer.echo(f"Written: {directory}")


@app.command("list")
def list_notebooks() -> None:
    """List the notebooks, their questions and parameters."""
    from cxlib.run.listing import listing

    typer.echo(listing(project_root()))


def main() -> None:
    """Run the command line; errors are sentences, not tracebacks."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except CxError as error:
        typer.echo(f"{error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _interrupt(*_: Any) -> None:
    """Treat a scheduler's SIGTERM as Ctrl-C: keep what has run."""
    raise KeyboardInterrupt


def _progress() -> Bars | Lines:
    """Return bars on a terminal, plain lines in a log."""
    from cxlib.run.progress import Bars, Lines

    if not sys.stderr.isatty() or not sys.stdout.isatty():
        return Lines(typer.echo)
    from rich.console import Console

    return Bars(Console())


if __name__ == "__main__":
    main()
