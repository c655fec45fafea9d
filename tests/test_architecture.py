"""The house as it is drawn in docs/architecture.md: who may know whom, and what comes at which price."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import artengine

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "engine" / "artengine"
PLUGINS = ROOT / "plugins"

#: The engine's modules from the top of the house to the bottom: each may import those after it, none before it.
ORDER = [
    "__main__",
    "cli",
    "commands",
    "flags",
    "progress",
    "preview",
    "galleries",
    "breeding",
    "gallery",
    "sweeps",
    "standings",
    "trials",
    "manifest",
    "items",
    "making",
    "cutting",
    "lettering",
    "novelty",
    "measures",
    "shooting",
    "filming",
    "reel",
    "training",
    "carried",
    "events",
    "writing",
    "checkpoint",
    "testing",
    "bench",
    "picture",
    "growing",
    "painting",
    "paint",
    "plan",
    "fused",
    "program",
    "assembly",
    "regions",
    "pointwise",
    "vectors",
    "floats",
    "lowering",
    "kernels",
    "simplify",
    "trace",
    "products",
    "samples",
    "templates",
    "schema",
    "describe",
    "recipe",
    "containers",
    "weights",
    "quantised",
    "loading",
    "montage",
    "staging",
    "scene",
    "canvas",
    "paper",
    "binding",
    "moving",
    "tracks",
    "camera",
    "timeline",
    "easing",
    "pedigree",
    "wording",
    "annotations",
    "seeds",
    "editing",
    "document",
    "bound",
    "chart",
    "axes",
    "pen",
    "sheet",
    "page",
    "opening",
    "font",
    "sound",
    "learnt",
    "photo",
    "media",
    "registry",
    "workers",
    "worker",
    "plugins",
    "hookspecs",
    "ffmpeg",
    "files",
    "view",
    "kinds",
    "curve",
    "computing",
    "errors",
]

#: What --help, check, list and shell completion may need: it has to be there at once, so without torch.
INSTANT = [
    "errors",
    "document",
    "kinds",
    "hookspecs",
    "plugins",
    "worker",
    "workers",
    "registry",
    "annotations",
    "bound",
    "wording",
    "binding",
    "editing",
    "loading",
    "montage",
    "staging",
    "scene",
    "moving",
    "tracks",
    "camera",
    "timeline",
    "easing",
    "pedigree",
    "seeds",
    "canvas",
    "paper",
    "chart",
    "axes",
    "pen",
    "curve",
    "sheet",
    "page",
    "photo",
    "view",
    "files",
    "cli",
    "commands",
    "flags",
    "sweeps",
    "manifest",
    "trials",
    "describe",
    "schema",
    "templates",
    "recipe",
    "containers",
    "ffmpeg",
    "media",
    "opening",
    "font",
    "sound",
    "progress",
]

PACKAGES = sorted(path.parent.name for path in PLUGINS.glob("*/__init__.py"))
MODULES = sorted(path.stem for path in ENGINE.glob("*.py") if path.stem != "__init__")
SOURCES = sorted([*ENGINE.glob("*.py"), *PLUGINS.rglob("*.py")])
every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
every_plugin = pytest.mark.parametrize("package", PACKAGES)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below this one, without what only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from running(child)


def imports(path: Path, *, types: bool = False) -> Iterator[str]:
    """The dotted names that a file imports anywhere when it runs; types: and what only type checkers see."""
    for node in ast.walk(tree(path)) if types else running(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def engine_modules(path: Path) -> set[str]:
    """The engine's modules that a file imports."""
    parts = (name.split(".") for name in imports(path))
    return {part[1] for part in parts if part[0] == "artengine" and len(part) > 1 and part[1] in MODULES}


def entry_points() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points: dict[str, str] = project["entry-points"]["artengine"]
    return points


def test_every_module_of_the_engine_has_its_place_in_the_order() -> None:
    assert sorted(ORDER) == MODULES, "a new module of the engine belongs into ORDER, below those that use it"


@pytest.mark.parametrize("module", MODULES)
def test_no_module_of_the_engine_knows_one_above_it(module: str) -> None:
    above = set(ORDER[: ORDER.index(module) + 1])
    assert engine_modules(ENGINE / f"{module}.py") & above == set()


def test_the_engine_knows_no_plugin() -> None:
    for path in ENGINE.rglob("*"):
        if path.suffix in (".py", ".typed", ".json"):
            assert [name for name in PACKAGES if name in path.read_text()] == [], path
    for path in ENGINE.glob("*.py"):
        words = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)}
        assert words & set(entry_points()) == set(), path


@every_plugin
def test_a_plugin_knows_the_engine_and_no_other_plugin(package: str) -> None:
    for path in (PLUGINS / package).rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports(path, types=True)}
        assert roots & {*PACKAGES, "tests"} <= {package}, path
        assert engine_modules(path) & {"cli", "__main__", "progress"} == set(), path


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
    code = (
        "import importlib, sys\n"
        f"for name in {INSTANT}:\n"
        "    importlib.import_module(f'artengine.{name}')\n"
        "    assert 'torch' not in sys.modules, f'artengine.{name} imports torch'\n"
        "from artengine.registry import default_registry\n"
        "for plugin in default_registry().plugins.loaded:\n"
        "    print(plugin.name)\n"
        "assert 'torch' not in sys.modules, 'a bundled plugin imports torch before it is used'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(entry_points())


def test_the_public_names_are_listed_once_sorted_and_can_be_imported() -> None:
    imported = {
        name.asname or name.name
        for node in ast.walk(tree(ENGINE / "__init__.py"))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("artengine")
        for name in node.names
    }
    assert artengine.__all__ == sorted(imported)
    for name in artengine.__all__:
        assert getattr(artengine, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
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


def test_these_checks_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from artengine.cli import main\n"
        "def work():\n    from artengine import making\n    import artengine.scene\n"
        "class Box:\n    def open(self): ...\n"
    )
    assert engine_modules(path) == {"making", "scene"}
    assert list(undocumented(tree(path), "odd")) == ["odd.work", "odd.Box", "odd.Box.open"]
