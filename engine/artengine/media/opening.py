"""The files that scenes name, opened: each kind with the care that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from artengine.files import is_weights
from artengine.media.base import Media
from artengine.media.font import Font, is_font, open_font
from artengine.media.labels import Labels, is_labels, open_labels
from artengine.media.learnt import Learnt, open_learnt
from artengine.media.photo import MAX_MEGAPIXELS, Photo, is_photo, open_photo
from artengine.media.photo_folder import PhotoFolder, open_photo_folder
from artengine.media.sound import START, Sound, is_sound, open_sound

#: The words for them.
MEDIA_WORDS: dict[type[Media], str] = {
    Photo: "photo",
    PhotoFolder: "folder of photos",
    Sound: "sound",
    Font: "font",
    Learnt: "weights file",
    Labels: "table of labels",
}


def open_as(kind: type[Media], path: Path, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Media:
    """The file at path as one of a kind.

    Raises `ValueError` saying what was found and what to do.
    """
    if kind is Sound:
        return open_sound(path, name)
    if kind is Font:
        return open_font(path, name)
    if kind is Learnt:
        return open_learnt(path, name)
    if kind is Labels:
        return open_labels(path, name)
    if kind is PhotoFolder:
        return open_photo_folder(path, name, max_megapixels)
    return open_photo(path, name, max_megapixels)


def stand_in(kind: type[Media], missing: Media) -> Media:
    """What a scene is bound with in place of a missing file of one of the kinds that only a training looks into.

    Raises `ValueError` for other kinds, saying that it is missing.
    """
    known = (missing.path, missing.sha256, missing.name)
    if kind is Photo:
        import numpy as np

        nothing = np.empty((0, 0, 3), np.uint8)
        return Photo(*known, nothing, where=missing.where, missing=missing.missing)
    if kind in (Learnt, PhotoFolder, Labels):
        return kind(*known, where=missing.where, missing=missing.missing)
    raise ValueError(missing.missing)


def open_media(path: Path, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Media:
    """The file at path, of whichever kind it is by its first bytes, or the folder; raises as `open_as` does."""
    try:
        if path.is_dir():
            return open_as(PhotoFolder, path, name, max_megapixels)
        with path.open("rb") as file:
            start = file.read(START)
    except OSError:
        start = b""
    signs: dict[type[Media], Callable[[bytes], bool]] = {
        Learnt: is_weights,
        Font: is_font,
        Photo: is_photo,
        Labels: is_labels,
        Sound: is_sound,  # the last one: an MP3 may begin with anything
    }
    kind = next((kind for kind, is_one in signs.items() if is_one(start)), Photo)
    return open_as(kind, path, name, max_megapixels)
