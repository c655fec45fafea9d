"""The options that several commands share, and what a shell completes for them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from artengine.errors import InputError, Problem
from artengine.kinds import PLURALS
from artengine.media import MAX_MEGAPIXELS

if TYPE_CHECKING:
    from artengine.components import Registry
    from artengine.scene import Work

Command = TypeVar("Command", bound=Callable[..., Any])

OUT = Path("pictures")
DEVICES = ("auto", "cpu", "cuda")
WEIGHTS = ("auto", "always", "never")
WEIGHTS_HELP = "Whether files hold what was learnt, too; auto: where it takes at most 256 kB."
JOBS = click.IntRange(1, 256)
EXISTING = click.Path(path_type=Path)


class OnceEach(click.Command):
    """A command that refuses an option with a value a second time: click would pass over the first one in silence."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it; raises `InputError` for an option that is given again."""
        if not ctx.resilient_parsing:
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
            options = [one for one in given if isinstance(one, click.Option) and not (one.multiple or one.is_flag)]
            for option in options:
                if (count := options.count(option)) > 1:
                    raise InputError(f"{max(option.opts, key=len)}: found it {count} times, expected it once")
        return super().parse_args(ctx, args)


#: What makes a command of a function, in place of click's own.
command = functools.partial(click.command, cls=OnceEach)


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


class Amount(click.FloatRange):
    """A number above zero, not NaN, which click's check of a range lets through."""

    def __init__(self, most: float | None = None) -> None:
        super().__init__(0, most, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"found {value!r}, expected a number", param, ctx)
        return number


def _complete_setting(context: click.Context, parameter: click.Parameter, word: str) -> list[CompletionItem]:
    """Keys for --set: those of the scene's own components."""
    from artengine.cli.completion import setting_keys

    # click reads no further than an option that still lacks its value, and leaves the scenes before it in args
    scenes = context.params.get("scenes") or [Path(argument) for argument in context.args]
    keys = setting_keys(scenes, context.params.get("plugins") or ())
    return [CompletionItem(key + "=") for key in keys if key.startswith(word)]


def _check_settings(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a setting of several words here, where the others of them have not been taken for scenes yet."""
    for text in texts:
        if "=" not in text and not context.resilient_parsing:
            raise InputError(f"--set {text}: expected KEY=VALUE without spaces, such as network.mlp.width=32")
    return texts


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
    """Give a command the options of all that makes the files of a scene."""
    options: list[Callable[[Any], Any]] = [
        click.option("--out", type=EXISTING, default=OUT, show_default=True, help="The folder for the files."),
        click.option("--name", help="Name the files so: {scene} and {seed} stand for what they are of."),
        click.option("--fresh", is_flag=True, help="Train anew, whatever was trained before."),
        click.option("--jobs", type=JOBS, default=1, show_default=True, help="Paint a film with so many processes."),
    ]
    return _with(command, options + _always())


def with_gallery(command: Command) -> Command:
    """Give a command the options of all that makes many pictures."""
    options: list[Callable[[Any], Any]] = [
        click.option("--out", "folder", type=EXISTING, help="The folder for the gallery; named after what it is of."),
        click.option("--fresh", is_flag=True, help="Make all anew, whatever is there."),
        click.option("--jobs", type=JOBS, default=1, show_default=True, help="Work with so many processes."),
        click.option("--item-timeout", type=Amount(), metavar="SECONDS", help="Give a picture up that takes longer."),
    ]
    return _with(command, options + _always())


def _always() -> list[Callable[[Any], Any]]:
    """The options of all that makes files."""
    return [
        with_plugins,
        click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where to compute."),
        click.option("--force", is_flag=True, help="Replace files that are there, whoever made them, and keep none."),
        click.option("--no-metadata", is_flag=True, help="Leave the recipe out of the files, and what was learnt."),
        click.option("--weights", type=click.Choice(WEIGHTS), default="auto", help=WEIGHTS_HELP),
        with_megapixels,
        click.option("--quiet", is_flag=True, help="No progress, only results and errors."),
        click.option("--json", "as_json", is_flag=True, help="Tell everything as JSON, an event a line, on stdout."),
    ]


def _with(command: Command, options: list[Callable[[Any], Any]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def with_megapixels(command: Command) -> Command:
    """Give a command ``--max-megapixels``."""
    help_text = "The largest photo to open."
    option = click.option("--max-megapixels", type=Amount(), default=MAX_MEGAPIXELS, help=help_text)
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
        callback=_check_settings,
        shell_complete=_complete_setting,
        help="Set an option of the scene, such as network.mlp.width=32.",
    )
    seed = click.option("--seed", type=int, help="Use this seed instead of the scene's.")
    size = click.option("--size", type=Size(), help="Make the picture this large.")
    return seed(setting(size(command)))


def load_registry(plugins: tuple[str, ...]) -> Registry:
    """The components there are; says which plugins are set aside."""
    from artengine.components import default_registry

    registry = default_registry(plugins)
    for broken in registry.plugins.broken:
        click.echo(f"plugin {broken.name!r} ({broken.origin}) is set aside: {broken.reason}", err=True)
    return registry


def split_options(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The options of a command as those for making files, for loading scenes, and for showing how it goes."""
    plugins = options.pop("plugins", ())
    showing: dict[str, Any] = {name: options.pop(name) for name in ("quiet", "as_json", "watch") if name in options}
    if showing.get("watch") and (showing["quiet"] or showing["as_json"]):
        other = "--quiet" if showing["quiet"] else "--json"
        raise InputError(f"--watch shows how it goes to a person, and with {other} nobody is shown; leave one out")
    load_registry(plugins)
    loading = {
        "seed": options.pop("seed", None),
        "overrides": list(options.pop("overrides", ())),
        "size": options.pop("size", None),
        "plugins": plugins,
        **({"name": options.pop("name")} if "name" in options else {}),
        "max_megapixels": options.pop("max_megapixels", MAX_MEGAPIXELS),
        "typed": True,
    }
    making = {name: value for name, value in options.items() if name != "no_metadata"}
    making["metadata"] = not options.get("no_metadata", False)
    return making, loading, showing


def load_scenes(paths: tuple[Path, ...], loading: dict[str, Any]) -> list[Work]:
    """The scenes, or one error with the problems of all of them."""
    from artengine.scene import load_work

    works: list[Work] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            works.append(load_work(path, **loading))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return works
