"""The browser that all pages of galleries are opened in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.browser import Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium, started once; every page has a context of its own in it."""
    one = Browser(tmp_path_factory.mktemp("browser") / "profile")
    yield one
    one.close()
