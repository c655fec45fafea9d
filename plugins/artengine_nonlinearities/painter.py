"""The neural painter: a picture from nothing but chance, and nonlinearities strong enough to make it one."""

from __future__ import annotations

from functools import partial
from itertools import count, repeat
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import Activation, Each, Ports, expects, named
from artengine_nonlinearities.pools import ALL, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from torch import nn

    from artengine import LoadedScene

Size = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=0, le=64)]
Mean = Annotated[float, Field(ge=-100, le=100)]
Deviation = Annotated[float, Field(gt=0, le=100)]


def _expects_fitting_layers(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    _check_nonlinearities(options["nonlin"], options["pool"], options["nr_hidden"] + 1)


@expects(_expects_fitting_layers)
def neural_painter(
    ports: Ports,
    /,
    *,
    hidden_size: Size = 100,
    nr_hidden: Depth = 4,
    nonlin: Literal["random_once", "random_every_time"] | list[Each[Activation]] = "random_every_time",
    pool: Literal["published", "all"] | list[Each[Activation]] = "published",
    output_nonlin: Each[Activation] = named("identity"),
    nr_channel: Literal[1, 3] = 3,
    coord_bias: bool = True,
    use_bias: bool = False,
    recurrent: bool = False,
    batch_norm: bool = False,
    batch_norm_position: Literal["before_nonlin", "after_nonlin"] = "before_nonlin",
    mean: Mean = 0.0,
    std: Deviation = 1.0,
) -> nn.Module:
    """A random network whose nonlinearities make the picture, after zxytim's neural-painter; every seed is another one.

    hidden_size: units of a layer. nr_hidden: hidden-to-hidden layers, so there are nr_hidden + 1 nonlinear ones.
    nonlin: drawn from the pool once or for every layer, or named: one for all layers, or nr_hidden + 1 of them.
    pool: the 24 of the published pictures, these with npainter's and the first four waves, or a list. output_nonlin:
    bends the colours. nr_channel: 1 is a grey picture. coord_bias: a constant 1 joins the coordinates. use_bias: every
    layer adds some numbers. recurrent: one matrix serves all hidden layers. batch_norm: each pixel's units are brought
    to mean 0 and deviation 1. mean, std: of the weights.

    On a canvas of precision float64 the published pictures come out to the byte; logarithms near zero are where float32
    shows.

    All numbers come from one stream, and their order is what a seed means: random_once draws its name first of all;
    then layer by layer the weights, the biases, the name. The output layer has no name to draw.
    """
    import torch

    from artengine_nonlinearities.painter_module import Affine, Bend, Painter

    _check_nonlinearities(nonlin, pool, nr_hidden + 1)
    random = ports.random()
    makers = _makers(nonlin, _pool(pool), random)
    width = ports.inputs + coord_bias

    def affine(inputs: int, outputs: int) -> Affine:
        weight = torch.from_numpy(mean + std * random.randn(inputs, outputs))
        return Affine(weight, torch.from_numpy(mean + std * random.randn(outputs)) if use_bias else None)

    layers: list[Affine] = []
    path: list[int] = []
    activations: list[Activation] = []
    for step in range(nr_hidden + 1):
        if step < 2 or not recurrent:
            layers.append(affine(hidden_size if step else width, hidden_size))
        path.append(len(layers) - 1)
        activations.append(next(makers)())
    path.append(len(layers))
    layers.append(affine(hidden_size, nr_channel))

    before, after = (batch_norm and batch_norm_position == place for place in ("before_nonlin", "after_nonlin"))
    return Painter(
        layers,
        path,
        [
            *(Bend(activation, norm_before=before, norm_after=after) for activation in activations),
            Bend(output_nonlin()),
        ],
        coord_bias=coord_bias,
        drawn=tuple(map(_name, activations)) if isinstance(nonlin, str) else (),
    )


def _check_nonlinearities(nonlin: str | list[Any], pool: str | list[Any], layers: int) -> None:
    """Raise `ValueError` where as many as are named cannot be shared out among so many nonlinear layers."""
    if isinstance(nonlin, list) and len(nonlin) not in (1, layers):
        raise ValueError(
            f"nonlin: {len(nonlin)} nonlinearities for {layers} nonlinear layers (nr_hidden + 1); "
            f"name one for all of them, or {layers}"
        )
    if isinstance(pool, list) and not pool:
        raise ValueError("pool: the list is empty; name at least one nonlinearity to draw from")


def _makers(
    nonlin: str | list[Each[Activation]], pool: list[Each[Activation]], random: np.random.RandomState
) -> Iterator[Each[Activation]]:
    """A maker for each nonlinear layer: drawn as it is asked for, or once and now, or as listed."""
    if not isinstance(nonlin, list):
        if nonlin == "random_once":
            return repeat(pool[random.choice(len(pool))])
        return (pool[random.choice(len(pool))] for _ in count())
    return repeat(nonlin[0]) if len(nonlin) == 1 else iter(nonlin)


def _pool(pool: str | list[Each[Activation]]) -> list[Each[Activation]]:
    """A maker for each nonlinearity that may be drawn."""
    if isinstance(pool, list):
        return pool
    return [partial(_as_it_stands, activation) for activation in (ALL if pool == "all" else PUBLISHED).values()]


def _as_it_stands(activation: Activation) -> Activation:
    """Functions have no state, so a fresh one is the same one."""
    return activation


def _name(activation: Activation) -> str:
    """What a scene calls it, where it is one of ours."""
    function = getattr(activation, "func", activation)  # options come with it as a functools.partial
    ours = (name for name, known in ALL.items() if known is function)
    return next(ours, getattr(function, "__name__", type(function).__name__))
