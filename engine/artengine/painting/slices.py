"""A network over a view: slices of points on all cores, in bounded memory."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from artengine.painting.plan import Plan
from artengine.view import View

SLICES_PER_TASK = 8  # of a plan, whose coordinates are made together
ALLOCATOR_WARMUP = 24 << 20  # bytes of a block that is larger than any that slices need


def paint(
    plan: Plan, coordinates: Callable[[View], Tensor], view: View, colours: Tensor, chosen: Tensor | None = None
) -> Iterator[int]:
    """Paint the view into `colours`, (H, W, C) on the plan's device, yielding the pixels painted so far.

    chosen: only these pixels, in rising order, counted row by row; then colours are (len(chosen), C).
    Every thread has a core to itself; which of them paints what does not show, nor how many there are.
    Raises `ValueError` where the network gives something else than a colour for every point.
    """
    _warm_allocator()
    flat = colours.view(-1, colours.shape[-1])
    threads = torch.get_num_threads()
    workers = threads if plan.device.type == "cpu" else 1
    own = threading.local()

    def begin() -> None:
        torch.set_num_threads(1)
        np.seterr(all="ignore")  # colours that are not finite are counted in the end
        own.painter = None

    def work(start: int, stop: int) -> int:
        own.painter = own.painter or plan.painter()
        with torch.inference_mode():
            points = _points(coordinates, view, range(start, stop) if chosen is None else chosen[start:stop])
            for first in range(0, len(points), plan.points):
                slice_ = points[first : first + plan.points]
                count = len(slice_)
                if count < plan.points:  # the last one: every slice has the same size
                    slice_ = torch.cat([slice_, slice_[-1:].expand(plan.points - count, -1)])
                painted = own.painter(slice_)
                if tuple(painted.shape) != (expected := (plan.points, flat.shape[1])):
                    raise ValueError(f"gave colours of shape {tuple(painted.shape)}, expected {expected}")
                flat[start + first : start + first + count] = painted[:count]
        return stop

    # the coordinates of chosen pixels are made with those of all their rows: in smaller parts, by all threads
    bounds = range(0, len(flat), plan.points * (SLICES_PER_TASK if chosen is None else 1))
    with ThreadPoolExecutor(workers, initializer=begin) as pool:
        ahead: deque[Future[int]] = deque()
        try:
            for start in bounds:
                ahead.append(pool.submit(work, start, min(start + bounds.step, len(flat))))
                if len(ahead) > 2 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)  # it is what threads to come begin with, too


@functools.cache
def _warm_allocator() -> None:
    """Allocate a large block once, and free it.

    What glibc's malloc hands back to the system whenever it is freed has to be zeroed page by page when it is asked for
    again. Having seen one larger block come and go, it keeps what slices need: a third less time.
    """
    torch.empty(ALLOCATOR_WARMUP, dtype=torch.uint8)


def _points(coordinates: Callable[[View], Tensor], view: View, pixels: range | Tensor) -> Tensor:
    """The coordinates of some pixels of a view, counted row by row: (len(pixels), D)."""
    width = view.shape[1]
    start, stop = int(pixels[0]), int(pixels[-1]) + 1
    top, bottom = start // width, -(-stop // width)
    left, right = (start - top * width, stop - top * width) if bottom - top == 1 else (0, width)
    points = coordinates(view.tile(left, top, right - left, bottom - top))
    points = points.reshape(-1, points.shape[-1])
    first = top * width + left
    return points[start - first : stop - first] if isinstance(pixels, range) else points[pixels - first]
