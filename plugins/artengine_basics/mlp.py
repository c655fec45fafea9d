"""The multilayer perceptron: what a scene may set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import Activation, ColourRange, Each, LoadedScene, Ports, expects, named

if TYPE_CHECKING:
    from artengine_basics.mlp_module import Mlp

Width = Annotated[int, Field(ge=1, le=4096)]
WIDTHS: list[Width] = [64]


def _expects_fitting_layers(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    _layer_widths(options["width"], options["depth"], len(options["activation"]))


@expects(_expects_fitting_layers)
def mlp(
    ports: Ports,
    /,
    *,
    width: Annotated[list[Width], Field(min_length=1, max_length=64)] = WIDTHS,
    depth: Annotated[int, Field(ge=0, le=64)] | None = None,
    activation: list[Each[Activation]] = named("sin"),
    output: Each[Activation] = named("identity"),
    initialisation: Literal["auto", "siren", "kaiming", "xavier", "normal"] = "auto",
    frequency: Annotated[float, Field(gt=0, le=1e9)] | None = None,
    colours: ColourRange = "unit",
) -> Mlp:
    """Layers of units, each a weighted sum of the last layer's through an activation.

    width: units per hidden layer, or a list with one number per layer. depth: hidden layers, 4 unless the widths say.
    activation: one for all hidden layers or one per layer. output: after the last. initialisation: auto is siren for
    layers with sin and suits the activation else. frequency: how fast the first layer changes over the plane; unless it
    is said, 30 for siren, 6 for finer, 3 for gabor, 8 for gaussian and 1 else. colours: the range of the result.
    Raises `ValueError` where widths, depth and activations do not fit together.
    """
    from artengine_basics.mlp_module import Mlp

    width = _layer_widths(width, depth, len(activation))
    makers = activation * len(width) if len(activation) == 1 else activation
    return Mlp(
        ports,
        width,
        [make() for make in makers],
        output(),
        initialisation=initialisation,
        frequency=frequency,
        colours=colours,
    )


def _layer_widths(width: list[Width], depth: int | None, activations: int) -> list[Width]:
    """The units of each hidden layer; raises `ValueError` where widths, depth and activations do not fit together."""
    if len(width) == 1:
        width = width * (4 if depth is None else depth)
    elif depth not in (None, len(width)):
        raise ValueError(f"found depth {depth} with {len(width)} widths, expected one number for both; leave depth out")
    if activations not in (1, len(width)):
        found = f"found {activations} activations for {len(width)} hidden layers"
        raise ValueError(f"{found}, expected one for all or one per layer")
    return width
