"""Claims that check themselves, and numbers that prose can quote.

A chapter never asserts what it has not shown: ``claim`` states a fact with its evidence and stops the
build if it is false; ``glue`` records a number under a name so that the text quotes this run's value.
"""

import html

import numpy as np
import torch


class ClaimError(AssertionError):
    """A claim of the book is false in this run."""


def claim(statement: str, holds, evidence: str = "") -> None:
    """State a fact, show its evidence, and fail if it is false.

    statement: one sentence. holds: a single truth value (bool, or a one-element numpy or torch bool).
    evidence: the measured numbers behind it.

    Raises ClaimError when ``holds`` is false, and TypeError when it is not a truth value: a non-empty
    tuple or string would be "true" whatever it says.
    """
    if not _truth(holds):
        raise ClaimError(f"{statement}: false in this run" + (f" ({evidence})" if evidence else ""))
    _show(statement, evidence)


def glue(name: str, value: float | int | str) -> None:
    """Record ``value`` under ``name`` for the prose, and show nothing.

    The text then quotes it by the role ``glue:text`` as ``name`` or, with a format, ``name:.2f``. Outside a
    notebook it does nothing. One-element tensors and numpy scalars become plain numbers.

    Raises TypeError for anything else.
    """
    if isinstance(value, np.generic) or (isinstance(value, torch.Tensor) and value.numel() == 1):
        value = value.item()
    if not isinstance(value, int | float | str):
        raise TypeError(
            f"glue takes one number or a string, got {type(value).__name__} for {name!r}"
        )
    if not _in_notebook():
        return
    from IPython.display import display

    prefix = "application/papermill.record/"
    display(
        {prefix + "text/plain": repr(value)},
        metadata={"scrapbook": {"name": name, "mime_prefix": prefix}},
        raw=True,
    )


def _truth(holds) -> bool:
    if isinstance(holds, torch.Tensor | np.ndarray | np.generic):
        is_bool = holds.dtype in (torch.bool, np.dtype(bool))
        size = holds.numel() if isinstance(holds, torch.Tensor) else holds.size
        if is_bool and size == 1:
            return bool(holds)
        raise TypeError(
            f"a claim needs one truth value, got {size} of {holds.dtype}; did you mean (...).all()?"
        )
    if not isinstance(holds, bool):
        raise TypeError(f"a claim needs True or False, got {type(holds).__name__}: {holds!r}")
    return holds


def _show(statement: str, evidence: str) -> None:
    text = f"✓ {statement}" + (f": {evidence}" if evidence else "")
    if not _in_notebook():
        print(text)
        return
    from IPython.display import display

    detail = f'<span class="aecore-evidence">{html.escape(evidence)}</span>' if evidence else ""
    markup = (
        '<p class="aecore-claim"><span class="aecore-tick" role="img" aria-label="checked">✓</span> '
        f"{html.escape(statement)} {detail}</p>"
    )
    display({"text/html": markup, "text/plain": text}, raw=True)


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None
