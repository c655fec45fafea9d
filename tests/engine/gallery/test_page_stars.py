"""The stars of a gallery's page, in a real browser: they stay, they are exported, and they need no storage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.support.browser import Browser, Page, in_a_browser
from tests.support.gallery_pages import gallery_of, names, picture_of, scene_of, seeds


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
