"""A text in Markdown, read: what it says, what it places and names, and what is wrong with it.

The notation is CommonMark with tables and footnotes, and what docs/text.md lists. Raw HTML stays
text. Names of figures, nodes and claims are only collected here; flows.plan.text knows which there
are.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from tasks.writing.formulas import to_mathml
from tasks.writing.numbers import LIKE_A_PLACE, NotReadable, Number, parse_number

MAX_BYTES = 250_000
"""Of a text: forty thousand words."""
MAX_PARAGRAPH = 10_000
"""Characters; the time to read one may grow with the square of its length."""
MAX_NESTING = 40
MAX_HEADINGS = 1000
MAX_MARKS = 20_000
"""Of | and of [, each of which may take a tenth of a millisecond."""
MAX_PROBLEMS = 100
"""After which the rest of a text is not looked at."""
MAX_FOOTNOTES = 2000
MAX_FORMULAS = 5000

SAFE_LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)

_REFERENCE = re.compile(r"@(?P<kind>fig|eq|sec):(?P<name>[A-Za-z0-9](?:[\w./-]*[\w])?)")
_KEY = r"[A-Za-z][\w:.+-]*[\w]|[A-Za-z]"
_CITED = re.compile(rf"@({_KEY})")
_CITATION = re.compile(rf"\[\s*@(?:{_KEY})(?:\s*;\s*@(?:{_KEY}))*\s*\]")
_LABEL = re.compile(r"\s*\{#([^{}\s]{1,80})\}\s*$")
_LABEL_NAME = re.compile(r"[A-Za-z0-9][\w-]*")
_LISTING = re.compile(r"listing\s+(\S+)\s*$")
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,80})\]")
_CLOSED = re.compile(r"(?P<body>.*?)(?<!\\)\$\$(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, order=True)
class TextProblem:
    """line: of the file, from 1. text: what is wrong there and what to do."""

    line: int
    text: str


@dataclass(frozen=True)
class PlacedFigure:
    """panel: its number from 1 or its name, None for the whole figure. caption: inline tokens, none
    where the figure's own title stands. number: as references give it."""

    figure: str
    panel: str | None
    caption: Sequence[Token]
    line: int
    number: int

    @property
    def name(self) -> str:
        return self.figure if self.panel is None else f"{self.figure}/{self.panel}"


@dataclass(frozen=True)
class Named:
    """Something that the text names, and the line."""

    name: str
    line: int


@dataclass(frozen=True)
class PlacedNumber:
    number: Number
    line: int


@dataclass(frozen=True)
class Listing:
    """address: "module:function". figures: those placed in the same section of the text."""

    address: str
    line: int
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """number: such as "2.1". level: of the page's outline, 2 to 6. label: that references name,
    or made from the words. tokens: what it says."""

    number: str
    level: int
    label: str
    tokens: Sequence[Token]


@dataclass
class Document:
    """tokens: blocks of markdown-it, with what they hold resolved as far as the text alone goes.

    Of further types: figure (meta: PlacedFigure), formula (content: LaTeX; meta: its number or
    None, and label), listing (meta: Listing), contents, references; and within lines number (meta:
    Number), reference (meta: kind, name, its count), citation (meta: keys, whether in brackets),
    math (content), claim_open (meta: name) and claim_close.
    title: inline tokens of the first heading of level one. equations: label to number.
    notes: footnotes in order, each its blocks, and how often it is referred to.
    """

    title: Sequence[Token] = ()
    tokens: list[Token] = field(default_factory=list)
    notes: list[tuple[list[Token], int]] = field(default_factory=list)
    figures: list[PlacedFigure] = field(default_factory=list)
    numbers: list[PlacedNumber] = field(default_factory=list)
    claims: list[Named] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    citations: list[Named] = field(default_factory=list)
    figure_references: list[Named] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    equations: dict[str, int] = field(default_factory=dict)
    problems: list[TextProblem] = field(default_factory=list)

    @property
    def has_contents(self) -> bool:
        return any(token.type == "contents" for token in self.tokens)


def read_text(source: str) -> Document:
    """Read a text of at most MAX_BYTES. All that is wrong with it is in the document's problems."""
    document = Document()
    if len(source.encode(errors="replace")) > MAX_BYTES:
        document.problems.append(
            TextProblem(1, f"the text is larger than {MAX_BYTES:,} bytes; split it")
        )
        return document
    for mark in "|[":
        if source.count(mark) > MAX_MARKS:
            text = f"more than {MAX_MARKS:,} times {mark}; split the text"
            document.problems.append(TextProblem(1, text))
            return document
    env: dict[str, Any] = {"problems": document.problems, "line": 1}
    tokens = _reader().parse(source, env)
    with contextlib.suppress(_Enough):
        _Resolver(document).resolve(tokens)
    document.problems.sort()
    return document


class _Enough(Exception):
    """So much is wrong that the rest would not be read anyway."""


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING}).enable("table")
    reader.use(footnote_plugin, inline=False)
    # Every address is a link here, so that one that is not allowed is refused instead of ignored.
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    reader.core.ruler.at("inline", _lines)
    around: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    reader.block.ruler.before("fence", "formula", _formula_block, around)
    for name, rule in (
        ("number", _number),
        ("math", _math),
        ("citation", _citation),
        ("reference", _reference),
    ):
        reader.inline.ruler.before("escape", name, rule)
    return reader


def _problem(env: Mapping[str, Any], line: int, text: str) -> None:
    if len(env["problems"]) < MAX_PROBLEMS:
        env["problems"].append(TextProblem(line, text))


def _lines(state: StateCore) -> None:
    """Read what each block holds, as markdown-it does, and note where it stands: its rules for
    what stands within lines know no lines."""
    in_heading = None
    for token in state.tokens:
        if token.type == "heading_open":
            in_heading = token
        elif token.type == "inline":
            state.env["line"] = (token.map[0] if token.map else 0) + 1
            if in_heading is not None:
                found = _LABEL.search(token.content)
                if found:
                    token.content = token.content[: found.start()]
                    in_heading.meta["label"] = found[1]
                in_heading = None
            state.env["starts"] = None
            children: list[Token] = []
            if len(token.content) > MAX_PARAGRAPH:
                text = f"the paragraph is longer than {MAX_PARAGRAPH:,} characters; divide it"
                _problem(state.env, state.env["line"], text)
                token.content = ""
            state.md.inline.parse(token.content, state.md, state.env, children)
            token.children = children


def _line(state: StateInline) -> int:
    """Of the file, where the rule stands."""
    # A picture's description is read as a text of its own.
    known = state.env.get("starts")
    if known is None or known[0] is not state.src:
        starts = [found.end() for found in re.finditer("\n", state.src)]
        known = state.env["starts"] = (state.src, starts)
    return int(state.env["line"]) + bisect_right(known[1], state.pos)


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """$$ ... $$ on lines of its own, with a label behind it."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("$$", begin):
        return False
    body: list[str] = []
    line, first = start, begin + 2
    while line < end and line - start < 200:
        if line > start and (state.isEmpty(line) or state.sCount[line] < state.blkIndent):
            break
        text = state.src[first : state.eMarks[line]]
        closed = _CLOSED.fullmatch(text)
        if closed is not None:
            label = _LABEL.fullmatch(closed["rest"]) if closed["rest"].strip() else None
            if closed["rest"].strip() and label is None:
                return False
            if silent:
                return True
            token = state.push("formula", "", 0)
            token.block = True
            token.content = "\n".join([*body, closed["body"]]).strip()
            token.map = [start, line + 1]
            token.meta = {"label": label[1] if label else None, "number": None}
            state.line = line + 1
            return True
        body.append(text)
        line += 1
        first = state.bMarks[line] + state.tShift[line] if line < end else 0
    if not silent:
        _problem(state.env, start + 1, "a formula begins with $$ and has no $$ that ends it")
    return False


def _number(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("{{", state.pos):
        return False
    found = LIKE_A_PLACE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        try:
            number = parse_number(found[0][2:-2])
        except NotReadable as error:
            _problem(state.env, _line(state), f"{found[0]}: {error}")
            return False
        token = state.push("number", "", 0)
        token.content = found[0]
        token.meta = {"number": number, "line": _line(state)}
    state.pos = found.end()
    return True


def _math(state: StateInline, silent: bool) -> bool:
    source, pos = state.src, state.pos
    if source[pos] != "$" or (pos + 1 < state.posMax and source[pos + 1] in " \n\t"):
        return False
    if source.startswith("$$", pos):
        if not silent and source.find("$$", pos + 2, pos + 4000) > 0:
            _problem(state.env, _line(state), "$$ stands on lines of its own; use $ in a sentence")
        width = len(source[pos : state.posMax]) - len(source[pos : state.posMax].lstrip("$"))
        if not silent:
            state.pending += "$" * width
        state.pos += width
        return True
    # As Pandoc has it, so that prices stay prices.
    for found in re.compile(r"\\.|\$", re.DOTALL).finditer(
        source, pos + 1, min(state.posMax, pos + 1000)
    ):
        end = found.start()
        if found[0] != "$":
            continue
        after = source[end + 1 : end + 2]
        # Nor does a formula begin before code and end in it.
        is_code = "`" in source[pos:end]
        if end == pos + 1 or source[end - 1].isspace() or after.isdigit() or is_code:
            return False
        if not silent:
            token = state.push("math", "", 0)
            token.content = source[pos + 1 : end]
            token.meta = {"line": _line(state)}
        state.pos = end + 1
        return True
    return False


def _citation(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    found = _CITATION.match(state.src, state.pos, min(state.posMax, state.pos + 1000))
    # [@key](address) and [@fig:x] are none.
    if found is None or state.src[found.end() : found.end() + 1] == "(":
        return False
    keys = _CITED.findall(found[0])
    if any(key.startswith(("fig:", "eq:", "sec:")) for key in keys):
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta = {"keys": keys, "in_brackets": True, "line": _line(state)}
    state.pos = found.end()
    return True


def _reference(state: StateInline, silent: bool) -> bool:
    source, pos = state.src, state.pos
    # Not within a word, as in an address.
    if source[pos] != "@" or (pos > 0 and (source[pos - 1].isalnum() or source[pos - 1] in "_.@/")):
        return False
    found = _REFERENCE.match(source, pos, state.posMax)
    cited = None if found else _CITED.match(source, pos, state.posMax)
    if found is None and cited is None:
        return False
    if not silent:
        if found is not None:
            token = state.push("reference", "", 0)
            token.meta = {"kind": found["kind"], "name": found["name"], "line": _line(state)}
        else:
            assert cited is not None
            token = state.push("citation", "", 0)
            token.meta = {"keys": [cited[1]], "in_brackets": False, "line": _line(state)}
    state.pos = (found or cited).end()  # type: ignore[union-attr]
    return True


class _Resolver:
    """Goes through all tokens once, numbers what is numbered, and then looks up what was named."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._figures_here: list[str] = []
        self._listings_here: list[tuple[Token, str, int]] = []
        self._levels: list[int] = []
        self._counts: list[int] = []
        self._references: list[tuple[Token, int]] = []
        self._anchors: list[Named] = []
        self._formulas = 0
        self._labels: dict[str, int] = {}
        self._placed: dict[str, list[PlacedFigure]] = {}

    def resolve(self, tokens: list[Token]) -> None:
        body, notes = _without_notes(tokens)
        self._check_depth(tokens)
        self.document.tokens = self._blocks(body, is_body=True)
        self._end_section()
        for blocks, references in notes:
            self.document.notes.append((self._blocks(blocks, is_body=False), references))
        if len(notes) > MAX_FOOTNOTES:
            self._refuse(1, f"more than {MAX_FOOTNOTES:,} footnotes; split the text")
        self._look_up()

    def _refuse(self, line: int, text: str) -> None:
        self.document.problems.append(TextProblem(line, text))
        if len(self.document.problems) >= MAX_PROBLEMS:
            raise _Enough

    def _check_depth(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.level >= MAX_NESTING - 4:
                line = (token.map[0] if token.map else 0) + 1
                self._refuse(line, f"stands in more than {MAX_NESTING - 4} lists or quotations")
                return

    def _blocks(self, tokens: Sequence[Token], *, is_body: bool) -> list[Token]:
        made: list[Token] = []
        waiting = list(tokens)
        place = 0
        while place < len(waiting):
            token = waiting[place]
            line = (token.map[0] if token.map else 0) + 1
            if token.type == "heading_open":
                place += 3
                made += self._heading(waiting[place - 3 : place], line, is_body)
                continue
            if token.type == "paragraph_open":
                place += 3
                made += self._paragraph(waiting[place - 3 : place], line, is_body)
                continue
            if token.type == "inline":
                self._inline(token, line)
            elif token.type == "formula":
                self._formula(token, line)
            elif token.type == "fence" and token.info.strip().startswith("listing"):
                token = self._listing(token, line)
            made.append(token)
            place += 1
        return made

    def _heading(self, tokens: Sequence[Token], line: int, is_body: bool) -> list[Token]:
        opening, inline, _ = tokens
        self._inline(inline, line)
        children = inline.children or []
        for child in children:
            if child.type == "claim_open":
                self._refuse(line, "a claim stands in a heading; give it a sentence of its own")
        label = opening.meta.get("label")
        level = int(opening.tag[1:])
        if level == 1 and not self.document.title and not self.document.headings and is_body:
            self.document.title = children
            if label is not None:
                self._refuse(line, "the title of the page has no number to refer to; leave it out")
            return []
        self._end_section()
        while self._levels and self._levels[-1] >= max(level, 2):
            self._levels.pop()
        self._levels.append(max(level, 2))
        depth = len(self._levels)
        self._counts = [*self._counts, *[0] * depth][:depth]
        self._counts[-1] += 1
        if len(self.document.headings) == MAX_HEADINGS:
            self._refuse(line, f"more than {MAX_HEADINGS:,} headings; split the text")
            raise _Enough
        if label is None:
            label = name = f"sec:{_slug(_plain(children))}"
            count = 1
            while label in self._labels:
                count += 1
                label = f"{name}-{count}"
        else:
            self._check_label(label, "sec", line)
        self._labels.setdefault(label, line)
        heading = Heading(".".join(map(str, self._counts)), min(depth + 1, 6), label, children)
        self.document.headings.append(heading)
        opening.type, opening.meta = "heading", {"heading": heading}
        return [opening]

    def _end_section(self) -> None:
        """Listings belong to the figures of their section."""
        figures = tuple(dict.fromkeys(self._figures_here))
        for token, address, line in self._listings_here:
            listing = Listing(address, line, figures)
            token.meta = {"listing": listing}
            self.document.listings.append(listing)
        self._figures_here, self._listings_here = [], []

    def _check_label(self, label: str, kind: str, line: int) -> None:
        prefix, _, name = label.partition(":")
        if prefix != kind or not _LABEL_NAME.fullmatch(name):
            self._refuse(
                line, f"{{#{label}}} is not a label; expected one such as {{#{kind}:name}}"
            )
        elif label in self._labels:
            self._refuse(
                line,
                f"the label {label} is given a second time (first on line {self._labels[label]}); "
                "choose another",
            )

    def _paragraph(self, tokens: Sequence[Token], line: int, is_body: bool) -> list[Token]:
        _, inline, _ = tokens
        told = inline.content.strip()
        if told in ("[TOC]", "[REFERENCES]"):
            return [Token("contents" if told == "[TOC]" else "references", "", 0)]
        children = [
            child
            for child in inline.children or []
            if not (child.type in ("softbreak", "text") and not child.content.strip())
        ]
        alone = children[0] if len(children) == 1 and children[0].type == "image" else None
        if alone is not None and str(alone.attrs.get("src", "")).startswith("figure:"):
            return self._figure(alone, line, is_body)
        self._inline(inline, line)
        return list(tokens)

    def _figure(self, image: Token, line: int, is_body: bool) -> list[Token]:
        caption = Token("inline", "", 0, children=image.children or [])
        self._inline(caption, line)
        if any(child.type == "claim_open" for child in caption.children or []):
            self._refuse(line, "a claim stands in a caption; give it a sentence of its own")
        figure, _, panel = str(image.attrs["src"]).removeprefix("figure:").partition("/")
        if not is_body:
            self._refuse(line, "a figure stands in a footnote; place it in the text")
            return []
        placed = PlacedFigure(
            figure, panel or None, caption.children or [], line, len(self.document.figures) + 1
        )
        for other in self._placed.setdefault(figure, []):
            if other.panel is None or placed.panel is None or other.panel == panel:
                self._refuse(
                    line,
                    f"figure {placed.name} is placed a second time (first on line {other.line}); "
                    f"refer to it with @fig:{figure}",
                )
                return []
        self.document.figures.append(placed)
        self._placed[figure].append(placed)
        self._figures_here.append(figure)
        token = Token("figure", "", 0, meta={"figure": placed})
        return [token]

    def _formula(self, token: Token, line: int) -> None:
        self._check_formula(token.content, True, line)
        label = token.meta["label"]
        if label is not None:
            self._check_label(label, "eq", line)
            self._labels.setdefault(label, line)
            number = len(self.document.equations) + 1
            token.meta["number"] = self.document.equations.setdefault(label, number)

    def _check_formula(self, latex: str, is_display: bool, line: int) -> None:
        self._formulas += 1
        if self._formulas > MAX_FORMULAS:
            self._refuse(line, f"more than {MAX_FORMULAS:,} formulas; split the text")
            raise _Enough
        try:
            to_mathml(latex, is_display)
        except NotReadable as error:
            shown = latex if len(latex) <= 60 else f"{latex[:57]}..."
            self._refuse(line, f"${' '.join(shown.split())}$: {error}")

    def _listing(self, token: Token, line: int) -> Token:
        found = _LISTING.fullmatch(token.info.strip())
        if found is None:
            self._refuse(line, "a listing names a function, as in ```listing tasks.module:function")
        elif token.content.strip():
            self._refuse(line, "a listing has no body; the function's own source stands there")
        else:
            listing = Token("listing", "", 0, meta={})
            self._listings_here.append((listing, found[1], line))
            return listing
        return token

    def _inline(self, inline: Token, line: int) -> None:
        claims: list[bool] = []
        at = line
        for child in inline.children or []:
            at = max(at, int(child.meta.get("line", 0)))
            if child.type in ("softbreak", "hardbreak"):
                at += 1
            elif child.type == "number":
                self.document.numbers.append(PlacedNumber(child.meta["number"], at))
            elif child.type == "math":
                self._check_formula(child.content, False, at)
            elif child.type == "citation":
                self.document.citations += [Named(key, at) for key in child.meta["keys"]]
            elif child.type == "reference":
                self._references.append((child, at))
            elif child.type == "image":
                self._refuse_image(child, at)
            elif child.type == "link_open":
                claims.append(self._link(child, at))
            elif child.type == "link_close" and claims and claims.pop():
                child.type = "claim_close"
            elif child.type == "text":
                for label in _FOOTNOTE.findall(child.content):
                    self._refuse(at, f"[^{label}] has no footnote; write [^{label}]: and its text")

    def _refuse_image(self, image: Token, line: int) -> None:
        source = str(image.attrs.get("src", ""))
        if source.startswith("figure:"):
            self._refuse(
                line,
                f"![]({source}) stands within a paragraph; place it in one of its own, and refer "
                f"to it with @fig:{source.removeprefix('figure:')}",
            )
        else:
            self._refuse(
                line,
                f"the image {source[:60]!r} is no figure of this write-up; declare one in "
                "pipelines.yaml and place it with ![](figure:its-id)",
            )

    def _link(self, token: Token, line: int) -> bool:
        """Whether it is a claim."""
        address = str(token.attrs.get("href", ""))
        if address.startswith("claim:"):
            name = address.removeprefix("claim:")
            token.type, token.meta = "claim_open", {"name": name}
            self.document.claims.append(Named(name, line))
            return True
        if address.startswith("#"):
            self._anchors.append(Named(address[1:], line))
        elif not SAFE_LINK.match(address):
            self._refuse(
                line,
                f"the link to {address[:60]!r} is not allowed; expected https:, mailto:, #label "
                "or claim:",
            )
        return False

    def _look_up(self) -> None:
        document = self.document
        labels = {heading.label: heading for heading in document.headings}
        for count, (token, line) in enumerate(self._references, 1):
            kind, name = token.meta["kind"], token.meta["name"]
            token.meta["count"] = count
            if kind == "fig":
                document.figure_references.append(Named(name, line))
            elif f"{kind}:{name}" not in (document.equations if kind == "eq" else labels):
                known = document.equations if kind == "eq" else labels
                self._refuse(
                    line, f"@{kind}:{name} refers to nothing{_meant(f'{kind}:{name}', known)}"
                )
        anchors = {*labels, *document.equations}
        for named in self._anchors:
            if named.name not in anchors and f"sec:{named.name}" not in anchors:
                self._refuse(
                    named.line, f"#{named.name} leads nowhere{_meant(named.name, anchors)}"
                )


def _meant(name: str, known: Iterator[str] | Sequence[str] | Mapping[str, Any] | set[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _without_notes(tokens: Sequence[Token]) -> tuple[list[Token], list[tuple[list[Token], int]]]:
    """The body, and of each footnote its blocks and how often it is referred to."""
    body: list[Token] = []
    notes: list[tuple[list[Token], int]] = []
    into = body
    for token in tokens:
        if token.type == "footnote_open":
            into = []
            notes.append((into, 0))
        elif token.type == "footnote_anchor":
            notes[-1] = (notes[-1][0], notes[-1][1] + 1)
        elif token.type in ("footnote_block_open", "footnote_close", "footnote_block_close"):
            into = body if token.type != "footnote_block_open" else into
        else:
            into.append(token)
    return body, notes


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(
        " " if token.type in ("softbreak", "hardbreak") else token.content for token in tokens
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
