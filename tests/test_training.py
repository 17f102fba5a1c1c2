"""The training loop: agrees with the plainest loop, repeats from a seed, and fails clearly."""

import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from aecore.data import ImageSet
from aecore.models import VAE, Autoencoder
from aecore.networks import mlp
from aecore.objectives import negative_elbo, reconstruction_loss
from aecore.training import DivergenceError, budget, fit, pick_device


def line_data(n: int = 200) -> torch.Tensor:
    t = torch.linspace(-1, 1, n)[:, None]
    return torch.cat([t, 2 * t, -t], 1)


def small_model() -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(mlp([3, 1]), mlp([1, 3]))


def test_fit_takes_the_steps_of_the_plainest_adam_loop():
    data, model, plain = line_data(), small_model(), small_model()
    history = fit(
        model,
        data,
        reconstruction_loss,
        epochs=3,
        batch_size=64,
        lr=1e-2,
        seed=5,
        device="cpu",
        progress=False,
    )
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-2)
    torch.manual_seed(5)
    means = []
    for _ in range(3):
        losses = []
        for index in torch.randperm(len(data)).split(64):
            loss = reconstruction_loss(plain, data[index])
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            losses.append(loss.detach())
        means.append(torch.cat(losses).mean().item())
    assert history.loss == pytest.approx(means, rel=1e-5)
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_reported_loss_weighs_every_example_equally():
    """200 examples in batches of 64 leave a last batch of 8: it must not count as much as a full one."""
    model = small_model()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.free = nn.Parameter(torch.zeros(()))
    data = line_data()
    objective = lambda m, x: x[:, 0] + 0 * m.free  # noqa: E731
    data[-1, 0] = 1000.0
    history = fit(model, data, objective, epochs=2, batch_size=64, progress=False)
    assert history.loss == pytest.approx([data[:, 0].mean().item()] * 2, rel=1e-5)


def test_the_same_seed_repeats_a_run_and_another_does_not():
    runs = {
        seed: [
            fit(
                VAE_from_seed(), line_data(), negative_elbo, epochs=2, seed=seed, progress=False
            ).loss
            for _ in range(2)
        ]
        for seed in (1, 2)
    }
    assert runs[1][0] == runs[1][1] and runs[2][0] == runs[2][1]
    assert runs[1][0] != runs[2][0]


def VAE_from_seed() -> VAE:
    torch.manual_seed(0)
    return VAE(mlp([3, 4]), mlp([2, 3]), 2, likelihood="gaussian")


def test_fit_leaves_the_callers_random_state_and_arithmetic_alone():
    model = small_model()
    torch.manual_seed(11)
    expected = torch.randn(3)
    torch.manual_seed(11)
    fit(model, line_data(), reconstruction_loss, epochs=1, progress=False)
    torch.testing.assert_close(torch.randn(3), expected)
    assert (torch.full((1,), 1e-39) * 1.0).item() != 0.0, "denormals are still flushed"


def test_an_image_set_trains_on_its_images_and_the_model_ends_in_eval_mode():
    images = torch.rand(32, 1, 28, 28)
    data = ImageSet(images, torch.zeros(32, dtype=torch.int64), None, (), "noise")
    torch.manual_seed(0)
    model = Autoencoder(mlp([784, 2]), mlp([2, 784]))
    history = fit(model, data, reconstruction_loss, epochs=4, progress=False)
    assert history.loss[-1] < history.loss[0]
    assert not model.training
    assert len(history.seconds) == 4 and min(history.seconds) > 0


def test_tensors_of_a_tuple_travel_together_and_train_as_one():
    """Each row keeps its companions in every batch, and the steps are those of one joined tensor."""
    data = line_data()
    numbers, model, joined = torch.arange(len(data)), small_model(), small_model()
    seen = []

    def objective(model, x, number, last):
        assert torch.equal(x, data[number]) and torch.equal(last, data[number, 2:])
        seen.append(number)
        return reconstruction_loss(model, x)

    settings = {"epochs": 2, "batch_size": 64, "lr": 1e-2, "device": "cpu", "progress": False}
    history = fit(model, (data, numbers, data[:, 2:]), objective, **settings)
    assert history.loss == fit(joined, data, reconstruction_loss, **settings).loss
    epochs = torch.cat(seen).reshape(2, -1)
    assert torch.equal(epochs.sort(1).values, numbers.expand(2, -1))


def test_tuples_whose_tensors_do_not_fit_are_refused():
    def fitted(*data):
        fit(small_model(), data, lambda m, x, c: reconstruction_loss(m, x), epochs=1)

    with pytest.raises(ValueError, match=r"got 200 examples beside \[199\]"):
        fitted(line_data(), torch.arange(199))
    with pytest.raises(ValueError, match=r"got 200 examples beside \[\]"):
        fitted(line_data(), torch.tensor(3))
    with pytest.raises(ValueError, match="tuple of tensors, got int"):
        fitted(line_data(), 3)
    with pytest.raises(ValueError, match="got tuple"):
        fitted()


def test_frozen_parameters_stay():
    model = small_model()
    model.encoder.requires_grad_(False)
    before = model.encoder[0].weight.clone()
    fit(model, line_data(), reconstruction_loss, epochs=2, device="cpu", progress=False)
    torch.testing.assert_close(model.encoder[0].weight, before, rtol=0, atol=0)


def test_divergence_names_epoch_step_and_learning_rate():
    data = line_data()
    data[130] = float("nan")
    with pytest.raises(DivergenceError, match=r"nan in epoch 1, step \d+, with learning rate 0.01"):
        fit(small_model(), data, reconstruction_loss, epochs=2, lr=1e-2, progress=False)
    with pytest.raises(DivergenceError, match="smaller learning rate"):
        fit(
            small_model(),
            line_data() * 1e10,
            lambda m, x: reconstruction_loss(m, x).exp(),
            epochs=2,
            progress=False,
        )


def test_weights_that_end_as_nan_are_a_divergence_though_every_loss_was_finite():
    """The root of 0 is 0, and its slope is infinite: 0 times that is NaN."""

    def objective(model, x):
        return (0 * model(x).pow(2).sum(1)).sqrt()

    with pytest.raises(DivergenceError, match="a weight became NaN or infinite although"):
        fit(small_model(), line_data(), objective, epochs=1, batch_size=200, progress=False)


def test_the_model_trains_in_train_mode_and_denormals_are_flushed_meanwhile():
    seen = []

    def objective(model, x):
        seen.append((model.training, (torch.full((1,), 1e-39) * 1.0).item()))
        return reconstruction_loss(model, x)

    fit(small_model().eval(), line_data(), objective, epochs=1, device="cpu", progress=False)
    assert set(seen) == {(True, 0.0)}


def test_data_with_a_graph_are_trained_on_as_they_stand():
    """Codes of a network that learns nothing here: no gradient runs back into it."""
    first = mlp([3, 3])
    fit(small_model(), first(line_data()), reconstruction_loss, epochs=3, progress=False)
    assert all(parameter.grad is None for parameter in first.parameters())


def test_no_generator_is_seeded_that_is_not_put_back(monkeypatch):
    reseeded, model = [], small_model()
    monkeypatch.setattr(torch.cuda, "manual_seed", reseeded.append)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", reseeded.append)
    fit(model, line_data(), reconstruction_loss, epochs=1, device="cpu", progress=False)
    assert reseeded == []


def test_ctrl_c_returns_the_history_so_far(capsys):
    calls = 0

    def interrupted(model, x):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return reconstruction_loss(model, x)

    model = small_model()
    history = fit(model, line_data(), interrupted, epochs=5, batch_size=200, progress=False)
    assert len(history.loss) == len(history.seconds) == 2
    assert not model.training
    assert "after 2 of 5 epochs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"epochs": 0}, "epochs.*0"),
        ({"epochs": 2.5}, "epochs.*2.5"),
        ({"batch_size": -1}, "batch_size.*-1"),
        ({"lr": 0.0}, "lr.*0.0"),
        ({"lr": float("inf")}, "lr.*inf"),
        ({"device": "quantum"}, "unknown device 'quantum'"),
    ],
)
def test_bad_arguments_are_errors_that_name_the_value(kwargs, message):
    with pytest.raises(ValueError, match=message):
        fit(small_model(), line_data(), reconstruction_loss, **{"epochs": 1, **kwargs})


@given(shape=st.sampled_from([(), (4,), (0, 3)]))
@settings(max_examples=5, deadline=None)
def test_data_that_are_no_batch_are_refused(shape):
    with pytest.raises(ValueError, match="non-empty tensor"):
        fit(small_model(), torch.zeros(shape), reconstruction_loss, epochs=1)


def test_data_of_another_type_and_models_without_parameters_are_refused():
    with pytest.raises(ValueError, match="got list"):
        fit(small_model(), [1, 2, 3], reconstruction_loss, epochs=1)
    with pytest.raises(ValueError, match="nothing to fit"):
        fit(nn.Identity(), line_data(), reconstruction_loss, epochs=1)


@pytest.mark.parametrize("reduce", [torch.mean, torch.sum])
def test_an_objective_that_already_averaged_is_refused(reduce):
    with pytest.raises(ValueError, match=r"one loss per example, \[128\], got \[\]"):
        fit(
            small_model(),
            line_data(),
            lambda m, x: reduce(reconstruction_loss(m, x)),
            epochs=1,
            progress=False,
        )


def test_device_follows_argument_then_environment_then_hardware(monkeypatch):
    monkeypatch.delenv("AECORE_DEVICE", raising=False)
    hardware = "cuda" if torch.cuda.is_available() else "cpu"
    assert pick_device().type == hardware
    monkeypatch.setenv("AECORE_DEVICE", "cpu")
    assert pick_device().type == "cpu"
    assert pick_device("meta").type == "meta"
    assert budget(cpu=1, gpu=2) == 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="no CUDA GPU"):
        pick_device("cuda")


def test_the_environment_can_silence_the_progress_bar_but_not_bring_it_back():
    code = (
        "import torch; from aecore.training import fit; from aecore.models import LinearAutoencoder;"
        "from aecore.objectives import reconstruction_loss as r;"
        "fit(LinearAutoencoder(3, 1), torch.rand(8, 3), r, epochs=1, progress={})"
    )

    def stderr(progress: bool, **environment: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", code.format(progress)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stderr

    assert "epoch" in stderr(True, TQDM_DISABLE="")
    assert "epoch" not in stderr(True, TQDM_DISABLE="1")
    assert "epoch" not in stderr(False, TQDM_DISABLE="")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_fit_moves_model_and_data_to_the_gpu_by_itself():
    model = small_model()
    history = fit(model, line_data(), reconstruction_loss, epochs=20, lr=1e-2, progress=False)
    assert next(model.parameters()).device.type == "cuda"
    assert history.loss[-1] < history.loss[0]
