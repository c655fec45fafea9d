"""The page of a gallery, in a real browser, from the disk, as a visitor uses it and as somebody would break it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from PIL import Image
from tests.support.browser import CHROMIUM, WHY_NOT, Browser, Page
from tests.support.gallery_pages import PAYLOADS, STD, gallery_of, page_text, picture_of, scene_of, write_page

from artengine.gallery.naming import short_names
from artengine.gallery.page import SEEDS_LINE, PagePicture, label_of

NUMBER = 300
FAILED = [("painter-seed-300", "went wrong")]

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)


def pictures(count: int) -> list[PagePicture]:
    return [picture_of(seed, ("0.5", "1.5", "1.25")[seed % 3]) for seed in range(count)]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(tmp_path_factory.mktemp("gallery"), pictures(NUMBER), failed=FAILED)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A gallery for what does not depend on how many pictures there are."""
    return write_page(tmp_path_factory.mktemp("few"), pictures(12), failed=FAILED)


@pytest.fixture
def page(browser: Browser, gallery: str) -> Iterator[Page]:
    """The gallery opened; nothing that a visitor does in a test may make the browser complain or ask the network."""
    with browser.page(gallery) as one:
        yield one
        assert one.complaints() == []
        assert [address for address in one.requests() if not address.startswith(("file:", "data:", "blob:"))] == []


def names(page: Page) -> list[str]:
    """What hangs on the wall, in its order."""
    found: list[str] = page.ask("[...document.querySelectorAll('#wall li a')].map((one) => one.title)")
    return found


def seeds(*numbers: int) -> list[str]:
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
    page.key("/")
    page.write(text)
    return names(page)


@in_a_browser
def test_it_opens_from_the_disk_and_shows_every_picture(page: Page, gallery: str) -> None:
    assert names(page) == seeds(*range(NUMBER))
    assert page.ask("document.querySelector('#about').textContent") == "300 pictures"
    assert page.ask("document.title") == page.ask("document.querySelector('h1').textContent") == "painter"
    page.wait("document.querySelector('#wall img').naturalWidth")
    page.click("#failed summary")
    assert "went wrong" in page.ask("document.querySelector('#failed').innerText")
    folder = gallery.removesuffix("index.html")
    assert [one for one in page.requests() if not one.startswith((folder, "data:"))] == []


@in_a_browser
def test_far_pictures_are_loaded_when_somebody_comes_near_and_nothing_jumps(page: Page) -> None:
    last = "document.querySelector('#wall li:last-child img')"
    asked = "thumbnails/painter-seed-299.webp"
    page.wait("document.querySelector('#wall img').naturalWidth")
    high = page.ask("document.documentElement.scrollHeight")
    assert high > 6000
    assert not page.ask(f"{last}.complete")
    assert not any(one.endswith(asked) for one in page.requests())
    page.ask("scrollTo(0, 1e6)")
    page.wait(f"{last}.naturalWidth")
    assert any(one.endswith(asked) for one in page.requests())
    assert page.ask("document.documentElement.scrollHeight") == high


@in_a_browser
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("137", [137]),
        ("10..12, 40", [10, 11, 12, 40]),
        (" 298.. ,..1", [0, 1, 298, 299]),
        ("0137", [137]),
        ("seed-29, 7", [7, 29, *range(290, 300)]),
        ("nothing", []),
        (",", [*range(NUMBER)]),
    ],
)
def test_it_finds_by_seeds_and_words(page: Page, text: str, found: list[int]) -> None:
    assert searched(page, text) == seeds(*found)
    assert (page.ask("document.querySelector('#count span').textContent") == "") == (len(found) == NUMBER)
    if len(found) < NUMBER:
        page.click("#all")
        assert len(names(page)) == NUMBER


@in_a_browser
def test_pictures_of_any_shape_have_their_room_before_they_are_loaded(browser: Browser, tmp_path: Path) -> None:
    shapes = [(300, 200), (200, 300), (250, 250), (4000, 1)]
    shown = [
        replace(picture_of(number), width=wide, height=high, thumbnail=f"t/{number}.webp", file=f"{number}.png")
        for number, (wide, high) in enumerate(shapes)
    ]
    address = write_page(tmp_path, shown)
    for one in shown:
        (tmp_path / one.thumbnail).unlink()
    boxes = "[...document.querySelectorAll('#wall {}')].map((one) => one.getBoundingClientRect())"
    with browser.page(address) as page:
        page.wait("document.querySelectorAll('#wall .missing').length === 4")
        cells = page.ask(boxes.format("a") + ".map((one) => one.width / one.height)")
        assert cells == pytest.approx([1] * 4, abs=0.01), "equal cells"
        ratios = page.ask(boxes.format("img") + ".map((one) => one.width / one.height)")
        assert ratios[:3] == pytest.approx([1.5, 1 / 1.5, 1], abs=0.02)
        feet = page.ask(boxes.format("img") + ".map((one) => Math.round(one.bottom))")
        assert len({*feet[:3]}) == 1, "a row stands on one line"


@in_a_browser
def test_seed_137_is_found_looked_at_and_its_command_copied(page: Page) -> None:
    page.allow("clipboardReadWrite", "clipboardSanitizedWrite")
    assert searched(page, "137") == seeds(137)
    page.click("#wall a")
    page.wait("document.querySelector('#view').open && location.hash === '#painter-seed-137'")
    page.wait("document.querySelector('#view .stage img').naturalWidth === 30")
    said = page.ask("document.querySelector('#view section').innerText")
    assert all(word in said for word in ("painter-seed-137", "30 × 20", "std", picture_of(137, "1.25").command[-30:]))
    page.key("c")
    page.wait("document.querySelector('#said').textContent === 'Command copied'")
    assert pasted(page) == picture_of(137, "1.25").command


@in_a_browser
def test_a_browser_without_clipboard_copies_the_old_way_or_says_so(browser: Browser, few: str) -> None:
    with browser.page(few) as page:
        page.before("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.open(few + "#painter-seed-3")
        page.wait("document.querySelector('#view').open")
        page.click("#view .copy")
        page.wait("document.querySelector('#said').textContent === 'Command copied'")
        assert pasted(page) == picture_of(3).command
        page.ask("document.execCommand = () => false; location.hash = '#painter-seed-6'")
        page.wait("document.querySelector('#view').open")
        page.click("#view .copy")
        page.wait("document.querySelector('#said').textContent.includes('select the text')")
        assert page.ask("getSelection().toString()") == picture_of(6).command
        assert page.complaints() == []


@in_a_browser
def test_the_keys_lead_through_the_gallery(page: Page) -> None:
    there = "document.activeElement.title"
    page.ask("document.querySelector('#wall a').focus()")
    columns = page.ask("getComputedStyle(document.querySelector('#wall')).gridTemplateColumns.split(' ').length")
    page.key("ArrowRight", "ArrowDown")
    assert page.ask(there) == f"painter-seed-{columns + 1}"
    page.key("End")
    assert page.ask(there) == "painter-seed-299"
    page.key("ArrowRight", "Home", "ArrowUp", "s", "Enter")
    page.wait("document.querySelector('#view').open")
    assert page.ask("document.title") == "painter-seed-0 · painter"
    page.key("ArrowLeft")
    assert page.ask("document.querySelector('#view .place').textContent") == "300 of 300"
    page.key("ArrowRight", "ArrowRight", "s", "?")
    page.wait("document.querySelector('#keys').open")
    page.key("ArrowRight", "s", "?")
    assert not page.ask("document.querySelector('#keys').open")
    assert page.ask("document.querySelector('#view h2').textContent") == "painter-seed-1"
    page.wait("location.hash === '#painter-seed-1'")
    page.key("Escape")
    page.wait("!document.querySelector('#view').open && location.hash === ''")
    assert page.ask(there) == "painter-seed-1", "the focus stays with what was looked at"
    assert page.ask("document.querySelector('#stars').textContent") == "2"
    page.key("/", "s", "c")
    assert page.ask("document.querySelector('#search').value") == "sc", "in a text field, letters are letters"


@in_a_browser
def test_keys_work_before_anything_is_clicked(browser: Browser, few: str) -> None:
    focused = "document.activeElement.title"
    with browser.page(few) as page:
        page.key("s")
        assert page.ask("document.querySelector('#said').textContent").startswith("Go to a picture first")
        page.key("ArrowDown")
        assert page.ask(focused) == "painter-seed-0"
        page.key("ArrowRight", "s")
        assert page.ask("document.querySelector('#stars').textContent") == "1"
        page.ask("document.activeElement.blur()")
        page.key("ArrowLeft")
        assert page.ask(focused) == "painter-seed-1", "where one was"
        page.ask("document.activeElement.blur()")
        page.key("End")
        assert page.ask(focused) == "painter-seed-11"
        page.ask("document.activeElement.blur()")
        page.point_at("#wall li:nth-child(3) img")
        page.key("s")
        assert page.ask("document.querySelector('#wall li:nth-child(3) .star').ariaPressed") == "true"
        page.ask("document.querySelector('#search').focus()")
        page.write("like nothing")
        page.ask("document.activeElement.blur()")
        page.key("ArrowRight", "End", "s", "c")
        assert page.complaints() == []


@in_a_browser
def test_only_one_picture_is_in_the_way_of_the_tab_key(page: Page) -> None:
    page.ask("document.querySelector('#help').focus()")
    for _ in range(4):  # three values of a setting, then the wall
        page.key("Tab")
    assert page.ask("document.activeElement.title") == "painter-seed-0"
    page.key("ArrowRight", "Tab")
    assert page.ask("document.activeElement.closest('#failed') !== null")


@in_a_browser
def test_a_picture_has_an_address_and_going_back_leads_to_the_wall(page: Page, gallery: str) -> None:
    page.open(gallery + "#painter-seed-42")
    page.wait("document.querySelector('#view h2').textContent === 'painter-seed-42'")
    page.key("Escape")
    page.wait("!location.hash")
    page.click("#wall li:nth-child(3) a")
    page.wait("document.querySelector('#view').open")
    page.ask("history.back()")
    page.wait("!document.querySelector('#view').open && !location.hash")
    page.ask("location.hash = '#%E0%A4%A'")  # no UTF-8
    page.wait("document.querySelector('#said').textContent.startsWith('There is no picture')")


@in_a_browser
def test_the_wall_is_filtered_by_settings_and_sorted(page: Page) -> None:
    page.click("#settings button[title='1.25']")
    assert names(page)[:3] == seeds(2, 5, 8)
    page.click("#settings button[title='0.5']")
    assert names(page)[:3] == seeds(0, 2, 3)
    assert searched(page, "..4") == seeds(0, 2, 3)
    page.click("#all")
    choose = "(() => {{ const one = document.querySelector('#sort'); one.value = '{}'; one.onchange() }})()"
    page.ask(choose.format(f".{STD}"))
    assert [names(page)[at] for at in (0, 99, 100, 200)] == seeds(0, 297, 2, 1), "1.25 comes before 1.5"
    page.click("#reverse")
    assert names(page)[0] == "painter-seed-298"
    page.ask(choose.format("seed"))
    assert names(page) == seeds(*reversed(range(NUMBER)))


@in_a_browser
def test_stars_survive_a_reload_and_are_exported(page: Page, tmp_path: Path) -> None:
    for number in (8, 4, 13):
        page.click(f"#wall li:nth-child({number}) .star")
    page.reload()
    page.wait("document.querySelector('#stars').textContent === '3'")
    page.click("#only")
    assert names(page) == seeds(3, 7, 12)
    page.click("#export")
    said = page.ask("[...document.querySelectorAll('#exports pre')].map((one) => one.textContent)")
    assert said[0].splitlines() == [
        f"{gallery_of('0.5')} --seeds 3,12 --out starred-1",
        f"{gallery_of('1.5')} --seeds 7 --out starred-2",
    ]
    assert said[1].splitlines() == [picture_of(3).command, picture_of(7, "1.5").command, picture_of(12).command]
    assert "the seed: std." in page.ask("document.querySelector('#exports .note').textContent")
    headings = page.ask("[...document.querySelectorAll('#scenes h3')].map((one) => one.textContent)")
    assert headings == ["As a scene, std 0.5: a film through 2", "As a scene, std 1.5: one picture"]
    page.downloads(tmp_path)
    page.click("#exports a[download='starred-1.yaml']")
    page.downloaded()
    text = (tmp_path / "starred-1.yaml").read_text()
    assert text == said[2] == scene_of("0.5").replace("SEEDS", "3, 12")
    assert yaml.safe_load(text)["seed"] == [3, 12]
    assert said[3:] == [scene_of("1.5").replace("SEEDS", "7")]
    page.key("Escape")
    page.click("#wall li:nth-child(2) .star")
    assert names(page) == seeds(3, 12)


@in_a_browser
def test_stars_of_two_windows_come_together(browser: Browser, few: str) -> None:
    with browser.page(few) as one, one.beside(few) as other:
        one.ask("document.querySelector('#wall li:nth-child(2) .star').click()")
        other.wait("document.querySelector('#stars').textContent === '1'")
        other.ask("document.querySelector('#wall li:nth-child(3) .star').click()")
        one.wait("document.querySelector('#stars').textContent === '2'")


@in_a_browser
@pytest.mark.parametrize("kept", ["throws", "{", "7", '{"a": 1}', "[1, null, [2]]", "null"])
def test_a_browser_that_keeps_nothing_or_nonsense_still_stars(browser: Browser, few: str, kept: str) -> None:
    if kept == "throws":
        prepared = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no') }})"
    else:
        prepared = f"Storage.prototype.getItem = () => {json.dumps(kept)}"
    with browser.page(few) as page:
        page.before(prepared)
        page.reload()
        assert page.ask("document.querySelector('#stars').textContent") == "0"
        page.click("#wall .star")
        if kept == "throws":
            page.wait("document.querySelector('#said').textContent.startsWith('Starred for now')")
            assert page.ask("document.querySelector('#stars').textContent") == "1"
        assert page.complaints() == []


@in_a_browser
@pytest.mark.parametrize("mobile", [False, True])
def test_a_phone_has_room_for_everything(browser: Browser, few: str, mobile: bool) -> None:
    with browser.page(few) as page:
        page.resize(360, 640, 2, mobile=mobile)
        page.open(few + "#painter-seed-5")
        page.wait("document.querySelector('#view').open")
        for inside in ("document.querySelector('#view')", "document.documentElement"):
            assert page.ask(f"{inside}.scrollWidth") == 360
        page.key("Escape")
        assert page.ask("document.documentElement.scrollWidth") == 360
        edges = "[...document.querySelectorAll('#bar > *')].map((one) => one.getBoundingClientRect().right)"
        assert max(page.ask(edges)) <= 360


@in_a_browser
def test_whatever_is_pressed_or_shown_has_a_name(page: Page) -> None:
    page.click("#wall a")
    page.wait("document.querySelector('#view').open")
    page.ask("document.querySelector('#view').close(); document.querySelector('#exports').showModal()")
    for dialog in ("exports", "view", "keys", None):
        page.ask("document.querySelectorAll('dialog').forEach((one) => one.close())")
        if dialog:
            page.ask(f"document.querySelector('#{dialog}').showModal()")
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        named = {"button", "link", "searchbox", "combobox", "slider", "dialog", "image", "list", "textbox"}
        found = [one for one in tree if not one["ignored"] and one["role"]["value"] in named]
        assert [one for one in found if not one["name"]["value"].strip()] == [], dialog
        assert found


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
def test_a_film_plays(browser: Browser, tmp_path: Path) -> None:
    write_page(tmp_path, [picture_of(0), picture_of(2)])
    with browser.page((tmp_path / "index.html").as_uri()) as page:
        recorded = page.ask(
            """new Promise((done) => {
                const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 48});
                const pen = canvas.getContext("2d"), parts = [];
                const recorder = new MediaRecorder(canvas.captureStream(30), {mimeType: "video/webm"});
                recorder.ondataavailable = ({data}) => parts.push(data);
                recorder.onstop = async () => {
                    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
                    done(btoa(String.fromCharCode(...bytes)));
                };
                recorder.start();
                let frame = 0;
                const timer = setInterval(() => {
                    pen.fillStyle = `hsl(${frame * 20} 80% 50%)`;
                    pen.fillRect(0, 0, 64, 48);
                    if (++frame === 15) { clearInterval(timer); recorder.stop(); }
                }, 30);
            })"""
        )
    (tmp_path / "film.webm").write_bytes(base64.b64decode(recorded))
    shown = [
        picture_of(0),
        replace(picture_of(1), name="film", file="film.webm", film=True, width=64, height=48),
        picture_of(2),
    ]
    Image.new("RGB", (64, 48)).save(tmp_path / shown[1].thumbnail)
    (tmp_path / "index.html").write_text(page_text("films", shown))
    with browser.page((tmp_path / "index.html").as_uri()) as page:
        assert page.ask("document.querySelector('#about').textContent") == "2 pictures, 1 film"
        page.click("#wall li:nth-child(2) a")
        page.wait("document.querySelector('#view video')?.currentTime > 0")
        page.key("ArrowRight")
        page.wait("document.querySelector('#view .stage img').naturalWidth")
        page.key("Escape")
        assert page.complaints() == []
    with browser.page((tmp_path / "index.html#film").as_uri().replace("%23", "#"), reduced_motion="reduce") as page:
        page.wait("document.querySelector('#view video')?.readyState >= 2")
        assert page.ask("document.querySelector('#view video').paused"), "nothing moves for whoever wants no motion"


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


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ("22", "22"),
        ("{mutate: 22, by: 3, strength: 0.2}", "mutation 3 of 22"),
        ("{mutate: 22, by: 3}", "mutation 3 of 22"),
        ("{mutate: {mutate: 22, by: 3, strength: 0.5}, by: 1}", "mutation 1 of mutation 3 of 22 (strength 0.5)"),
        ("{cross: [22, {mutate: 7, by: 1}], by: 5}", "crossing 5 of 22 and mutation 1 of 7"),
        ("[22, {mutate: 22, by: 3}, 7]", "22 to mutation 3 of 22 to 7"),
        ("{mutate: 22}", "mutation 0 of 22"),
        ("{mutate: x}", "{mutate: x}"),
        ("{mutate: [1, 2], by: 3}", "{mutate: [1, 2], by: 3}"),
        ("{cross: [1], by: 2}", "{cross: [1], by: 2}"),
        ("{mutate: 1, by: 2", "{mutate: 1, by: 2"),
        ("[" * 5000, "[" * 5000),
        ("{a: &a [1], b: *a}", "{a: &a [1], b: *a}"),
        ("", ""),
        ("a name", "a name"),
    ],
    ids=lambda text: text[:40],
)
def test_a_seed_is_told_as_people_say_it(seed: str, said: str) -> None:
    assert label_of(replace(picture_of(1), seed=seed, settings={}, name="a-name"), {}) == (said or "a-name")


def test_settings_are_called_by_what_tells_them_apart() -> None:
    keys = ["network.mlp.std", "network.mlp.width", "canvas.width", "zoom"]
    assert short_names(keys) == {
        "network.mlp.std": "std",
        "network.mlp.width": "mlp.width",
        "canvas.width": "canvas.width",
        "zoom": "zoom",
    }
    assert short_names(["width", "canvas.width"]) == {"width": "width", "canvas.width": "canvas.width"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "1 · std 0.5"),
        ({"settings": {}}, "1"),
        ({"settings": {}, "seed": ""}, "painter-seed-1"),
        ({"seed": "a\nb\x1b[31m", "settings": {}}, "a b?[31m"),
    ],
)
def test_a_label_says_what_differs(change: dict[str, object], said: str) -> None:
    spell: Callable[..., PagePicture] = replace
    assert label_of(spell(picture_of(1), **change), {STD: "std"}) == said
