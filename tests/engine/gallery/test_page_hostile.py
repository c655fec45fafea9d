"""The page of a gallery as somebody would break it: texts that try to get out, files that are gone or elsewhere."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from PIL import Image
from tests.support.browser import Browser, in_a_browser
from tests.support.gallery_pages import PAYLOADS, page_text, picture_of, write_page

from artengine.gallery.page import SEEDS_LINE, PagePicture


@in_a_browser
def test_no_text_breaks_out_whatever_it_stands_in(browser: Browser, tmp_path: Path) -> None:
    everything = "\n".join(PAYLOADS)
    shown = [
        PagePicture(
            name=bad,
            file=f"{number}{bad.replace('/', '').replace(chr(0), '')}.png",
            thumbnail=f"thumbnails/{number}#?%41'\"()é\udcff.webp",
            width=30,
            height=20,
            film=False,
            seed=bad,
            settings={bad: bad, f"a.{bad}.b": str(number)},
            command=bad,
            note=bad,
            gallery=bad,
            walk=f"{SEEDS_LINE}\n{everything}",
        )
        for number, bad in enumerate(PAYLOADS)
    ]
    for one in shown:
        for path in (one.file, one.thumbnail):
            at = os.fsencode(tmp_path / path)
            os.makedirs(os.path.dirname(at), exist_ok=True)  # noqa: PTH103, PTH120 - no name for a Path
            with open(at, "wb") as file:  # noqa: PTH123
                Image.new("RGB", (30, 20)).save(file, "PNG")
    address = write_page(tmp_path, [], everything)
    text = page_text(everything, shown, failed=[(bad, bad) for bad in PAYLOADS])
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    with browser.page(address) as page:
        assert page.load_images("#wall img") == len(shown)
        for one in shown:
            name = json.dumps(one.name.replace("\udcff", "?"))
            page.ask(f"document.querySelector('#view').close(); location.hash = encodeURIComponent({name})")
            page.wait(f"document.querySelector('#view h2').textContent === {name}")
            page.wait("document.querySelector('#view .stage img').naturalWidth")
            assert page.ask("document.querySelector('#view pre').textContent") == json.loads(name)
            page.key("s")
        page.key("Escape")
        page.click("#only")
        for chip in range(len(PAYLOADS)):
            page.ask(f"document.querySelectorAll('#settings button')[{chip}].click()")
        page.click("#export")
        assert "broken" in page.ask("document.querySelector('#exports pre').textContent")
        scene = page.ask("document.querySelectorAll('#exports pre')[2].textContent").split("\n")[0]
        assert yaml.safe_load(scene)["seed"][:4] == PAYLOADS[:4], "a seed that is no seed stays a text"
        assert page.ask("typeof broken") == "undefined"
        assert page.ask("document.querySelectorAll('script').length") == 3
        assert [one for one in page.requests() if not one.startswith(("file:", "data:", "blob:"))] == []
        assert page.complaints() == []


@in_a_browser
@pytest.mark.parametrize(
    "wedge",
    [
        "<script>broken = 1</script>",
        "<img src=no-such-file onerror='broken = 1'>",
        "<img src='https://example.com/counted.png'>",
        "<a id=press href='javascript:broken=1'>here</a>",
        "<base href='https://example.com/'>",
        "<link rel=stylesheet href='https://example.com/a.css'><script src='https://example.com/a.js'></script>",
        "<iframe srcdoc='<script>top.broken = 1</script>'></iframe>",
    ],
)
def test_markup_that_got_in_all_the_same_does_nothing(browser: Browser, tmp_path: Path, wedge: str) -> None:
    address = write_page(tmp_path, [picture_of(1)])
    path = tmp_path / "index.html"
    path.write_text(path.read_text().replace("<header>", f"{wedge}<header>"))
    with browser.page(address) as page:
        page.ask("document.querySelector('#press')?.click()")
        page.wait("document.querySelector('#wall img').naturalWidth")
        assert page.ask("typeof broken") == "undefined"
        answered = [one["response"]["url"] for one in page.seen("Network.responseReceived")]
        assert [one for one in answered if not one.startswith(("file:", "data:"))] == []
        assert page.complaints() or "no-such-file" in wedge, "the browser says what its policy forbade"


@in_a_browser
def test_what_is_gone_from_the_disk_leaves_its_name(browser: Browser, tmp_path: Path) -> None:
    address = write_page(tmp_path, [picture_of(1), picture_of(2)])
    (tmp_path / picture_of(1).file).unlink()
    (tmp_path / picture_of(2).thumbnail).unlink()
    with browser.page(address) as page:
        page.wait("document.querySelector('#wall a.missing')?.title === 'painter-seed-2'")
        page.click("#wall a")
        page.wait("document.querySelector('#view .note').textContent.includes('cannot show')")
        page.wait("document.querySelector('#view .stage img').naturalWidth")  # its thumbnail


@in_a_browser
def test_two_files_of_one_name_and_no_file_at_all(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    other = replace(picture_of(1), file="other.png")
    address = write_page(tmp_path / "two", [picture_of(1), other, other])
    with browser.page(address) as page:
        page.ask("document.querySelectorAll('#wall .star')[1].click()")
        pressed = "[...document.querySelectorAll('#wall .star')].map((one) => one.ariaPressed)"
        assert page.ask(pressed) == ["false", "true", "false"]
    (tmp_path / "none").mkdir()
    with browser.page(write_page(tmp_path / "none", [])) as page:
        assert page.ask("document.querySelector('#about').textContent") == "Nothing here yet."
        page.key("ArrowRight", "s", "c", "?", "Escape")
        assert page.complaints() == []


@pytest.mark.parametrize(
    "file", ["", "/etc/passwd", "../a.png", "a/../../b.png", "..\\a.png", "a/", "./a.png", "a\0.png"]
)
def test_a_file_elsewhere_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match="expected one in the folder of the gallery"):
        replace(picture_of(1), file=file)
    with pytest.raises(ValueError, match="expected one in the folder of the gallery"):
        replace(picture_of(1), thumbnail=file)


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 20 pixels, expected at least one"):
        replace(picture_of(1), width=0)


@pytest.mark.parametrize("bad", PAYLOADS)
def test_the_data_are_blocks_that_no_text_ends(bad: str) -> None:
    text = page_text(bad, [replace(picture_of(1), name=bad, seed=bad, note=bad, walk=bad)], failed=[(bad, bad)])
    head, _, rest = text.partition('<script type="application/json" id="data">')
    data, _, rest = rest.partition('</script>\n<script type="application/json" id="pictures">')
    pictures, _, after = rest.partition("</script>")
    assert json.loads(pictures)[0]["name"] == json.loads(data)["walks"][0] == bad.replace("\udcff", "?")
    assert not {"<", ">", "&"} & {*data, *pictures}
    assert "broken" not in head.replace("broken = 1", "broken").partition("<title>")[0]
    assert after.count("</script>") == 1
    text.encode()
