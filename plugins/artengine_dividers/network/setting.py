"""What is known of the scene that a network of dividers stands in, before it is made live or after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artengine import LoadedScene, ScenePart


@dataclass(frozen=True, slots=True)
class Setting:
    """A network and its coordinates.

    network: its name. counts: its lines, circles and sigmoids; None where it is no network of dividers. on_plane:
    whether the coordinates are x and y of the plane.
    """

    network: str
    counts: tuple[int, int, int] | None
    on_plane: bool


def setting_of(scene: LoadedScene) -> Setting | None:
    """What is certain of a scene while it is loaded; None where its network is a stranger's, which may be one of ours.

    So may their coordinates be those of the plane: they are looked at when the picture is made live.
    """
    network = scene.network
    if not network.bundled:
        return None
    counts = None
    if network.name == "dividers":
        counts = (network.options["lines"], network.options["circles"], network.options["sigmoids"])
    return Setting(network.name, counts, _may_be_plane(scene.coordinates))


def _may_be_plane(sources: Sequence[ScenePart]) -> bool:
    return len(sources) == 1 and (not sources[0].bundled or sources[0].name == "grid")
