"""Networks of whole images: each image by itself, latents there and back, weights from a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
import torch

import artengine
from artengine import InputError, Ports
from artengine.capabilities import ImageNetwork
from artengine.media.learnt import Learnt, open_learnt
from artengine.training import weights
from artengine_gan.networks import Dcgan, LatentImages, dcgan, generator
from artengine_gan.networks.generator_module import smoothed
from artengine_gan.networks.mapping import Mapping
from artengine_gan.networks.shape import Shape, dcgan_shape_of, shape_of

if TYPE_CHECKING:
    from tests.support.common import RunCli


def latents(count: int, length: int = 12) -> torch.Tensor:
    return torch.randn(count, length, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=[generator, dcgan])
def network(request: pytest.FixtureRequest) -> LatentImages | Dcgan:
    made: LatentImages | Dcgan = request.param(Ports(inputs=12, seed=1), size=32, width=8, columns=3, rows=2)
    return made.eval()


def test_a_face_is_the_same_alone_and_among_sixty_four(network: LatentImages | Dcgan) -> None:
    z = latents(64)
    with torch.no_grad():
        together = network.images(z)
        alone = torch.cat([network.images(one[None]) for one in z])
    assert together.shape == (64, 3, 32, 32)
    assert float((together - alone).abs().max()) < 1e-5
    assert float(together.std(0).mean()) > 0


def test_the_scene_says_how_many_images_are_on_the_sheet(network: LatentImages | Dcgan) -> None:
    assert isinstance(network, ImageNetwork)
    assert network.sheet == (3, 2)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_images_come_in_three_sizes(size: int) -> None:
    for make in (generator, dcgan):
        network = make(Ports(inputs=4), size=size, width=8).eval()  # type: ignore[operator]
        with torch.no_grad():
            images = network.images(latents(2, 4))
            assert images.shape == (2, 3, size, size)
            assert network.critic(images).shape == (2, 1)
    assert network.shape.latent == 4


def test_a_photo_has_a_latent_and_an_opinion() -> None:
    network = generator(Ports(inputs=12), size=32, width=8, judge=True)
    photos = torch.rand(5, 3, 32, 32) * 2 - 1
    assert network.encoder(photos).shape == (5, 12)
    assert network.critic(photos).shape == (5, 1)
    assert network.judge is not None
    assert network.judge(photos)["glasses"].shape == (5, 4)
    alone = torch.cat([network.critic(one[None]) for one in photos])
    assert torch.allclose(network.critic(photos), alone, atol=1e-5)  # it is the picture's, not its company's


def test_a_w_for_each_layer_is_one_for_all_of_them() -> None:
    network = generator(Ports(inputs=12), size=32, width=8).generator
    w = latents(2)
    with torch.no_grad():
        assert torch.allclose(network(w[:, None].expand(-1, network.layers, -1)), network(w), atol=1e-6)
        changed = w[:, None].repeat(1, network.layers, 1)
        changed[:, -1] += 1
        assert not torch.allclose(network(changed), network(w), atol=1e-3)


@pytest.mark.parametrize("latent", [1, 2, 3, 8])
def test_a_mapping_leads_back_exactly_and_knows_how_likely_a_latent_is(latent: int) -> None:
    mapping = Mapping(np.random.RandomState(0), latent)
    generator_ = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weights in mapping.parameters():
            weights += 0.2 * torch.randn(weights.shape, generator=generator_)
    mapping.double()
    z = latents(3, latent).double()
    w = mapping(z)
    assert torch.allclose(mapping.back(w), z, atol=1e-9)
    for one in z:  # the density of w is that of z, over the volume by which the mapping stretches it there
        slope = torch.autograd.functional.jacobian(lambda x: mapping(x[None])[0], one)
        stretched = torch.linalg.slogdet(slope.reshape(latent, latent)).logabsdet
        expected = (one.square().sum() / 2 + latent / 2 * math.log(2 * math.pi) + stretched) / latent
        assert torch.allclose(mapping.surprise(mapping(one[None])), expected, atol=1e-6)


def test_a_mapping_is_fitted_to_latents() -> None:
    mapping = Mapping(np.random.RandomState(0), 3)
    wanted = torch.tensor([[2.0, 0, 0], [1.0, 0.5, 0], [0.3, -1.0, 0.1]])
    w = latents(20_000, 3) @ wanted.T + torch.tensor([5.0, 0, -1])
    mapping.fit(w)
    with torch.no_grad():
        given = mapping(latents(20_000, 3))
    assert torch.allclose(given.mean(0), w.mean(0), atol=0.05)
    assert torch.allclose(torch.cov(given.T), torch.cov(w.T), atol=0.1)


SCENE = """
canvas: {width: 64, height: 32}
coordinates: {samples: {length: 8}}
network: {generator: {size: 32, width: 8, columns: 2, WEIGHTS}}
outputs: png
"""

TRAINING = "training: {adversarial: {photos: {drawn_faces: {count: 40}}, steps: 4, batch: 2}}\n"


@pytest.fixture
def learnt(tmp_path: Path, run_cli: RunCli) -> Path:
    """A folder with a scene and the weights that it has learnt."""
    text = (
        SCENE.replace(", WEIGHTS", "")
        + "training: {adversarial: {photos: {drawn_faces: {count: 40}}, steps: 4, batch: 2}}\n"
    )
    (tmp_path / "faces.yaml").write_text(text)
    assert run_cli("run", tmp_path / "faces.yaml", "--out", tmp_path).code == 0
    return tmp_path


def test_weights_of_a_training_draw_the_same_faces_in_another_scene(learnt: Path, run_cli: RunCli) -> None:
    (learnt / "again.yaml").write_text(SCENE.replace("WEIGHTS", "weights: faces.safetensors"))
    assert run_cli("run", learnt / "again.yaml", "--out", learnt).code == 0
    first, again = (pixels(learnt / f"{name}.png") for name in ("faces", "again"))
    assert np.array_equal(first, again)
    assert (learnt / "faces.safetensors").stat().st_size < 200_000  # 16 bits each
    assert run_cli("rerun", learnt / "again.png", "--out", learnt / "rerun").code == 0
    assert (learnt / "rerun" / "again.png").read_bytes() == (learnt / "again.png").read_bytes()
    (learnt / "faces.safetensors").unlink()
    answer = run_cli("rerun", learnt / "again.png", "--out", learnt / "rerun2")
    assert answer.code == 2
    assert "'faces.safetensors' (sha256" in answer.err
    assert "is missing" in answer.err


def test_weights_say_themselves_what_network_they_are_of(learnt: Path) -> None:
    text = SCENE.replace("WEIGHTS", "weights: faces.safetensors").replace("size: 32, width: 8, ", "")
    (learnt / "again.yaml").write_text(text)
    network = artengine.build(artengine.load(learnt / "again.yaml")).network
    assert isinstance(network, LatentImages)
    assert network.shape == Shape(32, 8, 8, judge=False)


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("judge", [False, True])
def test_a_shape_is_read_from_weights(size: Literal[32, 64, 128], judge: bool, tmp_path: Path) -> None:
    made = generator(Ports(inputs=5), size=size, width=8, judge=judge)
    assert made.generator.layers == made.shape.layers
    assert shape_of(saved(made, tmp_path)) == made.shape == Shape(size, 8, 5, judge)
    old = dcgan(Ports(inputs=5), size=size, width=8)
    assert dcgan_shape_of(saved(old, tmp_path)) == old.shape == Shape(size, 8, 5, layered=False)


def saved(network: torch.nn.Module, folder: Path) -> Learnt:
    with (folder / "weights.safetensors").open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})
    return open_learnt(folder / "weights.safetensors", "weights.safetensors")


def test_weights_of_a_monster_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "weights.safetensors").open("wb") as file:
        tensors = {"generator.start": torch.zeros(1, 1536, 1, 1), "mapping.linear.weight": torch.zeros(4, 1)}
        weights.write(file, tensors, {"kind": "weights"})
    with pytest.raises(ValueError, match="it holds the weights of another network, expected those of a generator"):
        shape_of(open_learnt(tmp_path / "weights.safetensors", "weights.safetensors"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("length: 8", "length: 9"), r"found coordinates of 9 numbers, expected 8, as its latents have, or 48, for"),
        (
            ("generator:", "dcgan:"),
            "faces.safetensors: it holds the weights of another network, expected",
        ),
    ],
)
def test_weights_of_another_network_are_refused(learnt: Path, change: tuple[str, str], told: str) -> None:
    (learnt / "again.yaml").write_text(SCENE.replace("WEIGHTS", "weights: faces.safetensors").replace(*change))
    scene = artengine.load(learnt / "again.yaml")
    with pytest.raises(InputError, match=rf"network\.(generator|dcgan): {told}"):
        artengine.build(scene)


def test_damaged_weights_are_refused(learnt: Path) -> None:
    (learnt / "again.yaml").write_text(SCENE.replace("WEIGHTS", "weights: faces.safetensors"))
    data = bytearray((learnt / "faces.safetensors").read_bytes())
    data[-100] ^= 1
    for wrong, told in ((bytes(data), "do not match the sha256"), (bytes(data[:-50]), "not a whole safetensors file")):
        (learnt / "faces.safetensors").write_bytes(wrong)
        with pytest.raises(InputError, match=rf"faces\.safetensors: .*{told}"):
            artengine.build(artengine.load(learnt / "again.yaml"))


def pixels(path: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(path))


def test_a_sheet_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="found a sheet of 1000 x 1000 images of latents of 512 numbers, 1,953 MB"):
        generator(Ports(inputs=512), columns=1000, rows=1000)


def test_no_layer_draws_chequers_of_single_pixels() -> None:
    y, x = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    for chequers in ((x + y) % 2, x % 2, y % 2):
        flat = smoothed(chequers.float().expand(1, 3, 8, 8))
        torch.testing.assert_close(flat[:, :, 1:-1, 1:-1], torch.full((1, 3, 6, 6), 0.5))
    ramp = torch.arange(8.0).expand(1, 3, 8, 8)
    torch.testing.assert_close(smoothed(ramp)[..., 1:-1], ramp[..., 1:-1])
