"""The digit classifier as a judge of samples."""

from __future__ import annotations

import torch

from tasks.diffusion.networks.classifiers import DigitClassifier, read_digits


def test_reading_uses_the_statistics_of_training_not_those_of_the_batch():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        classifier = DigitClassifier(4).train()
    images = torch.randint(
        0, 256, (8, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    before = {name: tensor.clone() for name, tensor in classifier.state_dict().items()}
    together, alone = read_digits(classifier, images), read_digits(classifier, images[:1])
    torch.testing.assert_close(together.features[:1], alone.features, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[name], t) for name, t in classifier.state_dict().items())
