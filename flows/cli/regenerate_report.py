"""`regenerate-report`: build the report again from the manifest alone.

Computes nothing and imports neither torch, Prefect nor pandas, so it answers at once.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.shell import in_shell
from flows.run.run_request import RunRequest
from tasks import BadInput, DarkroomError
from tasks.store.local_files import given_path

LARGE_FILE = 10 * 1024 * 1024
"""Bytes from which a single file is too large for many mail and course systems."""

app = typer.Typer(add_completion=False)
_DEFAULT_STORE = str(RunRequest.model_fields["store"].default)


@app.command()
def regenerate_report(
    store: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            envvar="DARKROOM_STORE",
            help="Folder or fsspec address of the results.",
        ),
    ] = _DEFAULT_STORE,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where the report goes; by default, in the store."),
    ] = None,
    pipeline: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Show this pipeline only; may be given again."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show the newest runs with this model alone."),
    ] = None,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="One index.html with everything inside.")
    ] = False,
    zip_file: Annotated[
        str | None,
        typer.Option("--zip", metavar="FILE", help="Write the report as one zip to hand in."),
    ] = None,
    pdf: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Print one pipeline's page as a PDF, by Chromium."),
    ] = None,
) -> None:
    """Build the HTML report from the manifest, without running anything."""
    from tasks.report.build import build_report, page_of
    from tasks.report.files import files_below, replace_own_file, zip_bytes
    from tasks.report.pdf import print_page
    from tasks.store.store import Store

    places = {"--zip": zip_file, "--out": out, "--pdf": pdf}
    if len(given := [name for name, place in places.items() if place is not None]) > 1:
        raise BadInput(
            f"{given[0]} and {given[1]} say both where the report goes; give one of them"
        )
    if pdf is not None and (single_file or len(pipeline or ()) != 1):
        raise BadInput("--pdf prints one page; name its pipeline with --pipeline")
    opened = Store.open(store, create=False)

    def build(folder: Path) -> Path:
        index = build_report(
            opened, folder, pipeline or None, single_file=single_file, backend=backend
        )
        if single_file:
            _warn_if_large(index)
        return index

    if zip_file is not None:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder) / "report")
            replace_own_file(given_path(zip_file), zip_bytes(files_below(Path(folder))), "--zip")
        typer.echo(zip_file)
    elif pdf is not None and pipeline:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder) / "report")
            page = Path(folder) / "report" / page_of(pipeline[0])
            replace_own_file(given_path(pdf), print_page(page), "--pdf")
        typer.echo(pdf)
    else:
        typer.echo(str(build(RunRequest(store=store, report_folder=out).report_path)))


def _warn_if_large(index: Path) -> None:
    size = index.stat().st_size
    if size > LARGE_FILE:
        typer.echo(
            f"{index.name} is {size / 2**20:.0f} MB; choose one pipeline with --pipeline, "
            f"or leave out --single-file",
            err=True,
        )


def main() -> None:
    """Entry point: one line for an error that is the user's to mend; exit code 2 for bad input."""
    with in_shell():
        try:
            app()
        except DarkroomError as error:
            print(f"regenerate-report: {error}", file=sys.stderr)
            sys.exit(2 if isinstance(error, BadInput) else 1)


if __name__ == "__main__":
    main()
