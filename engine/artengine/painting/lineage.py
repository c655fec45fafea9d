"""The weights that grow from a seed: drawn, mutated, crossed, or between several seeds of a walk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine.scene import Cross, Mutation, PlainSeed, Seed, Walk

Weights = Mapping[str, Tensor]
Array = np.ndarray[Any, Any]


def grow_weights(seed: Seed, phase: float, draw: Callable[[int], Weights], rows: Collection[str] = ()) -> Weights:
    """The weights of a seed at a phase of its walk, 0 to 1.

    draw: gives the weights of a number. rows: the names of matrices whose units are rows, as in torch's linear layers;
    else they are columns.
    Raises `ValueError` where the networks of two numbers are not of one shape.
    """
    match seed:
        case PlainSeed(number):
            return draw(number)
        case Mutation(parent, by, strength):
            return _mutate(grow_weights(parent, phase, draw, rows), by, strength)
        case Cross(parents, by):
            return _cross(_of_one_shape([grow_weights(one, phase, draw, rows) for one in parents]), by, rows)
        case Walk(seeds):
            stations = _of_one_shape([grow_weights(one, phase, draw, rows) for one in seeds])
            return _map_floats(stations[0], lambda name: _interpolate([one[name] for one in stations], phase))


def walk_position(stations: Array, phase: float) -> Array:
    """Where a walk through all stations, (K, ...), in their order and back to the first, is at a phase, 0 to 1.

    The path is a periodic cubic spline, smooth to its second derivative; its distance from the origin is brought to
    that of a spline through the stations' own distances, for a straight line between two random vectors of many
    numbers comes as near to the origin as 0.71 of theirs, and pictures fade there.
    """
    flat = stations.reshape(len(stations), -1).astype(np.float64)
    parts = _spline_weights(len(flat), phase)
    place = parts @ flat
    distances = np.linalg.norm(flat, axis=1)
    length = np.linalg.norm(place)
    target = max(float(parts @ distances), 0.0)
    place = place * (target / length) if length > 1e-9 * distances.max(initial=0.0) else place
    return np.asarray(place.reshape(stations.shape[1:]))


def _spline_weights(count: int, phase: float) -> Array:
    """How much each station counts at a phase of the walk: a periodic cubic spline at unit steps, (count,).

    Source: de Boor, A Practical Guide to Splines, chapter 4, with the ends joined.
    """
    along = phase % 1.0 * count
    if abs(along - round(along)) < 1e-9:  # at a station, and nowhere beside it
        along = round(along)
    index = int(along) % count
    t = along - int(along)
    ones = np.eye(count)
    if count < 3:  # there and back again: the spline of two stations, or none
        s = (1 - np.cos(np.pi * t)) / 2
        return np.asarray((1 - s) * ones[index] + s * ones[(index + 1) % count])
    before, after = np.roll(ones, 1, axis=0), np.roll(ones, -1, axis=0)
    system = 4 * ones + np.roll(ones, 1, axis=1) + np.roll(ones, -1, axis=1)
    slopes = np.linalg.solve(system, 3 * (after - before))
    here, there = ones[index], ones[(index + 1) % count]
    leaving, arriving = slopes[index], slopes[(index + 1) % count]
    return np.asarray(
        (1 + 2 * t) * (1 - t) ** 2 * here
        + t * (1 - t) ** 2 * leaving
        + t * t * (3 - 2 * t) * there
        + t * t * (t - 1) * arriving
    )


def _interpolate(stations: list[Tensor], phase: float) -> Tensor:
    place = walk_position(np.stack([one.double().cpu().numpy() for one in stations]), phase)
    return torch.from_numpy(place).to(stations[0])


def _mutate(weights: Weights, by: int, strength: float) -> Weights:
    """Every weight moved by a normal number of so many deviations of its matrix's."""
    random = np.random.RandomState(by)

    def change(name: str) -> Tensor:
        values = weights[name]
        noise = torch.from_numpy(np.asarray(random.standard_normal(tuple(values.shape))))
        size = float(values.double().square().mean().sqrt())
        return (values.double().cpu() + strength * size * noise).to(values)

    return _map_floats(weights, change)


def _cross(parents: list[Weights], by: int, rows: Collection[str]) -> Weights:
    """Each unit, a column or a row of its matrix, from one parent or the other."""
    random = np.random.RandomState(by)

    def choose(name: str) -> Tensor:
        one, other = (parent[name] for parent in parents)
        axis = 0 if name in rows else -1
        units = one.shape[axis] if one.ndim else 1
        taken = torch.from_numpy(random.randint(0, 2, units).astype(bool)).to(one.device)
        if one.ndim == 0:
            return torch.where(taken[0], other, one)
        return torch.where(taken if axis else taken.view(-1, *[1] * (one.ndim - 1)), other, one)

    return _map_floats(parents[0], choose)


def _map_floats(weights: Weights, change: Callable[[str], Tensor]) -> Weights:
    """Change every tensor of floats, in the order of their names; integers, which count something, stay."""
    return {
        name: change(name) if values.is_floating_point() and values.numel() else values
        for name, values in weights.items()
    }


def _of_one_shape(parents: list[Weights]) -> list[Weights]:
    shapes = [{name: tuple(values.shape) for name, values in one.items()} for one in parents]
    if any(one != shapes[0] for one in shapes):
        raise ValueError("the seeds give networks of different shapes, which have nothing between them")
    return parents
