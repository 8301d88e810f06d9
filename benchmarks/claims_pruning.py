"""What the results about pruning are to show."""

from __future__ import annotations

from collections.abc import Callable

from claim import Bar, Claim, Rows


def sparse_file(rows: Rows) -> tuple[str, bool]:
    worst = max(row["file"] for row in rows if row["file"] is not None and "98" not in row["removed"])
    return f"{worst:.3f} x", worst <= 0.2


def sparse_accuracy(rows: Rows) -> tuple[str, bool]:
    judged = [row for row in rows if row["removed"] == "magnitude"]
    found = ", ".join(
        f"{row['network']} {100 * row['change']:+.1f} points [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
        for row in judged
    )
    return found, bool(judged)


def sparse_speed(rows: Rows) -> tuple[str, bool]:
    judged = [row for row in rows if row["removed"] == "magnitude"]
    found = "; ".join(
        f"{row['network']} batch 1 {row['sparse, batch 1']:.2f} x, batch 128 {row['sparse, batch 128']:.2f} x"
        for row in judged
    )
    return found, bool(judged)


def handled(source: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        own = [row for row in rows if row["source"] == source]
        if not own:
            return "not at hand", False
        count, ours, theirs = (sum(row[key] or 0 for row in own) for key in ("models", "handled", "peer handled"))
        refused = sum(row["refused"] for row in own)
        return f"{ours} of {count}, {refused} refused by name; torch-pruning {theirs}", ours + refused == count

    return measured


def like_masked(rows: Rows) -> tuple[str, bool]:
    judged = [row for row in rows if row["compared"]]
    worst = max(float(row["difference"]) for row in judged)
    return f"{worst:.0e} of the largest output, {sum(row['compared'] for row in judged)} models", worst <= 1e-5


def latency(rows: Rows) -> tuple[str, bool]:
    """Two cuts of the same shapes are equally fast up to noise, so the upper quartile of the turns decides."""
    judged = [row for row in rows if row["burnish to peer"] is not None]
    good = sum(row["high"] >= 1 for row in judged)
    told = [f"{good} of {len(judged)} models"]
    for name, wanted in (("the same shapes", "the same"), ("other shapes", "differ")):
        found = [float(row["burnish to peer"]) for row in judged if row["shapes"] == wanted]
        if found:
            told.append(f"{len(found)} of {name} {min(found):.2f} to {max(found):.2f} x")
    return "; ".join(told), good == len(judged)


def quality(rows: Rows) -> tuple[str, bool]:
    chosen = [row for row in rows if row["way"] not in ("whole", "random") and "torch-pruning" not in row["way"]]
    found = [f"{row['way']} {row['drop']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" for row in rows]
    return "; ".join(found), all(row["drop"] <= 0.5 and row["seeds"] >= 3 for row in chosen)


def beyond_random(rows: Rows) -> tuple[str, bool]:
    found = []
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network and row["removed"]]
        half = sorted({row["removed"] for row in own})[len({row["removed"] for row in own}) // 2]
        by = {row["criterion"]: row["finetuned"] for row in own if row["removed"] == half}
        found.append(f"{network}, {half} blocks: " + ", ".join(f"{name} {score:.1%}" for name, score in by.items()))
    return "; ".join(found), bool(found)


PRUNING = (
    Claim(
        "prune_models",
        "Models that can be cut",
        "Half of the channels of every layer, on every model of the zoo and of others.",
        (
            Bar("pruned model against the masked one", "<= 1e-5", like_masked),
            Bar("models of burnish's zoo that are cut", "every one, or refused by name", handled("zoo")),
            Bar("CIFAR models that torch-pruning ships", "every one, or refused by name", handled("cifar")),
            Bar("models of torchvision", "every one, or refused by name", handled("torchvision")),
            Bar("models of timm", "every one, or refused by name", handled("timm")),
            Bar("models of transformers", "every one, or refused by name", handled("transformers")),
        ),
    ),
    Claim(
        "prune_latency",
        "Measured time at half of the channels",
        "The same models and inputs in turns, beside torch-pruning; the ratio of multiply-adds beside that of time.",
        (Bar("measured speed-up at 50 % of the channels", ">= torch-pruning's, upper quartile of turns", latency),),
    ),
    Claim(
        "prune_quality",
        "A network twice as fast",
        "ResNet-20 on fashion-mnist, cut to half of its measured time and finetuned, by criterion.",
        (Bar("accuracy lost at twice the measured speed", "<= 0.5 points over >= 3 seeds", quality),),
    ),
    Claim(
        "prune_layers",
        "Blocks removed",
        "Accuracy against blocks removed, by criterion, on ResNet-56 and a small ViT.\n\n"
        "![Accuracy of ResNet-56 without some of its blocks](images/prune_layers_resnet56.svg)\n\n"
        "![Accuracy of a vision transformer without some of its blocks](images/prune_layers_vit.svg)\n\n",
        (Bar("accuracy by blocks removed", "stated, beside random", beyond_random),),
    ),
    Claim(
        "prune_weights",
        "Removing nine weights of ten",
        "An MLP and a CNN on fashion-mnist: accuracy, bytes, and the measured speed of masks, zeros and sparse layers.",
        (
            Bar("file at 90 % weight sparsity, over the dense one", "<= 0.2 x", sparse_file),
            Bar(
                "accuracy at 90 % weight sparsity, finetuned, to the dense network trained as long",
                "stated",
                sparse_accuracy,
            ),
            Bar("time of the sparse path at 90 %, over the dense one", "stated", sparse_speed),
        ),
    ),
)
