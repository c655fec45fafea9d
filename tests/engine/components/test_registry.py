"""The signature is the schema: names, types, defaults and help come from the callable, however it was made."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
import torch

import artengine
from artengine import Activation, Each, InputError, named
from artengine.components.plugins import BrokenPlugin, Plugin, Plugins
from artengine.components.registry import REQUIRED, Component, Option, Registry, declared_options, default_registry
from artengine.kinds import KINDS, shown

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.support.common import PluginFile, RunCli
    from torch import Tensor

Positive = Annotated[float, "more than nothing"]
ORIGIN = Plugin("mine", "mine 1.0", "1.0", False, {})

HINT = "a plugin's file is named with -p FILE.py"


def bend(x: Tensor, /, *, amount: Positive = 0.5, ways: list[int], mode: Literal["a", "b"] = "a") -> Tensor:
    """Bends it.

    The rest of the words.
    """
    return x


class Base:
    """A class whose subclasses take their options from it."""

    def __init__(self, *, depth: Positive = 1.0) -> None:
        self.depth = depth


class Bent(Base):
    def __call__(self, x: Tensor, /) -> Tensor:
        return x


class Callables:
    """Many of a kind."""

    def method(self, x: Tensor, /, *, far: Positive = 2.0) -> Tensor:
        """One of them."""
        return x

    def __call__(self, x: Tensor, /, *, near: Positive = 3.0) -> Tensor:
        return x


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*words: Any, **more: Any) -> Any:
        return function(*words, **more)

    return inner


def component(call: Callable[..., Any], kind: str = "activation") -> Component:
    return Component(kind, "bend", call, ORIGIN)


def registry(*plugins: Plugin, broken: tuple[BrokenPlugin, ...] = (), blocked: tuple[str, ...] = ()) -> Registry:
    return Registry(Plugins(plugins, broken, blocked))


def offering(name: str, **offers: dict[str, Callable[..., Any]]) -> Plugin:
    return Plugin(name, f"{name} 1.0", "1.0", False, {kind: offers.get(kind, {}) for kind in KINDS})


BEND = (
    Option("amount", Positive, 0.5),
    Option("ways", list[int], REQUIRED),
    Option("mode", Literal["a", "b"], "a"),
)

SIGNATURES = {
    "function": (bend, BEND),
    "partial": (functools.partial(bend, amount=2.0), (Option("amount", Positive, 2.0), *BEND[1:])),
    "partial of a partial": (
        functools.partial(functools.partial(bend, mode="b"), amount=2.0),
        (Option("amount", Positive, 2.0), BEND[1], Option("mode", Literal["a", "b"], "b")),
    ),
    "decorated": (wrapped(bend), BEND),
    "class": (Base, (Option("depth", Positive, 1.0),)),
    "class that inherits": (Bent, (Option("depth", Positive, 1.0),)),
    "partial of a class": (functools.partial(Bent, depth=4.0), (Option("depth", Positive, 4.0),)),
    "bound method": (Callables().method, (Option("far", Positive, 2.0),)),
    "callable object": (Callables(), (Option("near", Positive, 3.0),)),
    "lambda": (lambda x: x, ()),
    "lambda with an option": (lambda x, *, k=3: k * x, (Option("k", Any, 3),)),
    "builtin of torch": (torch.sin, ()),
    "builtin with options": (sorted, (Option("key", Any, None), Option("reverse", Any, False))),
    "function of torch": (torch.nn.functional.softplus, ()),
    "module of torch": (torch.nn.GELU, ()),
}


@pytest.mark.parametrize(("call", "expected"), SIGNATURES.values(), ids=SIGNATURES)
def test_options_are_what_stands_after_the_star(call: Callable[..., Any], expected: tuple[Option, ...]) -> None:
    assert declared_options(call) == expected
    assert component(call).options == expected
    assert [option.required for option in declared_options(call)] == [option.default is REQUIRED for option in expected]


def test_every_loss_has_a_weight_without_declaring_it() -> None:
    assert [option.name for option in component(bend, "loss").options] == ["amount", "ways", "mode", "weight"]
    assert component(lambda a, b: a, "loss").options[0].default == 1.0


def test_what_the_engine_hands_in_may_be_annotated_for_type_checkers_alone() -> None:
    def source(view: NoSuchName, /, *, folds: int = 1) -> AnotherOne:  # type: ignore[name-defined]  # noqa: F821
        return view

    assert declared_options(source) == (Option("folds", int, 1),)


def test_an_option_annotated_for_type_checkers_alone_is_blamed_on_its_plugin() -> None:
    def source(view: Any, /, *, exact: Decimal) -> Any:
        return view

    with pytest.raises(InputError) as caught:
        _ = component(source, "source").options
    assert str(caught.value) == (
        "plugin 'mine': source 'bend': its signature cannot be read: name 'Decimal' is not defined; "
        "import an option's type outside of TYPE_CHECKING"
    )


def test_an_inherited_signature_is_read_where_it_was_written() -> None:
    elsewhere: dict[str, Any] = {"__name__": "elsewhere"}
    code = (
        "from __future__ import annotations\nSmall = int\nclass Base:\n    def __init__(self, *, size: Small = 1): ..."
    )
    exec(code, elsewhere)

    class Here(elsewhere["Base"]):  # type: ignore[misc,name-defined]
        pass

    assert declared_options(Here) == (Option("size", int, 1),)


@pytest.mark.parametrize("annotation", ["list[", "1 +", "int.no", "list['", "undefined[int]"])
def test_an_annotation_that_is_no_type_is_blamed_on_its_plugin(annotation: str) -> None:
    def source(view: Any, /, *, size: int = 1) -> Any:
        return view

    source.__annotations__["size"] = annotation
    with pytest.raises(InputError, match=r"plugin 'mine': source 'bend': its signature cannot be read: "):
        _ = component(source, "source").options


def test_an_unreadable_signature_harms_only_the_scenes_that_use_it(
    plugin_file: PluginFile, run_cli: RunCli, tiny_scene: Path
) -> None:
    plugin = plugin_file("""
        from __future__ import annotations
        from artengine import hookimpl

        def odd(x, /, *, size: Nowhere = 1):
            return x

        @hookimpl
        def register_activations():
            return {"odd": odd, "even": lambda x: x}
        """)
    assert run_cli("check", tiny_scene, "-p", plugin, "--set", "network.neural_painter.nonlin=even").code == 0
    answer = run_cli("check", tiny_scene, "-p", plugin, "--set", "network.neural_painter.nonlin=odd")
    assert answer.code == 2
    assert "plugin 'mine.py': activation 'odd': its signature cannot be read: name 'Nowhere'" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("call", "summary"),
    [
        (bend, "Bends it."),
        (functools.partial(bend, amount=1.0), "Bends it."),
        (wrapped(bend), "Bends it."),
        (Base, "A class whose subclasses take their options from it."),
        (Bent, ""),
        (Callables(), "Many of a kind."),
        (Callables().method, "One of them."),
        (lambda x: x, ""),
        (type("Bare", (torch.nn.Module,), {}), ""),
    ],
)
def test_the_first_line_of_a_components_own_docstring_is_its_help(call: Callable[..., Any], summary: str) -> None:
    assert component(call).summary == summary


def test_components_come_in_the_order_in_which_the_plugins_give_them() -> None:
    one = offering("one", source={"b": bend, "a": bend})
    two = offering("two", source={"0": bend}, filter={"b": bend})
    both = registry(one, two)
    assert both.names("source") == ["b", "a", "0"]
    assert [(found.name, found.plugin.name) for found in both.components("source")] == [
        ("b", "one"),
        ("a", "one"),
        ("0", "two"),
    ]
    assert both.find("filter", "b").plugin is two
    assert both.names("network") == []


def test_one_name_may_stand_for_a_source_and_a_filter_but_not_for_two_sources() -> None:
    registry(offering("one", source={"wave": bend}), offering("two", filter={"wave": bend}))
    with pytest.raises(
        InputError,
        match=r"the source 'wave' is given twice: by plugin 'one' \(one 1.0\) and by plugin 'two' \(two 1.0\); "
        r"leave one out with -p no:one",
    ):
        registry(offering("one", source={"wave": bend}), offering("two", source={"wave": bend}))


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("source", "gird", "found 'gird', expected a source; did you mean 'grid'?"),
        ("output", "grid", "found 'grid', expected an output; 'grid' is a source"),
        ("source", "mlp", "found 'mlp', expected a source; 'mlp' is a network"),
        (
            "source",
            "zzz",
            f"found 'zzz', expected a source (there are grid, polar; {HINT})",
        ),
        (
            "activation",
            "",
            f"found '', expected an activation (there are none; {HINT})",
        ),
    ],
)
def test_unknown_component_suggests_what_was_meant(kind: str, name: str, message: str) -> None:
    all_of_them = registry(offering("one", source={"grid": bend, "polar": bend}, network={"mlp": bend}))
    with pytest.raises(LookupError) as caught:
        all_of_them.find(kind, name)
    assert caught.value.args[0] == message


def test_unknown_component_names_missing_plugins() -> None:
    few = registry(broken=(BrokenPlugin("waves", "waves 2", "ImportError: no"),), blocked=("basics",))
    with pytest.raises(LookupError) as caught:
        few.find("source", "grid", ["plain"])
    assert caught.value.args[0] == (
        f"found 'grid', expected a source (there are plain; {HINT}) (plugin 'waves' is set aside: ImportError: no) "
        "(left out: basics)"
    )


def test_network_in_place_of_a_source_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text("coordinates: mlp\nnetwork: grid\n")
    with pytest.raises(InputError) as caught:
        artengine.load(path)
    assert str(caught.value).splitlines() == [
        f"{path}:1:14: coordinates: found 'mlp', expected a source; 'mlp' is a network",
        f"{path}:2:10: network: found 'grid', expected a network; 'grid' is a source",
    ]


def test_a_default_names_a_component_that_the_engine_finds(plugin_file: PluginFile, run_cli: RunCli) -> None:
    def network(ports: Any, /, *, activation: Each[Activation] = named("sin"), gap: float = 0.5) -> None: ...

    assert [option.default for option in declared_options(network)] == [named("sin"), 0.5]
    listing = json.loads(run_cli("list", "networks", "--json").out)["networks"]
    (mlp,) = (one for one in listing if one["name"] == "mlp")
    assert {one["name"]: one.get("default") for one in mlp["options"]}["activation"] == "sin"


def test_registry_is_cached_by_plugins() -> None:
    assert default_registry() is default_registry()
    assert default_registry(("no:basics",)) is not default_registry()


def framed(
    x: Tensor,
    /,
    *,
    width: Annotated[Positive, shown] = 1.0,
    plain: Positive = 1.0,
    maybe: Annotated[int | None, shown] = None,
) -> Tensor:
    return x


def test_options_that_only_change_how_a_picture_is_shown_are_known() -> None:
    found = {one.name: one.shown for one in component(framed).options}
    assert found == {"width": True, "plain": False, "maybe": True}
    assert not any(one.shown for one in component(bend).options)
