"""The command line: each command turns words into one call of the engine. Nothing here computes."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from artengine.cli import commands
from artengine.cli.flags import (
    EXISTING,
    complete_kind,
    loaded,
    registry_of,
    sorted_out,
    with_megapixels,
    with_plugins,
    with_scenes,
    with_settings,
)
from artengine.errors import ArtengineError, printable
from artengine.kinds import KINDS

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


for command in (commands.run, commands.rerun, commands.gallery, commands.mutate, commands.cross):
    cli.add_command(command)


@cli.command()
@with_scenes
@with_settings
@with_plugins
@with_megapixels
def check(scenes: tuple[Path, ...], **options: Any) -> None:
    """Look for mistakes, all at once, without making anything."""
    _, loading, _ = sorted_out(options)
    for scene in loaded(scenes, loading):
        click.echo(f"{scene.name}: no mistakes", err=True)


@cli.command("list")
@click.argument("kind", required=False, shell_complete=complete_kind)
@with_plugins
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(kind: str | None, plugins: tuple[str, ...], as_json: bool) -> None:
    """Show what a scene can name: sources, networks, activations ..."""
    from artengine.cli import describe

    kinds = [describe.kind_named(kind)] if kind else list(KINDS)
    registry = registry_of(plugins)
    click.echo(describe.as_json(registry, kinds) if as_json else describe.as_text(registry, kinds))


@cli.command("plugins")
@with_plugins
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def plugins_(plugins: tuple[str, ...], as_json: bool) -> None:
    """Show the plugins: loaded, left out, broken and why."""
    from artengine.cli import describe

    found = registry_of(plugins).plugins
    click.echo(describe.plugins_as_json(found) if as_json else describe.plugins_as_text(found))


@cli.group()
def new() -> None:
    """Write a plugin or a scene that works at once."""


@new.command("plugin")
@click.argument("name")
def new_plugin(name: str) -> None:
    """Write NAME.py: an activation of five lines."""
    from artengine.cli import templates

    click.echo(templates.write_plugin(name))


@new.command("scene")
@click.argument("name")
def new_scene(name: str) -> None:
    """Write NAME.yaml: a picture by the neural painter."""
    from artengine.cli import templates

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
    from artengine.scene import scene_schema

    click.echo(json.dumps(scene_schema(registry_of(plugins)), indent=2, default=str))


@cli.command()
@click.argument("file", type=EXISTING)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(file: Path, as_json: bool) -> None:
    """Show the recipe inside a picture, a film or a weights file, and what weights come to."""
    from artengine.cli import describe
    from artengine.making import recipe

    contents, figures = recipe.inspect_file(file)
    tell = describe.contents_as_json if as_json else describe.contents_as_text
    click.echo(tell(contents, figures), nl=as_json)


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
        from artengine.components import format_plugin_error

        words = format_plugin_error(error)
        if not words and isinstance(error, OSError) and error.errno in STDOUT_ERRORS:
            words = f"the results cannot be written: {error.strerror or error}"
        if not words:  # our own mistake, told in full
            raise
        click.echo(printable(words), err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
