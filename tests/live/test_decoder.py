"""The in-browser decoder against torch: the same numbers, from the bytes that travel."""

import base64
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import erf
from torch import nn

from aecore import networks
from aecore.live import Decoder, UnsupportedLayerError
from aecore.live.decoder import describe, pack
from aecore.models import VAE, Autoencoder

ACTIVATIONS = {
    "ReLU": nn.ReLU,
    "LeakyReLU": lambda: nn.LeakyReLU(0.17),
    "Tanh": nn.Tanh,
    "GELU": nn.GELU,
    "GELU by tanh": lambda: nn.GELU(approximate="tanh"),
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
}
GEOMETRIES = [
    {"kernel_size": 4, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
    {"kernel_size": (2, 5), "stride": (3, 1), "padding": (0, 2)},
    {"kernel_size": 1},
    {"kernel_size": 5, "stride": 1, "padding": 4, "bias": False},
]


@torch.no_grad()
def assert_agrees(node, module, *, batch=3, dtype="float32", scale=1.5, seed=0):
    """decoder.js agrees with torch to 1e-5, absolute and relative, at random codes."""
    layers, tensors, latent_dim, shape = describe(module)
    codes = scale * torch.randn(batch, latent_dim, generator=torch.Generator().manual_seed(seed))
    expected = module.eval()(codes).flatten().numpy()
    found = np.array(node.decode(layers, pack(tensors, dtype), dtype, codes), np.float32)
    assert found.size == batch * math.prod(shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_agrees_with_torch(node, name):
    torch.manual_seed(1)
    activation = ACTIVATIONS[name]
    module = nn.Sequential(
        nn.Linear(3, 37), activation(), nn.Linear(37, 50, bias=False), activation()
    )
    assert_agrees(node, module, batch=5, scale=4)


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("channels", [(1, 1), (3, 2), (4, 5), (9, 3)], ids=str)
def test_transposed_convolution_agrees_with_torch(node, geometry, channels):
    torch.manual_seed(2)
    module = nn.Sequential(
        nn.Linear(2, channels[0] * 35),
        nn.Unflatten(1, (channels[0], 5, 7)),
        nn.ConvTranspose2d(*channels, **geometry),
        nn.Tanh(),
    )
    assert_agrees(node, module)


@st.composite
def decoders(draw):
    """A random decoder: some Linear layers, then perhaps some transposed convolutions."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    activation = st.sampled_from(list(ACTIVATIONS.values()))
    width = draw(st.integers(1, 12))
    layers: list[nn.Module] = []
    for _ in range(draw(st.integers(1, 3))):
        wider = draw(st.integers(1, 70))
        layers += [nn.Linear(width, wider, bias=draw(st.booleans())), draw(activation)()]
        width = wider
    if draw(st.booleans()):
        channels, height, length = draw(st.tuples(*[st.integers(1, 6)] * 3))
        layers += [
            nn.Linear(width, channels * height * length),
            nn.Unflatten(1, (channels, height, length)),
        ]
        for _ in range(draw(st.integers(1, 2))):
            outputs, kernel, stride = draw(st.tuples(*[st.integers(1, 4)] * 3))
            padding = draw(st.integers(0, (kernel - 1) // 2))
            extra = draw(st.integers(0, stride - 1))
            layers += [
                nn.ConvTranspose2d(channels, outputs, kernel, stride, padding, extra),
                draw(activation)(),
            ]
            channels = outputs
        layers.append(nn.Flatten())
    cut = draw(st.integers(0, len(layers) - 1))
    return nn.Sequential(nn.Sequential(*layers[:cut]), *layers[cut:])


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(module=decoders(), batch=st.integers(1, 5), seed=st.integers(0, 999))
def test_random_networks_agree_with_torch(node, module, batch, seed):
    assert_agrees(node, module, batch=batch, seed=seed)


@pytest.mark.parametrize("module", [networks.mlp([2, 400, 784]), networks.conv_decoder(2)])
def test_half_precision_weights_agree_with_torch_run_on_the_rounded_weights(node, module):
    for parameter in module.parameters():
        parameter.data = parameter.data.half().float()
    assert_agrees(node, module, dtype="float16")


def test_every_half_precision_number_is_read_exactly(node):
    every = np.arange(2**16, dtype="<u2").view("<f2")
    every = every[np.isfinite(every)]
    travelling = {"$bytes": base64.b64encode(every.tobytes()).decode()}
    found = node.call("decoder.js", "toFloat32", travelling, "float16")
    np.testing.assert_array_equal(np.array(found, np.float32), every.astype(np.float32))


def test_error_function_agrees_with_scipy(node):
    for x in [-7.0, -6.0, -3.3, -1e-9, 0.0, 1e-12, 0.1, 0.4999, 1.0, 2.71828, 5.9999, 6.0, 40.0]:
        assert node.call("activations.js", "erf", x) == pytest.approx(erf(x), abs=1e-11)


def test_weights_that_do_not_fit_the_layers_are_refused(node):
    layers, tensors, _, _ = describe(nn.Linear(2, 3))
    with pytest.raises(RuntimeError, match="need 9 weights, 8 arrived"):
        node.decode(layers, pack(tensors, "float32")[:-4], "float32", torch.zeros(1, 2))


@torch.no_grad()
def test_python_forward_pass_agrees_with_the_module():
    torch.manual_seed(3)
    for module in (networks.conv_decoder(3, activation=nn.GELU), networks.mlp([3, 9, 16], nn.SiLU)):
        codes = torch.randn(4, 3)
        expected = module(codes)
        found = Decoder.of(module, dtype="float32").decode(codes)
        assert found.shape == expected.shape
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_bernoulli_vae_is_shown_as_probabilities_and_others_as_they_are():
    codes = torch.randn(3, 2)
    net = networks.mlp([2, 5, 9])
    encoder = networks.mlp([9, 4])
    bernoulli = Decoder.of(VAE(encoder, net, 2), dtype="float32")
    gaussian = Decoder.of(VAE(encoder, net, 2, likelihood="gaussian"), dtype="float32")
    plain = Decoder.of(Autoencoder(networks.mlp([9, 2]), net), dtype="float32")
    with torch.no_grad():
        torch.testing.assert_close(bernoulli.decode(codes), net(codes).sigmoid())
        torch.testing.assert_close(gaussian.decode(codes), net(codes))
        torch.testing.assert_close(plain.decode(codes), net(codes))


def test_same_weights_give_the_same_widget_until_they_change():
    module = networks.mlp([2, 5, 9])
    first = Decoder.of(module)
    assert Decoder.of(module) is first
    assert Decoder.of(first) is first
    assert Decoder.of(nn.Sequential(module)) is first, "the same layers, differently nested"
    assert Decoder.of(module, dtype="float32") is not first
    with torch.no_grad():
        module[0].weight.add_(1)
    assert Decoder.of(module) is not first


def test_a_closed_decoder_is_not_handed_out_again():
    module = networks.mlp([2, 3, 4])
    first = Decoder.of(module)
    first.close()
    assert Decoder.of(module) is not first


class Doubled(nn.ReLU):
    """Looks like a ReLU, computes something else."""

    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)), ["layer 1", "BatchNorm1d", "Linear"]),
        (nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.Softmax(1))), ["1.0", "Softmax"]),
        (nn.Sequential(nn.Linear(2, 4), Doubled()), ["Doubled"]),
        (
            nn.Sequential(
                nn.Linear(2, 8), nn.Unflatten(1, (2, 2, 2)), nn.ConvTranspose2d(2, 2, 3, groups=2)
            ),
            ["groups=2"],
        ),
    ],
)
def test_unsupported_layer_is_named_with_its_place(module, words):
    with pytest.raises(UnsupportedLayerError) as error:
        Decoder.of(module)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 3)), "expects 4 numbers"),
        (nn.Sequential(nn.Linear(2, 3), nn.ConvTranspose2d(3, 1, 2)), "nn.Unflatten missing"),
        (
            nn.Sequential(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2)), nn.Linear(2, 3)),
            "nn.Flatten missing",
        ),
        (nn.Sequential(nn.Linear(2, 5), nn.Unflatten(1, (1, 2, 2))), "cannot take shape"),
        (nn.Sequential(nn.Tanh()), "cannot tell the code's length"),
    ],
)
def test_layers_that_do_not_fit_are_refused(module, message):
    with pytest.raises(ValueError, match=message):
        Decoder.of(module)


def test_weights_that_cannot_travel_are_refused():
    module = nn.Linear(2, 3)
    with torch.no_grad():
        module.weight[0, 0] = 1e5
    with pytest.raises(ValueError, match=r"1e\+05 does not fit float16"):
        Decoder.of(module)
    assert Decoder.of(module, dtype="float32").decode(torch.tensor([[1.0, 0.0]]))[0, 0] > 9e4
    with torch.no_grad():
        module.weight[0, 0] = math.nan
    with pytest.raises(ValueError, match=r"tensor 0 .* NaN"):
        Decoder.of(module)
    with pytest.raises(ValueError, match="bfloat16"):
        Decoder.of(nn.Linear(2, 3), dtype="bfloat16")


def test_something_that_is_no_module_is_refused():
    with pytest.raises(TypeError, match=r"nn\.Module.*function"):
        Decoder.of(lambda z: z)


@torch.no_grad()
def test_double_precision_module_in_training_mode_is_carried_as_it_evaluates():
    module = nn.Sequential(nn.Linear(2, 6), nn.Dropout(0.9), nn.Identity(), nn.Sigmoid()).double()
    codes = torch.randn(4, 2)
    found = Decoder.of(module.train(), dtype="float32").decode(codes)
    assert module.training
    torch.testing.assert_close(found, module.eval()(codes.double()).float())
