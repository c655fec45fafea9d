"""The photos that a recipe needs: found beside the file and where they were, the same to the byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from artengine.errors import InputError, listed, quoted
from artengine.media import MAX_MEDIA_BYTES, Media, open_media

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PhotoReference(BaseModel):
    """A photo that a recipe needs: its hash, and where it was, relative to the folder of the run, if below that."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Sha256
    where: str | None = None


def find_photos(
    references: Mapping[str, PhotoReference], path: Path, max_megapixels: float, *, needed: bool
) -> dict[str, Media]:
    """The photos that the recipe of the file at path refers to, by their names.

    needed: whether they have to be there; otherwise, what stands for one that is missing says so.
    Raises `InputError` where one that is needed is missing, has changed, or cannot be opened.
    """
    opened: dict[Path, Media] = {}
    photos: dict[str, Media] = {}
    for name, reference in references.items():
        try:
            photos[name] = _find_photo(name, reference, path, max_megapixels, opened)
        except InputError as error:
            if needed:
                raise
            nowhere = path.parent / reference.sha256
            photos[name] = Media(nowhere, reference.sha256, name, where=reference.where, missing=str(error))
    return photos


def _find_photo(
    name: str, needed: PhotoReference, path: Path, max_megapixels: float, opened: dict[Path, Media]
) -> Media:
    """The photo, where it is whole and the same; opened: those that were opened for another name."""
    changed: Path | None = None
    tried = list(dict.fromkeys(_photo_places(name, needed, path)))
    for place in tried:
        try:
            if not place.is_file():
                continue
            real = place.resolve()
            if real not in opened and place.stat().st_size <= MAX_MEDIA_BYTES and _sha256(place) == needed.sha256:
                opened[real] = open_media(place, name, max_megapixels)
            if real in opened and opened[real].sha256 == needed.sha256:
                return replace(opened[real], path=place, name=name, where=needed.where)
            changed = changed or place
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{path}: its photo {quoted(str(place), 200)} cannot be used: {reason}") from None
    needed_hash = f"sha256 {needed.sha256[:16]}..."
    if changed:
        there = quoted(str(changed), 200)
        raise InputError(f"{path}: its photo {there} has changed since ({needed_hash}); put the earlier one there")
    looked = f"; looked for {listed(quoted(str(place), 200) for place in tried)}" if tried else ""
    raise InputError(f"{path}: its photo {quoted(name)} ({needed_hash}) is missing; put it beside {path.name}{looked}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _photo_places(name: str, needed: PhotoReference, path: Path) -> Iterator[Path]:
    """Where a photo may be: beside the file, and where it was as seen from here or from a folder above the file."""
    beside = path.parent
    for word in (Path(name).name, name, needed.where):
        if word and "\0" not in word and not Path(word).is_absolute() and ".." not in Path(word).parts:
            yield beside / word
            if word == needed.where:
                yield Path(word)
                yield from (folder / word for folder in beside.resolve().parents[:-1])  # not /proc, /dev and the like
