"""The commands for authors of plugins and scenes. Each turns words into one call of the engine."""

from __future__ import annotations

from pathlib import Path

import click

from artengine.cli.flags import EXISTING, command
from artengine.errors import ArtengineError


@click.group()
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


@command("test-plugin")
@click.argument("file", type=EXISTING)
def test_plugin(file: Path) -> None:
    """Try a plugin: does it do what its hooks promise?"""
    from artengine.testing import report

    lines, failed = report(file)
    click.echo("\n".join(lines))
    if failed:
        raise ArtengineError(f"{file}: {failed} of {len(lines)} checks failed")
