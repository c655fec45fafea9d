"""The operations of a network: traced rightly, or not at all."""

from __future__ import annotations

import copy
import ctypes
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine.painting.operations import tracing
from artengine.painting.operations.tracing import NotTraceableError, Trace, trace_network

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


def traced(formula: Formula, dtype: torch.dtype = torch.float64) -> tuple[Net, Trace]:
    network = Net(formula).to(dtype).eval()
    few = points(dtype=dtype)
    return network, trace_network(network, few, few.flip(0))


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


#: Has to be traceable.
TRACEABLE: dict[str, Formula] = {
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
@pytest.mark.parametrize("formula", TRACEABLE.values(), ids=TRACEABLE)
def test_trace_replays_to_the_bits_of_the_network(formula: Formula, dtype: torch.dtype) -> None:
    network, trace = traced(formula, dtype)
    for other in (points(64, 40, 1, dtype), points(64, 1e-3, 2, dtype), torch.zeros(64, 2, dtype=dtype)):
        before = other.clone()
        with torch.inference_mode():
            given, expected = trace.replay(other), network(other)
        assert given.dtype == expected.dtype
        assert torch.equal(given.nan_to_num(7), expected.nan_to_num(7))
        assert torch.equal(other, before)


def test_unused_calls_are_left_out_of_the_trace() -> None:
    few, many = (traced(TRACEABLE[name])[1] for name in ("two layers", "unused"))
    assert len(few.calls) == len(many.calls) == 3


def test_call_knows_the_value_it_is_a_view_of() -> None:
    _, sine, *rest = traced(lambda net, x: net.hidden(x).sin()[:, 2:5] * 2)[1].calls
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


#: May be traceable or not; the colours have to be right.
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
    "decided by a copy": looked_at(lambda x: float(copy.deepcopy(x).max())),
    "decided by a pickle": looked_at(lambda x: float(pickle.loads(pickle.dumps(x)).max())),
    "decided by the storage": looked_at(lambda x: float(np.frombuffer(bytes(x.untyped_storage()), np.float64).max())),
    "decided by the memory": looked_at(
        lambda x: max((ctypes.c_double * x.numel()).from_address(x.data_ptr())),  # as another library reads it
    ),
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
def test_no_network_is_traced_wrongly(formula: Formula) -> None:
    try:
        network, trace = traced(formula)
    except NotTraceableError:
        return
    for other in (points(64, 40, 1), points(64, 1e-3, 2), points(64, 1, 0).flip(0)):
        with torch.no_grad():
            assert torch.equal(trace.replay(other.clone()).nan_to_num(7), network(other.clone()).nan_to_num(7))


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


#: Cannot be traced, for it is another formula every time, or none at all; with the reason.
NEVER: dict[str, tuple[Formula, str]] = {
    "chance": (lambda net, x: x + torch.rand_like(x), "aten.rand_like draws random numbers"),
    "chance aside": (lambda net, x: x + torch.rand(len(x), 2), "aten.rand draws random numbers"),
    "chance of numpy": (lambda net, x: x * float(np.random.uniform()), "other colours for other points"),
    "dropout": (lambda net, x: functional.dropout(net.hidden(x), 0.5) @ net.last, "draws random numbers"),
    "counting": (counting, "other colours for other points"),
    "counting in a buffer": (counting_in_a_buffer, "aten.add_.Tensor changes a tensor that outlives the call"),
    "moving average": (moving_average, "other colours for other points"),
    "in place": (lambda net, x: net.hidden(x).mul_(2) @ net.last, "aten.mul_.Tensor changes in place"),
    "a decision": (lambda net, x: x.sin() if x[0, 0] > 9 else x, "reads a number out of a tensor"),
    "as many as there are": (lambda net, x: x[x[:, 0] > 0], "gives a shape that depends on values"),
    "numbers in numpy": (as_numpy, "Tensor.numpy hands its numbers out of torch"),
    "sparse": (lambda net, x: x.to_sparse().to_dense(), "gives (something else than dense tensors|a shape)"),
    "two results": (lambda net, x: (x, x), "returns something else than a tensor"),  # type: ignore[dict-item,return-value]
    "no tensor": (lambda net, x: x.numpy(), "Tensor.numpy hands"),  # type: ignore[dict-item,return-value]
    "nothing": (lambda net, x: None, "returns something else than a tensor"),  # type: ignore[dict-item,return-value]
    "does not fit": (lambda net, x: x @ net.last, "it raises RuntimeError: mat1 and mat2 shapes"),
    **{
        error.__name__: (refusing(error("no number below zero")), "reads a number out of a tensor")
        for error in (RuntimeError, ValueError, AssertionError, IndexError, KeyError, ArithmeticError)
    },
}


@pytest.mark.parametrize(("formula", "reason"), NEVER.values(), ids=NEVER)
def test_network_that_is_not_the_same_for_all_points_is_not_traceable(formula: Formula, reason: str) -> None:
    with pytest.raises(NotTraceableError, match=reason):
        traced(formula)


def test_network_that_raises_for_other_points_alone_is_not_traceable() -> None:
    left = iter([None])

    def once(net: Net, x: Tensor) -> Tensor:
        next(left)
        return net.hidden(x) @ net.last

    with pytest.raises(NotTraceableError, match="it raises StopIteration"):
        traced(once)


@pytest.mark.parametrize("method", ["_record", "_referred"])
def test_fault_of_the_recorder_is_not_taken_for_one_of_the_network(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(tracing._Recorder, method, broken)
    with pytest.raises(RuntimeError, match="no such thing"):
        traced(TRACEABLE["two layers"])


def test_fault_in_a_replay_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise KeyError(3)

    monkeypatch.setattr(tracing.Call, "apply", broken)
    with pytest.raises(KeyError):
        traced(TRACEABLE["two layers"])


def test_tracing_leaves_the_network_and_the_points_as_they_are() -> None:
    network, few, others = Net(TRACEABLE["batch norm"]).eval(), points(), points(seed=1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trace_network(network, few, others)
    assert torch.equal(few, points())
    assert torch.equal(others, points(seed=1))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert network.first.requires_grad
    assert network.first.grad is None
