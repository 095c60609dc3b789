"""Any network of `keras.applications`, frozen, with a new last layer.

    python -m training.run --data DIR --recipe keras_applications --backbone convnext_tiny

ImageNet weights, which Keras fetches once; every layer of the base frozen, fed the
range that its family expects, at the size that it was published for (`--size` for
another); GlobalAveragePooling; Dense with softmax; crops, loss of resolution, colour
and JPEG; Adam 0.001; 30 epochs of at most 1,600 pictures in batches of 32; each
picture has 8 views, whose features are computed once.

Result: not measured, for want of the weights where it was written.
"""

from app.model_card import Input
from training.data.augmentation import Crops
from training.data.sampling import Sampling
from training.recipes.keras_backbone import AnyBackbone
from training.recipes.recipe import Optimizer

__all__ = ["RECIPE"]

RECIPE = AnyBackbone(
    name="keras_applications",
    description="ConvNeXtTiny, ImageNet weights, frozen below a new last layer.",
    input=Input(height=224, width=224),
    epochs=30,
    batch=32,
    augmentation=Crops(),
    sampling=Sampling(even=True, source_power=0.5, most=1600, views=8),
    optimizer=Optimizer("adam", rate=0.001),
    label_smoothing=0.0,
    longest=448,
    # The largest have 200 million weights, in each of two files.
    most_megabytes=2048,
    backbone="ConvNeXtTiny",
)
