"""Networks: layers, shapes for any size, and errors that name the value."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aecore.networks import (
    Conditioned,
    conv_decoder,
    conv_encoder,
    join,
    mlp,
    run_conditional,
    run_conditional_decoder,
    run_decoder,
    run_encoder,
)


@given(st.lists(st.integers(1, 12), min_size=2, max_size=5))
@settings(max_examples=25, deadline=None)
def test_mlp_has_a_linear_per_pair_of_sizes_and_an_activation_between(sizes):
    network = mlp(sizes, activation=nn.Tanh)
    kinds = [type(layer) for layer in network]
    assert kinds == ([nn.Linear, nn.Tanh] * (len(sizes) - 1))[:-1]
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    assert [linear.in_features for linear in linears] == sizes[:-1]
    assert [linear.out_features for linear in linears] == sizes[1:]


def test_mlp_computes_the_composition_of_its_layers():
    network = mlp([3, 4, 2]).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    first, _, last = network
    by_hand = (x @ first.weight.T + first.bias).clamp(min=0) @ last.weight.T + last.bias
    torch.testing.assert_close(network(x), by_hand)


@pytest.mark.parametrize("sizes", [[], [3], [3, 0], [3, -1, 2], [3, 2.5], [3, True]])
def test_mlp_refuses_sizes_that_are_no_network(sizes):
    with pytest.raises(ValueError, match="size"):
        mlp(sizes)


def test_convolutional_networks_mirror_each_other():
    images = torch.rand(2, 1, 28, 28)
    encoder, decoder = conv_encoder(6), conv_decoder(6)
    assert decoder(encoder(images)).shape == images.shape
    shapes = {tuple(m.weight.shape) for m in encoder if isinstance(m, nn.Conv2d)}
    mirrored = {tuple(m.weight.shape) for m in decoder if isinstance(m, nn.ConvTranspose2d)}
    assert shapes == mirrored  # [out, in, k, k] down is [in, out, k, k] up
    assert isinstance(decoder[-1], nn.ConvTranspose2d), (
        "a decoder ends in logits, not an activation"
    )


def test_convolutional_networks_take_colour_and_other_sizes():
    shape = (3, 32, 16)
    encoder = conv_encoder(5, image_shape=shape, channels=(4, 8, 8))
    decoder = conv_decoder(5, image_shape=shape, channels=(8, 8, 4))
    assert decoder(encoder(torch.rand(2, *shape))).shape == (2, *shape)


@pytest.mark.parametrize("build", [conv_encoder, conv_decoder])
def test_a_size_that_cannot_be_halved_is_an_error_that_names_it(build):
    with pytest.raises(ValueError, match=r"divisible by 8.*\(1, 28, 28\)"):
        build(2, channels=(4, 4, 4))
    with pytest.raises(ValueError, match="at least one channel"):
        build(2, channels=())


def test_encoder_gets_flat_examples_only_when_it_starts_with_a_linear():
    images = torch.rand(4, 1, 28, 28)
    linear = nn.Sequential(mlp([784, 3]))
    torch.testing.assert_close(run_encoder(linear, images), linear(images.flatten(1)))
    convolutional = conv_encoder(3)
    torch.testing.assert_close(run_encoder(convolutional, images), convolutional(images))


@pytest.mark.parametrize("shape", [(784,), (4, 1, 27, 28), (4, 783)])
def test_encoder_refuses_data_of_another_size(shape):
    with pytest.raises(ValueError, match="784 values per example"):
        run_encoder(mlp([784, 3]), torch.zeros(shape))


@given(st.lists(st.integers(1, 3), min_size=0, max_size=3))
@settings(max_examples=15, deadline=None)
def test_decoder_keeps_leading_dimensions(leading):
    z = torch.randn(*leading, 2)
    assert run_decoder(mlp([2, 784]), z).shape == (*leading, 1, 28, 28)
    assert run_decoder(mlp([2, 5]), z).shape == (*leading, 5)
    assert run_decoder(conv_decoder(2), z).shape == (*leading, 1, 28, 28)


def test_decoder_decodes_each_code_by_itself():
    decoder, z = conv_decoder(2).eval(), torch.randn(3, 4, 2)
    together = run_decoder(decoder, z)
    torch.testing.assert_close(together[1, 2], decoder(z[1, 2][None])[0])


def test_decoder_refuses_codes_of_another_width():
    with pytest.raises(ValueError, match=r"\[..., 2\], got \[5, 3\]"):
        run_decoder(mlp([2, 784]), torch.zeros(5, 3))


def test_join_puts_one_hot_labels_or_numbers_beside_the_inputs():
    x = torch.tensor([[[0.5], [2.0]], [[3.0], [4.0]]])
    labels = join(x, torch.tensor([2, 0]), 5)
    assert labels.tolist() == [[0.5, 2.0, 0.0, 0.0, 1.0], [3.0, 4.0, 1.0, 0.0, 0.0]]
    numbers = join(x, torch.tensor([[[7.0, 8.0]], [[9.0, 1.0]]]), 4)
    assert numbers.tolist() == [[0.5, 2.0, 7.0, 8.0], [3.0, 4.0, 9.0, 1.0]]
    with pytest.raises(
        ValueError, match="takes 4 values, but an example has 2 and its condition 1"
    ):
        join(x, torch.zeros(2), 4)


def test_a_module_of_two_arguments_gets_them_as_they_are_and_a_plain_one_gets_them_joined():
    class Difference(nn.Module):
        def forward(self, x, c):
            return x - c

    x, c = torch.randn(3, 2), torch.randn(3, 2)
    torch.testing.assert_close(run_conditional(Difference(), x, c), x - c)
    network = mlp([4, 5, 2])
    expected = network(torch.cat([x, c], 1))
    torch.testing.assert_close(run_conditional(network, x, c), expected)
    torch.testing.assert_close(Conditioned(network)(x, c), expected)
    first = nn.Linear(2, 2)
    torch.testing.assert_close(
        Conditioned(network, inputs=first, condition=nn.ReLU())(x, c),
        network(torch.cat([first(x), c.relu()], 1)),
    )


@given(st.lists(st.integers(1, 3), min_size=0, max_size=2))
@settings(max_examples=10, deadline=None)
def test_conditional_decoder_repeats_the_conditions_over_leading_dimensions(leading):
    decoder, z, c = mlp([2 + 3, 784]), torch.randn(*leading, 4, 2), torch.randn(4, 3)
    out = run_conditional_decoder(decoder, z, c)
    repeated = c.expand(*leading, 4, 3)
    torch.testing.assert_close(out.flatten(-3), decoder(torch.cat([z, repeated], -1)))
    assert out.shape == (*leading, 4, 1, 28, 28)
