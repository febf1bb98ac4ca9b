"""A write-up's text as its page shows it: markup, with figures between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from markdown_it.token import Token
from markupsafe import Markup, escape

from tasks.report.claims import ClaimView
from tasks.report.measured_numbers import measured, what_is_missing
from tasks.report.panel_view import PanelView
from tasks.report.run_record import Figure, RunRecord, TextRecord
from tasks.report.wording import slug
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.store import Store
from tasks.writing.bibliography import Entry, cited, read_bibliography
from tasks.writing.formulas import to_mathml
from tasks.writing.listings import OBJECT
from tasks.writing.numbers import Call, NotReadable, Number
from tasks.writing.read_text import SAFE_LINK, Document, PlacedFigure, read_text


@dataclass(frozen=True)
class ShownFigure:
    """A figure, or some of its panels, at its place. anchor: unique on the page. caption: markup.
    is_titled: the caption is the title of its one panel, which needs no other.
    mentions: fragments of where the text refers to it. level: of the headings in it."""

    figure: Figure
    anchor: str
    number: int
    caption: Markup
    panels: Sequence[PanelView]
    mentions: Sequence[str]
    level: int
    is_late: bool
    is_titled: bool = False


@dataclass(frozen=True)
class Piece:
    """Markup, a figure, or the table of contents."""

    markup: Markup | None = None
    figure: ShownFigure | None = None
    is_contents: bool = False


@dataclass(frozen=True)
class ContentsEntry:
    """begins: how its paragraphs begin, plain."""

    anchor: str
    number: str
    title: Markup
    depth: int
    begins: str


@dataclass(frozen=True)
class TextView:
    """contents: every heading. rest: the figures that the text leaves out. introduction: its first
    sentences, plain. begins: how the paragraphs before the first heading begin. numbers: to the
    fragment of where each stands first. reads: nodes of the figures, claims and listings in it.
    problems: why a text that was recorded by another version cannot be shown whole."""

    title: Markup | None
    plain_title: str
    introduction: str
    begins: str
    pieces: Sequence[Piece]
    contents: Sequence[ContentsEntry]
    has_contents: bool
    rest: Sequence[ShownFigure]
    numbers: Mapping[Call, str]
    reads: Sequence[str]
    problems: Sequence[str]


def view_text(
    record: TextRecord,
    run: RunRecord,
    rows: Mapping[str, Row],
    store: Store,
    shown: Mapping[str, tuple[str, Sequence[PanelView]]],
    claims: Mapping[str, ClaimView],
    prefix: str,
    panels_at_once: int,
) -> TextView:
    """shown: figure id to its fragment and panels. claims: by the node that checks each.
    panels_at_once: those that are not late."""
    document, at = read_text(record.source), f"{prefix}text-"
    return _Writer(document, record, run, rows, store, shown, claims, at).view(panels_at_once)


OPENING_WORDS = 12
"""Of each paragraph, which the search of a page knows."""

LONG_FORMULA = 40
"""Characters of LaTeX from which a formula in a sentence may be wider than a phone."""

_TAGS = {
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "blockquote": "blockquote",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "em": "em",
    "strong": "strong",
}
_ENDS = ",.;:!?)"
_ALIGNED = re.compile(r"text-align:(left|right|center)")


@dataclass
class _Writer:
    """shown, claims: as of view_text. at: begins its fragments."""

    document: Document
    record: TextRecord
    run: RunRecord
    rows: Mapping[str, Row]
    store: Store
    shown: Mapping[str, tuple[str, Sequence[PanelView]]]
    claims: Mapping[str, ClaimView]
    at: str

    def __post_init__(self) -> None:
        self.figures = {figure.id: figure for figure in self.run.figures}
        entries, _ = read_bibliography(self.record.bibliography or "")
        self.cited = cited(entries, [named.name for named in self.document.citations])
        self.sections = {heading.label: heading for heading in self.document.headings}
        self._anchors, self._numbers, self._rest = self._placed()
        self._mentions: dict[str, list[str]] = {}
        self._note_references: dict[int, int] = {}
        self._number_anchors: dict[Call, str] = {}

    def view(self, panels_at_once: int) -> TextView:
        pieces = list(self._pieces())
        rest = [self._left_out(figure, panels, number) for figure, panels, number in self._rest]
        in_order = [piece.figure for piece in pieces if piece.figure is not None]
        before = accumulate((len(each.panels) for each in in_order), initial=0)
        late = {
            each.anchor: count >= panels_at_once
            for each, count in zip(in_order, before, strict=False)
        }

        def settled(figure: ShownFigure, is_late: bool) -> ShownFigure:
            mentions = self._mentions.get(figure.anchor, ())
            return replace(figure, is_late=is_late, mentions=mentions)

        title = self._inline(self.document.title) if self.document.title else None
        begins = self._beginnings()
        return TextView(
            title=title,
            plain_title=_plain(self.document.title) or self.run.title,
            introduction=self._introduction(),
            begins=begins[None],
            pieces=[
                piece
                if piece.figure is None
                else Piece(figure=settled(piece.figure, late[piece.figure.anchor]))
                for piece in pieces
            ],
            contents=[
                ContentsEntry(
                    self._section_anchor(heading.label),
                    heading.number,
                    self._inline(heading.tokens, is_link=True),
                    heading.level - 2,
                    begins[heading.label],
                )
                for heading in self.document.headings
            ],
            has_contents=self.document.has_contents,
            rest=[settled(figure, bool(in_order)) for figure in rest],
            numbers=self._number_anchors,
            reads=[
                *(panel.panel.node for figure in in_order for panel in figure.panels),
                *self.record.claims.values(),
                *self.record.listings.values(),
            ],
            problems=[f"line {each.line}: {each.text}" for each in self.document.problems],
        )

    def _placed(
        self,
    ) -> tuple[dict[str, str], dict[str, int], list[tuple[Figure, list[PanelView], int]]]:
        """Anchor and number by "figure" and "figure/panel"; and what is left out, with its number.

        The first place of a figure has the fragment that all links to it use.
        """
        anchors: dict[str, str] = {}
        numbers: dict[str, int] = {}
        left = {figure_id: list(panels) for figure_id, (_, panels) in self.shown.items()}
        for placed in self.document.figures:
            if placed.figure not in self.shown:
                continue
            anchor, _ = self.shown[placed.figure]
            mine = self._panels(placed)
            left[placed.figure] = [each for each in left[placed.figure] if each not in mine]
            if placed.figure in anchors:
                anchor = f"{self.at}figure-{placed.number}"
            for name in (placed.figure, placed.name):
                anchors.setdefault(name, anchor)
                numbers.setdefault(name, placed.number)
        rest = []
        number = max([0, *(placed.number for placed in self.document.figures)])
        for figure_id, panels in left.items():
            if panels or figure_id not in anchors:
                number += 1
                rest.append((self.figures[figure_id], panels, number))
                is_first = figure_id not in anchors
                own = self.shown[figure_id][0] if is_first else f"{self.at}figure-{number}"
                anchors.setdefault(figure_id, own)
                anchors[f"{figure_id}/rest"] = own
                numbers.setdefault(figure_id, number)
        return anchors, numbers, rest

    def _panels(self, placed: PlacedFigure) -> list[PanelView]:
        panels = list(self.shown[placed.figure][1])
        if placed.panel is None:
            return panels
        if placed.panel.isdecimal():
            return panels[int(placed.panel) - 1 :][:1]
        return [panel for panel in panels if panel.panel.id == placed.panel]

    def _left_out(self, figure: Figure, panels: Sequence[PanelView], number: int) -> ShownFigure:
        anchor = self._anchors[f"{figure.id}/rest"]
        return ShownFigure(figure, anchor, number, escape(figure.title), panels, (), 3, False)

    def _pieces(self) -> Iterator[Piece]:
        parts: list[Markup] = []
        level = 2
        has_references = False
        for token, markup in self._blocks(self.document.tokens):
            if token is not None and token.type == "figure":
                placed = token.meta["figure"]
                if placed.figure in self.shown:
                    yield Piece(Markup().join(parts))
                    parts = []
                    yield Piece(figure=self._figure(placed, level))
                continue
            if token is not None and token.type == "heading":
                level = token.meta["heading"].level
            if token is not None and token.type == "contents":
                # The template writes it, with what follows the text.
                yield Piece(Markup().join(parts))
                yield Piece(is_contents=True)
                parts = []
                continue
            if token is not None and token.type == "references":
                has_references = True
                markup = self._references()
            parts.append(markup)
        if self.cited and not has_references:
            anchor = f"{self.at}references"
            parts.append(Markup('<h2 id="{}">References</h2>\n').format(anchor))
            parts.append(self._references())
        parts.append(self._notes())
        yield Piece(Markup().join(parts))

    def _figure(self, placed: PlacedFigure, level: int) -> ShownFigure:
        figure = self.figures[placed.figure]
        panels = self._panels(placed)
        title = panels[0].panel.title if placed.panel is not None and panels else ""
        caption = self._inline(placed.caption) if placed.caption else escape(title or figure.title)
        is_titled = bool(title) and not placed.caption
        anchor = self._anchors[placed.name]
        level = min(level + 1, 6)
        return ShownFigure(
            figure, anchor, placed.number, caption, panels, (), level, False, is_titled
        )

    def _blocks(self, tokens: Sequence[Token]) -> Iterator[tuple[Token | None, Markup]]:
        """Each token with its markup."""
        for place, token in enumerate(tokens):
            kind, nesting = token.type.rpartition("_")[0], token.nesting
            if token.type == "inline":
                yield None, self._inline(token.children or [])
            elif kind == "paragraph":
                if not token.hidden:
                    inline = tokens[place + (1 if nesting > 0 else -1)]
                    # An element with details cannot stand in a paragraph of HTML.
                    has_claim = any(each.type == "claim_open" for each in inline.children or [])
                    yield None, Markup(_paragraph(has_claim, nesting > 0))
            elif kind == "table":
                yield (
                    None,
                    Markup('<div class="scroll"><table>\n' if nesting > 0 else "</table></div>\n"),
                )
            elif kind in _TAGS:
                yield None, Markup(_tag(token, _TAGS[kind]))
            elif token.type == "heading":
                yield token, self._heading(token)
            elif token.type == "formula":
                yield None, self._formula(token)
            elif token.type in ("fence", "code_block"):
                block = Markup('<pre class="scroll code-block"><code>{}</code></pre>\n')
                yield None, block.format(token.content)
            elif token.type == "listing":
                yield None, self._listing(token.meta["listing"].address)
            elif token.type == "hr":
                yield None, Markup("<hr>\n")
            elif token.type in ("figure", "contents", "references"):
                yield token, Markup()

    def _heading(self, token: Token) -> Markup:
        heading = token.meta["heading"]
        return Markup(
            '<h{0} id="{1}" class="numbered"><span class="code">{2}</span> {3}</h{0}>\n'
        ).format(
            heading.level,
            self._section_anchor(heading.label),
            heading.number,
            self._inline(heading.tokens),
        )

    def _section_anchor(self, label: str) -> str:
        return f"{self.at}{label.replace(':', '-')}"

    def _formula(self, token: Token) -> Markup:
        label, number = token.meta["label"], token.meta["number"]
        there = Markup(' id="{}"').format(self._section_anchor(label)) if label else Markup()
        told = Markup('<span class="equation-number">({})</span>').format(number) if number else ""
        return Markup('<div class="formula"{}><div class="scroll">{}</div>{}</div>\n').format(
            there, _math(token.content, True), told
        )

    def _listing(self, address: str) -> Markup:
        name = self.record.listings.get(address)
        node = self.run.nodes.get(name) if name else None
        row = self.rows.get(node.key) if node else None
        source = None
        if row is not None:
            try:
                source = self.store.read_object(row.objects[OBJECT]).decode(errors="replace")
            except (CorruptArtifact, KeyError):
                source = None
        if row is None or source is None:
            return Markup(
                '<p class="missing">The listing of {} is recorded when its figures are made.</p>\n'
            ).format(address)
        info = row.info
        where = f"{info.get('file')}, lines {info.get('first_line')} to {info.get('last_line')}"
        return Markup(
            '<figure class="listing"><figcaption><code>{}</code> <span class="quiet">{}{}</span>'
            '</figcaption><pre class="scroll code-block"><code>{}</code></pre></figure>\n'
        ).format(address.partition(":")[2], where, self._commits(row), source)

    def _commits(self, row: Row) -> str:
        """Of the listing, and of figures beside it that were made by other code."""
        if not row.git_commit:
            return ""
        told = _commit(row)
        others = {
            _commit(other)
            for key in row.inputs.values()
            if (other := self.rows.get(key)) is not None and other.git_commit
        } - {told}
        beside = f"; its figures were made at {', '.join(sorted(others))}" if others else ""
        return f", as recorded at commit {told}{beside}"

    def _references(self) -> Markup:
        items = [
            Markup('<li id="{}cite-{}">{}</li>').format(self.at, slug(key), _reference(entry))
            for key, entry in self.cited.items()
        ]
        return Markup('<ul class="references">\n{}\n</ul>\n').format(Markup("\n").join(items))

    def _notes(self) -> Markup:
        if not self.document.notes:
            return Markup()
        items = []
        for number, (tokens, _) in enumerate(self.document.notes, 1):
            body = Markup().join(markup for _, markup in self._blocks(tokens))
            back = Markup(" ").join(
                Markup('<a href="#{}noteref-{}-{}" aria-label="Back to the text">↩</a>').format(
                    self.at, number, count
                )
                for count in range(1, self._note_references.get(number, 0) + 1)
            )
            # Behind the last word, where the last block is a paragraph.
            text = str(body).rstrip()
            ends = text.endswith("</p>")
            inside = Markup(text.removesuffix("</p>")) if ends else Markup(text)
            item = Markup('<li id="{}note-{}">{} {}{}</li>')
            items.append(item.format(self.at, number, inside, back, Markup("</p>") if ends else ""))
        return Markup(
            '<section class="notes" aria-label="Footnotes">\n<ol>\n{}\n</ol>\n</section>\n'
        ).format(Markup("\n").join(items))

    def _inline(self, tokens: Sequence[Token], is_link: bool = False) -> Markup:
        """is_link: within a link, where no other can stand."""
        parts: list[Markup] = []
        opened: list[Markup] = []
        for before, token in zip([None, *tokens], tokens, strict=False):
            kind, nesting = token.type.rpartition("_")[0], token.nesting
            if token.type == "text":
                rest = token.content
                if before is not None and before.type == "math" and not _is_long(before.content):
                    # Else a line could begin with what ends the formula.
                    rest = rest.lstrip(_ENDS)
                    ends = token.content[: len(token.content) - len(rest)]
                    together = Markup('<span class="unbroken">{}{}</span>')
                    parts.append(together.format(parts.pop(), ends) if ends else Markup())
                parts.append(escape(rest))
            elif token.type == "softbreak":
                parts.append(Markup("\n"))
            elif token.type == "hardbreak":
                parts.append(Markup("<br>\n"))
            elif token.type == "code_inline":
                parts.append(Markup("<code>{}</code>").format(token.content))
            elif kind in ("em", "strong"):
                parts.append(Markup(f"<{'/' if nesting < 0 else ''}{kind}>"))
            elif token.type == "math":
                parts.append(_math(token.content, False))
            elif token.type == "number":
                parts.append(self._number(token.meta["number"], is_link))
            elif token.type == "link_open":
                address = None if is_link else self._address(str(token.attrs.get("href", "")))
                parts.append(Markup('<a href="{}">').format(address) if address else Markup())
                opened.append(Markup("</a>") if address else Markup())
            elif token.type == "claim_open":
                parts.append(Markup('<span class="stated">'))
                opened.append(Markup("</span>") + self._verdict(token.meta["name"]))
            elif token.type in ("link_close", "claim_close"):
                parts.append(opened.pop() if opened else Markup())
            elif token.type == "reference":
                parts.append(self._reference_to(token, is_link))
            elif token.type == "citation":
                parts.append(self._citation(token, is_link))
            elif token.type == "footnote_ref" and not is_link:
                parts.append(self._note(token))
        return Markup().join(parts)

    def _address(self, address: str) -> str | None:
        if address.startswith("#"):
            name = address[1:]
            known = {*self.sections, *self.document.equations}
            label = next((each for each in (name, f"sec:{name}") if each in known), None)
            return f"#{self._section_anchor(label)}" if label else None
        return address if SAFE_LINK.match(address) else None

    def _number(self, asked: Number, is_link: bool) -> Markup:
        told = measured(asked, self.run, self.rows)
        there = Markup()
        if not is_link and asked.call not in self._number_anchors:
            anchor = f"{self.at}number-{len(self._number_anchors) + 1}"
            self._number_anchors[asked.call] = anchor
            there = Markup(' id="{}"').format(anchor)
        if told is None:
            missing = Markup('<span class="missing"{}>[{}]</span>')
            return missing.format(there, what_is_missing(asked))
        return Markup('<span class="value"{} title="{}">{}</span>').format(
            there, str(asked.call), told
        )

    def _verdict(self, name: str) -> Markup:
        claim = self.claims.get(self.record.claims.get(name, ""))
        if claim is None:
            return Markup()
        numbers = Markup().join(
            Markup("<dt>{}</dt><dd>{}</dd>").format(*each) for each in claim.numbers
        )
        return Markup(
            ' <details class="verdict-here"><summary><span class="verdict {css}">'
            '<span class="mark" aria-hidden="true">{symbol}</span> {verdict}</span></summary>'
            '<div><p>{because}.</p>{numbers}<p class="quiet">Holds when: {when}</p>'
            '<p><a href="#{anchor}">The claim with all that was measured</a></p></div></details>'
        ).format(
            css=claim.css,
            symbol=claim.symbol,
            verdict=claim.verdict,
            because=f"{claim.because[:1].upper()}{claim.because[1:]}".rstrip("."),
            numbers=Markup('<dl class="provenance">{}</dl>').format(numbers) if numbers else "",
            when=claim.record.holds_when,
            anchor=claim.anchor,
        )

    def _reference_to(self, token: Token, is_link: bool) -> Markup:
        kind, name = token.meta["kind"], token.meta["name"]
        anchor, told = None, f"@{kind}:{name}"
        if kind == "fig":
            known = name if name in self._anchors else name.partition("/")[0]
            anchor = self._anchors.get(known)
            told = f"Figure {self._numbers[known]}" if known in self._numbers else told
        elif kind == "eq" and f"eq:{name}" in self.document.equations:
            anchor = self._section_anchor(f"eq:{name}")
            told = f"({self.document.equations[f'eq:{name}']})"
        elif kind == "sec" and f"sec:{name}" in self.sections:
            anchor = self._section_anchor(f"sec:{name}")
            told = f"Section {self.sections[f'sec:{name}'].number}"
        if anchor is None or is_link:
            return escape(told.replace(" ", "\u00a0"))
        own = f"{self.at}mention-{token.meta['count']}"
        if kind == "fig" and own not in self._mentions.setdefault(anchor, []):
            self._mentions[anchor].append(own)
        return Markup('<a href="#{}" id="{}">{}</a>').format(
            anchor, own, told.replace(" ", "\u00a0")
        )

    def _citation(self, token: Token, is_link: bool) -> Markup:
        parts = []
        for key in token.meta["keys"]:
            entry = self.cited.get(key)
            if entry is None:
                parts.append(escape(f"@{key}"))
                continue
            in_brackets = token.meta["in_brackets"]
            told = f"{entry.who} {entry.year}" if in_brackets else f"{entry.who} ({entry.year})"
            link = Markup('<a class="cited" href="#{}cite-{}">{}</a>')
            parts.append(escape(told) if is_link else link.format(self.at, slug(key), told))
        joined = Markup("; ").join(parts)
        return Markup("({})").format(joined) if token.meta["in_brackets"] else joined

    def _note(self, token: Token) -> Markup:
        number = int(token.meta["id"]) + 1
        count = self._note_references[number] = self._note_references.get(number, 0) + 1
        return Markup(
            '<sup class="note"><a href="#{0}note-{1}" id="{0}noteref-{1}-{2}" '
            'aria-label="Footnote {1}">{1}</a></sup>'
        ).format(self.at, number, count)

    def _introduction(self) -> str:
        """The first two sentences of the first paragraph."""
        for _, words in self._paragraphs():
            sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(\u201c])", words)
            return " ".join(sentences[:2])[:400]
        return ""

    def _beginnings(self) -> dict[str | None, str]:
        """By label of the heading that the paragraphs stand under, None before the first."""
        found: dict[str | None, list[str]] = {None: []}
        found |= {heading.label: [] for heading in self.document.headings}
        for label, words in self._paragraphs():
            found[label].append(" ".join(words.split()[:OPENING_WORDS]))
        return {label: " ".join(begins) for label, begins in found.items()}

    def _paragraphs(self) -> Iterator[tuple[str | None, str]]:
        """Label of the heading above, and the words without formulas."""
        label = None
        for place, token in enumerate(self.document.tokens):
            if token.type == "heading":
                label = token.meta["heading"].label
            elif token.type == "paragraph_open":
                inline = self.document.tokens[place + 1].children or []
                words = self._inline([t for t in inline if _is_plain(t)], is_link=True)
                yield label, words.striptags()


def _is_plain(token: Token) -> bool:
    return token.type not in ("footnote_ref", "citation", "claim_open", "claim_close", "math")


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(" " if t.type == "softbreak" else t.content for t in tokens).strip()


def _paragraph(has_claim: bool, is_opening: bool) -> str:
    if has_claim:
        return '<div class="paragraph">' if is_opening else "</div>\n"
    return "<p>" if is_opening else "</p>\n"


def _tag(token: Token, tag: str) -> str:
    if token.nesting < 0:
        return f"</{tag}>\n"
    attributes = ""
    aligned = _ALIGNED.fullmatch(str(token.attrs.get("style", "")))
    if aligned is not None:
        attributes += f' class="{aligned[1]}"'
    start: Any = token.attrs.get("start")
    if tag == "ol" and isinstance(start, int):
        attributes += f' start="{start}"'
    return f"<{tag}{attributes}>"


def _is_long(latex: str) -> bool:
    return len(latex) > LONG_FORMULA


def _math(latex: str, is_display: bool) -> Markup:
    try:
        made = Markup(to_mathml(latex, is_display))
        # No browser breaks a formula in a line; a phone has to scroll it.
        long = Markup('<span class="scroll long-formula">{}</span>')
        return long.format(made) if not is_display and _is_long(latex) else made
    except NotReadable:
        return Markup("<code>{}</code>").format(latex)


def _commit(row: Row) -> str:
    return f"{(row.git_commit or '')[:12]}{' with changes' if row.git_dirty else ''}"


def _reference(entry: Entry) -> Markup:
    first, *more = entry.reference
    parts = [escape(first), *(Markup("<cite>{}</cite>").format(each) for each in more[:-1])]
    parts += [escape(each) for each in more[-1:] if each]
    told = Markup(". ").join(parts) + "."
    if entry.address:
        told += Markup(' <a href="{0}">{0}</a>').format(entry.address)
    return told
