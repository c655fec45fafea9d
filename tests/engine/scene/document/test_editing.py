"""Nodes to text and back, and documents edited from the command line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from tests.support.hostile_texts import REALISTIC, SCALARS

from artengine.errors import InputError
from artengine.scene.document.editing import dump_yaml, set_node_at
from artengine.scene.document.nodes import Mark, Node, Plain, Scalar, node_from_plain, node_to_plain
from artengine.scene.document.parsing import parse_yaml

TEXTS = st.one_of(
    st.sampled_from(
        [*SCALARS, "<", "- a", "a: b", "# c", " a ", "\n", "a\n\nb ", "\ufeff", "\x85", "\u2028", "*a", "&a"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n\t"), max_size=40),
)
KEYS = TEXTS.filter(lambda key: key != "<<")
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_dumped_yaml_is_parsed_back_the_same(data: Any) -> None:
    text = dump_yaml(node_from_plain(data, Mark("here")))
    node, problems = parse_yaml(text, "s")
    assert not problems
    back = node_to_plain(node)
    assert back == data
    assert repr(back) == repr(data)  # 1 is not 1.0, nor true


def marks(node: Any) -> list[str]:
    below = [one for item in getattr(node, "items", ()) for one in marks(item)]
    entries = getattr(node, "entries", {})
    return [str(node.mark), *below, *(one for mark, value in entries.values() for one in (str(mark), *marks(value)))]


def test_libyaml_and_pyyaml_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [REALISTIC, REALISTIC.replace("\n", "\r\n"), "é: [😀, {ü: 1}]", *(f"a: {text}" for text in SCALARS)]
    if not hasattr(yaml, "CSafeLoader"):
        pytest.skip("this PyYAML was built without libyaml")
    fast = [parse_yaml(text, "s") for text in texts]
    monkeypatch.delattr(yaml, "CSafeLoader")
    for (one, _), (other, _) in zip(fast, [parse_yaml(text, "s") for text in texts], strict=True):
        assert repr(node_to_plain(one)) == repr(node_to_plain(other))
        assert marks(one) == marks(other)


def edited(text: str, key: str, value: Plain) -> Plain:
    node: Node = parse_yaml(text, "s.yaml")[0]
    mark = Mark("--set")
    return node_to_plain(set_node_at(node, key.split("."), node_from_plain(value, mark), mark))


EDITS: list[tuple[str, str, Plain, Plain]] = [
    ("a: 1", "a", 2, {"a": 2}),
    ("a: 1", "b", 2, {"a": 1, "b": 2}),
    ("a: {b: {c: 1, d: 2}}", "a.b.c", 3, {"a": {"b": {"c": 3, "d": 2}}}),
    ("", "a.b", 1, {"a": {"b": 1}}),
    ("a:", "a.b", 1, {"a": {"b": 1}}),
    ("n: mlp", "n.mlp.width", 8, {"n": {"mlp": {"width": 8}}}),
    ("n: {mlp: ~}", "n.mlp.width", 8, {"n": {"mlp": {"width": 8}}}),
    ("n: mlp", "n", {"painter": {}}, {"n": {"painter": {}}}),
    ("l: [1, 2, 3]", "l.1", 5, {"l": [1, 5, 3]}),
    ("l: [{a: 1}, {b: 2}]", "l.1.b", 5, {"l": [{"a": 1}, {"b": 5}]}),
    ("l: [grid, {polar: {folds: 2}}]", "l.polar.folds", 5, {"l": ["grid", {"polar": {"folds": 5}}]}),
    ("l: [grid, polar]", "l.polar.folds", 5, {"l": ["grid", {"polar": {"folds": 5}}]}),
    ("l: [polar, polar]", "l.polar.folds", 5, {"l": [{"polar": {"folds": 5}}, "polar"]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "value", "expected"), EDITS)
def test_a_setting_lands_where_its_key_says(text: str, key: str, value: Plain, expected: Plain) -> None:
    assert edited(text, key, value) == expected


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("a: 1", "a.b", "the scene has 1 there, so 'b' cannot be set in it"),
        ("n: painter", "n.mlp.width", "the scene has 'painter' there, so 'mlp' cannot be set in it"),
        ("l: [1, 2]", "l.2", "a list of 2 without '2'"),
        ("l: [1, 2]", "l.99999999999999999999", "a list of 2 without"),
        ("l: [grid]", "l.polar.folds", "a list of 1 without 'polar'"),
        ("l: [1]", "l.-1", "a list of 1 without '-1'"),
    ],
)
def test_setting_that_fits_nowhere_names_the_obstacle(text: str, key: str, words: str) -> None:
    with pytest.raises(InputError, match=r"^--set: ") as caught:
        edited(text, key, 1)
    assert words in str(caught.value)


def test_a_setting_changes_nothing_else() -> None:
    node, _ = parse_yaml(REALISTIC, "s.yaml")
    before = repr(node)
    changed = set_node_at(node, ["canvas", "width"], node_from_plain(5, Mark("--set")), Mark("--set"))
    assert repr(node) == before
    assert [one for one in marks(node) if one not in marks(changed)] == ["s.yaml:3:17"]


def test_only_plain_data_makes_a_document() -> None:
    with pytest.raises(InputError, match="found a set, expected plain data"):
        node_from_plain({1, 2}, Mark("here"))


@pytest.mark.parametrize(
    ("origin", "line", "hint"),
    [
        ("--set a.b.c=8", 0, "; set it whole, --set 'a={b: {c: 8}}'"),
        ("override a.b.c=8", 0, "; set it whole, override a={b: {c: 8}}"),
        ("film.yaml", 3, "; set it whole, a: {b: {c: 8}}"),
    ],
)
def test_a_setting_in_what_is_no_mapping_says_how_to_set_it_whole(origin: str, line: int, hint: str) -> None:
    root, _ = parse_yaml("a: waves", "s.yaml")
    mark = Mark(origin, line, 1)
    with pytest.raises(InputError) as caught:
        set_node_at(root, ["a", "b", "c"], Scalar(mark, 8), mark)
    assert str(caught.value) == f"{mark}: the scene has 'waves' there, so 'b' cannot be set in it{hint}"
