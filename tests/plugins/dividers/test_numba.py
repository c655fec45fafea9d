"""numba, which compiles the search: where it can keep nothing, where it is not, and what files tell of it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import pytest
from tests.support.common import RunCli

from artengine import Scene, load
from artengine_dividers.search.kernels import compiled

SEARCH = "canvas: {width: 8, height: 8}\nnetwork: {dividers: {lines: 2}}\n"
SEARCH += "training: {dividers: {synthetic: {size: 16}, cycles: 1, fit: 1}}\n"


def test_loops_that_no_folder_can_keep_are_compiled_all_the_same() -> None:
    """As where nothing can be written beside the plugin, and there is no home."""
    nowhere: dict[str, Any] = {}
    exec(compile("def twice(number): return 2 * number", "/nowhere/loops.py", "exec"), nowhere)
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(nowhere["twice"])
    assert compiled()(nowhere["twice"])(21) == 42


@contextlib.contextmanager
def without_numba() -> Iterator[None]:
    there = importlib.metadata.version

    def version(name: str) -> str:
        if name == "numba":
            raise importlib.metadata.PackageNotFoundError(name)
        return there(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "version", version)
        yield


def test_what_is_found_without_numba_is_another_training(tmp_path: Path) -> None:
    texts = {
        "search": SEARCH,
        "gradient": SEARCH.replace("cycles: 1", "way: gradient, cycles: 1"),
        "no training": "network: {dividers: {lines: 2}}\n",
        "another": "network: {mlp: {width: 4}}\n",
    }

    def keys() -> dict[str, str]:
        return {name: load(tmp_path / f"{name}.yaml").training_key for name in texts}

    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    before = keys()
    with without_numba():
        after = keys()
    assert [name for name in texts if before[name] != after[name]] == ["search"]


def test_a_recipe_tells_of_numba_and_rerun_where_it_is_not(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "lines.yaml").write_text(SEARCH)
    (tmp_path / "plain.yaml").write_text(SEARCH.split("training")[0])
    version = importlib.metadata.version("numba")
    assert run_cli("run", "lines.yaml", "plain.yaml", "--device", "cpu", "--weights", "never").code == 0

    def versions(file: str) -> dict[str, str]:
        told: dict[str, str] = json.loads(run_cli("info", file, "--json").out)["versions"]
        return told

    assert versions("pictures/lines.png")["numba"] == version
    assert "numba" not in versions("pictures/plain.png")
    assert "numba" not in run_cli("rerun", "pictures/lines.png", "--out", "again").err
    with without_numba():
        told = run_cli("rerun", "pictures/lines.png", "--out", "again").err
        assert f"made with numba {version}, which is not here: the result may differ" in told
        assert "the earlier lines.safetensors is kept" in told  # it is of another training
        assert versions("again/lines.png")["numba"] == "none"
        assert "numba" not in run_cli("rerun", "pictures/plain.png", "--out", "again").err
    assert run_cli("run", "lines.yaml", "--device", "cpu", "--out", "inside").code == 0
    with without_numba():  # what was learnt comes with it
        assert "numba" not in run_cli("rerun", "inside/lines.png", "--out", "outside").err
    told = run_cli("rerun", "again/lines.png", "--out", "third").err
    assert f"made without numba, this is {version}: the result may differ" in told


def test_files_of_earlier_versions_may_have_been_made_with_numba(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "lines.yaml").write_text(SEARCH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scene, "libraries", {})
        assert run_cli("run", "lines.yaml", "--device", "cpu", "--weights", "never").code == 0
    assert "numba" not in run_cli("rerun", "pictures/lines.png", "--out", "again").err
    with without_numba():
        told = run_cli("rerun", "pictures/lines.png", "--out", "again").err
    assert "numba is not here, and perhaps it was made with it: the result may differ" in told
