"""From faces to the rings around them: lines and arcs that follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from artengine_dividers.vectors.geometry.arcs import Curves
from artengine_dividers.vectors.geometry.arrangement import Arrangement
from artengine_dividers.vectors.geometry.groups import ragged

Numbers = np.ndarray[Any, Any]

FLAT = 2e-4  # pixels; an arc that rises less over its chord is drawn straight


@dataclass(frozen=True, slots=True)
class Chains:
    """Lines and arcs that follow each other, S of them in C chains.

    start, end: (S, 2), pixels from the picture's centre. curve: (S,), its number; place, length: on it, below 0 against
    it. first: (C + 1,), where each chain begins, and where the last one ends. closed: (C,). label: (C,), of the faces
    to their left.
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

    def split(self, curves: Curves, angle: Numbers) -> tuple[Chains, Numbers]:
        """The same with arcs of at most an angle, and how far each turns, (S,) radians, 0 where it is straight.

        angle: (N,), radians, for each curve.

        An arc that nearly is half a circle would be moved by the last decimal of its ends.
        """
        bend = curves.bend[self.curve]
        bend = np.where(bend * self.length**2 < 8 * FLAT, 0, bend)
        turn = bend * self.length
        pieces = np.maximum(1, np.ceil(np.abs(turn) / angle[self.curve] - 1e-6)).astype(np.int64)
        owner, number = ragged(pieces)
        length = (self.length / pieces)[owner]
        place = self.place[owner] + number * length
        start, end = self.start[owner], self.end[owner]
        inside = np.flatnonzero(number > 0)
        between = curves[self.curve[owner[inside]]].point(place[inside])
        start[inside], end[inside - 1] = between, between
        first = np.concatenate([[0], np.cumsum(pieces)])[self.first]
        whole = Chains(start, end, self.curve[owner], place, length, first, self.closed, self.label)
        return whole, (turn / pieces)[owner]


def edged(arrangement: Arrangement, label: Numbers) -> tuple[Chains, Numbers]:
    """The rings around the faces of each label, (F,), the label to their left; and the greatest label beyond, (S,).

    Faces of the same label are one. Beyond the picture is -1.
    """
    edges, after = arrangement.edges, arrangement.after
    twin = edges.twin
    mine = np.where(arrangement.face < 0, -1, label[arrangement.face])
    beyond = mine[twin]
    border = (mine >= 0) & (mine != beyond)
    following = after.copy()
    open_ = np.flatnonzero(border & ~border[following])
    while len(open_):  # around the point, past edges that part nothing
        following[open_] = after[twin[following[open_]]]
        open_ = open_[~border[following[open_]]]
    before = np.empty_like(following)
    chosen = np.flatnonzero(border)
    before[following[chosen]] = chosen
    half = len(edges) // 2
    turned = (edges.curve[before[chosen]] != edges.curve[chosen]) | ((before[chosen] < half) != (chosen < half))
    order, first = _followed(following.tolist(), [*chosen[turned].tolist(), *chosen.tolist()])
    kept = np.zeros(len(edges), bool)
    kept[chosen[turned]] = True
    starts = kept[order]
    starts[first] = True  # also where one circle is all
    rows = np.flatnonzero(starts)
    last = np.append(rows[1:], len(order)) - 1
    length = np.add.reduceat(edges.length[order], rows)
    chains = Chains(
        start=arrangement.points[edges.origin[order[rows]]],
        end=arrangement.points[edges.origin[twin[order[last]]]],
        curve=edges.curve[order[rows]],
        place=edges.place[order[rows]],
        length=length,
        first=np.searchsorted(rows, [*first, len(order)]),
        closed=np.ones(len(first), bool),
        label=mine[order[first]],
    )
    return chains, np.maximum.reduceat(beyond[order], rows)


def cut(chains: Chains, kept: Numbers) -> Chains:
    """Only those lines and arcs, (S,) bools: the chains fall apart where others were."""
    owner, _ = ragged(np.diff(chains.first))
    number = np.flatnonzero(kept)
    fresh = np.ones(len(number), bool)
    fresh[1:] = (np.diff(number) > 1) | (np.diff(owner[number]) > 0)
    first = np.flatnonzero(fresh)
    return Chains(
        start=chains.start[number],
        end=chains.end[number],
        curve=chains.curve[number],
        place=chains.place[number],
        length=chains.length[number],
        first=np.append(first, len(number)),
        closed=np.zeros(len(first), bool),
        label=chains.label[owner[number[first]]],
    )


def _followed(following: list[int], starts: list[int]) -> tuple[Numbers, Numbers]:
    """Rings through all starts, one after the other, as each names the next; and where they begin."""
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
