"""YAML to plain values, and nothing else: no tags, no duplicate keys, no bombs.

Values follow YAML 1.2's core schema (1e-4 is a number; yes, on and 12:30 are text), which is what
people expect to have written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from tasks import BadInput

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 40

_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NAMED = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan"),
}  # fmt: skip


def parse_yaml(text: str, where: str) -> Any:
    """The value of a YAML document, None if it is empty.

    where: named in the message of BadInput, which is raised for a syntax error, a tag, a key
    written twice, a second document, or more values or levels than a declaration can need.
    """
    builder = _Builder(where)
    odd = _odd_indentation(text)
    try:
        for event in _events(text):
            if isinstance(event, yaml.ScalarEvent) and event.style:
                # The lines of quoted text and of blocks begin as their writer likes.
                (begin, _), (end, _) = _span(event)
                for line in range(begin + 1, end + 1):
                    odd.pop(line, None)
            builder.take(event)
        if odd:
            raise _refuse_odd(odd, where)
    except yaml.MarkedYAMLError as error:
        if odd:
            raise _refuse_odd(odd, where) from error
        mark = error.problem_mark
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise BadInput(f"{where}{at}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{where}: not YAML: {str(error).splitlines()[0]}") from error
    return builder.document


def _events(text: str) -> Iterator[Any]:
    # libyaml is ten times faster; the pure parser reads the same language where it is missing.
    return iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The line, from 1, of the last name of `path` that a document has; None if it has none.

    text: of a document that parse_yaml takes.
    """
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    line = None
    for name in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == name]
        elif isinstance(node, yaml.SequenceNode) and name.isdecimal():
            found = [(value, value) for value in node.value[int(name) : int(name) + 1]]
        else:
            break
        if not found:
            break
        key, node = found[0]
        line = key.start_mark.line + 1
    return line


def parse_value(text: str, where: str) -> Any:
    """The value of `text` where that is all of it: a scalar, or what stands in brackets or braces.

    Raises BadInput as parse_yaml does, and where YAML would leave out a part of the text or take it
    for more than a value: comments, keys, entries, anchors, blocks, marks of documents.
    """
    value = parse_yaml(text, where)
    # Parsed once more for where things stand; it is short, and sound by now.
    events = list(_events(text))
    if "#" in _between_scalars(text, events):
        raise BadInput(f"{where}: what follows # would be read as a comment")
    for event in events:
        if problem := _more_than_a_value(event, text):
            raise BadInput(f"{where}: {problem}")
    return value


def _more_than_a_value(event: Any, text: str) -> str:
    """What YAML would read `event` of `text` for; empty if it is a value, or a part of one."""
    if getattr(event, "anchor", None):
        return "what begins with & or * would be read as a mark, not as text"
    if isinstance(event, _OF_DOCUMENTS) and event.explicit:
        return "--- and ... would be read as marks of a document"
    if isinstance(event, yaml.MappingStartEvent) and not event.flow_style:
        return "what stands before : would be read as a key; expected a value, or {...} around it"
    if isinstance(event, yaml.SequenceStartEvent) and not event.flow_style:
        return "what follows - would be read as a list; expected a value, or [...] around it"
    if isinstance(event, yaml.ScalarEvent):
        if event.style in ("|", ">"):
            return f"{event.style} would be read as the sign of a block"
        (_, begin), (_, end) = _span(event)
        if not event.style and "\n" in text[begin:end]:
            return "its lines would be read as one"
    return ""


_OF_DOCUMENTS = (yaml.DocumentStartEvent, yaml.DocumentEndEvent)


def _span(event: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Line and place in the text, from 0, of where `event` begins and ends."""
    start, end = event.start_mark, event.end_mark
    return (start.line, start.index), (end.line, end.index)


def _between_scalars(text: str, events: list[Any]) -> str:
    letters = list(text)
    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            (_, begin), (_, end) = _span(event)
            letters[begin:end] = " " * (end - begin)
    return "".join(letters)


def _odd_indentation(text: str) -> dict[int, tuple[int, str]]:
    """Lines that are indented with what looks like a blank and is none: number, column and it."""
    odd = {}
    for number, line in enumerate(text.split("\n")):
        for column, letter in enumerate(line.rstrip("\r")):
            if letter not in " -\t" and not _is_unseen(letter):
                break
            if _is_unseen(letter):
                odd[number] = (column, letter)
                break
    return odd


def _is_unseen(letter: str) -> bool:
    return (letter.isspace() and letter not in " \t\r") or letter in "\u200b\u2060\ufeff"


def _refuse_odd(odd: dict[int, tuple[int, str]], where: str) -> BadInput:
    line, (column, letter) = min(odd.items())
    name = unicodedata.name(letter, "an invisible character").lower()
    return BadInput(
        f"{where}, line {line + 1}, column {column + 1}: {name} (U+{ord(letter):04X}) in the "
        "indentation, which looks like a blank; write plain blanks"
    )


class _Builder:
    """Turns parse events into values. Iterative, so that deep nesting cannot exhaust the stack."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.document: Any = None
        self.documents = 0
        self.values = 0
        # Open collections: the value, the key it waits to fill (mappings) and its anchor.
        self.open: list[tuple[dict[str, Any] | list[Any], str | None]] = []
        self.keys: list[str | None] = []
        self.anchors: dict[str, Any] = {}
        self.unfinished: set[str] = set()

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._refusal(event, "a second document begins; expected only one")
        elif isinstance(event, yaml.ScalarEvent):
            self._check_tag(event)
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_tag(event)
            self._begin(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _scalar(self, event: Any) -> None:
        if self._expects_key():
            self._take_key(event)
            return
        plain = event.style is None or event.style == ""
        value = _resolve(event.value) if plain else event.value
        self._count(event)
        self._put(value)
        if event.anchor:
            self.anchors[event.anchor] = value

    def _begin(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        if self._expects_key():
            raise self._refusal(event, "a key must be a plain name")
        if len(self.open) >= MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels")
        self._count(event)
        self._put(value)
        self.open.append((value, event.anchor))
        self.keys.append(None)
        if event.anchor:
            self.unfinished.add(event.anchor)

    def _end(self) -> None:
        value, anchor = self.open.pop()
        self.keys.pop()
        if anchor:
            self.unfinished.discard(anchor)
            self.anchors[anchor] = value

    def _alias(self, event: Any) -> None:
        if self._expects_key():
            raise self._refusal(event, "a key must be a plain name")
        if event.anchor in self.unfinished:
            raise self._refusal(event, f"*{event.anchor} stands inside itself")
        if event.anchor not in self.anchors:
            raise self._refusal(event, f"*{event.anchor} has no &{event.anchor} above it")
        self._put(self._copy(self.anchors[event.anchor], event))

    def _copy(self, value: Any, event: Any) -> Any:
        """A copy of its own, counted: ten aliases of ten aliases are a hundred values."""
        self._count(event)
        if isinstance(value, dict):
            return {key: self._copy(item, event) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, event) for item in value]
        return value

    def _put(self, value: Any) -> None:
        if not self.open:
            self.document = value
            return
        parent = self.open[-1][0]
        if isinstance(parent, list):
            parent.append(value)
        else:
            key = self.keys[-1]
            assert key is not None
            parent[key] = value
            self.keys[-1] = None

    def _expects_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1][0], dict) and self.keys[-1] is None

    def _take_key(self, event: Any) -> None:
        if event.value == "<<" and not event.style:
            raise self._refusal(
                event, "merge keys (<<) are not read here; write out what is to be merged"
            )
        if event.value in self.open[-1][0]:
            raise self._refusal(event, f"{event.value!r} is declared twice; remove or rename one")
        self.keys[-1] = event.value

    def _count(self, event: Any) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._refusal(
                event, f"more than {MAX_VALUES:,} values, counting each alias in full"
            )

    def _check_tag(self, event: Any) -> None:
        if event.tag not in (None, "!"):
            raise self._refusal(event, f"the tag {event.tag} is not read here; write a plain value")

    def _refusal(self, event: Any, problem: str) -> BadInput:
        return BadInput(f"{self.where}, line {event.start_mark.line + 1}: {problem}")


def _resolve(text: str) -> Any:
    if text in _NAMED:
        return _NAMED[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
