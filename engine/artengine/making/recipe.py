"""What it takes to make a file again: written into files, read back from them, and never trusted.

A recipe is JSON in the field where the format keeps its description: a text chunk in PNG, ImageDescription in JPEG,
WebP and TIFF, the comment of a film, an element of SVG, an entry of PDF, the header of a weights file. It names no path
of this machine, no user and no time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from artengine.components import version_of
from artengine.errors import InputError, Problem, listed, quoted
from artengine.files import RECIPE_START, read_embedded
from artengine.media import MAX_MEDIA_BYTES, MAX_MEGAPIXELS, Media, open_media
from artengine.scene import LoadContext, Scene, Work, load_text

if TYPE_CHECKING:
    from artengine.training import Figures

#: What a result may depend on besides the engine and its plugins.
LIBRARIES = ("torch", "numpy", "pillow")
MAX_PHOTOS = 1000  # each costs a look at the disk, one that is found is decoded
MAX_CHARACTERS = 4_000_000

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# no control characters, which a terminal would obey; a scene may hold what YAML takes
PrintableWord = Annotated[str, StringConstraints(pattern=r"^\P{C}*$", max_length=1000)]
SceneText = Annotated[str, StringConstraints(pattern=r"^[\t\n\r\x85\P{Cc}]*$", max_length=1_000_000)]


class PhotoReference(BaseModel):
    """A photo that a recipe needs: its hash, and where it was, relative to the folder of the run, if below that."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Sha256
    where: str | None = None


class Recipe(BaseModel):
    """The scene after overrides, the output that wrote the file, and what it was made with.

    means: what decides the last bits of a picture besides: how large the slices are that are painted at a time, what
    multiplies, and with which instructions.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    artengine: PrintableWord
    scene: SceneText
    output: Annotated[int, Field(ge=0)] | None
    device: PrintableWord
    versions: dict[PrintableWord, PrintableWord]
    plugins: dict[PrintableWord, PrintableWord]
    photos: dict[str, PhotoReference]
    means: dict[PrintableWord, PrintableWord] = {}

    def to_json(self) -> str:
        """One line of ASCII, the same for the same recipe."""
        return json.dumps(self.model_dump(), ensure_ascii=True)


def of(scene: Work, device: str, output: int | None, backend: Mapping[str, str] | None = None) -> Recipe:
    """The recipe of what a scene's output (its place in the list; None for the weights) writes, with this backend."""
    here = Path.cwd()
    photos = {
        name: PhotoReference(
            sha256=photo.sha256,
            where=_below_folder(photo.path.resolve(), here) if photo.where == "" else photo.where,
        )
        for name, photo in sorted(scene.photos.items())
    }
    return Recipe(
        artengine=version_of("artengine"),
        scene=scene.text,
        output=output,
        device=device,
        versions={name: version_of(name) for name in LIBRARIES},
        plugins=scene.plugins,
        photos=photos,
        means=dict(backend or {}),
    )


def of_weights(scene: Scene, device: str) -> Mapping[str, Any]:
    """The recipe of the weights that a scene has learnt, as plain data."""
    return of(scene, device, None).model_dump()


def read(path: Path) -> Recipe:
    """The recipe inside a file.

    Raises `InputError` where there is none, or none that makes sense.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no regular file")
        text = embedded_text(path)
    except Exception as error:  # on damaged files, Pillow's parsers let through whatever they stumble over
        reason = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot be read: {reason}") from None
    if not text.startswith(RECIPE_START):
        raise InputError(f"{path}: found no recipe in it; it was not made by artengine, or with --no-metadata")
    try:
        if len(text) > MAX_CHARACTERS:
            raise ValueError(f"it has {len(text):,} characters, expected at most {MAX_CHARACTERS:,}")
        recipe = Recipe.model_validate(json.loads(text))
        if len(recipe.photos) > MAX_PHOTOS:
            raise ValueError(f"it asks for {len(recipe.photos):,} photos, expected at most {MAX_PHOTOS}")
        return recipe
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: found a recipe that makes no sense: {quoted(place)}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: found a recipe that makes no sense: {error}") from None


def inspect_file(path: Path) -> tuple[Recipe | None, Figures | None]:
    """The recipe inside a file, and what it comes to where it is a file of weights; one of them is always there.

    Raises `InputError` as `read` does, but for weights without a recipe.
    """
    if path.suffix != ".safetensors" or not path.is_file():
        return read(path), None
    from artengine.training import weights

    try:
        figures = weights.figures(path)
        without_recipe = figures is not None and not weights.about(path).get("recipe")
    except (weights.DamagedError, OSError):
        return read(path), None  # it says what is wrong with the file
    return (None if without_recipe else read(path)), figures


def scene_of(
    recipe: Recipe,
    path: Path,
    plugins: tuple[str, ...] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
    **settings: Any,
) -> Work:
    """The scene of the recipe in the file at path, through the same loader as any other scene.

    Photos are looked for beside the file and where they were, and must be the same to the byte. settings: seed, size
    and overrides, see `load_text`.
    Raises `InputError` where something is missing or changed.
    """
    opened: dict[Path, Media] = {}
    photos = {name: _find_photo(name, needed, path, max_megapixels, opened) for name, needed in recipe.photos.items()}
    origin = f"{path} (its recipe)"
    try:
        context = LoadContext(path.parent, plugins, max_megapixels)
        only = -1 if recipe.output is None else recipe.output  # weights are made by none of the outputs
        return load_text(recipe.scene, origin, path.stem, context, photos, only, **settings)
    except InputError as error:
        files = [name for name in recipe.plugins if name.endswith(".py") and name not in map(_file_name, plugins)]
        hint = Problem(str(path), "", f"it was made with the plugin {listed(files)}; name it with -p")
        raise InputError([*error.problems, *([hint] if files else [])]) from None


def _file_name(word: str) -> str:
    return Path(word).name


def output_of(recipe: Recipe, scene: Work, path: Path) -> int:
    """The place in the scene of the output that wrote the file; past the last for a weights file, which none wrote.

    Raises `InputError` where the scene has no such output.
    """
    if recipe.output is None:
        return len(scene.outputs)
    if recipe.output >= len(scene.outputs):
        raise InputError(f"{path}: found a recipe for output {recipe.output}, its scene has {len(scene.outputs)}")
    return recipe.output


def differences(recipe: Recipe, scene: Work) -> Iterator[str]:
    """What is installed in another version than the file was made with, a line each."""
    now = {"artengine": version_of("artengine"), **{name: version_of(name) for name in LIBRARIES}}
    for name, then in {"artengine": recipe.artengine, **recipe.versions}.items():
        if name in now and now[name] != then:
            yield f"made with {name} {then}, this is {now[name]}: the result may differ"
    for name, then in recipe.plugins.items():
        if scene.plugins.get(name, then) != then:
            yield f"made with plugin {name} {then}, this is {scene.plugins[name]}: the result may differ"


def embedded_text(path: Path) -> str:
    """The text where a recipe would be in a file, whatever it says; empty where there is none.

    Raises what the readers of its format raise for a damaged file.
    """
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:] != b"{" or path.suffix != ".safetensors":
        return read_embedded(path)
    from artengine.training import weights

    recipe = weights.about(path).get("recipe")
    return json.dumps(recipe) if recipe else ""


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


def _below_folder(path: Path, folder: Path) -> str | None:
    # above all homes, a relative path would name a user as an absolute one does
    try:
        names_user = folder in Path.home().resolve().parents
    except (OSError, RuntimeError):  # the user has no home
        names_user = False
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) and not names_user else None
