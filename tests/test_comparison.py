"""Paired differences against SciPy's tests and by repetition; the table against an HTML parser."""

import math
from html.parser import HTMLParser

import pytest
import torch
from scipy import stats

from aecore.comparison import Table, paired_difference


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("n", [2, 3, 5, 40])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_paired_difference_is_scipys_paired_t_interval(n, confidence):
    a, b = draw(n), draw(n, seed=1) + 0.3
    ours = paired_difference(a, b, confidence=confidence)
    theirs = stats.ttest_rel(a.numpy(), b.numpy())
    interval = theirs.confidence_interval(confidence)
    assert ours.mean == pytest.approx((a - b).mean().item(), rel=1e-12)
    assert ours.standard_error == pytest.approx(stats.sem((a - b).numpy()), rel=1e-12)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert ours.is_real == (theirs.pvalue < 1 - confidence)


def test_paired_difference_by_hand():
    """Differences 1, 2, 3: mean 2, standard deviation 1, error 1 / sqrt(3), t(0.975; 2) = 4.302653."""
    found = paired_difference(torch.tensor([2.0, 4.0, 6.0]), torch.tensor([1.0, 2.0, 3.0]))
    assert found.mean == 2
    assert found.standard_error == pytest.approx(1 / math.sqrt(3), rel=1e-12)
    assert found.high - 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert not found.is_real
    assert paired_difference(torch.tensor([2.0, 2.1]), torch.tensor([1.0, 1.1])).is_real


def test_what_the_seed_does_to_both_cancels():
    seed_effect = 100 * draw(6)
    noise = 0.01 * draw(6, seed=1)
    found = paired_difference(seed_effect + 1 + noise, seed_effect)
    assert found.is_real
    assert found.mean == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_covers_the_truth_as_often_as_it_says(confidence):
    runs = draw(2000, 2, 4)
    found = [paired_difference(a + 0.5, b, confidence=confidence) for a, b in runs]
    covered = sum(d.low < 0.5 < d.high for d in found) / len(found)
    assert covered == pytest.approx(
        confidence, abs=4 * math.sqrt(confidence * (1 - confidence) / 2000)
    )


def test_paired_difference_refuses_what_cannot_be_paired():
    with pytest.raises(ValueError, match=r"got \[3\] and \[2\]"):
        paired_difference(torch.ones(3), torch.ones(2))
    with pytest.raises(ValueError, match="one run has no spread"):
        paired_difference(torch.ones(1), torch.ones(1))
    with pytest.raises(ValueError, match="NaN or infinite"):
        paired_difference(torch.tensor([1.0, math.nan]), torch.ones(2))
    for confidence in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match="confidence must lie"):
            paired_difference(torch.ones(2), torch.ones(2), confidence=confidence)


class Reader(HTMLParser):
    """Rows of (tag, scope, text), and the caption."""

    def __init__(self, source: str):
        super().__init__()
        self.rows, self.caption, self.open = [], "", []
        self.feed(source)
        self.close()
        assert self.open == [], "a tag is left open"

    def handle_starttag(self, tag, attributes):
        if tag == "br":
            self.handle_data("\n")
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append([tag, dict(attributes).get("scope"), ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] == "caption":
            self.caption += data
        else:
            self.rows[-1][-1][2] += data


def table() -> Table:
    groups = {
        "Baselines": {"raw pixels": ["0", "0.7\n±0.1"]},
        "Trained": {"a < b": ["1.25", "&"], "c": ["10", ""]},
    }
    return Table("Errors & all.", ["model", "error\n(grey²)", "probe"], groups)


def test_table_is_html_with_caption_and_scopes():
    page = Reader(table()._repr_html_())
    assert page.caption == "Errors & all."
    assert page.rows[0] == [
        ["th", "col", "model"],
        ["th", "col", "error\n(grey²)"],
        ["th", "col", "probe"],
    ]
    assert page.rows[1] == [["th", "rowgroup", "Baselines"]]
    assert page.rows[2] == [
        ["th", "row", "raw pixels"],
        ["td", None, "0"],
        ["td", None, "0.7\n±0.1"],
    ]
    assert page.rows[4] == [["th", "row", "a < b"], ["td", None, "1.25"], ["td", None, "&"]]
    assert len(page.rows) == 6


def test_table_is_aligned_text_in_a_terminal():
    assert str(table()).splitlines() == [
        "Errors & all.",
        "",
        "model       error (grey²)     probe",
        "Baselines",
        "raw pixels              0  0.7 ±0.1",
        "Trained",
        "a < b                1.25         &",
        "c                      10",
    ]
    assert repr(table()) == str(table())


def test_table_refuses_rows_that_do_not_fit():
    with pytest.raises(ValueError, match="row 'a' has 1 cells, but there are 2 columns"):
        Table("", ["model", "x", "y"], {"": {"a": ["1"]}})
    with pytest.raises(ValueError, match="at least one row"):
        Table("", ["model"], {"empty": {}})
