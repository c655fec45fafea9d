"""Mistakes of plugin authors and of scenes that only come up together with something else, each with its hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.common import PluginFile, RunCli

import artengine
from artengine import InputError


def test_aliases_that_grow_when_they_are_written_out_are_refused_in_time(tiny_scene: Path) -> None:
    numbers = ", ".join(["0.123456789012"] * 4000)
    aliases = ", ".join("{constant: {values: *v}}" for _ in range(20))
    tiny_scene.write_text(f"coordinates: [{{constant: {{values: &v [{numbers}]}}}}, {aliases}]\nnetwork: mlp\n")
    artengine.load(tiny_scene)
    with pytest.raises(InputError, match=r"found a scene that is [\d,]+ bytes long with what is set in it"):
        artengine.load(tiny_scene, seed=3)


def test_an_option_of_any_type_has_a_place_in_the_training_key(learning_scene: Path, plugin_file: PluginFile) -> None:
    plugin = plugin_file("""
        import enum
        from artengine import hookimpl

        class Ink(enum.Enum):
            BLACK = 1

        def inked(prediction, target, /, *, ink: Ink = Ink.BLACK):
            return (prediction - target).abs().mean()

        @hookimpl
        def register_losses():
            return {"inked": inked}
    """)
    scene = artengine.load(learning_scene, plugins=[str(plugin)], overrides=["training.regression.losses=inked"])
    assert len(scene.training_key) == 64


def test_a_default_that_names_an_option_wrongly_is_not_passed_over(tiny_scene: Path, plugin_file: PluginFile) -> None:
    plugin = plugin_file("""
        from artengine import Activation, Each, hookimpl, named

        def odd(ports, /, *, activation: Each[Activation] = named("mod", perid=2)):
            ...

        @hookimpl
        def register_networks():
            return {"odd": odd}
    """)
    with pytest.raises(InputError, match="a default sets perid, which the activation 'mod' does not have"):
        artengine.load(tiny_scene, plugins=[str(plugin)], overrides=["network=odd"])


def test_a_parameter_before_the_star_is_told_to_the_author(
    tiny_scene: Path, plugin_file: PluginFile, run_cli: RunCli
) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl

        def soft(image, amount=2.0):
            return image

        @hookimpl
        def register_filters():
            return {"soft": soft}
    """)
    answer = run_cli("check", tiny_scene, "-p", plugin, "--set", "filters={soft: {amount: 1}}")
    assert answer.code == 2
    assert "filters.soft.amount: no such option; 'amount' stands before the * of its function" in answer.err


def test_names_that_pydantic_keeps_for_itself_are_options_too(
    tiny_scene: Path, plugin_file: PluginFile, run_cli: RunCli
) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl

        def odd(x, /, *, copy: int = 1, model_config: int = 2, _x: int = 3):
            return x * copy * model_config * _x

        @hookimpl
        def register_activations():
            return {"odd": odd}
    """)
    options = "{odd: {copy: 2, model_config: 3, _x: 4}}"
    assert run_cli("run", tiny_scene, "-p", plugin, "--set", f"network.neural_painter.nonlin={options}").err == ""
    assert run_cli("schema", "-p", plugin).code == 0
    answer = run_cli(
        "check", tiny_scene, "-p", plugin, "--set", "network.neural_painter.nonlin={odd: {model_config: wide}}"
    )
    assert "nonlin.odd.model_config: found the text 'wide', expected a whole number" in answer.err


def test_what_goes_wrong_in_a_plugin_at_work_is_a_line_that_leads_there(
    tiny_scene: Path, plugin_file: PluginFile, run_cli: RunCli
) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl

        def odd(x, /):
            return x.no_such_thing()

        @hookimpl
        def register_activations():
            return {"odd": odd}
    """)
    answer = run_cli("run", tiny_scene, "--plugin", plugin, "--set", "network.neural_painter.nonlin=odd")
    assert (answer.code, answer.out) == (1, "")
    *way, last = answer.err.splitlines()
    assert last == "plugin mine.py: AttributeError: 'Tensor' object has no attribute 'no_such_thing' (mine.py:5)"
    assert way[0] == f'  File "{plugin}", line 5, in odd'


def test_a_file_made_with_a_plugin_says_which_one_to_name(
    tiny_scene: Path, plugin_file: PluginFile, run_cli: RunCli
) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl

        @hookimpl
        def register_activations():
            return {"ripple": lambda x: x / (1 + x.abs())}
    """)
    assert run_cli("run", tiny_scene, "-p", plugin, "--set", "network.neural_painter.nonlin=ripple").code == 0
    answer = run_cli("rerun", "pictures/tiny.png")
    assert answer.code == 2
    assert answer.err.splitlines()[-1] == "pictures/tiny.png: it was made with the plugin mine.py; name it with -p"
    assert run_cli("rerun", "pictures/tiny.png", "-p", plugin, "--out", "again").code == 0


def test_a_scene_with_tabs_and_foreign_line_ends_comes_back_whole_and_tricks_do_not(
    tiny_scene: Path, run_cli: RunCli
) -> None:
    tiny_scene.write_bytes(
        tiny_scene.read_bytes().replace(b"\n", b"\r\n").replace(b"tiny picture", "tiny\tpicture \u202eseed: 1".encode())
    )
    assert run_cli("run", tiny_scene).code == 0
    shown = run_cli("info", "pictures/tiny.png").out
    assert "# A tiny\tpicture ?seed: 1.\r\nseed: 3\r\n" in shown
