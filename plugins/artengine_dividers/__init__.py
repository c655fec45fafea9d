"""Divider nets: a picture told with so many lines or circles, and one colour in every region."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from artengine import Network, Output, Progress, Result, hookimpl
from artengine_dividers.network import dividers
from artengine_dividers.training import trainer
from artengine_dividers.vectors import outputs


@hookimpl
def register_networks() -> Mapping[str, Network]:
    """The network that parts the plane."""
    return {"dividers": dividers}


@hookimpl
def register_trainers() -> Mapping[str, Callable[..., Generator[Progress, None, Result]]]:
    """The trainer that finds lines and circles."""
    return {"dividers": trainer.dividers}


@hookimpl
def register_outputs() -> Mapping[str, Output]:
    """The regions as vectors."""
    return {"svg": outputs.svg, "pdf": outputs.pdf}
