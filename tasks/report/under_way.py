"""A report of a run that goes on: what its pages say of what is still to come, and the scripts from
which an open page learns what is new.

A page opened from disk may load scripts, but nothing else. So news.js is loaded anew every second
(static/under_way.js); it names, for each page, a script that holds the page as it is now.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from tasks.report.files import Assets
from tasks.report.run_record import RunRecord

NEWS = "news.js"
RUN = "run"
"""Of whom the words are that stand at the head of a page."""

_PROGRESS = re.compile(r'(data-progress="([^"]*)">)')


@dataclass(frozen=True)
class RunUnderWay:
    """A run that is not recorded yet. record: as it stands. progress: of nodes still to come, and
    of RUN, how far they are, in words. news: the content of NEWS, given the address of the script
    of each page."""

    record: RunRecord
    progress: Mapping[str, str]
    news: Callable[[Mapping[str, str]], bytes]


def with_progress(page: str, progress: Mapping[str, str]) -> str:
    """A page whose places for progress are filled in."""
    return _PROGRESS.sub(
        lambda match: match[1] + escape(progress.get(unescape(match[2]), "")), page
    )


def page_script(page: str, assets: Assets) -> str:
    """The address of a script that holds the body of `page`, without progress."""
    body = page[page.index("<body>") + len("<body>") : page.rindex("</body>")]
    name = hashlib.sha256(body.encode()).hexdigest()[:16]
    return assets.add(_call("page", name, body), "js")


def news_script(
    beat: int,
    pages: Mapping[str, str],
    progress: Mapping[str, str],
    problem: str = "",
    is_preview: bool = False,
) -> bytes:
    """beat: another in every file. pages: file name to the address of its script. problem: what
    keeps the pages from being newer, in words. is_preview: they are not finished by themselves."""
    news = {
        "beat": beat,
        "pages": dict(pages),
        "progress": dict(progress),
        "problem": problem,
        "isPreview": is_preview,
    }
    return _call("news", news)


def _call(function: str, *values: Any) -> bytes:
    """ASCII alone and without "<", as play files are (tasks.report.play)."""
    texts = [json.dumps(json.dumps(value, sort_keys=True)) for value in values]
    call = f"darkroomUnderWay.{function}({','.join(texts)});\n"
    return call.replace("<", "\\u003c").encode("ascii")
