"""A scene as plain data, for a process that is not this one, and back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from artengine.errors import InputError
from artengine.media import MEDIA_WORDS, Media, open_media
from artengine.scene.loading import load_text
from artengine.scene.scene import LoadContext, Scene

THUMBNAIL = "thumbnail.webp"  # beside the files that a worker makes for a gallery
_OF_MISSING = ("sha256", "where", "missing")  # all that is known of a file that is not at hand


def scene_to_json(scene: Scene) -> dict[str, Any]:
    """All that `scene_from_json` needs to have the scene again, as JSON has it; paths are absolute."""
    return {
        "name": scene.name,
        "text": scene.text,
        "photos": {name: _media_to_json(media) for name, media in scene.photos.items()},
        "folder": str(scene.context.folder.resolve()),
        "plugins": [word if word.startswith("no:") else os.path.abspath(word) for word in scene.context.plugins],  # noqa: PTH100 - links stay links
        "max_megapixels": scene.context.max_megapixels,
    }


def scene_from_json(data: dict[str, Any]) -> Scene:
    """The scene that `scene_to_json` gave, bound anew.

    Raises `InputError` where a photo has changed since.
    """
    limit = float(data["max_megapixels"])
    photos: dict[str, Media] = {}
    for name, about in data["photos"].items():
        if about["missing"]:
            photos[name] = Media(Path(about["path"]), name=name, **{key: about[key] for key in _OF_MISSING})
            continue
        try:
            photo = open_media(Path(about["path"]), name, limit)
        except ValueError as error:
            raise InputError(f"{about['path']}: {error}") from None
        if photo.sha256 != about["sha256"]:
            changed = f"the {MEDIA_WORDS[type(photo)]} has changed while it was being worked with"
            raise InputError(f"{about['path']}: {changed}; start again")
        photos[name] = replace(photo, where=about["where"])
    context = LoadContext(Path(data["folder"]), tuple(data["plugins"]), limit)
    scene = load_text(data["text"], "scene", data["name"], context, photos)
    assert isinstance(scene, Scene)  # noqa: S101 - as it was packed
    return scene


def _media_to_json(media: Media) -> dict[str, Any]:
    known = {name: getattr(media, name) for name in _OF_MISSING}
    return {"path": str(media.path.resolve()), **known}
