"""The page of a real gallery in a real browser: from two hundred pictures to one, and on to what grows from it."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import yaml
from click.testing import CliRunner
from PIL import Image
from tests.support.browser import Browser, Page, in_a_browser
from tests.support.executors import InProcess, in_process
from tests.support.gallery_runs import make_gallery, scene

from artengine.cli.app import cli
from artengine.gallery import builder, evolution
from artengine.gallery.builder import GalleryOptions, PartialError, build_gallery
from artengine.gallery.galleries import _walk_scene
from artengine.gallery.sweep_values import parse_seeds
from artengine.gallery.sweeps import Sweep
from artengine.making.pipeline import run

pytestmark = in_a_browser

PAINTER = """canvas: {width: 16, height: 12}
network: {mlp: {width: 4, depth: 1}}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with painter.yaml, a gallery of twenty of its seeds in g, and mutations of one of them in m."""
    folder = tmp_path_factory.mktemp("home")
    path = scene(folder, PAINTER, "painter.yaml")
    with contextlib.chdir(folder):
        sweep = Sweep(path=Path("painter.yaml"), seeds=[*range(3, 20), 40, 137, 199])
        list(
            build_gallery(
                "painter", sweep.variations(), 20, InProcess(), GalleryOptions(folder=folder / "g"), walk=_walk_scene
            )
        )
        parent = evolution.load_parent(path)
        children = evolution.mutations(Path("painter.yaml"), parent, 3, 0.2)
        list(build_gallery("painter", children, 4, InProcess(), GalleryOptions(folder=folder / "m"), walk=_walk_scene))
    return folder


@pytest.fixture
def open_(browser: Browser) -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def opened(browser: Browser, stack: contextlib.ExitStack, folder: Path) -> Page:
    page: Page = stack.enter_context(browser.page((folder / "index.html").as_uri()))
    page.allow("clipboardReadWrite", "clipboardSanitizedWrite")
    return page


def copied(page: Page) -> str:
    """What the page has put on the clipboard."""
    return str(page.ask("navigator.clipboard.readText()"))


def in_a_shell(command: str, folder: Path) -> list[Path]:
    """Run a command of artengine's with the words that a shell makes of what a person pastes into it."""
    program = 'artengine() { printf "%s\\0" "$@"; }'
    shell = subprocess.run(["/bin/sh", "-c", f"{program}\n{command}"], capture_output=True, text=True, check=True)
    return run_here(shlex.join(["artengine", *shell.stdout.split("\0")[:-1]]), folder)


def run_here(command: str, folder: Path) -> list[Path]:
    """Run a command of artengine's without processes; the files that it tells of."""
    first, *words = shlex.split(command)
    assert first == "artengine"
    with contextlib.chdir(folder), mock.patch.object(builder, "Workers", in_process):
        result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [folder / line for line in result.stdout.splitlines()]


def star(page: Page, *names: str) -> None:
    for name in names:
        page.ask(f"document.querySelector(\"#wall a[title='{name}']\").closest('li').querySelector('.star').click()")


def exported(page: Page) -> list[str]:
    """The starred pictures as seeds, as commands and as a scene."""
    page.click("#export")
    page.wait("document.querySelector('#exports').open")
    texts: list[str] = page.ask("[...document.querySelectorAll('#exports pre')].map((one) => one.textContent)")
    return texts


def test_one_of_twenty_is_found_and_its_command_makes_its_very_bytes(
    browser: Browser, open_: contextlib.ExitStack, home: Path
) -> None:
    page = opened(browser, open_, home / "g")
    assert page.ask("document.querySelector('#about').textContent") == "20 pictures"
    page.key("/")
    page.write("137")
    page.wait("document.querySelectorAll('#wall li').length === 1")
    page.wait("document.querySelector('#wall img').naturalWidth === 16")
    page.click("#wall a")
    page.wait("document.querySelector('#view .stage img')?.naturalWidth === 16")
    page.key("c")
    page.wait("document.querySelector('#said').textContent === 'Command copied'")
    command = copied(page)
    assert command == "artengine run painter.yaml --seed 137 --name painter-seed-137"
    (again,) = in_a_shell(command, home)
    assert again.read_bytes() == (home / "g" / "painter-seed-137.png").read_bytes()
    assert page.complaints() == []


def test_stars_go_into_another_gallery_and_into_a_film(
    browser: Browser, open_: contextlib.ExitStack, home: Path, tmp_path: Path
) -> None:
    page = opened(browser, open_, home / "g")
    star(page, "painter-seed-3", "painter-seed-40", "painter-seed-199")
    seeds, commands, film = exported(page)
    assert seeds == "artengine gallery painter.yaml --seeds 3,40,199"
    assert commands.splitlines()[1] == "artengine run painter.yaml --seed 40 --name painter-seed-40"
    for command in commands.splitlines():  # each of them makes a file of its own
        (again,) = run_here(f"{command} --out {tmp_path}/one", home)
        assert again.read_bytes() == (home / "g" / again.name).read_bytes()
    assert len(list((tmp_path / "one").iterdir())) == 3
    run_here(f"{seeds} --out {tmp_path}/stars", home)
    for seed in (3, 40, 199):
        name = f"painter-seed-{seed}.png"
        assert (tmp_path / "stars" / name).read_bytes() == (home / "g" / name).read_bytes()
    (tmp_path / "starred.yaml").write_text(film)
    assert "seed: [3, 40, 199]\n" in film
    (made,) = run_here("artengine run starred.yaml --set film.length=1s --set film.fps=4", tmp_path)
    assert made.name == "starred.mp4"
    with browser.page(made.as_uri()) as player:
        player.wait("document.querySelector('video').duration > 0.9")
    assert page.complaints() == []


def test_stars_of_mutations_go_into_another_gallery_and_into_a_film(
    browser: Browser, open_: contextlib.ExitStack, home: Path, tmp_path: Path
) -> None:
    page = opened(browser, open_, home / "m")
    star(page, "painter-parent", "painter-mutation-2")
    seeds, commands, film = exported(page)
    assert seeds == "artengine gallery painter.yaml --seeds '0,{mutate: 0, by: 2, strength: 0.2}'"
    text = shlex.split(seeds)[-1]
    make_gallery(Sweep(path=home / "painter.yaml", seeds=parse_seeds(text)), tmp_path / "stars")
    again = (tmp_path / "stars" / "painter-seed-mutate-0-by-2-strength-0.2.png").read_bytes()
    assert again == (home / "m" / "painter-mutation-2.png").read_bytes()
    assert commands.splitlines()[1] == f"artengine run painter.yaml --set 'seed={text[2:]}' --name painter-mutation-2"
    assert page.ask("[...document.querySelectorAll('#wall b')].map((one) => one.textContent)") == [
        *("0", "mutation 1 of 0", "mutation 2 of 0", "mutation 3 of 0")
    ]
    (tmp_path / "starred.yaml").write_text(film)
    short = ["film.length=1s", "film.fps=4", "outputs=filmstrip"]
    (made,) = run(tmp_path / "starred.yaml", out=tmp_path / "film", overrides=short)
    with Image.open(made) as strip:
        assert strip.width > 16


def test_stars_of_several_settings_are_exported_each_with_its_own(
    browser: Browser, open_: contextlib.ExitStack, tmp_path: Path
) -> None:
    scene(tmp_path, PAINTER, "painter.yaml")
    order = GalleryOptions(folder=tmp_path / "g")
    with contextlib.chdir(tmp_path):
        for seeds, width in (([7], "3"), ([1, 2], "4,5")):
            sweep = Sweep(path=Path("painter.yaml"), seeds=seeds, settings=[f"network.mlp.width={width}"])
            list(build_gallery("p", sweep.variations(), sweep.count(), InProcess(), order, walk=_walk_scene))
    page = opened(browser, open_, tmp_path / "g")
    star(page, "painter-seed-1-width-4", "painter-seed-1-width-5", "painter-seed-2-width-5", "painter")
    seeds, _, *films = exported(page)
    for command in seeds.splitlines():
        run_here(command, tmp_path)
    made = {path.read_bytes() for path in tmp_path.glob("starred-*/*.png") if not path.name.startswith("contact")}
    wanted = [
        tmp_path / "g" / f"painter{rest}.png" for rest in ("-seed-1-width-4", "-seed-1-width-5", "-seed-2-width-5", "")
    ]
    assert made == {path.read_bytes() for path in wanted}
    found = [(one["seed"], one["network"]["mlp"]["width"]) for one in map(yaml.safe_load, films)]
    assert found == [([1], 4), ([1, 2], 5)]
    said = page.ask("document.querySelector('#exports .note').textContent")
    assert "differ in more than the seed: width." in said
    assert "For 1 of them there is no scene, only the commands." in said
    for number, film in enumerate(films):
        (tmp_path / f"{number}.yaml").write_text(film)
        short = ["film.length=1s", "film.fps=4", "outputs=filmstrip"]
        run(tmp_path / f"{number}.yaml", out=tmp_path / "films", overrides=short)
    assert page.complaints() == []


def test_what_could_not_be_made_is_shown(browser: Browser, open_: contextlib.ExitStack, tmp_path: Path) -> None:
    def before(name: str) -> None:
        if name.endswith("-2"):
            raise RuntimeError("</script><img src=x onerror=broken=1> went wrong")

    with pytest.raises(PartialError):
        make_gallery(Sweep(path=scene(tmp_path, PAINTER), seeds=range(4)), tmp_path / "g", InProcess(before))
    page = opened(browser, open_, tmp_path / "g")
    assert page.ask("document.querySelectorAll('#wall li').length") == 3
    page.click("#failed summary")
    said = page.ask("document.querySelector('#failed').innerText")
    assert "1 could not be made" in said
    assert "tiny-seed-2" in said
    assert "<img src=x onerror=broken=1> went wrong" in said
    assert page.ask("typeof broken") == "undefined"
    assert page.complaints() == []


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=broken=1>",
        "<!--<script>broken=1",
        "\"' onload=broken=1 x='",
        "{{script}}${broken=1}",
        "%3Cb%3E",
    ],
)
def test_a_hostile_name_does_nothing(name: str, browser: Browser, open_: contextlib.ExitStack, tmp_path: Path) -> None:
    text = PAINTER + "film: {length: 1s}\n# </script><script>broken = 1</script>\noutputs: png\n"
    sweep = Sweep(path=scene(tmp_path, text, f"{name}.yaml"), seeds=[1, 2], settings=["camera.zoom=1,2"])
    order = GalleryOptions(folder=tmp_path / "g")
    list(build_gallery(name, sweep.variations(), 4, InProcess(), order, walk=_walk_scene))
    page = opened(browser, open_, tmp_path / "g")
    assert page.ask("document.querySelector('h1').textContent") == name
    assert page.ask("document.querySelectorAll('#wall li').length") == 4
    page.wait("document.querySelector('#wall img').naturalWidth === 16")
    page.click("#wall a")
    page.wait("document.querySelector('#view').open")
    assert f"{name}.yaml" in page.ask("document.querySelector('#view pre').textContent").replace("'\"'\"'", "'")
    assert page.ask("typeof broken") == "undefined"
    assert page.complaints() == []
