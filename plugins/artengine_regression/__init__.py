"""Teach a network one photo, and see what it imagines beyond the edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from artengine import Progress, hookimpl
from artengine_regression.regression import regression


@hookimpl
def register_trainers() -> Mapping[str, Callable[..., Iterator[Progress]]]:
    """The trainer that learns a photo."""
    return {"regression": regression}
