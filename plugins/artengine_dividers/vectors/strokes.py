"""What a pen plotter draws of regions: every edge once, in long strokes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.geometry import SIDES, Arrangement, Paths

#: The numbers of its first and last point and of its curve, where it starts on the curve, and its length.
_Run = tuple[int, int, int, float, float]


def outline_strokes(arrangement: Arrangement, label: Numbers) -> Paths:
    """The frame, and every edge between faces of different labels, (F,), once, in strokes as long as they come.

    A stroke follows its curve as far as it can. Where several end in the same point, two and two are one.
    """
    runs = _find_runs(arrangement, label)
    paths = list(_chain_runs(runs, _link_ends(runs)))
    start, end, curve, place, length = zip(*(run for path in paths for run in path), strict=True) if runs else ((),) * 5
    across, down = arrangement.width / 2, arrangement.height / 2
    corners = np.array([[across, -down], [across, down], [-across, down], [-across, -down]])
    return Paths(
        start=np.concatenate([corners, arrangement.points[list(start)]]),
        end=np.concatenate([np.roll(corners, -1, axis=0), arrangement.points[list(end)]]),
        curve=np.array([*range(SIDES), *curve]),
        place=np.array([0.0] * SIDES + [*place]),
        length=np.array([0.0] * SIDES + [*length]),
        first=np.cumsum([0, SIDES, *map(len, paths)]),
        closed=np.array([True, *(path[0][0] == path[-1][1] for path in paths)]),
        label=np.zeros(1 + len(paths), np.int64),
    )


def _find_runs(arrangement: Arrangement, label: Numbers) -> list[_Run]:
    """The edges to be drawn; those that follow each other on a curve are one."""
    edges, half = arrangement.edges, len(arrangement.edges) // 2
    differ = label[arrangement.face] != label[arrangement.face[edges.twin]]
    chosen = np.flatnonzero(differ[:half] & (edges.curve[:half] >= SIDES))
    if not len(chosen):
        return []
    start, end, curve = edges.origin[chosen], edges.origin[half + chosen], edges.curve[chosen]
    fresh = np.ones(len(chosen), bool)
    fresh[1:] = (curve[1:] != curve[:-1]) | (start[1:] != end[:-1])
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(chosen)) - 1
    length = np.add.reduceat(edges.length[chosen], first)
    columns = (start[first], end[last], curve[first], edges.place[chosen[first]], length)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _link_ends(runs: list[_Run]) -> dict[tuple[int, bool], tuple[int, bool]]:
    """Which end of a run goes on with which: the number of a run, and whether it is where it ends."""
    meeting: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for number, (start, end, *_) in enumerate(runs):
        if start != end:
            meeting[start].append((number, False))
            meeting[end].append((number, True))
    links = {}
    for ends in meeting.values():
        for one, other in zip(ends[::2], ends[1::2], strict=False):
            links[one], links[other] = other, one
    return links


def _chain_runs(runs: list[_Run], links: dict[tuple[int, bool], tuple[int, bool]]) -> Iterator[list[_Run]]:
    """The runs in strokes; those with a free end begin there."""
    left = dict.fromkeys(range(len(runs)))
    free = [(number, at_end) for number in left for at_end in (False, True) if (number, at_end) not in links]
    for first, at_end in [*free, *((number, False) for number in left)]:
        path = []
        entered: tuple[int, bool] | None = (first, at_end)
        while entered and entered[0] in left:
            number, backwards = entered
            del left[number]
            start, end, curve, place, length = runs[number]
            path.append((end, start, curve, place + length, -length) if backwards else runs[number])
            entered = links.get((number, not backwards))
        if path:
            yield path
