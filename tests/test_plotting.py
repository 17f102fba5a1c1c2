"""Figures: what is drawn where, one palette, and errors that say what to do."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from aecore import plotting
from aecore.plotting import CLASS_COLOURS
from aecore.training import History


def shown(axis) -> np.ndarray:
    return np.asarray(axis.get_images()[0].get_array())


def test_the_palette_is_petroffs_ten_colours():
    cycle = matplotlib.style.library["petroff10"]["axes.prop_cycle"].by_key()["color"]
    assert [to_hex(c) for c in cycle] == list(CLASS_COLOURS)


def test_image_grid_draws_each_image_once_in_reading_order():
    images = torch.rand(5, 1, 4, 4)
    figure = plotting.image_grid(images, columns=3, titles=list("abcde"))
    axes = figure.axes
    assert len(axes) == 6
    for axis, image, title in zip(axes, images, "abcde", strict=False):
        np.testing.assert_allclose(shown(axis), image[0].numpy())
        assert axis.get_title() == title
    assert not axes[5].get_images()


def test_flat_square_images_are_drawn_square_and_others_refused():
    image = torch.rand(1, 16)
    np.testing.assert_allclose(shown(plotting.image_grid(image).axes[0]), image.reshape(4, 4))
    with pytest.raises(ValueError, match="15 numbers"):
        plotting.image_grid(torch.rand(1, 15))
    with pytest.raises(ValueError, match="5 titles"):
        plotting.image_grid(torch.rand(5, 16), titles=["one"])


def test_image_rows_put_one_set_under_the_other():
    rows = {"input": torch.rand(3, 1, 4, 4), "output": torch.rand(3, 1, 4, 4)}
    axes = plotting.image_rows(rows, titles=["a", "b", "c"]).axes
    np.testing.assert_allclose(shown(axes[1]), rows["input"][1, 0])
    np.testing.assert_allclose(shown(axes[5]), rows["output"][2, 0])
    assert axes[3].texts[0].get_text() == "output"
    with pytest.raises(ValueError, match="'output': 2"):
        plotting.image_rows({"input": torch.rand(3, 16), "output": torch.rand(2, 16)})


def test_signed_rows_are_white_at_zero_and_scaled_image_by_image():
    weights = torch.tensor([[0.0, 2.0, -1.0, 0.0], [0.0, -8.0, 4.0, 0.0]])
    axes = plotting.image_rows({"weights": weights}, signed=True).axes
    drawn = [axis.get_images()[0] for axis in axes]
    assert [image.get_clim() for image in drawn] == [(-2, 2), (-8, 8)]
    colours = [image.to_rgba(image.get_array())[..., :3] for image in drawn]
    assert (colours[0][0, 0] > 0.95).all()
    red, blue = colours[0][0, 1], colours[1][0, 1]
    assert red[0] > 2 * red[2]
    assert blue[2] > 2 * blue[0]


def test_latent_scatter_colours_points_by_class_and_names_classes_at_their_medians():
    codes = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 5.0], [9.0, 9.0]])
    figure = plotting.latent_scatter(codes, torch.tensor([3, 3, 3, 7]))
    axis = figure.axes[0]
    colours = [to_hex(c) for c in axis.collections[0].get_facecolors()]
    assert colours == [CLASS_COLOURS[3]] * 3 + [CLASS_COLOURS[7]]
    texts = {t.get_text(): t.get_position() for t in axis.texts}
    assert texts == {"3": (1.0, 0.0), "7": (9.0, 9.0)}
    assert axis.get_xlabel() == "z₁" and axis.get_ylabel() == "z₂"


def test_latent_scatter_refuses_a_wider_code():
    with pytest.raises(ValueError, match=r"\[4, 9\].*projected"):
        plotting.latent_scatter(torch.zeros(4, 9), torch.zeros(4, dtype=torch.int64))


def test_decoded_grid_has_z1_to_the_right_and_z2_upwards():
    def decode(z):  # a 2 x 1 image whose two pixels are z1 and z2, scaled to [0, 1]
        return ((z + 4) / 8)[:, None, :, None]

    figure = plotting.decoded_grid(decode, centre=(1.0, -1.0), extent=2.0, steps=5)
    sheet = shown(figure.axes[0]) * 8 - 4
    np.testing.assert_allclose(sheet[0::2, :][0], [-1, 0, 1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(sheet[1::2, 0], [1, 0, -1, -2, -3], atol=1e-5)
    np.testing.assert_allclose(figure.axes[0].get_images()[0].get_extent(), [-1.5, 3.5, -3.5, 1.5])


def test_loss_curve_draws_every_history_by_name_and_unit():
    figure = plotting.loss_curve(
        {"a": History([3.0, 2.0], [1, 1]), "b": History([5.0, 4.0], [1, 1])}, unit="nats"
    )
    axis = figure.axes[0]
    assert [line.get_ydata().tolist() for line in axis.lines] == [[3.0, 2.0], [5.0, 4.0]]
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["a", "b"]
    assert axis.get_ylabel() == "mean loss (nats)" and axis.get_xlabel() == "epoch"


def test_figures_are_shown_once_and_the_style_is_asked_for():
    before = dict(matplotlib.rcParams)
    figure = plotting.image_grid(torch.rand(2, 16))
    assert figure.number not in plt.get_fignums()
    with matplotlib.rc_context():
        plotting.use_style()
        assert matplotlib.rcParams["image.cmap"] == "gray_r"
    assert matplotlib.rcParams["image.cmap"] == before["image.cmap"]
