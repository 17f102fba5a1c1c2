"""Weights survive a round trip, and nothing half-done is left when they do not."""

import pickle

import pytest
import torch

from aecore.models import VAE, LinearAutoencoder
from aecore.networks import mlp
from aecore.weights import load, save


def test_round_trip_restores_every_number(tmp_path):
    torch.manual_seed(0)
    model = VAE(mlp([6, 4]), mlp([2, 6]), 2, likelihood="gaussian", learn_noise=True)
    with torch.no_grad():
        model.noise_logvar.fill_(-1.25)
    path = save(model, tmp_path / "vae.safetensors")
    other = load(VAE(mlp([6, 4]), mlp([2, 6]), 2, likelihood="gaussian", learn_noise=True), path)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=0, atol=0)


def test_a_fixed_noise_variance_comes_back_with_the_weights(tmp_path):
    model = VAE(mlp([6, 4]), mlp([2, 6]), 2, "gaussian", noise_variance=0.02)
    path = save(model, tmp_path / "vae.safetensors")
    other = load(VAE(mlp([6, 4]), mlp([2, 6]), 2, "gaussian"), path)
    assert other.noise_variance == pytest.approx(0.02, rel=1e-12)
    with pytest.raises(ValueError, match=r"another model: .*not expected .*noise_logvar"):
        load(VAE(mlp([6, 4]), mlp([2, 6]), 2, "bernoulli"), path)


def test_the_file_is_readable_by_safetensors_and_is_no_pickle(tmp_path):
    from safetensors.torch import load_file

    path = save(LinearAutoencoder(3, 2), tmp_path / "a.safetensors")
    assert set(load_file(path)) == {
        "encoder.weight",
        "encoder.bias",
        "decoder.weight",
        "decoder.bias",
    }
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(path.read_bytes())


def test_saving_replaces_in_one_step_and_leaves_no_partial_file(tmp_path, monkeypatch):
    path = save(LinearAutoencoder(3, 2), tmp_path / "a.safetensors")
    before = path.read_bytes()

    def broken(state, name):
        with open(name, "wb") as file:
            file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("safetensors.torch.save_file", broken)
    with pytest.raises(OSError, match="disk full"):
        save(LinearAutoencoder(3, 2), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path):
    path = save(LinearAutoencoder(3, 2), tmp_path / "a.safetensors")
    before = path.read_bytes()
    with path.open("rb") as reader:
        save(LinearAutoencoder(3, 2), path)
        assert reader.read() == before
    assert path.read_bytes() != before


def test_a_missing_folder_or_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        save(LinearAutoencoder(3, 2), tmp_path / "nowhere" / "a.safetensors")
    with pytest.raises(FileNotFoundError, match=r"no weights at .*b\.safetensors"):
        load(LinearAutoencoder(3, 2), tmp_path / "b.safetensors")


def test_weights_of_another_model_are_refused_and_change_nothing(tmp_path):
    path = save(LinearAutoencoder(3, 2), tmp_path / "a.safetensors")
    other = LinearAutoencoder(4, 2)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(ValueError, match=r"encoder.weight has shape \[2, 3\].*\[2, 4\]"):
        load(other, path)
    with pytest.raises(ValueError, match=r"missing \['0.bias', '0.weight'\]"):
        load(mlp([3, 2]), path)
    for name, value in other.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-8], lambda raw: b"not weights at all"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = save(LinearAutoencoder(3, 2), tmp_path / "a.safetensors")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        load(LinearAutoencoder(3, 2), path)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = LinearAutoencoder(3, 2)
    with torch.no_grad():
        model.encoder.bias.fill_(float("nan"))
    path = save(model, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match=r"encoder.bias holds NaN"):
        load(LinearAutoencoder(3, 2), path)
