"""The run as a picture: what was made from what, a row a figure, a column a stage of the work.

Nodes of one kind that serve the same figure stand together as one box, so that a run of many
hundreds stays readable; small runs show each by itself. Last comes the page with the numbers in it:
a text is an edge of the graph like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tasks.report.run_record import STILL_TO_COME, NodeRecord, RunRecord
from tasks.report.wording import plural
from tasks.writing.numbers import Call

MOST_SINGLE_NODES = 40
MOST_ROWS = 60
KIND_COLOURS = 12

BOX_WIDTH, BOX_HEIGHT = 168, 24
LABEL_WIDTH, COLUMN_GAP, ROW_GAP, STACK_GAP = 190, 46, 14, 6
MARGIN = 8
LABEL_LENGTH, NAME_LENGTH = 25, 21

NUMBER, PAGE = "number", "page"
OF_PAGE = ("listing", NUMBER, PAGE)
"""Kinds that belong to the page. The last two are no nodes of the run, but read some."""

_WORST_FIRST = ("failed", *STILL_TO_COME, "skipped", "done", "cached")


@dataclass(frozen=True)
class Box:
    """number: its place among boxes. colour: of its kind. detail: said on hover and to readers who
    do not see it. left, top: in pixels."""

    number: int
    kind: str
    colour: int
    text: str
    detail: str
    status: str
    href: str
    left: int
    top: int


@dataclass(frozen=True)
class Label:
    """Of a row, or of the part that begins above it. href: empty where it belongs to no figure."""

    text: str
    detail: str
    href: str
    top: int
    is_part: bool = False


@dataclass(frozen=True)
class Arrow:
    """Between the boxes of these numbers; path: an SVG path."""

    source: int
    target: int
    path: str


@dataclass(frozen=True)
class Lineage:
    width: int
    height: int
    boxes: Sequence[Box]
    labels: Sequence[Label]
    arrows: Sequence[Arrow]
    kinds: Sequence[tuple[str, int]]
    """With its colour, in order of columns."""
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


@dataclass(frozen=True)
class Row:
    """figures: those that stand together, by id, in the order of the page; none for what is shared
    and what serves no figure. part: the pipeline they come from, as RunRecord has it."""

    text: str
    detail: str
    figures: tuple[str, ...] = ()
    part: str | None = None

    @property
    def first(self) -> str:
        return self.figures[0] if self.figures else ""


def lineage_of(
    run: RunRecord, figure_anchors: Mapping[str, str], node_addresses: Mapping[str, str]
) -> Lineage:
    """figure_anchors: by figure. node_addresses: what a link to a node says, a drawing's is that of
    its panel."""
    rows = _rows(run)
    groups = _groups(run, rows)
    columns = _columns(run)
    colours = {kind: number % KIND_COLOURS for number, kind in enumerate(columns)}
    labels, tops, height = _stack(rows, groups, columns, figure_anchors)
    boxes = {
        key: Box(
            number=number,
            kind=key[1],
            colour=colours[key[1]],
            text=_short(_text(nodes), NAME_LENGTH),
            detail=_detail(nodes),
            status=next((s for s in _WORST_FIRST if any(n.status == s for n in nodes)), "cached"),
            href=_href(rows[key[0]], nodes, figure_anchors, node_addresses),
            left=MARGIN + LABEL_WIDTH + columns[key[1]] * (BOX_WIDTH + COLUMN_GAP),
            top=tops[key],
        )
        for number, (key, nodes) in enumerate(groups.items())
    }
    width = (
        2 * MARGIN + LABEL_WIDTH + (max(columns.values(), default=0) + 1) * (BOX_WIDTH + COLUMN_GAP)
    )
    return Lineage(
        width, height, list(boxes.values()), labels, _arrows(groups, boxes), list(colours.items())
    )


def with_page(
    run: RunRecord, start: str, shown: Sequence[str], anchors: Mapping[Call, str]
) -> tuple[RunRecord, dict[str, str]]:
    """The run with its page, and the numbers of nodes that stand on it, as nodes that read others;
    and what a link to each of these says.

    start: fragment of the page. shown: names of nodes that its text shows. anchors: number to its
    fragment; one that stands in a title or a caption leads to the start.
    """
    nodes: dict[str, NodeRecord] = {}
    addresses: dict[str, str] = {}
    for call in run.numbers:
        if (of := run.nodes.get(call.node or "")) is not None:
            what = call.arguments[1:] or (call.name,)
            number = "/".join((NUMBER, of.name, *what))
            nodes[number] = _reader(number, NUMBER, [of], of.status)
            addresses[number] = f"#{anchors.get(call, start)}"
    read = [run.nodes[each] for each in dict.fromkeys(shown) if each in run.nodes]
    if nodes or read:
        page = f"{PAGE}/{run.pipeline}"
        nodes[page] = _reader(page, PAGE, [*read, *nodes.values()], "done")
        addresses[page] = f"#{start}"
    return replace(run, nodes={**run.nodes, **nodes}), addresses


def _asked_of(number: NodeRecord) -> str:
    return number.name.split("/")[1]


def _reader(name: str, kind: str, read: Sequence[NodeRecord], status: str) -> NodeRecord:
    inputs = {str(place): node.name for place, node in enumerate(read)}
    has_it = "skipped" if status == "failed" else status
    return NodeRecord(name, kind, "", has_it, None, None, inputs)


Key = tuple[int, str, str]
"""Number of the row, kind, and what sets these nodes apart from others of both: the name of one
that stands by itself, the kind of node that numbers are asked of."""


def _rows(run: RunRecord) -> list[Row]:
    shared = Row("Shared", "What several figures are made from")
    together = -(-len(run.figures) // MOST_ROWS) or 1
    rows = [shared]
    for part, of_part in groupby(run.figures, key=lambda figure: figure.part):
        whole = list(of_part)
        for start in range(0, len(whole), together):
            figures = whole[start : start + together]
            titles = [figure.heading for figure in figures]
            text = titles[0] if len(titles) == 1 else f"{titles[0]} to {titles[-1]}"
            detail = "; ".join(titles)
            ids = tuple(figure.id for figure in figures)
            rows.append(Row(text, f"{part}: {detail}" if part else detail, ids, part))
    return [
        *rows,
        Row("In no figure", "What is measured and shown in tables"),
        Row("The page", "What its text, titles and captions take from the run"),
    ]


def _groups(run: RunRecord, rows: Sequence[Row]) -> dict[Key, list[NodeRecord]]:
    row_of = {figure: number for number, row in enumerate(rows) for figure in row.figures}
    serves: dict[str, set[int]] = {name: set() for name in run.nodes}
    for figure in run.figures:
        for panel in figure.panels:
            if panel.node in serves:
                serves[panel.node].add(row_of[figure.id])
    # Inputs come before what is made from them, so one pass from the end is enough.
    for node in reversed(list(run.nodes.values())):
        for name in node.inputs.values():
            if name in serves:
                serves[name] |= serves[node.name]
    is_small = len(run.nodes) <= MOST_SINGLE_NODES
    found: dict[Key, list[NodeRecord]] = {}
    for node in run.nodes.values():
        numbers = serves[node.name]
        row = min(numbers) if len(numbers) == 1 else 0 if numbers else len(rows) - 2
        row = len(rows) - 1 if node.kind in OF_PAGE else row
        apart = node.name if is_small else _asked_of(node) if node.kind == NUMBER else ""
        found.setdefault((row, node.kind, apart), []).append(node)
    return dict(sorted(found.items(), key=lambda item: item[0][0]))


def _columns(run: RunRecord) -> dict[str, int]:
    """Kind to column: as deep as its deepest node, drawings last, and then the page."""
    depths: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    for node in run.nodes.values():
        depth = 1 + max((depths.get(name, -1) for name in node.inputs.values()), default=-1)
        depths[node.name] = depth
        by_kind[node.kind] = max(depth, by_kind.get(node.kind, 0))
    last = [kind for kind in ("figure", *OF_PAGE) if kind in by_kind]
    deepest = max((depth for kind, depth in by_kind.items() if kind not in last), default=0)
    by_kind |= {kind: depth for depth, kind in enumerate(last, deepest + 1)}
    used = {depth: column for column, depth in enumerate(sorted(set(by_kind.values())))}
    in_order = sorted(by_kind.items(), key=lambda item: (item[1], item[0]))
    return {kind: used[depth] for kind, depth in in_order}


def _stack(
    rows: Sequence[Row],
    groups: Mapping[Key, Sequence[NodeRecord]],
    columns: Mapping[str, int],
    figure_anchors: Mapping[str, str],
) -> tuple[list[Label], dict[Key, int], int]:
    """Labels of the rows that hold something, the top of each box, and the height of it all."""
    labels, tops, top = [], {}, MARGIN
    part: str | None = None
    for number, row in enumerate(rows):
        href = f"#{figure_anchors[row.first]}" if row.first in figure_anchors else ""
        if row.part and row.part != part:
            labels.append(Label(row.part, row.part, href and f"{href}-part", top, is_part=True))
            top += BOX_HEIGHT + ROW_GAP
        part = row.part
        held: Counter[int] = Counter()
        for key in groups:
            if key[0] == number:
                column = columns[key[1]]
                tops[key] = top + held[column] * (BOX_HEIGHT + STACK_GAP)
                held[column] += 1
        if held:
            labels.append(Label(_short(row.text, LABEL_LENGTH), row.detail, href, top))
            top += max(held.values()) * (BOX_HEIGHT + STACK_GAP) - STACK_GAP + ROW_GAP
    return labels, tops, top - ROW_GAP + MARGIN


def _text(nodes: Sequence[NodeRecord]) -> str:
    if len(nodes) == 1:
        return f"{nodes[0].kind} {nodes[0].name.rpartition('/')[2]}"
    of = f" of {_asked_of(nodes[0])}" if nodes[0].kind == NUMBER else ""
    return f"{len(nodes)} {nodes[0].kind}{of}"


def _detail(nodes: Sequence[NodeRecord]) -> str:
    if len(nodes) == 1:
        return f"{nodes[0].name}: {nodes[0].status}"
    if nodes[0].kind == NUMBER:
        return f"{_text(nodes)}: {', '.join(node.name.partition('/')[2] for node in nodes)}"
    counts = Counter(node.status for node in nodes)
    said = ", ".join(f"{counts[status]} {status}" for status in _WORST_FIRST if counts[status])
    return f"{plural(len(nodes), 'node')} of kind {nodes[0].kind}: {said}"


def _href(
    row: Row,
    nodes: Sequence[NodeRecord],
    figure_anchors: Mapping[str, str],
    node_addresses: Mapping[str, str],
) -> str:
    """A failure leads to what failed, drawings of one row to the first of them."""
    failed = next((node for node in nodes if node.status == "failed"), None)
    if failed is not None:
        return node_addresses[failed.name]
    if nodes[0].kind == "figure" and len(nodes) > 1 and row.first in figure_anchors:
        return f"#{figure_anchors[row.first]}"
    return node_addresses[nodes[0].name]


def _arrows(groups: Mapping[Key, Sequence[NodeRecord]], boxes: Mapping[Key, Box]) -> list[Arrow]:
    box_of = {node.name: boxes[key] for key, nodes in groups.items() for node in nodes}
    pairs = {
        (box_of[name].number, box_of[node.name].number)
        for nodes in groups.values()
        for node in nodes
        for name in node.inputs.values()
        if name in box_of and box_of[name] is not box_of[node.name]
    }
    numbered = {box.number: box for box in boxes.values()}
    return [
        Arrow(source, target, _path(numbered[source], numbered[target]))
        for source, target in sorted(pairs)
    ]


def _path(source: Box, target: Box) -> str:
    x, y = source.left + BOX_WIDTH, source.top + BOX_HEIGHT // 2
    to_x, to_y = target.left, target.top + BOX_HEIGHT // 2
    bend = max(COLUMN_GAP, (to_x - x) // 2)
    return f"M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
