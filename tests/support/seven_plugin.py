"""A plugin that offers one of each of the seven kinds."""

from __future__ import annotations

import torch

from artengine import Activation, Each, Loss, Progress, Result, View, hookimpl, named


def stripes(view, /, *, gap: float = 0.5):
    return torch.stack(view.plane(), dim=-1) / gap


class Straight(torch.nn.Module):
    def __init__(self, ports, bend):
        super().__init__()
        weight = ports.random().randn(ports.inputs, ports.outputs)
        self.weight = torch.nn.Parameter(torch.from_numpy(weight).float())
        self.bend = bend

    def forward(self, x):
        return self.bend(x @ self.weight)


def straight(ports, /, *, activation: Each[Activation] = named("bump")):
    return Straight(ports, activation())


def off(prediction, target, /):
    return (prediction - target).square().sum()


def darken(session, /, *, loss: Loss = named("off"), steps: int = 3):
    points = session.coordinates(View(width=16, height=12)).reshape(-1, 2)
    for step in range(1, steps + 1):
        distance = loss(session.network(points), torch.zeros(1))
        (gradient,) = torch.autograd.grad(distance, [session.network.weight])
        with torch.no_grad():
            session.network.weight -= 1e-4 * gradient
        if step < steps:
            yield Progress(step=step, total=steps, loss=distance.item())
    return Result(step=steps, loss=distance.item())


def negative(image, /):
    return 1 - image


def raw(frames, target, /):
    for frame in frames:
        with target.create(".raw") as file:
            file.write(frame.image.tobytes())
        yield target.path(".raw")


@hookimpl
def register_sources():
    return {"stripes": stripes}


@hookimpl
def register_networks():
    return {"straight": straight}


@hookimpl
def register_activations():
    return {"bump": lambda x: torch.exp(-x * x)}


@hookimpl
def register_losses():
    return {"off": off}


@hookimpl
def register_trainers():
    return {"darken": darken}


@hookimpl
def register_filters():
    return {"negative": negative}


@hookimpl
def register_outputs():
    return {"raw": raw}
