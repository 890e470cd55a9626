"""A plain training script for handwritten digits, and two lines: those that end in "# explain". Without them it trains to the same weights.

python examples/mnist.py             # MNIST, downloaded to data/; where that fails, scikit-learn's smaller digits
python examples/mnist.py --digits    # these at once: a quarter of a minute an epoch on a laptop's CPU, often less
tensorboard --logdir runs            # tab "Explain"

The arguments and the parts are those of the MNIST example of PyTorch.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor, nn, optim
from torch.nn import functional
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, transforms

import tb_explain  # explain


class Net(nn.Module):
    """Two convolutions and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(64 * 12 * 12, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        features = functional.relu(self.conv2(functional.relu(self.conv1(images))))
        features = self.dropout1(functional.max_pool2d(features, 2)).flatten(1)
        hidden = self.dropout2(functional.relu(self.fc1(features)))
        return functional.log_softmax(self.fc2(hidden), dim=1)


class Digits(Dataset):
    """The 1797 digits that come with scikit-learn, 8 x 8 pixels, enlarged to the 28 x 28 of MNIST."""

    classes = tuple(map(str, range(10)))

    def __init__(self, transform: transforms.Compose) -> None:
        from sklearn.datasets import load_digits

        self.found, self.transform = load_digits(), transform

    def __len__(self) -> int:
        return len(self.found.target)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        small = torch.from_numpy(self.found.images[index]).float()[None, None] / 16
        large = functional.interpolate(small, size=(28, 28), mode="bicubic").clamp(0, 1)[0]
        return self.transform(transforms.functional.to_pil_image(large)), int(self.found.target[index])


def load(transform: transforms.Compose, digits: bool) -> tuple[Dataset, Dataset]:
    """Images to train with, and to test with."""
    if not digits:
        try:
            return (
                datasets.MNIST("data", train=True, download=True, transform=transform),
                datasets.MNIST("data", train=False, transform=transform),
            )
        except (OSError, RuntimeError) as error:
            print(f"MNIST cannot be downloaded, so these are scikit-learn's digits ({error})")
    images = Digits(transform)
    return Subset(images, range(1347)), Subset(images, range(1347, len(images)))


def train(
    args: argparse.Namespace,
    model: nn.Module,
    device: torch.device,
    loader: DataLoader,
    optimizer: optim.Optimizer,
    epoch: int,
) -> None:
    model.train()
    for number, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = functional.nll_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        if number % args.log_interval == 0:
            seen = number * loader.batch_size
            print(f"epoch {epoch}: {seen} of {len(loader.dataset)} images, loss {loss.item():.4f}")
            if args.dry_run:
                break


def test(model: nn.Module, device: torch.device, loader: DataLoader) -> None:
    model.eval()
    loss = right = 0.0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            scores = model(images)
            loss += functional.nll_loss(scores, labels, reduction="sum").item()
            right += (scores.argmax(1) == labels).sum().item()
    n = len(loader.dataset)
    print(f"test: mean loss {loss / n:.4f}, {right:.0f} of {n} right ({right / n:.1%})")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--batch-size", type=int, default=64, metavar="N")
    parser.add_argument("--test-batch-size", type=int, default=1000, metavar="N")
    parser.add_argument("--epochs", type=int, default=14, metavar="N")
    parser.add_argument("--lr", type=float, default=1.0, help="learning rate")
    parser.add_argument("--gamma", type=float, default=0.7, help="what the learning rate is multiplied by an epoch")
    parser.add_argument("--no-accel", action="store_true", help="the CPU, although there is an accelerator")
    parser.add_argument("--dry-run", action="store_true", help="one batch an epoch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-interval", type=int, default=10, metavar="N", help="batches between two lines of output")
    parser.add_argument("--save-model", action="store_true", help="to mnist_cnn.pt")
    parser.add_argument("--digits", action="store_true", help="scikit-learn's digits, with no attempt to get MNIST")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    accelerated = not args.no_accel and torch.accelerator.is_available()
    device = torch.accelerator.current_accelerator() if accelerated else torch.device("cpu")
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    to_train, to_test = load(transform, args.digits)
    train_loader = DataLoader(to_train, args.batch_size, shuffle=True)
    test_loader = DataLoader(to_test, args.test_batch_size)

    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    for epoch in range(1, args.epochs + 1):
        train(args, model, device, train_loader, optimizer, epoch)
        test(model, device, test_loader)
        tb_explain.explain(model, test_loader, epoch)  # explain
        scheduler.step()

    if args.save_model:
        torch.save(model.state_dict(), "mnist_cnn.pt")


if __name__ == "__main__":
    main()
