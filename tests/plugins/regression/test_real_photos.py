"""Photos as people have them, from the file to the learnt picture: it shows what a person sees in the photo."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from tests.support.common import RunCli, RunProcess
from tests.support.trainings import training_of

from artengine import build, load

Pixels = np.ndarray[Any, Any]

HEIGHT, WIDTH = 16, 24
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH
#: What the person sees, different in every corner and channel: (16, 24, 3) in [0, 1].
SEEN = np.stack((0.1 + 0.8 * X, 0.2 + 0.9 * Y, 0.9 - 0.8 * X), axis=-1)
GREY = np.repeat((0.1 + 0.5 * X + 0.4 * Y)[:, :, None], 3, axis=2)
LEFT = np.where(X < 0.5, 0.0, 1.0)  # black on the left, white on the right


def levels(image: Pixels, bits: int = 8) -> Pixels:
    return np.rint(image * (2**bits - 1)).astype(np.uint16 if bits == 16 else np.uint8)


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def colour(image: Pixels = SEEN) -> Image.Image:
    return Image.fromarray(levels(image))


def grey(image: Pixels = GREY) -> Image.Image:
    return Image.fromarray(levels(image)[:, :, 0])


def tiff(values: Pixels, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def scene(folder: Path, data: bytes, options: str = "", end: str = "optimiser: lbfgs, until: {steps: 15}") -> Path:
    (folder / "photo").write_bytes(data)
    path = folder / "a.yaml"
    path.write_text(
        f"seed: 3\ncanvas: {{width: {WIDTH}, height: {HEIGHT}}}\n"
        "network: {mlp: {width: 16, depth: 2, frequency: 2}}\n"
        f"training: {{regression: {{target: photo, {end}{options}}}}}\n"
    )
    return path


def pixels(path: Path) -> Pixels:
    """The pixels a scene learns from."""
    return load(path).photos["photo"].pixels  # type: ignore[attr-defined,no-any-return]


def learnt(path: Path) -> Pixels:
    """The picture after the training, (16, 24, 3) in [0, 1]."""
    picture = build(load(path), "cpu")
    for _ in training_of(picture):
        pass
    return np.asarray(picture.paint())


def apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(np.asarray(one) - other).mean())


def see(data: bytes, image: Pixels, folder: Path, off: float = 0.5, about: float = 0.02) -> Pixels:
    """Look at what is learnt of a file, level by level, and at the learnt picture; gives the pixels."""
    path = scene(folder, data)
    found = pixels(path)
    top = np.iinfo(found.dtype).max
    assert found.shape == image.shape
    assert np.abs(found / top - image).max() <= (off + 0.01) / top
    assert apart(learnt(path), image) < about
    return found


def soft() -> tuple[bytes, Pixels]:
    """A disc with soft edges over nothing, whose hidden colour is a garish one."""
    alpha = levels(np.clip(1.2 - 2.5 * np.hypot(X - 0.5, Y - 0.33), 0, 1))
    image = colour()
    image.paste((255, 0, 255), mask=Image.fromarray(np.where(alpha == 0, 255, 0).astype(np.uint8)))
    image.putalpha(Image.fromarray(alpha))
    shown = (alpha / 255)[:, :, None]
    return saved(image), levels(SEEN) / 255 * shown + 1 - shown


def chosen(**options: Any) -> bytes:
    """Black on the left in a palette, orange on the right."""
    image = Image.new("P", (WIDTH, HEIGHT))
    image.putdata((LEFT > 0).astype(int).reshape(-1).tolist())
    image.putpalette([0, 0, 0, 255, 128, 0])
    return saved(image, options.pop("form", "PNG"), **options)


def frames(form: str, **options: Any) -> bytes:
    return saved(colour(), form, save_all=True, append_images=[colour(1 - SEEN), colour(SEEN * 0)], **options)


ORANGE = np.stack((LEFT, LEFT * 128 / 255, LEFT * 0), axis=-1)
WHITE_LEFT = np.where(LEFT[:, :, None] > 0, ORANGE, 1.0)
INKS = colour().convert("CMYK")
DISC, DISC_SEEN = soft()

KINDS: dict[str, tuple[Any, ...]] = {
    # the file, what one sees, how many levels a pixel may be off, how far the learnt picture may be on the average
    "grey": (saved(grey()), GREY, 0.5),
    "grey JPEG": (saved(grey(), "JPEG", quality=95), GREY, 6),
    "grey with alpha": (saved(Image.merge("LA", (grey(), grey(1 - LEFT[:, :, None])))),
                        np.where(LEFT[:, :, None] > 0, 1.0, GREY), 0.5, 0.05),
    "one bit": (saved(grey(LEFT[:, :, None]).convert("1")), np.repeat(LEFT[:, :, None], 3, 2), 0.5, 0.05),
    "one bit TIFF": (saved(grey(LEFT[:, :, None]).convert("1"), "TIFF", compression="group4"),
                     np.repeat(LEFT[:, :, None], 3, 2), 0.5, 0.05),
    "palette": (chosen(), ORANGE, 0.5, 0.05),
    "palette with a clear colour": (chosen(transparency=0), WHITE_LEFT, 0.5, 0.05),
    "palette of half-clear colours": (chosen(transparency=bytes([0, 255])), WHITE_LEFT, 0.5, 0.05),
    "GIF with a clear colour": (chosen(form="GIF", transparency=0), WHITE_LEFT, 0.5, 0.05),
    "soft edges": (DISC, DISC_SEEN, 1.5, 0.05),
    "16-bit grey PNG": (saved(Image.fromarray(levels(GREY, 16)[:, :, 0])), GREY, 0.5),
    "16-bit grey TIFF, white is zero": (tiff(levels(1 - GREY, 16)[:, :, 0], photometric="miniswhite"), GREY, 1),
    "floats": (tiff(SEEN.astype(np.float32), photometric="rgb"), SEEN, 0.5),
    "long floats": (tiff(SEEN, photometric="rgb", compression="zlib"), SEEN, 0.5),
    "grey floats": (tiff(GREY[:, :, 0].astype(np.float32)), GREY, 0.5),
    "inks by Adobe": (saved(INKS, "JPEG", quality=95), SEEN, 8),
    "inks in TIFF": (saved(INKS, "TIFF"), SEEN, 1),
    "progressive": (saved(colour(), "JPEG", progressive=True, quality=95, subsampling=0), SEEN, 8),
    "animated WebP": (frames("WEBP", lossless=True), SEEN, 0.5),
    "animated GIF": (frames("GIF"), SEEN, 12, 0.03),
    "animated PNG": (frames("PNG"), SEEN, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_learnt_is_what_one_sees(kind: str, tmp_path: Path) -> None:
    data, image, *far = KINDS[kind]
    see(data, image, tmp_path, *far)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "TIFF", "16-bit TIFF"])
def test_a_photo_is_learnt_upright(form: str, orientation: int, tmp_path: Path) -> None:
    held = SEEN.swapaxes(0, 1) if orientation > 4 else SEEN  # as EXIF numbers them: 0th row and column are at the
    held = held[:: -1 if orientation in (3, 4, 6, 7) else 1]  # top left, top right, bottom right, bottom left,
    held = held[:, :: -1 if orientation in (2, 3, 7, 8) else 1]  # left top, right top, right bottom, left bottom
    exif = Image.Exif()
    exif[0x0112] = orientation
    if form == "16-bit TIFF":
        see(
            tiff(levels(held, 16), photometric="rgb", extratags=[(274, "H", 1, orientation, True)]), SEEN, tmp_path, 256
        )
    else:
        options = {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
        see(saved(colour(held), form, exif=exif, **options), SEEN, tmp_path, 8)


def swapped() -> bytes:
    """A profile whose red is the green of sRGB, and the other way round."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return icc.replace(b"rXYZ", b"none").replace(b"gXYZ", b"rXYZ").replace(b"none", b"gXYZ")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "16-bit TIFF", "alpha"])
def test_the_colours_that_are_learnt_are_those_of_the_profile(form: str, tmp_path: Path) -> None:
    seen, image = SEEN[:, :, [1, 0, 2]], colour()
    options = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    if form == "16-bit TIFF":
        see(tiff(levels(SEEN, 16), photometric="rgb", iccprofile=swapped()), seen, tmp_path, 1)
    elif form == "alpha":
        image.putalpha(grey(LEFT[:, :, None]))
        shown = np.where(LEFT[:, :, None] > 0, seen, 1)
        see(saved(image, icc_profile=swapped()), shown, tmp_path, 1, 0.05)
    else:
        see(saved(image, form, icc_profile=swapped(), **options), seen, tmp_path, 6)


@pytest.mark.parametrize(("height", "width"), [(600, 8), (8, 600), (1, 1), (1, 50)])
def test_tall_wide_and_tiny_photos_are_learnt(height: int, width: int, tmp_path: Path) -> None:
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    image = np.stack((0.2 + 0.6 * x, 0.2 + 0.6 * y, 0.5 + 0 * x), axis=-1)
    path = scene(tmp_path, saved(colour(image)), end="optimiser: lbfgs, until: {steps: 25}")
    path.write_text(path.read_text().replace(f"{WIDTH}, height: {HEIGHT}", f"{width}, height: {height}"))
    assert apart(learnt(path), image) < 0.02


#: The same grey in many files: nothing on the left, all of it on the right.
HALVES: dict[str, bytes] = {
    "8 bits": saved(grey(LEFT[:, :, None])),
    "1 bit": saved(grey(LEFT[:, :, None]).convert("1")),
    "16 bits": saved(Image.fromarray(levels(LEFT, 16))),
    "16-bit colour": tiff(np.repeat(levels(LEFT, 16)[:, :, None], 3, 2), photometric="rgb"),
    "floats": tiff(LEFT.astype(np.float32)),
    "clear on the right": saved(Image.merge("LA", (grey(LEFT[:, :, None] * 0), grey(1 - LEFT[:, :, None])))),
    "upside down": saved(grey(LEFT[:, ::-1, None]), "TIFF", tiffinfo={274: 3}),
}


@pytest.mark.parametrize("option", ["mask: {picture: half}", "weigh: half"])
def test_masks_and_weights_may_be_of_any_kind(option: str, tmp_path: Path) -> None:
    photo = saved(colour(np.where(LEFT[:, :, None] > 0, 1 - SEEN, SEEN)))
    path = scene(tmp_path, photo, f", {option}", "rate: 0.05, until: {steps: 150}")
    pictures = {}
    (tmp_path / "half").write_bytes(HALVES["8 bits"])
    picture = learnt(path)
    half = WIDTH // 2 + 1  # an edge is no place to look at
    side = np.s_[:, : half - 2] if "mask" in option else np.s_[:, half:]
    assert apart(picture[side], SEEN[side] if "mask" in option else 1 - SEEN[side]) < 0.03
    path.write_text(path.read_text().replace("steps: 150", "steps: 10"))  # enough to tell one from another
    for kind, data in HALVES.items():
        (tmp_path / "half").write_bytes(data)
        pictures[kind] = learnt(path)
    for kind, picture in pictures.items():
        assert np.array_equal(picture, pictures["8 bits"]), kind


def a_bomb() -> bytes:
    return saved(Image.new("1", (10_000, 10_000)))


def a_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("photo.jpg", saved(colour(), "JPEG"))
    return file.getvalue()


REFUSED: dict[str, tuple[Any, str]] = {
    "half": (lambda: saved(colour(), "JPEG")[:-99], "found a damaged picture"),
    "half in 16 bits": (lambda: tiff(levels(SEEN, 16), photometric="rgb")[:-99], "found a damaged picture"),
    "text": (lambda: b"no picture\n" * 99, "found no picture, expected one of PNG, JPEG"),
    "empty": (lambda: b"", "found no picture, expected one of PNG, JPEG"),
    "zip": (a_zip, "found no picture, expected one of PNG, JPEG"),
    "100 megapixels": (a_bomb, "found a photo of 10000 x 10000, 100 megapixels, expected at most 64; make it smaller"),
    "no number": (lambda: tiff(np.where(SEEN > 0.85, np.nan, SEEN).astype("f4"), photometric="rgb"),
                  "found a picture with values that are not numbers, expected finite ones"),
    "folder": ("folder", "which is a folder, expected a picture"),
    "fifo": ("fifo", "which is no regular file, expected a picture"),
    "link": ("link", "which lies outside the scene's folder; put it beside the scene"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_photo_is_refused_in_a_line_for_each_place(
    kind: str, run_cli: RunCli, run_process: RunProcess, tmp_path: Path
) -> None:
    made, said = REFUSED[kind]
    folder = tmp_path / "scene"
    folder.mkdir()
    scene(folder, saved(colour()), ", mask: {picture: bad.png}, weigh: ./bad.png")
    bad = folder / "bad.png"
    if made == "folder":
        bad.mkdir()
    elif made == "fifo":
        os.mkfifo(bad)
    elif made == "link":
        (tmp_path / "private.png").write_bytes(saved(colour()))
        bad.symlink_to(tmp_path / "private.png")
    else:
        bad.write_bytes(made())
    text = (folder / "a.yaml").read_text().replace("target: photo", "target: [photo, bad.png]")
    (folder / "a.yaml").write_text(text)
    before = sorted(tmp_path.rglob("*"))
    words = ("run", "scene/a.yaml", "--out", "out")
    if kind.startswith("half"):  # of which a library may speak past Python's streams
        answer = run_process(*words)
        code, out, lines = answer.returncode, answer.stdout, answer.stderr.splitlines()
    else:
        refused = run_cli(*words)
        code, out, lines = refused.code, refused.out, refused.err.splitlines()
    assert (code, out) == (2, "")
    places = [line.split(": ")[1].removeprefix("training.regression.") for line in lines]
    assert places == ["target.1", "mask.picture", "weigh"]
    assert all(said in line for line in lines)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("downscale", [1, 4])
def test_twelve_megapixels_take_little_more_than_their_pixels(downscale: int, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(saved(colour().resize((4000, 3000)), "JPEG"))
    program = (
        "import os, resource, sys\nfrom pathlib import Path\nimport numpy\nfrom PIL import Image\n"
        "from artengine.media.photo import open_photo\nImage.preinit()\n"
        "if os.fork():\n    os.wait()\n    sys.exit()\n"  # Linux counts what the process held that started this one
        "size = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nbefore = size()\n"
        "photo = open_photo(Path('photo'), 'photo')\ngiven = int(sys.argv[1])\n"
        "assert given == 1 or photo.image(given).shape == (750, 1000, 3)\nprint(size() - before)"
    )
    command = [sys.executable, "-c", program, str(downscale)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert int(run.stdout) < 140_000  # kilobytes: the pixels are 36,000 twice and, as Pillow has them, 48,000
