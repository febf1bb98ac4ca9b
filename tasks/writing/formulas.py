"""Formulas in LaTeX as MathML, which a page shows without a script."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from xml.etree.ElementTree import Element

from tasks.writing.numbers import PLACE, NotReadable

MAX_LENGTH = 4000
"""Characters of a formula."""
MAX_DEPTH = 40
"""Groups within groups; far above any formula, far below what the converter's recursion bears."""
MAX_ELEMENTS = 20_000

_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|textsf|texttt|mbox|hbox)\s*\{[^{}]*\}")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")

_REFUSED = frozenset(
    {
        "newcommand", "renewcommand", "providecommand", "newenvironment", "renewenvironment",
        "def", "gdef", "edef", "xdef", "let", "DeclareMathOperator", "href", "tag", "label", "ref",
        "color", "textcolor", "style", "class",
        "hspace", "hskip", "kern", "mkern", "mskip", "rule", "raisebox",
    }
)  # fmt: skip
"""Definitions can grow without end; labels are written behind a formula, as {#eq:name}; colours
would vanish in the light or the dark, lengths break the page."""

_ALIASES = (
    (re.compile(r"\\(begin|end)\s*\{(?:aligned|align)\}"), r"\\\1{align*}"),
    (re.compile(r"\\(begin|end)\s*\{gathered\}"), r"\\\1{matrix}"),
    (re.compile(r"\\arg\s*\\(min|max)(?![A-Za-z])"), r"\\arg\1"),
)
"""What the converter knows by another name; it would number the lines of an align itself."""

_ENVIRONMENTS = frozenset(
    {
        "aligned", "align", "align*", "array", "bmatrix", "Bmatrix", "cases", "gathered", "matrix",
        "pmatrix", "smallmatrix", "split", "vmatrix", "Vmatrix",
    }
)  # fmt: skip

_TAGS = frozenset(
    {
        "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot",
        "mstyle", "mpadded", "mphantom", "menclose", "msub", "msup", "msubsup", "munder", "mover",
        "munderover", "mmultiscripts", "mprescripts", "mtable", "mtr", "mtd", "mlabeledtr",
    }
)  # fmt: skip
_ATTRIBUTES = frozenset(
    {
        "accent", "accentunder", "columnalign", "columnlines", "columnspacing", "depth", "display",
        "displaystyle", "fence", "form", "height", "largeop", "linethickness", "lspace",
        "mathsize", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowlines",
        "rowspacing", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "width",
    }
)  # fmt: skip


@functools.lru_cache(maxsize=4096)
def to_mathml(latex: str, is_display: bool) -> str:
    """Markup that can stand in a page as it is. Raises NotReadable, which says what is wrong."""
    for pattern, name in _ALIASES:
        latex = pattern.sub(name, latex) if len(latex) <= MAX_LENGTH else latex
    _check(latex)
    from latex2mathml.converter import Converter

    try:
        element = Converter(display="block" if is_display else "inline").convert_to_element(latex)
        if sum(1 for _ in element.iter()) > MAX_ELEMENTS:
            raise NotReadable("it is too large; split it")
        return "".join(_markup(element))
    except NotReadable:
        raise
    except Exception as error:
        # The converter has an error of its own for each fault, and others for what it cannot do.
        raise NotReadable(_words(error)) from error


def _words(error: Exception) -> str:
    """ "DoubleSubscriptsError" as "double subscripts"."""
    name = type(error).__name__.removesuffix("Error")
    return f"the formula cannot be read: {re.sub(r'(?<!^)(?=[A-Z])', ' ', name).lower()}"


def _check(latex: str) -> None:
    if not latex.strip():
        raise NotReadable("the formula is empty")
    if len(latex) > MAX_LENGTH:
        raise NotReadable(f"the formula is longer than {MAX_LENGTH:,} characters; split it")
    if PLACE.search(latex):
        raise NotReadable("a number of the run cannot stand inside a formula; put it beside it")
    _check_braces(latex)
    _check_environments(latex)
    outside = _TEXT.sub(" ", latex)
    for name in dict.fromkeys(_COMMAND.findall(outside)):
        if name in _REFUSED:
            raise NotReadable(rf"\{name} cannot be used in a formula")
        if f"\\{name}" not in known_commands():
            near = get_close_matches(f"\\{name}", known_commands(), n=1, cutoff=0.6)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise NotReadable(rf"\{name} is not a known command{meant}")


def _check_braces(latex: str) -> None:
    depth = 0
    lefts = len(re.findall(r"\\left(?![A-Za-z])", latex))
    for found in re.finditer(r"\\.|[{}]", latex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            raise NotReadable("a } closes nothing")
        if depth + lefts > MAX_DEPTH and depth + latex[: found.start()].count(r"\left") > MAX_DEPTH:
            raise NotReadable(f"more than {MAX_DEPTH} groups stand within each other")
    if depth:
        raise NotReadable("a { is not closed")
    if lefts != len(re.findall(r"\\right(?![A-Za-z])", latex)):
        raise NotReadable(r"a \left has no \right, or the other way round")


def _check_environments(latex: str) -> None:
    opened: list[str] = []
    for which, name in _ENVIRONMENT.findall(latex):
        if name not in _ENVIRONMENTS:
            near = get_close_matches(name, _ENVIRONMENTS, n=1, cutoff=0.5)
            known = f"did you mean {near[0]}?" if near else ", ".join(sorted(_ENVIRONMENTS))
            raise NotReadable(rf"\begin{{{name}}} is not known; {known}")
        if which == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise NotReadable(rf"\end{{{name}}} ends nothing that was begun")
        if len(opened) > MAX_DEPTH:
            raise NotReadable(f"more than {MAX_DEPTH} groups stand within each other")
    if not _ENVIRONMENT.search(latex) and re.search(r"(?<!\\)&|\\\\", latex):
        raise NotReadable(
            r"& and \\ are of tables; write them between \begin{aligned} and \end{aligned}"
        )
    if opened:
        raise NotReadable(rf"\begin{{{opened[-1]}}} has no \end{{{opened[-1]}}}")


@functools.cache
def known_commands() -> frozenset[str]:
    """All that the converter makes something of; what it does not know it would print as it is."""
    from latex2mathml import commands, converter
    from latex2mathml.symbols_parser import SYMBOLS

    found: set[str] = set(_texts([vars(commands), vars(converter), list(SYMBOLS)]))
    return frozenset(each for each in found if each.startswith("\\"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(name, str) and not name.startswith("__"):
                yield name
                yield from _texts(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _texts(each)


_ALPHABETS = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "bold-italic": "BOLD ITALIC",
    "script": "SCRIPT",
    "bold-script": "BOLD SCRIPT",
    "fraktur": "FRAKTUR",
    "bold-fraktur": "BOLD FRAKTUR",
    "double-struck": "DOUBLE-STRUCK",
    "sans-serif": "SANS-SERIF",
    "monospace": "MONOSPACE",
}
"""As Unicode calls them. Browsers read no mathvariant but "normal"."""


def _in_alphabet(character: str, variant: str) -> str:
    name = unicodedata.name(character, "")
    kind = _ALPHABETS[variant]
    letter = re.sub(r"^(LATIN|GREEK) (SMALL|CAPITAL) LETTER ", r"\2 ", name)
    letter = letter.replace("GREEK LUNATE EPSILON SYMBOL", "EPSILON SYMBOL")
    # The oldest of them stand elsewhere, under names of their own.
    for wanted in (
        f"MATHEMATICAL {kind} {letter}",
        f"{kind} {letter}",
        f"{kind.replace('FRAKTUR', 'BLACK-LETTER')} {letter}",
    ):
        try:
            return unicodedata.lookup(wanted)
        except KeyError:
            continue
    return character


def _markup(element: Element) -> Iterator[str]:
    """Of known elements and attributes alone. The converter leaves character references in its
    text and would print everything between them unescaped."""
    tag = element.tag if element.tag in _TAGS else "mrow"
    text = html.unescape(element.text or "")
    variant = element.attrib.get("mathvariant", "")
    if variant in _ALPHABETS:
        text = "".join(_in_alphabet(each, variant) for each in text)
    if text == "~" and tag in ("mi", "mo"):
        # The tilde of the keyboard, which stands for \\sim here, would hang above the line.
        tag, text = "mo", "\u223c"
    given = dict(element.attrib)
    if tag == "mo" and text.startswith("\\"):
        # Behind \\big and the like the converter leaves a command as it is.
        text = _symbol(text)
    elif tag == "mo" and text in ("|", "\u2016"):
        # A pair of bars of which one has a power would have two heights.
        given.setdefault("stretchy", "false")
    attributes = "".join(
        f' {name}="{html.escape(value)}"'
        for name, value in given.items()
        if name in _ATTRIBUTES and (name != "mathvariant" or value == "normal")
    )
    yield f"<{tag}{attributes}>"
    yield html.escape(text, quote=False)
    before: Element | None = None
    for child in element:
        if before is not None and _needs_space(before, child):
            yield '<mspace width="0.167em"></mspace>'
        yield from _markup(child)
        yield html.escape(html.unescape(child.tail or ""), quote=False)
        before = child
    yield f"</{tag}>"


def _symbol(command: str) -> str:
    from latex2mathml.symbols_parser import convert_symbol

    code = convert_symbol(command)
    if code is None:
        raise NotReadable(rf"{command} cannot stand here")
    return chr(int(code, 16))


def _needs_space(before: Element, after: Element) -> bool:
    """Between the name of a function and what it is of, unless that stands in brackets."""
    name = before if before.tag == "mi" else next(iter(before), before)
    is_function = name.tag == "mi" and len(html.unescape(name.text or "")) > 1
    return (
        is_function and after.tag not in ("mo", "mspace") and before.tag in ("mi", "msub", "msup")
    )
