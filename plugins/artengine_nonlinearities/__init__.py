"""The nonlinearities of the neural painters, and the painter that draws from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artengine import hookimpl
from artengine_nonlinearities.painter import neural_painter
from artengine_nonlinearities.pools import ALL, LATER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from artengine import Activation, Network


@hookimpl
def register_activations() -> Mapping[str, Activation]:
    """Every nonlinearity of the two painters and six more."""
    return {**ALL, **LATER}


@hookimpl
def register_networks() -> Mapping[str, Network]:
    """The painter."""
    return {"neural_painter": neural_painter}
