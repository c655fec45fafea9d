"""The photos, folders of them, sounds, fonts and weights that a scene names: each looked for where it may stand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from artengine.errors import quoted
from artengine.media import MAX_MEGAPIXELS, MEDIA_WORDS, Media, open_as, stand_in


class SceneFiles:
    """What a scene names besides its text, opened.

    folder: where the scene stands; what its text names is looked for there and below. known: files that are elsewhere,
    by the name they have in the text, as a recipe knows them. max_megapixels: the largest photo that is opened.
    """

    def __init__(
        self, folder: Path, known: Mapping[str, Media] | None = None, max_megapixels: float = MAX_MEGAPIXELS
    ) -> None:
        self._folder = folder
        self._max_megapixels = max_megapixels
        self._by_text: dict[str, Media] = dict(known or {})
        self._by_user: dict[str, Media] = {}  # those that the command line named, by its words for them

    def fork(self) -> SceneFiles:
        """Files for another scene of the same folder; those that the text of this one has named are known to it."""
        return SceneFiles(self._folder, self._by_text, self._max_megapixels)

    def adopt(self, other: SceneFiles) -> None:
        """Take the files that another scene has named for named by this one too."""
        self._by_text |= other._by_text
        self._by_user |= other._by_user

    def open(self, kind: type[Media], name: str, *, from_text: bool) -> Media:
        """The file of that name, opened as one of a kind unless it has been opened before.

        from_text: whether the scene's text names it; otherwise the person at the keyboard does, and it may be anywhere.
        Raises `ValueError` saying what was found and what to do.
        """
        opened = self._by_text if from_text else self._by_user
        if name not in opened:
            word = MEDIA_WORDS[kind]
            if "\0" in name:
                raise ValueError(f"found a NUL in a path, expected the path of a {word}")
            path = self._locate(name) if from_text else _locate_anywhere(name)
            opened[name] = open_as(kind, path, name, self._max_megapixels)
        elif opened[name].missing and not isinstance(opened[name], kind):
            opened[name] = stand_in(kind, opened[name])
        return opened[name]

    @property
    def opened(self) -> dict[str, Media]:
        """All that are open, by the names they have in the scene."""
        return self._by_text | self._by_user

    def for_recipe(self) -> tuple[dict[str, Media], dict[str, str]]:
        """Files by the names that a recipe may show, and these names by those of the command line.

        They are relative to the scene or the bare file name, never more.
        """
        files = dict(self._by_text)
        renamed: dict[str, str] = {}
        folder = self._folder.resolve()
        for name, media in self._by_user.items():
            place = media.path.resolve()
            shown = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.name or "photos"
            while files.get(shown, media).sha256 != media.sha256:
                shown = f"other-{shown}"
            renamed[name] = shown
            files[shown] = media
        return files, renamed

    def _locate(self, name: str) -> Path:
        """The path of a file below the scene's folder."""
        try:
            folder = self._folder.resolve()
            path = (folder / name).resolve()
        except (OSError, RuntimeError) as error:  # links in a circle
            raise ValueError(f"found {quoted(name)}, which leads nowhere: {error}") from None
        if not path.is_relative_to(folder):
            hint = "put it beside the scene, or name it yourself with --set"
            raise ValueError(f"found {quoted(name)}, which lies outside the scene's folder; {hint}")
        return path


def _locate_anywhere(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except (OSError, RuntimeError) as error:  # the home of nobody
        raise ValueError(f"found {quoted(name)}, which leads nowhere: {error}") from None
