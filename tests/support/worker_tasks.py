"""What tests send workers to do: work that ends well, that ends badly, and that ends the worker."""

from __future__ import annotations

import itertools
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from artengine import ArtengineError, InputError
from artengine.errors import Problem

Data = dict[str, Any]

_counted = itertools.count()


def double(data: Data) -> int:
    """The number, twice; not before a file is there, if it names one."""
    end = time.monotonic() + 60
    while "after" in data and not Path(data["after"]).exists():
        assert time.monotonic() < end, "has waited in vain"
        time.sleep(0.005)
    return 2 * int(data["number"])


def process(data: Data) -> int:
    """Which process it is."""
    return os.getpid()


def same(data: Data) -> Any:
    """What it was given."""
    return data["value"]


def die(data: Data) -> int:
    """The number, twice, unless it is among those that end the process: each time, or once."""
    if data["number"] in data["fatal"]:
        died = Path(data["folder"]) / f"{data['number']}.died"
        if not (data["once"] and died.exists()):
            died.touch()
            _end(data["how"], Path(data["folder"]))
    return double(data)


def _end(how: str, folder: Path) -> NoReturn:
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "exit":
        os._exit(3)
    elif how == "survived":  # by a child, which was born with the same open files
        if (child := os.fork()) == 0:
            time.sleep(60)
            os._exit(0)
        (folder / f"{child}.child").touch()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("has survived")


def report(data: Data) -> int:
    """Leave the process id in a folder, then wait for a file; the number, twice."""
    place = Path(data["folder"]) / f"{data['number']}.{os.getpid()}"
    place.touch()
    return double(data)


def alone(data: Data) -> list[object]:
    """Who else is at work, and how much this process has done before; the third is killed once."""
    folder = Path(data["folder"])
    mine = folder / f"{data['number']}.here"
    mine.touch()
    try:
        time.sleep(0.05)
        if data["number"] == 3 and not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return [sorted(place.name for place in folder.glob("*.here") if place != mine), next(_counted)]
    finally:
        mine.unlink()


def hang(data: Data) -> None:
    """Leave the process id in a folder and do not come to an end, in one way or the other."""
    (Path(data["folder"]) / str(os.getpid())).touch()
    if data["how"] == "working":  # one call that lets no other thread run
        re.match(r"(a|aa)+$", "a" * 100 + "b")
    time.sleep(60)


def fail(data: Data) -> object:
    """Raise that."""
    match data["how"]:
        case "ours":
            raise ArtengineError("the network is not trained: it has no weights\x07")
        case "input":
            raise InputError([Problem("a.yaml:1:2", "seed", "found -1"), Problem("a.yaml:3:1", "", "no such option")])
        case "lines":
            raise RuntimeError("shapes differ:\n  (3, 4)\n  (4, 3)")
        case "leave":
            sys.exit(4)
        case "plugin":
            from artengine.components.registry import default_registry

            return default_registry((data["plugin"],)).find("activation", "broken").call(1)
        case "set":
            return {1, 2}
    return "well"


def talk(data: Data) -> str:
    """Print in all ways there are, and read."""
    print("printed", data["number"])
    os.write(1, b"written\n")
    subprocess.run(["echo", "echoed"], check=True)
    return sys.stdin.read()


def warn(data: Data) -> int:
    """Say things through the logger, where somebody prints what all loggers are told."""
    logging.basicConfig()
    logging.getLogger("artengine").info("nothing to speak of")
    logging.getLogger("artengine").warning("found %s", data["number"])
    logging.getLogger("artengine.training.weights").error("broken")
    return 0


def environment(data: Data) -> dict[str, str | None]:
    """What it was told about threads."""
    return {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOMP_SPINCOUNT")}


def torch_threads(data: Data) -> int:
    """How many threads torch takes."""
    import torch

    return torch.get_num_threads()
