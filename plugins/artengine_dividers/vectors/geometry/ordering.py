"""The order in which strokes are drawn, so that the pen travels little in the air.

Ends of strokes that are near each other are linked, the nearest first, until all strokes are one chain: the greedy
matching of Bentley, "Fast algorithms for geometric traveling salesman problems", 1992. Then parts of the chain are
turned around where that makes it shorter (2-opt, Croes 1958). Positions are counted in thousandths, so that the order
is the same on every machine.
"""

from __future__ import annotations

import numpy as np

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.decimals import to_thousandths
from artengine_dividers.vectors.geometry.contours import Paths
from artengine_dividers.vectors.geometry.groups import group_members

FEW_ENDS = 128  # of which all pairs are looked at
PAIRS_PER_END = 24  # that are near, on average, at most
MAX_PAIRS = 8_000_000  # which take a few hundred megabytes
MAX_ROUNDS = 12  # of turning parts around; the first few do nearly all
MAX_TURNED = 10_000  # strokes in such a part, so that no round takes long
MIN_GAIN = 1.0  # thousandths of a pixel


def order_paths(paths: Paths) -> Paths:
    """The same paths, some of them backwards, in an order with little way between them; joined where ends meet."""
    if len(paths) < 2:
        return paths
    starts, stops = paths.first[:-1], paths.first[1:] - 1
    ends = to_thousandths(np.stack([paths.start[starts], paths.end[stops]], axis=1)).reshape(-1, 2)
    entered = _turn_parts(ends, _link_ends(ends))
    path, backwards = np.divmod(entered, 2)
    joined = np.zeros(len(paths), bool)
    joined[1:] = (ends[entered[1:]] == ends[entered[:-1] ^ 1]).all(axis=1)
    joined[1:] &= ~(paths.closed[path[1:]] | paths.closed[path[:-1]])
    counts = np.diff(paths.first)[path]
    owner, number = group_members(counts)
    turned = backwards[owner] == 1
    row = np.where(turned, stops[path[owner]] - number, starts[path[owner]] + number)
    start, end, place, length = paths.start[row], paths.end[row], paths.place[row], paths.length[row]
    return Paths(
        start=np.where(turned[:, None], end, start),
        end=np.where(turned[:, None], start, end),
        curve=paths.curve[row],
        place=np.where(turned, place + length, place),
        length=np.where(turned, -length, length),
        first=np.append((np.cumsum(counts) - counts)[~joined], len(row)),
        closed=paths.closed[path[~joined]],
        label=paths.label[path[~joined]],
    )


def _link_ends(ends: Numbers) -> Numbers:
    """A chain of N strokes, (N,): the end at which each is entered; ends: (2N, 2), those of stroke n are 2n, 2n + 1."""
    link = [-1] * len(ends)  # the end that follows, or goes before
    far = [end ^ 1 for end in range(len(ends))]  # at a free end of a chain, its other one
    free = np.arange(len(ends))
    while len(free) > 2:
        one, other, square = _near_pairs(ends[free])
        order = np.lexsort((free[other], free[one], square))
        if not _link_pairs(link, far, free[one[order]].tolist(), free[other[order]].tolist()):
            reading = free[np.lexsort(ends[free].T)].tolist()  # both ends of each chain are all that is near
            _link_pairs(link, far, reading[:-1], reading[1:])
        free = np.array([end for end in free.tolist() if link[end] < 0])
    corner = ends.min(axis=0)  # where the pen rests
    entered = int(free[np.argmin(_squares(ends[free], corner))])
    chain = []
    while entered >= 0:
        chain.append(entered)
        entered = link[entered ^ 1]
    return np.array(chain)


def _link_pairs(link: list[int], far: list[int], one: list[int], other: list[int]) -> bool:
    """Link those of the pairs of ends that are free and of two chains; whether there were any."""
    any_linked = False
    for here, there in zip(one, other, strict=True):
        if link[here] < 0 and link[there] < 0 and far[here] != there:
            link[here], link[there] = there, here
            first, last = far[here], far[there]
            far[first], far[last] = last, first
            any_linked = True
    return any_linked


def _near_pairs(points: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """All pairs of points, (P, 2), that are no farther apart than some distance: two (Q,), and their squares."""
    if len(points) <= FEW_ENDS:
        one, other = np.triu_indices(len(points), 1)
        return one, other, _squares(points[one], points[other])
    offset = points - points.min(axis=0)
    side = max(1, int(offset.max()) * 2 // int(len(points) ** 0.5))
    most = min(PAIRS_PER_END * len(points), max(MAX_PAIRS, 2 * len(points)))
    while True:
        column, row = (offset // side).T
        columns = int(column.max()) + 3
        cell = row * columns + column
        order = np.argsort(cell, kind="stable")
        ascending = cell[order]
        bounds = []
        for step in (0, 1, columns - 1, columns, columns + 1):
            bounds.append([np.searchsorted(ascending, cell + step, way) for way in ("left", "right")])
        if side == 1 or sum(int((stop - start).sum()) for start, stop in bounds) <= most:
            break
        side = max(1, side // 2)
    ones, others = [], []
    for start, stop in bounds:
        one, number = group_members(stop - start)
        ones.append(one)
        others.append(order[start[one] + number])
    one, other = np.concatenate(ones), np.concatenate(others)
    square = _squares(points[one], points[other])
    near = square <= side**2
    near[: len(ones[0])] &= one[: len(ones[0])] < other[: len(ones[0])]  # within a cell each pair comes twice
    return one[near], other[near], square[near]


def _squares(one: Numbers, other: Numbers) -> Numbers:
    """Squared distances."""
    squares: Numbers = np.square(one - other).sum(axis=-1)
    return squares


def _turn_parts(ends: Numbers, entered: Numbers) -> Numbers:
    """A chain with parts of it turned around, so that the way between strokes is shorter; see `_link_ends`.

    Where a stroke ends near the end of another, or begins near its beginning, the part between can be turned around.
    """
    entered = entered.copy()
    place = np.empty(len(entered), np.int64)
    place[entered >> 1] = np.arange(len(entered))
    one, other, _ = _near_pairs(ends)
    for _ in range(MAX_ROUNDS):
        at = np.stack([place[one >> 1], place[other >> 1]])
        leaves = np.stack([entered[at[0]] != one, entered[at[1]] != other])
        first, last = np.sort(np.where(leaves, at, at - 1), axis=0)  # the gaps before and after the part
        fits = (leaves[0] == leaves[1]) & (first >= 0) & (last < len(entered) - 1)
        fits &= (first < last) & (last - first <= MAX_TURNED)
        gaps = np.stack(np.divmod(np.unique(first[fits] * len(entered) + last[fits]), len(entered)))
        gain = _gain(ends, entered, *gaps)
        better = np.flatnonzero(gain > MIN_GAIN)
        if not len(better):
            break
        for first_gap, last_gap in gaps[:, better[np.argsort(-gain[better], kind="stable")]].T.tolist():
            if _gain(ends, entered, first_gap, last_gap) > MIN_GAIN:  # others may have been turned since
                part = slice(first_gap + 1, last_gap + 1)
                entered[part] = entered[part][::-1] ^ 1
                place[entered[part] >> 1] = np.arange(first_gap + 1, last_gap + 1)
    return entered


def _gain(ends: Numbers, entered: Numbers, first: Numbers | int, last: Numbers | int) -> Numbers:
    """By how much a chain gets shorter if the strokes after a gap are turned around, up to another gap."""
    out, into = ends[entered[first] ^ 1], ends[entered[first + 1]]
    further, beyond = ends[entered[last] ^ 1], ends[entered[last + 1]]
    before = np.sqrt(_squares(out, into)) + np.sqrt(_squares(further, beyond))
    after: Numbers = np.sqrt(_squares(out, further)) + np.sqrt(_squares(into, beyond))
    return before - after
