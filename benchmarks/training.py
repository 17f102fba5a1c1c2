"""How fast is ``aecore.training.fit``? Ratios against a floor and a habit, measured in one process.

Times alone mean little on a shared machine, so three things run in turn, epoch by epoch:

- floor: the bare matrix products of the same network, forward and backward, same shapes, nothing else;
- fit: the 784-400-20 VAE through ``aecore.training.fit``;
- usual: the same model and optimiser through torchvision, ToTensor, a DataLoader and ``.item()`` each step.

Both models start from the same weights; after the same epochs their test ELBOs must agree.

    python benchmarks/training.py [--epochs 5] [--device cpu] [--data mnist]

Without MNIST, ``--data strokes`` repeats the procedural digits to 60,000 images.
"""

import argparse
import statistics
import time

import torch
from torch.utils.data import DataLoader, Dataset

from aecore.data import load
from aecore.models import VAE
from aecore.networks import mlp
from aecore.objectives import negative_elbo
from aecore.training import fit, pick_device

BATCH, EXAMPLES = 128, 60_000
SIZES = [(784, 400), (400, 40), (20, 400), (400, 784)]


def new_vae(device: torch.device) -> VAE:
    torch.manual_seed(0)
    return VAE(mlp([784, 400, 40]), mlp([20, 400, 784]), 20).to(device)


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def floor_epoch(device: torch.device) -> float:
    """Seconds of one epoch of bare products: per layer x W, then dL/dW and (but for the first) dL/dx."""
    buffers = [
        (
            torch.randn(BATCH, n_in, device=device),
            torch.randn(n_in, n_out, device=device),
            torch.randn(BATCH, n_out, device=device),
        )
        for n_in, n_out in SIZES
    ]
    synchronise(device)
    start = time.perf_counter()
    for _ in range(-(-EXAMPLES // BATCH)):
        for layer, (x, weight, gradient) in enumerate(buffers):
            torch.mm(x, weight)
            torch.mm(x.T, gradient)
            if layer:
                torch.mm(gradient, weight.T)
    synchronise(device)
    return time.perf_counter() - start


class UsualDataset(Dataset):
    """A grey image and ToTensor per example: what ``torchvision.datasets.MNIST`` does for each index."""

    def __init__(self, images: torch.Tensor):
        from PIL import Image
        from torchvision.transforms import ToTensor

        self.raw = (images[:, 0] * 255).round().to(torch.uint8)
        self.image, self.transform = Image.fromarray, ToTensor()

    def __len__(self) -> int:
        return len(self.raw)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(self.image(self.raw[index].numpy(), mode="L"))


def usual_epoch(vae: VAE, optimizer, loader: DataLoader, device: torch.device) -> float:
    """Seconds of one epoch of the loop that most tutorials show."""
    start = time.perf_counter()
    running = 0.0
    for x in loader:
        x = x.to(device)
        optimizer.zero_grad()
        loss = negative_elbo(vae, x).mean()
        loss.backward()
        optimizer.step()
        running += loss.item()
    return time.perf_counter() - start


@torch.no_grad()
def test_elbo(vae: VAE, images: torch.Tensor, device: torch.device) -> float:
    torch.manual_seed(1)
    return vae.elbo(images.to(device), samples=5).total.mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--device", default=None)
    parser.add_argument("--data", default="mnist", choices=["mnist", "strokes"])
    arguments = parser.parse_args()
    device = pick_device(arguments.device)
    train = load(arguments.data).images
    train = train.repeat(-(-EXAMPLES // len(train)), 1, 1, 1)[:EXAMPLES]
    test = load(arguments.data, train=False).images[:2000]

    # Adam's state must carry on between epochs, so fit runs all of them in one call; floor and usual
    # epochs are taken before and after it, in equal numbers, to see the machine's speed drift.
    half = -(-arguments.epochs // 2)
    usual = new_vae(device)
    optimizer = torch.optim.Adam(usual.parameters(), lr=1e-3)
    loader = DataLoader(UsualDataset(train), batch_size=BATCH, shuffle=True)
    floor_epoch(device)
    floors = [floor_epoch(device) for _ in range(half)]
    usuals = [usual_epoch(usual, optimizer, loader, device) for _ in range(half)]
    floors += [floor_epoch(device)]
    ours = new_vae(device)
    history = fit(
        ours, train, negative_elbo, epochs=arguments.epochs, device=device, progress=False
    )
    floors += [floor_epoch(device) for _ in range(half)]
    usuals += [
        usual_epoch(usual, optimizer, loader, device) for _ in range(arguments.epochs - half)
    ]
    floors += [floor_epoch(device)]

    floor, fitted, habit = map(statistics.median, (floors, history.seconds, usuals))
    elbo_fit, elbo_usual = test_elbo(ours, test, device), test_elbo(usual, test, device)
    print(f"784-400-20 VAE, {EXAMPLES} images, batch {BATCH}, {arguments.epochs} epochs")
    print(f"on {device}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print("loop              s/epoch (min median max)    x floor   test ELBO (nats)")
    for name, seconds, elbo in (
        ("matrix products", floors, ""),
        ("aecore fit", history.seconds, f"{elbo_fit:.2f}"),
        ("usual DataLoader", usuals, f"{elbo_usual:.2f}"),
    ):
        median = statistics.median(seconds)
        spread = f"{min(seconds):7.2f} {median:7.2f} {max(seconds):7.2f}"
        print(f"{name:<17} {spread}   {median / floor:9.2f}   {elbo}")
    for what, value, good in (
        ("fit / floor, at most 2.5", fitted / floor, fitted / floor <= 2.5),
        ("usual / fit, at least 2", habit / fitted, habit / fitted >= 2),
        ("|ELBO difference|, under 1", abs(elbo_fit - elbo_usual), abs(elbo_fit - elbo_usual) < 1),
    ):
        print(f"{what:<28} {value:6.2f}   {'met' if good else 'NOT MET'}")


if __name__ == "__main__":
    main()
