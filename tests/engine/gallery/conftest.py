"""The browser that all pages of galleries are opened in, and the pages that most tests look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.browser import Browser, Page
from tests.support.gallery_pages import FAILED, NUMBER, pictures, write_page


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium, started once; every page has a context of its own in it."""
    one = Browser(tmp_path_factory.mktemp("browser") / "profile")
    yield one
    one.close()


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(tmp_path_factory.mktemp("gallery"), pictures(NUMBER), failed=FAILED)


@pytest.fixture(scope="session")
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
