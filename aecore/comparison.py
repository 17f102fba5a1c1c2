"""Comparing models run for run: paired differences with their uncertainty, and a table to show them in.

Runs are paired when they share what chance decides, the seed: the same first weights, the same batches, the
same labelled examples. What the seed does to both then cancels in the difference.
"""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class PairedDifference:
    """What paired runs say about how much larger a is than b, in the unit of both.

    mean: of a - b over the runs. standard_error: of that mean.
    low, high: the ends of its confidence interval.
    """

    mean: float
    standard_error: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def paired_difference(a: Tensor, b: Tensor, *, confidence: float = 0.95) -> PairedDifference:
    """How much larger a is than b, both [n], one number a run and the same run in the same place.

    The interval is Student's: mean +- t * standard error, with the quantile t of n - 1 degrees of freedom
    (Student, 1908). It covers the true difference in a share ``confidence`` of all repetitions, if the
    differences are independent and normal. It speaks of new seeds, and of nothing that all runs share,
    such as the test set. Of m comparisons of equal things a share 1 - confidence leaves out 0 by chance; to
    keep the chance of *any* such error below alpha, ask for 1 - alpha / m (Bonferroni).

    Raises ValueError unless both are [n] with n >= 2 and finite, and 0 < confidence < 1.
    """
    from scipy.stats import t

    if a.dim() != 1 or a.shape != b.shape or len(a) < 2:
        raise ValueError(
            f"expected the same two or more runs of both, [n] and [n], got {list(a.shape)} and "
            f"{list(b.shape)}; one run has no spread"
        )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, both excluded, got {confidence}")
    differences = a.detach().cpu().double() - b.detach().cpu().double()
    if not differences.isfinite().all():
        raise ValueError("some runs have NaN or infinite values: they cannot be compared")
    mean = differences.mean().item()
    error = differences.std().item() / math.sqrt(len(differences))
    reach = float(t.ppf((1 + confidence) / 2, len(differences) - 1)) * error
    return PairedDifference(mean, error, mean - reach, mean + reach)


@dataclass(frozen=True)
class Table:
    """A table that notebooks show as HTML with its caption and scopes, and a terminal as aligned text.

    caption: one or two sentences. columns: the heads, the first one over the names of the rows. groups:
    title of a group of rows to its rows, each a name and its cells. A line break in a text is kept.
    Raises ValueError when a row has another number of cells than the columns ask for, or there is no row.
    """

    caption: str
    columns: Sequence[str]
    groups: Mapping[str, Mapping[str, Sequence[str]]]

    def __post_init__(self):
        if not any(self.groups.values()):
            raise ValueError("a table needs at least one row")
        for rows in self.groups.values():
            for name, cells in rows.items():
                if len(cells) != len(self.columns) - 1:
                    raise ValueError(
                        f"row {name!r} has {len(cells)} cells, but there are {len(self.columns) - 1} "
                        "columns after the first"
                    )

    def _repr_html_(self) -> str:
        heads = "".join(_cell("th", text, "col") for text in self.columns)
        bodies = []
        for title, rows in self.groups.items():
            span = f' colspan="{len(self.columns)}"'
            lines = [f"<tr>{_cell('th', title, 'rowgroup', span)}</tr>"] if title else []
            for name, cells in rows.items():
                values = "".join(_cell("td", text) for text in cells)
                lines.append(f"<tr>{_cell('th', name, 'row')}{values}</tr>")
            bodies.append(f"<tbody>{''.join(lines)}</tbody>")
        # On a narrow screen the frame scrolls, and whoever has no mouse must be able to reach it.
        return (
            '<div class="aecore-table-frame" role="region" aria-label="Table" tabindex="0">'
            f'<table class="aecore-table"><caption>{_text(self.caption)}</caption>'
            f"<thead><tr>{heads}</tr></thead>{''.join(bodies)}</table></div>"
        )

    def __str__(self) -> str:
        lines = [list(self.columns)]
        for title, rows in self.groups.items():
            lines += [[title]] if title else []
            lines += [[name, *cells] for name, cells in rows.items()]
        lines = [[text.replace("\n", " ") for text in line] for line in lines]
        full = [line for line in lines if len(line) == len(self.columns)]
        widths = [max(len(line[i]) for line in full) for i in range(len(self.columns))]
        aligned = [
            "  ".join(
                text.rjust(width) if i else text.ljust(width)
                for i, (text, width) in enumerate(zip(line, widths, strict=False))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, "", *aligned])

    __repr__ = __str__


def _text(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _cell(tag: str, text: str, scope: str = "", more: str = "") -> str:
    where = f' scope="{scope}"' if scope else ""
    return f"<{tag}{where}{more}>{_text(text)}</{tag}>"
