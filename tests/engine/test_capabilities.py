"""What components declare of themselves, and what the modules of networks offer."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.support.common import PluginFile, RunCli

from artengine import InputError, build, load
from artengine.capabilities import (
    Declarations,
    DynamicRowsNetwork,
    ImageNetwork,
    LatticeNetwork,
    LookupNetwork,
    PhotoExtentNetwork,
    brings,
    colour_range,
    declarations_of,
    dynamic_rows,
    films,
    missing_capabilities,
    offers,
    patches,
)
from artengine.components.registry import default_registry

GRID = """
    import torch
    from artengine import LatticeNetwork, PhotoExtentNetwork, hookimpl, offers

    class Plain(torch.nn.Module):
        def forward(self, x):
            return x[:, :1].sigmoid()

    @offers(LatticeNetwork, PhotoExtentNetwork)
    def gridded(ports, /):
        "A network that says more than it can do."
        module = Plain()
        module.cover = lambda x, y: None
        return module

    @hookimpl
    def register_networks():
        return {"gridded": gridded}
"""


def component(*args: Any, **options: Any) -> None:
    """Something to declare something of."""


@pytest.fixture
def fresh() -> Any:
    return functools.wraps(component)(lambda *args, **options: None)


def test_declarations_add_up_whatever_their_order(fresh: Any) -> None:
    network = {"a": 1}.get
    films(brings(network)(offers(LatticeNetwork)(patches(fresh))))
    expected = Declarations(films=True, patches=True, network=network, offers=(LatticeNetwork,))
    assert declarations_of(fresh) == expected
    assert declarations_of(component) == Declarations()


def test_options_of_a_component_change_nothing_of_what_it_declares(fresh: Any) -> None:
    patches(fresh)
    assert declarations_of(functools.partial(functools.partial(fresh, 1), other=2)).patches


def test_component_with_options_set_may_declare_itself(fresh: Any) -> None:
    declared = offers(LatticeNetwork)(functools.partial(films(fresh), 1))
    assert declarations_of(declared) == Declarations(films=True, offers=(LatticeNetwork,))
    assert declarations_of(functools.partial(declared, 2)).offers == (LatticeNetwork,)
    assert declarations_of(fresh) == Declarations(films=True)


def test_a_class_declares_for_its_objects_and_its_children() -> None:
    @films
    class Output:
        def __call__(self) -> None: ...

    class Child(Output):
        pass

    patches(Child)
    assert declarations_of(Output()).films
    assert (declarations_of(Child()).films, declarations_of(Child()).patches) == (True, True)
    assert not declarations_of(Output()).patches


def test_what_is_no_capability_cannot_be_offered() -> None:
    with pytest.raises(TypeError, match="expected some of LatticeNetwork, PhotoExtentNetwork, DynamicRowsNetwork"):
        offers(int)


def test_a_network_is_what_its_attributes_say() -> None:
    module = torch.nn.Linear(2, 3)
    assert (colour_range(module), dynamic_rows(module)) == ("unit", ())
    assert missing_capabilities(module, (LatticeNetwork, DynamicRowsNetwork)) == ["lattice", "dynamic_rows"]
    module.dynamic_rows, module.colours = ("weight",), "signed"  # type: ignore[assignment]  # as a plugin would
    assert (colour_range(module), dynamic_rows(module)) == ("signed", ("weight",))
    assert missing_capabilities(module, (LatticeNetwork, DynamicRowsNetwork)) == ["lattice"]


def test_bundled_networks_offer_what_they_can_do() -> None:
    declared = {one.name: set(one.declares.offers) for one in default_registry().components("network")}
    assert {name: kinds for name, kinds in declared.items() if kinds} == {
        "feature_grid": {LatticeNetwork, PhotoExtentNetwork},
        "dividers": {DynamicRowsNetwork, LookupNetwork},
        "generator": {ImageNetwork},
        "dcgan": {ImageNetwork},
    }


def test_a_network_without_what_it_offers_is_refused_where_it_is_built(plugin_file: PluginFile, tmp_path: Path) -> None:
    plugin = str(plugin_file(GRID))
    (tmp_path / "a.yaml").write_text("network: gridded\n")
    with pytest.raises(InputError, match=r"a\.yaml:1:10: network\.gridded: offers lattice, found a Plain without$"):
        build(load(tmp_path / "a.yaml", plugins=[plugin]), "cpu")


def test_list_shows_what_networks_offer(run_cli: RunCli, plugin_file: PluginFile) -> None:
    plugin = plugin_file(GRID)
    assert "    offers lattice, cover\n" in run_cli("list", "networks", "-p", plugin).out
    listing = json.loads(run_cli("list", "networks", "-p", plugin, "--json").out)["networks"]
    offered = {one["name"]: one.get("offers") for one in listing}
    assert (offered["gridded"], offered["mlp"]) == (["lattice", "cover"], None)
