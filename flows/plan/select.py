"""Which nodes of a plan a run does: --only, --from and --until, globs on node names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from flows.declaration.problems import nearest
from flows.plan.graph import downstream, upstream
from tasks import BadInput

Inputs = Mapping[str, Collection[str]]
"""Node name to the names of the nodes that feed it."""


def select_nodes(
    inputs: Inputs,
    *,
    only: Sequence[str] = (),
    from_: Sequence[str] = (),
    until: Sequence[str] = (),
) -> set[str]:
    """The nodes asked for: those that satisfy every option given; all if none is.

    only: nodes that match. from_: nodes that match and everything below them. until: nodes that
    match and everything above them. Raises BadInput for a glob that matches nothing, and when no
    node satisfies all.
    """
    selected = set(inputs)
    if only:
        selected &= _matching(inputs, only, "--only")
    if from_:
        selected &= downstream(_matching(inputs, from_, "--from"), inputs)
    if until:
        selected &= upstream(_matching(inputs, until, "--until"), inputs)
    if not selected:
        raise BadInput("no node satisfies --only, --from and --until at once; drop one of them")
    return selected


def add_missing_inputs(selected: set[str], missing: Collection[str], inputs: Inputs) -> set[str]:
    """`selected`, and what its missing nodes need that is missing too."""
    complete = set(selected)
    open_names = [name for name in selected if name in missing]
    while open_names:
        for source in inputs[open_names.pop()]:
            if source in missing and source not in complete:
                complete.add(source)
                open_names.append(source)
    return complete


def _matching(inputs: Inputs, globs: Sequence[str], option: str) -> set[str]:
    found: set[str] = set()
    for glob in globs:
        matches = {name for name in inputs if fnmatchcase(name, glob)}
        if not matches:
            near = nearest(glob.replace("*", ""), inputs)
            hint = f"nearest: {', '.join(near)}" if near else "see darkroom plan for the names"
            raise BadInput(f"{option} {glob}: matches no node; {hint}")
        found |= matches
    return found
