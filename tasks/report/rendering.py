"""Templates, style and script of the pages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.report.assets import AssetFolder

_HERE = Path(__file__).parent
_LAST_SCRIPT = "start.js"


def render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(**values).encode()


def beside_pages(assets: AssetFolder) -> dict[str, object]:
    """What pages of a folder need to find their style and script."""
    return {
        "style_address": assets.add(_static("style.css").encode(), "css"),
        "script_address": assets.add(_script().encode(), "js"),
        "is_single": False,
    }


def inside_page() -> dict[str, object]:
    """Style and script of a page that is one file."""
    return {"style": Markup(_static("style.css")), "script": Markup(_script()), "is_single": True}


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # The filter tojson writes <, >, & and ' as \\u003c and so on: no prompt can end a script.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return environment


@lru_cache
def _script() -> str:
    """All of static/script as one file: pages opened from disk cannot load modules."""
    names = sorted(path.name for path in (_HERE / "static" / "script").glob("*.js"))
    names.sort(key=lambda name: name == _LAST_SCRIPT)
    parts = [_static(f"script/{name}") for name in names]
    return "\n".join(['"use strict";\n(() => {', *parts, "})();\n"])


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")
