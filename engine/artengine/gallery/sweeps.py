"""Many pictures of one scene: the product of seeds and settings, each with a name that says what differs."""

from __future__ import annotations

import itertools
import math
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import yaml

from artengine.errors import InputError, Problem, quoted
from artengine.media import MAX_MEGAPIXELS
from artengine.scene import SEED_LIMIT, Montage, Plain, Scene, load_work, seed_to_plain

MAX_ITEMS = 1_000_000  # more is a slip of the finger
MAX_STEPS = 10_000  # of one setting
MAX_TRIED = 1000  # settings together, before anything is made: a few seconds
MAX_NAME = 120  # characters; a file's name may have 255 on most systems, with what its output and a temporary add

_WHOLE = re.compile(r"[0-9]{1,10}")
_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_BESIDE = re.compile(r"contact-sheet(-[0-9]+)?|trials")  # what `sheet` and `standings` call their files
_SPAN = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:\.\.({_NUMBER}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One of many pictures: its scene, what its files are called, and what differs from the others.

    seed, settings: as a scene writes them, on one line. command: makes the picture again.
    """

    scene: Scene
    name: str
    seed: str
    settings: Mapping[str, str]
    command: str


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The seeds and settings of many pictures of one scene.

    seeds: numbers, or grown ones as a scene writes them; None for the scene's own. settings: texts as ``--set`` has
    them, with several values between commas or a range; the last one changes first. size, plugins, max_megapixels: see
    `load_work`. device, metadata: as the pictures will be made, for the commands that make them again.
    """

    path: Path
    seeds: Sequence[int | str] | None = None
    settings: Sequence[str] = ()
    size: tuple[int, int] | None = None
    plugins: Sequence[str] = ()
    max_megapixels: float = MAX_MEGAPIXELS
    device: str = "auto"
    metadata: bool = True

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
        tried: list[tuple[list[str], int | str | None]] = []
        for index, (key, values) in enumerate(choices if together > MAX_TRIED else []):
            others = [f"{other}={known[0]}" for other, known in choices]
            tried += [([*others[:index], f"{key}={value}", *others[index + 1 :]], None) for value in values]
        if together <= MAX_TRIED:
            tried += [(settings, None) for settings, _ in _combined(choices)]
        settings = [f"{key}={values[0]}" for key, values in choices]
        tried += [(settings, seed) for seed in self.seeds or () if isinstance(seed, str)]
        problems: list[Problem] = []
        for settings, seed in tried:
            try:
                self._load(settings, seed)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(dict.fromkeys(problems))
        return number

    def variations(self) -> Iterator[Variation]:
        """The pictures one by one: seed by seed, and for each one all settings."""
        choices = self._choices()
        varied = [key for key, values in choices if len(values) > 1]
        short = _short(varied)
        several = self.seeds is not None and len(self.seeds) > 1
        names: set[str] = set()
        for seed in self.seeds if self.seeds is not None else [None]:
            for settings, chosen in _combined(choices):
                differs = {key: value for key, value in chosen.items() if key in varied}
                scene = self._load(settings, seed)
                words = [self.path.stem, *(["seed", str(seed)] if several else [])]
                for key, value in differs.items():
                    words += [short[key], value]
                name = _unlike(_name(words), names)
                names.add(name.lower())
                yield Variation(
                    scene=replace(scene, name=name),
                    name=name,
                    seed=one_line(seed_to_plain(scene.lineage)),
                    settings=differs,
                    command=self._command(settings, seed),
                )

    def _choices(self) -> list[tuple[str, list[str]]]:
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

    def _command(self, settings: Sequence[str], seed: int | str | None) -> str:
        words = ["artengine", "run", as_argument(self.path)]
        words += ["--seed", str(seed)] if isinstance(seed, int) else []
        words += [] if self.size is None else ["--size", f"{self.size[0]}x{self.size[1]}"]
        words += [word for setting in settings for word in ("--set", setting)]
        words += ["--set", f"seed={seed}"] if isinstance(seed, str) else []
        return shlex.join([*words, *repeat_options(self.plugins, self.max_megapixels, self.device, self.metadata)])


def parse_seeds(text: str) -> list[int | str]:
    """The seeds in a text such as ``3,7,10..19``, both ends of a range taken; grown ones, ``{mutate: 3}``, as they are.

    Raises `ValueError` saying what was expected.
    """
    seeds: dict[int | str, None] = {}
    for part in _split(text):
        if part.startswith("{"):
            seeds[part] = None
            continue
        first, dots, last = part.partition("..")
        ends = [first, last] if dots else [first, first]
        if not all(_WHOLE.fullmatch(end) and int(end) < SEED_LIMIT for end in ends):
            raise ValueError(f"found {quoted(part)}, expected seeds such as 7 or 0..99")
        low, high = map(int, ends)
        if low > high or high - low >= MAX_ITEMS - len(seeds):
            raise ValueError(f"found {quoted(part)}, expected a rising range, and at most {MAX_ITEMS:,} seeds")
        seeds |= dict.fromkeys(range(low, high + 1))
    return list(seeds)


def parse_values(text: str) -> list[str]:
    """The values in a text: between commas that stand in no bracket and no quotes; ``0..9`` and ``0..1..0.25`` count.

    Raises `ValueError` for a range without end, and for nothing between two commas.
    """
    values: list[str] = []
    parts = _split(text)
    for part in parts:
        if not part and len(parts) > 1:
            raise ValueError("found nothing before or after a comma, expected a value; null is none")
        span = _SPAN.fullmatch(part)
        if span:
            values += _counted(*span.groups())
        else:
            values.append(part)
    return list(dict.fromkeys(values))


def one_line(value: Plain) -> str:
    """Plain data as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True, sort_keys=False)
    return str(text).removesuffix("...\n").strip()


def repeat_options(plugins: Sequence[str], max_megapixels: float, device: str, metadata: bool) -> list[str]:
    """The options of a command that makes a picture in the way in which the gallery was made."""
    words = [word for plugin in plugins for word in ("-p", plugin)]
    words += [] if max_megapixels == MAX_MEGAPIXELS else ["--max-megapixels", repr(max_megapixels)]
    words += [] if device == "auto" else ["--device", device]
    return words if metadata else [*words, "--no-metadata"]


def as_argument(path: Path) -> str:
    """A path as a command takes it: one that begins with a dash would be an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def safe_name(word: str) -> str:
    """A word as a part of a file's name, on any system."""
    kept = re.sub(r"[^A-Za-z0-9.+_-]+", "-", word)[:MAX_NAME].strip("-.")[:40]
    return kept.rstrip("-.") or "x"


def _name(words: Sequence[str]) -> str:
    """What the files of a picture are called, by the words that tell it from the others; never as what is beside."""
    name = "-".join(map(safe_name, words))[:MAX_NAME].rstrip("-.")
    return f"scene-{name}" if _BESIDE.fullmatch(name.lower()) else name


def _unlike(name: str, names: Collection[str]) -> str:
    """The name with a number that makes it another one than these, on systems too that take A for a."""
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    return next(one for one in (name + number for number in numbers) if one.lower() not in names)


def _combined(choices: Sequence[tuple[str, Sequence[str]]]) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Each value of each key with all of the others: as settings, and by their keys."""
    for chosen in itertools.product(*(values for _, values in choices)):
        by_key = dict(zip((key for key, _ in choices), chosen, strict=True))
        yield [f"{key}={value}" for key, value in by_key.items()], by_key


def _counted(first: str, last: str, step: str | None) -> list[str]:
    low, high, by = Decimal(first), Decimal(last), Decimal(step or 1)
    if by == 0 or (high - low) / by < 0 or (high - low) / by >= MAX_STEPS:
        raise ValueError(f"found {first}..{last}{f'..{step}' if step else ''}, expected a range of 1 to {MAX_STEPS:,}")
    return [_written(low + by * index) for index in range(int((high - low) / by) + 1)]


def _written(number: Decimal) -> str:
    """0.1 and 2, not 0.10 and 2E+0."""
    short = (number + 0).normalize()  # there is a -0
    return f"{short:f}" if -20 < short.adjusted() < 20 else f"{short:e}"


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no bracket and no quotes; an apostrophe in a word is no quote."""
    parts, depth, at = [""], 0, 0
    while at < len(text):
        sign = text[at]
        before = parts[-1].rstrip()
        found = _QUOTED.match(text, at) if not before or before[-1] in "[{,:" else None
        if found:
            sign = found[0]
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        at += len(sign)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _short(keys: Sequence[str]) -> dict[str, str]:
    """As much of the end of each key as tells it from the others."""
    short = {}
    for key in keys:
        steps = key.split(".")
        ends = [".".join(steps[-count:]) for count in range(1, len(steps) + 1)]
        others = [f".{other}" for other in keys if other != key]
        short[key] = next((end for end in ends if not any(other.endswith(f".{end}") for other in others)), key)
    return short
