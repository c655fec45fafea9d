"""The conformance checks: what is bundled passes, and whatever breaks one promise is caught breaking that one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from artengine.components.plugins import load_plugins
from artengine.components.registry import Component, Registry, default_registry
from artengine.kinds import KINDS
from artengine.testing.conformance import CHECKS, check

if TYPE_CHECKING:
    from tests.support.common import PluginFile, RunCli

HEAD = """
import numpy as np
import torch
from torch import nn
from artengine import LatticeNetwork, Progress, Result, hookimpl, offers

def at(step, total, loss, state=None):
    return Progress(step=step, total=total, loss=float(loss), state=state)

def training(reports, result=Result(step=9, loss=0.0)):
    yield from reports
    return result

class Layer(nn.Module):
    def __init__(self, weight, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.as_tensor(weight, dtype=torch.float32))

    def forward(self, x):
        return x @ self.weight

class Given(nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.forward = forward
"""

#: For each kind and promise, what breaks it and nothing else, and what the report says of it.
BREAKS: dict[str, dict[str, dict[str, tuple[str, str]]]] = {
    "activation": {
        "keeps shape and precision": {
            "another shape": ("lambda x: x[..., :-1] * 2", r"gave shape (40, 23) for (40, 24), expected the same"),
            "another precision": ("lambda x: x.double().sin()", "gave torch.float64 for torch.float32"),
            "no tensor": ("lambda x: 1 * x if x.ndim < 3 else 1", "gave an int"),
        },
        "is finite, at 0 too": {
            "nan at 0": ("lambda x: x / x.abs()", "gave nan at x = 0, expected finite numbers"),
            "inf at 0": ("lambda x: x.abs().log()", "gave -inf at x = 0"),
        },
        "never mixes pixels": {
            "mean": ("lambda x: x - x.mean()", "a pixel alone comes out differently than among others"),
            "sort": ("lambda x: x.sort(dim=0).values", "use the last axis only"),
            "softmax": ("lambda x: x.softmax(dim=0)", "use the last axis only"),
        },
        "leaves its input as it was": {
            "in place": ("lambda x: x.sin_()", "it changed its input in place"),
            "part in place": ("lambda x: x.clamp_(-5, 5) * 2", "it changed its input in place"),
        },
        "has a gradient": {
            "detached": ("lambda x: x.detach().sin()", "no gradient flows through it"),
            "numpy": ("lambda x: torch.from_numpy(np.sin(x.detach().numpy()))", "use torch's functions"),
            "nan": ("lambda x: torch.where(x > 0, x.sqrt(), 0 * x)", "its gradient is not finite everywhere"),
        },
    },
    "source": {
        "covers the view": {
            "two axes": ("lambda view: torch.ones(view.shape)", "gave shape (12, 16), expected (12, 16, D)"),
            "whole numbers": ("lambda view: torch.ones(*view.shape, 1, dtype=int)", "not finite floats"),
            "inf": ("lambda view: torch.full((*view.shape, 1), torch.inf)", "not finite floats"),
        },
        "tiles fit": {
            "its own window": (
                "lambda view: torch.linspace(-1, 1, view.shape[1]).expand(view.shape)[..., None]",
                "a tile's coordinates are not those of the whole view there",
            ),
            "chance": ("lambda view: torch.rand(*view.shape, 2)", "a tile's coordinates are not those"),
        },
    },
    "network": {
        "paints points": {
            "mixes": ("lambda ports: Mixing(ports.random().randn(2, 3))", "a pixel depends on others in the tile"),
            "two channels": ("lambda ports: Layer(ports.random().randn(2, 2))", "gave shape (40, 2)"),
            "looks wrong": (
                "lambda ports: Looking(ports.random().randn(2, 3))",
                "looks up other colours than it gives",
            ),
            "odd colours": ("lambda ports: Odd(ports.random().randn(2, 3))", "declares the colours 'loud'"),
        },
        "the seed decides": {
            "the same for all": ("lambda ports: Layer(np.ones((2, 3)))", "another seed gave the same weights"),
            "chance": ("lambda ports: Layer(torch.rand(2, 3))", "the same seed gave other weights"),
        },
        "has its capabilities": {
            "misspelt": (
                "lambda ports: Misspelt(ports.random().randn(2, 3))",
                "has the attribute 'latice'; did you mean 'lattice'?",
            ),
            "misspelt range": (
                "lambda ports: Colors(ports.random().randn(2, 3))",
                "has the attribute 'colors'; did you mean 'colours'?",
            ),
            "not there": (
                "offers(LatticeNetwork)(lambda ports: Layer(ports.random().randn(2, 3)))",
                "offers lattice, found a Layer without",
            ),
        },
    },
    "loss": {
        "measures": {
            "a vector": ("lambda a, b: (a - b).square()", "gave shape (50, 3), expected a scalar"),
            "not zero": ("lambda a, b: (a - b).square().mean() + 1", "gave 1 for equal colours, expected 0"),
            "no distance": ("lambda a, b: (a - b).square().mean() * 0", "gave 0 for different colours"),
            "below zero": (
                "lambda a, b: 2 * (a - b).relu().mean() - (a - b).abs().mean()",
                "for a darker prediction, expected 0 or",
            ),
            "below zero past black": (
                "lambda a, b: a.clamp(max=0).sum() + (a - b).abs().mean()",
                "for colours beyond",
            ),
            "no gradient": ("lambda a, b: (a - b).detach().square().mean()", "no gradient flows through it"),
            "useless gradient": ("lambda a, b: (a - b).abs().mean().ceil()", "has no useful gradient"),
        },
    },
    "dataset": {
        "gives pictures": {
            "nothing in it": ("greys(__len__=lambda self: 0)", "has no pictures"),
            "no text": ("greys(description=7)", "describes itself with an int, expected a text"),
            "floats": (
                "greys(read=lambda self, numbers, size: Greys().read(numbers, size) / 255)",
                "gave float64 (3, 16, 16, 3), expected uint8 (3, 16, 16, 3)",
            ),
            "another size": ("greys(read=lambda self, numbers, size: Greys().read(numbers, 16))", "(3, 16, 16, 3)"),
            "not for none": (
                "greys(read=lambda self, numbers, size: np.stack([*Greys().read(numbers, size)]))",
                "need at least one array",
            ),
            "tensors": ("greys(read=lambda self, n, size: torch.tensor(Greys().read(n, size)))", "torch.uint8"),
        },
        "a picture is the same in any company": {
            "the brightest is white": (
                "greys(read=lambda self, n, size: Greys().read(n, size) + np.uint8(255 - 40 * max(n, default=0)))",
                "a picture alone comes out differently than among others",
            ),
            "in order": (
                "greys(read=lambda self, numbers, size: Greys().read(sorted(numbers), size))",
                "in another order, or twice, pictures are others",
            ),
            "dice": (
                "greys(__init__=lambda self: setattr(self, 'more', np.random.randint(1, 99)),"
                " read=lambda self, numbers, size: Greys().read(numbers, size) + np.uint8(self.more))",
                "made anew, it has other pictures",
            ),
        },
    },
    "trainer": {
        "learns": {
            "numbers": ("lambda session: training([0.5, 0.4])", "yielded a float, expected a Progress"),
            "no generator": ("lambda session: iter([])", "gave a list_iterator, expected a generator"),
            "nothing": ("lambda session: training([], None)", "returned a NoneType, expected a Result"),
            "worse": (
                "lambda session: training([at(i, 9, i) for i in range(9)], Result(step=9, loss=9.0))",
                "the loss did not fall: 0 to 7",
            ),
            "raises": ("lambda session: 1 / 0", "raised ZeroDivisionError: division by zero"),
            "refuses all": ("lambda session: refusing(session)", "raised ValueError: not this one"),
            "refuses late": ("lambda session: refusing_late(session)", "raised ValueError: not this one"),
        },
        "goes on from its reports": {
            "lost count": (
                "lambda session: counting(session)",
                "from its report at step 1, it goes on differently",
            ),
            "lost weights": ("lambda session: weighing(session)", "from its report at step 1, it goes on differently"),
        },
        "returns a result": {
            "nothing": ("lambda session: training([at(1, 2, 1), at(2, 2, 0)], None)", "returned a NoneType"),
            "progress": ("lambda session: training([at(1, 3, 1), at(2, 3, 0)], at(3, 3, 0))", "returned a Progress"),
        },
    },
    "filter": {
        "gives an image": {
            "bytes": ("lambda image: (image * 255).astype(np.uint8)", "gave uint8 (12, 16, 3), expected floats"),
            "a tensor": ("lambda image: torch.from_numpy(image)", "gave torch.float32"),
            "grey": ("lambda image: image.mean(axis=2)", "gave float32 (12, 16)"),
            "too bright": ("lambda image: image * 3", "left the range of 0 to 1"),
            "nan": ("lambda image: image * np.nan", "left the range of 0 to 1"),
            "in place": ("lambda image: np.multiply(image, 0.5, out=image)", "it changed its input in place"),
        },
    },
    "output": {
        "writes whole files": {
            "nothing": ("lambda frames, target: []", "named no file"),
            "not there": ("lambda frames, target: [target.path('.raw')]", "is not a file in the output folder"),
            "empty": ("lambda frames, target: written(target, '.raw', b'')", "is not a file in the output folder"),
            "more": (
                "lambda frames, target: [written(target, end, b'x')[0] for end in ('.a', '.b')][:1]",
                "wrote files that it did not name: made.b; use target.create()",
            ),
            "refuses all": ("lambda frames, target: refusing(next(iter(frames)))", "raised ValueError: not this one"),
            "refuses late": (
                "lambda frames, target: [written(target, '.a', b'x'), refusing(frames)]",
                "raised ValueError: not this one; by then it had written made.a",
            ),
        },
    },
}

MORE = """
def counting(session):
    for step in range(1, 5):
        yield at(step, 4, 1 / step, lambda: {"step": step})
    return Result(step=4, loss=0.2)

def weighing(session):
    (weight, *_), pace = session.network.parameters(), 1.0
    for step in range(session.state.get("step", 0) + 1, 5):
        weight.data += pace
        pace *= 0.5
        yield at(step, 4, 1 / step, lambda: {"step": step})
    return Result(step=4, loss=0.2)

def refusing_late(session):
    yield at(0, 2, 1)
    if session.network_name == "mlp":
        refusing(session)
    yield at(1, 2, 0)
    return Result(step=2, loss=0.0)

class Mixing(Layer):
    def forward(self, x):
        return super().forward(x - x.mean(dim=0))

class Looking(Layer):
    def lookup(self):
        return super().forward, lambda keys: keys + 1

class Odd(Layer):
    colours = "loud"

class Misspelt(Layer):
    def latice(self, x, y):
        pass

class Colors(Layer):
    colors = "unit"

class Greys:
    description = ""

    def __len__(self):
        return 3

    def read(self, numbers, size):
        pictures = np.array([np.full((size, size, 3), 40 * number) for number in numbers], np.uint8)
        return pictures.reshape(-1, size, size, 3)

def greys(**changes):
    return type("Changed", (Greys,), changes)

def written(target, suffix, data):
    with target.create(suffix) as file:
        file.write(data)
    return [target.path(suffix)]

def refusing(picture):
    raise ValueError("not this one")
"""

#: A trainer and an output that are for one network only, and for a photo and a course; their plugin has the network.
PARTICULAR = """
from artengine import Photo

class Own(Layer):
    pass

def train(session, /, *, other: int | None = None, target: Photo | None = None):
    if not isinstance(session.network, Own):
        raise ValueError("found another network, expected own")
    if target is None:
        raise ValueError("found no photo; say target")
    yield from (at(i, 2, 1 - i) for i in range(2))
    return Result(step=2, loss=0.0)

def write(frames, target, /):
    for frame in frames:
        picture = frame.picture
        if not isinstance(picture.network, Own):
            raise ValueError("found another network, expected own")
        assert frame.image.shape == (12, 16, 3)
        assert [point.step for point in picture.curve] == [1, 2, 3]
        assert picture.has_training
        yield from written(target, ".own", b"whole")

@hookimpl
def register_networks():
    return {"fussy": lambda ports: refusing(ports), "own": lambda ports: Own(ports.random().randn(2, 3))}

@hookimpl
def register_trainers():
    return {"own": train}

@hookimpl
def register_outputs():
    return {"own": write}
"""

CASES = [
    pytest.param(kind, promise, call, words, id=f"{kind}: {promise}: {name}")
    for kind, promises in BREAKS.items()
    for promise, breaks in promises.items()
    for name, (call, words) in breaks.items()
]

#: What needs a network that has learnt something already, which no default gives, or draws thousands of images by
#: default; each has tests of its own.
UNTRIED = ("directions", "latents", "projection", "quality")
BUNDLED = [
    one
    for kind in KINDS
    for one in default_registry().components(kind)
    if one.plugin.bundled and one.name not in UNTRIED
]


def offered(kind: str, call: str) -> str:
    hook = f"register_{kind}{'es' if kind == 'loss' else 's'}"
    return f"{HEAD}{MORE}\nmade = {call}\n\n@hookimpl\ndef {hook}():\n    return {{'made': made}}\n"


def test_a_trainer_that_no_network_is_for_is_said_to_be_one() -> None:
    results = check(default_registry().find("trainer", "projection"), default_registry())
    assert [result.broken for result in results if result.broken] == [
        "none of the networks that there are, with their default options, is for it"
    ]


@pytest.mark.parametrize("component", BUNDLED, ids=lambda component: f"{component.kind} {component.name}")
def test_every_bundled_component_passes_all_checks(component: Component) -> None:
    results = list(check(component, default_registry()))
    assert [result.promise for result in results] == list(CHECKS[component.kind])
    assert [f"{result.promise}: {result.broken}" for result in results if result.broken] == []


def test_every_check_fails_for_some_component_here() -> None:
    assert {kind: list(breaks) for kind, breaks in BREAKS.items()} == {kind: list(CHECKS[kind]) for kind in BREAKS}
    assert set(BREAKS) == set(KINDS)


@pytest.mark.parametrize(("kind", "promise", "call", "words"), CASES)
def test_component_that_breaks_a_promise_fails_the_check_of_that_one_alone(
    kind: str, promise: str, call: str, words: str, plugin_file: PluginFile
) -> None:
    registry = Registry(load_plugins([str(plugin_file(offered(kind, call)))]))
    results = list(check(registry.find(kind, "made"), registry))
    assert [result.promise for result in results if result.broken] == [promise]
    assert words in "".join(result.broken or "" for result in results)


@pytest.mark.parametrize("kind", ["trainer", "output"])
def test_trainer_or_output_for_one_network_only_is_tried_with_that_network(kind: str, plugin_file: PluginFile) -> None:
    registry = Registry(load_plugins([str(plugin_file(HEAD + MORE + PARTICULAR))]))
    assert {result.broken for result in check(registry.find(kind, "own"), registry)} == {None}


@pytest.mark.parametrize("taken", ["Dataset", "list[Dataset]", "PhotoFolder", "Dataset | None = None"])
def test_trainer_that_needs_many_pictures_is_tried_with_some(taken: str, plugin_file: PluginFile) -> None:
    declared = f"""
        from artengine import Dataset, PhotoFolder

        def made(session, /, *, photos: {taken}):
            if photos is None:
                raise ValueError("found no photos; say photos")
            one, *_ = photos if isinstance(photos, list) else [photos]
            if isinstance(one, PhotoFolder):
                assert one.decode(list(one.files), lambda place, photo: None) == {{}}
            else:
                assert one.read([0, len(one) - 1], 4).shape == (2, 4, 4, 3)
            yield at(1, 1, 0.5)
            return Result(step=1, loss=0.4)

        @hookimpl
        def register_trainers():
            return {{"made": made}}
    """
    registry = Registry(load_plugins([str(plugin_file(HEAD + dedent(declared)))]))
    assert {result.broken for result in check(registry.find("trainer", "made"), registry)} == {None}


def test_trainer_is_tried_with_the_network_that_it_brings(plugin_file: PluginFile) -> None:
    declared = """
        from artengine import brings, named

        @brings(lambda options: named("mlp", width=[5]))
        def made(session, /):
            assert next(session.network.parameters()).shape == (5, 2)
            yield at(1, 1, 0.5)
            return Result(step=1, loss=0.4)

        @hookimpl
        def register_trainers():
            return {"made": made}
    """
    registry = Registry(load_plugins([str(plugin_file(HEAD + dedent(declared)))]))
    assert {result.broken for result in check(registry.find("trainer", "made"), registry)} == {None}


def test_required_option_fails_the_check_of_default_options(plugin_file: PluginFile) -> None:
    registry = Registry(load_plugins([str(plugin_file(offered("filter", "lambda image, *, size: image")))]))
    (result,) = check(registry.find("filter", "made"), registry)
    assert result.promise == "works with its default options"
    assert result.broken == "'size' has no default; give it one that makes a pleasing picture"


def test_the_report_has_a_line_per_promise_and_an_exit_code(plugin_file: PluginFile, run_cli: RunCli) -> None:
    good = run_cli("test-plugin", plugin_file(offered("activation", "lambda x: torch.sin(3 * x) / (1 + x.abs())")))
    assert (good.code, good.err) == (0, "")
    assert good.out.splitlines()[1] == "ok      activation made: is finite, at 0 too"
    assert good.out.count("ok ") == 5
    path = plugin_file(offered("activation", "lambda x: x / x.abs()"), "bad.py")
    bad = run_cli("test-plugin", path)
    assert (bad.code, bad.err) == (1, f"{path}: 1 of 5 checks failed\n")
    assert "FAILED  activation made: is finite, at 0 too: gave nan at x = 0" in bad.out
    assert bad.out.count("ok ") == 4


@pytest.mark.parametrize("word", ["gone.py", ".", "no:basics", "basics"])
def test_path_that_is_no_plugin_is_an_input_error(word: str, run_cli: RunCli) -> None:
    answer = run_cli("test-plugin", word)
    assert (answer.code, answer.out, answer.err) == (2, "", f"{word}: no such file, expected a plugin (.py)\n")


def test_the_plugin_is_named_as_the_user_wrote_it(plugin_file: PluginFile, run_cli: RunCli) -> None:
    plugin_file(offered("source", "lambda view: torch.ones(view.shape)"), "mine.py")
    assert run_cli("test-plugin", "./mine.py").err == "mine.py: 1 of 2 checks failed\n"
    assert run_cli("test-plugin", Path("mine.py").resolve()).code == 1
