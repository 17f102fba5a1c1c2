"""What a code is worth: how sparse it is, how it answers to its input, and what a linear reader gets from it.

Codes of different networks are not on one scale: a code that is ten times as small has a Jacobian that is
ten times as small and says the same. So each measure here has a form that no change of scale can move.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from aecore.networks import run_encoder
from aecore.tangents import jacobian


def hoyer_sparsity(codes: Tensor) -> Tensor:
    """How unevenly the magnitudes in each code are spread, from 0 to 1: codes [N, d] to [N].

    (sqrt(d) - |z|_1 / |z|_2) / (sqrt(d) - 1) (Hoyer, 2004, "Non-negative matrix factorization with
    sparseness constraints", JMLR 5). 1: a single entry is not 0. 0: all entries have one magnitude. It is
    the same for z and c z; it is not for z + c, so a code with a constant offset does not look sparse.

    Raises ValueError unless codes are [N, d] with N >= 1, d >= 2, and each has a finite, positive norm: the
    measure has no value for a code of zeros.
    """
    if codes.dim() != 2 or len(codes) == 0 or codes.shape[1] < 2:
        raise ValueError(
            f"expected codes [N, d] of at least one example and two entries, got {list(codes.shape)}"
        )
    _check_finite("codes", codes)
    largest = codes.abs().amax(1, keepdim=True)
    if (largest == 0).any():
        raise ValueError(
            f"{int((largest == 0).sum())} of {len(codes)} codes are all zeros, and have no sparsity; "
            "leave those examples out, and say how many they were"
        )
    z = codes.abs() / largest  # so that no square overflows, or vanishes
    root = codes.shape[1] ** 0.5
    return (root - z.sum(1) / z.norm(dim=1)) / (root - 1)


def jacobian_norm(
    encoder: Callable[[Tensor], Tensor], x: Tensor, *, batch_size: int = 100
) -> Tensor:
    """Squared Frobenius norm |dz/dx|_F^2 of an encoder's Jacobian at each x [N, ...]: [N], without gradient.

    encoder: a network or a function such as ``model.encode``, from [B, ...] to [B, d], on the device of x.
    Exact, through ``aecore.tangents.jacobian``, ``batch_size`` examples at a time. To *train* on it, use
    ``aecore.objectives.contractive_penalty``, which has the same values. Its unit is that of z^2 / x^2, so
    it depends on the scale of the code: :func:`relative_jacobian_norm` does not.

    Raises ValueError as ``aecore.tangents.jacobian``, and when batch_size is not a positive integer.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")

    def code(data: Tensor) -> Tensor:
        return run_encoder(encoder, data)

    parts = (jacobian(code, part) for part in x.split(batch_size))
    return torch.cat([part.pow(2).flatten(1).sum(1) for part in parts])


def relative_jacobian_norm(norm: Tensor, x: Tensor, codes: Tensor) -> Tensor:
    """How strongly codes answer to white noise, next to how they answer to the data: [M], without unit.

        |J|_F^2 / D  .  V(x) / V(z)

    norm: |J|_F^2 at M points [M], as ``jacobian_norm`` or a closed form gives it. x [N, ...], of D numbers
    each, and codes z [N, d]: a data set. V: the sum of the variances of all coordinates over it.

    Small noise of variance s^2 in each input number moves the code by s^2 |J|_F^2 in square, on average. So
    this is the noise-to-signal ratio in the code over that in the input. It is 1 for z = x, for any rotation
    of it and for any multiple of either. Below 1, the encoder lets the data pass, and noise less so.

    Raises ValueError unless x and codes are of the same two or more examples and both vary, and norm is [M],
    finite and not negative.
    """
    if x.dim() < 2 or codes.dim() != 2 or len(x) != len(codes) or len(x) < 2:
        raise ValueError(
            "expected x [N, ...] and codes [N, d] of the same two or more examples, got "
            f"{list(x.shape)} and {list(codes.shape)}"
        )
    if norm.dim() != 1 or not norm.isfinite().all() or (norm < 0).any():
        raise ValueError(
            f"expected squared norms [M], finite and not negative, got {list(norm.shape)}"
        )
    spread = {"x": x.flatten(1).var(0).sum(), "codes": codes.var(0).sum()}
    for name, value in spread.items():
        if not (value > 0 and value.isfinite()):
            raise ValueError(
                f"{name} must vary over the {len(x)} examples, got a variance of {value}"
            )
    return norm / x[0].numel() * (spread["x"] / spread["codes"])


def labelled_subset(
    labels: Tensor, per_class: int, *, generator: torch.Generator | None = None
) -> Tensor:
    """Indices of ``per_class`` random examples of each class that occurs in labels int64 [N], class by class.

    generator: on the CPU. Raises ValueError unless per_class is a positive integer and every class has that
    many examples.
    """
    if isinstance(per_class, bool) or not isinstance(per_class, int) or per_class < 1:
        raise ValueError(f"per_class must be a positive integer, got {per_class!r}")
    labels = labels.cpu()
    order = torch.randperm(len(labels), generator=generator)
    chosen = []
    for label in labels.unique():
        members = order[labels[order] == label]
        if len(members) < per_class:
            raise ValueError(
                f"class {label.item()} has {len(members)} examples, fewer than {per_class}"
            )
        chosen.append(members[:per_class])
    if not chosen:
        raise ValueError("expected labels of at least one example, got none")
    return torch.cat(chosen)


def linear_probe(
    codes: Tensor,
    labels: Tensor,
    test_codes: Tensor,
    test_labels: Tensor,
    *,
    strengths: Sequence[float] = (0.01, 0.1, 1.0),
    folds: int = 5,
) -> float:
    """Share of test examples that a linear classifier, trained on a few labelled codes, gets right.

    codes [N, d] with labels [N], test_codes [M, d] with test_labels [M]. Multinomial logistic regression
    (scikit-learn) with an L2 penalty, on codes standardised by the mean and the spread of each coordinate
    over the labelled codes. Its C, the inverse of the penalty, is the one of ``strengths`` with the best
    accuracy in stratified cross-validation among the labelled codes, the smallest of equals; the test set
    has no say. With a single strength nothing is chosen (Alain and Bengio, 2017, arXiv:1610.01644, for
    linear probes).

    Raises ValueError when shapes do not fit, values are not finite, there is one class only, or a class has
    fewer examples than folds.
    """
    from sklearn.model_selection import StratifiedKFold

    _check_probe(codes, labels, test_codes, test_labels)
    strengths = sorted(strengths)
    if not strengths or not strengths[0] > 0:
        raise ValueError(f"strengths must be positive numbers, at least one, got {strengths}")
    z, y = codes.detach().cpu().double().numpy(), labels.cpu().numpy()
    best = strengths[0]
    if len(strengths) > 1:
        fewest = int(labels.unique(return_counts=True)[1].min())
        if not 2 <= folds <= fewest:
            raise ValueError(
                f"folds must lie between 2 and {fewest}, the size of the smallest class, got {folds}"
            )
        split = list(StratifiedKFold(folds, shuffle=True, random_state=0).split(z, y))
        # Counts, for means of shares that are equal may differ in their last place.
        right = [
            sum(_count_right(z[fit], y[fit], z[held], y[held], c) for fit, held in split)
            for c in strengths
        ]
        best = strengths[right.index(max(right))]
    test_z = test_codes.detach().cpu().double().numpy()
    return _count_right(z, y, test_z, test_labels.cpu().numpy(), best) / len(test_z)


def _count_right(z, y, test_z, test_y, strength: float) -> int:
    """How many of test_z [M, d] a logistic regression on standardised codes z [N, d] gets right."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(z)
    z, test_z = scaler.transform(z), scaler.transform(test_z)
    if z.shape[1] > len(z):  # the best weights lie in the span of the codes: N numbers say the same
        basis = np.linalg.qr(z.T).Q
        z, test_z = z @ basis, test_z @ basis
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(z, y)
    return int((fitted.predict(test_z) == test_y).sum())


def _check_finite(name: str, values: Tensor) -> None:
    if not values.isfinite().all():
        raise ValueError(f"{name} hold {int((~values.isfinite()).sum())} NaN or infinite values")


def _check_probe(codes: Tensor, labels: Tensor, test_codes: Tensor, test_labels: Tensor) -> None:
    for name, z, y in (("codes", codes, labels), ("test_codes", test_codes, test_labels)):
        if z.dim() != 2 or len(z) == 0 or y.shape != z.shape[:1]:
            raise ValueError(
                f"expected {name} [N, d] and a label for each, got {list(z.shape)} and {list(y.shape)}"
            )
        _check_finite(name, z)
    if codes.shape[1] != test_codes.shape[1]:
        raise ValueError(
            f"codes have {codes.shape[1]} entries and test_codes {test_codes.shape[1]}: "
            "both must come from one encoder"
        )
    if len(labels.unique()) < 2:
        raise ValueError("a classifier needs examples of at least two classes, got one")
