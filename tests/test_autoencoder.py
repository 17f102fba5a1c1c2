"""Autoencoders: shapes follow the data, and the linear one is a matrix product."""

import pytest
import torch
from torch import nn

from aecore.models import Autoencoder, LinearAutoencoder
from aecore.networks import conv_decoder, conv_encoder, mlp
from aecore.objectives import reconstruction_loss
from aecore.training import fit


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (3, 784)])
def test_reconstruction_has_the_shape_of_its_input(shape):
    model = Autoencoder(mlp([784, 2]), mlp([2, 784]))
    assert model(torch.rand(shape)).shape == shape


def test_forward_is_decode_of_encode():
    model = Autoencoder(conv_encoder(3), conv_decoder(3))
    x = torch.rand(4, 1, 28, 28)
    torch.testing.assert_close(model(x), model.decode(model.encode(x)))


def test_a_decoder_of_another_size_is_an_error():
    with pytest.raises(ValueError, match="as many values"):
        Autoencoder(mlp([6, 2]), mlp([2, 5]))(torch.rand(3, 6))


def test_linear_autoencoder_is_two_matrix_products():
    model = LinearAutoencoder(5, 2).double()
    x = torch.randn(7, 5, dtype=torch.float64)
    code = x @ model.encoder.weight.T + model.encoder.bias
    torch.testing.assert_close(model.encode(x), code)
    torch.testing.assert_close(model(x), code @ model.decoder.weight.T + model.decoder.bias)


@pytest.mark.parametrize("code_dim", [0, -1, 6])
def test_linear_autoencoder_refuses_a_code_that_is_no_bottleneck(code_dim):
    with pytest.raises(ValueError, match=f"data_dim=5, got {code_dim}"):
        LinearAutoencoder(5, code_dim)


def test_a_full_width_linear_autoencoder_learns_the_identity():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(512, 3, generator=generator)
    torch.manual_seed(0)
    model = LinearAutoencoder(3, 3)
    fit(model, x, reconstruction_loss, epochs=150, lr=1e-2, progress=False)
    assert (model(x) - x).abs().max() < 1e-2
    jacobian = model.decoder.weight @ model.encoder.weight
    torch.testing.assert_close(jacobian, torch.eye(3), atol=1e-2, rtol=0)


def test_state_is_that_of_the_two_networks():
    model = Autoencoder(nn.Linear(4, 2), nn.Linear(2, 4))
    assert set(model.state_dict()) == {
        "encoder.weight",
        "encoder.bias",
        "decoder.weight",
        "decoder.bias",
    }
