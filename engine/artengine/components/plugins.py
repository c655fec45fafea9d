"""Find, load, isolate and block plugins; remember the broken ones and why.

Plugins come from installed packages (entry points in the group ``artengine``) and from files named by the user.
A bundled plugin that is broken raises; a third-party one is set aside, and the rest goes on.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from artengine import hookspecs
from artengine.errors import InputError, did_you_mean, listed, quoted
from artengine.kinds import KINDS, PLURALS

MAX_BYTES = 8 << 20
_FILE_MODULE = "artengine_file_"  # how the modules of plugins in files are called

#: The group of entry points that plugins are found by.
GROUP = "artengine"

HOOKS: Mapping[str, str] = {kind: f"register_{PLURALS[kind]}" for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that works.

    name: what ``-p no:NAME`` calls it. origin: distribution and version, or the file. version: the distribution's, or
    the first characters of the file's sha256. offers: per kind, its components by name.
    """

    name: str
    origin: str
    version: str
    bundled: bool
    offers: Mapping[str, Mapping[str, Callable[..., Any]]]


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that was set aside, and why."""

    name: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found: plugins in load order, broken ones, and names that the user blocked."""

    loaded: tuple[Plugin, ...]
    broken: tuple[BrokenPlugin, ...]
    blocked: tuple[str, ...]


class _UnusableError(Exception):
    """Why a plugin cannot be used, in one line."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    origin: str
    version: str
    bundled: bool
    load: Callable[[], object]


def load_plugins(words: Sequence[str] = ()) -> Plugins:
    """Every installed plugin and the ones the user names: ``FILE.py`` adds one, ``no:NAME`` leaves one out.

    Raises `InputError` where a file that the user named cannot be used or a name to leave out is unknown.
    """
    installed = list(_installed())
    blocked = tuple(dict.fromkeys(word.removeprefix("no:") for word in words if word.startswith("no:")))
    known = [candidate.name for candidate in installed]
    for name in blocked:
        if name not in known:
            raise InputError(f"-p no:{name}: no such plugin{did_you_mean(name, known)} (installed: {listed(known)})")
    paths = [Path(word) for word in words if not word.startswith("no:")]
    files = [_from_file(path) for path in {_resolve(path): path for path in paths}.values()]

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    loaded: list[Plugin] = []
    broken: list[BrokenPlugin] = []
    for candidate in [*(one for one in installed if one.name not in blocked), *files]:
        try:
            loaded.append(_plugin(manager, candidate))
        except _UnusableError as error:
            if candidate in files:
                raise InputError(f"-p {candidate.origin}: {error}") from error.__cause__
            if candidate.bundled:
                raise RuntimeError(f"the bundled plugin {candidate.name!r} is broken: {error}") from error.__cause__
            broken.append(BrokenPlugin(candidate.name, candidate.origin, str(error)))
    return Plugins(tuple(loaded), tuple(broken), blocked)


def _installed() -> list[_Candidate]:
    points = importlib.metadata.entry_points(group=GROUP)
    candidates = []
    for point in sorted(points, key=lambda point: (_distribution(point) != GROUP, point.name)):
        version = point.dist.version if point.dist else "?"
        name = _distribution(point)
        candidates.append(_Candidate(point.name, f"{name} {version}", version, name == GROUP, point.load))
    return candidates


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    return point.dist.name if point.dist else "?"


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle, a folder that is gone
        raise InputError(f"-p {path}: leads nowhere: {error}") from None


def _from_file(path: Path) -> _Candidate:
    hint = "expected a .py file, or no:NAME to leave a plugin out"
    if path.suffix != ".py" or not path.name.isprintable():
        shown = str(path) if str(path).isprintable() else quoted(str(path), 200)
        raise InputError(f"-p {shown}: found no Python file, {hint}")
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"-p {path}: found no file, {hint}")
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"-p {path}: {error.strerror or error}") from None
    if len(source) > MAX_BYTES:
        raise InputError(f"-p {path}: found more than {MAX_BYTES >> 20} MB, expected a plugin of one file")
    digest = hashlib.sha256(source).hexdigest()
    load = functools.partial(_execute, path, source, digest)
    return _Candidate(path.name, str(path), f"sha256:{digest[:16]}", bundled=False, load=load)


def _execute(path: Path, source: bytes, digest: str) -> ModuleType:
    """The module that these bytes make: what runs is what the digest stands for, and no cache of an earlier file."""
    name = f"{_FILE_MODULE}{digest[:16]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # annotations of the file's options are looked up there
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 - the user named the file
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _plugin(manager: pluggy.PluginManager, candidate: _Candidate) -> Plugin:
    """Load, register and ask every hook of one plugin.

    Raises `_UnusableError` for whatever goes wrong with it: third-party code may raise anything.
    """
    if earlier := manager.get_plugin(candidate.name):
        place = getattr(earlier, "__file__", None) or repr(earlier)
        raise _UnusableError(f"another plugin is called {candidate.name!r} already ({place}); rename one of them")
    try:
        module = candidate.load()
        _check_hooks(module)
        manager.register(module, name=candidate.name)
    except _UnusableError:
        raise
    except (Exception, SystemExit) as error:
        raise _UnusableError(_describe_error(error)) from error
    offers = {kind: _offer(manager, module, kind) for kind in KINDS}
    if not any(offers.values()):
        hint = f"decorate a function with @hookimpl and name it one of {', '.join(HOOKS.values())}"
        raise _UnusableError(f"it offers nothing; {hint}")
    return Plugin(candidate.name, candidate.origin, candidate.version, candidate.bundled, offers)


def _check_hooks(module: object) -> None:
    for name, member in vars(module).items():
        if not (inspect.isroutine(member) and hasattr(member, f"{hookspecs.PROJECT}_impl")):
            continue
        if name not in HOOKS.values():
            raise _UnusableError(
                f"{name}: no such hook{did_you_mean(name, HOOKS.values())} (hooks: {', '.join(HOOKS.values())})"
            )
        if needed := [one.name for one in inspect.signature(member).parameters.values() if one.default is one.empty]:
            raise _UnusableError(f"{name}: asks for {', '.join(needed)}, expected a function without arguments")


def _offer(manager: pluggy.PluginManager, module: object, kind: str) -> dict[str, Callable[..., Any]]:
    offer: dict[str, Callable[..., Any]] = {}
    for implementation in getattr(manager.hook, HOOKS[kind]).get_hookimpls():
        if implementation.plugin is not module:
            continue
        try:
            offered = implementation.function()
        except (Exception, SystemExit) as error:
            raise _UnusableError(f"{HOOKS[kind]}: {_describe_error(error)}") from error
        if not isinstance(offered, Mapping):
            raise _UnusableError(f"{HOOKS[kind]}: gave a {type(offered).__name__}, expected {{name: callable}}")
        for name, component in offered.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise _UnusableError(
                    f"{HOOKS[kind]}: found the name {name!r}, expected letters, digits and underscores"
                )
            if not callable(component):
                raise _UnusableError(f"{HOOKS[kind]}: {name} is a {type(component).__name__}, expected a callable")
            if kind == "dataset" and not constructs(component):
                raise _UnusableError(f"{HOOKS[kind]}: {name} is a {type(component).__name__}, expected a class")
            offer[name] = component
    return offer


def constructs(call: Callable[..., Any]) -> bool:
    """Whether a call makes the component: it is a class, or a class with some of its options set."""
    while isinstance(call, functools.partial):
        call = call.func
    return isinstance(call, type)


def format_plugin_error(error: BaseException) -> str | None:
    """What went wrong in a plugin of one file while it was used: the way from its code on, and the error in a line.

    None where no such plugin was at work.
    """
    files = {str(module.__file__) for name, module in list(sys.modules.items()) if name.startswith(_FILE_MODULE)}
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename not in files:
        trace = trace.tb_next
    if trace is None:
        return None
    name, line = Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno
    return "".join(traceback.format_tb(trace)) + f"plugin {name}: {_name_and_message(error)} ({name}:{line})"


def _describe_error(error: BaseException) -> str:
    """The error in one line, with the line of the plugin's own code where it arose."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"SyntaxError: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    return _name_and_message(error) + _place(error)


def _name_and_message(error: BaseException) -> str:
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def _place(error: BaseException) -> str:
    """`` (file.py:12)``: the innermost line of the plugin, which may have called a library's code from there."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    strange = [(path, line) for path, line in frames if path != Path(__file__) and not _imports(path)]
    if not strange:
        return ""
    first = strange[0][0]
    root = first.parent if first.name == "__init__.py" else first
    path, line = [(path, line) for path, line in strange if path.is_relative_to(root)][-1]
    return f" ({path.name}:{line})"


def _imports(path: Path) -> bool:
    return "importlib" in path.parts or path.name.startswith("<frozen")


def version_of(distribution: str) -> str:
    """The version of an installed distribution, without importing it."""
    return importlib.metadata.version(distribution)


def is_installed(distribution: str) -> bool:
    """Whether a distribution is installed, without importing it."""
    try:
        return bool(version_of(distribution))
    except importlib.metadata.PackageNotFoundError:
        return False
