"""Pieces, which are faces of one label that hang together, and what to do with those that nobody can draw."""

from __future__ import annotations

import numpy as np

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.geometry.arrangement import Arrangement
from artengine_dividers.vectors.geometry.groups import connected_components


def absorb_small_pieces(arrangement: Arrangement, label: Numbers, width: float) -> Numbers:
    """Labels, (F,), with which every piece narrower than a width, pixels, is a part of a larger one beside it.

    How wide it is, four times its area by its perimeter says: the side of a square, the diameter of a circle. Of the
    larger ones it joins that with which it shares most of its border.
    """
    while not np.array_equal(label, joined := _join_small_pieces(arrangement, label, width)):
        label = joined  # several small ones in one place may be small still
    return label


def _join_small_pieces(arrangement: Arrangement, label: Numbers, width: float) -> Numbers:
    edges, half = arrangement.edges, len(arrangement.edges) // 2
    left, right = arrangement.face[:half], arrangement.face[edges.twin[:half]]
    length = np.abs(edges.length[:half])
    inside = (left >= 0) & (right >= 0)
    alike = inside & (label[left] == label[right])
    component = connected_components(len(arrangement), left[alike], right[alike])
    first, piece = np.unique(component, return_inverse=True)
    area = np.bincount(piece, arrangement.area)
    perimeter = np.zeros(len(first))
    for mine in (left, right):
        border = (mine >= 0) & ~alike
        perimeter += np.bincount(piece[mine[border]], length[border], minlength=len(first))
    small = 4 * area < width * perimeter
    shared = inside & ~alike
    mine = piece[np.concatenate([left[shared], right[shared]])]
    beside = piece[np.concatenate([right[shared], left[shared]])]
    rank = np.empty(len(first), np.int64)
    rank[np.lexsort((-np.arange(len(first)), area))] = np.arange(len(first))  # so that no two join each other
    joins = small[mine] & (rank[beside] > rank[mine])
    pairs, which = np.unique(mine[joins] * len(first) + beside[joins], return_inverse=True)
    border_length = np.bincount(which, np.tile(length[shared], 2)[joins], minlength=len(pairs))
    mine, beside = np.divmod(pairs, len(first))
    order = np.lexsort((beside, -border_length, mine))
    chosen = order[np.searchsorted(mine[order], np.unique(mine))]
    into = np.arange(len(first))
    into[mine[chosen]] = beside[chosen]
    while not np.array_equal(into, into[into]):
        into = into[into]
    absorbed: Numbers = label[first[into]][piece]
    return absorbed
