"""Posters: pictures beyond memory, written by real processes that are measured and ended."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tifffile
from PIL import Image
from tests.support.command_runs import ForkedCommand
from tests.support.common import RunCli
from tests.support.processes import strays

#: A run of a poster, and by how many MB the process grew in it; a small one before takes what any picture takes.
POSTER = """
import resource, sys
import torch
import artengine

def paint(size):
    artengine.run("tiny.yaml", out="out", size=(size, size), overrides=["outputs=[png, tiff]"], device="cpu")

paint(1000)
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
paint(5000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
"""


def test_a_poster_is_written_in_less_memory_than_it_would_take_whole(tiny_scene: Path) -> None:
    tiny_scene.write_text(
        tiny_scene.read_text().replace("hidden_size: 6, nr_hidden: 1", "hidden_size: 2, nr_hidden: 0")
    )
    done = subprocess.run(
        [sys.executable, "-c", POSTER], cwd=tiny_scene.parent, capture_output=True, text=True, check=True
    )
    whole = 5000 * 5000 * 3 * 4 // 2**20
    assert int(done.stdout) < 0.5 * whole  # and the whole image is not the only thing to hold
    with Image.open(tiny_scene.parent / "out" / "tiny.png") as image:
        assert image.size == (5000, 5000)
    with tifffile.TiffFile(tiny_scene.parent / "out" / "tiny.tif") as file:
        assert file.pages[0].shape == (5000, 5000, 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_poster_run_that_is_ended_leaves_nothing_half(
    number: signal.Signals, tiny_scene: Path, run_cli: RunCli
) -> None:
    words = ["run", "tiny.yaml", "--size", "30000x30000", "--set", "outputs=[png, tiff]", "--out", "out"]
    out = tiny_scene.parent / "out"
    run = ForkedCommand(tiny_scene.parent, *words)
    run.wait_until(lambda: len(strays(out)) == 2)
    time.sleep(0.5)
    run.kill(number)
    begun = time.monotonic()
    answer = run.wait()
    assert time.monotonic() - begun < 20
    if number == signal.SIGKILL:
        assert len(strays(out)) == 2  # the next run there cleans them
        assert run_cli("run", "tiny.yaml", "--out", "out").code == 0
        assert sorted(path.name for path in out.iterdir()) == ["tiny.png"]
    else:
        assert (answer.code, answer.err) == (128 + number, "tiny: stopped\n")
        assert list(out.iterdir()) == []


def test_a_poster_too_large_for_its_format_is_refused_before_it_is_painted(tiny_scene: Path, run_cli: RunCli) -> None:
    begun = time.monotonic()
    answer = run_cli("run", tiny_scene, "--size", "100000x80000", "--set", "outputs=[png, jpeg]")
    assert answer.code == 2
    pattern = (
        r"--set outputs=\[png, jpeg\]: outputs\.1\.jpeg: found a picture of 100000 x 80000, JPEG takes at most .*\n"
    )
    assert re.fullmatch(pattern, answer.err)
    assert time.monotonic() - begun < 20
    assert not (tiny_scene.parent / "pictures").exists()
