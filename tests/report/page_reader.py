"""What a page holds, read with the standard library's parser."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source"}


class Page(HTMLParser):
    """tags: (name, attributes) in order. text: all visible text, spaces joined.
    unclosed: elements that end nowhere, or end where they did not begin."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(html)
        self.close()
        self.unclosed += self.open

    @classmethod
    def read(cls, path: Path) -> Page:
        return cls(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unclosed.append(tag)

    def handle_data(self, data) -> None:
        if not {"style", "script"} & set(self.open):
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.pieces).split())

    def all(self, tag: str, attribute: str) -> list[str]:
        """Values of an attribute on all elements of that name that have it."""
        return [a[attribute] or "" for name, a in self.tags if name == tag and attribute in a]

    @property
    def addresses(self) -> list[str]:
        """Everything a browser would fetch or follow."""
        names = ("src", "href", "srcset", "poster", "action")
        return [a[name] or "" for _, a in self.tags for name in names if name in a]

    @property
    def ids(self) -> list[str]:
        return [a["id"] or "" for _, a in self.tags if "id" in a]
