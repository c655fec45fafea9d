"""The command line: at once where nothing is computed, results on stdout, all else on stderr, codes with a meaning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from tests.support.command_runs import ForkedCommand
from tests.support.executors import in_process

from artengine.cli.app import cli
from artengine.gallery import builder

if TYPE_CHECKING:
    from tests.support.common import PluginFile, RunCli, RunProcess

SCRIPT = Path(sys.executable).with_name("artengine")

RIPPLE = """
    import torch
    from artengine import hookimpl

    def ripple(x, /, *, speed: float = 3.0):
        return torch.sin(speed * x)

    @hookimpl
    def register_activations():
        return {"ripple": ripple}
    """


def commands(group: click.Group = cli, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def completed(words: str, folder: Path) -> list[str]:
    """What the shell is offered after these words."""
    answer = ForkedCommand(folder, first=lambda: os.environ.update(completing(words))).wait()
    assert answer.err == ""
    return [line.removeprefix("plain,") for line in answer.out.splitlines()]


def completing(words: str) -> dict[str, str]:
    """The environment in which a shell asks how these words go on."""
    place = str(len(f"artengine {words}".split(" ")) - 1)
    return {"COMP_WORDS": f"artengine {words}", "COMP_CWORD": place, "_ARTENGINE_COMPLETE": "bash_complete"}


# At once


def test_nothing_that_only_tells_waits_for_torch(tiny_scene: Path, plugin_file: PluginFile) -> None:
    plugin = plugin_file(RIPPLE.replace("import torch", "").replace("torch.sin(speed * x)", "x"))
    calls = [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["check", str(tiny_scene), "-p", str(plugin), "--set", "network.neural_painter.nonlin=ripple"],
        ["check", str(tiny_scene), "--size", "0x0"],
        ["list"],
        ["list", "networks", "--json"],
        ["plugins"],
        ["schema"],
        ["new", "scene", "fresh"],
        ["new", "plugin", "fresh"],
        ["gallery", "--help"],
        ["gallery", str(tiny_scene), "--seeds", "10..3"],
        ["gallery", str(tiny_scene), "--keep", "3", "--of", "2"],
    ]
    code = (
        "import os, sys\nfrom artengine.cli import main\n"
        f"for words in {calls!r}:\n"
        "    sys.argv = ['artengine', *words]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        print('code', end.code, *words)\n"
        "    assert 'torch' not in sys.modules, words\n"
        f"os.environ.update(COMP_WORDS='artengine run {tiny_scene} --set ', COMP_CWORD='4')\n"
        "os.environ['_ARTENGINE_COMPLETE'] = 'bash_complete'\n"
        "try:\n    main()\nexcept SystemExit:\n    assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tiny_scene.parent, check=False
    )
    assert done.returncode == 0, done.stderr
    codes = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("code ")]
    assert codes == ["0", "0", "0", "0", "2", "0", "0", "0", "0", "0", "0", "0", "2", "2"]
    assert "plain,network.neural_painter.nr_hidden=" in done.stdout


# Help


def test_the_version_is_that_of_the_package(run_cli: RunCli) -> None:
    assert run_cli("--version").out.split()[-1] == "0.1.0"


@pytest.mark.parametrize(
    ("words", "command"), list(commands()), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_help_says_what_every_option_does(words: tuple[str, ...], command: click.Command) -> None:
    answer = CliRunner().invoke(cli, [*words, "--help"])
    assert answer.exit_code == 0
    text = " ".join(answer.output.split())
    assert (command.help or "")[:40].split("\n")[0] in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help in text
            assert max(parameter.opts, key=len) in text
        else:
            assert (parameter.metavar or str(parameter.name).upper()) in text


def test_help_begins_with_a_picture_to_make(run_cli: RunCli) -> None:
    for word in ("--help", "-h"):
        assert "\n  Write a scene, get a picture.\n\n      artengine run scenes/cape.yaml\n" in run_cli(word).out


# Results and exit codes


def test_several_scenes_are_made_one_after_the_other(run_cli: RunCli, tiny_scene: Path) -> None:
    other = tiny_scene.with_name("other.yaml")
    other.write_text(tiny_scene.read_text().replace("seed: 3", "seed: 4"))
    answer = run_cli("run", tiny_scene, other)
    assert (answer.code, answer.out, answer.err) == (0, "pictures/tiny.png\npictures/other.png\n", "")
    first, second = (Path(line).read_bytes() for line in answer.out.split())
    assert first != second


def test_scenes_of_one_name_do_not_overwrite_each_other(run_cli: RunCli, tiny_scene: Path) -> None:
    other = tiny_scene.parent / "more" / "tiny.yaml"
    other.parent.mkdir()
    other.write_text(tiny_scene.read_text())
    answer = run_cli("run", tiny_scene, other)
    assert answer.code == 2
    assert answer.err == f"{tiny_scene} and {other} would both write tiny.*; give one of them another --name or --out\n"
    assert not Path("pictures").exists()
    assert run_cli("check", tiny_scene, other).code == 0


@pytest.mark.parametrize("command", ["run", "check"])
def test_all_problems_of_all_scenes_are_told_before_anything_is_made(
    command: str, run_cli: RunCli, tiny_scene: Path
) -> None:
    for name, text in (("a", "seed: -1\nnetwork: mpl\n"), ("b", "network: {mlp: {widht: 3}}\n")):
        tiny_scene.with_name(f"{name}.yaml").write_text(text)
    answer = run_cli(command, "a.yaml", tiny_scene, "b.yaml", "gone.yaml")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "a.yaml:1:7: seed: found -1, expected at least 0",
        "a.yaml:2:10: network: found 'mpl', expected a network; did you mean 'mlp'?",
        "b.yaml:1:17: network.mlp.widht: no such option; did you mean 'width'?",
        "gone.yaml: no such file, expected a scene (.yaml)",
    ]
    assert not Path("pictures").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--size 0x0", "--size 0x0: canvas.width: found 0, expected at least 1"),
        ("--size foo", "Invalid value for '--size': found 'foo', expected COLUMNSxROWS, such as 800x600"),
        ("--size 12", "found '12', expected COLUMNSxROWS"),
        ("--size 1x2x3", "found '1x2x3', expected COLUMNSxROWS"),
        ("--size -1x5", "found '-1x5', expected COLUMNSxROWS"),
        (f"--size {'9' * 5000}x1", "expected COLUMNSxROWS"),
        ("--size 9999999x1", "--size 9999999x1: canvas.width: found 9999999, expected at most"),
        ("--seed -1", "--seed -1: seed: found -1, expected at least 0"),
        ("--seed 99999999999", "--seed 99999999999: seed: found 99999999999, expected less than 4"),
        ("--seed one", "Invalid value for '--seed': 'one' is not a valid integer"),
        ("--set canvas", "--set canvas: expected KEY=VALUE without spaces, such as network.mlp.width=32"),
        ("--set =1", "--set =1: expected KEY=VALUE"),
        ("--set canvas.widht=1", "--set canvas.widht=1: no such option; did you mean 'width'?"),
        ("--device tpu", "Invalid value for '--device': 'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        ("--max-megapixels 0", "Invalid value for '--max-megapixels'"),
        ("--sead 3", "--sead"),
        ("--watch --quiet", "--watch shows how it goes to a person, and with --quiet nobody is shown; leave one out"),
        ("--json --watch", "--watch shows how it goes to a person, and with --json nobody is shown; leave one out"),
        ("-p no:basix", "-p no:basix: no such plugin; did you mean 'basics'?"),
    ],
    ids=lambda text: text[:24],
)
def test_what_the_user_mistyped_is_told_and_nothing_is_made(
    words: str, message: str, run_cli: RunCli, tiny_scene: Path
) -> None:
    answer = run_cli("run", tiny_scene, *words.split())
    assert (answer.code, answer.out) == (2, "")
    assert message in " ".join(answer.err.split())
    assert "Traceback" not in answer.err
    assert not Path("pictures").exists()


def test_what_a_gallery_cannot_take_is_told_by_its_own_name(run_cli: RunCli, tiny_scene: Path) -> None:
    """The rest of its mistakes is with its other tests; these are the options that it shares with others."""
    for words, message in (
        ("--size foo", "found 'foo', expected COLUMNSxROWS, such as 800x600"),
        ("--set canvas", "--set canvas: expected KEY=VALUE without spaces"),
        ("-p no:basix", "-p no:basix: no such plugin; did you mean 'basics'?"),
        ("--item-timeout nan", "Invalid value for '--item-timeout': found 'nan', expected a number"),
    ):
        answer = run_cli("gallery", tiny_scene, *words.split())
        assert (answer.code, answer.out) == (2, "")
        assert message in " ".join(answer.err.split())
    assert not Path("tiny-gallery").exists()


def test_a_gallery_is_named_after_its_scene_and_tells_where_its_page_is(
    run_cli: RunCli, tiny_scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    answer = run_cli("gallery", tiny_scene, "--seeds", "1,2")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "tiny-gallery/index.html\ntiny-gallery/contact-sheet.png\n"
    children = run_cli("mutate", "tiny-gallery/tiny-seed-2.png", "--count", "1")
    assert (children.code, children.err) == (0, "")
    assert children.out.startswith("tiny-seed-2-mutations/index.html\n")
    pair = run_cli("cross", "tiny-gallery/tiny-seed-2.png", "tiny-gallery/tiny-seed-1.png", "--count", "1")
    assert (pair.code, pair.err) == (0, "")
    assert pair.out.startswith("tiny-seed-2-tiny-seed-1-crossings/index.html\n")


def test_unknown_commands_and_kinds_are_the_users_input(run_cli: RunCli) -> None:
    assert run_cli("paint").code == 2
    answer = run_cli("list", "sorces")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("no such kind: 'sorces'; did you mean 'sources'?")


def test_what_fails_while_working_has_a_code_of_its_own(run_cli: RunCli, tiny_scene: Path) -> None:
    Path("taken").write_text("a file, no folder")
    answer = run_cli("run", tiny_scene, "--out", "taken")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("taken: found a file, expected a folder")


def test_an_interruption_has_a_code_of_its_own(run_cli: RunCli, plugin_file: PluginFile) -> None:
    answer = run_cli("list", "-p", plugin_file("raise KeyboardInterrupt"))
    assert (answer.code, answer.out, answer.err.strip()) == (130, "", "")


def test_a_reader_who_has_seen_enough_gets_no_traceback(tiny_scene: Path) -> None:
    command = [sys.executable, "-m", "artengine", "list", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tiny_scene.parent) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_reader_who_has_seen_enough_gets_the_picture_and_no_traceback(tiny_scene: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    run = ForkedCommand(tiny_scene.parent, "run", tiny_scene, first=lambda: os.dup2(write, 1))
    answer = run.wait()
    os.close(write)
    assert (answer.code, answer.err) == (1, "")
    assert (tiny_scene.parent / "pictures" / "tiny.png").is_file()


# Telling what is there


def test_list_tells_names_options_defaults_and_plugins(run_cli: RunCli, plugin_file: PluginFile) -> None:
    text = run_cli("list", "activations", "-p", plugin_file(RIPPLE)).out
    assert text.startswith("activations\n  sort ")
    assert "  ripple  " in text.replace(" " * 10, "")
    assert "speed = 3.0" in text
    everything = run_cli("list").out.split("\n\n")
    assert [paragraph.split("\n")[0] for paragraph in everything] == list(json.loads(run_cli("list", "--json").out))
    assert run_cli("list", "activation").out == run_cli("list", "activations").out


def test_plugins_tells_loaded_and_left_out(run_cli: RunCli) -> None:
    lines = run_cli("plugins", "-p", "no:regression").out.splitlines()
    assert lines[0].startswith(
        "loaded    basics (artengine 0.1.0): 9 sources, 1 network, 6 losses, 1 dataset, 11 outputs"
    )
    assert lines[-1] == "left out  regression"
    assert json.loads(run_cli("plugins", "--json", "-p", "no:regression").out)["left_out"] == ["regression"]


def test_schema_is_json_that_knows_the_users_plugins(run_cli: RunCli, plugin_file: PluginFile) -> None:
    schema = json.loads(run_cli("schema", "-p", plugin_file(RIPPLE)).out)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "ripple" in json.dumps(schema["definitions"]["activation"])


# Completion


def test_the_shell_completes_commands_kinds_and_settings(tiny_scene: Path, plugin_file: PluginFile) -> None:
    plugin_file("network: {mlp: {widht: 3}}\n", "broken.yaml")
    folder = tiny_scene.parent
    script = subprocess.run([SCRIPT], env=os.environ | completing(""), capture_output=True, text=True, check=False)
    assert script.stderr == ""
    assert script.stdout.split() == [f"plain,{name}" for name in sorted(cli.commands)]
    assert completed("", folder) == sorted(cli.commands)
    assert completed("list s", folder) == ["sources"]
    own = completed("run tiny.yaml --set ", folder)
    assert "seed=" in own
    assert "network.neural_painter.nonlin=" in own
    assert "network.mlp.width=" not in own
    assert completed("run --seed 3 tiny.yaml --set network.neural_painter.nr", folder) == [
        "network.neural_painter.nr_hidden=",
        "network.neural_painter.nr_channel=",
    ]
    assert "network.mlp.width=" in completed("run broken.yaml --set network", folder)
    assert "training.regression.until=" in completed("check --set training", folder)


def test_completion_of_a_scene_knows_the_plugin_given_before_it(tiny_scene: Path, plugin_file: PluginFile) -> None:
    plugin_file(RIPPLE.replace("activations", "filters"))
    tiny_scene.write_text(tiny_scene.read_text() + "filters: ripple\n")
    assert completed("run -p mine.py tiny.yaml --set filters", tiny_scene.parent) == [
        "filters=",
        "filters.ripple.speed=",
    ]


def test_the_package_runs_as_a_module_too(run_process: RunProcess, tiny_scene: Path) -> None:
    done = run_process("check", tiny_scene)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "tiny: no mistakes\n")
