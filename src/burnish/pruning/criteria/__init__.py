"""How much each channel of a model matters, by its weights, by data or by the loss."""

from burnish.pruning.criteria.active_share import ActiveShare
from burnish.pruning.criteria.batchnorm_scale import BatchNormScale
from burnish.pruning.criteria.catalogue import create, names
from burnish.pruning.criteria.cosine_redundancy import CosineRedundancy
from burnish.pruning.criteria.criterion import Criterion, WeightCriterion
from burnish.pruning.criteria.geometric_median import GeometricMedian
from burnish.pruning.criteria.l1 import L1
from burnish.pruning.criteria.l2 import L2
from burnish.pruning.criteria.mean_activation import MeanActivation
from burnish.pruning.criteria.random_control import Random
from burnish.pruning.criteria.score import score_groups
from burnish.pruning.criteria.taylor import Taylor

__all__ = [
    "L1",
    "L2",
    "ActiveShare",
    "BatchNormScale",
    "CosineRedundancy",
    "Criterion",
    "GeometricMedian",
    "MeanActivation",
    "Random",
    "Taylor",
    "WeightCriterion",
    "create",
    "names",
    "score_groups",
]
