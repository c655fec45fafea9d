"""A scene may name a sound as it may name a photo: below its folder, whole, and known again by its bytes."""

from __future__ import annotations

import hashlib
import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from tests.support.sample_plugin import bind, value

from artengine import InputError, Photo, Sound, load, run
from artengine.making import recipe
from artengine.making.pipeline import make_files
from artengine.media import ffmpeg
from artengine.media.opening import open_media
from artengine.media.sound import open_sound

FORMATS = {"wav": "wav", "flac": "flac", "mp3": "mp3", "ogg": "ogg"}

SCENE = """# A tiny film.
canvas: {width: 16, height: 12}
film: {length: 0.2s, fps: 10}
network:
  mlp: {width: 8, depth: 2}
outputs:
  mp4: {audio: music/tone.wav}
"""


def tone(path: Path, seconds: float = 0.3, options: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    sine = ["-f", "lavfi", "-i", f"sine=d={seconds}"]
    command = [ffmpeg.program(), "-v", "error", "-y", *sine, *options.split(), str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    tone(tmp_path / "music" / "tone.wav")
    path = tmp_path / "film.yaml"
    path.write_text(SCENE)
    return path


@pytest.mark.parametrize("ending", FORMATS)
def test_a_sound_is_known_by_its_bytes(ending: str, tmp_path: Path) -> None:
    path = tone(tmp_path / f"tone.{ending}").rename(tmp_path / "tone.txt")
    found = open_sound(path, "tone")
    assert (found.form, found.path, found.name) == (FORMATS[ending], path, "tone")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_media(path, "tone") == found


HALVES = {
    "wav": ("", r"[\d,]+ of [\d,]+ bytes are there"),
    "long.wav": ("-rf64 always", r"[\d,]+ of [\d,]+ bytes are there"),
    "flac": ("", r"[\d.]+ of 2\.0 seconds are there"),
    "mp3": ("", r"[\d,]+ of [\d,]+ bytes are there"),
    "without a head.mp3": ("-write_xing 0", "its last frame is cut off"),
    "layer two.mp3": ("-c:a mp2 -f mp2", "its last frame is cut off"),
    "slow.mp3": ("-ar 16000 -write_xing 0", "its last frame is cut off"),
    "ogg": ("-c:a libopus -page_duration 100000", r"its last page is (cut off|missing)"),
}


@pytest.mark.parametrize("kind", HALVES)
def test_half_a_sound_is_refused_wherever_it_ends(kind: str, tmp_path: Path) -> None:
    options, told = HALVES[kind]
    path = tone(tmp_path / f"tone.{kind.rpartition('.')[2]}", 2.0, options)
    whole = path.read_bytes()
    assert open_sound(path, "tone").data == whole
    for end in (len(whole) // 2 + 1, len(whole) * 9 // 10, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(
            ValueError, match=rf"^found half a sound \({told}\), expected a whole one; save it anew, or cut"
        ):
            open_sound(path, "tone")


def test_what_says_nothing_of_its_length_is_whole(tmp_path: Path) -> None:
    path = tone(tmp_path / "tone.wav")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"  # as a program leaves it that writes into a pipe
    path.write_bytes(data)
    assert open_sound(path, "tone").form == "wav"
    path = tone(tmp_path / "tone.mp3")
    tagged = path.read_bytes() + b"TAG" + bytes(125)
    path.write_bytes(tagged)
    assert open_sound(path, "tone").data == tagged


def test_a_flac_may_have_the_tags_of_an_mp3_before_it(tmp_path: Path) -> None:
    whole = tone(tmp_path / "tone.flac").read_bytes()
    for size in (100, 1 << 17):  # with a cover, it is longer than what is looked at to tell a sound
        tagged = b"ID3\3\0\0" + bytes([0, size >> 14, size >> 7 & 0x7F, size & 0x7F]) + bytes(size) + whole
        (tmp_path / "tagged").write_bytes(tagged)
        found = open_media(tmp_path / "tagged", "tone")
        assert isinstance(found, Sound)
        assert (found.form, found.data) == ("flac", whole)
        assert found.sha256 == hashlib.sha256(tagged).hexdigest()
        (tmp_path / "tagged").write_bytes(tagged[:-1])
        with pytest.raises(ValueError, match=r"^found half a sound \("):
            open_sound(tmp_path / "tagged", "tone")


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_a_sound_in_which_nothing_is_heard_is_refused(form: str, tmp_path: Path) -> None:
    path = tone(tmp_path / f"tone.{form}", options="-af atrim=end_sample=0")
    with pytest.raises(ValueError, match=r"^found a sound of no length, expected one that is heard; save it anew$"):
        open_sound(path, "tone")


@pytest.mark.parametrize(
    "lead", [bytes(1), bytes(4096), b"\xff\xfb" * 999 + b"\xff", b"<html>" + bytes(range(256)) * 9]
)
def test_an_mp3_may_begin_with_what_is_none(lead: bytes, tmp_path: Path) -> None:
    path = tone(tmp_path / "tone.mp3", 0.3, "-write_xing 0 -id3v2_version 0")
    whole = path.read_bytes()
    (tmp_path / "cut").write_bytes(lead + whole)
    found = open_media(tmp_path / "cut", "tone")
    assert isinstance(found, Sound)
    assert (found.form, found.data) == ("mp3", whole)
    assert found.sha256 == hashlib.sha256(lead + whole).hexdigest()
    (tmp_path / "cut").write_bytes(whole[100:])  # in the middle of a frame
    found = open_media(tmp_path / "cut", "tone")
    assert isinstance(found, Sound)
    assert whole.endswith(found.data)
    assert len(whole) - len(found.data) < 500


def test_a_sound_is_not_sought_for_ever_nor_in_a_picture(tmp_path: Path) -> None:
    sound = tone(tmp_path / "tone.mp3", 0.3, "-write_xing 0 -id3v2_version 0").read_bytes()
    (tmp_path / "far").write_bytes(bytes(1 << 17) + sound)
    with pytest.raises(ValueError, match=r"^found no sound, "):
        open_sound(tmp_path / "far", "far")
    picture = io.BytesIO()
    Image.new("RGB", (3, 2)).save(picture, "PNG")
    (tmp_path / "photo").write_bytes(picture.getvalue() + sound)
    assert isinstance(open_media(tmp_path / "photo", "photo"), Photo)
    (tmp_path / "one").write_bytes(bytes(9) + sound[:4] + bytes(2000))  # a frame that none follows
    with pytest.raises(ValueError, match=r"^found no sound, "):
        open_sound(tmp_path / "one", "one")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", r"^found no sound, expected one of WAV, FLAC, MP3, OGG$"),
        (b"#EXTM3U\n/etc/passwd\n", r"^found no sound, "),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", r"^found no sound, "),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), r"^found no sound, "),
        (b"RIFF\0\0\0\0WAVE", r"^found a damaged sound \(.+\), expected a whole one; save it anew$"),
        (b"fLaC" + bytes(500), r"^found a damaged sound "),
        (b"OggS" + b"\xff" * 500, r"^found a damaged sound "),
        (b"ID3" + bytes(500), r"^found a damaged sound "),
    ],
)
def test_wrong_sound_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ValueError, match=told) as caught:
        open_sound(tmp_path / "a.wav", "a.wav")
    assert "\n" not in str(caught.value)


def test_a_picture_with_another_name_is_no_sound_and_the_other_way_round(tmp_path: Path) -> None:
    tone(tmp_path / "tone.wav")
    with pytest.raises(InputError, match="found no picture"):
        bind("take: {x: tone.wav}", folder=tmp_path, x=Photo)
    with pytest.raises(InputError, match=r"found the text 'tone\.wav', which is no photo"):
        bind("take: {x: tone.wav, y: tone.wav}", folder=tmp_path, x=Sound, y=Photo)
    with pytest.raises(InputError, match=r"x: found a list of 1, expected the path of a sound"):
        value(Sound, "[a]")
    with pytest.raises(InputError, match=r"'x' is missing; expected the path of a sound"):
        bind("take:", x=Sound)


def test_a_sound_lies_below_the_scene_or_is_named_by_the_user(scene: Path, tmp_path: Path) -> None:
    tone(tmp_path / "tone.wav")
    inner = tmp_path / "inner"
    inner.mkdir()
    path = scene.rename(inner / "film.yaml")
    path.write_text(SCENE.replace("music/tone.wav", "../tone.wav"))
    with pytest.raises(InputError, match=r"'\.\./tone\.wav', which lies outside the scene's folder; put it beside"):
        load(path)
    found = load(path, overrides=[f"outputs.mp4.audio={tmp_path / 'tone.wav'}"])
    assert list(found.photos) == ["tone.wav"]
    assert str(tmp_path) not in found.text


def test_a_film_is_made_again_with_its_sound(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (path,) = run(scene, out=tmp_path / "out")
    found = recipe.read(path)
    assert list(found.photos) == ["music/tone.wav"]
    again = recipe.scene_of(found, path)
    assert isinstance(again.photos["music/tone.wav"], Sound)
    assert recipe.of(again, found.device, found.output, found.means) == found
    data = path.read_bytes()
    list(make_files(again, tmp_path / "again"))
    assert (tmp_path / "again" / "film.mp4").read_bytes() == data
    tone(tmp_path / "music" / "tone.wav", 0.4)
    with pytest.raises(InputError, match="has changed since"):
        recipe.scene_of(found, path)
