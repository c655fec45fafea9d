"""The page of a gallery, in a real browser, from the disk, as a visitor uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.support.browser import Browser, Page, in_a_browser
from tests.support.film_files import moving, written
from tests.support.gallery_pages import (
    NUMBER,
    STD,
    names,
    page_text,
    pasted,
    picture_of,
    searched,
    seeds,
    write_page,
)

from artengine_basics.outputs import films


@pytest.fixture
def small_page(browser: Browser, few: str) -> Iterator[Page]:
    """As page, for what does not depend on how many pictures there are."""
    with browser.page(few) as one:
        yield one
        assert one.complaints() == []
        assert [address for address in one.requests() if not address.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def searched_page(browser: Browser, gallery: str) -> Iterator[Page]:
    """The gallery opened once for all searches; each of them begins with the whole wall."""
    with browser.page(gallery) as one:
        yield one
        assert one.complaints() == []
        assert [address for address in one.requests() if not address.startswith(("file:", "data:", "blob:"))] == []


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
def test_it_finds_by_seeds_and_words(searched_page: Page, text: str, found: list[int]) -> None:
    page = searched_page
    assert len(names(page)) == NUMBER
    page.ask("document.activeElement.blur()")
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
def test_the_keys_lead_through_the_gallery(small_page: Page) -> None:
    page = small_page
    there = "document.activeElement.title"
    page.ask("document.querySelector('#wall a').focus()")
    columns = page.ask("getComputedStyle(document.querySelector('#wall')).gridTemplateColumns.split(' ').length")
    page.key("ArrowRight", "ArrowDown")
    assert page.ask(there) == f"painter-seed-{columns + 1}"
    page.key("End")
    assert page.ask(there) == "painter-seed-11"
    page.key("ArrowRight", "Home", "ArrowUp", "s", "Enter")
    page.wait("document.querySelector('#view').open")
    assert page.ask("document.title") == "painter-seed-0 · painter"
    page.key("ArrowLeft")
    assert page.ask("document.querySelector('#view .place').textContent") == "12 of 12"
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
def test_only_one_picture_is_in_the_way_of_the_tab_key(small_page: Page) -> None:
    page = small_page
    page.ask("document.querySelector('#help').focus()")
    for _ in range(4):  # three values of a setting, then the wall
        page.key("Tab")
    assert page.ask("document.activeElement.title") == "painter-seed-0"
    page.key("ArrowRight", "Tab")
    assert page.ask("document.activeElement.closest('#failed') !== null")


@in_a_browser
def test_a_picture_has_an_address_and_going_back_leads_to_the_wall(small_page: Page, few: str) -> None:
    page = small_page
    page.open(few + "#painter-seed-7")
    page.wait("document.querySelector('#view h2').textContent === 'painter-seed-7'")
    page.key("Escape")
    page.wait("!location.hash")
    page.click("#wall li:nth-child(3) a")
    page.wait("document.querySelector('#view').open")
    page.ask("history.back()")
    page.wait("!document.querySelector('#view').open && !location.hash")
    page.ask("location.hash = '#%E0%A4%A'")  # no UTF-8
    page.wait("document.querySelector('#said').textContent.startsWith('There is no picture')")


@in_a_browser
def test_the_wall_is_filtered_by_settings_and_sorted(small_page: Page) -> None:
    page = small_page
    page.click("#settings button[title='1.25']")
    assert names(page)[:3] == seeds(2, 5, 8)
    page.click("#settings button[title='0.5']")
    assert names(page)[:3] == seeds(0, 2, 3)
    assert searched(page, "..4") == seeds(0, 2, 3)
    page.click("#all")
    choose = "(() => {{ const one = document.querySelector('#sort'); one.value = '{}'; one.onchange() }})()"
    page.ask(choose.format(f".{STD}"))
    assert [names(page)[at] for at in (0, 3, 4, 8)] == seeds(0, 9, 2, 1), "1.25 comes before 1.5"
    page.click("#reverse")
    assert names(page)[0] == "painter-seed-10"
    page.ask(choose.format("seed"))
    assert names(page) == seeds(*reversed(range(12)))


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
def test_whatever_is_pressed_or_shown_has_a_name(small_page: Page) -> None:
    page = small_page
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
def test_a_film_plays(browser: Browser, tmp_path: Path) -> None:
    write_page(tmp_path, [picture_of(0), picture_of(2)])
    written(films.webm, tmp_path, moving(25)).rename(tmp_path / "film.webm")
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
