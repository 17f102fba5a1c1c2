"""A claim shows its evidence when true, stops the build when false, and refuses what is always true."""

import json
import re

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from aecore.claims import ClaimError, claim, glue


@pytest.mark.parametrize("true", [True, torch.tensor(True), np.bool_(True), np.array([True])])
def test_a_true_claim_prints_statement_and_evidence(true, capsys):
    claim("Two is even", true, "2 mod 2 = 0")
    assert capsys.readouterr().out == "✓ Two is even: 2 mod 2 = 0\n"


@pytest.mark.parametrize("false", [False, torch.tensor([False]), np.bool_(False)])
def test_a_false_claim_stops_with_its_evidence(false):
    with pytest.raises(ClaimError, match=r"Two is odd: false in this run \(2 mod 2 = 0\)"):
        claim("Two is odd", false, "2 mod 2 = 0")
    assert issubclass(ClaimError, AssertionError)


@pytest.mark.parametrize(
    "no_truth",
    [(1 < 2, "text"), "false", 1, None, 0.3, torch.tensor([True, True]), torch.tensor(1.0), []],
)
def test_what_is_not_one_truth_value_is_refused(no_truth):
    with pytest.raises(TypeError, match=r"truth value|True or False"):
        claim("Anything", no_truth)


def run_cell(source: str) -> list:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook.cells[0].outputs


def test_in_a_notebook_a_claim_is_markup_and_glue_is_what_myst_nb_reads():
    outputs = run_cell(
        "import torch\nfrom aecore.claims import claim, glue\n"
        "claim('1 < 2 & so on', True, 'a <b>')\n"
        "glue('auc', torch.tensor(0.25))"
    )
    markup = outputs[0].data["text/html"]
    assert "1 &lt; 2 &amp; so on" in markup and "a &lt;b&gt;" in markup
    assert re.search(r'class="aecore-claim".*aria-label="checked"', markup)
    assert outputs[0].data["text/plain"].startswith("✓ 1 < 2")
    glued = outputs[1]
    assert glued.metadata["scrapbook"]["name"] == "auc"
    assert glued.data["application/papermill.record/text/plain"] == "0.25"


def test_glue_writes_what_myst_nbs_own_glue_writes():
    ours, theirs = (
        run_cell(f"from {module} import glue\nglue('x', 1.5{extra})")[0]
        for module, extra in (("aecore.claims", ""), ("myst_nb", ", display=False"))
    )
    assert json.loads(json.dumps(ours.data)) == json.loads(json.dumps(theirs.data))
    assert ours.metadata["scrapbook"]["name"] == theirs.metadata["scrapbook"]["name"]


def test_glue_refuses_what_prose_cannot_quote():
    with pytest.raises(TypeError, match="list for 'losses'"):
        glue("losses", [1.0, 2.0])
    with pytest.raises(TypeError, match="one number or a string, got Tensor for 'losses'"):
        glue("losses", torch.ones(3))
