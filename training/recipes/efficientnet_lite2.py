"""EfficientNet-Lite2 fine-tuned from its eighth block on: larger than the default.

    python -m training.run --data DIR --recipe efficientnet_lite2

As `efficientnet_lite0`, a third wider and deeper: 260 x 260 pixels, blocks 1 to 7
frozen, or 1 to 20 with fewer than 1,000 training pictures.

Result: the default model, see docs/model.md, which holds the figures and the log. With
250 training pictures (`--split-column case_split`), seeds 0 to 4: 74.0 % of 80 right from
block 21 on, standard deviation 1.0.
"""

from app.model_card import Input
from training.data.augmentation import Crops
from training.data.sampling import Sampling
from training.recipes.efficientnet_lite import EfficientNetLite
from training.recipes.recipe import Optimizer

__all__ = ["RECIPE"]

RECIPE = EfficientNetLite(
    name="efficientnet_lite2",
    description="EfficientNet-Lite2, ImageNet weights, fine-tuned from block 8 on.",
    input=Input(height=260, width=260),
    epochs=12,
    batch=32,
    # Nearer to the whole that is served than the crops of a smaller input need to be.
    augmentation=Crops(least_area=0.45),
    sampling=Sampling(even=True, source_power=0.5, most=1600),
    optimizer=Optimizer("adamw", rate=3e-4, weight_decay=0.01, schedule="cosine", warmup=0.05),
    label_smoothing=0.1,
    longest=520,
    most_megabytes=60,
    variant="lite2",
    # The first block of the same stage as the default's sixth.
    train_from="block8",
    few=1000,
    # Likewise its last.
    train_few_from="block21",
)
