"""Every choice about training, with its default and its reason. Imported by the command line, so no torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

OptimizerName = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lbfgs", "newton-cg"]
ScheduleName = Literal["constant", "step", "exponential", "cosine", "one-cycle", "plateau"]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How to train."""

    epochs: int = 10
    """Passes over the training split."""
    max_steps: int | None = None
    """Stop after this many updates, whatever the epochs say."""
    batch_size: int | None = None
    """Samples per update, over all ranks and micro-batches; 0 means the whole training split. Default: 64, or less for
    small data; the whole split for lbfgs and newton-cg."""
    accumulate: int = 1
    """Micro-batches that a batch is cut into, to fit in memory; the update is the same."""

    optimizer: OptimizerName | None = None
    """Update rule. Default: adamw, or what the task is made for (sgd for the perceptron rule, adam for a GAN)."""
    learning_rate: float | None = None
    """Peak learning rate. Default: the usual one of the optimizer."""
    momentum: float = 0.9
    """Momentum of momentum and nesterov."""
    weight_decay: float | None = None
    """Decay of weights (not of biases and normalisation) inside the optimizer; decoupled for adamw. Default: 0.05 for
    adamw, else 0."""
    schedule: ScheduleName | None = None
    """Course of the learning rate. Default: one-cycle for images and text, cosine for tables, constant for a GAN, the
    perceptron rule, lbfgs and newton-cg."""
    warmup: float = 0.0
    """Epochs of linear warm-up before the schedule."""
    step_epochs: float = 10.0
    """Epochs between drops of the step schedule, and per factor of the exponential one."""
    gamma: float = 0.1
    """Factor of one drop (step, exponential, plateau)."""
    plateau_patience: int = 3
    """Epochs without progress before the plateau schedule drops."""

    l1: float = 0.0
    """Penalty l1 * sum |w| on weights."""
    l2: float = 0.0
    """Penalty l2 / 2 * sum w^2 on weights, part of the loss."""
    slimming: float = 0.0
    """Penalty slimming * sum |gamma| on the scales of batch normalisation, for pruning by them afterwards."""
    group_lasso: float = 0.0
    """Penalty group_lasso * sum of the L2 norms of filters and units, for pruning by norm afterwards."""
    max_norm: float | None = None
    """Largest norm of the incoming weights of a unit, enforced after every update."""
    clip_norm: float | None = None
    """Largest norm of all gradients together. Default: none, and 1 for text."""
    clip_value: float | None = None
    """Largest absolute value of a gradient entry."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes."""
    ema: float | None = None
    """Decay of an exponential moving average of the weights (0.999, say); the averaged weights are the result."""
    augment: str | tuple[Any, ...] = "none"
    """Random changes of training samples: none, flip-crop, light, medium, heavy, or names of operations; in a recipe a
    list of names and tables."""
    early_stopping: int | None = None
    """Stop after this many epochs without progress on validation. The best weights are restored."""

    freeze: str | None = None
    """Stages that do not learn, with commas between: backbone (all but the head), or names such as stem,layer1."""
    probe_epochs: int = 0
    """Epochs in which the head learns alone, before the rest joins."""
    unfreeze_epochs: int | None = None
    """Let the head learn alone first, and one stage more after every this many epochs."""
    layer_decay: float = 1.0
    """Factor on the learning rate from each stage to the one before it; the head has the full rate."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """bf16 autocast; auto takes it for images and text where the hardware has it."""
    channels_last: bool | None = None
    """Memory layout of images; by default on where bf16 is."""
    compile: bool = False
    """Compile the model with torch.compile."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    workers: int | Literal["auto"] = 0
    """Processes that read files beside training; auto: as many as the first steps show to be worth it."""
    threads: int | None = None
    """CPU threads of torch; by default torch's own choice."""
    parallel: Literal["ddp", "fsdp"] = "ddp"
    """How torchrun's processes share the work."""
    seed: int = 0
    """Seed of everything: split, initial weights, order, dropout."""

    log_every: int = 50
    """Steps between rows of the training loss."""
    checkpoint_epochs: int = 1
    """Epochs between checkpoints."""
    checkpoint_steps: int | None = None
    """Steps between further checkpoints, for long epochs."""
