"""Sums of latents, as scenes write them: "man_with_glasses - man + woman"."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artengine.errors import did_you_mean, listed, quoted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Value = float | npt.NDArray[np.float64]

MAX_LENGTH = 1000  # letters of a sum
MAX_DEPTH = 200  # terms one after the other, or in parentheses
MAX_NUMBER = 1e6
EXAMPLE = "man_with_glasses - man + woman"
PLACES = ("x", "y", "t", "swing")  # across the sheet, down, along the film, along it and back: 0 to 1


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that has been read: the text, its tree, and the names of the latents in it."""

    text: str
    tree: ast.expr
    names: frozenset[str]


def read(text: str) -> Sum:
    """Read a sum of latents: names, numbers, + - * /, parentheses, `PLACES`, mix(a, b, t), slerp(a, b, t), mean(a, b).

    Raises `ValueError` for anything else.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"found a sum of {len(text):,} letters, expected at most {MAX_LENGTH:,}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about what is refused or means what it says
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"found {quoted(text)}, expected a sum of latents such as {EXAMPLE!r}") from None
    names: set[str] = set()
    _check(tree, text, names, 0)
    return Sum(text, tree, frozenset(names))


def check_names(one: Sum, names: Collection[str]) -> None:
    """See that all latents in a sum are among these.

    Raises `ValueError` for the first that is not.
    """
    for unknown in sorted(one.names - {*names, *PLACES}):
        hint = did_you_mean(unknown, names)
        known = hint or f"; there are {listed(sorted(names)) or 'none'}"
        raise ValueError(f"found {quoted(unknown)} in {quoted(one.text)}{known}")


def evaluate(one: Sum, latents: Mapping[str, Value], places: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """What a sum comes to, (D,).

    latents: by their names, (D,) each. places: numbers, by the names in `PLACES`.
    Raises `ValueError` where it comes to no latent.
    """
    value = _value(one.tree, {**latents, **places}, one.text)
    if isinstance(value, float):
        raise ValueError(f"found {quoted(one.text)}, which comes to a number, expected a latent")
    return value


def _check(tree: ast.expr, text: str, names: set[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"found {quoted(text)}, which has more than {MAX_DEPTH} terms, or is as deep")
    match tree:
        case ast.Name(name):
            names.add(name)
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            if not abs(number) <= MAX_NUMBER:
                raise ValueError(f"found a number beyond {MAX_NUMBER:,.0f} in {quoted(text)}")
        case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
            _check(operand, text, names, depth + 1)
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right):
            _check(left, text, names, depth + 1)
            _check(right, text, names, depth + 1)
        case ast.Call(ast.Name(function), arguments, []) if function in FUNCTIONS and arguments:
            for argument in arguments:
                _check(argument, text, names, depth + 1)
        case _:
            found = ast.get_source_segment(text.strip(), tree) or text
            raise ValueError(f"found {quoted(found)} in {quoted(text)}, expected a sum of latents such as {EXAMPLE!r}")


def _value(tree: ast.expr, known: Mapping[str, Value], text: str) -> Value:
    match tree:
        case ast.Name(name):
            return known[name]
        case ast.Constant(int() | float() as number):
            return float(number)
        case ast.UnaryOp(sign, operand):
            value = _value(operand, known, text)
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left, operator, right):
            return _joined(operator, _value(left, known, text), _value(right, known, text), text)
        case ast.Call(ast.Name(function), arguments):
            return FUNCTIONS[function]([_value(one, known, text) for one in arguments], text)
    raise AssertionError(ast.dump(tree))  # `_check` lets nothing else through


def _joined(operator: ast.operator, left: Value, right: Value, text: str) -> Value:
    number_left, number_right = isinstance(left, float), isinstance(right, float)
    match operator:
        case ast.Mult():
            if not number_left and not number_right:
                raise ValueError(f"found two latents multiplied in {quoted(text)}, expected a number times a latent")
            return left * right
        case ast.Div():
            if not isinstance(right, float) or right == 0:
                raise ValueError(f"found a division by a latent or by 0 in {quoted(text)}")
            return left / right
    if number_left != number_right:
        raise ValueError(f"found a number added to a latent in {quoted(text)}, expected both of a kind")
    return left + right if isinstance(operator, ast.Add) else left - right


def _mix(values: Sequence[Value], text: str) -> Value:
    one, other, part = _three(values, text)
    return (1 - part) * one + part * other


def _slerp(values: Sequence[Value], text: str) -> Value:
    """Along the circle through both, seen from zero, and from one length to the other.

    Source: Shoemake 1985, "Animating rotation with quaternion curves", section 3.3.
    """
    import numpy as np

    one, other, part = _three(values, text)
    lengths = np.linalg.norm(one), np.linalg.norm(other)
    if min(lengths) == 0:
        return (1 - part) * one + part * other
    angle = np.arccos(np.clip(np.dot(one / lengths[0], other / lengths[1]), -1, 1))
    if np.sin(angle) < 1e-6:
        return (1 - part) * one + part * other
    shares = np.sin((1 - part) * angle) / np.sin(angle), np.sin(part * angle) / np.sin(angle)
    direction = shares[0] * one / lengths[0] + shares[1] * other / lengths[1]
    return np.asarray(direction * ((1 - part) * lengths[0] + part * lengths[1]))


def _three(values: Sequence[Value], text: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    if len(values) == 3:
        one, other, part = values
        if isinstance(part, float) and not isinstance(one, float) and not isinstance(other, float):
            return one, other, part
    raise ValueError(f"found {quoted(text)}, expected two latents and a number, such as mix(man, woman, t)")


def _mean(values: Sequence[Value], text: str) -> Value:
    import numpy as np

    if any(isinstance(value, float) for value in values):
        raise ValueError(f"found a number in a mean in {quoted(text)}, expected latents")
    return np.asarray(np.mean(np.stack([np.asarray(value) for value in values]), axis=0))


FUNCTIONS: Mapping[str, Callable[[Sequence[Value], str], Value]] = {"mix": _mix, "slerp": _slerp, "mean": _mean}
