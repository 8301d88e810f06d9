"""Named architectures, the registry that finds them, and what can be said of any model: counts and latency."""

# Not lazy, unlike other areas: everything here needs torch, and `count` must mean the function, not its module.
from burnish.models.auxiliary import AuxiliaryOutput
from burnish.models.count import Counts, LayerCount, count
from burnish.models.for_data import default_model, for_data
from burnish.models.image_model import ImageModel, Level
from burnish.models.latency import Latency, compare_latency, measure_latency
from burnish.models.notes import notes
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import ModelEntry, create, entry, names, register
from burnish.models.weights.loading import load_weights_
from burnish.models.weights.preparing import with_preparation
from burnish.models.weights.report import LoadReport
from burnish.models.with_input import WithInput

__all__ = [
    "AuxiliaryOutput",
    "Counts",
    "ImageModel",
    "Latency",
    "LayerCount",
    "Level",
    "LoadReport",
    "ModelEntry",
    "Preparation",
    "Published",
    "Pyramid",
    "WithInput",
    "compare_latency",
    "count",
    "create",
    "default_model",
    "entry",
    "for_data",
    "load_weights_",
    "measure_latency",
    "names",
    "notes",
    "register",
    "with_preparation",
]
