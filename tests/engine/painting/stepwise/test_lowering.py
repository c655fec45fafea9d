"""From operations to steps: whatever is joined, packed or overwritten, the colours are those of the network."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artengine.painting.operations.simplify import simplify
from artengine.painting.operations.tracing import Trace, trace_network
from artengine.painting.plan import PlanPrecision, make_plan
from artengine.painting.stepwise import matmul
from artengine.painting.stepwise.lowering import lower

Formula = Callable[["Net", Tensor], Tensor]


class Net(nn.Module):
    """A formula with three matrices and two biases."""

    def __init__(self, formula: Formula, scale: float = 1) -> None:
        super().__init__()
        random = np.random.RandomState(5)

        def weight(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.from_numpy(random.uniform(-scale, scale, shape)))

        self.formula = formula
        self.first, self.middle, self.last = weight(2, 20), weight(20, 20), weight(20, 3)
        self.bias, self.end = weight(20), weight(3)

    def hidden(self, x: Tensor) -> Tensor:
        """What most formulas begin with: (N, 20)."""
        return x @ self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(self, x)


def points(count: int, dtype: torch.dtype, inputs: int = 2) -> Tensor:
    return torch.from_numpy(np.random.RandomState(7).uniform(-3, 3, (count, inputs))).to(dtype)


def later_view(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh()
    view = a[:, 3:6]
    return a.sin()[:, :3] + view


def view_of_view(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh()
    view = a.view(-1).view(-1, 20)[:, 2:][:, :3]
    b = a.abs()
    return b[:, :3] * view + b[:, 4:7]


def overlapping(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh()
    return (a * a[:, :1]) @ net.last


def overlapping_expanded(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh()
    return (a - a[:, :1].expand_as(a)) @ net.last


def overlapping_turned(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh().view(-1, 20, 1) * net.bias
    return (a + a.transpose(1, 2)).sum(-1) @ net.last


def overlapping_thrice(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh()
    return a.addcmul(a[:, 1:2], a[:, 2:3]) @ net.last


def chosen_by_view(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).tanh()
    return a.masked_fill(a[:, :1] > 0, 0.25) @ net.last


def intermediate_out(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x)[:, :3].contiguous()
    return a + 0 * (a.sin() * a)


def residual(net: Net, x: Tensor) -> Tensor:
    a = (net.hidden(x) + net.bias).sin()
    for _ in range(3):
        a = a + (a @ net.middle).tanh() * 0.5
    return a @ net.last + net.end


def several_results(net: Net, x: Tensor) -> Tensor:
    values, places = net.hidden(x).sort(dim=-1)
    most, where = values.max(-1, keepdim=True)
    return torch.cat([(values * places).sum(-1, keepdim=True), most, where.to(x.dtype)], -1)


def shared(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x)
    b, c = a.tanh(), a.sin()
    return (b * c + b.exp() - (c + 2).log() + a) @ net.last


def dense(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).sin()
    b = torch.cat([x, a[:, :9], a.cos()[:, :9]], -1)
    return torch.cat([b @ net.last, x], -1)[:, 1:4]


def joined(*parts: int | str, dtype: torch.dtype | None = None) -> Formula:
    """A layer, "x", joined with as many constants as the numbers say, in that order, then multiplied."""

    def formula(net: Net, x: Tensor) -> Tensor:
        width = 20 - sum(part for part in parts if isinstance(part, int))
        hidden = net.hidden(x).sin()[:, :width]
        row = torch.arange(1, 30).to(dtype or x.dtype)
        told = [hidden if part == "x" else row[: int(part)].expand(len(x), -1) for part in parts]
        return torch.cat(told, -1) @ net.last + net.end

    return formula


def two_layers(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x)
    return torch.cat([a[:, :9], a.sin()[:, :9], x.new_ones(len(x), 2)], -1) @ net.last


def joined_to_points(net: Net, x: Tensor) -> Tensor:
    x = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
    return ((x @ net.middle[:3]).sin() @ net.last).flip(1)


def joined_unequal(net: Net, x: Tensor) -> Tensor:
    ramp = torch.linspace(0, 1, len(x), dtype=x.dtype).unsqueeze(-1)
    return torch.cat([net.hidden(x)[:, :19], ramp], -1) @ net.last


def joined_and_used(net: Net, x: Tensor) -> Tensor:
    both = torch.cat([net.hidden(x)[:, :19], x.new_ones(len(x), 1)], -1)
    return both @ net.last + both[:, 17:20]


def joined_rows(net: Net, x: Tensor) -> Tensor:
    half = len(x) // 2
    return torch.cat([x[:half], x.new_ones(half, 2)], 0) @ net.first @ net.last


def turned_and_used(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x) @ net.last
    return a.flip(-1) + a


def empty_joined(net: Net, x: Tensor) -> Tensor:
    return torch.cat([net.hidden(x).sin(), torch.zeros(0, dtype=x.dtype)], -1) @ net.last


def logical_joined(net: Net, x: Tensor) -> Tensor:
    return torch.cat([net.hidden(x)[:, :19] > 0, x.new_ones(len(x), 1)], -1) @ net.last


def single_bias(net: Net, x: Tensor) -> Tensor:
    return torch.addmm(net.bias[:1], net.hidden(x).sin(), net.last)


def scaled_bias(net: Net, x: Tensor) -> Tensor:
    return torch.addmm(net.end, net.hidden(x).sin(), net.last, beta=2, alpha=3)


def bias_of_rows(net: Net, x: Tensor) -> Tensor:
    return torch.addmm(x[:, :1].expand(-1, 3), net.hidden(x).sin(), net.last)


def other_rows(net: Net, x: Tensor) -> Tensor:
    return (net.hidden(x).sin().reshape(-1, 10) @ net.last[:10]).reshape(-1, 2, 3).sum(1)


def of_whole_numbers(net: Net, x: Tensor) -> Tensor:
    whole = (net.hidden(x) * 3).round().long()
    return (whole.sin() if x.dtype == torch.float32 else whole.to(x.dtype).sin()) @ net.last  # torch's is in float32


def into_itself(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x)
    a = a * a + a.abs() * a
    return (a - a) @ net.last + (a / (a + 1)) @ net.last


FORMULAS: dict[str, Formula] = {
    "no hidden layer": lambda net, x: x @ net.first[:, :3] + net.end,
    "nothing but points": lambda net, x: x,
    "a view of points": lambda net, x: x[:, 1:],
    "points twice": lambda net, x: torch.cat([x[:, :1].sin(), x], -1),
    "points in place": lambda net, x: (x.view(-1, 2).abs() + x).sin() @ net.first[:, :3],
    "one channel": lambda net, x: net.hidden(x).sin() @ net.last[:, :1],
    "later view": later_view,
    "view of a view": view_of_view,
    "overlapping": overlapping,
    "overlapping, expanded": overlapping_expanded,
    "overlapping, turned": overlapping_turned,
    "overlapping thrice": overlapping_thrice,
    "overlapping the other way": lambda net, x: (lambda a: (a[:, :1] * a) @ net.last)(net.hidden(x).tanh()),
    "chosen by a view": chosen_by_view,
    "shares of the sum": lambda net, x: (lambda a: (a / a.sum(-1, keepdim=True)) @ net.last)(net.hidden(x).exp()),
    "intermediate out": intermediate_out,
    "view out": lambda net, x: net.hidden(x).tanh().sin()[:, 4:7],
    "residual": residual,
    "several results": several_results,
    "shared": shared,
    "dense": dense,
    "into itself": into_itself,
    "constant behind": joined("x", 1),
    "constant in front": joined(2, "x"),
    "constants on both sides": joined(2, "x", 3),
    "constants one after another": joined(1, "x", 2, 1),
    "empty constant": joined("x", 0, 1),
    "whole constant": joined("x", 3, dtype=torch.int64),
    "logical constant": joined(2, "x", dtype=torch.bool),
    "constant of half precision": joined("x", 2, dtype=torch.float16),
    "two layers and a constant": joined("x", 1, "x")
    if False
    else lambda net, x: (
        torch.cat([net.hidden(x)[:, :9], net.hidden(x).sin()[:, :9], x.new_ones(len(x), 2)], -1) @ net.last
    ),
    "joined to points": joined_to_points,
    "joined, unequal": joined_unequal,
    "joined and used": joined_and_used,
    "joined below": joined_rows,
    "nothing joined": empty_joined,
    "logical, joined": logical_joined,
    "turned": lambda net, x: (net.hidden(x).sin() @ net.last + net.end).flip(-1),
    "turned with a bias": lambda net, x: torch.addmm(net.end, net.hidden(x).sin(), net.last).flip(-1),
    "turned and used": turned_and_used,
    "rows turned": lambda net, x: net.hidden(x).flip(0).sin() @ net.last,
    "both turned": lambda net, x: (net.hidden(x) @ net.last).flip(0, 1),
    "single bias": single_bias,
    "scaled addition": lambda net, x: torch.add(net.hidden(x) @ net.last, net.end, alpha=2),
    "added integers": lambda net, x: net.hidden(x) @ net.last + torch.arange(3),
    "added number": lambda net, x: net.hidden(x) @ net.last + net.end[:1],
    "product of a second result": lambda net, x: (net.hidden(x).sort(-1).indices.to(x.dtype) @ net.last) + net.end,
    "scaled bias": scaled_bias,
    "bias of rows": bias_of_rows,
    "gaps": lambda net, x: torch.cat([net.hidden(x)] * 2, -1).sin()[:, ::2] @ net.last,
    "columns first": lambda net, x: (net.first.t() @ x.t()).sin().t() @ net.last,
    "expanded": lambda net, x: x[:, :1].expand(-1, 20) @ net.last,
    "other rows": other_rows,
    "whole numbers": of_whole_numbers,
    "all in one": lambda net, x: (net.hidden(x).sin() @ net.last) * x.mean().remainder(1).logaddexp(x.new_tensor(1)),
}


def painted(network: nn.Module, *, planned: PlanPrecision | None = None) -> tuple[Tensor, Tensor]:
    """A slice by the steps of the network's operations, or by a plan, and by the network itself."""
    dtype = next(network.parameters()).dtype
    before = [value.clone() for value in network.state_dict().values()]
    if planned:
        plan = make_plan(network, 2, planned, torch.device("cpu"))
        count, painter = plan.points, plan.painter()
    else:
        count = 64
        whole = trace_network(network, points(count, dtype), points(count, dtype).flip(0))
        painter = lower(whole, count)
    x = points(count, dtype)
    with torch.inference_mode(), np.errstate(all="ignore"):
        expected = network(x)
        given = painter(x).clone()
        again = painter(x)
    assert torch.equal(x, points(count, dtype)), "the points are others now"
    assert all(map(torch.equal, before, network.state_dict().values()))
    assert given.numpy().tobytes() == again.numpy().tobytes()
    return given, expected


@pytest.fixture
def without_products(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A torch that has none of the private operators."""
    matmul.available.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(torch.ops, "mkldnn", types.SimpleNamespace())
        yield
    matmul.available.cache_clear()


def assert_near(given: Tensor, expected: Tensor, off: float) -> None:
    assert given.dtype == expected.dtype
    assert given.shape == expected.shape
    assert (given - expected).abs().max() <= off * (expected.abs().mean() + expected.abs().max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_lowered_steps_give_the_colours_of_the_network(formula: Formula, dtype: torch.dtype) -> None:
    given, expected = painted(Net(formula).to(dtype))
    assert_near(given, expected, 1e-5 if dtype == torch.float32 else 1e-13)


@pytest.mark.parametrize("precision", ["float32", "deep"])
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_plan_gives_the_colours_of_the_network(formula: Formula, precision: PlanPrecision) -> None:
    given, expected = painted(
        Net(formula).to(torch.float64 if precision == "deep" else torch.float32), planned=precision
    )
    assert_near(given, expected, 1e-13 if precision == "deep" else 1e-5)


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
@pytest.mark.usefixtures("without_products")
def test_lowered_steps_are_the_same_without_packed_products(formula: Formula) -> None:
    given, expected = painted(Net(formula).float())
    assert_near(given, expected, 1e-5)


def tanh_net(net: Net, x: Tensor) -> Tensor:
    a = (x @ net.first + net.bias).tanh()
    a = (a @ net.middle + net.bias).relu()
    a = (a @ net.middle).abs()
    b = a @ net.middle
    c = (b @ net.middle).sigmoid() + b
    return (c @ net.middle).sin() @ net.last


DRAFTS: dict[str, Formula] = {
    "all sorts": tanh_net,
    "residual": residual,
    "products alone": lambda net, x: net.hidden(x) @ net.middle @ net.middle @ net.middle @ net.last,
    "output": lambda net, x: (net.hidden(x).tanh() @ net.middle).sin() @ net.middle @ net.last,
    "constant": lambda net, x: torch.cat([net.hidden(x)[:, 1:], x.new_ones(len(x), 1)], -1) @ net.middle @ net.last,
    "turned": lambda net, x: (net.hidden(x) @ net.middle).flip(-1) @ net.last,
}


@pytest.mark.parametrize("formula", DRAFTS.values(), ids=DRAFTS)
def test_draft_is_near_float32(formula: Formula) -> None:
    given, expected = painted(Net(formula, 0.3).float(), planned="draft")
    assert given.dtype == torch.float32
    assert (given - expected).abs().max() < 3e-2 * expected.abs().max()


@pytest.mark.parametrize("formula", [tanh_net, residual], ids=["all sorts", "residual"])
def test_draft_is_rounded_where_the_cpu_has_bfloat16(formula: Formula) -> None:
    compiler = pytest.importorskip("artengine.painting.compiled.compiler")
    if not compiler.multiplies_bfloat16():
        pytest.skip("the CPU has no such products")
    given, expected = painted(Net(formula, 0.3).float(), planned="draft")
    assert (given - expected).abs().max() > 1e-4 * expected.abs().max()


def test_a_draft_of_narrow_layers_is_not_rounded() -> None:
    given, expected = painted(Net(FORMULAS["no hidden layer"]).float(), planned="draft")
    torch.testing.assert_close(given, expected)


@pytest.mark.usefixtures("without_products")
def test_packed_products_are_not_available_without_mkldnn() -> None:
    assert not matmul.available()


def test_packed_products_are_not_available_where_their_signature_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*args: object) -> Tensor:
        raise RuntimeError("mkldnn::_linear_pointwise() expected at most 9 arguments but received 6")

    matmul.available.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(matmul, "product", other)
        assert not matmul.available()
    matmul.available.cache_clear()


@pytest.mark.parametrize("bias", [None, torch.linspace(-1, 1, 7)], ids=["no bias", "bias"])
def test_packed_and_plain_products_are_right(bias: Tensor | None) -> None:
    x, matrix = points(64, torch.float32, 5), points(5, torch.float32, 7)
    expected = x.double() @ matrix.double() + (0 if bias is None else bias.double())
    torch.testing.assert_close(matmul.plain(matrix, bias)(x).double(), expected, rtol=1e-6, atol=1e-5)
    if matmul.available():
        given = matmul.product(matrix, bias, 64)(x)
        torch.testing.assert_close(given.double(), expected, rtol=1e-6, atol=1e-5)


def traced(formula: Formula, dtype: torch.dtype) -> Trace:
    x = points(64, dtype)
    return trace_network(Net(formula).to(dtype), x, x.flip(0))


@pytest.mark.parametrize(
    ("name", "fewer"),
    [
        ("constant behind", ["aten.cat.default"]),
        ("constants on both sides", ["aten.cat.default"]),
        ("joined to points", ["aten.cat.default", "aten.flip.default"]),
        ("turned with a bias", ["aten.flip.default"]),
        ("joined, unequal", []),
        ("joined and used", []),
        ("joined below", []),
        ("turned and used", []),
        ("rows turned", []),
        ("both turned", []),
        ("residual", ["aten.add.Tensor", "the last aten.add.Tensor"]),
        ("two layers and a constant", []),
    ],
)
def test_simplify_merges_calls_into_matrices(name: str, fewer: list[str]) -> None:
    before = traced(FORMULAS[name], torch.float32)
    after = simplify(before)
    names = [str(call.op) for call in before.calls]
    for gone in fewer:
        last = gone.startswith("the last ")
        names = names[::-1] if last else names
        names.remove(gone.removeprefix("the last "))
        names = names[::-1] if last else names
    assert [str(call.op).replace("addmm", "mm") for call in after.calls] == [
        one.replace("addmm", "mm") for one in names
    ]
    x = points(64, torch.float32) * 2
    torch.testing.assert_close(after.replay(x), before.replay(x), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ["constant behind", "joined to points", "turned with a bias"])
def test_float64_adds_up_in_the_order_of_the_network(name: str) -> None:
    before = traced(FORMULAS[name], torch.float64)
    assert simplify(before) == before
    given, expected = painted(Net(FORMULAS[name]))
    torch.testing.assert_close(given, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("units", [1, 2, 3, 5, 7, 8, 9, 11, 20, 31])
def test_product_of_a_row_does_not_depend_on_its_place(units: int, dtype: torch.dtype) -> None:
    x, matrix, bias = points(256, dtype, 20), points(20, dtype, units), points(1, dtype, units)[0]
    order = torch.from_numpy(np.random.RandomState(1).permutation(256))
    makers = [matmul.plain(matrix, None), matmul.plain(matrix, bias)]
    if dtype == torch.float32 and matmul.available():
        makers += [matmul.product(matrix, None, 256), matmul.product(matrix, bias, 256)]
    for product in makers:
        assert torch.equal(product(x[order]), product(x)[order])
