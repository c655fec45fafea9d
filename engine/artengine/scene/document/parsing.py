"""Text to nodes that know where they stand: YAML 1.2 scalars, nothing of YAML's odder parts.

One streaming pass over the parser's events builds the nodes, so that a hostile file is refused before it costs
anything: size, depth and number of nodes are bounded, aliases count as what they stand for, tags and merge keys are
refused. Plain PyYAML spends 20 s and 786 MB on a merge bomb of 702 bytes.
"""

from __future__ import annotations

import codecs
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from artengine.errors import InputError, Problem, quoted
from artengine.scene.document.nodes import Entries, Faulty, Items, Mark, Node, Scalar

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_NODES = 100_000
LONG_TEXT = 64  # so many characters count as a value more: aliases repeat long texts as cheaply as short ones
MAX_DIGITS = 40  # more than any number in a scene needs; int() of many thousand digits is slow

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    spelling: value
    for word, value in (("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
#: What a text in another encoding than UTF-8 begins with; the longer ones first. PowerShell's ``>`` writes UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse_yaml(text: str | bytes, origin: str, *, lines: bool = True) -> tuple[Node, list[Problem]]:
    """The root node of a document and the problems that do not keep the rest from being read.

    origin: the name the problems carry. lines: whether they carry line and column too.
    Raises `InputError` where there is no telling what the rest means.
    """
    text = decode_scene(text, origin)
    builder = _Builder(origin, lines)
    # libyaml where it is there: ten times as fast. Its events are safe at any depth; only its composer is not.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = builder.mark(mark) if mark else Mark(origin)
        raise InputError(
            [Problem(str(where), "", f"not YAML: {_tab_at(mark, text) or error.problem or error}")]
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError([Problem(str(builder.here), "", f"not YAML: {error}")]) from None
    return builder.root or Scalar(Mark(origin, 1 if lines else 0, 1), None), builder.problems


def resolve_scalar(text: str) -> bool | int | float | str | None:
    """The value of an unquoted scalar by the core schema of YAML 1.2.

    Raises `ValueError` for a number that is too long or too large.
    """
    if text in _WORDS:
        return _WORDS[text]
    if not (whole := _INT.fullmatch(text)) and not _FLOAT.fullmatch(text):
        return text
    if len(text) > MAX_DIGITS:
        raise ValueError(f"found a number of {len(text)} characters, expected at most {MAX_DIGITS}")
    if whole:
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if math.isinf(number) and "inf" not in text.lower():
        raise ValueError(f"found {text}, which is too large for a number")
    return number


def decode_scene(text: str | bytes, origin: str) -> str:
    """The text of a scene: in UTF-8, or in what its byte-order mark says.

    Raises `InputError` for what is no text, or too long.
    """
    _check_length(len(text), origin)
    if isinstance(text, bytes):
        encoding = next((name for mark, name in _BYTE_ORDER_MARKS if text.startswith(mark)), "utf-8-sig")
        try:
            decoded = text.decode(encoding)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "replace")
            expected = encoding.removesuffix("-sig").upper()
            message = f"found the byte 0x{error.object[error.start]:02x}, expected {expected} text"
            raise InputError([Problem(str(_after(before, origin)), "", message)]) from None
        if encoding != "utf-8-sig":
            _check_length(len(decoded.encode()), origin)  # as recipes and workers will have it
        text = decoded
    if bad := _UNPRINTABLE.search(text):
        message = f"found the unprintable character U+{ord(bad.group()):04X}, expected text"
        raise InputError([Problem(str(_after(text[: bad.start()], origin)), "", message)])
    return text


def _check_length(length: int, origin: str) -> None:
    if length > MAX_BYTES:
        message = f"found {length:,} bytes, expected at most {MAX_BYTES:,}; a scene is a short text"
        raise InputError([Problem(origin, "", message)])


def _tab_at(mark: Any, text: str) -> str:
    """What to say of a tab where the parser could not go on; empty where there is none."""
    lines = _LINE_END.split(text)
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if not line or line[mark.column : mark.column + 1] != "\t":
        return ""
    place = "in the indentation" if not line[: mark.column].strip() else "between words"
    return f"found a tab {place}, expected spaces; have your editor write spaces for tabs"


def _after(text: str, origin: str) -> Mark:
    """The place that follows a text."""
    return Mark(origin, text.count("\n") + 1, len(text) - text.rfind("\n"))


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    mark: Mark
    anchor: str | None
    is_list: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[Mark, Node]] = field(default_factory=dict)
    key: Node | None = None
    size: int = 1


class _Builder:
    """Builds nodes from the parser's events, counting as it goes."""

    def __init__(self, origin: str, lines: bool) -> None:
        self.origin = origin
        self.lines = lines
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.here = Mark(origin, 1 if lines else 0, 1)  # where the event stands that is being read
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._documents = 0

    def mark(self, mark: Any) -> Mark:
        return Mark(self.origin, mark.line + 1, mark.column + 1) if self.lines else Mark(self.origin)

    def feed(self, event: Any) -> None:
        mark = self.here = self.mark(event.start_mark)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._refused(mark, "found a second document, expected one")
            case yaml.AliasEvent():
                self._add(*self._alias(str(event.anchor), mark))
            case yaml.ScalarEvent():
                node = self._scalar(event, mark)
                size = 1 + len(event.value) // LONG_TEXT
                if event.anchor:
                    self._anchors[event.anchor] = (node, size)
                self._add(node, size)
            case yaml.CollectionStartEvent():
                if event.tag is not None:
                    self._report_tag(event.tag, mark)
                if len(self._open) == MAX_DEPTH:
                    raise self._refused(mark, f"found nesting deeper than {MAX_DEPTH} levels")
                self._open.append(_Open(mark, event.anchor, isinstance(event, yaml.SequenceStartEvent)))
            case yaml.CollectionEndEvent():
                done = self._open.pop()
                node = Items(done.mark, tuple(done.items)) if done.is_list else Entries(done.mark, done.entries)
                if done.anchor:
                    self._anchors[done.anchor] = (node, done.size)
                self._add(node, done.size)

    def _add(self, node: Node, size: int) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        if sum(one.size for one in self._open) > MAX_NODES:
            message = f"found more than {MAX_NODES:,} values, aliases counted as what they stand for"
            raise self._refused(self.here, message)
        if parent.is_list:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            self._entry(parent, parent.key, node)
            parent.key = None

    def _entry(self, parent: _Open, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            if not isinstance(key, Faulty):
                self._report(key.mark, "found a list or mapping as a key, expected a word")
        elif key.value == "<<":
            self._report(key.mark, "found a merge key '<<', which scenes do not have; write the options out")
        elif str(key.value) in parent.entries:
            first = parent.entries[str(key.value)][0]
            name = quoted(str(key.value))
            self._report(key.mark, f"found {name} a second time (first on line {first.line}), expected it once")
        else:
            parent.entries[str(key.value)] = (key.mark, value)

    def _alias(self, anchor: str, mark: Mark) -> tuple[Node, int]:
        if anchor in self._anchors:
            return self._anchors[anchor]
        inside = any(one.anchor == anchor for one in self._open)
        self._report(
            mark, f"found *{anchor}, " + ("which contains itself" if inside else f"but nothing is named &{anchor}")
        )
        return Faulty(mark), 1

    def _scalar(self, event: Any, mark: Mark) -> Node:
        if event.tag is not None:
            self._report_tag(event.tag, mark)
            return Faulty(mark)
        if not event.implicit[0]:
            if _UNPRINTABLE.search(event.value):
                self._report(mark, "found an escape for an unprintable character, expected text")
                return Faulty(mark)
            return Scalar(mark, event.value)
        is_key = bool(self._open) and not self._open[-1].is_list and self._open[-1].key is None
        try:
            return Scalar(mark, event.value if is_key else resolve_scalar(event.value))
        except ValueError as error:
            self._report(mark, str(error))
            return Faulty(mark)

    def _report_tag(self, tag: str, mark: Mark) -> None:
        self._report(mark, f"found the tag {tag!r}, which scenes do not have; leave it out")

    def _report(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(str(mark), "", message))

    def _refused(self, mark: Mark, message: str) -> InputError:
        return InputError([*self.problems, Problem(str(mark), "", message)])
