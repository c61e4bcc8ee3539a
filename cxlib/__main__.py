"""The command line: cx run, check, summary, clean, sign, sample, list."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxlib.errors import ArgumentError, CxError
from cxlib.paths import project_root
from cxlib.run import signals
from cxlib.run.environment import COLLECT_AFTER

if TYPE_CHECKING:
    from cxlib.run import Mirror, Outcome, Runner
    from cxlib.run.jobs import Job
    from cxlib.run.progress import Bars, Lines

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turn customer-experience data into reports a decision can rest on.",
)
Overlap = Literal["skip", "wait"]
Params = Annotated[list[Path], typer.Argument(help="Params files, or folders of them.")]


EXIT_CODES = """\
**Exit code**, the first that holds:
130 interrupted (Ctrl-C, SIGTERM or SIGHUP; what had run is kept);
1 a notebook failed, or a report could not be written;
2 a params file is wrong, and nothing of it was run;
3 the data cannot answer;
4 a figure crossed its threshold, or the report that stands unchanged said so;
0 every report was written, stands unchanged or is being run by another cx.
"""


@app.command(epilog=EXIT_CODES)
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
    *,
    skip_unchanged: Annotated[
        bool,
        typer.Option(
            "--skip-unchanged",
            help="Let a report stand whose parameters, data, notebook, code and "
            "packages are those of its last run.",
        ),
    ] = False,
    since: Annotated[
        str,
        typer.Option(
            metavar="WHEN",
            help="The same, if that run is not older than WHEN: a date (2026-11-01) "
            "or an age (24h, 7d).",
        ),
    ] = "",
    overlap: Annotated[
        Overlap,
        typer.Option(help="What to do about a report that another cx is running."),
    ] = "skip",
    account: Annotated[
        str,
        typer.Option(
            "--summary", help="Also write a short account there; - prints it."
        ),
    ] = "",
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Delete older runs of these reports; see cx clean."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Where data and settings or code changed since the last run, run "
            "with the old data too, to tell what each did.",
        ),
    ] = False,
    warm: Annotated[
        bool | None,
        typer.Option(
            "--warm/--fresh",
            help="Fork kernels from one process with the imports done, or start each "
            "afresh; default: warm for several runs, on Linux.",
        ),
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Send reports there too: s3://… or gs://…."
        ),
    ] = "",
) -> None:
    """Run notebooks and write their reports and the index."""
    from cxlib.run.warm import ahead

    with ahead(params, warm=warm) as started:
        from cxlib.run import Mirror, Runner, check, find
        from cxlib.run.unchanged import oldest

        checked = check(find(params))
        folder = out.resolve() if out else checked[0].root / "reports"
        mirror = Mirror.open(store, folder)
        with _progress() as progress:
            runner = Runner(
                out=folder,
                progress=progress,
                n_jobs=jobs,
                timeout=timeout or None,
                wait=overlap == "wait",
                unchanged_since=oldest(since, ever=skip_unchanged),
                explain=explain,
                warm=warm,
            )
            outcomes = runner.run(checked, started=started)
    if keep:
        _clean(folder, keep, checked)
    code = _publish(runner, outcomes, mirror, n_jobs=len(checked))
    if account:
        _write_summary([one.folder for one in outcomes], account)
    raise typer.Exit(code)


@app.command()
def check(params: Params) -> None:
    """Check params files and their data without running a notebook.

    Exit code: 2 if parameters are wrong, else 3 if data break their contract, else 0.
    """
    from cxlib.report.states import worst
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


@app.command("summary")
def summarise(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Run folders or folders of reports.")
    ] = None,
    form: Annotated[
        Literal["text", "html"], typer.Option("--format", help="For a mail's body.")
    ] = "text",
) -> None:
    """Print a short account of the latest runs: failures, alerts, answers.

    The first line is a mail's subject. Exit code: 2 where there is no run, else 0.
    """
    from cxlib.run.summary import summary

    given = paths or [project_root() / "reports"]
    typer.echo(summary(given, format=form), nl=False)


@app.command()
def clean(
    keep: Annotated[int, typer.Option(min=1, help="Newest runs kept of each report.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The reports folder; default: reports/ of the project."),
    ] = None,
) -> None:
    """Delete old runs, but never the last completed, a running or a signed-off one.

    The values of deleted runs stay in the history and its charts.
    """
    from cxlib.run import write_site

    folder = out.resolve() if out else project_root() / "reports"
    if not folder.is_dir():
        raise ArgumentError(f"{folder}: no such reports folder.")
    _clean(folder, keep)
    typer.echo(f"Site: {write_site(folder)}")


@app.command("list")
def list_notebooks() -> None:
    """List the notebooks, their questions and parameters."""
    from cxlib.run.listing import listing

    typer.echo(listing(project_root()))


@app.command()
def sign(
    params: Annotated[Path, typer.Argument(help="The report's params file.")],
    reviewer: Annotated[str, typer.Option(help="Who has reviewed the run.")],
    verdict: Annotated[
        str, typer.Option(help="accepted, accepted with remarks or rejected.")
    ] = "accepted",
    note: Annotated[str, typer.Option(help="Why, in a sentence.")] = "",
    run_id: Annotated[
        str, typer.Option("--run", help="Id of the run; default: the latest.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Where reports are; default: reports/ of the project."),
    ] = None,
) -> None:
    """Sign a completed run off, in _signoff.yaml beside its params file."""
    from cxlib.run import write_site
    from cxlib.run.audiences.signing import sign as sign_off

    folder = out.resolve() if out else project_root(params) / "reports"
    words = {"reviewer": reviewer, "verdict": verdict, "note": note, "run": run_id}
    file = sign_off(params, folder, **words)
    write_site(folder)
    typer.echo(f"Signed in {file}. Commit it: git then says who signed, and when.")


def main() -> None:
    """Run the command line; errors are sentences, not tracebacks."""
    signals.listen()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        app()
    except CxError as error:
        typer.echo(f"{error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        typer.echo(f"The reports folder could not be written: {error}", err=True)
        sys.exit(1)


def _publish(
    runner: Runner, outcomes: list[Outcome], mirror: Mirror, *, n_jobs: int
) -> int:
    """Write the site, send it to its store, say so; return the exit code."""
    from cxlib.report.states import worst
    from cxlib.run import write_site
    from cxlib.run.progress import tally

    index = write_site(runner.out)
    said = f"{tally(outcomes, n_jobs)} Site: {index}"
    typer.echo("\n".join(filter(None, (said, mirror.send()))))
    codes = [outcome.exit_code for outcome in outcomes]
    codes += [130] if runner.interrupted else []
    codes += [1] if mirror.troubles else []
    return worst(codes)


def _write_summary(folders: list[Path], target: str) -> None:
    """Write the account of some runs to a file, or print it."""
    from cxlib.report.files import write_text
    from cxlib.run.summary import summary

    if not folders:
        return
    text = summary(folders)
    if target == "-":
        typer.echo(text, nl=False)
    else:
        write_text(Path(target), text)


def _clean(out: Path, keep: int, jobs: list[Job] | None = None) -> None:
    """Delete old runs, of all reports or of these jobs', and say which."""
    from cxlib.report.words import size
    from cxlib.run.site.retention import clean as delete

    only = {(job.programme, job.name) for job in jobs} if jobs is not None else None
    params = {job.path.parent.parent for job in jobs or ()}
    with contextlib.suppress(CxError):
        params.add(project_root() / "params")
    done = delete(out, keep, params=params, only=only)
    for line in done.lines():
        typer.echo(line)
    count = len(done.deleted)
    runs = f"{count} old run{'' if count == 1 else 's'}"
    typer.echo(f"{runs} deleted, {size(done.freed)} freed." if count else "No old run.")


def _progress() -> Bars | Lines:
    """Return bars on a terminal, plain lines in a log."""
    from cxlib.run.progress import Bars, Lines

    if not sys.stderr.isatty() or not sys.stdout.isatty():
        return Lines(typer.echo)
    from rich.console import Console

    return Bars(Console())


if __name__ == "__main__":
    main()
