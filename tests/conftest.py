"""What all tests share: one thread per worker, tiny scenes, the command line, and plugins made on the fly."""

from __future__ import annotations

import os

# before torch is imported: the workers of the suite share the processor, and spinning threads would fight for it
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gc
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from tests.support.common import LEARNING, TINY, Answer, Distribution, PluginFile, RunCli, RunProcess


class _Faults(logging.Handler):
    """Raises what the engine logs with a traceback: a fault of its own that it works around for its users."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


logging.getLogger("artengine").addHandler(_Faults(logging.WARNING))


def pytest_collection_finish() -> None:
    """Keep what is loaded by now out of every later collection of garbage, and so out of what forks copy."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_command_outlives_its_test() -> Iterator[None]:
    yield
    if runs := sys.modules.get("tests.support.command_runs"):
        runs.ForkedCommand.kill_all()


@pytest.fixture
def tiny_scene(tmp_path: Path) -> Path:
    """A scene that paints at once."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture
def learning_scene(tmp_path: Path) -> Path:
    """A scene that learns a made photo of 24 x 16 pixels."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[0:16, 0:24] / 24
    pixels = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photo.png")
    path = tmp_path / "learning.yaml"
    path.write_text(LEARNING)
    return path


@pytest.fixture
def run_process(tmp_path: Path) -> RunProcess:
    """The command line itself, as a process in tmp_path."""

    def call(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "artengine", *map(str, words)]
        keywords = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120} | options
        return subprocess.run(command, **keywords)  # type: ignore[call-overload,no-any-return]

    return call


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunCli:
    """The command line in tmp_path, without a process of its own."""
    from artengine.cli.app import main

    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["artengine", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Answer(caught.value.code, out, err)

    return call


@pytest.fixture
def plugin_file(tmp_path: Path) -> PluginFile:
    """Write a plugin into a file."""

    def write(text: str, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text))
        return path

    return write


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distribution]:
    """Install a distribution of one module with an entry point; gives the folder to put on the path."""
    from artengine.components import registry

    site = tmp_path / "site"
    modules: list[str] = []

    def install(name: str, text: str, *, point: str | None = None, value: str | None = None) -> Path:
        module = f"made_{name}"
        modules.append(module)
        about = site / f"{name}-1.2.dist-info"
        about.mkdir(parents=True)
        (site / f"{module}.py").write_text(dedent(text))
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (about / "entry_points.txt").write_text(f"[artengine]\n{point or name} = {value or module}\n")
        monkeypatch.syspath_prepend(site)
        registry.cached_registry.cache_clear()
        return site

    yield install
    registry.cached_registry.cache_clear()
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if (
        not mount
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode
    ):
        pytest.skip("a disk of 1 MB takes the right to mount one")
    yield disk
    subprocess.run(["umount", disk], check=True)
