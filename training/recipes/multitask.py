"""EfficientNet-Lite2 fine-tuned for two tasks: the period, and its part. The default model's.

    python -m training.run --data DIR --recipe multitask

260 x 260 pixels; blocks 1 to 15 frozen. From the last layer the network is asked for the
period; from the style of three blocks for one of 13 sub-periods, as far as a picture's year
or the name of its style tells which. Both answers together are the model's.

Result: the default model, see docs/model.md, which holds the figures and the log.
"""

from app.model_card import Input
from training.data.augmentation import Crops
from training.data.sampling import Sampling
from training.recipes.efficientnet_lite import MultitaskEfficientNetLite
from training.recipes.recipe import Optimizer

__all__ = ["RECIPE"]

RECIPE = MultitaskEfficientNetLite(
    name="multitask",
    description=(
        "EfficientNet-Lite2, ImageNet weights, fine-tuned from block 16 on for the period and "
        "for its part, by year or style."
    ),
    input=Input(height=260, width=260),
    epochs=12,
    batch=32,
    # Nearer to the whole that is served than the crops of a smaller input need to be.
    augmentation=Crops(least_area=0.45),
    sampling=Sampling(even=True, source_power=0.3, most=1600, views=12),
    optimizer=Optimizer("adamw", rate=3e-4, weight_decay=0.01, schedule="cosine", warmup=0.05),
    label_smoothing=0.1,
    longest=520,
    most_megabytes=60,
    variant="lite2",
    # The first block of the last stage but one: what is below is seen once for each view.
    train_from="block16",
    blocks=("block17", "block20", "block21"),
    # Where a style begins or ends, and no part is left with a few dozen pictures.
    cuts=(1480, 1530, 1650, 1710, 1780, 1830, 1885, 1905, 1925),
)
