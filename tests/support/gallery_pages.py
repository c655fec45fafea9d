"""Pages of made galleries, without the work of making one, and texts that try to break out of them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from tests.support.browser import Page

from artengine.gallery.page import SEEDS_LINE, PagePicture, render_page

STD = "network.neural_painter.std"
NUMBER = 300  # of the pictures on most pages
FAILED = [("painter-seed-300", "went wrong")]

#: What breaks out of HTML, of attributes, of scripts, of URLs and of style, if anything lets it.
PAYLOADS = [
    "<script>broken = 1</script>",
    "</script><script>broken = 1</script>",
    "<!--<script>",
    "<img src=x onerror=broken=1>",
    '"><svg onload=broken=1>',
    "' onfocus=broken=1 autofocus='",
    "javascript:broken=1",
    "{{script}} ${broken=1} `${broken=1}`",
    "\u2028broken=1\u2029",
    "__proto__",
    "</title></style></template></textarea><script>broken=1</script>",
    "%3Cscript%3Ebroken=1%3C/script%3E",
    "\u202eeniletxen\n\r\t\0end",
    "$& $1 \\u003cscript>",
    "half \udcff a character",
]


def picture_of(seed: int, std: str = "0.5") -> PagePicture:
    """A picture of a made gallery."""
    name = f"painter-seed-{seed}"
    return PagePicture(
        name=name,
        file=f"{name}.png",
        thumbnail=f"thumbnails/{name}.webp",
        width=30,
        height=20,
        film=False,
        seed=str(seed),
        settings={STD: std},
        command=f"artengine run scenes/painter.yaml --seed {seed} --set {STD}={std}",
        gallery=gallery_of(std),
        walk=scene_of(std),
    )


def gallery_of(std: str) -> str:
    """The command that makes a gallery of such pictures, without its seeds."""
    return f"artengine gallery scenes/painter.yaml --set {STD}={std}"


def scene_of(std: str) -> str:
    """The scene that walks through such pictures."""
    return f"# A scene.\n{SEEDS_LINE}\nnetwork: {{neural_painter: {{std: {std}}}}}\noutputs: mp4\n"


def write_page(folder: Path, shown: list[PagePicture], title: str = "painter", **options: object) -> str:
    """Make the pictures and the page; its address."""
    for one in shown:
        for path in (folder / one.file, folder / one.thumbnail):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (30, 20), (len(one.name) * 9 % 256, 90, 140)).save(path, path.suffix[1:])
    (folder / "index.html").write_text(page_text(title, shown, **options), encoding="utf-8")
    return (folder / "index.html").as_uri()


def page_text(title: str, shown: list[PagePicture], **options: object) -> str:
    """The page of these pictures."""
    return "".join(render_page(title, shown, **options))  # type: ignore[arg-type]


def pictures(count: int) -> list[PagePicture]:
    """As many pictures, of three settings in turn."""
    return [picture_of(seed, ("0.5", "1.5", "1.25")[seed % 3]) for seed in range(count)]


def names(page: Page) -> list[str]:
    """What hangs on the wall, in its order."""
    found: list[str] = page.ask("[...document.querySelectorAll('#wall li a')].map((one) => one.title)")
    return found


def seeds(*numbers: int) -> list[str]:
    """The names of the pictures of these seeds."""
    return [f"painter-seed-{number}" for number in numbers]


def pasted(page: Page) -> str:
    """What the clipboard holds, pasted as a visitor would."""
    page.key("Escape")
    page.wait("!location.hash && document.activeElement.closest('#wall') !== null")
    page.ask("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    page.ask("document.querySelector('#paste').focus()")
    page.call("Input.dispatchKeyEvent", type="rawKeyDown", key="v", code="KeyV", modifiers=2, commands=["paste"])
    return str(page.wait("document.querySelector('#paste').value"))


def searched(page: Page, text: str) -> list[str]:
    """What hangs on the wall once a text is searched for."""
    page.key("/")
    page.write(text)
    return names(page)
