"""What belongs together, among many: points in one place, numbers that are linked, rings of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]

ROW = 1 << 31  # cells in a row of the plane: more than there are


def alike(points: Numbers, near: float) -> tuple[Numbers, Numbers]:
    """One point for all that are closer than that, the first: (K, 2); and which is whose, (P,)."""
    column, row = np.floor(points / near).astype(np.int64).T
    cells, cell = np.unique(column * ROW + row, return_inverse=True)
    neighbours = []
    for step in (1, ROW - 1, ROW, ROW + 1):
        at = np.minimum(np.searchsorted(cells, cells + step), len(cells) - 1)
        found = np.flatnonzero(cells[at] == cells + step)
        neighbours.append(np.stack([found, at[found]]))
    one, other = np.concatenate(neighbours, axis=1)
    _, first, which = np.unique(linked(len(cells), one, other)[cell], return_index=True, return_inverse=True)
    return points[first], which


def linked(count: int, one: Numbers, other: Numbers) -> Numbers:
    """For each of so many numbers the least that it is linked with, over others too: (count,).

    one, other: (L,), the numbers that are linked directly.
    """
    label = np.arange(count)
    while True:
        least = np.minimum(label[one], label[other])
        lower = label.copy()
        for ends in (label[one], label[other]):
            np.minimum.at(lower, ends, least)
        lower = lower[lower]
        if np.array_equal(lower, label):
            return label
        label = lower


def distinct(rows: Numbers, near: float) -> Numbers:
    """The numbers of those rows, (N, D), that have no earlier one closer than that in every column."""
    order = np.argsort(rows[:, -1], kind="stable")
    ascending = rows[order]
    again = np.zeros(len(rows), bool)
    for step in range(1, len(rows)):
        apart = np.abs(ascending[step:] - ascending[:-step]) <= near
        if not apart[:, -1].any():
            break
        same = apart.all(axis=1)
        again[np.maximum(order[step:], order[:-step])[same]] = True
    return np.flatnonzero(~again)


def rings(after: Numbers) -> Numbers:
    """Which ring each of N numbers is in, (N,), counted from 0; after: (N,), which one follows it there."""
    label, ahead = np.arange(len(after)), after
    while True:
        lower = np.minimum(label, label[ahead])
        if np.array_equal(lower, label):  # then all of a ring have its least
            return np.unique(label, return_inverse=True)[1]
        label, ahead = lower, ahead[ahead]


def ragged(counts: Numbers) -> tuple[Numbers, Numbers]:
    """For each of sum(counts) things, (S,), which of the counts it belongs to, and the how manieth it is there."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
