"""From faces to the boundaries around them: paths of lines and arcs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.geometry.arcs import Curves
from artengine_dividers.vectors.geometry.arrangement import Arrangement
from artengine_dividers.vectors.geometry.groups import group_members

MAX_FLAT_RISE = 2e-4  # pixels; an arc that rises no more over its chord is drawn straight


@dataclass(frozen=True, slots=True)
class Paths:
    """C paths of S segments, lines and arcs, in all.

    start, end: (S, 2), of the segments, pixels from the picture's centre. curve: (S,), the number of each one's curve.
    place: (S,), where on the curve it starts. length: (S,), pixels, below 0 against the curve's direction. first:
    (C + 1,), the number of each path's first segment, and S. closed: (C,) bools. label: (C,), of the faces to their
    left.
    """

    start: Numbers
    end: Numbers
    curve: Numbers
    place: Numbers
    length: Numbers
    first: Numbers
    closed: Numbers
    label: Numbers

    def __len__(self) -> int:
        return len(self.closed)

    def split(self, curves: Curves, angle: Numbers) -> tuple[Paths, Numbers]:
        """The same with arcs of at most an angle, and how far each turns, (S,) radians, 0 where it is straight.

        angle: (N,), radians, for each curve. Rounding the ends of an arc of nearly half a circle would move all of it.
        """
        bend = curves.bend[self.curve]
        bend = np.where(bend * self.length**2 < 8 * MAX_FLAT_RISE, 0, bend)
        turn = bend * self.length
        pieces = np.maximum(1, np.ceil(np.abs(turn) / angle[self.curve] - 1e-6)).astype(np.int64)
        owner, number = group_members(pieces)
        length = (self.length / pieces)[owner]
        place = self.place[owner] + number * length
        start, end = self.start[owner], self.end[owner]
        inside = np.flatnonzero(number > 0)
        between = curves[self.curve[owner[inside]]].point(place[inside])
        start[inside], end[inside - 1] = between, between
        first = np.concatenate([[0], np.cumsum(pieces)])[self.first]
        whole = Paths(start, end, self.curve[owner], place, length, first, self.closed, self.label)
        return whole, (turn / pieces)[owner]


def trace_boundaries(arrangement: Arrangement, label: Numbers) -> tuple[Paths, Numbers]:
    """The boundaries of the faces of each label, (F,), as closed paths that have it to their left.

    Also gives the greatest label on the other side of each segment, (S,), -1 beyond the picture. Faces of one label
    count as one.
    """
    edges, after = arrangement.edges, arrangement.after
    twin = edges.twin
    mine = np.where(arrangement.face < 0, -1, label[arrangement.face])
    beyond = mine[twin]
    border = (mine >= 0) & (mine != beyond)
    following = after.copy()
    open_ = np.flatnonzero(border & ~border[following])
    while len(open_):  # around the point, past edges within one label
        following[open_] = after[twin[following[open_]]]
        open_ = open_[~border[following[open_]]]
    before = np.empty_like(following)
    chosen = np.flatnonzero(border)
    before[following[chosen]] = chosen
    half = len(edges) // 2
    turned = (edges.curve[before[chosen]] != edges.curve[chosen]) | ((before[chosen] < half) != (chosen < half))
    order, first = _follow(following.tolist(), [*chosen[turned].tolist(), *chosen.tolist()])
    is_start = np.zeros(len(edges), bool)
    is_start[chosen[turned]] = True
    starts = is_start[order]
    starts[first] = True  # also where one circle is all
    rows = np.flatnonzero(starts)
    last = np.append(rows[1:], len(order)) - 1
    length = np.add.reduceat(edges.length[order], rows)
    paths = Paths(
        start=arrangement.points[edges.origin[order[rows]]],
        end=arrangement.points[edges.origin[twin[order[last]]]],
        curve=edges.curve[order[rows]],
        place=edges.place[order[rows]],
        length=length,
        first=np.searchsorted(rows, [*first, len(order)]),
        closed=np.ones(len(first), bool),
        label=mine[order[first]],
    )
    return paths, np.maximum.reduceat(beyond[order], rows)


def keep_segments(paths: Paths, chosen: Numbers) -> Paths:
    """Only the chosen segments, (S,) bools: paths fall apart where others were."""
    owner, _ = group_members(np.diff(paths.first))
    number = np.flatnonzero(chosen)
    fresh = np.ones(len(number), bool)
    fresh[1:] = (np.diff(number) > 1) | (np.diff(owner[number]) > 0)
    first = np.flatnonzero(fresh)
    return Paths(
        start=paths.start[number],
        end=paths.end[number],
        curve=paths.curve[number],
        place=paths.place[number],
        length=paths.length[number],
        first=np.append(first, len(number)),
        closed=np.zeros(len(first), bool),
        label=paths.label[owner[number[first]]],
    )


def select_paths(paths: Paths, chosen: Numbers) -> Paths:
    """Only the chosen paths, (C,) bools."""
    segments = keep_segments(paths, np.repeat(chosen, np.diff(paths.first)))
    return replace(segments, closed=paths.closed[chosen])


def _follow(following: list[int], starts: list[int]) -> tuple[Numbers, Numbers]:
    """Cycles through all starts, one after the other, as each names the next; and where they begin."""
    done = bytearray(len(following))
    order: list[int] = []
    first: list[int] = []
    for start in starts:
        if done[start]:
            continue
        first.append(len(order))
        at = start
        while not done[at]:
            done[at] = 1
            order.append(at)
            at = following[at]
    return np.array(order, np.int64), np.array(first, np.int64)
