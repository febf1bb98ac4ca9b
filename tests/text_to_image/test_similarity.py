"""The similarity model: the one shipped and one as published are asked in the same way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.declaration.read_declaration import read_declaration
from flows.nodes.model_identity import ModelIdentities
from tasks import BadInput
from tasks.running.kinds import Surroundings
from tasks.text_to_image.check_models import check_models
from tasks.text_to_image.model_part import POCKET_SIMILARITY, ModelPart
from tasks.text_to_image.similarity import load_similarity
from tests.text_to_image.fake_hub import COMMIT, fake_hub
from tests.tiny_clip import TEXTS, build_tiny_clip

pytestmark = pytest.mark.usefixtures("no_part_loaded")

REPOSITORY = Path(__file__).parents[2]
POCKET_CLIP = REPOSITORY / POCKET_SIMILARITY
PUBLISHED = "openai/clip-vit-base-patch32"


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_clip(tmp_path_factory.mktemp("tiny-clip"))


@pytest.fixture
def folder(tiny_clip: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(tiny_clip, tmp_path / "clip"))


def part_at(address: Path | str) -> ModelPart:
    return ModelPart("", "similarity", str(address))


def pictures(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)) for _ in range(count)]


def refusal(part: ModelPart) -> str:
    with pytest.raises(BadInput) as refused:
        check_models([{"model": part.to_params()}], Surroundings("cpu", Path("/")))
    return str(refused.value)


def test_similarities_are_the_cosines_that_transformers_finds(tiny_clip: Path) -> None:
    import torch
    from transformers import CLIPModel, CLIPProcessor

    found = load_similarity(part_at(tiny_clip), Path("/")).similarities(pictures(70), TEXTS)
    model = CLIPModel.from_pretrained(tiny_clip).eval()
    processor = CLIPProcessor.from_pretrained(tiny_clip)
    batch = processor(images=pictures(70), text=TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = model(**batch).logits_per_image / model.logit_scale.exp()
    assert found.shape == (70, 3)
    assert torch.allclose(found, expected, atol=1e-5)


def test_pictures_are_judged_one_by_one(tiny_clip: Path) -> None:
    model = load_similarity(part_at(tiny_clip), Path("/"))
    together = model.similarities(pictures(3), TEXTS)
    alone = model.similarities(pictures(3)[2:], TEXTS[:1])
    assert together[2, 0] == pytest.approx(float(alone), abs=1e-6)


def test_the_published_layout_passes_the_preflight(tiny_clip: Path) -> None:
    check_models([{"model": part_at(tiny_clip).to_params()}], Surroundings("cpu", Path("/")))


def test_a_missing_folder_is_refused_with_what_to_set(tmp_path: Path) -> None:
    assert "correct similarity in pipelines.yaml" in refusal(part_at(tmp_path / "nowhere"))


def test_a_model_of_another_kind_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "siglip"}))
    assert "is a model of type 'siglip'; expected clip" in refusal(part_at(folder))


def test_weights_as_pickles_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "can run code" in refusal(part_at(folder))


def test_a_model_without_words_is_refused(folder: Path) -> None:
    for name in ("vocab.json", "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)
    assert "vocab.json and merges.txt are missing" in refusal(part_at(folder))


def test_weights_that_lack_a_tensor_are_refused(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadInput, match=r"visual_projection\.weight is not in its files"):
        load_similarity(part_at(folder), Path("/"))


def test_a_repository_of_the_hub_takes_the_place_of_the_folder(
    tiny_clip: Path, tmp_path: Path
) -> None:
    with fake_hub(tiny_clip) as hub:
        done = hub.ask(tmp_path, "similarity", "obtain", FAKE_VARIANT="")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["commit"] == COMMIT
    model = load_similarity(part_at(found["folder"]), Path("/"))
    assert model.similarities(pictures(1), TEXTS).shape == (1, 3)


@pytest.mark.parametrize("address", [PUBLISHED, f"{PUBLISHED}@refs/pr/1"])
def test_a_published_address_is_known_by_its_revision(address: str, tmp_path: Path) -> None:
    declaration = read_declaration(REPOSITORY / "pipelines.yaml").settle(
        "quick", [f"similarity.model={address}"]
    )
    model = ModelIdentities(declaration, tmp_path, "bfloat16").of("similarity")
    assert model["address"] == PUBLISHED and model["digest"] is None
    assert model["revision"] == (address.partition("@")[2] or "main")
    assert model["number_format"] == "float32"


def test_the_shipped_model_is_small_and_loads_unmodified() -> None:
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

    size = sum(path.stat().st_size for path in POCKET_CLIP.iterdir())
    assert size <= 8 * 2**20
    model, told = CLIPModel.from_pretrained(POCKET_CLIP, output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"]
    tokens = CLIPTokenizer.from_pretrained(POCKET_CLIP)("a panda").input_ids
    assert tokens[-1] == model.config.text_config.eos_token_id
    assert CLIPImageProcessor.from_pretrained(POCKET_CLIP).crop_size["height"] == 48


def test_the_shipped_model_tells_drawn_subjects_and_styles_apart() -> None:
    import torch

    from tasks.pocket.world.glyphs import draw_glyph, load_font, resized
    from tasks.pocket.world.treatments import STYLES, Chance, Subjects
    from tests.pocket.emoji import FONT, require_font

    require_font()
    glyphs = {"a panda": "🐼", "a rocket ship": "🚀", "a skull": "💀", "a rose": "🌹"}
    styles = ["plain", "oil painting", "lithograph", "pencil drawing"]
    font, chance = load_font(FONT), Chance(torch.Generator().manual_seed(99))
    texts, shown = [], []
    for phrase, glyph in glyphs.items():
        picture = Image.new("RGBA", (128, 128))
        picture.paste(resized(draw_glyph(font, glyph), 112), (8, 8))
        levels = torch.from_numpy(np.asarray(picture) / np.float32(255)).permute(2, 0, 1)[None]
        subject = Subjects(levels[:, :3] * levels[:, 3:], levels[:, 3:])
        for name in styles:
            style = STYLES[name]
            drawn = style.treatment(subject, chance)[0].clamp(0, 1).permute(1, 2, 0).numpy()
            shown.append(Image.fromarray(np.rint(255 * drawn).astype(np.uint8)))
            texts.append(style.captions[0].format(phrase))
    fit = load_similarity(part_at(POCKET_CLIP), REPOSITORY).similarities(shown, texts)
    assert (fit.argmax(dim=1) == np.arange(len(texts))).float().mean() > 0.8
