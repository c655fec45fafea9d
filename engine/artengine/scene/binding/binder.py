"""Nodes and signatures to values: every option found, checked and placed, every problem reported with its place.

A component is resolved by its name first, then its options are checked by a pydantic model made from its signature;
so there are no unions, and the messages stay plain.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from artengine.components import (
    ComponentFactory,
    ConfiguredComponent,
    Option,
    Registry,
    declared_options,
    is_record,
    kind_of,
    literal_values,
    media_of,
    union_members,
    with_article,
)
from artengine.errors import InputError, Problem, did_you_mean, listed, quoted
from artengine.kinds import Named
from artengine.media import MAX_MEGAPIXELS, Media, open_as
from artengine.scene.binding.models import options_model
from artengine.scene.binding.wording import expected_by_annotation, expected_by_pydantic, node_at, one_of
from artengine.scene.document import Entries, Faulty, Items, Mark, Node, Scalar, describe_node
from artengine.scene.motion import Extreme, Keyframes
from artengine.scene.seeds import Seed, parse_seed

_declared = functools.lru_cache(maxsize=256)(declared_options)  # of records: components remember theirs

_BAD = object()  # stands for a value whose problem has been reported


class Binder:
    """Binds one scene; keeps going after a problem, so that all of them are reported at once.

    folder: where the scene stands; photos are looked for there and below. photos: what a recipe knows of photos that
    are elsewhere, by the name they have in the scene.
    """

    def __init__(
        self,
        registry: Registry,
        folder: Path,
        *,
        photos: Mapping[str, Media] | None = None,
        max_megapixels: float = MAX_MEGAPIXELS,
        moving: Keyframes | None = None,
    ) -> None:
        self.registry = registry
        self.folder = folder
        self.photos: dict[str, Media] = dict(photos or {})
        self.given: dict[str, Media] = {}  # photos that the command line named, by its words for them
        self.max_megapixels = max_megapixels
        self.moving = moving or Keyframes()
        self.problems: list[Problem] = []

    def at(self, time: float | Extreme) -> Binder:
        """A binder for the same scene at another moment of its film, see `Keyframes`; it knows its photos already."""
        moved = Binder(
            self.registry,
            self.folder,
            photos=self.photos,
            max_megapixels=self.max_megapixels,
            moving=Keyframes(self.moving.film, time=time),
        )
        moved.given = self.given
        return moved

    def record(self, target: Callable[..., Any], node: Node, path: str) -> Any:
        """A dataclass filled from a mapping; None where there are problems."""
        values = self._options(_declared(target), node, path)
        if values is None:
            return None
        try:
            return target(**values)
        except ValueError as error:
            self._report(node.mark, path, str(error))
            return None

    def component(self, kind: str, node: Node, path: str, besides: Iterable[Any] = ()) -> ConfiguredComponent | None:
        """The component that a node names, with its options; None where there are problems."""
        name, mark, inner = self._name(kind, node, path)
        if name is None:
            return None
        try:
            component = self.registry.find(kind, name, [str(word) for word in besides])
            declared = component.options
        except LookupError as error:
            self._report(mark, path, str(error.args[0]))
            return None
        below = f"{path}.{name}"
        values = self._options(declared, inner, below, component.engines)
        return None if values is None else ConfiguredComponent(component, values, str(mark), below)

    def brought(self, trainer: ConfiguredComponent) -> ConfiguredComponent | None:
        """The network that comes with a trainer, if one does."""
        network = trainer.component.brings(trainer.options)
        if network is None:
            return None
        return replace(self._bind_default("network", network), where=trainer.where, path=trainer.path)

    def _name(self, kind: str, node: Node, path: str) -> tuple[str | None, Mark, Node]:
        match node:
            case Faulty():
                return None, node.mark, node
            case Scalar(value=str(name)):
                return name, node.mark, Entries(node.mark)
            case Entries() if len(node.entries) == 1:
                [(name, (mark, inner))] = node.entries.items()
                return name, mark, inner
            case Entries() if node.entries:
                names = list(node.entries)
                mark = list(node.entries.values())[1][0]
                hint = "keep one of them" if mark.line else f"--set {path}={names[1]} replaces what the scene has"
                self._report(mark, path, f"found {listed(map(quoted, names))}, expected one {kind}; {hint}")
            case _:
                self._report(
                    node.mark,
                    path,
                    f"found {describe_node(node)}, expected the name of {with_article(kind)}, or name: {{options}}",
                )
        return None, node.mark, node

    def _options(
        self, declared: tuple[Option, ...], node: Node, path: str, engines: tuple[str, ...] = ()
    ) -> dict[str, Any] | None:
        """Values for all options: what the scene says, checked, and defaults for the rest.

        engines: parameters that are not the scene's to set, for a hint to the author of a plugin.
        """
        before = len(self.problems)
        if isinstance(node, Scalar) and node.value is None:
            node = Entries(node.mark)
        if not isinstance(node, Entries):
            if not isinstance(node, Faulty):
                names = listed(option.name for option in declared) or "none"
                self._report(node.mark, path, f"found {describe_node(node)}, expected a mapping of options ({names})")
            return None
        by_name = {option.name: option for option in declared}
        given: dict[str, Any] = {}
        still = dict(node.entries)
        for name, (mark, value) in node.entries.items():
            step = name if name in by_name else quoted(name) if len(name) > 60 or not name.isidentifier() else name
            here = f"{path}.{step}" if path else step
            if name not in by_name:
                hint = f"; {name!r} stands before the * of its function" if name in engines else ""
                message = f"no such option{hint or did_you_mean(name, by_name)}"
                self._report(
                    mark, here, message if message[-1] == "?" else f"{message} (options: {listed(by_name) or 'none'})"
                )
                continue
            annotation = by_name[name].annotation
            value = self.moving.still(annotation, value, here, self.record, self._report)
            still[name] = (mark, value)
            given[name] = self._prepare(annotation, value, here)
        for option in declared:
            if option.required and option.name not in node.entries:
                self._report(
                    node.mark, path, f"{option.name!r} is missing; expected {expected_by_annotation(option.annotation)}"
                )
        good = {name: value for name, value in given.items() if value is not _BAD}
        checked = self._check(by_name, good, Entries(node.mark, still), path)
        if len(self.problems) > before or len(good) < len(given):
            return None
        return {
            option.name: checked[option.name] if option.name in checked else self._default(option)
            for option in declared
        }

    def _check(self, by_name: Mapping[str, Option], good: dict[str, Any], node: Entries, path: str) -> dict[str, Any]:
        """What pydantic says to the values, its complaints in our words and with their places."""
        model = options_model(tuple((name, by_name[name].annotation) for name in good))
        try:
            checked = model.model_validate(good)
        except ValidationError as error:
            seen: set[str] = set()
            for one in error.errors():
                place, at = node_at(node, one["loc"])
                below = ".".join([*([path] if path else []), *at])
                message = f"found {describe_node(place)}, expected {expected_by_pydantic(one, place)}"
                if below not in seen:  # the members of a union each complain; the first is the plainest
                    self._report(place.mark, below, message)
                seen.add(below)
            return {}
        return {name: getattr(checked, f"option_{number}") for number, name in enumerate(good)}

    def _default(self, option: Option) -> Any:
        return self._named(option.annotation, option.default)

    def _named(self, annotation: Any, default: Any) -> Any:
        """A default, with the components that it names bound.

        Raises `InputError` where a plugin's default names what is not there.
        """
        if isinstance(default, Named):
            for arm in union_members(annotation):
                if get_origin(arm) is list:
                    return [self._named(get_args(arm)[0], default)]
                kind, fresh = kind_of(arm)
                if kind:
                    bound = self._bind_default(kind, default)
                    return ComponentFactory(bound) if fresh else bound
        if isinstance(default, list):
            arms = [arm for arm in union_members(annotation) if get_origin(arm) is list]
            return [self._named(get_args(arms[0])[0] if arms else Any, item) for item in default]
        return default

    def _bind_default(self, kind: str, default: Named) -> ConfiguredComponent:
        try:
            component = self.registry.find(kind, default.name)
        except LookupError as error:
            raise InputError(f"a default needs the {kind} {default.name!r}: {error.args[0]}") from None
        chosen = dict(default.options)
        if unknown := chosen.keys() - {one.name for one in component.options}:
            raise InputError(
                f"a default sets {listed(sorted(unknown))}, which the {kind} {default.name!r} does not have"
            )
        values = {one.name: self._named(one.annotation, chosen.get(one.name, one.default)) for one in component.options}
        return ConfiguredComponent(component, values, "", default.name)

    def _prepare(self, annotation: Any, node: Node, path: str, besides: Iterable[Any] = ()) -> Any:
        """The node as what the annotation takes, components and photos bound; `_BAD` where that failed.

        besides: words that could have stood there too, for a message that suggests something.
        """
        if isinstance(node, Faulty):
            return _BAD
        if annotation == Seed:
            seed = parse_seed(node, path, self._report_in_full)
            return _BAD if seed is None else seed
        words = literal_values(annotation)
        if isinstance(node, Scalar):
            said = any(node.value == word and type(node.value) is type(word) for word in words)
            if said or (node.value is None and type(None) in union_members(annotation)):
                return node.value
        arms = [arm for arm in union_members(annotation) if arm is not type(None) and get_origin(arm) is not Literal]
        if words and not arms:
            return self._bad(node, path, f"found {describe_node(node)}, expected {one_of(words, node)}")
        if len(arms) != 1:
            return self._plain(node)
        return self._value(arms[0], node, path, [*besides, *words])

    def _value(self, annotation: Any, node: Node, path: str, words: list[Any]) -> Any:
        kind, fresh = kind_of(annotation)
        if kind:
            bound = self.component(kind, node, path, words)
            return _BAD if bound is None else ComponentFactory(bound) if fresh else bound
        if media := media_of(annotation):
            return self._media(annotation, media, node, path)
        if is_record(annotation):
            record = self.record(annotation, node, path)
            return _BAD if record is None else record
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is list:
            items = node.items if isinstance(node, Items) else (node,)
            places = [f"{path}.{i}" if isinstance(node, Items) else path for i in range(len(items))]
            values = [
                self._prepare(arguments[0], item, place, words) for item, place in zip(items, places, strict=True)
            ]
            return _BAD if _BAD in values else values
        if origin is tuple and Ellipsis in arguments:
            return tuple(self._plain(item) for item in (node.items if isinstance(node, Items) else (node,)))
        if origin is tuple:
            if isinstance(node, Items) and len(node.items) == len(arguments):
                return tuple(self._plain(item) for item in node.items)
            message = f"found {describe_node(node)}, expected a list of {len(arguments)} numbers"
            return self._bad(node, path, message)
        return self._plain(node)

    def _plain(self, node: Node) -> Any:
        match node:
            case Scalar():
                return node.value
            case Items():
                return [self._plain(item) for item in node.items]
            case Entries():
                return {key: self._plain(value) for key, (_, value) in node.entries.items()}
        return _BAD

    def _media(self, annotation: type[Media], word: str, node: Node, path: str) -> Any:
        """The file that a node names: below the scene's folder, or wherever the person at the keyboard says."""
        if not (isinstance(node, Scalar) and isinstance(node.value, str) and node.value):
            return self._bad(node, path, f"found {describe_node(node)}, expected the path of a {word}")
        from_scene = bool(node.mark.line)
        known = self.photos if from_scene else self.given
        if node.value not in known:
            try:
                place = self._locate(node.value, word, from_scene=from_scene)
                known[node.value] = open_as(annotation, place, node.value, self.max_megapixels)
            except ValueError as error:
                return self._bad(node, path, str(error))
        if not isinstance(known[node.value], annotation):
            return self._bad(node, path, f"found {describe_node(node)}, which is no {word}")
        return known[node.value]

    def _locate(self, name: str, word: str, *, from_scene: bool) -> Path:
        if "\0" in name:
            raise ValueError(f"found a NUL in a path, expected the path of a {word}")
        try:
            if not from_scene:
                return Path(name).expanduser()
            folder = self.folder.resolve()
            place = (folder / name).resolve()
        except (OSError, RuntimeError) as error:  # links in a circle, the home of nobody
            raise ValueError(f"found {quoted(name)}, which leads nowhere: {error}") from None
        if not place.is_relative_to(folder):
            hint = "put it beside the scene, or name it yourself with --set"
            raise ValueError(f"found {quoted(name)}, which lies outside the scene's folder; {hint}")
        return place

    def _bad(self, node: Node, path: str, message: str) -> Any:
        self._report(node.mark, path, message)
        return _BAD

    def _report_in_full(self, mark: Mark, path: str, message: str) -> None:
        self.problems.append(Problem(str(mark), path, message))

    def _report(self, mark: Mark, path: str, message: str) -> None:
        where = str(mark)
        # an option of the command line names its place already
        named = not mark.line and where.startswith("--set ") and where.removeprefix("--set ").startswith(f"{path}=")
        self.problems.append(Problem(where, "" if named else path, message))
