"""A plugin that offers one of each of the eight kinds."""

from __future__ import annotations

import numpy as np
import torch

from artengine import Activation, Dataset, Each, Loss, Progress, Result, View, hookimpl, named


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


class Greys:
    description = "a few greys"

    def __init__(self, *, count: int = 4):
        self.count = count

    def __len__(self):
        return self.count

    def read(self, numbers, size, /):
        return np.stack([np.full((size, size, 3), number, np.uint8) for number in numbers])


def darken(session, /, *, loss: Loss = named("off"), aims: Dataset = named("greys", count=1), steps: int = 3):
    darkest = torch.tensor(aims.read([len(aims) - 1], 2).max() / 255)
    points = session.coordinates(View(width=16, height=12)).reshape(-1, 2)
    for step in range(1, steps + 1):
        distance = loss(session.network(points), darkest)
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
def register_datasets():
    return {"greys": Greys}


@hookimpl
def register_trainers():
    return {"darken": darken}


@hookimpl
def register_filters():
    return {"negative": negative}


@hookimpl
def register_outputs():
    return {"raw": raw}
