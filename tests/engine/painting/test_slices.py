"""Painting on all cores: nothing of how the work is shared out shows, and nothing of it is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.support.torch_threads import threads_of
from torch import Tensor, nn

from artengine.painting import slices
from artengine.painting.plan import Plan, PlanPrecision, make_plan
from artengine.painting.slices import SLICES_PER_TASK, paint
from artengine.view import View

CPU = torch.device("cpu")
VIEW = View(width=301, height=111, zoom=0.7, angle=20)
DEEP = replace(VIEW, zoom=1e7, centre=(0.3, -0.7))


class Net(nn.Module):
    """Two layers, and a formula between them."""

    def __init__(self, formula: Callable[[Net, Tensor], Tensor], width: int = 300) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.last = nn.Linear(2, width), nn.Linear(width, 3)
        self.formula = formula
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.formula(self, self.first(x)))


def remembering(net: Net, x: Tensor) -> Tensor:
    """Untraceable, and in trouble wherever two threads share it."""
    net.kept = x
    if x[0, 0] > 1e9:
        return x
    return net.kept.sin()


def failing(net: Net, x: Tensor) -> Tensor:
    if x.shape[0] > 1 and bool((x.abs() > 99).any()):
        raise KeyError("too far out")
    return x if x[0, 0] > 1e9 else x.sin()


NETWORKS = {"traced": lambda net, x: x.sin().abs().log1p(), "as it stands": remembering}
networks = pytest.mark.parametrize("formula", NETWORKS.values(), ids=NETWORKS)


def written(plan: Plan) -> bool:
    """Whether its operations are known: else every thread has a network of its own."""
    return plan.painter() is plan.painter()


def planned(formula: Callable[[Net, Tensor], Tensor], precision: PlanPrecision = "float32") -> Plan:
    plan = make_plan(Net(formula).eval(), 2, precision, CPU)
    return plan if written(plan) else replace(plan, points=512)  # many slices in a small view


def source(dtype: torch.dtype = torch.float32) -> Callable[[View], Tensor]:
    return lambda view: torch.stack(view.plane(), -1).to(dtype)


def painted(plan: Plan, view: View = VIEW, chosen: Tensor | None = None) -> Tensor:
    shape = view.shape if chosen is None else (len(chosen),)
    colours = torch.full((*shape, 3), torch.nan, dtype=plan.dtype)
    steps = list(paint(plan, source(plan.dtype), view, colours, chosen))
    assert steps == sorted(set(steps))
    assert steps[-1] == colours[..., 0].numel()
    return colours


def same(one: Tensor, other: Tensor) -> bool:
    return one.contiguous().numpy().tobytes() == other.contiguous().numpy().tobytes()


@networks
def test_colours_are_those_of_the_network(formula: Callable[[Net, Tensor], Tensor]) -> None:
    plan = planned(formula)
    with torch.inference_mode():
        expected = Net(NETWORKS["traced"] if written(plan) else lambda net, x: x.sin())(source()(VIEW).reshape(-1, 2))
    torch.testing.assert_close(painted(plan), expected.reshape(111, 301, 3), rtol=1e-4, atol=1e-4)


@networks
@pytest.mark.parametrize("precision", ["draft", "float32", "float64", "deep"])
def test_colours_do_not_depend_on_the_number_of_threads(
    formula: Callable[[Net, Tensor], Tensor], precision: PlanPrecision
) -> None:
    view = DEEP if precision == "deep" else VIEW
    expected = painted(planned(formula, precision), view)
    for count in (1, 2, 5):
        with threads_of(count):
            plan = planned(formula, precision)
            assert same(painted(plan, view), expected)
            assert same(painted(plan, view), expected), "the second time it is another picture"


@pytest.mark.parametrize(
    ("formula", "precision"),
    [
        *((NETWORKS["traced"], precision) for precision in ("draft", "float32", "float64", "deep")),
        (remembering, "float32"),
    ],
    ids=["draft", "float32", "float64", "deep", "as it stands"],
)
def test_colours_do_not_depend_on_the_tile(formula: Callable[[Net, Tensor], Tensor], precision: PlanPrecision) -> None:
    plan, view = planned(formula, precision), DEEP if precision == "deep" else VIEW
    whole = painted(plan, view)
    for left, top, columns, rows in ((0, 0, 301, 1), (3, 7, 290, 90), (300, 110, 1, 1), (17, 0, 1, 111)):
        tile = painted(plan, view.tile(left, top, columns, rows))
        assert same(tile, whole[top : top + rows, left : left + columns])
        inner = view.tile(left, top, columns, rows).tile(0, 0, columns, 1)
        assert same(painted(plan, inner), whole[top : top + 1, left : left + columns])


PIXELS = 111 * 301
CHOSEN = {
    "first": [0],
    "last": [PIXELS - 1],
    "one in a row": [5 * 301 + 7],
    "two in a row": [5 * 301 + 7, 5 * 301 + 290],
    "end and beginning of rows": [301 - 1, 301],
    "column": list(range(13, PIXELS, 301)),
    "row": list(range(301 * 9, 301 * 10)),
    "every third": list(range(1, PIXELS, 3)),
    "all": list(range(PIXELS)),
    "far apart": [0, PIXELS - 1],
}


@networks
@pytest.mark.parametrize("precision", ["float32", "deep"])
def test_chosen_pixels_are_those_of_the_whole(
    precision: PlanPrecision, formula: Callable[[Net, Tensor], Tensor]
) -> None:
    plan, view = planned(formula, precision), DEEP if precision == "deep" else VIEW
    whole = painted(plan, view).view(-1, 3)
    for name, pixels in CHOSEN.items():
        chosen = torch.tensor(pixels)
        assert same(painted(plan, view, chosen), whole[chosen]), name


def test_chosen_pixels_of_a_tile() -> None:
    plan = planned(NETWORKS["traced"])
    tile = VIEW.tile(11, 5, 40, 30)
    chosen = torch.tensor([0, 39, 40, 41, 700, 1199])
    expected = painted(plan)[5:35, 11:51].reshape(-1, 3)[chosen]
    assert same(painted(plan, tile, chosen), expected)


def test_sample_position_moves_the_points() -> None:
    plan = planned(NETWORKS["traced"])
    corner = replace(VIEW, sample=(0.0, 0.0))
    assert not same(painted(plan, corner), painted(plan))
    # the corner of a pixel is the middle of the pixel half a pixel up and left of it
    moved = replace(VIEW, angle=0.0, sample=(0.0, 0.5))
    half = replace(VIEW, angle=0.0, centre=(-VIEW.pitch / 2, 0.0))
    torch.testing.assert_close(painted(plan, moved), painted(plan, half), rtol=1e-4, atol=1e-4)


@networks
def test_a_generator_that_is_closed_leaves_nothing_behind(formula: Callable[[Net, Tensor], Tensor]) -> None:
    plan = planned(formula)
    calls = []

    def counted(view: View) -> Tensor:
        calls.append(view)
        return source()(view)

    big = replace(VIEW, width=3000, height=3000)
    colours = torch.empty(3000, 3000, 3)
    before, alive = torch.get_num_threads(), threading.active_count()
    with threads_of(2):
        painting = paint(plan, counted, big, colours)
        next(painting)
        painting.close()
        assert threading.active_count() == alive
        assert torch.get_num_threads() == 2
        after = len(calls)
        assert after < 3000 * 3000 / (plan.points * SLICES_PER_TASK) / 2
        time.sleep(0.02)
        assert len(calls) == after
        assert list(painting) == []
    assert torch.get_num_threads() == before


def test_slices_are_not_painted_far_ahead_of_their_use() -> None:
    plan = replace(planned(NETWORKS["traced"]), points=256)
    calls = []

    def counted(view: View) -> Tensor:
        calls.append(view)
        return source()(view)

    tasks = -(-PIXELS // (plan.points * SLICES_PER_TASK))
    with threads_of(2):
        painting = paint(plan, counted, VIEW, torch.empty(111, 301, 3))
        next(painting)
        time.sleep(0.3)  # nobody takes more: the threads come to rest
        assert 1 <= len(calls) <= 2 * 2 + 1 < tasks
        assert len(list(painting)) == tasks - 1
    assert len(calls) == tasks


def test_tasks_of_chosen_pixels_are_single_slices() -> None:
    """For their coordinates are made with those of all their rows."""
    plan = replace(planned(NETWORKS["traced"]), points=256)
    colours = torch.empty(PIXELS, 3)
    assert len(list(paint(plan, source(), VIEW, colours, torch.arange(PIXELS)))) == -(-PIXELS // plan.points)


def test_allocator_is_warmed_by_the_first_painting() -> None:
    slices._warm_allocator.cache_clear()
    for _ in range(2):
        painted(planned(NETWORKS["traced"]))
    assert slices._warm_allocator.cache_info().misses == 1


def test_painting_leaves_the_settings_as_they_are() -> None:
    numpy_before, grad = np.geterr(), torch.is_grad_enabled()
    with threads_of(2):
        for _ in paint(planned(NETWORKS["traced"]), source(), VIEW, torch.empty(111, 301, 3)):
            assert torch.is_grad_enabled() == grad
            assert np.geterr() == numpy_before
            assert not torch.is_inference_mode_enabled()
        assert torch.get_num_threads() == 2
        # a thread of somebody else's has all of them as well
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert found == [2]
    assert np.geterr() == numpy_before


def assert_raised_once(painting: Iterator[int], kind: type[Exception], told: str) -> None:
    alive, before = threading.active_count(), torch.get_num_threads()
    with pytest.raises(kind, match=told):
        list(painting)
    assert threading.active_count() == alive
    assert torch.get_num_threads() == before
    assert list(painting) == []


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("kind", [ValueError, RuntimeError, MemoryError, KeyError])
def test_error_in_the_coordinates_is_raised_once(kind: type[Exception], after: int) -> None:
    left = iter(range(after))

    def upset(view: View) -> Tensor:
        if next(left, None) is None:
            raise kind("found no horizon")
        return source()(view)

    plan = planned(failing)
    assert_raised_once(paint(plan, upset, VIEW, torch.empty(111, 301, 3)), kind, "found no horizon")


def test_error_in_the_network_is_raised_once() -> None:
    plan = planned(failing)
    assert not written(plan)
    far = replace(VIEW, zoom=0.01)
    assert_raised_once(paint(plan, source(), far, torch.empty(111, 301, 3)), KeyError, "too far out")


def test_network_that_gives_other_shapes_is_an_error() -> None:
    plan = planned(NETWORKS["traced"])
    painting = paint(plan, source(), VIEW, torch.empty(111, 301, 1))
    assert_raised_once(painting, ValueError, rf"gave colours of shape \({plan.points}, 3\), expected")


def test_two_paintings_at_a_time_are_as_good_as_one_after_the_other() -> None:
    plans = [planned(formula) for formula in NETWORKS.values()]
    expected = [painted(plan) for plan in plans]
    given = [torch.empty(111, 301, 3) for _ in plans]
    with threads_of(2):
        paintings = [paint(plan, source(), VIEW, image) for plan, image in zip(plans, given, strict=True)]
        while paintings:
            paintings = [painting for painting in paintings if next(painting, None) is not None]
    assert all(map(same, given, expected))
