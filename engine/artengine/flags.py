"""The options that several commands share, and what a shell completes for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from artengine.kinds import PLURALS
from artengine.photo import MAX_MEGAPIXELS

Command = TypeVar("Command", bound=Callable[..., Any])

OUT = Path("gallery")
DEVICES = ("auto", "cpu", "cuda")
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


def complete_kind(context: click.Context, parameter: click.Parameter, word: str) -> list[CompletionItem]:
    """Kinds of components, for ``artengine list``."""
    return [CompletionItem(kind) for kind in PLURALS.values() if kind.startswith(word)]


def with_plugins(command: Command) -> Command:
    """Give a command ``-p``."""
    option = click.option(
        "-p",
        "--plugin",
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
        click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where to compute."),
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
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        shell_complete=_complete_setting,
        help="Set an option of the scene, such as network.mlp.width=32.",
    )
    seed = click.option("--seed", type=int, help="Use this seed instead of the scene's.")
    size = click.option("--size", type=Size(), help="Make the picture this large.")
    return seed(setting(size(command)))
