"""Train on attacked samples."""

from burnish.defences.adversarial.options import HardeningOptions
from burnish.defences.adversarial.training import AdversarialTraining
from burnish.defences.adversarial.watch import CollapseWatch

__all__ = ["AdversarialTraining", "CollapseWatch", "HardeningOptions"]
