"""The commands that show something and make nothing. Each turns words into one call of the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from artengine.cli.flags import (
    EXISTING,
    command,
    complete_kind,
    load_registry,
    load_scenes,
    split_options,
    with_megapixels,
    with_plugins,
    with_scenes,
    with_settings,
)
from artengine.kinds import KINDS


@command()
@with_scenes
@with_settings
@with_plugins
@with_megapixels
def check(scenes: tuple[Path, ...], **options: Any) -> None:
    """Look for mistakes, all at once, without making anything."""
    _, loading, _ = split_options(options)
    for scene in load_scenes(scenes, loading):
        click.echo(f"{scene.name}: no mistakes", err=True)


@command("list")
@click.argument("kind", required=False, shell_complete=complete_kind)
@with_plugins
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(kind: str | None, plugins: tuple[str, ...], as_json: bool) -> None:
    """Show what a scene can name: sources, networks, activations ..."""
    from artengine.cli import describe

    kinds = [describe.kind_named(kind)] if kind else list(KINDS)
    registry = load_registry(plugins)
    click.echo(describe.as_json(registry, kinds) if as_json else describe.as_text(registry, kinds))


@command("plugins")
@with_plugins
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def plugins_(plugins: tuple[str, ...], as_json: bool) -> None:
    """Show the plugins: loaded, left out, broken and why."""
    from artengine.cli import describe

    plugin_list = load_registry(plugins).plugins
    click.echo(describe.plugins_as_json(plugin_list) if as_json else describe.plugins_as_text(plugin_list))


@command()
@with_plugins
def schema(plugins: tuple[str, ...]) -> None:
    """Print the JSON Schema of scenes, for editors that complete and check while you type."""
    from artengine.scene import scene_schema

    click.echo(json.dumps(scene_schema(load_registry(plugins)), indent=2, default=str))


@command()
@click.argument("file", type=EXISTING)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(file: Path, as_json: bool) -> None:
    """Show the recipe inside a picture, a film or a weights file, and what weights come to."""
    from artengine.cli import file_contents
    from artengine.making import recipe

    contents, figures = recipe.inspect_file(file)
    tell = file_contents.contents_as_json if as_json else file_contents.contents_as_text
    click.echo(tell(contents, figures), nl=as_json)
