"""Teach a network photos, and see what it imagines beyond their edges and between them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from artengine import Network, Progress, Result, hookimpl
from artengine_regression.network import feature_grid
from artengine_regression.training import regression


@hookimpl
def register_networks() -> Mapping[str, Network]:
    """A network that is faithful to a photo."""
    return {"feature_grid": feature_grid}


@hookimpl
def register_trainers() -> Mapping[str, Callable[..., Generator[Progress, None, Result]]]:
    """The trainer that learns photos."""
    return {"regression": regression}
