from .compiled_scorer import CompiledScorer as CompiledScorer
from .greedy import Search as Search, SearchConfig as SearchConfig, downscale_factors as downscale_factors
from .means import region_means as region_means
from .scorer import SplitScorer as SplitScorer
from .target import (
    Synthetic as Synthetic,
    check_named_picture as check_named_picture,
    make_target_image as make_target_image,
)
from .tensor_scorer import TensorScorer as TensorScorer
