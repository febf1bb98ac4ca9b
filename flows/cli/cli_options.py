"""Options that several commands take, and how every command reports an error."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from flows.runners.workforce import HELP as RUNNER_HELP

PIPELINE = typer.Argument(help="A pipeline of the declaration.", show_default=True)
Pipeline = Annotated[str, PIPELINE]
Profile = Annotated[
    str | None, typer.Option("--profile", help="A profile; the declaration's default if not given.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a setting; may be repeated."),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="A text-to-image model of the declaration, such as pocket.",
    ),
]
StoreAddress = Annotated[
    str,
    typer.Option("--store", envvar="DARKROOM_STORE", help="Folder or address of the results."),
]
DataRoot = Annotated[
    str | None,
    typer.Option("--data-root", envvar="DARKROOM_DATA", help="Folder of data sets in Parquet."),
]
Runner = Annotated[str, typer.Option("--runner", metavar="ENGINE", help=RUNNER_HELP)]
File = Annotated[str, typer.Option("--file", help="The file that declares the pipelines.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn exceptions into one message and the exit code the module's docstring promises."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        from tasks import BadInput, DarkroomError

        try:
            command(*arguments, **options)
        except (typer.Exit, SystemExit):
            raise
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(130) from None
        except Exception as error:
            if options.get("debug"):
                raise
            if isinstance(error, DarkroomError):
                typer.echo(str(error), err=True)
            else:
                typer.echo(f"Unexpected {type(error).__name__}: {error}", err=True)
                typer.echo("Run again with --debug for the traceback.", err=True)
            raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None

    return wrapped


def print_json(value: Any) -> None:
    import json

    json.dump(value, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
