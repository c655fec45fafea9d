"""The photos and folders of photos that a recipe needs: beside the file or where they were, the same to the byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from artengine.errors import InputError, listed, quoted
from artengine.media import MAX_MEDIA_BYTES, MEDIA_WORDS, Media, Photo, PhotoFolder, open_media

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PhotoReference(BaseModel):
    """A photo that a recipe needs: its hash, and where it was, relative to the folder of the run, if below that.

    folder: whether it is a folder of photos.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Sha256
    where: str | None = None
    folder: bool = False

    @property
    def word(self) -> str:
        """What it is, for messages."""
        return MEDIA_WORDS[PhotoFolder if self.folder else Photo]

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As earlier versions read it, where it is a file."""
        data: dict[str, Any] = handler(self)
        return data if self.folder else {name: data[name] for name in data if name != "folder"}


def photo_reference(media: Media, here: Path) -> PhotoReference:
    """How a recipe knows what a scene names; here: the folder of the run."""
    where = _below_folder(media.path.resolve(), here) if media.where == "" else media.where
    return PhotoReference(sha256=media.sha256, where=where, folder=isinstance(media, PhotoFolder))


def find_photos(
    references: Mapping[str, PhotoReference], path: Path, max_megapixels: float, *, needed: bool
) -> dict[str, Media]:
    """The photos that the recipe of the file at path refers to, by their names.

    needed: whether they have to be there; otherwise, what stands for one that is missing says so.
    Raises `InputError` where one that is needed is missing, has changed, or cannot be opened.
    """
    opened: dict[Path, Media | None] = {}
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
    name: str, needed: PhotoReference, path: Path, max_megapixels: float, opened: dict[Path, Media | None]
) -> Media:
    """The photo, where it is whole and the same; opened: what was looked into for another name."""
    changed: Path | None = None
    word = needed.word
    tried = list(dict.fromkeys(_photo_places(name, needed, path)))
    for place in tried:
        try:
            if not (place.is_dir() if needed.folder else place.is_file()):
                continue
            real = place.resolve()
            if needed.folder and real not in opened:
                opened[real] = _open_folder(place, name, max_megapixels)
            elif real not in opened and place.stat().st_size <= MAX_MEDIA_BYTES and _sha256(place) == needed.sha256:
                opened[real] = open_media(place, name, max_megapixels)
            if (found := opened.get(real)) and found.sha256 == needed.sha256:
                return replace(found, path=place, name=name, where=needed.where)
            changed = changed or place
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{path}: its {word} {quoted(str(place), 200)} cannot be used: {reason}") from None
    needed_hash = f"sha256 {needed.sha256[:16]}..."
    if changed:
        there = quoted(str(changed), 200)
        raise InputError(f"{path}: its {word} {there} has changed since ({needed_hash}); put the earlier one there")
    looked = f"; looked for {listed(quoted(str(place), 200) for place in tried)}" if tried else ""
    raise InputError(f"{path}: its {word} {quoted(name)} ({needed_hash}) is missing; put it beside {path.name}{looked}")


def _open_folder(place: Path, name: str, max_megapixels: float) -> Media | None:
    """A folder with photos in it; None for one without, which is not the one that is needed."""
    try:
        return open_media(place, name, max_megapixels)
    except ValueError:
        return None


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


def _below_folder(path: Path, folder: Path) -> str | None:
    # above all homes, a relative path would name a user as an absolute one does
    try:
        names_user = folder in Path.home().resolve().parents
    except (OSError, RuntimeError):  # the user has no home
        names_user = False
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) and not names_user else None
