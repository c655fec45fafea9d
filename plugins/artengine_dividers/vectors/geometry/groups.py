"""Grouping by arrays: points in one place, connected components, cycles of a permutation, groups of many sizes."""

from __future__ import annotations

import numpy as np

from artengine_dividers.network import Numbers

CELLS_PER_ROW = 1 << 31  # of the plane: more than there are


def merge_close_points(points: Numbers, near: float) -> tuple[Numbers, Numbers]:
    """One point, the first, for all that are closer than `near`: (K, 2); and the number of each one's, (P,)."""
    column, row = np.floor(points / near).astype(np.int64).T
    cells, cell = np.unique(column * CELLS_PER_ROW + row, return_inverse=True)
    neighbours = []
    for step in (1, CELLS_PER_ROW - 1, CELLS_PER_ROW, CELLS_PER_ROW + 1):
        at = np.minimum(np.searchsorted(cells, cells + step), len(cells) - 1)
        occupied = np.flatnonzero(cells[at] == cells + step)
        neighbours.append(np.stack([occupied, at[occupied]]))
    one, other = np.concatenate(neighbours, axis=1)
    component = connected_components(len(cells), one, other)[cell]
    _, first, which = np.unique(component, return_index=True, return_inverse=True)
    return points[first], which


def connected_components(count: int, one: Numbers, other: Numbers) -> Numbers:
    """For each of so many nodes the least number in its connected component: (count,).

    one, other: (L,), the nodes at the ends of L links.
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


def distinct_rows(rows: Numbers, near: float) -> Numbers:
    """The numbers of the rows, (N, D), that no earlier row equals, within `near` in every column."""
    order = np.argsort(rows[:, -1], kind="stable")
    ascending = rows[order]
    repeated = np.zeros(len(rows), bool)
    for step in range(1, len(rows)):
        close = np.abs(ascending[step:] - ascending[:-step]) <= near
        if not close[:, -1].any():
            break
        same = close.all(axis=1)
        repeated[np.maximum(order[step:], order[:-step])[same]] = True
    return np.flatnonzero(~repeated)


def number_cycles(after: Numbers) -> Numbers:
    """Which cycle of a permutation each of N numbers is in, (N,), counted from 0; after: (N,), its successor."""
    label, ahead = np.arange(len(after)), after
    while True:
        lower = np.minimum(label, label[ahead])
        if np.array_equal(lower, label):  # then all of a cycle have its least
            return np.unique(label, return_inverse=True)[1]
        label, ahead = lower, ahead[ahead]


def group_members(counts: Numbers) -> tuple[Numbers, Numbers]:
    """For each member of groups of so many, (S,), the number of its group, and its own number in the group."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
