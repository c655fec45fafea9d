"""The command line: each command turns words into one call of the engine. Nothing here computes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.shell_completion import CompletionItem

from artengine.errors import ArtengineError, InputError, Problem
from artengine.kinds import KINDS, PLURALS
from artengine.photo import MAX_MEGAPIXELS

if TYPE_CHECKING:
    from artengine.registry import Registry
    from artengine.scene import Scene

Command = TypeVar("Command", bound=Callable[..., Any])

OUT = Path("gallery")
EXISTING = click.Path(path_type=Path)


class Size(click.ParamType[tuple[int, int]]):
    """COLUMNSxROWS, such as 800x600."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Two whole numbers."""
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and len(value) < 20):
            self.fail(f"found {value!r}, expected COLUMNSxROWS, such as 800x600", param, ctx)
        return int(width), int(height)


def _complete_setting(context: click.Context, parameter: click.Parameter, word: str) -> list[CompletionItem]:
    """Keys for --set: those of the scene's own components."""
    from artengine.describe import setting_keys

    # click reads no further than an option that still lacks its value, and leaves the scenes before it in args
    scenes = context.params.get("scenes") or [Path(argument) for argument in context.args]
    keys = setting_keys(scenes, context.params.get("plugins") or ())
    return [CompletionItem(key + "=") for key in keys if key.startswith(word)]


def _complete_kind(context: click.Context, parameter: click.Parameter, word: str) -> list[CompletionItem]:
    return [CompletionItem(kind) for kind in PLURALS.values() if kind.startswith(word)]


def with_plugins(command: Command) -> Command:
    """Give a command ``-p``."""
    option = click.option(
        "-p",
        "plugins",
        metavar="PLUGIN",
        multiple=True,
        type=click.Path(),
        help="Also use the plugin in this .py file, or leave one out with no:NAME.",
    )
    return option(command)


def with_making(command: Command) -> Command:
    """Give a command the options that all which makes files have."""
    options = [
        click.option("--out", type=EXISTING, default=OUT, show_default=True, help="The folder for the files."),
        with_plugins,
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="Where to compute."),
        click.option("--fresh", is_flag=True, help="Train anew, whatever was trained before."),
        click.option("--no-metadata", is_flag=True, help="Leave the recipe out of the files."),
        with_megapixels,
        click.option("--quiet", is_flag=True, help="No progress, only results and errors."),
        click.option("--json", "as_json", is_flag=True, help="Tell everything as JSON, an event a line, on stdout."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def with_megapixels(command: Command) -> Command:
    """Give a command ``--max-megapixels``."""
    help_text = "The largest photo to open."
    option = click.option(
        "--max-megapixels", type=click.FloatRange(min=0, min_open=True), default=MAX_MEGAPIXELS, help=help_text
    )
    return option(command)


def with_scenes(command: Command) -> Command:
    """Give a command the scenes it works on."""
    return click.argument("scenes", metavar="SCENE...", nargs=-1, required=True, type=EXISTING)(command)


def with_settings(command: Command) -> Command:
    """Give a command ``--seed``, ``--set`` and ``--size``."""
    setting = click.option(
        "--set",
        "settings",
        metavar="KEY=VALUE",
        multiple=True,
        shell_complete=_complete_setting,
        help="Set an option of the scene, such as network.mlp.width=32.",
    )
    seed = click.option("--seed", type=int, help="Use this seed instead of the scene's.")
    size = click.option("--size", type=Size(), help="Make the picture this large.")
    return seed(setting(size(command)))


HELP = """Write a scene, get a picture.

\b
    artengine run scenes/cape.yaml
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="artengine", message="%(prog)s %(version)s")
def cli() -> None:
    """All commands."""


@cli.command()
@with_scenes
@with_settings
@with_making
def run(scenes: tuple[Path, ...], **options: Any) -> None:
    """Make what the scenes describe."""
    from artengine.progress import watched

    making, loading = _split(options)
    loaded = _loaded(scenes, loading)
    _apart(scenes)
    watched(loaded, **making)


@cli.command()
@with_scenes
@with_settings
@with_plugins
@with_megapixels
def check(scenes: tuple[Path, ...], **options: Any) -> None:
    """Look for mistakes, all at once, without making anything."""
    _, loading = _split(options)
    _loaded(scenes, loading)


@cli.command("list")
@click.argument("kind", required=False, shell_complete=_complete_kind)
@with_plugins
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(kind: str | None, plugins: tuple[str, ...], as_json: bool) -> None:
    """Show what a scene can name: sources, networks, activations ..."""
    from artengine import describe

    kinds = [describe.kind_named(kind)] if kind else list(KINDS)
    registry = _registry(plugins)
    click.echo(describe.as_json(registry, kinds) if as_json else describe.as_text(registry, kinds))


@cli.command("plugins")
@with_plugins
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def plugins_(plugins: tuple[str, ...], as_json: bool) -> None:
    """Show the plugins: loaded, left out, broken and why."""
    from artengine import describe

    found = _registry(plugins).plugins
    click.echo(describe.plugins_as_json(found) if as_json else describe.plugins_as_text(found))


@cli.group()
def new() -> None:
    """Write a plugin or a scene that works at once."""


@new.command("plugin")
@click.argument("name")
def new_plugin(name: str) -> None:
    """Write NAME.py: an activation of five lines."""
    from artengine import templates

    click.echo(templates.write_plugin(name))


@new.command("scene")
@click.argument("name")
def new_scene(name: str) -> None:
    """Write NAME.yaml: a picture by the neural painter."""
    from artengine import templates

    click.echo(templates.write_scene(name))


@cli.command("test-plugin")
@click.argument("file", type=EXISTING)
def test_plugin(file: Path) -> None:
    """Try a plugin: does it do what its hooks promise?"""
    from artengine.testing import report

    lines, failed = report(file)
    click.echo("\n".join(lines))
    if failed:
        raise ArtengineError(f"{file}: {failed} of {len(lines)} checks failed")


@cli.command()
@with_plugins
def schema(plugins: tuple[str, ...]) -> None:
    """Print the JSON Schema of scenes, for editors that complete and check while you type."""
    from artengine.schema import scene_schema

    click.echo(json.dumps(scene_schema(_registry(plugins)), indent=2))


@cli.command()
@click.argument("file", type=EXISTING)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(file: Path, as_json: bool) -> None:
    """Show the recipe inside a picture or weights file."""
    from artengine import describe, recipe

    found = recipe.read(file)
    click.echo(found.to_json() if as_json else describe.recipe_as_text(found), nl=as_json)


@cli.command()
@click.argument("file", type=EXISTING)
@with_making
def rerun(file: Path, plugins: tuple[str, ...], max_megapixels: float, **options: Any) -> None:
    """Make a file again from the recipe inside it."""
    from artengine import recipe
    from artengine.progress import watched

    found = recipe.read(file)
    scene = recipe.scene_of(found, file, plugins, max_megapixels)
    making, _ = _split(options)
    notes = list(recipe.differences(found, scene))
    watched([scene], **making, only=recipe.output_of(found, scene, file), notes=notes)


def main() -> NoReturn:
    """Run the command line, with one line for what the user can mend and an exit code for what happened."""
    # before torch is imported: its threads wait by spinning, which on a busy machine takes ten times as long; so often
    # is a few microseconds, long enough for the next operation on an idle one
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ArtengineError as error:
        click.echo(str(error), err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _loaded(paths: tuple[Path, ...], loading: dict[str, Any]) -> list[Scene]:
    """The scenes, or one error with the problems of all of them."""
    from artengine.scene import load

    scenes: list[Scene] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            scenes.append(load(path, **loading))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return scenes


def _apart(paths: tuple[Path, ...]) -> None:
    """Raise `InputError` where two scenes would write files of the same name."""
    by_name: dict[str, Path] = {}
    for path in paths:
        if earlier := by_name.get(path.stem):
            message = f"{earlier} and {path} would both write {path.stem}.*; make one of them with another --out"
            raise InputError(message)
        by_name[path.stem] = path


def _registry(plugins: tuple[str, ...]) -> Registry:
    from artengine.registry import default_registry

    registry = default_registry(plugins)
    for broken in registry.plugins.broken:
        click.echo(f"plugin {broken.name!r} ({broken.origin}) is set aside: {broken.reason}", err=True)
    return registry


def _split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of a command as those for making files and those for loading scenes."""
    plugins = options.pop("plugins", ())
    _registry(plugins)  # says which plugins are set aside
    settings = list(options.pop("settings", ()))
    size = options.pop("size", None)
    loading = {
        "seed": options.pop("seed", None),
        "overrides": settings,
        "size": size,
        "plugins": plugins,
        "max_megapixels": options.pop("max_megapixels", MAX_MEGAPIXELS),
    }
    making = {name: value for name, value in options.items() if name != "no_metadata"}
    making["metadata"] = not options.get("no_metadata", False)
    return making, loading
