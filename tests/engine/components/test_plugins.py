"""Plugins are found, kept apart, left out and blamed by name; no scene brings one in."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tests.support.common import ROOT

import artengine
from artengine.components.plugins import HOOKS, load_plugins
from artengine.components.registry import Registry, default_registry
from artengine.errors import InputError
from artengine.kinds import KINDS

if TYPE_CHECKING:
    from tests.support.common import Distribution, PluginFile, RunCli, RunProcess

RIPPLE = """
    import torch
    from artengine import hookimpl

    @hookimpl
    def register_activations():
        return {"ripple": lambda x: torch.sin(3 * x)}
    """

EIGHT = ROOT / "tests" / "support" / "eight_plugin.py"  # a plugin that offers one of each kind

BUNDLED = ["basics", "dividers", "gan", "nonlinearities", "regression"]

SCENE = """
    canvas: {width: 8, height: 6}
    coordinates: {stripes: {gap: 0.25}}
    network: straight
    training: {darken: {aims: {greys: {count: 2}}}}
    filters: negative
    outputs: raw
    """

HOOK = "from artengine import hookimpl\n@hookimpl\ndef register_"
#: What a third party's module may do, and why it is set aside.
BROKEN = {
    "imports what is not there": (
        "import no_such_module",
        r"ModuleNotFoundError: No module named 'no_such_module' \(\w+\.py:1\)",
    ),
    "is no Python": ("x = 1\ndef f(:\n", r"SyntaxError: invalid syntax \(\w+\.py:2\)"),
    "raises in somebody else's code": ("import json\n\njson.loads('x')", r"JSONDecodeError: .* \(\w+\.py:3\)"),
    "leaves the program": ("import sys\nsys.exit(3)", r"SystemExit: 3 \(\w+\.py:2\)"),
    "has a hook that raises": (
        HOOK + "sources():\n    raise OSError('no\\nluck')",
        r"register_sources: OSError: no luck \(\w+\.py:4\)",
    ),
    "has a hook that gives a list": (
        HOOK + "sources():\n    return []",
        r"register_sources: gave a list, expected \{name: callable\}",
    ),
    "has a hook that is a generator": (HOOK + "sources():\n    yield {}", "register_sources: gave a generator"),
    "offers what cannot be called": (HOOK + "sources():\n    return {'a': 1}", "a is a int, expected a callable"),
    "offers a bad name": (HOOK + "sources():\n    return {'a b': len}", "found the name 'a b', expected letters"),
    "offers a number for a name": (HOOK + "sources():\n    return {1: len}", "found the name 1, expected letters"),
    "has a misspelt hook": (
        HOOK + "activation():\n    return {}",
        "register_activation: no such hook; did you mean 'register_activations'",
    ),
    "has a hook that asks for something": (
        HOOK + "sources(registry):\n    return {}",
        "register_sources: asks for registry, expected a function without arguments",
    ),
    "offers a dataset that is no class": (
        HOOK + "datasets():\n    return {'a': len}",
        "register_datasets: a is a builtin_function_or_method, expected a class",
    ),
    "offers nothing": ("x = 1", "it offers nothing; decorate a function with @hookimpl"),
    "forgets the decorator": ("def register_sources():\n    return {'a': len}", "it offers nothing"),
    "is half good": (
        HOOK + "activations():\n    return {'half': len}\n@hookimpl\ndef register_losses():\n    return None",
        "register_losses: gave a NoneType",
    ),
}
broken = pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)


def test_one_file_can_offer_all_eight_kinds_and_a_scene_use_them(plugin_file: PluginFile, tmp_path: Path) -> None:
    scene = plugin_file(SCENE, "all.yaml")
    images = []
    for out, changes in (("with", {}), ("without", {"filters": []})):
        paths = artengine.run(scene, out=tmp_path / out, plugins=[str(EIGHT)], overrides=changes)
        assert [path.name for path in paths] == ["all.safetensors", "all.raw"]
        images.append(np.frombuffer(paths[1].read_bytes(), np.float32).reshape(6, 8, 3))
    np.testing.assert_allclose(images[0], 1 - images[1], atol=1e-6)
    assert images[1].std() > 0.01


def test_every_kind_has_a_hook_and_every_component_says_where_it_is_from(run_cli: RunCli) -> None:
    assert list(HOOKS) == list(KINDS)
    listing = json.loads(run_cli("list", "--json", "-p", EIGHT).out)
    assert [sum(one["plugin"] == "eight_plugin.py" for one in offer) for offer in listing.values()] == [1] * 8
    given = {one["plugin"] for one in listing["networks"]}
    assert given == {"basics", "dividers", "gan", "nonlinearities", "regression", "eight_plugin.py"}
    plugins = json.loads(run_cli("plugins", "--json", "-p", EIGHT).out)["loaded"]
    assert plugins[-1]["origin"] == str(EIGHT)
    assert plugins[-1]["version"].startswith("sha256:")
    assert not plugins[-1]["bundled"]
    assert plugins[0]["origin"].startswith("artengine ")
    assert plugins[0]["bundled"]


@broken
def test_broken_plugin_file_is_reported_in_one_line(
    text: str, reason: str, plugin_file: PluginFile, run_cli: RunCli, tiny_scene: Path
) -> None:
    plugin = plugin_file(text, "odd.py")
    answer = run_cli("check", tiny_scene, "-p", plugin)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert answer.err.startswith(f"-p {plugin}: ")
    with pytest.raises(InputError, match=reason):
        load_plugins([str(plugin)])


@broken
def test_a_broken_installed_plugin_is_set_aside_alone(
    text: str, reason: str, distribution: Distribution, run_cli: RunCli
) -> None:
    distribution("broken", text)
    distribution("whole", RIPPLE)
    answer = run_cli("list", "activations", "--json")
    assert answer.code == 0
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("plugin 'broken' (broken 1.2) is set aside: ")
    found = load_plugins()
    assert [plugin.name for plugin in found.loaded] == [*BUNDLED, "whole"]
    assert [one.name for one in found.broken] == ["broken"]
    assert re.search(reason, found.broken[0].reason)
    names = [one["name"] for one in json.loads(answer.out)["activations"]]
    assert "ripple" in names
    assert "sin" in names
    assert "half" not in names


def test_an_entry_point_that_leads_nowhere_is_set_aside(distribution: Distribution) -> None:
    distribution("lost", "", value="made_nowhere")
    distribution("crooked", "", value="not a module")
    found = load_plugins()
    assert [one.name for one in found.broken] == ["crooked", "lost"]
    assert "No module named 'made_nowhere'" in found.broken[1].reason


def test_a_missing_component_brings_up_the_plugin_that_was_set_aside(
    distribution: Distribution, tiny_scene: Path
) -> None:
    distribution("ripples", "import no_such_module")
    with pytest.raises(InputError, match=r"found 'ripple', expected an activation.*plugin 'ripples' is set aside: Mod"):
        artengine.load(tiny_scene, overrides=["network.neural_painter.nonlin=ripple"])


def test_broken_plugin_does_not_harm_others_in_a_process(
    distribution: Distribution, run_process: RunProcess, tiny_scene: Path
) -> None:
    distribution("broken", "import no_such_module")
    site = distribution("whole", RIPPLE)
    done = run_process(
        "check", tiny_scene, "--set", "network.neural_painter.nonlin=ripple", env=os.environ | {"PYTHONPATH": str(site)}
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("plugin 'broken' (broken 1.2) is set aside: ModuleNotFoundError")
    assert done.stderr.splitlines()[1:] == ["tiny: no mistakes"]


def test_a_bundled_plugin_that_is_broken_is_our_own_mistake(distribution: Distribution) -> None:
    distribution("artengine", "import no_such_module", point="basics")
    with pytest.raises(RuntimeError, match="the bundled plugin 'basics' is broken: ModuleNotFoundError"):
        load_plugins()


def test_third_party_plugin_cannot_take_a_bundled_name(distribution: Distribution) -> None:
    distribution("stranger", RIPPLE, point="basics")
    found = load_plugins()
    assert [one.origin for one in found.broken] == ["stranger 1.2"]
    assert found.broken[0].reason.startswith("another plugin is called 'basics' already (")
    assert "\n" not in found.broken[0].reason


def test_component_of_two_plugins_is_an_error_with_a_remedy(distribution: Distribution, run_cli: RunCli) -> None:
    distribution("one", RIPPLE)
    distribution("two", RIPPLE)
    answer = run_cli("list")
    assert answer.code == 2
    assert answer.err == (
        "the activation 'ripple' is given twice: by plugin 'one' (one 1.2) and by plugin 'two' (two 1.2); "
        "leave one out with -p no:one\n"
    )
    assert run_cli("list", "-p", "no:one").code == 0


def test_component_of_two_files_is_an_error(plugin_file: PluginFile, run_cli: RunCli) -> None:
    files = [plugin_file(RIPPLE, f"{name}.py") for name in "ab"]
    answer = run_cli("list", "-p", files[0], "-p", files[1])
    assert answer.code == 2
    assert answer.err.endswith(f"(({files[0]}) and by plugin 'b.py' ({files[1]}); leave one out\n"[1:])


def test_bundled_and_foreign_plugins_can_be_left_out(distribution: Distribution, tiny_scene: Path) -> None:
    distribution("broken", "import no_such_module")
    found = load_plugins(["no:broken", "no:nonlinearities", "no:broken"])
    assert [plugin.name for plugin in found.loaded] == [name for name in BUNDLED if name != "nonlinearities"]
    assert found.broken == ()
    assert found.blocked == ("broken", "nonlinearities")
    with pytest.raises(InputError, match=r"found 'neural_painter'.* \(left out: nonlinearities\)"):
        artengine.load(tiny_scene, plugins=["no:nonlinearities"])


def test_leaving_out_an_unknown_plugin_suggests_a_name() -> None:
    with pytest.raises(InputError, match=r"-p no:basic: no such plugin; did you mean 'basics'\?"):
        load_plugins(["no:basic"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.py", "No such file or directory"),
        ("basics", "found no Python file, expected a .py file, or no:NAME to leave a plugin out"),
        (".", "found no Python file, expected a .py file, or no:NAME to leave a plugin out"),
        ("tiny.yaml", "found no Python file, expected a .py file, or no:NAME to leave a plugin out"),
    ],
)
def test_a_file_that_is_no_plugin_is_refused(name: str, message: str, run_cli: RunCli, tiny_scene: Path) -> None:
    answer = run_cli("check", tiny_scene, "-p", name)
    assert (answer.code, answer.err) == (2, f"-p {name}: {message}\n")


def test_the_same_file_twice_is_one_plugin_and_another_of_that_name_is_refused(
    plugin_file: PluginFile, run_cli: RunCli, tiny_scene: Path
) -> None:
    plugin = plugin_file(RIPPLE)
    other = plugin_file(RIPPLE.replace("ripple", "wave"), "other/mine.py")
    assert run_cli("check", tiny_scene, "-p", "mine.py", "-p", "./mine.py", "-p", plugin).code == 0
    answer = run_cli("check", tiny_scene, "-p", "mine.py", "-p", other)
    assert (answer.code, answer.err) == (
        2,
        f"-p {other}: another plugin is called 'mine.py' already (mine.py); rename one of them\n",
    )


def test_changed_plugin_file_is_read_again(plugin_file: PluginFile, tiny_scene: Path) -> None:
    versions = set()
    for factor in "345":  # the same length, at almost the same time: nothing that is cached may be taken for it
        plugin = plugin_file(RIPPLE.replace("3", factor))
        scene = artengine.load(tiny_scene, plugins=[str(plugin)], overrides=["network.neural_painter.nonlin=ripple"])
        versions.add(scene.plugins["mine.py"])
        ripple = default_registry((str(plugin),)).find("activation", "ripple").call
        torch.testing.assert_close(ripple(torch.ones(1)), torch.sin(int(factor) * torch.ones(1)))
    assert len(versions) == 3
    assert not (plugin.parent / "__pycache__").exists()


@pytest.mark.parametrize(
    "change",
    [
        "plugins: evil.py",
        "network: evil.py",
        "network: evil",
        "network: {evil.lit: {}}",
        "network: os.system",
        "network: !!python/object/apply:os.system ['touch lit']",
        "network: !!python/name:os.system",
        "coordinates: artengine_basics.sources.grid",
        "<<: !!python/module:evil",
    ],
)
def test_a_scene_never_loads_code(
    change: str, plugin_file: PluginFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plugin_file("open('lit', 'w').close()" + RIPPLE.replace("\n    ", "\n"), "evil.py")
    scene = plugin_file(f"seed: 1\n{change}\n", "scene.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError):
        artengine.load(scene)
    assert not Path("lit").exists()


def test_words_of_modules_that_only_look_like_hooks_do_no_harm(plugin_file: PluginFile) -> None:
    plugin = plugin_file(
        "from unittest.mock import call\nimport torch\nops = torch.ops" + RIPPLE.replace("\n    ", "\n")
    )
    assert "ripple" in Registry(load_plugins([str(plugin)])).names("activation")
