"""Classification that is trained on attacked samples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from burnish.attacks.checks import check_eps
from burnish.attacks.goal import Goal, Misclassify
from burnish.attacks.white_box.pgd import PGD
from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.common.module_state import preserved_mode
from burnish.common.seeding import derive_seed
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.defences.adversarial.inner_attack import Diverge, check_hardening, inner_attack
from burnish.defences.adversarial.options import HardeningOptions
from burnish.models.auxiliary import main_output
from burnish.tasks.classification import Classification, labels
from burnish.tasks.evaluation import Evaluation
from burnish.tasks.stepper import Stepper


class Pair(NamedTuple):
    """Something of the clean samples, and the same of the attacked ones: what trades learns from."""

    clean: Any
    attacked: Any


class AdversarialTraining(Classification):
    """Attack every batch with the model as it stands, then learn from what came out.

    Source: Madry et al. 2017, arXiv:1706.06083, eq. 2.1 (pgd); Wong, Rice and Kolter 2020, arXiv:2001.03994,
    algorithm 3 (fast); Zhang et al. 2019, arXiv:1901.08573, eq. 5 and algorithm 1 (trades); Szegedy et al. 2013,
    arXiv:1312.6199 (training on perturbed samples).

    Attacks are made with the model in evaluation mode, as Pang et al. 2021, "Bag of tricks for adversarial training",
    arXiv:2010.00467, section 3.6 advise, so that running statistics see each sample once. An evaluation has
    ``robust_accuracy`` beside the rest, against PGD-10 on its first samples; it decides which epoch is the best.

    Args:
        schema: images in [0, 1] and their classes.
        options: how to attack.
        label_smoothing: see :class:`Classification`.

    Raises:
        InputError: samples that are no images, or options that cannot be.
    """

    def __init__(self, schema: Schema, options: HardeningOptions, label_smoothing: float = 0.0) -> None:
        super().__init__(schema, label_smoothing)
        if schema.kind != "image":
            raise InputError(
                f"adversarial training needs images in [0, 1], these are {schema.kind} data: "
                "what a small change is has no general answer there"
            )
        check_hardening(options)
        self.options = options
        self.eps = options.eps or 0.0
        check_eps(self.eps, (0.0, 1.0), options.norm, (1, *schema.input_shape))
        if options.robust_samples:
            self.watched = ("robust_accuracy", "max")  # type: ignore[misc]

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """Attack the batch, then take the step of a classifier; returns the loss on the attacked samples."""
        return super().step(engine, replace(batch, inputs=self._inputs(engine, batch)))

    def forward(self, model: nn.Module, batch: Batch) -> Any:
        """Logits; of clean and attacked samples, as a pair, where trades trains."""
        inputs = batch.inputs
        return Pair(model(inputs.clean), model(inputs.attacked)) if isinstance(inputs, Pair) else model(inputs)

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        """Cross-entropy; for trades that of the clean answer plus beta times how far the attacked one diverges."""
        if not isinstance(output, Pair):
            return super().mean_loss(output, batch)
        clean = main_output(output.clean).float().softmax(dim=1)
        divergence = Diverge().loss(output.attacked, clean).mean()  # its gradient flows into both answers
        return super().mean_loss(output.clean, batch) + self.options.beta * divergence  # eq. 5

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Cross-entropy of each sample ``(batch,)``, of the attacked ones where there are both."""
        return super().loss(output.attacked if isinstance(output, Pair) else output, batch)

    def eps_at(self, epoch: float) -> float:
        """Largest perturbation after so many epochs: it grows for ``eps_warmup`` of them.

        >>> from burnish.data.schema import Schema
        >>> digits = Schema("image", "classification", (1, 8, 8), classes=("0", "1"))
        >>> AdversarialTraining(digits, HardeningOptions(eps=0.2, eps_warmup=4)).eps_at(1.0)
        0.05
        """
        warmup = self.options.eps_warmup
        return self.eps * (min(1.0, epoch / warmup) if warmup else 1.0)

    def _inputs(self, engine: Stepper, batch: Batch) -> Any:
        clean: Tensor = batch.inputs
        eps = self.eps_at(engine.step / engine.steps_per_epoch)
        attacked = clean if eps == 0 else self._attacked(engine, batch, eps)
        return Pair(clean, attacked) if self.options.with_ == "trades" else attacked

    def _attacked(self, engine: Stepper, batch: Batch, eps: float) -> Tensor:
        module = engine.module
        # A function of the step and of this process's samples, so that a resumed run draws what the first one drew.
        seed = derive_seed(engine.step, "inner attack", int(batch.index[0]))
        attack = inner_attack(module, self.options, eps, seed)
        goal: Goal = Misclassify()
        truth = labels(batch)
        with preserved_mode(module, training=False), engine.precision(), torch.no_grad():
            if self.options.with_ == "trades":
                goal, truth = Diverge(), main_output(module(batch.inputs)).float().softmax(dim=1)
            problem = attack.problem(batch.inputs, truth, goal, 0, len(batch))
            return attack.perturb(problem).detach()

    def evaluate(self, model: nn.Module, batches: Any, confidence: float = 0.95) -> Evaluation:
        """The scores of a classifier, and ``robust_accuracy`` on the first samples."""
        found = super().evaluate(model, batches, confidence)
        wanted = self.options.robust_samples
        robust = count = 0
        if wanted:
            attack = PGD(model, eps=self.eps, norm=self.options.norm)
            with preserved_mode(model, training=False):
                for batch in batches:
                    part = batch.part(0, min(len(batch), wanted - count))
                    problem = attack.problem(part.inputs, labels(part), Misclassify(), 0, len(part))
                    robust += int((~attack.attacked(problem).success).sum())
                    count += len(part)
                    if count >= wanted:
                        break
            found.metrics["robust_accuracy"] = proportion(robust, count, confidence)
        return found
