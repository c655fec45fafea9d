"""The values that a sweep's options write on one line: lists and ranges of seeds and of settings."""

from __future__ import annotations

import re
from decimal import Decimal

from artengine.errors import quoted
from artengine.scene import SEED_LIMIT

MAX_ITEMS = 1_000_000  # seeds, and pictures of a gallery; more is a slip of the finger
MAX_RANGE_VALUES = 10_000  # of one setting

_OTHER_RANGE = re.compile(r"([0-9]{1,10}) *(?:-|–|\.{3}|:) *([0-9]{1,10})")  # as it is written elsewhere
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")
_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:\.\.({_NUMBER}))?")


def parse_seeds(text: str) -> list[int | str]:
    """The seeds in a text such as ``3,7,10..19``, both ends of a range taken; grown ones, ``{mutate: 3}``, as they are.

    Raises `ValueError` saying what was expected.
    """
    seeds: dict[int | str, None] = {}
    for part in _split_at_commas(text):
        if part.startswith("{"):
            seeds[part] = None
            continue
        first, dots, last = part.partition("..")
        ends = [first, last] if dots else [first, first]
        if not all(_WHOLE_NUMBER.fullmatch(end) and int(end) < SEED_LIMIT for end in ends):
            meant = _OTHER_RANGE.fullmatch(part)
            hint = f"; a range is written {meant[1]}..{meant[2]}" if meant else ""
            raise ValueError(f"found {quoted(part)}, expected seeds such as 7 or 0..99{hint}")
        low, high = map(int, ends)
        if low > high:
            raise ValueError(f"found {quoted(part)}, expected the smaller seed first: {high}..{low}")
        if high - low >= MAX_ITEMS - len(seeds):
            raise ValueError(f"found {quoted(part)}, expected at most {MAX_ITEMS:,} seeds")
        seeds |= dict.fromkeys(range(low, high + 1))
    return list(seeds)


def parse_values(text: str) -> list[str]:
    """The values in a text: between commas that stand in no bracket and no quotes; ``0..9`` and ``0..1..0.25`` count.

    Raises `ValueError` for a range without end, and for nothing between two commas.
    """
    values: list[str] = []
    parts = _split_at_commas(text)
    for part in parts:
        if not part and len(parts) > 1:
            raise ValueError("found nothing before or after a comma, expected a value; null is none")
        bounds = _RANGE.fullmatch(part)
        if bounds:
            values += _expand_range(*bounds.groups())
        else:
            values.append(part)
    return list(dict.fromkeys(values))


def _expand_range(first: str, last: str, step: str | None) -> list[str]:
    """The numbers of a range, both ends taken, counted in decimals: 0..1..0.1 has eleven."""
    low, high, by = Decimal(first), Decimal(last), Decimal(step or 1)
    if by == 0 or (high - low) / by < 0 or (high - low) / by >= MAX_RANGE_VALUES:
        bounds = f"{first}..{last}{f'..{step}' if step else ''}"
        hint = f"; {last}..{first} rises, {bounds}..-1 falls" if high < low and step is None else ""
        raise ValueError(f"found {bounds}, expected a range of 1 to {MAX_RANGE_VALUES:,} values{hint}")
    return [_format(low + by * index) for index in range(int((high - low) / by) + 1)]


def _format(number: Decimal) -> str:
    """0.1 and 2, not 0.10 and 2E+0."""
    short = (number + 0).normalize()  # there is a -0
    return f"{short:f}" if -20 < short.adjusted() < 20 else f"{short:e}"


def _split_at_commas(text: str) -> list[str]:
    """The parts between commas that stand in no bracket and no quotes; an apostrophe in a word is no quote.

    YAML's own parser cannot do this: a # begins a comment for it, as in #ffcc00, and it passes over empty parts, which
    are mistakes here.
    """
    parts, depth, at = [""], 0, 0
    while at < len(text):
        sign = text[at]
        before = parts[-1].rstrip()
        quotation = _QUOTED.match(text, at) if not before or before[-1] in "[{,:" else None
        if quotation:
            sign = quotation[0]
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        at += len(sign)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]
