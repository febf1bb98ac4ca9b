"""`darkroom new`: a folder for a write-up of one's own.

It extends what Darkroom brings, and is begun like one of the starters of data/starters or like a
pipeline of Darkroom's own pipelines.yaml, whose figures and text are copied.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.options import Debug, reports_errors
from tasks import BadInput
from tasks.shipped import shipped_folder
from tasks.store.local_files import given_path

DISTRIBUTION = "diffusion-darkroom"
DECLARATION, TEXT, BIBLIOGRAPHY = "pipelines.yaml", "text.md", "refs.bib"

PLACES = {"gitignore": ".gitignore", "publish.yml": ".github/workflows/publish.yml"}
"""Files of data/starters that would mean something where they lie."""

REQUIREMENT = "@REQUIREMENT@"
"""Stands in files of data/starters/every for what pip installs this Darkroom from."""

LEFT_ALONE = {".git"}
"""What a folder may hold and still be empty: a repository that was just made or cloned."""

app = typer.Typer()


@app.command()
@reports_errors
def new(
    folder: Annotated[str, typer.Argument(help="A folder that is empty or not there yet.")],
    like: Annotated[
        str,
        typer.Option(
            "--like", metavar="NAME", help="blank, cs180, or a write-up of Darkroom: seed100, ..."
        ),
    ] = "blank",
    debug: Debug = False,
) -> None:
    """Begin a write-up of your own in a folder: what it makes, its text, and its publication."""
    place = write_folder(given_path(folder), like)
    typer.echo(f"{place} is there, like {like}. Now:")
    typer.echo(f"  cd {place}\n  darkroom run")


def write_folder(place: Path, like: str) -> Path:
    """Write it whole or not at all; returns `place`.

    Raises BadInput for a folder that holds something or cannot be written, and an unknown `like`.
    """
    files = {**_every_file(), **_files_like(like)}
    try:
        if place.exists() and (held := sorted({e.name for e in place.iterdir()} - LEFT_ALONE)):
            raise BadInput(f"{place} is not empty (it holds {held[0]}); name a new folder")
        place.parent.mkdir(parents=True, exist_ok=True)
        # On one disk with its place, so that renaming is all that is left to do.
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".darkroom-new-") as scratch:
            staged = Path(scratch) / "new"
            for name, content in files.items():
                (staged / name).parent.mkdir(parents=True, exist_ok=True)
                (staged / name).write_bytes(content)
            if place.exists():
                _move_into(staged, place)
            else:
                staged.rename(place)
    except OSError as error:
        raise BadInput(f"{place}: cannot be written ({error.strerror})") from error
    return place


def _move_into(staged: Path, place: Path) -> None:
    moved: list[Path] = []
    try:
        # Last the file without which the folder is nothing yet.
        for entry in sorted(staged.iterdir(), key=lambda each: each.name == DECLARATION):
            moved.append(entry.rename(place / entry.name))
    except BaseException:
        for entry in moved:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        raise


def requirement() -> str:
    """What pip installs this Darkroom from: the commit of a repository, or the version."""
    found = metadata.distribution(DISTRIBUTION)
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{DISTRIBUTION} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    return f"{DISTRIBUTION}=={found.version}"


def _every_file() -> dict[str, bytes]:
    """The files that every folder has, by their paths in it."""
    files = _files_of("every")
    for name, content in files.items():
        files[name] = content.replace(REQUIREMENT.encode(), requirement().encode())
    return {**files, "prefect.toml": (shipped_folder() / "prefect.toml").read_bytes()}


def _files_like(like: str) -> dict[str, bytes]:
    from flows.declaration.problems import nearest
    from flows.declaration.strict_yaml import parse_yaml

    text = (shipped_folder() / DECLARATION).read_text(encoding="utf-8")
    declared = parse_yaml(text, DECLARATION)
    # Others are run as one and have no figures of their own.
    pipelines = [name for name, each in declared["pipelines"].items() if "figures" in each]
    starters = sorted(each.name for each in _starters().iterdir() if (each / DECLARATION).is_file())
    if like in starters:
        return _files_of(like)
    if like in pipelines:
        return _files_of_pipeline(like, text, declared)
    near = nearest(like, [*starters, *pipelines])
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(
        f"--like {like}: is not known; {hint}Known: {', '.join([*starters, *pipelines])}"
    )


def _starters() -> Path:
    return shipped_folder() / "data" / "starters"


def _files_of(starter: str) -> dict[str, bytes]:
    folder = _starters() / starter
    return {
        PLACES.get(path.name, path.relative_to(folder).as_posix()): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _files_of_pipeline(like: str, text: str, declared: Mapping[str, Any]) -> dict[str, bytes]:
    """like: a pipeline in `text`, Darkroom's own declaration, whose figures are copied. declared:
    what `text` says."""
    import yaml

    pipeline = declared["pipelines"][like]
    blocks = _keys(text, "figures")
    chosen = dict.fromkeys(
        figure for glob in pipeline["figures"] for figure in blocks if fnmatchcase(figure, glob)
    )
    settings = {**pipeline, "text": TEXT}
    files = {}
    if "bibliography" in pipeline:
        settings["bibliography"] = BIBLIOGRAPHY
        files[BIBLIOGRAPHY] = (shipped_folder() / pipeline["bibliography"]).read_bytes()
    if "text" in pipeline:
        files[TEXT] = (shipped_folder() / pipeline["text"]).read_bytes()
    else:
        titles = {name: declared["figures"][name]["title"] for name in chosen}
        files[TEXT] = _plain_text(pipeline["title"], titles)
    declared_pipeline = yaml.safe_dump({like: settings}, sort_keys=False, allow_unicode=True)
    indented = "".join(f"  {line}\n" for line in declared_pipeline.splitlines())
    figures = "\n".join(blocks[figure] for figure in chosen)
    files[DECLARATION] = (
        f"# Begun like {like} of Darkroom. What is not said here is as Darkroom has it; null takes "
        f"an entry out.\n\nextends: darkroom\n\npipelines:\n{indented}\nfigures:\n{figures}"
    ).encode()
    return files


def _plain_text(title: str, figures: dict[str, str]) -> bytes:
    """A text for a write-up without one: a heading and a place for each figure, id to title."""
    parts = [f"# {title}\n"]
    parts += [f"## {each}\n\n![](figure:{name})\n" for name, each in figures.items()]
    return "\n".join(parts).encode()


def _keys(text: str, section: str) -> dict[str, str]:
    """The entries of a section as they are written, by name, without comments between them."""
    import yaml

    document: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    mapping = next(value for key, value in document.value if key.value == section)
    lines = text.splitlines(keepends=True)
    begins = [key.start_mark.line for key, _ in mapping.value]
    ends = [*begins[1:], mapping.end_mark.line]
    return {
        key.value: "".join(_without_tail(lines[begin:end]))
        for (key, _), begin, end in zip(mapping.value, begins, ends, strict=True)
    }


def _without_tail(lines: Iterable[str]) -> list[str]:
    kept = list(lines)
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith("#")):
        kept.pop()
    return kept
