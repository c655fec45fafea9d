"""The operations of a network: written down rightly, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine.painting.operations.tracing import Trace, trace

Formula = Callable[["Net", Tensor], Tensor]


class Net(nn.Module):
    """A formula with two matrices, some buffers and a memory."""

    def __init__(self, formula: Formula) -> None:
        super().__init__()
        random = np.random.RandomState(5)
        self.formula = formula
        self.first = nn.Parameter(torch.from_numpy(random.uniform(-1, 1, (2, 20))))
        self.last = nn.Parameter(torch.from_numpy(random.uniform(-1, 1, (20, 3))))
        self.register_buffer("calls", torch.zeros((), dtype=torch.float64))
        self.norm = nn.BatchNorm1d(20).double()
        self.norm.running_mean += torch.linspace(-1, 1, 20)
        self.count = 0
        self.memory: Any = None

    def hidden(self, x: Tensor) -> Tensor:
        """What most formulas begin with: (N, 20)."""
        return x @ self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(self, x)


def points(count: int = 64, reach: float = 1, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.from_numpy(np.random.RandomState(seed).uniform(-reach, reach, (count, 2))).to(dtype)


def traced(formula: Formula, dtype: torch.dtype = torch.float64) -> tuple[Net, Trace | None]:
    network = Net(formula).to(dtype).eval()
    few = points(dtype=dtype)
    return network, trace(network, few, few.flip(0))


def residual(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x).sin()
    b = a.tanh() + a
    return (b.relu() + b * a) @ net.last


def again_and_again(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x)
    for _ in range(4):
        a = ((a @ net.last)[:, :2] @ net.first).sin()
    return a @ net.last


def sorted_with_places(net: Net, x: Tensor) -> Tensor:
    values, places = net.hidden(x).sort(dim=-1)
    return (values + places) @ net.last


def greatest(net: Net, x: Tensor) -> Tensor:
    values, places = net.hidden(x).max(dim=-1, keepdim=True)
    return torch.cat([values, places.to(x.dtype), values * places], -1)


def nested_lists(net: Net, x: Tensor) -> Tensor:
    a, b = x[:, 0], x[:, 1]
    return torch.cat([torch.stack([a.sin(), b.cos()], -1), torch.cat([x[:, :1], x[:, 1:]], -1)[:, :1]], -1)


def constants(net: Net, x: Tensor) -> Tensor:
    a = x[:, :1] * torch.linspace(0, 9, 20, dtype=x.dtype) + torch.tensor(3.0)
    return (a + x.new_ones(20) * 2 + torch.arange(20)).cos() @ net.last


def looked_up(net: Net, x: Tensor) -> Tensor:
    return functional.embedding((x[:, 0].abs() * 5).long().clamp(0, 19), net.last)


def of_rows(net: Net, x: Tensor) -> Tensor:
    return functional.linear(x.unsqueeze(1), net.first.t()).squeeze(1).sin().reshape(-1, 10) @ net.last[:10]


def of_complex_numbers(net: Net, x: Tensor) -> Tensor:
    z = torch.complex(x[:, :1], x[:, 1:])
    z = z * z + z
    return torch.cat([z.real, z.conj().imag, z.abs()], -1).tanh()


def filled_constant(net: Net, x: Tensor) -> Tensor:
    mask = x.new_zeros(20)
    mask[3:9] = 2
    mask.mul_(0.5)
    return (net.hidden(x) * mask) @ net.last


#: Has to be written down.
WRITTEN: dict[str, Formula] = {
    "itself": lambda net, x: x,
    "view": lambda net, x: x[:, :1],
    "column": lambda net, x: x[:, 1:].expand(-1, 3),
    "two layers": lambda net, x: net.hidden(x).tanh() @ net.last,
    "residual": residual,
    "recurrent": again_and_again,
    "unused": lambda net, x: (net.hidden(x).sin(), x.cos())[0] @ net.last,
    "view of a layer": lambda net, x: net.hidden(x).sin()[:, 2:5],
    "sort": sorted_with_places,
    "places alone": lambda net, x: net.hidden(x).argsort(-1)[:, :3],
    "greatest": greatest,
    "nested lists": nested_lists,
    "constants": constants,
    "filled constant": filled_constant,
    "in front": lambda net, x: torch.cat([torch.ones(len(x), 1), net.hidden(x)[:, 1:]], -1) @ net.last,
    "batch norm": lambda net, x: net.norm(net.hidden(x)) @ net.last,
    "layer norm": lambda net, x: functional.layer_norm(net.hidden(x), (20,)) @ net.last,
    "dropout at rest": lambda net, x: functional.dropout(net.hidden(x), 0.5, training=False) @ net.last,
    "where": lambda net, x: torch.where(net.hidden(x) > 0, net.hidden(x), 0.5) @ net.last,
    "gather": lambda net, x: net.hidden(x).gather(1, net.hidden(x).argsort(-1)[:, :3]),
    "looked up": looked_up,
    "rows": of_rows,
    "einsum": lambda net, x: torch.einsum("ni,ij->nj", x, net.first).sin() @ net.last,
    "complex": of_complex_numbers,
    "other precision": lambda net, x: net.hidden(x).half().float().sin().to(x.dtype) @ net.last,
    "logical": lambda net, x: ((x[:, :1] > 0) ^ (x[:, 1:] > 0)).to(x.dtype).expand(-1, 3),
    "holes": lambda net, x: x.log() / x,
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("formula", WRITTEN.values(), ids=WRITTEN)
def test_operations_are_found_and_give_the_same_bits(formula: Formula, dtype: torch.dtype) -> None:
    network, found = traced(formula, dtype)
    assert found is not None
    for other in (points(64, 40, 1, dtype), points(64, 1e-3, 2, dtype), torch.zeros(64, 2, dtype=dtype)):
        before = other.clone()
        with torch.inference_mode():
            given, expected = found.replay(other), network(other)
        assert given.dtype == expected.dtype
        assert torch.equal(given.nan_to_num(7), expected.nan_to_num(7))
        assert torch.equal(other, before)


def test_what_nobody_asks_for_is_left_out() -> None:
    few, many = (traced(WRITTEN[name])[1] for name in ("two layers", "unused"))
    assert few is not None
    assert many is not None
    assert len(few.calls) == len(many.calls) == 3


def test_a_view_is_known_as_one() -> None:
    found = traced(lambda net, x: net.hidden(x).sin()[:, 2:5] * 2)[1]
    assert found is not None
    _, sine, *rest = found.calls
    assert sine.alias is None
    assert rest[-1].alias is None
    assert {call.alias for call in rest[:-1]} >= {sine.results[0]}


def in_halves(net: Net, x: Tensor) -> Tensor:
    a, b = net.hidden(x).chunk(2, -1)
    return (a * b) @ net.last[:10]


def gradient(net: Net, x: Tensor) -> Tensor:
    with torch.enable_grad():
        y = x.clone().requires_grad_()
        return torch.autograd.grad(net.hidden(y).sin().sum(), y)[0]


def looked_at(look: Callable[[Tensor], float]) -> Formula:
    """Another formula where a number that torch does not see is large."""

    def formula(net: Net, x: Tensor) -> Tensor:
        a = net.hidden(x) @ net.last
        return a.sin() if look(x) > 2 else a

    return formula


def as_numpy(net: Net, x: Tensor) -> Tensor:
    return torch.from_numpy(np.sin(x.numpy())) @ net.first @ net.last


def as_list(net: Net, x: Tensor) -> Tensor:
    return torch.tensor([[a, b, a * b] for a, b in x.tolist()], dtype=x.dtype)


def assigned(net: Net, x: Tensor) -> Tensor:
    given = x.new_zeros(len(x), 3)
    given[:, :2] = x
    return given


def remembered(net: Net, x: Tensor) -> Tensor:
    net.memory = x if net.memory is None else net.memory
    return (x - net.memory[:1]) @ net.first @ net.last


def by_hand(net: Net, x: Tensor) -> Tensor:
    x.numpy()[:] *= 2
    return net.hidden(x).sin() @ net.last


def behind_the_back(net: Net, x: Tensor) -> Tensor:
    x.data.mul_(2)
    return net.hidden(x).sin() @ net.last


def changed_first(net: Net, x: Tensor) -> Tensor:
    x.mul_(2)
    return net.hidden(x).sin() @ net.last


def changed_view(net: Net, x: Tensor) -> Tensor:
    a = net.hidden(x)
    a[:, :3].mul_(2)
    return a @ net.last


def changed_constant(net: Net, x: Tensor) -> Tensor:
    scale = x.new_ones(20)
    a = net.hidden(x) * scale
    scale.mul_(3)
    return (a + net.hidden(x) * scale) @ net.last


#: May be written down or not; the choice of what comes out is not the trace's.
NEVER_WRONG: dict[str, Formula] = {
    "halves": in_halves,
    "unbound": lambda net, x: torch.stack([*x.unbind(-1), x.sum(-1)], -1),
    "gradient": gradient,
    "mapped": lambda net, x: torch.vmap(lambda one: (one @ net.first).sin() @ net.last)(x),
    "decided": looked_at(lambda x: x.max()),  # type: ignore[arg-type,return-value]
    "decided by an item": looked_at(lambda x: x.max().item()),
    "decided by numpy": looked_at(lambda x: float(x.numpy().max())),
    "decided by an array": looked_at(lambda x: float(np.asarray(x.detach()).max())),
    "decided by a numpy function": looked_at(lambda x: float(np.max(x))),  # type: ignore[call-overload]
    "decided by a list": looked_at(lambda x: max(map(max, x.tolist()))),
    "decided by the data": looked_at(lambda x: float(x.data.max())),
    "decided by the one behind": looked_at(lambda x: float(torch.from_dlpack(x.detach()).max())),
    "measured by numpy": lambda net, x: net.hidden(x / float(np.abs(x.numpy()).max())) @ net.last,
    "numpy": as_numpy,
    "list": as_list,
    "assigned": assigned,
    "chosen": lambda net, x: x[x[:, 0] > -9][: len(x)] @ net.first @ net.last,
    "counted": lambda net, x: x * (x[:, 0] > 0).nonzero().shape[0],
    "counted once": lambda net, x: x * torch.unique((x[:, 0] * 3).round()).numel(),
    "first remembered": remembered,
    "changed by numpy": by_hand,
    "changed behind the back": behind_the_back,
    "changed": changed_first,
    "changed view": changed_view,
    "changed constant": changed_constant,
    "copy changed": lambda net, x: net.hidden(x).clone().mul_(3) @ net.last,
    "into": lambda net, x: torch.add(x, 1, out=x.clone()) @ net.first @ net.last,
    "a constant": lambda net, x: torch.ones(len(x), 3, dtype=x.dtype),
    "whole numbers": lambda net, x: (net.hidden(x)[:, :3] * 9).long(),
    "a decision for all": lambda net, x: x if bool((x.abs() < 2).all()) else x.sin(),
    "as long as wide": lambda net, x: x[: int(x.abs().max()) * 0 + len(x)],
}


@pytest.mark.parametrize("formula", NEVER_WRONG.values(), ids=NEVER_WRONG)
def test_nothing_is_written_down_wrongly(formula: Formula) -> None:
    network, found = traced(formula)
    if found is None:
        return
    for other in (points(64, 40, 1), points(64, 1e-3, 2), points(64, 1, 0).flip(0)):
        with torch.no_grad():
            assert torch.equal(found.replay(other.clone()).nan_to_num(7), network(other.clone()).nan_to_num(7))


def counting(net: Net, x: Tensor) -> Tensor:
    net.count += 1
    return net.hidden(x) @ net.last * net.count


def counting_in_a_buffer(net: Net, x: Tensor) -> Tensor:
    net.calls += 1
    return net.hidden(x) @ net.last * net.calls


def moving_average(net: Net, x: Tensor) -> Tensor:
    net.calls = 0.9 * net.calls + 0.1 * x.mean()
    return net.hidden(x) @ net.last * net.calls


def refusing(error: Exception) -> Formula:
    def formula(net: Net, x: Tensor) -> Tensor:
        if bool((x < 0).any()):
            raise error
        return net.hidden(x) @ net.last

    return formula


#: Cannot be written down: it is another formula every time, or none at all.
NEVER: dict[str, Formula] = {
    "chance": lambda net, x: x + torch.rand_like(x),
    "chance aside": lambda net, x: x + torch.rand(len(x), 2),
    "chance of numpy": lambda net, x: x * float(np.random.uniform()),
    "dropout": lambda net, x: functional.dropout(net.hidden(x), 0.5, training=True) @ net.last,
    "counting": counting,
    "counting in a buffer": counting_in_a_buffer,
    "moving average": moving_average,
    "two results": lambda net, x: (x, x),  # type: ignore[dict-item,return-value]
    "no tensor": lambda net, x: x.numpy(),  # type: ignore[dict-item,return-value]
    "nothing": lambda net, x: None,  # type: ignore[dict-item,return-value]
    "does not fit": lambda net, x: x @ net.last,
    "RuntimeError": refusing(RuntimeError("no number below zero")),
    "ValueError": refusing(ValueError("no number below zero")),
    "AssertionError": refusing(AssertionError("no number below zero")),
    "IndexError": refusing(IndexError("no number below zero")),
    "KeyError": refusing(KeyError("no number below zero")),
    "ArithmeticError": refusing(ArithmeticError("no number below zero")),
}


@pytest.mark.parametrize("formula", NEVER.values(), ids=NEVER)
def test_what_is_another_formula_every_time_is_not_written_down(formula: Formula) -> None:
    assert traced(formula)[1] is None


def test_tracing_leaves_the_network_and_the_points_as_they_are() -> None:
    network, few, others = Net(WRITTEN["batch norm"]).eval(), points(), points(seed=1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trace(network, few, others)
    assert torch.equal(few, points())
    assert torch.equal(others, points(seed=1))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert network.first.requires_grad
    assert network.first.grad is None
