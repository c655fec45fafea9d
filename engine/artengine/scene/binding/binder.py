"""Nodes and signatures to values: every option found, checked and placed, every problem reported with its place.

A component is resolved by its name first, then its options are checked by a pydantic model made from its signature;
so no union has two components or records in it, and the messages stay plain.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args, get_origin

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
from artengine.errors import Problem, did_you_mean, listed, quoted
from artengine.media import Media
from artengine.scene.binding.defaults import bind_default, default_value
from artengine.scene.binding.models import options_model
from artengine.scene.binding.scene_files import SceneFiles
from artengine.scene.binding.wording import complaints, expected_by_annotation, one_of
from artengine.scene.document import Entries, Faulty, Items, Mark, Node, Scalar, describe_node
from artengine.scene.motion import Extreme, Film, Keyframes
from artengine.scene.seeds import Seed, parse_seed

T = TypeVar("T")

_declared = functools.lru_cache(maxsize=256)(declared_options)  # of records: components remember theirs

_FAULTY = object()  # stands for a value whose problem has been reported


class Binder:
    """Binds one scene; keeps going after a problem, so that all of them are reported at once.

    files: what the scene names besides its text. keyframes: what moves in it, and the moment at which it is bound.
    """

    def __init__(self, registry: Registry, files: SceneFiles, *, keyframes: Keyframes | None = None) -> None:
        self.registry = registry
        self.files = files
        self.keyframes = keyframes or Keyframes()
        self._problems: list[Problem] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those that have been reported so far."""
        return tuple(self._problems)

    def report(self, *problems: Problem) -> None:
        """Collect problems, in the order in which they are found."""
        self._problems += problems

    def report_at(self, mark: Mark, path: str, message: str) -> None:
        """Collect a problem of a node."""
        self.report(Problem(str(mark), path, message))

    def at(self, time: float | Extreme) -> Binder:
        """A binder for the same scene, with the same files, at another moment of its film, see `Keyframes`."""
        return Binder(self.registry, self.files, keyframes=Keyframes(self.keyframes.film, time=time))

    def fork(self, files: SceneFiles) -> Binder:
        """A binder for another scene, which is a part of this one."""
        return Binder(self.registry, files)

    def adopt(self, other: Binder) -> None:
        """Take the problems and the files of a binder that came from this one."""
        self.report(*other.problems)
        self.files.adopt(other.files)

    def film(self, node: Node, path: str) -> None:
        """Bind a scene's film; before all else, since the keys of what moves are measured by it."""
        self.keyframes.film = self.record(Film, node, path)
        self.keyframes.faulty = self.keyframes.film is None

    def record(self, target: Callable[..., T], node: Node, path: str) -> T | None:
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

    def network_of(self, trainer: ConfiguredComponent) -> ConfiguredComponent | None:
        """The network that comes with a trainer, if one does."""
        network = trainer.component.brings(trainer.options)
        if network is None:
            return None
        return replace(bind_default(self.registry, "network", network), where=trainer.where, path=trainer.path)

    def source_of(self, trainer: ConfiguredComponent, network: ConfiguredComponent) -> ConfiguredComponent | None:
        """The source that comes with a trainer, if one does."""
        coordinates = trainer.component.declares.coordinates
        if coordinates is None:
            return None
        try:
            named = coordinates(trainer.options, network)
        except ValueError as error:
            self.report(Problem(network.where, network.path, str(error)))
            return None
        return replace(bind_default(self.registry, "source", named), where=trainer.where, path=trainer.path)

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
                word = mark.origin.partition(" ")[0]  # of the command line, or of Python
                hint = "keep one of them" if mark.line else f"{word} {path}={names[1]} replaces what the scene has"
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
        before = len(self._problems)
        if isinstance(node, Scalar) and node.value is None:
            node = Entries(node.mark)
        if not isinstance(node, Entries):
            if not isinstance(node, Faulty):
                names = listed(option.name for option in declared) or "none"
                self._report(node.mark, path, f"found {describe_node(node)}, expected a mapping of options ({names})")
            return None
        by_name = {option.name: option for option in declared}
        values: dict[str, Any] = {}
        entries = dict(node.entries)
        for name, (mark, value) in node.entries.items():
            if name not in by_name:
                self._report_unknown(name, mark, path, by_name, engines)
                continue
            here = f"{path}.{name}" if path else name
            annotation = by_name[name].annotation
            value = self.keyframes.hold_still(annotation, value, here, self.record, self._report)
            entries[name] = (mark, value)
            values[name] = self._prepare(annotation, value, here)
        for option in declared:
            if option.required and option.name not in node.entries:
                missing = f"{option.name!r} is missing; expected {expected_by_annotation(option.annotation)}"
                self._report(node.mark, path, missing)
        good = {name: value for name, value in values.items() if value is not _FAULTY}
        checked = self._check(by_name, good, Entries(node.mark, entries), path)
        if len(self._problems) > before or len(good) < len(values):
            return None
        return {
            option.name: checked[option.name]
            if option.name in checked
            else default_value(self.registry, option.annotation, option.default)
            for option in declared
        }

    def _report_unknown(
        self, name: str, mark: Mark, path: str, by_name: Mapping[str, Option], engines: tuple[str, ...]
    ) -> None:
        step = quoted(name) if len(name) > 60 or not name.isidentifier() else name
        hint = f"; {name!r} stands before the * of its function" if name in engines else did_you_mean(name, by_name)
        message = f"no such option{hint}"
        if message[-1] != "?":
            message += f" (options: {listed(by_name) or 'none'})"
        self._report(mark, f"{path}.{step}" if path else step, message)

    def _check(self, by_name: Mapping[str, Option], good: dict[str, Any], node: Entries, path: str) -> dict[str, Any]:
        """What pydantic says to the values, its complaints in our words and with their places."""
        model = options_model(tuple((name, by_name[name].annotation) for name in good))
        try:
            checked = model.model_validate(good)
        except ValidationError as error:
            for place, at, message in complaints(error.errors(), node):
                self._report(place.mark, ".".join([*([path] if path else []), *at]), message)
            return {}
        return {name: getattr(checked, f"option_{number}") for number, name in enumerate(good)}

    def _prepare(self, annotation: Any, node: Node, path: str, besides: Iterable[Any] = ()) -> Any:
        """The node as what the annotation takes, components and photos bound; `_FAULTY` where that failed.

        besides: words that could have stood there too, for a message that suggests something.
        """
        if isinstance(node, Faulty):
            return _FAULTY
        if annotation == Seed:
            seed = parse_seed(node, path, self.report_at)
            return _FAULTY if seed is None else seed
        words = literal_values(annotation)
        if isinstance(node, Scalar):
            is_word = any(node.value == word and type(node.value) is type(word) for word in words)
            if is_word or (node.value is None and type(None) in union_members(annotation)):
                return node.value
        arms = [arm for arm in union_members(annotation) if arm is not type(None) and get_origin(arm) is not Literal]
        if words and not arms:
            return self._refuse(node, path, f"found {describe_node(node)}, expected {one_of(words, node)}")
        if len(arms) > 1 and isinstance(node, Entries):  # only a record is filled from one
            arms = [arm for arm in arms if is_record(arm)][:1]
        if len(arms) != 1:
            return self._plain(node)
        return self._value(arms[0], node, path, [*besides, *words])

    def _value(self, annotation: Any, node: Node, path: str, words: list[Any]) -> Any:
        kind, fresh = kind_of(annotation)
        if kind:
            bound = self.component(kind, node, path, words)
            return _FAULTY if bound is None else ComponentFactory(bound) if fresh else bound
        if media := media_of(annotation):
            return self._media(annotation, media, node, path)
        if is_record(annotation):
            record = self.record(annotation, node, path)
            return _FAULTY if record is None else record
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is list:
            items = node.items if isinstance(node, Items) else (node,)
            places = [f"{path}.{i}" if isinstance(node, Items) else path for i in range(len(items))]
            values = [
                self._prepare(arguments[0], item, place, words) for item, place in zip(items, places, strict=True)
            ]
            return _FAULTY if _FAULTY in values else values
        if origin is tuple and Ellipsis in arguments:
            return tuple(self._plain(item) for item in (node.items if isinstance(node, Items) else (node,)))
        if origin is tuple:
            if isinstance(node, Items) and len(node.items) == len(arguments):
                return tuple(self._plain(item) for item in node.items)
            message = f"found {describe_node(node)}, expected a list of {len(arguments)} numbers"
            return self._refuse(node, path, message)
        return self._plain(node)

    def _plain(self, node: Node) -> Any:
        match node:
            case Scalar():
                return node.value
            case Items():
                return [self._plain(item) for item in node.items]
            case Entries():
                return {key: self._plain(value) for key, (_, value) in node.entries.items()}
        return _FAULTY

    def _media(self, annotation: type[Media], word: str, node: Node, path: str) -> Any:
        """The file that a node names."""
        if not (isinstance(node, Scalar) and isinstance(node.value, str) and node.value):
            return self._refuse(node, path, f"found {describe_node(node)}, expected the path of a {word}")
        try:
            media = self.files.open(annotation, node.value, from_text=bool(node.mark.line))
        except ValueError as error:
            return self._refuse(node, path, str(error))
        if not isinstance(media, annotation):
            return self._refuse(node, path, f"found {describe_node(node)}, which is no {word}")
        return media

    def _refuse(self, node: Node, path: str, message: str) -> Any:
        self._report(node.mark, path, message)
        return _FAULTY

    def _report(self, mark: Mark, path: str, message: str) -> None:
        where = str(mark)
        # a setting from outside names its place already
        named = not mark.line and where.partition(" ")[2].startswith(f"{path}=")
        self.report_at(mark, "" if named else path, message)
