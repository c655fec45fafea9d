"""What happened while something was made."""

from __future__ import annotations

from collections.abc import Iterable

from artengine.events import Event, Note


def notes(events: Iterable[Event]) -> list[str]:
    """The texts of the notes among events."""
    return [event.text for event in events if isinstance(event, Note)]
