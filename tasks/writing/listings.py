"""Listings: the source of a function of this project, found by its name without importing it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from tasks.running.step import Step, StepResult
from tasks.writing.numbers import NotReadable

ADDRESS = re.compile(
    r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
)
OBJECT = "source.py"
MAX_BYTES = 2_000_000
MAX_LINES = 500

_OWN = Path(__file__).parents[2]
"""Where the packages of Darkroom lie, in a checkout and installed."""
_PACKAGES = ("flows", "tasks")
_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Source:
    """file: from the folder of the project, or of Darkroom. first_line, last_line: in it."""

    text: str
    file: str
    first_line: int
    last_line: int


def find_source(address: str, project_root: Path) -> Source:
    """The function or class that "module:name" names, of the project or of Darkroom itself.

    Raises NotReadable, with what was probably meant.
    """
    parts = ADDRESS.fullmatch(address)
    if parts is None:
        raise NotReadable("expected a function as module:name, such as tasks.module:function")
    path, root = _file_of(parts["module"], project_root)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotReadable(f"{path.name} is larger than {MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise NotReadable(f"{path.name} cannot be read as Python ({error})") from error
    defined = dict(_defined(tree.body))
    node = defined.get(parts["name"])
    if node is None:
        near = get_close_matches(parts["name"], defined, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(defined) or 'none'}"
        raise NotReadable(f"{parts['module']} has no function {parts['name']}{hint}")
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    last = node.end_lineno or first
    if last - first >= MAX_LINES:
        raise NotReadable(f"{address} has more than {MAX_LINES} lines; list a function of it")
    lines = text.splitlines()[first - 1 : last]
    shown = textwrap.dedent("\n".join(lines)) + "\n"
    return Source(shown, path.relative_to(root).as_posix(), first, last)


def _file_of(module: str, project_root: Path) -> tuple[Path, Path]:
    """The module's file, and the folder that it is told from."""
    place = Path(*module.split("."))
    roots = [_OWN] if module.split(".")[0] in _PACKAGES else [project_root.absolute()]
    for root in roots:
        for path in (root / place.with_suffix(".py"), root / place / "__init__.py"):
            if path.is_file():
                return path, root
    root = roots[0]
    beside = sorted(
        each.stem for each in (root / place).parent.glob("*.py") if each.stem != "__init__"
    )[:200]
    near = get_close_matches(place.name, beside, n=1, cutoff=0.4)
    meant = f"; did you mean {'.'.join([*module.split('.')[:-1], near[0]])}?" if near else ""
    raise NotReadable(f"there is no module {module}{meant}")


def _defined(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, _Defined]]:
    for node in body:
        if isinstance(node, _Defined):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, f"{prefix}{node.name}.")


def record_listing(step: Step) -> StepResult:
    """The source as it is when the figures of its section are made: it is recorded again when they
    are, and only then, or for a listing without figures whenever it changes.

    params: address, and source, the SHA-256 of what stood there when it was planned, or null where
    inputs are figures. Objects: source.py. Info: file, first_line, last_line.
    """
    source = find_source(str(step.params["address"]), step.project_root)
    return StepResult(
        objects={OBJECT: source.text.encode()},
        info={"file": source.file, "first_line": source.first_line, "last_line": source.last_line},
    )
