"""The command line: each command turns words into one call of the engine. Nothing here computes."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from artengine.errors import ArtengineError, InputError, Problem, printable
from artengine.flags import (
    EXISTING,
    complete_kind,
    with_making,
    with_megapixels,
    with_plugins,
    with_scenes,
    with_settings,
)
from artengine.kinds import KINDS
from artengine.photo import MAX_MEGAPIXELS

if TYPE_CHECKING:
    from artengine.registry import Registry
    from artengine.scene import Scene

#: What the pipe or the disk behind stdout may refuse with; files have their own words for it.
STDOUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EPIPE, errno.EIO, errno.EBADF)

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
    for scene in _loaded(scenes, loading):
        click.echo(f"{scene.name}: no mistakes", err=True)


@cli.command("list")
@click.argument("kind", required=False, shell_complete=complete_kind)
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

    click.echo(json.dumps(scene_schema(_registry(plugins)), indent=2, default=str))


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
    making, _ = _split(options | {"plugins": plugins})
    notes = list(recipe.differences(found, scene))
    if making["device"] == "auto" and found.device == "cpu":
        making["device"] = found.device
    elif making["device"] != found.device:
        notes.append(f"made on {found.device}: elsewhere the result may differ")
    watched([scene], **making, only=recipe.output_of(found, scene, file), means=found.means, notes=notes)


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
        click.echo(printable(str(error)), err=True)
        code = error.exit_code
    except Exception as error:
        from artengine.plugins import blamed

        words = blamed(error)
        if not words and isinstance(error, OSError) and error.errno in STDOUT_ERRORS:
            words = f"the results cannot be written: {error.strerror or error}"
        if not words:  # our own mistake, told in full
            raise
        click.echo(printable(words), err=True)
        code = 1
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
    loading = {
        "seed": options.pop("seed", None),
        "overrides": list(options.pop("overrides", ())),
        "size": options.pop("size", None),
        "plugins": plugins,
        "max_megapixels": options.pop("max_megapixels", MAX_MEGAPIXELS),
    }
    making = {name: value for name, value in options.items() if name != "no_metadata"}
    making["metadata"] = not options.get("no_metadata", False)
    return making, loading
