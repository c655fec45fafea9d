"""Presets: a network, an optimiser and their numbers that go well together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from artengine import named
from artengine_regression.training.schedule import Until

Word = Literal["portrait", "faithful", "extrapolate", "demo"]
Optimiser = Literal["adam", "muon", "sgd", "lbfgs"]

#: Learning rates that suit each; lbfgs finds the length of its steps itself.
RATES: Mapping[Optimiser, float] = {"adam": 3e-3, "muon": 5e-3, "sgd": 1e-1, "lbfgs": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a training does where its scene does not say: the network it learns with, the optimiser and its numbers."""

    network: Any = None
    optimiser: Optimiser
    rate: float
    batch: int
    until: Until

    def rate_of(self, optimiser: Optimiser) -> float:
        """The rate that suits an optimiser: the preset's own, or one that mostly does."""
        return self.rate if optimiser == self.optimiser else RATES[optimiser]


#: What goes with most networks.
PLAIN = Preset(optimiser="adam", rate=3e-3, batch=4096, until=Until(steps=2000))


PRESETS: Mapping[Word, Preset] = {
    # a good likeness, and drapery in folds beyond its edges: units that saturate first, then bells
    "portrait": Preset(
        network=named(
            "mlp",
            width=[128, 80, 80, 80, 80, 80],
            activation=[named("tanh")] * 3 + [named("gaussian")] * 3,
            output=named("sigmoid"),
            frequency=4.0,
        ),
        optimiser="muon",
        rate=5e-3,
        batch=1024,
        until=Until(steps=8000),
    ),
    # every freckle, in seconds; mirrored beyond the edges
    "faithful": Preset(
        network=named("feature_grid"), optimiser="adam", rate=1.5e-2, batch=51 * 51, until=Until(steps=10_000)
    ),
    # a softer likeness, and wide veils beyond the edges
    "extrapolate": Preset(
        network=named(
            "mlp", width=[128, 80, 80, 80, 80, 80], activation=named("tanh"), output=named("sigmoid"), frequency=4.0
        ),
        optimiser="muon",
        rate=5e-3,
        batch=1024,
        until=Until(steps=8000),
    ),
    # the network of the demonstration that began it all: seven layers of twenty, straight facets
    "demo": Preset(
        network=named("mlp", width=[20], depth=7, activation=named("relu")),
        optimiser="muon",
        rate=5e-3,
        batch=512,
        until=Until(steps=15_000),
    ),
}


def network(options: Mapping[str, Any]) -> Any:
    """The network that a training's options ask for where a scene names none; None where they ask for none."""
    return PRESETS[options["preset"]].network if options["preset"] else None
