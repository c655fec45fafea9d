"""The eight hooks, in the order in which a picture comes about.

Each is called once and returns ``{name: callable}``. `artengine.kinds`, for trainers `artengine.sessions`, describes
what such a callable is called with and gives back; its signature says which options a scene may set.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import pluggy

from artengine.kinds import Activation, Dataset, Filter, Loss, Network, Output, Source
from artengine.sessions import Progress, Result

PROJECT = "artengine"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_sources() -> Mapping[str, Source]:
    """Coordinate sources: ``source(view, /)`` gives coordinates."""


@hookspec
def register_networks() -> Mapping[str, Network]:
    """Networks: ``make(ports, /)`` gives a module from coordinates to colours."""


@hookspec
def register_activations() -> Mapping[str, Activation]:
    """Activations: ``activation(x, /)`` gives the same shape."""


@hookspec
def register_losses() -> Mapping[str, Loss]:
    """Losses: ``loss(prediction, target, /)`` gives a scalar."""


@hookspec
def register_datasets() -> Mapping[str, Callable[..., Dataset]]:
    """Datasets: classes of pictures by their numbers, ``read(numbers, size, /)``."""


@hookspec
def register_trainers() -> Mapping[str, Callable[..., Generator[Progress, None, Result]]]:
    """Trainers: ``train(session, /)`` yields `Progress` and returns a `Result`."""


@hookspec
def register_filters() -> Mapping[str, Filter]:
    """Filters: ``filter(image, /)`` gives an image."""


@hookspec
def register_outputs() -> Mapping[str, Output]:
    """Outputs: ``write(frames, target, /)`` gives the paths it wrote."""
