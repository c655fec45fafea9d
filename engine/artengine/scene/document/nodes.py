"""Nodes: the values of a document, which know where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from artengine.errors import InputError, Problem, quoted

Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a node comes from: a file's line and column, counted from 1, or an option of the command line."""

    origin: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.origin}:{self.line}:{self.column}" if self.line else self.origin


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    mark: Mark
    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    mark: Mark
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping; each key keeps its own mark."""

    mark: Mark
    entries: Mapping[str, tuple[Mark, Node]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Faulty:
    """A place whose problem has been reported already; nothing more is said about it."""

    mark: Mark


Node = Scalar | Items | Entries | Faulty


def node_to_plain(node: Node) -> Plain:
    """The node's value without its marks."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [node_to_plain(item) for item in node.items]
        case Entries():
            return {key: node_to_plain(value) for key, (_, value) in node.entries.items()}
        case Faulty():
            return None


def node_from_plain(value: object, mark: Mark) -> Node:
    """Nodes for a Python value, all with one mark.

    Raises `InputError` for what a scene cannot hold.
    """
    match value:
        case None | bool() | int() | float() | str():
            return Scalar(mark, value)
        case list() | tuple():
            return Items(mark, tuple(node_from_plain(item, mark) for item in value))
        case dict():
            return Entries(mark, {str(key): (mark, node_from_plain(item, mark)) for key, item in value.items()})
    raise InputError([Problem(str(mark), "", f"found a {type(value).__name__}, expected plain data")])


def describe_node(node: Node) -> str:
    """What a node is, for ``found ...``."""
    match node:
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool(value)):
            return "true" if value else "false"
        case Scalar(value=str(value)):
            return f"the text {quoted(value)}"
        case Scalar():
            return str(node.value)
        case Items():
            return f"a list of {len(node.items)}" if node.items else "an empty list"
    return "a mapping"
