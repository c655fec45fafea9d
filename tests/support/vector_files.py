"""SVG and PDF of ours, read by the books of the formats and by the programs that people use."""

from __future__ import annotations

import io
import itertools
import math
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

from artengine import View, build, load, run
from artengine_dividers.vectors.geometry.arcs import curves_in_view
from artengine_dividers.vectors.geometry.arrangement import Arrangement, arrange

SCENE = """# Lines and circles.
seed: 5
canvas: {width: 240, height: 180}
network:
  dividers: {lines: 14, circles: 8, hidden: 12}
"""
AREA = 240 * 180

Pixels = np.ndarray[Any, Any]
Drawn = Callable[..., Path]


def drawing(folder: Path) -> Drawn:
    """The scene, changed, drawn by an output, with options as a scene writes them, into a folder of its own."""
    path = folder / "lines.yaml"
    path.write_text(SCENE)
    folders = (folder / f"drawn-{number}" for number in itertools.count())

    def draw(output: str = "svg: {}", *overrides: str, **settings: Any) -> Path:
        return run(path, out=next(folders), overrides=[f"outputs=[{{{output}}}]", *overrides], **settings)[-1]

    return draw


def raster(path: Path, background: str = "white", width: int | None = None) -> Pixels:
    """What an SVG looks like, (H, W, 3)."""
    data = bytes(resvg_py.svg_to_bytes(svg_path=str(path), background=background, width=width))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def painted(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def flat(image: Pixels) -> Pixels:
    """Pixels that look like all around them: no edge touches them, (H, W) bools."""
    same = np.ones(image.shape[:2], bool)
    for step in itertools.product((-1, 0, 1), repeat=2):
        same &= (np.roll(image, step, (0, 1)) == image).all(axis=2)
    same[[0, -1]] = same[:, [0, -1]] = False
    return same


def agree(image: Pixels, picture: Pixels, least: float, colours: int = 4) -> None:
    """See that an image is the picture, on all but a thousandth of the pixels that touch no edge."""
    inside = flat(picture)
    assert inside.mean() > least
    assert (np.abs(image - picture).max(axis=2)[inside] > 1).mean() < 1e-3
    assert len(np.unique(picture[inside], axis=0)) >= colours


def paths(text: str) -> list[tuple[str, str]]:
    """Attributes and data of the paths of an SVG."""
    return re.findall(r'<path([^>]*?) d="([^"]*)"', text)


def turned(radius: float, chord: complex) -> float:
    """The angle of an arc, at most half a turn."""
    return 2 * math.asin(min(1.0, abs(chord) / 2 / radius))


def followed(data: str) -> Iterator[tuple[complex, str, list[float]]]:
    """What path data of ours come to, by the book of SVG: where each step ends, its letter, and its numbers."""
    at = begin = 0j
    for letter, words in re.findall(r"([MlaZz])([^MlaZz]*)", data):
        numbers = [float(word) for word in re.findall(r"-?[\d.]+(?:e[-+]\d+)?", words)]
        if letter == "M":
            at = begin = complex(*numbers)
        elif letter == "z":
            numbers = [(begin - at).real, (begin - at).imag]
            at = begin
        else:
            at += complex(*numbers[-2:])
        yield at, letter, numbers


def swept(data: str) -> float:
    """The area that path data go around; arcs are of up to half a turn."""
    total = 0.0
    for end, letter, numbers in followed(data):
        step = complex(*numbers[-2:])
        total += ((end - step).conjugate() * end).imag / 2 if letter != "M" else 0
        if letter == "a":
            angle = turned(numbers[0], step)
            total += (1 if numbers[4] else -1) * (angle - math.sin(angle)) * numbers[0] ** 2 / 2
    return total


def length(data: str) -> float:
    """The length of path data."""
    steps = [(complex(*words[-2:]), letter, words[0]) for _, letter, words in followed(data) if letter != "M"]
    return sum(abs(step) if letter != "a" else radius * turned(radius, step) for step, letter, radius in steps)


def vpype(*words: str) -> str:
    """What the command line of vpype prints, in this process."""
    from click.testing import CliRunner
    from vpype_cli import cli

    answer = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def plotted(path: Path) -> dict[str, int]:
    """How many lines a plotter draws in each layer, by its name, as vpype understands the file."""
    told = vpype("read", str(path), "propget", "--layer", "all", "vp_name", "stat")
    names = dict(re.findall(r"layer (\d+) property vp_name: \(str\) (.*)", told))
    counts = re.findall(r"Layer (\d+)\n(?:.*\n)*?.*Path count: (\d+)", told)
    return {names[number]: int(count) for number, count in counts}


def page_size(path: Path) -> tuple[float, float]:
    """Width and height of the page in millimetres, as vpype understands the file."""
    told = vpype("read", str(path), "propget", "--global", "vp_page_size")
    width, height = re.search(r"\(([\d.]+), ([\d.]+)\)", told).groups()  # type: ignore[union-attr]
    return float(width) / 96 * 25.4, float(height) / 96 * 25.4


class Page:
    """A PDF of ours, read by the book: through its table of objects; bent: points of curves, once there are shapes."""

    bent: list[complex]

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        assert data.startswith(b"%PDF-1.6\n")
        start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])  # type: ignore[index]
        count = int(re.match(rb"xref\n0 (\d+)\n", data[start:])[1])  # type: ignore[index]
        table = data[start:].split(b"\n", 2)[2]
        entries = [table[20 * i : 20 * i + 20] for i in range(count)]
        assert entries[0] == b"0000000000 65535 f \n"
        self.objects = []
        for number, entry in enumerate(entries[1:], start=1):
            assert re.fullmatch(rb"\d{10} 00000 n \n", entry)
            body = data[int(entry[:10]) :]
            assert body.startswith(b"%d 0 obj\n" % number)
            self.objects.append(body.partition(b"\nendobj\n")[0].split(b"\n", 1)[1])
        width, height = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", self.objects[3]).groups()  # type: ignore[union-attr]
        self.size = float(width), float(height)
        head, _, rest = self.objects[4].partition(b"\nstream\n")
        length = int(re.search(rb"/Length (\d+)", head)[1])  # type: ignore[index]
        assert rest[length:] == b"\nendstream"
        self.content = zlib.decompress(rest[:length]).decode()
        self.layers = [re.search(rb"/Name \((.*)\)", one)[1].decode() for one in self.objects[5:]]  # type: ignore[index]

    def shapes(self) -> list[tuple[tuple[int, ...], list[list[complex]]]]:
        """Colours and outlines of what is filled, curves as many short lines."""
        found, colour, rings = [], (0, 0, 0), []
        stack: list[float] = []
        self.bent = []
        for word in self.content.split():
            if re.fullmatch(r"-?[\d.]+", word):
                stack.append(float(word))
                continue
            if word == "rg":
                colour = tuple(round(255 * level) for level in stack)  # type: ignore[assignment]
            elif word == "m":
                rings.append([complex(*stack)])
            elif word == "l":
                rings[-1].append(complex(*stack))
            elif word == "c":
                a, (b, c, d) = rings[-1][-1], (complex(*stack[i : i + 2]) for i in (0, 2, 4))
                for t in np.linspace(0, 1, 17)[1:]:
                    rings[-1].append((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
                self.bent += rings[-1][-16:]
            elif word in ("f", "S"):
                found += [(colour, rings)] if word == "f" else []
                rings = []
            stack = []
        return found


def area(ring: list[complex]) -> float:
    x, y = np.real(ring), np.imag(ring)
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def arrangement(path: Path, *overrides: str) -> Arrangement:
    """The regions of a scene's network, seen plainly."""
    network: Any = build(load(path, overrides=overrides), "cpu").network
    return arrange(curves_in_view(network.partition(), View(width=240, height=180)), 240, 180)
