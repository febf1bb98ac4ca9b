from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.store.node import Identity, canonical_json

finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(max_size=10)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)
ingredients: dict[str, st.SearchStrategy[Any]] = {
    "kind": text,
    "code_version": st.integers(0, 9),
    "params": st.dictionaries(text, plain, max_size=4),
    "inputs": st.dictionaries(text, text, max_size=3),
    "seed": st.integers(),
    "number_format": st.sampled_from(["float32", "bfloat16"]),
    "libraries": st.dictionaries(text, text, max_size=3),
}
identities = st.builds(Identity, **ingredients)


def reordered(value: Any) -> Any:
    """The same value with the names of every mapping in another order."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return [reordered(member) for member in value]
    return value


def is_same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values, and so are 0.0 and -0.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[n], other[n]) for n in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@given(plain)
def test_canonical_json_does_not_depend_on_the_order_of_names(value: Any) -> None:
    assert canonical_json(reordered(value)) == canonical_json(value)


@given(plain, plain)
def test_canonical_json_differs_exactly_for_different_values(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) == is_same(one, other)


@given(identities)
def test_key_does_not_depend_on_the_order_of_names(identity: Identity) -> None:
    other = dataclasses.replace(
        identity,
        params=reordered(identity.params),
        inputs=reordered(identity.inputs),
        libraries=reordered(identity.libraries),
    )
    assert other.key == identity.key


@pytest.mark.parametrize("ingredient", ingredients)
@given(data=st.data())
@settings(max_examples=30)
def test_key_changes_with_each_ingredient(ingredient: str, data: st.DataObject) -> None:
    identity = data.draw(identities)
    value = data.draw(ingredients[ingredient])
    assume(not is_same(value, getattr(identity, ingredient)))
    change: dict[str, Any] = {ingredient: value}
    assert dataclasses.replace(identity, **change).key != identity.key


@given(identities)
def test_identity_survives_its_json(identity: Identity) -> None:
    assert Identity.from_json(identity.to_json()).key == identity.key


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {1: "one"}, [{None: 1}], {"image": b"png"}, {1, 2}]
)
def test_value_that_is_not_json_has_no_canonical_text(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)
