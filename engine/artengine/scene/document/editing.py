"""Changing a document before it is bound, and writing it out again."""

from __future__ import annotations

import shlex
from typing import Any

import yaml

from artengine.errors import InputError, Problem
from artengine.scene.document.nodes import Entries, Faulty, Items, Mark, Node, Scalar, node_to_plain
from artengine.scene.document.parsing import resolve_scalar


def dump_yaml(node: Node) -> str:
    """YAML text that `parse_yaml` reads back as the same values."""
    return _dump(node, width=100)


def _dump(node: Node, **style: Any) -> str:
    return str(yaml.dump(node_to_plain(node), Dumper=_Dumper, sort_keys=False, allow_unicode=True, **style))


def set_node_at(node: Node, keys: list[str], value: Node, mark: Mark) -> Node:
    """The document with the value at keys replaced; a bare component name opens up to take an option.

    Raises `InputError` where the document has something else on the way.
    """
    return _set_below(node, [], keys, value, mark)


def _set_below(node: Node, done: list[str], keys: list[str], value: Node, mark: Mark) -> Node:
    """As `set_node_at`; done: the keys that have led to the node."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    below = [*done, key]
    match node:
        case Scalar(value=None) | Faulty():
            return Entries(mark, {key: (mark, _set_below(Scalar(mark, None), below, rest, value, mark))})
        case Scalar(value=str(name)) if name == key:
            return Entries(node.mark, {key: (node.mark, _set_below(Scalar(mark, None), below, rest, value, mark))})
        case Entries():
            key_mark, old = node.entries.get(key, (mark, Scalar(mark, None)))
            return Entries(node.mark, {**node.entries, key: (key_mark, _set_below(old, below, rest, value, mark))})
        case Items():
            index = _item(node, key)
            if index is not None:
                inner, at = (rest, below) if key.isdecimal() else (keys, done)
                new = _set_below(node.items[index], at, inner, value, mark)
                return Items(node.mark, (*node.items[:index], new, *node.items[index + 1 :]))
            obstacle = f"a list of {len(node.items)} without {key!r}"
        case Scalar():
            obstacle = repr(node.value)
    message = f"the scene has {obstacle} there, so {key!r} cannot be set in it"
    raise InputError([Problem(str(mark), "", message + _set_whole(done, keys, value, mark))])


def _set_whole(done: list[str], keys: list[str], value: Node, mark: Mark) -> str:
    """What to do instead of setting keys in something else: set all that stands where the others have led."""
    if not done or any(key.isdecimal() for key in keys):
        return ""
    for key in reversed(keys):
        value = Entries(mark, {key: (mark, value)})
    path, text = ".".join(done), _dump(value, default_flow_style=True, width=1 << 30).strip()
    if mark.line:
        return f"; set it whole, {path}: {text}"
    word = mark.origin.partition(" ")[0]
    return f"; set it whole, {word} " + (shlex.quote(f"{path}={text}") if word == "--set" else f"{path}={text}")


def remove_node_at(node: Node, keys: list[str]) -> Node:
    """The document without the entry at keys, if it has one."""
    key, rest = keys[0], keys[1:]
    if not isinstance(node, Entries) or key not in node.entries:
        return node
    mark, value = node.entries[key]
    others = {name: entry for name, entry in node.entries.items() if name != key}
    return Entries(node.mark, {**node.entries, key: (mark, remove_node_at(value, rest))} if rest else others)


def _item(node: Items, key: str) -> int | None:
    """The place in a list that a key means: its number, or the component of that name."""
    if key.isdecimal():
        return int(key) if len(key) < 9 and int(key) < len(node.items) else None
    for index, item in enumerate(node.items):
        if (isinstance(item, Entries) and key in item.entries) or (isinstance(item, Scalar) and item.value == key):
            return index
    return None


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.2 would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        style = None if resolve_scalar(text) == text else "'"
    except ValueError:
        style = "'"
    if any(sign in text for sign in "\x85\u2028\u2029"):  # ends of lines to YAML: kept only where they are escaped
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_str)
