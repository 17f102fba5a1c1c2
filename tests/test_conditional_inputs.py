"""What a condition may be: labels, images, symbols; and what the conditional VAE says of a wrong one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aecore.models import VAE, ConditionalVAE
from aecore.networks import Conditioned, conv_decoder, conv_encoder, mlp
from aecore.objectives import negative_elbo
from aecore.training import fit


def numbers() -> tuple[ConditionalVAE, torch.Tensor, torch.Tensor]:
    """A Bernoulli model of six numbers with four classes; x and labels for it."""
    torch.manual_seed(0)
    x, labels = torch.rand(7, 6).round(), torch.tensor([0, 1, 2, 3, 0, 1, 2])
    return ConditionalVAE(mlp([6 + 4, 8, 4]), mlp([2 + 4, 8, 6]), 2), x, labels


def words() -> tuple[ConditionalVAE, torch.Tensor, torch.Tensor]:
    """A model of six symbols out of five, given two digits; x and digits for it."""
    torch.manual_seed(0)
    encoder = Conditioned(mlp([6 * 3 + 2 * 4, 8, 4]), inputs=nn.Embedding(5, 3))
    decoder = nn.Sequential(mlp([2 + 2 * 4, 8, 30]), nn.Unflatten(1, (6, 5)))
    x, digits = torch.randint(0, 5, (7, 6)), torch.randint(0, 4, (7, 2))
    return ConditionalVAE(encoder, decoder, 2, "categorical"), x, digits


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    padding=st.sampled_from([-1, 0, 4]),
)
@settings(max_examples=25, deadline=None)
def test_padding_counts_nothing_and_every_written_symbol_counts(lengths, padding):
    torch.manual_seed(len(lengths))
    n = len(lengths)
    written = torch.arange(6) < torch.tensor(lengths)[:, None]
    symbols = torch.randint(1, 4, (n, 6))
    x = symbols.where(written, padding)
    decoder = nn.Sequential(mlp([2 + 3, 30]), nn.Unflatten(1, (6, 5)))
    model = ConditionalVAE(mlp([6, 4]), decoder, 2, "categorical", padding=padding).double()
    z, c = torch.randn(n, 2).double(), torch.randn(n, 3).double()
    log_p = model.decode(z, c).log_prob(x)
    log_softmax = decoder(torch.cat([z, c], 1)).log_softmax(-1)
    by_hand = [
        sum(log_softmax[i, t, x[i, t]] for t in range(length)) for i, length in enumerate(lengths)
    ]
    torch.testing.assert_close(log_p, torch.stack(by_hand))
    (slope,) = torch.autograd.grad(log_p.sum(), decoder[0][0].bias)
    reached = slope.reshape(6, 5).abs().sum(1) > 0
    assert reached.tolist() == written.any(0).tolist()


def test_symbols_that_are_none_are_errors_that_name_the_value():
    model, x, digits = words()
    p = model.decode(torch.zeros(7, 2), digits)
    with pytest.raises(ValueError, match=r"0 to 4, got 5"):
        p.log_prob(x + (x == x.max()))
    with pytest.raises(ValueError, match=r"0 to 4, got -2"):
        p.log_prob(x.masked_fill(x == 0, -2))
    with pytest.raises(ValueError, match=r"int64 symbols, got torch.float64"):
        p.log_prob(x.double())
    flat = VAE(mlp([6, 4]), mlp([2, 30]), 2, "categorical")
    with pytest.raises(ValueError, match=r"got \[3, 30\].*Unflatten"):
        flat.decode(torch.zeros(3, 2))
    with pytest.raises(ValueError, match=r"padding=0 needs likelihood='categorical', got 'bern"):
        VAE(mlp([6, 4]), mlp([2, 6]), 2, padding=0)


def test_a_sequence_is_sampled_and_reconstructed_as_its_likeliest_symbols():
    model, x, digits = words()
    given_c = torch.eye(4)[digits].flatten(1)
    mu = model.encode(x, digits).mean
    assert torch.equal(model(x, digits), model.decoder(torch.cat([mu, given_c], 1)).argmax(-1))
    drawn = model.sample(7, digits, generator=torch.Generator().manual_seed(0))
    z = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(drawn, model.decoder(torch.cat([z, given_c], 1)).argmax(-1))


def test_a_small_model_learns_to_write_numbers_in_words():
    """The digit is the condition, its name the sequence: after training the likeliest word is right."""
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    padded = [name.ljust(5, "_") for name in names]
    alphabet = sorted(set("".join(padded)))
    x = torch.tensor([[alphabet.index(letter) for letter in name] for name in padded])
    c, size = torch.arange(10), len(alphabet)
    torch.manual_seed(0)
    encoder = Conditioned(mlp([5 * 4 + 10, 16, 4]), inputs=nn.Embedding(size, 4))
    decoder = nn.Sequential(mlp([2 + 10, 32, 5 * size]), nn.Unflatten(1, (5, size)))
    cvae = ConditionalVAE(encoder, decoder, 2, "categorical", padding=alphabet.index("_"))
    fit(cvae, (x, c), negative_elbo, epochs=150, batch_size=10, lr=2e-2, progress=False)
    written = ["".join(alphabet[i] for i in word) for word in cvae.sample(c)]
    lengths = [len(name) for name in names]
    assert [word[:n] for word, n in zip(written, lengths, strict=True)] == names
    assert cvae.elbo(x, c).kl.mean() < 0.5, "the digit says all there is to know: z has no use"


def test_an_image_can_be_the_condition():
    """The visible half of a digit, through convolutions or flat: one conditional distribution."""
    torch.manual_seed(0)
    images = torch.rand(3, 1, 28, 28)
    left = images[..., :14]
    seen = Conditioned(
        mlp([16 + 8, 4]),
        inputs=conv_encoder(16, channels=(2, 2)),
        condition=conv_encoder(8, image_shape=(1, 28, 14), channels=(2,)),
    )
    cvae = ConditionalVAE(seen, mlp([2 + 28 * 14, 784]), 2)
    features = torch.cat([seen.inputs(images), seen.condition(left)], 1)
    torch.testing.assert_close(cvae.encode(images, left).mean, seen.network(features)[:, :2])
    z = torch.randn(3, 2)
    p = cvae.decode(z, left)
    assert p.mean.shape == images.shape
    torch.testing.assert_close(p.log_prob(images), cvae.decode(z, left.flatten(1)).log_prob(images))
    torch.testing.assert_close(
        cvae(images, left), cvae.decode(cvae.encode(images, left).mean, left).mean
    )


def test_labels_enter_as_one_hot_or_through_an_embedding():
    torch.manual_seed(0)
    labels, x = torch.tensor([2, 0, 1]), torch.rand(3, 6)
    network = mlp([6 + 3, 4])
    one_hot = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    expected = network(torch.cat([x, one_hot], 1))[:, :2]
    table = nn.Embedding.from_pretrained(torch.eye(3))
    for encoder, c in (
        (network, labels),
        (network, one_hot),
        (Conditioned(network, condition=table), labels),
    ):
        cvae = ConditionalVAE(encoder, mlp([5, 6]), 2)
        torch.testing.assert_close(cvae.encode(x, c).mean, expected)
    digits = torch.tensor([[2, 0], [1, 1], [0, 2]])
    pairs = mlp([6 + 2 * 3, 4])
    joined = torch.cat([x, torch.eye(3)[digits].flatten(1)], 1)
    cvae = ConditionalVAE(pairs, mlp([5, 6]), 2)
    torch.testing.assert_close(cvae.encode(x, digits).mean, pairs(joined)[:, :2])


def test_codes_with_leading_dimensions_keep_each_examples_condition():
    """A grid of style by class: z [styles, classes, d] and one label for each class."""
    torch.manual_seed(0)
    cvae = ConditionalVAE(mlp([784 + 4, 4]), conv_decoder(2 + 4, channels=(2, 2)), 2)
    z, labels = torch.randn(5, 4, 2), torch.arange(4)
    grid = cvae.decode(z, labels).mean
    assert grid.shape == (5, 4, 1, 28, 28)
    torch.testing.assert_close(grid[3, 2], cvae.decode(z[3, 2:3], labels[2:3]).mean[0])
    shared = cvae.decode(z, labels[1:2]).mean
    torch.testing.assert_close(shared[:, 1], grid[:, 1])
    torch.testing.assert_close(shared[2, 3], cvae.decode(z[2, 3:], labels[1:2]).mean[0])


def test_samples_are_the_mean_image_of_each_condition_at_draws_from_one_prior():
    torch.manual_seed(0)
    cvae = ConditionalVAE(mlp([784 + 4, 4]), mlp([2 + 4, 784]), 2)
    labels = torch.tensor([3, 1, 0])

    def drawn(*arguments, **named):
        return cvae.sample(*arguments, **named, generator=torch.Generator().manual_seed(0))

    z = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    expected = torch.sigmoid(cvae.decoder(torch.cat([z, torch.eye(4)[labels]], 1)))
    assert drawn(3, labels).shape == (3, 1, 28, 28)
    torch.testing.assert_close(drawn(3, labels).flatten(1), expected)
    torch.testing.assert_close(drawn(3, c=labels), drawn(labels))
    torch.testing.assert_close(drawn(3, labels[:1])[0], drawn(3, labels)[0])
    torch.testing.assert_close(drawn(3, labels[:1]), drawn(labels[:1].expand(3)))
    with pytest.raises(ValueError, match=r"each of 5 examples.*got \[3\]"):
        cvae.sample(5, labels)
    with pytest.raises(ValueError, match="3 conditions beside its examples, got None"):
        cvae.sample(3)
    with pytest.raises(ValueError, match="n must be a positive integer, got 0"):
        cvae.sample(0, labels)


def test_a_missing_or_short_condition_says_what_is_needed():
    cvae, x, labels = numbers()
    z = torch.zeros(7, 2)
    for call in (cvae.encode, cvae.elbo, cvae):
        with pytest.raises(ValueError, match=r"7 conditions .*, got None; .*fit\(model, \(x, c\)"):
            call(x)
        with pytest.raises(ValueError, match=r"each of 7 examples.*got \[3\]"):
            call(x, labels[:3])
    with pytest.raises(ValueError, match="got None"):
        cvae.decode(z)
    with pytest.raises(ValueError, match=r"c \[7, ...\].*got \[2\]"):
        cvae.decode(z, labels[:2])
    with pytest.raises(ValueError, match=r"got \[\]"):
        cvae.decode(z, labels[0])
    with pytest.raises(ValueError, match=r"codes \[..., B, 2\], got \[2\]"):
        cvae.decode(z[0], labels[:1])
    with pytest.raises(ValueError, match=r"7 conditions .*, got None"):
        fit(cvae, x, negative_elbo, epochs=1, progress=False)


def test_networks_that_have_no_room_for_the_condition_are_named():
    labels, x = torch.tensor([0, 1, 4]), torch.rand(3, 6)
    decoder = mlp([2 + 4, 6])
    with pytest.raises(ValueError, match=r"0 to 3, got 4; the network has room for 4 classes"):
        ConditionalVAE(mlp([6 + 4, 4]), decoder, 2).encode(x, labels)
    with pytest.raises(ValueError, match=r"0 to 3, got -1"):
        ConditionalVAE(mlp([6 + 4, 4]), decoder, 2).encode(x, labels - 1)
    with pytest.raises(ValueError, match=r"takes 6 values, but an example has 6 .* 1 labels"):
        ConditionalVAE(mlp([6, 4]), decoder, 2).encode(x, labels)
    with pytest.raises(ValueError, match=r"takes 10 values, .* 6 and its condition 3 numbers"):
        ConditionalVAE(mlp([6 + 4, 4]), decoder, 2).encode(x, torch.zeros(3, 3))
    with pytest.raises(ValueError, match=r"torch.int64 symbols.*nn.Embedding"):
        ConditionalVAE(mlp([6 + 4, 4]), decoder, 2).encode(x.long(), labels)
    with pytest.raises(ValueError, match=r"starts with Conv2d .*Conditioned\(mlp"):
        ConditionalVAE(conv_encoder(4), decoder, 2).encode(torch.rand(3, 1, 28, 28), labels)
