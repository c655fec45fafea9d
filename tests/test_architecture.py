"""The house as its folders show it: which room may know which, and what comes at which price."""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from tests.support.common import ROOT

import artengine

ENGINE = ROOT / "engine" / "artengine"
PLUGINS = ROOT / "plugins"
PACKAGES = sorted(path.parent.name for path in PLUGINS.glob("*/__init__.py"))
SOURCES = sorted([*ENGINE.rglob("*.py"), *PLUGINS.rglob("*.py")])
#: Every folder of engine and plugins that holds modules, by its dotted name.
FOLDERS = {
    ".".join(path.parent.relative_to(base).parts): path.parent
    for base in (ENGINE.parent, PLUGINS)
    for path in sorted(base.rglob("__init__.py"))
}
MAX_MODULES = 12  # of a folder, besides its __init__
MAX_LINES = 320  # of a file
#: What --help, check, list and shell completion need: it has to be there at once, so without torch.
INSTANT = ("files", "media", "components", "scene", "workers", "charts", "cli")
every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
every_plugin = pytest.mark.parametrize("package", PACKAGES)
every_folder = pytest.mark.parametrize("folder", FOLDERS)


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def dotted(path: Path) -> str:
    """The dotted name of a module, or of a folder for its ``__init__``."""
    base = ENGINE.parent if path.is_relative_to(ENGINE.parent) else PLUGINS
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports(path: Path) -> tuple[tuple[str, str], ...]:
    """The modules that a file imports from, anywhere and for types too, each with the name that it takes, or ""."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += ((name.name, "") for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            found += ((str(node.module), name.name) for name in node.names)
    return tuple(found)


@functools.cache
def handed_out(folder: Path) -> set[str]:
    """The names that others may take from a folder: those of its ``__init__``."""
    stub = folder / "__init__.pyi"
    nodes = ast.walk(tree(stub if stub.exists() else folder / "__init__.py"))
    return {name.asname or name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}


def passed_on(folder: Path, room: str) -> set[str]:
    """The names that a folder hands out of a room in it."""
    stub = folder / "__init__.pyi"
    nodes = ast.walk(tree(stub)) if stub.exists() else ()
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == room]
    return {name.name for node in froms for name in node.names}


def is_ours(name: str) -> bool:
    return name.split(".")[0] in ("artengine", *PACKAGES)


def target(module: str, name: str) -> str:
    """The module that an import is about: ``from artengine.making import recipe`` is about recipe."""
    inner = f"{module}.{name}"
    parent = FOLDERS.get(module)
    return inner if inner in FOLDERS or (parent and name and (parent / f"{name}.py").exists()) else module


def room_seen_from(importer: str, module: str) -> tuple[str, str]:
    """The two rooms that an import is between: those that part below the folder that both stand in.

    The room is the module itself where it stands in that folder.
    """
    one, other = importer.split("."), module.split(".")
    if one[0] != other[0]:  # a plugin and the engine: its doors are those that its own rooms see
        return one[0], ".".join(other[:2])
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return ".".join(one[: shared + 1]), ".".join(other[: shared + 1])


def trespasses(path: Path) -> list[str]:
    """Imports that reach past what a room hands out."""
    found = []
    here = dotted(path)
    for module, name in imports(path):
        about = target(module, name)
        room = room_seen_from(here, about)[1]
        if not is_ours(module) or room not in FOLDERS or room == here.rpartition(".")[0]:
            continue
        if about not in (room, f"{room}.{name}") or (name and name not in handed_out(FOLDERS[room])):
            found.append(f"{path}: takes {name or module} from {module}, which {room} does not hand out")
    return found


@functools.cache
def arrows(paths: tuple[Path, ...]) -> dict[str, dict[str, set[str]]]:
    """Who knows whom, folder by folder: the rooms and modules that stand in each, and which of them these import."""
    graphs: dict[str, dict[str, set[str]]] = {}
    for path in paths:
        here = dotted(path)
        if path.name == "__init__.py":
            continue
        for module, name in imports(path):
            if is_ours(module) and (about := target(module, name)) != here:
                one, other = room_seen_from(here, about)
                if one.split(".")[0] != other.split(".")[0]:
                    continue
                folder = one.rpartition(".")[0]
                graphs.setdefault(folder, {}).setdefault(one, set()).add(other)
    return graphs


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle of imports, or nothing."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def entry_points() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points: dict[str, str] = project["entry-points"]["artengine"]
    return points


@every_source
def test_what_stands_in_another_room_is_taken_from_its_door(path: Path) -> None:
    assert trespasses(path) == []


@every_folder
def test_imports_between_the_rooms_of_a_folder_go_one_way(folder: str) -> None:
    assert circle(arrows(tuple(SOURCES)).get(folder, {})) == []


def own_doors(path: Path) -> list[str]:
    """Names that a module takes from the door of a folder that it stands in: that is a way round every other check."""
    here = dotted(path)
    around = [name for name in FOLDERS if here.startswith(f"{name}.")]
    return [name for module, name in imports(path) if target(module, name) in around]


def test_nothing_in_a_room_comes_in_by_its_own_door() -> None:
    assert {path: names for path in SOURCES if (names := own_doors(path))} == {}


def drawn() -> set[tuple[str, str]]:
    """The arrows between rooms in the picture of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    (picture,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    lines = [line.split("-->") for line in picture.splitlines() if "-->" in line]
    return {(above.strip(), below.strip()) for above, many in lines for below in many.split("&")}


def below(graph: Mapping[str, set[str]], room: str) -> set[str]:
    """All rooms that a room knows, directly or through others."""
    return graph[room].union(*(below(graph, other) for other in graph[room]))


def test_the_rooms_are_drawn_as_they_are() -> None:
    graph: dict[str, set[str]] = {"words": set()}
    for module, others in arrows(tuple(SOURCES))["artengine"].items():
        if module in FOLDERS:
            known = {other.split(".")[1] if other in FOLDERS else "words" for other in others if other != "artengine"}
            graph[module.split(".")[1]] = known
    needed = {
        (room, other)
        for room, others in graph.items()
        for other in others
        if not any(other in below(graph, between) for between in others - {other})
    }
    assert drawn() == needed


@every_folder
def test_a_folder_is_a_table_of_contents(folder: str) -> None:
    path = FOLDERS[folder]
    modules = [one.stem for one in path.glob("*.py") if one.stem != "__init__"]
    assert len(modules) <= MAX_MODULES, f"{folder} holds {len(modules)} modules: find the rooms in it"
    docstring = ast.get_docstring(tree(path / "__init__.py"))
    assert docstring, f"{folder}: a sentence says what it is for"
    assert len(docstring.splitlines()) == 1, f"{folder}: one sentence, on one line"


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}, "find the parts in them"


@every_folder
def test_what_a_folder_hands_out_is_there_and_wanted(folder: str) -> None:
    if not (FOLDERS[folder] / "__init__.pyi").exists():
        return
    room = importlib.import_module(folder)
    names = handed_out(FOLDERS[folder])
    assert sorted(room.__all__) == sorted(names)
    for name in names:
        assert getattr(room, name) is not None
    if folder not in ("artengine", "artengine.testing"):  # which authors of plugins use
        others = [path for path in SOURCES if not dotted(path).startswith(f"{folder}.")]
        taken = {name for path in others for module, name in imports(path) if module == folder}
        parent, _, last = folder.rpartition(".")
        if parent in FOLDERS:
            taken |= passed_on(FOLDERS[parent], last)
        assert names - taken == set(), f"{folder} hands out what nobody takes"


def test_the_engine_knows_no_plugin() -> None:
    for path in ENGINE.rglob("*"):
        if path.suffix in (".py", ".pyi", ".typed", ".json"):
            assert [name for name in PACKAGES if name in path.read_text()] == [], path
    for path in ENGINE.rglob("*.py"):
        words = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)}
        assert words & set(entry_points()) == set(), path


@every_plugin
def test_a_plugin_knows_the_engine_and_no_other_plugin(package: str) -> None:
    for path in (PLUGINS / package).rglob("*.py"):
        modules = {module for module, _ in imports(path)}
        assert {name.partition(".")[0] for name in modules} & {*PACKAGES, "tests"} <= {package}, path
        assert [name for name in modules if name.startswith("artengine.cli")] == [], path


@every_plugin
def test_page_for_plugin_authors_names_what_bundled_plugins_import(package: str) -> None:
    page = (ROOT / "docs" / "writing-plugins.md").read_text()
    for path in (PLUGINS / package).rglob("*.py"):
        for module, name in imports(path):
            if module.startswith("artengine."):
                assert f"`{module}" in page or module not in FOLDERS, (
                    f"{path} imports from {module}, which the page does not name"
                )
                assert re.search(rf"\b{name}\b", page), f"{path} imports {name}, which the page does not name"
            elif module == "artengine":
                assert name in handed_out(ENGINE), f"{path} imports {name} past the door"


@every_plugin
def test_a_plugin_is_a_table_of_what_it_offers(package: str) -> None:
    body = tree(PLUGINS / package / "__init__.py").body
    for node in body[1:]:
        allowed = (ast.Import, ast.ImportFrom, ast.If, ast.FunctionDef)
        assert isinstance(node, allowed), f"{package}/__init__.py:{node.lineno}: the work is in modules of their own"
        if isinstance(node, ast.FunctionDef):
            assert [ast.unparse(one) for one in node.decorator_list] == ["hookimpl"], node.name


def test_every_bundled_plugin_has_an_entry_point_and_is_installed() -> None:
    declared = entry_points()
    assert sorted(declared.values()) == PACKAGES, "every folder of plugins/ needs an entry point in pyproject.toml"
    installed = {
        point.name: point.value
        for point in importlib.metadata.entry_points(group="artengine")
        if point.dist and point.dist.name == "artengine"
    }
    assert installed == declared, "the entry points have changed since the installation: pip install -e ."


def test_what_has_to_be_there_at_once_does_without_torch() -> None:
    names = [dotted(path) for room in INSTANT for path in sorted((ENGINE / room).rglob("*.py"))]
    names += [dotted(path) for path in sorted(ENGINE.glob("*.py")) if path.stem != "__main__"]
    names += [f"artengine.gallery.{name}" for name in ("sweeps", "manifest", "trials", "sheet", "page")]
    code = (
        "import importlib, sys\n"
        f"for name in {names}:\n"
        "    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, f'{name} imports torch'\n"
        "from artengine.components import default_registry\n"
        "for plugin in default_registry().plugins.loaded:\n"
        "    print(plugin.name)\n"
        "assert 'torch' not in sys.modules, 'a bundled plugin imports torch before it is used'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(entry_points())


def test_what_is_not_there_is_told_with_its_name() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = artengine.nothing


def undocumented(node: ast.AST, name: str) -> Iterator[str]:
    """Public classes and functions below a node that say nothing of themselves; protocols speak through their call."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or child.name[0] == "_":
            continue
        if not ast.get_docstring(child):
            yield f"{name}.{child.name}"
        if isinstance(child, ast.ClassDef):
            yield from undocumented(child, f"{name}.{child.name}")


@every_source
def test_everything_public_says_what_it_is(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module), f"{path}: has no docstring"
    assert list(undocumented(module, path.stem)) == []


@every_source
def test_a_docstring_begins_with_one_whole_line(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and (words := ast.get_docstring(node)):
            lines = words.splitlines()
            assert len(lines) == 1 or not lines[1], (
                f"{path}:{node.lineno}: {node.name}: the help is the first line alone"
            )


def test_these_checks_can_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scene = ENGINE / "scene"
    odd = {
        ENGINE / "files" / "odd.py": "from artengine.gallery import build_gallery",
        ENGINE
        / "gallery"
        / "odd.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import artengine.cli.app",
        ENGINE / "cli" / "odd.py": "def work():\n    from artengine.files.atomic import create_file",
        scene / "motion" / "odd.py": "from artengine.scene import Scene",
        scene / "odd.py": "from artengine.scene import load",
        ENGINE / "media" / "odd.py": "from artengine import train",
    }
    real = tree
    monkeypatch.setitem(globals(), "tree", lambda path: ast.parse(odd[path]) if path in odd else real(path))
    assert [bool(trespasses(path)) for path in odd] == [True, True, True, False, False, False]
    assert [bool(own_doors(path)) for path in odd] == [False, False, False, True, True, True]
    assert circle(arrows((*SOURCES, *odd))["artengine"]) != []
    assert circle(arrows((*SOURCES, ENGINE / "gallery" / "odd.py"))["artengine"]) != []
    assert circle({"one": ["other"], "other": ["one"]}) == ["one", "other", "one"]
    path = tmp_path / "odd.py"
    path.write_text("def work(): ...\nclass Box:\n    def open(self): ...\n")
    assert list(undocumented(real(path), "odd")) == ["odd.work", "odd.Box", "odd.Box.open"]
