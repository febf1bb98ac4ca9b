"""What a check found, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import Console
from rich.text import Text

from flows.plan.tables import print_table, say
from flows.upkeep.show import counted

Level = Literal["ok", "note", "warning", "problem"]

COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red", "fixed": "green"}


@dataclass(frozen=True)
class Finding:
    """name: what was looked at. text: what was found, and what to do about it where that is not
    well. level: only a problem keeps something from working, and makes the command fail.
    is_fixed: it was a problem, and --fix mended it."""

    name: str
    level: Level
    text: str
    is_fixed: bool = False

    @property
    def is_wrong(self) -> bool:
        return self.level == "problem" and not self.is_fixed


def findings_to_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "findings": [asdict(finding) for finding in findings],
        "is_well": not any(finding.is_wrong for finding in findings),
    }


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    def level(finding: Finding) -> Text:
        text = "fixed" if finding.is_fixed else finding.level
        return Text(text, style=COLOURS[text])

    print_table(
        console,
        ("", "what", "found"),
        ((level(finding), finding.name, finding.text) for finding in findings),
        keep=2,
    )
    wrong = sum(finding.is_wrong for finding in findings)
    say(console, f"{counted(wrong, 'problem')}." if wrong else "All is well.")
