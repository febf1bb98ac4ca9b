"""Numbers that a text takes from the run, and comparisons of metrics: parsed, never evaluated."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "metric": ("node", "metric"),
    "parameter": ("node", "parameter"),
    "seed": ("node",),
    "duration": ("node",),
    "dataset": ("data set", "fact"),
    "model": ("model", "field"),
    "profile": (),
}
"""What can be asked for, and what each is asked of."""

_NAMES = "|".join(ARGUMENTS)
_CALL = rf"(?P<call>(?:{_NAMES})\s*\([^{{}}\n]{{0,300}}\))"
PLACE = re.compile(r"\{\{\s*" + _CALL + r"\s*(?P<rest>[^{}\n]{0,40}?)\}\}")
"""A number in running text or in a title."""
LIKE_A_PLACE = re.compile(r"\{\{[^{}\n]{0,400}\}\}")

_FORMAT = re.compile(r"[ +-]?#?0?\d{0,2}[,_]?(\.\d{1,2})?[eEfFgGdn%]?")
"""Of Python's; no width that could fill a page."""

MAX_COMPARISON = 1000
"""Characters."""
MAX_NUMBER = 1e300


class NotReadable(Exception):
    """The message says what was expected; it has no place in it."""


@dataclass(frozen=True)
class Call:
    """What is asked for, of what."""

    name: str
    arguments: tuple[str, ...]

    @property
    def key(self) -> str:
        """One text for one call, however it was spaced and quoted."""
        return json.dumps([self.name, *self.arguments], ensure_ascii=False)

    @classmethod
    def of_key(cls, key: str) -> Call:
        """Raises ValueError or TypeError for what is not the `key` of one."""
        name, *arguments = map(str, json.loads(key))
        return cls(name, tuple(arguments))

    @property
    def node(self) -> str | None:
        """The node it is asked of."""
        return self.arguments[0] if ARGUMENTS.get(self.name, ())[:1] == ("node",) else None

    def __str__(self) -> str:
        told = ", ".join(json.dumps(each, ensure_ascii=False) for each in self.arguments)
        return f"{self.name}({told})"


@dataclass(frozen=True)
class Number:
    """format: as Python writes it, empty for how the report writes such a value."""

    call: Call
    format: str = ""


def parse_number(text: str) -> Number:
    """What stands between the braces, such as `metric("evaluate/m/epoch-010", "x"):.2f`.

    Raises NotReadable.
    """
    call, _, rest = text.strip().rpartition(")")
    rest = rest.strip()
    if rest and not rest.startswith(":"):
        raise NotReadable(f"{rest} stands behind the bracket; expected a format such as :.2f")
    form = rest[1:].strip(" ") if rest else ""
    if not _FORMAT.fullmatch(form):
        raise NotReadable(f"{form} is not a format of numbers; expected one such as .2f, .1% or ,")
    return Number(_call(_parse(f"{call})")), form)


def numbers_in(text: str) -> Iterator[Number]:
    """Of a title or caption. Raises NotReadable for one that cannot be read."""
    for found in PLACE.finditer(text):
        yield parse_number(found["call"] + found["rest"])


def with_numbers(text: str, write: Callable[[Number], str]) -> str:
    """The title or caption with what `write` makes of each number; what is none is left alone."""

    def written(found: re.Match[str]) -> str:
        try:
            return write(parse_number(found["call"] + found["rest"]))
        except NotReadable:
            return found[0]

    return PLACE.sub(written, text) if "{{" in text else text


Term = float | Call | tuple[str, "Term", "Term"]
"""A number, a metric, or an operator with its two sides."""


@dataclass(frozen=True)
class Comparison:
    """terms[0] operators[0] terms[1] operators[1] ..., all of which have to be true."""

    terms: tuple[Term, ...]
    operators: tuple[str, ...]

    @property
    def metrics(self) -> list[Call]:
        """Each once, in order."""
        return list(dict.fromkeys(call for term in self.terms for call in _calls(term)))

    def values(self, measured: Mapping[Call, float]) -> list[float]:
        """Of the terms. Raises ZeroDivisionError."""
        return [_value(term, measured) for term in self.terms]

    def holds(self, values: list[float]) -> bool:
        """values: of the terms."""
        return all(
            _COMPARED[operator](left, right)
            for operator, left, right in zip(self.operators, values, values[1:], strict=False)
        )


_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_OPERATORS: Mapping[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_COMPUTED: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def parse_comparison(text: str) -> Comparison:
    """Such as `metric("a", "x") < 0.9 * metric("b", "x")`. Raises NotReadable."""
    node = _parse(text)
    expected = 'expected a comparison such as metric("node", "name") < 0.5'
    if not isinstance(node, ast.Compare):
        raise NotReadable(expected)
    operators = [_OPERATORS.get(type(each)) for each in node.ops]
    if None in operators:
        raise NotReadable("only <, <=, > and >= compare; " + expected)
    comparison = Comparison(
        tuple(_term(each) for each in (node.left, *node.comparators)),
        tuple(each for each in operators if each is not None),
    )
    if not comparison.metrics:
        raise NotReadable("it compares no metric; " + expected)
    return comparison


def _parse(text: str) -> ast.expr:
    text = " ".join(text.split())
    if len(text) > MAX_COMPARISON:
        raise NotReadable(f"is longer than {MAX_COMPARISON:,} characters")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "too deep"
        raise NotReadable(f"cannot be read ({why})") from error


def _call(node: ast.expr) -> Call:
    expected = "expected one of " + ", ".join(
        f"{name}({', '.join(of)})" for name, of in ARGUMENTS.items()
    )
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        raise NotReadable(expected)
    values = [each.value for each in node.args if isinstance(each, ast.Constant)]
    name, wanted = node.func.id, ARGUMENTS.get(node.func.id)
    if wanted is None:
        raise NotReadable(f"{name} cannot be asked for; {expected}")
    if len(values) != len(node.args) or len(values) != len(wanted):
        raise NotReadable(f"{name} takes {', '.join(wanted) or 'nothing'}, each in quotes")
    if not all(isinstance(value, str) for value in values):
        raise NotReadable(f"{name} takes {', '.join(wanted)}, each in quotes")
    return Call(name, tuple(map(str, values)))


def _term(node: ast.expr, depth: int = 0) -> Term:
    if depth > 50:
        raise NotReadable("it is too deep")
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
    ):
        if not abs(node.value) < MAX_NUMBER:
            raise NotReadable("a number is too large")
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return ("-", 0.0, _term(node.operand, depth + 1))
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _term(node.left, depth + 1), _term(node.right, depth + 1)
        return (_ARITHMETIC[type(node.op)], left, right)
    if isinstance(node, ast.Call):
        call = _call(node)
        if call.name != "metric":
            raise NotReadable(f"{call.name} cannot be compared; metrics and numbers can")
        return call
    raise NotReadable(f"{ast.unparse(node)[:60]} is neither a metric nor a number")


def _calls(term: Term) -> Iterator[Call]:
    if isinstance(term, Call):
        yield term
    elif isinstance(term, tuple):
        yield from _calls(term[1])
        yield from _calls(term[2])


def _value(term: Term, measured: Mapping[Call, float]) -> float:
    if isinstance(term, Call):
        return measured[term]
    if isinstance(term, tuple):
        return _COMPUTED[term[0]](_value(term[1], measured), _value(term[2], measured))
    return term


def find_in(value: Any, path: str) -> Any:
    """What a dotted path names in plain values; or the only thing of that name, however deep.

    Raises KeyError, with what could have been meant in its argument.
    """
    found: Any = value
    for name in path.split("."):
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            leaves = dict(_leaves(value))
            ends = [full for full in leaves if full == path or full.endswith(f".{path}")]
            if len(ends) == 1:
                return leaves[ends[0]]
            raise KeyError(ends or list(leaves))
    return found


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{prefix}{name}.")
    else:
        yield prefix.removesuffix("."), value
