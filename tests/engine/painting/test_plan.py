"""How a network is painted is worked out once, as long as its weights are the same."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artengine.painting import plan as plans
from artengine.painting.operations.tracing import trace_network
from artengine.painting.plan import MAX_LAYER_NUMBERS, MAX_SLICE, MIN_SLICE, Plan, PlanPrecision, make_plan
from artengine.painting.stepwise.lowering import lower
from artengine_nonlinearities.pools import ALL

CPU = torch.device("cpu")
PRECISIONS: list[PlanPrecision] = ["draft", "float32", "float64", "deep"]


class Mlp(nn.Module):
    """Two layers, batch norm and buffers of both sorts."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(2, width), nn.Linear(width, 3)
        self.norm = nn.BatchNorm1d(width)
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("shift", torch.zeros(3), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.norm(self.first(x)).tanh() * self.scale) + self.shift


class Of(nn.Module):
    """A formula, perhaps with something to remember."""

    def __init__(self, formula: Callable[[Of, Tensor], Tensor]) -> None:
        super().__init__()
        self.formula = formula
        self.layer = nn.Linear(2, 3)
        self.seen: Any = None

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(self, x)


def points(count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(np.random.RandomState(3).uniform(-2, 2, (count, 2))).to(dtype)


def written(plan: Plan) -> bool:
    """Whether its operations are known: else every thread has a network of its own."""
    return plan.painter() is plan.painter()


def decided(net: Of, x: Tensor) -> Tensor:
    return net.layer(x).sin() if x[0, 0] > 9 else net.layer(x)


@pytest.fixture
def network() -> Mlp:
    torch.manual_seed(0)
    return Mlp().eval()


def optimised(network: Mlp, optimiser: torch.optim.Optimizer) -> None:
    network(torch.ones(2, 2)).square().sum().backward()
    optimiser.step()


def in_training(network: Mlp) -> None:
    network.train()
    network(points(9))
    network.eval()


CHANGES: dict[str, Callable[[Mlp], object]] = {
    "gradient descent": lambda net: optimised(net, torch.optim.SGD(net.parameters(), 0.01)),
    "Adam": lambda net: optimised(net, torch.optim.Adam(net.parameters(), 0.01)),
    "fused Adam": lambda net: optimised(net, torch.optim.Adam(net.parameters(), 0.01, fused=True)),
    "one by one": lambda net: optimised(net, torch.optim.Adam(net.parameters(), 0.01, foreach=False)),
    "other weights": lambda net: net.load_state_dict(Mlp().state_dict()),
    "other tensors": lambda net: net.load_state_dict(Mlp().state_dict(), assign=True),
    "one number": lambda net: net.last.weight.data[2, 5].add_(1e-3),
    "numpy": lambda net: net.last.weight.detach().numpy().__setitem__((0, 0), 4.0),
    "another weight": lambda net: setattr(net.last, "bias", nn.Parameter(torch.ones(3))),
    "buffer": lambda net: net.scale.mul_(2),
    "another buffer": lambda net: setattr(net, "scale", torch.full((24,), 2.0)),
    "buffer that is not kept": lambda net: net.shift.add_(1),
    "statistics": in_training,
}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_plan_is_stale_when_anything_has_changed(
    change: Callable[[Mlp], object], precision: PlanPrecision, network: Mlp
) -> None:
    plan = make_plan(network, 2, precision, CPU)
    assert written(plan)
    assert not plan.stale(network)
    change(network)
    assert plan.stale(network)
    again = make_plan(network, 2, precision, CPU)
    assert not again.stale(network)
    x = points(again.points, again.dtype)
    with torch.inference_mode():
        expected = network.to(again.dtype)(x)
        atol = {"draft": 0.2, "float32": 1e-4, "float64": 1e-12, "deep": 1e-12}[precision]
        torch.testing.assert_close(again.painter()(x), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("traced", [True, False])
def test_painting_does_not_make_its_plan_stale(traced: bool, network: Mlp) -> None:
    network = network if traced else Of(decided)  # type: ignore[assignment]
    plan = make_plan(network, 2, "float32", CPU)
    assert written(plan) is traced
    with torch.inference_mode():
        plan.painter()(points(plan.points))
    assert not plan.stale(network)


def test_a_layer_more_or_less_makes_a_plan_stale(network: Mlp) -> None:
    plan = make_plan(network, 2, "float32", CPU)
    network.more = nn.Linear(2, 2)
    assert plan.stale(network)
    plan = make_plan(network, 2, "float32", CPU)
    del network.more
    assert plan.stale(network)


@pytest.mark.parametrize("formula", [decided, lambda net, x: net.layer(x)], ids=["as it stands", "traced"])
def test_another_precision_makes_a_plan_stale(formula: Callable[[Of, Tensor], Tensor]) -> None:
    network = Of(formula)
    plan = make_plan(network, 2, "float32", CPU)
    network.layer.weight.data = network.layer.weight.data.bfloat16().float()  # numbers that all precisions have
    network.layer.bias.data.zero_()
    plan = make_plan(network, 2, "float32", CPU)
    network.double()
    assert plan.stale(network)


def test_nan_weights_do_not_make_a_plan_stale(network: Mlp) -> None:
    network.last.weight.data[0, 0] = torch.nan
    plan = make_plan(network, 2, "float32", CPU)
    assert not plan.stale(network)
    network.last.weight.data[0, 0] = 1
    assert plan.stale(network)


class Extra(Of):
    """Keeps something beside its weights."""

    def get_extra_state(self) -> dict[str, int]:
        return {"epoch": 3}

    def set_extra_state(self, state: object) -> None:
        pass


@pytest.mark.parametrize("precision", PRECISIONS)
def test_network_with_extra_state_is_planned(precision: PlanPrecision) -> None:
    network = Extra(lambda net, x: net.layer(x))
    plan = make_plan(network, 2, precision, CPU)
    assert written(plan)
    assert not plan.stale(network)
    network.layer.bias.data += 1
    assert plan.stale(network)


@pytest.mark.parametrize("formula", [decided, lambda net, x: net.layer(x)], ids=["as it stands", "traced"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_network_that_holds_tensors_with_gradients_is_planned(
    precision: PlanPrecision, formula: Callable[[Of, Tensor], Tensor]
) -> None:
    def remembering(net: Of, x: Tensor) -> Tensor:
        net.seen = formula(net, x)
        return net.seen * 2

    network = Of(remembering)
    network(torch.ones(1, 2))  # with a gradient
    plan = make_plan(network, 2, precision, CPU)
    with torch.inference_mode():
        colours = plan.painter()(points(plan.points, plan.dtype))
        assert torch.allclose(colours.float(), 2 * network.layer(points(plan.points)), atol=1e-5)


class Turning(nn.Module):
    """Complex numbers among real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("turn", torch.tensor([1 + 2j, 3 - 1j, 2j]))
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, :1] * self.turn).imag * self.gain


@pytest.mark.parametrize("precision", PRECISIONS)
def test_complex_weights_stay_complex(precision: PlanPrecision) -> None:
    network = Turning()
    with warnings.catch_warnings():
        plan = make_plan(network, 2, precision, CPU)
        x = points(plan.points, plan.dtype)
        with torch.inference_mode():
            colours = plan.painter()(x)
    assert colours.dtype == plan.dtype
    assert torch.allclose(colours, x[:, :1] * torch.tensor([2.0, -1.0, 2.0]).to(plan.dtype), atol=1e-5)
    assert network.turn.is_complex()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_network_keeps_its_own_precision(precision: PlanPrecision, network: Mlp) -> None:
    plan = make_plan(network, 2, precision, CPU)
    assert plan.dtype == (torch.float64 if precision in ("float64", "deep") else torch.float32)
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    double = make_plan(network.double(), 2, precision, CPU)
    assert {weight.dtype for weight in network.parameters()} == {torch.float64}
    with torch.inference_mode():
        assert double.painter()(points(double.points, double.dtype)).dtype == plan.dtype


@pytest.mark.parametrize("width", [1, 64, 100, 500, 5000])
def test_slices_fit_into_the_cache(width: int) -> None:
    plan = make_plan(Mlp(width).eval(), 2, "float32", CPU)
    assert MIN_SLICE <= plan.points <= MAX_SLICE
    assert plan.points == MIN_SLICE or plan.points * max(width, 3) <= MAX_LAYER_NUMBERS
    assert plan.points == MAX_SLICE or plan.points * 2 * max(width, 3) > MAX_LAYER_NUMBERS
    assert plan.backend["slice"] == str(plan.points)
    assert set(plan.backend) >= {"products", "instructions"}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_two_plans_of_one_network_give_the_same_bits(precision: PlanPrecision, network: Mlp) -> None:
    one, other = (make_plan(network, 2, precision, CPU) for _ in range(2))
    x = points(one.points, one.dtype)
    with torch.inference_mode():
        first = one.painter()(x).clone()
        for painter in (one.painter(), other.painter(), one.painter()):
            assert painter(x).numpy().tobytes() == first.numpy().tobytes()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_colour_does_not_depend_on_its_place_in_the_slice(precision: PlanPrecision, network: Mlp) -> None:
    plan = make_plan(network, 2, precision, CPU)
    x = points(plan.points, plan.dtype)
    order = torch.from_numpy(np.random.RandomState(1).permutation(plan.points))
    odd = x.clone()
    odd[::2] = torch.tensor([torch.nan, 1e30])
    with torch.inference_mode():
        painter = plan.painter()
        colours = painter(x).clone()
        assert torch.equal(painter(x[order]), colours[order])
        assert torch.equal(painter(odd)[1::2], colours[1::2])


def test_untraced_network_is_copied_for_every_thread() -> None:
    network = Of(decided)
    plan = make_plan(network, 2, "float32", CPU)
    assert not written(plan)
    assert len({id(plan.painter()) for _ in range(3)} | {id(network)}) > 1


class Bends(nn.Module):
    """A nonlinearity alone, or after a product that changes nothing but the means."""

    def __init__(self, name: str, layer: bool) -> None:
        super().__init__()
        self.name = name
        self.matrix = nn.Parameter(torch.eye(6)) if layer else None

    def forward(self, x: Tensor) -> Tensor:
        return ALL[self.name](x if self.matrix is None else x @ self.matrix)


@pytest.mark.parametrize("precision", ["float32", "float64", "deep"])
@pytest.mark.parametrize("layer", [False, True], ids=["alone", "after a layer"])
@pytest.mark.parametrize("name", ALL)
def test_the_whole_pool_is_painted_to_the_last_digits(name: str, layer: bool, precision: PlanPrecision) -> None:
    network = Bends(name, layer)
    plan = make_plan(network, 6, precision, CPU)
    assert written(plan)
    random = np.random.RandomState(6)
    x = torch.from_numpy(random.randn(plan.points, 6)).to(plan.dtype)
    x[100:200] *= 30
    x[200:300] *= 1e5
    x[300:400] *= 1e9
    x[400:420] = 0
    x[420:440] = -0.0
    x[440:500] *= 1e-7
    if not layer:  # where a product would spread them over their rows
        info = torch.finfo(plan.dtype)
        odd = [torch.inf, -torch.inf, torch.nan, info.tiny / 4, -info.tiny, 1.0, -1.0, 70_500.0, 39_500.0, np.pi]
        x[500:700] = torch.from_numpy(random.choice(odd, (200, 6))).to(plan.dtype)
    with torch.inference_mode(), np.errstate(all="ignore"):
        given = plan.painter()(x)
        expected = network.to(plan.dtype)(x)
    assert torch.equal(given.isnan(), expected.isnan())
    finite = expected.isfinite()
    assert torch.equal(given[~finite].nan_to_num(7), expected[~finite].nan_to_num(7))
    beside = 1.0 if name in ("sin", "cos", "triangle", "mod", "logsoftmax", "sinc") else 0.0
    off = (given - expected)[finite].abs().double() / (expected[finite].abs().double() + beside + 1e-30)
    assert off.max() <= 12 * torch.finfo(plan.dtype).eps


def test_deep_view_is_compiled_and_canvas_of_float64_goes_step_by_step(network: Mlp) -> None:
    plans: dict[PlanPrecision, Plan] = {precision: make_plan(network, 2, precision, CPU) for precision in PRECISIONS}
    words = {precision: plan.backend["products"] for precision, plan in plans.items()}
    assert words["float64"] == "torch"
    if words["float32"].startswith("LLVM"):
        assert words["deep"] == f"{words['float32']} float64"
    x = points(plans["float64"].points, torch.float64)
    trace = trace_network(network.double(), x, x.flip(0))
    with torch.inference_mode():
        exact, expected = plans["float64"].painter()(x), lower(trace, len(x))(x)
    assert exact.numpy().tobytes() == expected.numpy().tobytes()


def test_network_that_draws_random_constants_is_not_traced() -> None:
    class Chance(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * torch.rand(1).round()

    plans = [make_plan(Chance(), 3, "float32", CPU) for _ in range(12)]
    assert {plan.shared for plan in plans} == {None}


def test_a_network_that_cannot_be_copied_says_so() -> None:
    class Held(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

        def forward(self, x: Tensor) -> Tensor:
            return torch.from_numpy(x.numpy() * 2)

    with pytest.raises(ValueError, match="cannot be copied, as every thread needs it"):
        make_plan(Held(), 3, "float32", CPU).painter()


def reason_for(formula: Callable[[Of, Tensor], Tensor], precision: PlanPrecision = "float32") -> str:
    return make_plan(Of(formula), 2, precision, CPU).not_compiled


def test_plan_tells_why_its_network_is_not_compiled(network: Mlp, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "artengine"):
        assert "reads a number out of a tensor" in reason_for(decided)
        assert "aten.erf has no machine code" in reason_for(lambda net, x: net.layer(x).erf())
        assert "a canvas of float64 goes step by step" in reason_for(lambda net, x: net.layer(x), "float64")
        assert "Tensor.numpy" in reason_for(lambda net, x: net.layer(torch.from_numpy(x.numpy())))
        assert (
            make_plan(network, 2, "float32", torch.device("meta")).not_compiled == "machine code is for the CPU alone"
        )
    assert [record.levelname for record in caplog.records] == ["DEBUG"] * 5
    assert caplog.messages[1] == "the network is not compiled: aten.erf has no machine code"
    assert "aten.native_batch_norm has no machine code" in make_plan(network, 2, "float32", CPU).not_compiled


def test_compiled_plan_gives_no_reason(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "artengine"):
        plan = make_plan(Of(lambda net, x: net.layer(x).sin()), 2, "float32", CPU)
    assert bool(plan.not_compiled) != plan.backend["products"].startswith("LLVM")
    assert len(caplog.messages) == bool(plan.not_compiled)


@pytest.mark.parametrize("stage", ["trace_network", "_compiled", "lower"])
def test_fault_in_the_fast_path_is_raised_in_tests_and_a_warning_elsewhere(
    stage: str, network: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise TypeError(f"a wrong turn in {stage}")

    monkeypatch.setattr(plans, stage, broken)
    precision: PlanPrecision = "float64" if stage == "lower" else "float32"
    with pytest.raises(TypeError, match="a wrong turn"):
        make_plan(network, 2, precision, CPU)
    records: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger("artengine"), "handle", records.append)
    for _ in range(2):  # the second time it is known
        plan = make_plan(network, 2, precision, CPU)
        assert plan.not_compiled == f"TypeError: a wrong turn in {stage}"
        x = points(plan.points, plan.dtype)
        assert torch.allclose(plan.painter()(x).float(), network(x.float()), atol=1e-4)
    (record,) = [record for record in records if record.levelno == logging.WARNING]
    assert record.getMessage().endswith(f"by a fault of artengine: TypeError: a wrong turn in {stage}")
    assert record.exc_info is not None


def test_network_without_memory_to_prepare_it_is_no_fault(network: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(plans, "_compiled", full)
    plan = make_plan(network, 2, "float32", CPU)
    assert plan.not_compiled == "there is not enough memory to prepare it"
    assert written(plan)  # step by step


class Fixed(nn.Module):
    """Has numbers of its own in float32, which do not change with its weights."""

    waves = torch.linspace(-3, 3, 6).reshape(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.waves).sin()


@pytest.mark.parametrize("precision", ["float64", "deep"])
def test_network_with_float32_numbers_of_its_own_is_compiled_in_float32(precision: PlanPrecision) -> None:
    plan = make_plan(Fixed(), 2, precision, CPU)
    assert plan.dtype == torch.float32
    assert plan.backend == make_plan(Fixed(), 2, "float32", CPU).backend


def test_network_that_raises_something_else_keeps_float64() -> None:
    def upset(net: Of, x: Tensor) -> Tensor:
        raise RuntimeError("found no horizon")

    assert make_plan(Of(upset), 2, "float64", CPU).dtype == torch.float64


@pytest.mark.parametrize("widest", [63, 64, 65, 2048, 2049])
def test_slice_holds_as_many_numbers_of_the_widest_layer_as_fit(widest: int) -> None:
    net = nn.Linear(2, widest)
    points = make_plan(net, 2, "float32", CPU).points
    assert points == max(MIN_SLICE, 1 << (MAX_LAYER_NUMBERS // widest).bit_length() - 1 if widest > 64 else MAX_SLICE)


class Table(nn.Module):
    """Colours by a number of whole ones; what it says of its lookup may be something else."""

    def __init__(self, lookup: Callable[[Table], Any] | None = None) -> None:
        super().__init__()
        self.colours = nn.Parameter(torch.linspace(0, 1, 12).reshape(4, 3))
        self._lookup = lookup or (lambda table: (table.keys, table.found))

    def keys(self, x: Tensor) -> Tensor:
        return (x.sign().relu() @ x.new_tensor([[1.0], [2.0]])).abs()

    def found(self, keys: Tensor) -> Tensor:
        return self.colours[keys[:, 0].long()].to(keys.dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.found(self.keys(x))

    def lookup(self) -> Any:
        return self._lookup(self)


def test_what_is_looked_up_is_compiled_up_to_its_keys() -> None:
    pytest.importorskip("llvmlite")
    network, x = Table(), points(MAX_SLICE)
    plan = make_plan(network, 2, "float32", CPU)
    assert plan.not_compiled == ""
    assert plan.backend["products"].startswith("LLVM")
    with torch.no_grad():
        assert torch.equal(plan.painter()(x), network(x))


def _raise() -> Any:
    raise OSError("no table here")


@pytest.mark.parametrize(
    ("lookup", "reason"),
    [
        (lambda table: True, "its lookup fails: TypeError"),
        (lambda table: (table.keys,), "its lookup fails: ValueError"),
        (lambda table: _raise(), "its lookup fails: OSError: no table here"),
        (lambda table: (table.keys, lambda keys: None), "its lookup fails: "),
        (lambda table: (table.keys, lambda keys: table.found(keys).numpy()), "it looks up other colours than it gives"),
        (lambda table: (table.keys, lambda keys: 1 - table.found(keys)), "it looks up other colours than it gives"),
        (lambda table: (table.keys, lambda keys: table.found(keys)[:, :1]), "it looks up other colours than it gives"),
    ],
)
def test_a_lookup_that_is_wrong_is_not_used(lookup: Callable[[Table], Any], reason: str) -> None:
    network, x = Table(lookup), points(100)
    plan = make_plan(network, 2, "float32", CPU)
    assert plan.not_compiled.startswith(reason)
    with torch.no_grad():
        assert torch.equal(plan.painter()(x), network(x))
