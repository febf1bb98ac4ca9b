"""Options that several commands take, and how every command reports an error.

Importing a command imports nothing heavy, so that `darkroom plan` answers in under a second.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from flows.runners.workforce import DEFAULT as RUNNER
from flows.runners.workforce import HELP as RUNNER_HELP

if TYPE_CHECKING:
    from flows.run.run_request import RunRequest

Command = Callable[..., None]

Pipeline = Annotated[
    str | None, typer.Argument(help="A pipeline of the declaration; its default one if not given.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", help="A profile; the declaration's default if not given.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a setting; may be repeated."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="These nodes alone; may be repeated."),
]
From = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="GLOB", help="These nodes and what depends on them."),
]
Until = Annotated[
    list[str] | None,
    typer.Option("--until", metavar="GLOB", help="These nodes and what they depend on."),
]
Force = Annotated[bool, typer.Option("--force", help="Compute the chosen nodes even if cached.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="After a failure, go on with what does not need it.")
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], typer.Option("--device", help="Where tensors live.")
]
NumberFormat = Annotated[
    Literal["auto", "float32", "bfloat16"] | None,
    typer.Option("--number-format", help="Of networks; the profile's if not given."),
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
ReportFolder = Annotated[
    str | None,
    typer.Option("--report-folder", help="Where the report goes; by default into the store."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@dataclass(frozen=True)
class RunOptions:
    """What a run may be told, in the order in which help lists it; see `takes`."""

    pipeline: Pipeline = None
    profile: Profile = None
    overrides: Set = None
    only: Only = None
    from_: From = None
    until: Until = None
    force: Force = False
    keep_going: KeepGoing = False
    device: Device = "auto"
    number_format: NumberFormat = None
    backend: Backend = None
    runner: Runner = RUNNER
    store: StoreAddress = "data/runs"
    data_root: DataRoot = None
    file: File = "pipelines.yaml"
    report_folder: ReportFolder = None
    json: Json = False
    debug: Debug = False


LISTS = ("overrides", "only", "from_", "until")
"""Options that may be repeated."""


def request_of(options: RunOptions) -> RunRequest:
    """What the options ask for."""
    from flows.declaration.read_declaration import read_declaration
    from flows.run.run_request import RunRequest

    values = {k: v for k, v in asdict(options).items() if k in RunRequest.model_fields}
    if options.pipeline is None:
        values["pipeline"] = read_declaration(options.file).pipeline_name(None)
    values |= {name: values[name] or [] for name in LISTS}
    return RunRequest(declaration=options.file, **values)


def takes(kind: type[RunOptions], *without: str) -> Callable[[Command], Command]:
    """Lets a command have the fields of `kind` as its options, behind those of its own, and read
    them from its parameter `options`. Those in `without` it does not take.

    Typer reads options from a signature, so the command is given one that lists them.
    """
    types = get_type_hints(kind, include_extras=True)
    listed = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=types[field.name],
        )
        for field in fields(kind)
        if field.name not in without
    ]

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters.values()
        mine = [parameter for parameter in own if parameter.name != "options"]

        @functools.wraps(command)
        def wrapped(**given: Any) -> None:
            chosen = {parameter.name: given.pop(parameter.name) for parameter in listed}
            command(**given, options=kind(**chosen))

        wrapped.__signature__ = inspect.Signature([*mine, *listed])  # type: ignore[attr-defined]
        return wrapped

    return decorate


def reports_errors(command: Command) -> Command:
    """Turn exceptions into one message and the exit code `darkroom` promises."""

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

    encoding = sys.stdout.encoding.lower().replace("-", "")
    # What another encoding lacks is written as JSON's own escapes, not replaced.
    text = json.dumps(value, indent=1, ensure_ascii=not encoding.startswith("utf"))
    sys.stdout.write(f"{text}\n")
