"""`render` as a function: derivatives, batches, and what it refuses."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_digits import ROUNDING, plain
from torch.func import jacfwd, jacrev, jvp, vmap

from aecore.glyphs import FORMS
from aecore.strokes import WOBBLE_DIM, digits, render


def test_gradients_match_finite_differences():
    drawn = digits(3, seed=11)
    factors = drawn.factors.double().requires_grad_()
    wobble = drawn.wobble.double().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda f, w: render(drawn.labels, f, w, drawn.form)[..., ::4, ::3], (factors, wobble)
    )


def test_forward_and_reverse_jacobians_agree_under_vmap():
    drawn = digits(3, seed=12)
    inputs = (drawn.labels, drawn.factors.double(), drawn.wobble.double(), drawn.form)
    forward = vmap(jacfwd(render, argnums=1))(*inputs)
    backward = vmap(jacrev(render, argnums=1))(*inputs)
    assert forward.shape == (3, 1, 28, 28, 4)
    assert forward.abs().amax() > 0.1
    torch.testing.assert_close(forward, backward, rtol=0, atol=1e-12)


def test_jvp_is_the_directional_derivative():
    factors = plain(slant=7.0, rotation=-3.0)
    direction = torch.tensor([1.0, 0.1, 0.05, -2.0], dtype=torch.float64)
    _, tangent = jvp(lambda f: render(5, f), (factors,), (direction,))
    step = 1e-5
    ahead, behind = (render(5, factors + s * step * direction) for s in (1, -1))
    torch.testing.assert_close(tangent, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-6)


def test_vmap_gives_what_the_batch_gives():
    drawn = digits(20, seed=13)
    inputs = (drawn.labels, drawn.factors, drawn.wobble, drawn.form)
    torch.testing.assert_close(vmap(render)(*inputs), drawn.images, rtol=0, atol=ROUNDING)


def test_leading_shapes_broadcast():
    factors = torch.stack([plain(slant=float(s)) for s in (0, 10, 20)])
    grid = render(torch.arange(10)[:, None], factors)
    assert grid.shape == (10, 3, 1, 28, 28)
    torch.testing.assert_close(grid[4, 2], render(4, factors[2]))
    waving = torch.randn(
        3, WOBBLE_DIM, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    torch.testing.assert_close(render(8, plain(), waving)[1], render(8, plain(), waving[1]))


def test_no_wobble_is_the_wobble_zero_and_form_zero_is_the_default():
    zero = torch.zeros(WOBBLE_DIM, dtype=torch.float64)
    torch.testing.assert_close(render(6, plain()), render(6, plain(), zero, 0))
    assert (render(6, plain(), form=1) - render(6, plain())).abs().max() > 0.5


def test_every_wobble_coordinate_changes_the_image():
    jacobian = jacrev(lambda w: render(2, plain(), w))(torch.full((WOBBLE_DIM,), 0.1).double())
    assert (jacobian.flatten(0, 2).norm(dim=0) > 0.05).all()


@settings(deadline=None, max_examples=60)
@given(
    label=st.integers(0, 9),
    form=st.integers(0, FORMS - 1),
    slant=st.floats(-60, 60),
    thickness=st.floats(0.05, 12),
    width=st.floats(0.05, 3),
    rotation=st.floats(-360, 360),
    loud=st.floats(0, 3),
)
def test_images_and_gradients_stay_finite_far_beyond_the_ranges(
    label, form, slant, thickness, width, rotation, loud
):
    factors = torch.tensor([slant, thickness, width, rotation], requires_grad=True)
    wobble = loud * torch.randn(WOBBLE_DIM, generator=torch.Generator().manual_seed(label))
    image = render(label, factors, wobble, form)
    assert image.dtype == torch.float32
    assert ((image >= 0) & (image <= 1)).all()
    image.sum().backward()
    assert factors.grad.isfinite().all()


@given(label=st.one_of(st.integers(-1000, -1), st.integers(10, 1000)))
def test_a_label_that_is_no_digit_is_refused_by_name(label):
    with pytest.raises(ValueError, match=f"labels from 0 to 9, got {label}"):
        render(torch.tensor([3, label]), plain())


@given(form=st.one_of(st.integers(-100, -1), st.integers(FORMS, 100)))
def test_a_form_that_nobody_writes_is_refused(form):
    with pytest.raises(ValueError, match=f"form from 0 to 2, got {form}"):
        render(3, plain(), form=form)


@given(value=st.floats(max_value=0), name=st.sampled_from(["thickness", "width"]))
def test_a_thickness_or_width_that_is_not_positive_is_refused(value, name):
    with pytest.raises(ValueError, match=f"{name} must be positive, got"):
        render(3, plain(**{name: value}))


@given(columns=st.integers(0, 9).filter(lambda n: n != 4))
def test_another_number_of_factors_is_refused(columns):
    with pytest.raises(ValueError, match=r"slant, thickness, width, rotation\), got"):
        render(3, torch.ones(5, columns))


def test_inputs_of_the_wrong_kind_are_refused():
    with pytest.raises(ValueError, match="floating-point tensor, got list"):
        render(3, [0.0, 3.0, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"floating-point tensor, got torch.int64"):
        render(3, torch.ones(4, dtype=torch.long))
    with pytest.raises(ValueError, match=r"labels as integers, got torch.float32"):
        render(torch.tensor([3.0]), plain())
    with pytest.raises(ValueError, match=rf"wobble \[..., {WOBBLE_DIM}\], got \[5\]"):
        render(3, plain(), torch.zeros(5))
    with pytest.raises(ValueError, match=r"disagree.*\[3\], \[\], \[5\], \[\]"):
        render(torch.tensor([1, 2, 3]), plain().expand(5, 4))
