"""What a scene asks of a training, and what of it does not go together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from artengine import View
from artengine_dividers.network import Setting, setting_of
from artengine_dividers.search import check_named_picture

if TYPE_CHECKING:
    from artengine import LoadedScene, Session
    from artengine_dividers.training.gradient import Optimiser

Way = Literal["search", "gradient"]
Colours = Literal["network", "mean"]

VIEW = View(width=64, height=64)  # on which coordinates are compared with the plane's


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What a scene says of a training; None where it leaves the choice."""

    way: Way
    colours: Colours
    cycles: int | None
    candidates: int | None
    epochs: int | None
    optimiser: Optimiser | None
    rate: float | None
    rate_end: float | None
    batch: int | None
    fit: int | None

    def check_session(self, session: Session) -> None:
        """Raise `ValueError` where the network is another one, or what is asked does not go together."""
        from artengine_dividers.network import Dividers

        counts = session.network.counts if isinstance(session.network, Dividers) else None
        self.check(Setting(session.network_name, counts, session.on_plane(VIEW)))

    def check(self, setting: Setting | None) -> None:
        """As `check_session`, of what is known of a scene."""
        others = {"search": ("epochs", "optimiser", "rate", "rate_end", "batch"), "gradient": ("candidates",)}
        for name in others[self.way]:
            if getattr(self, name) is not None:
                raise ValueError(f"found {name} with way: {self.way}, where it means nothing; leave it out")
        if self.colours == "mean" and self.fit is not None:
            raise ValueError("found fit with colours: mean, where no colours are fitted; leave it out")
        if self.colours == "network" and self.fit == 0 and self.way == "search":
            raise ValueError("found fit: 0 with way: search, whose colours come of the fit alone; say colours: mean")
        if setting is None:
            return
        if setting.counts is None:
            found = f"found the network {setting.network}"
            raise ValueError(f"{found}, expected dividers: network: {{dividers: {{lines: 64}}}}")
        if not setting.on_plane:
            raise ValueError("found coordinates that are not x and y of the plane; leave coordinates at grid")
        if self.colours == "mean" and setting.counts[2]:
            raise ValueError("found colours: mean with sigmoids, over which colours change; say sigmoids: 0")
        if not sum(setting.counts) and self.way == "gradient":
            raise ValueError("found no dividers to move; say lines: 64, or way: search for a picture of one colour")


def expects_dividers(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    """Raise `ValueError` where a scene is none that dividers learn, or the options of a training do not go together."""
    check_named_picture(options["target"], options["synthetic"])
    TrainingOptions(**{one.name: options[one.name] for one in fields(TrainingOptions)}).check(setting_of(scene))


def libraries(options: Mapping[str, Any]) -> Collection[str]:
    """What compiles the search: other loops round otherwise, and so find other dividers."""
    return ("numba",) if options["way"] == "search" else ()
