"""What it takes to make a file again: written into files, read back from them, and never trusted.

A recipe is JSON in the field where the format keeps its description: a text chunk in PNG, ImageDescription in JPEG,
WebP and TIFF, the comment of a film, an element of SVG, an entry of PDF, the header of a weights file. It is found
where another program has put it, too. It names no path of this machine, no user and no time.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from artengine.components import version_of
from artengine.errors import InputError, Problem, listed, quoted
from artengine.files import RECIPE_START, WEIGHTS_FIELD, describe_places, read_embedded
from artengine.making.recipe_photos import PhotoReference, find_photos, photo_reference
from artengine.media import MAX_MEGAPIXELS, Media
from artengine.scene import NOT_THERE, SCENE_SUFFIXES, LoadContext, Scene, Work, load_text

if TYPE_CHECKING:
    from artengine.training import Figures

#: What a result may depend on besides the engine and its plugins.
LIBRARIES = ("torch", "numpy", "pillow")
MAX_PHOTOS = 1000  # each costs a look at the disk, one that is found is decoded
MAX_FOLDERS = 16  # of photos, each of which is read whole to see whether it is the same

# no control characters, which a terminal would obey; a scene may hold what YAML takes
PrintableWord = Annotated[str, StringConstraints(pattern=r"^\P{C}*$", max_length=1000)]
SceneText = Annotated[str, StringConstraints(pattern=r"^[\t\n\r\x85\P{Cc}]*$", max_length=1_000_000)]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=4_000_000)]


class Recipe(BaseModel):
    """The scene after overrides, the output that wrote the file, and what it was made with.

    versions: of libraries; "none" for one on which the result depends, had it been there. means: what decides the last
    bits of a picture besides: how large the slices are that are painted at a time, what multiplies, and with which
    instructions. weights: what the scene has learnt, packed by `training.enclosed`.
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
    weights: Base64 | None = None

    def to_plain(self) -> dict[str, Any]:
        """The recipe as plain data; weights are left out where there are none."""
        data = self.model_dump()
        return data if self.weights is not None else {name: data[name] for name in data if name != WEIGHTS_FIELD}

    def to_json(self) -> str:
        """One line of ASCII, the same for the same recipe."""
        return json.dumps(self.to_plain(), ensure_ascii=True)

    def packed_weights(self) -> bytes | None:
        """The weights in it, see `training.enclosed`; None where there are none. They are as hostile as all of it."""
        # what is no base64 after all comes to nothing, which `enclosed` refuses with words of its own
        return None if self.weights is None else _decode(self.weights)


def of(
    scene: Work,
    device: str,
    output: int | None,
    backend: Mapping[str, str] | None = None,
    packed_weights: bytes | None = None,
) -> Recipe:
    """The recipe of what a scene's output (its place in the list; None for the weights) writes, with this backend.

    packed_weights: what the scene has learnt, where the file is to have it.
    """
    here = Path.cwd()
    photos = {name: photo_reference(photo, here) for name, photo in sorted(scene.photos.items())}
    return Recipe(
        artengine=version_of("artengine"),
        scene=scene.text,
        output=output,
        device=device,
        versions={name: version_of(name) for name in LIBRARIES} | scene.libraries,
        plugins=scene.plugins,
        photos=photos,
        means=dict(backend or {}),
        weights=None if packed_weights is None else base64.b64encode(packed_weights).decode(),
    )


def of_weights(scene: Scene, device: str) -> Mapping[str, Any]:
    """The recipe of the weights that a scene has learnt, as plain data."""
    return of(scene, device, None).to_plain()


def read(path: Path) -> Recipe:
    """The recipe inside a file.

    Raises `InputError` where there is none, or none that makes sense.
    """
    if path.suffix in SCENE_SUFFIXES and path.is_file():
        raise InputError(f"{path}: is a scene, expected a file made from one; make it with: artengine run {path}")
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no regular file")
        text = embedded_text(path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot be read: {reason}") from None
    if not text.startswith(RECIPE_START):
        why = "--no-metadata leaves it out, and some programs drop it"
        raise InputError(f"{path}: found no recipe in it; looked in {_places(path)}; {why}")
    try:
        recipe = Recipe.model_validate(json.loads(text))
        if len(recipe.photos) > MAX_PHOTOS:
            raise ValueError(f"it asks for {len(recipe.photos):,} photos, expected at most {MAX_PHOTOS}")
        if (folders := sum(photo.folder for photo in recipe.photos.values())) > MAX_FOLDERS:
            raise ValueError(f"it asks for {folders:,} folders of photos, expected at most {MAX_FOLDERS}")
        return recipe
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: found a recipe that makes no sense: {quoted(place)}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: found a recipe that makes no sense: {error}") from None


def inspect_file(path: Path) -> tuple[Recipe | None, Figures | None]:
    """The recipe inside a file, and what weights in it come to; one of them is always there.

    Raises `InputError` as `read` does, but for weights without a recipe.
    """
    if path.suffix != ".safetensors" or not path.is_file():
        recipe = read(path)
        return recipe, _enclosed_figures(recipe)
    from artengine.training import weights

    try:
        figures = weights.figures(path)
        without_recipe = figures is not None and not weights.about(path).get("recipe")
    except (weights.DamagedError, OSError):
        return read(path), None  # it says what is wrong with the file
    return (None if without_recipe else read(path)), figures


def _enclosed_figures(recipe: Recipe) -> Figures | None:
    """What the weights in a recipe come to; None where there are none that could be used."""
    packed = recipe.packed_weights()
    if packed is None:
        return None
    from artengine.training import enclosed, weights

    try:
        return enclosed.figures(packed)
    except weights.DamagedError:
        return None


def scene_of(
    recipe: Recipe,
    path: Path,
    plugins: tuple[str, ...] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
    **settings: Any,
) -> Work:
    """The scene of the recipe in the file at path, through the same loader as any other scene.

    Photos are looked for beside the file and where they were, and must be the same to the byte. One that only a
    training looks into may be missing where the recipe has weights. settings: seed, size and overrides, see
    `load_text`.
    Raises `InputError` where something is missing or changed.
    """
    photos = find_photos(recipe.photos, path, max_megapixels, needed=recipe.weights is None)
    origin = f"{path} (its recipe)"
    try:
        context = LoadContext(path.parent, plugins, max_megapixels)
        only = -1 if recipe.output is None else recipe.output  # weights are made by none of the outputs
        work = load_text(recipe.scene, origin, path.stem, context, photos, only, **settings)
        if needed := next(_missing_files(work), None):
            raise InputError(needed.missing)
        return work
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


def differences(recipe: Recipe, scene: Work, *, learns: bool = True) -> Iterator[str]:
    """What is installed in another version than the file was made with, or not at all, a line each.

    learns: whether what the scene learns is learnt anew, which may depend on libraries of its own.
    """
    libraries = scene.libraries if learns else {}
    now = {"artengine": version_of("artengine"), **{name: version_of(name) for name in LIBRARIES}, **libraries}
    for name, then in {"artengine": recipe.artengine, **recipe.versions}.items():
        if name in now and now[name] != then:
            made = f"made without {name}" if then == NOT_THERE else f"made with {name} {then}"
            here = "which is not here" if now[name] == NOT_THERE else f"this is {now[name]}"
            yield f"{made}, {here}: the result may differ"
    for name in libraries.keys() - recipe.versions.keys():  # of an earlier version, which did not tell
        if now[name] == NOT_THERE:
            yield f"{name} is not here, and perhaps it was made with it: the result may differ"
    for name, then in recipe.plugins.items():
        if scene.plugins.get(name, then) != then:
            yield f"made with plugin {name} {then}, this is {scene.plugins[name]}: the result may differ"


def embedded_text(path: Path) -> str:
    """The text of the recipe in a file, unchecked; empty where there is none.

    Raises `ValueError` for a damaged file, or one of a kind that keeps none, and `OSError` where it cannot be read.
    """
    if not _holds_weights(path):
        return read_embedded(path)
    from artengine.training import weights

    recipe = weights.about(path).get("recipe")
    return json.dumps(recipe) if recipe else ""


def _holds_weights(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".safetensors" and file.read(9)[8:] == b"{"


def _places(path: Path) -> str:
    return "the header of the weights" if _holds_weights(path) else describe_places(path)


def _missing_files(work: Work) -> Iterator[Media]:
    """The files that are missing and needed, whatever has been learnt before."""
    if isinstance(work, Scene):
        parts = [*work.coordinates, work.network, *work.filters, *work.outputs]
        yield from (media for one in parts for media in one.media() if media.missing)
    else:
        yield from (media for media in work.photos.values() if media.missing)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
