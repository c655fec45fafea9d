"""Types of options: the kind of component, the file or the numbers that an annotation takes."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from artengine.kinds import KINDS
from artengine.media import MEDIA_WORDS

_KIND_OF: Mapping[Any, str] = {protocol: kind for kind, protocol in KINDS.items()}


def kind_of(annotation: Any) -> tuple[str | None, bool]:
    """The kind of component an annotation takes, if any, and whether it wants a fresh one each time.

    ``Annotated[ConfiguredComponent, Source]`` takes a source, as ``Source`` does: for records whose components are made
    later than they are.
    """
    if get_origin(annotation) is Annotated:
        kinds = [_KIND_OF[one] for one in get_args(annotation)[1:] if isinstance(one, type) and one in _KIND_OF]
        return (kinds[0], False) if kinds else (None, False)
    if get_origin(annotation) is collections.abc.Callable and get_args(annotation)[:-1] == ([],):
        inner = get_args(annotation)[-1]
        return _KIND_OF.get(inner), True
    try:
        return _KIND_OF.get(annotation), False
    except TypeError:  # not hashable, so not one of ours
        return None, False


def union_members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone, limits left aside."""
    if get_origin(annotation) is Annotated and kind_of(annotation)[0] is None:
        return union_members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(arm for member in get_args(annotation) for arm in union_members(member))
    return (annotation,)


def is_number(annotation: Any) -> bool:
    """Whether an annotation takes a number, or a list of numbers: something that can move."""
    return _takes(annotation, int) or _takes(annotation, float)


def is_whole(annotation: Any) -> bool:
    """Whether all numbers that an annotation takes are whole."""
    return is_number(annotation) and not _takes(annotation, float)


def _takes(annotation: Any, number: type) -> bool:
    arms = union_members(annotation)
    lists = [union_members(one) for arm in arms if get_origin(arm) in (list, tuple) for one in get_args(arm)]
    return number in arms or any(number in one for one in lists)


def media_of(annotation: Any) -> str | None:
    """The word for the file that an annotation takes by its path, if it takes one."""
    return MEDIA_WORDS.get(annotation) if isinstance(annotation, type) else None


def is_record(annotation: Any) -> bool:
    """Whether an annotation takes a mapping that fills a dataclass."""
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and not media_of(annotation)


def literal_values(annotation: Any) -> list[Any]:
    """The literal values among a union's members."""
    return [value for arm in union_members(annotation) if get_origin(arm) is Literal for value in get_args(arm)]
