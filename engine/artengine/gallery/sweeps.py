"""Many pictures of one scene: the product of seeds and settings, each with a name that says what differs."""

from __future__ import annotations

import itertools
import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from artengine.errors import InputError, Problem
from artengine.files import MAX_NAME_LENGTH, safe_name
from artengine.gallery.naming import short_names, unique_name
from artengine.gallery.sweep_values import MAX_ITEMS, parse_values
from artengine.media import MAX_MEGAPIXELS
from artengine.scene import Montage, Plain, Scene, load_work, seed_to_plain

if TYPE_CHECKING:
    from artengine.making import Weights

MAX_COMBINATIONS_TRIED = 1000  # before anything is made: a few seconds

_RESERVED_NAME = re.compile(r"contact-sheet(-[0-9]+)?|trials")  # of what `sheet` and `trial_reports` write

Choices = list[tuple[str, list[str]]]  # keys of settings with their values


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One of many pictures: its scene, what its files are called, and what differs from the others.

    seed, settings: as a scene writes them, on one line. command: makes the picture again. packed: what it has learnt,
    where it is not learnt anew.
    """

    scene: Scene
    name: str
    seed: str
    settings: Mapping[str, str]
    command: str
    packed: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The seeds and settings of many pictures of one scene.

    seeds: numbers, or grown ones as a scene writes them; None for the scene's own. settings: texts as ``--set`` has
    them, with several values between commas or a range; the last one changes first. size, plugins, max_megapixels: see
    `load_work`. device, metadata, weights: as the pictures will be made, for the commands that make them again.
    """

    path: Path
    seeds: Sequence[int | str] | None = None
    settings: Sequence[str] = ()
    size: tuple[int, int] | None = None
    plugins: Sequence[str] = ()
    max_megapixels: float = MAX_MEGAPIXELS
    device: str = "auto"
    metadata: bool = True
    weights: Weights = "auto"

    def count(self) -> int:
        """How many pictures there are; seeds and settings that make no scene are found here, before anything is made.

        Of very many settings together, each value is tried with the first ones of the others. Raises `InputError`.
        """
        choices = self._choices()
        if self.seeds is not None and any(key == "seed" for key, _ in choices):
            raise InputError("--seeds and --set seed both say which seeds there are; leave one out")
        together = math.prod(len(values) for _, values in choices)
        number = together * (1 if self.seeds is None else len(self.seeds))
        if number > MAX_ITEMS:
            raise InputError(f"found {number:,} pictures, expected at most {MAX_ITEMS:,}")
        problems: list[Problem] = []
        for settings, seed in self._to_try(choices, together):
            try:
                self._load(settings, seed)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(dict.fromkeys(problems))
        return number

    def _to_try(self, choices: Choices, combinations: int) -> Iterator[tuple[list[str], int | str | None]]:
        """Settings, with a seed or none, that show whether all of them make scenes."""
        first = [f"{key}={values[0]}" for key, values in choices]
        if combinations <= MAX_COMBINATIONS_TRIED:
            yield from ((settings, None) for settings, _ in _combine(choices))
        else:
            for index, (key, values) in enumerate(choices):
                yield from (([*first[:index], f"{key}={value}", *first[index + 1 :]], None) for value in values)
        yield from ((first, seed) for seed in self.seeds or () if isinstance(seed, str))

    def variations(self) -> Iterator[Variation]:
        """The pictures one by one: seed by seed, and for each one all settings."""
        choices = self._choices()
        varied = [key for key, values in choices if len(values) > 1]
        short = short_names(varied)
        several = self.seeds is not None and len(self.seeds) > 1
        names: set[str] = set()
        for seed in self.seeds if self.seeds is not None else [None]:
            for settings, chosen in _combine(choices):
                differs = {key: value for key, value in chosen.items() if key in varied}
                scene = self._load(settings, seed)
                words = [self.path.stem, *(["seed", str(seed)] if several else [])]
                for key, value in differs.items():
                    words += [short[key], value]
                name = unique_name(_file_name(words), names)
                names.add(name.lower())
                yield Variation(
                    scene=replace(scene, name=name),
                    name=name,
                    seed=one_line(seed_to_plain(scene.lineage)),
                    settings=differs,
                    command=self._command(settings, seed, name),
                )

    def _choices(self) -> Choices:
        """Keys with their values."""
        choices: dict[str, list[str]] = {}
        problems: list[Problem] = []
        for text in self.settings:
            key, equals, value = text.partition("=")
            if not equals:
                problems.append(Problem(f"--set {text}", "", "expected KEY=VALUE, or KEY=A,B,C"))
            elif key in choices:
                problems.append(Problem(f"--set {text}", "", f"found {key} a second time, expected it once"))
            else:
                try:
                    choices[key] = parse_values(value)
                except ValueError as error:
                    problems.append(Problem(f"--set {text}", "", str(error)))
        if problems:
            raise InputError(problems)
        return list(choices.items())

    def _load(self, settings: Sequence[str], seed: int | str | None) -> Scene:
        grown = [f"seed={seed}"] if isinstance(seed, str) else []
        work = load_work(
            self.path,
            seed=seed if isinstance(seed, int) else None,
            size=self.size,
            overrides=[*settings, *grown],
            typed=True,
            plugins=self.plugins,
            max_megapixels=self.max_megapixels,
        )
        if isinstance(work, Montage):
            raise InputError(f"{self.path}: found a film of several shots, expected a scene")
        if not work.outputs and not work.training:
            raise InputError(
                f"{self.path}: found a scene without outputs, which leaves nothing to show; try outputs: png"
            )
        return work

    def _command(self, settings: Sequence[str], seed: int | str | None, name: str) -> str:
        words = ["artengine", "run", as_argument(self.path)]
        words += ["--seed", str(seed)] if isinstance(seed, int) else []
        words += [] if self.size is None else ["--size", f"{self.size[0]}x{self.size[1]}"]
        words += [word for setting in settings for word in ("--set", setting)]
        words += ["--set", f"seed={seed}"] if isinstance(seed, str) else []
        words += [] if name == self.path.stem else ["--name", name]
        options = (self.plugins, self.max_megapixels, self.device, self.metadata, self.weights)
        return shlex.join([*words, *repeat_options(*options)])


def one_line(value: Plain) -> str:
    """Plain data as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True, sort_keys=False)
    return str(text).removesuffix("...\n").strip()


def repeat_options(
    plugins: Sequence[str], max_megapixels: float, device: str, metadata: bool, weights: Weights
) -> list[str]:
    """The options of a command that makes a picture in the way in which the gallery was made."""
    words = [word for plugin in plugins for word in ("-p", plugin)]
    words += [] if max_megapixels == MAX_MEGAPIXELS else ["--max-megapixels", repr(max_megapixels)]
    words += [] if device == "auto" else ["--device", device]
    words += [] if weights == "auto" else ["--weights", weights]
    return words if metadata else [*words, "--no-metadata"]


def as_argument(path: Path) -> str:
    """A path as a command takes it: one that begins with a dash would be an option; what is no UTF-8 becomes ``?``."""
    text = str(path).encode(errors="replace").decode()
    return f"./{text}" if text.startswith("-") else text


def _file_name(words: Sequence[str]) -> str:
    """What the files of a picture are called, by the words that tell it from the others; never as what is beside."""
    name = "-".join(map(safe_name, words))[:MAX_NAME_LENGTH].rstrip("-.")
    return f"scene-{name}" if _RESERVED_NAME.fullmatch(name.lower()) else name


def _combine(choices: Choices) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Each value of each key with all of the others: as settings, and by their keys."""
    for chosen in itertools.product(*(values for _, values in choices)):
        by_key = dict(zip((key for key, _ in choices), chosen, strict=True))
        yield [f"{key}={value}" for key, value in by_key.items()], by_key
