"""What every result is to show: its bars, and how they are read off the rows."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from claim import Bar, Claim, Rows
from claims_pruning import PRUNING
from claims_robustness import ROBUSTNESS


def at_most(rows: Rows, column: str, limit: str, unit: str) -> tuple[str, bool]:
    """The worst of the rows that carry a bar in the column ``limit``."""
    judged = [row for row in rows if row[limit] is not None]
    worst = max(judged, key=lambda row: float(row[column] - row[limit]))
    return f"{worst[column]:.3g} {unit}", all(row[column] <= row[limit] for row in judged)


def startup(what: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        row = next(row for row in rows if row["what"] == what)
        imported = "torch imported" if row["imports_torch"] else "torch not imported"
        return f"{row['cpu_s']:.3f} s, {imported}", row["cpu_s"] <= row["bar_cpu_s"] and not row["imports_torch"]

    return measured


def newton(rows: Rows) -> tuple[str, bool]:
    steps = rows[0]["steps to 1e-6"]
    return ("not reached" if steps is None else f"{steps} steps"), steps is not None and steps <= 20


def fashion_accuracy(rows: Rows) -> tuple[str, bool]:
    found = rows[0]["test accuracy"]
    return f"{found:.2%} (mean of {rows[0]['seeds']} seeds)", found >= 0.92


def fashion_time(rows: Rows) -> tuple[str, bool]:
    return f"{rows[0]['ratio']:.2f} x", rows[0]["ratio"] <= 0.55


def characters(column: str, limit: float, unit: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        worst = max(row[column] for row in rows if row["what"].startswith("burnish"))
        return f"{worst:.4g} {unit} (worst seed)", worst <= limit

    return measured


def beside_dense(column: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        ratios = [row[column] for row in rows if row["convolution"] in ("v1", "v2")]
        return f"{min(ratios):.2g} to {max(ratios):.2g} x a dense one", bool(ratios)

    return measured


def beside_peer(size: int, peer: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        found = [row for row in rows if row["size"] == size and row["what"] == peer]
        if not found:
            return f"{peer} was absent", False
        ratio = found[0]["times_the_time_of_burnish"]
        return f"{ratio:.3g} x", ratio >= found[0]["bar"]

    return measured


def every_ratio(column: str, least: float) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        ratios = [row[column] for row in rows]
        good = sum(ratio >= least for ratio in ratios)
        middle = statistics.median(ratios)
        return f"{good} of {len(ratios)} models; median {middle:.2f} x, lowest {min(ratios):.2f} x", good == len(ratios)

    return measured


def slowest_build(rows: Rows) -> tuple[str, bool]:
    slow = [f"{row['model']} {row['cpu seconds']:.1f} s" for row in rows if row["cpu seconds"] >= 1]
    found = f"{len(rows) - len(slow)} of {len(rows)} models"
    return found + (f"; not {', '.join(slow)}" if slow else ""), not slow


def every_family(rows: Rows) -> tuple[str, bool]:
    run = [row for row in rows if row["lowest"] is not None]
    worst = min(run, key=lambda row: float(row["lowest"]))
    learnt = sum(row["lowest"] >= 0.8 for row in run)
    return f"{learnt} of {len(rows)}; lowest {worst['lowest']:.1%} ({worst['model']})" + (
        f"; {len(rows) - len(run)} not run yet" if len(run) < len(rows) else ""
    ), learnt == len(rows)


def transfer_gain(rows: Rows) -> tuple[str, bool]:
    row = next(row for row in rows if row["way"] == "fine-tuning")
    points = [100 * row[name] for name in ("gain over scratch", "gain low", "gain high")]
    return f"{points[0]:+.1f} points [{points[1]:+.1f}, {points[2]:+.1f}]", points[1] > 0


def at_least_peer(rows: Rows) -> tuple[str, bool]:
    """The least of the ratios that carry a bar."""
    judged = [row for row in rows if row["bar"] is not None]
    return f"{min(row['to_peer'] for row in judged):.2f} x", all(row["to_peer"] >= row["bar"] for row in judged)


def augmented_step(rows: Rows) -> tuple[str, bool]:
    row = next(row for row in rows if row["bar"] is not None)
    return f"{row['to_none']:.3f} x", row["to_none"] <= row["bar"]


def augmented(images: str) -> Callable[[Rows], tuple[str, bool]]:
    """The preset with the best test accuracy on a set; reached where it also narrows the gap."""

    def measured(rows: Rows) -> tuple[str, bool]:
        mine = [row for row in rows if row["images"] == images]
        if not mine:
            return "set not at hand", False
        plain = next(row for row in mine if row["augment"] == "none")
        best = max(mine, key=lambda row: float(row["test"]))
        found = f"{best['augment']}: test {plain['test']:.1%} -> {best['test']:.1%}, "
        found += f"gap {100 * plain['gap']:.1f} -> {100 * best['gap']:.1f} points"
        return found, best["test"] > plain["test"] and best["gap"] < plain["gap"]

    return measured


def beside_folder(disk: str, column: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        ratios = [row[column] for row in rows if row["disk"] == disk and row[column] is not None]
        return f"{min(ratios):.2f} to {max(ratios):.2f} x", min(ratios) >= 0.95

    return measured


def check_time(rows: Rows) -> tuple[str, bool]:
    worst = max(float(row["wall_s"]) for row in rows if row["bar_s"] is not None)
    return f"{worst:.0f} s", worst <= 90


def check_found(*faults: str) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        (told,) = (row["found"].split(", ") for row in rows if "planted" in row["what"])
        found = [part for part in told if part.split(" ", 3)[3] in faults]
        whole = [part for part in found if part.startswith("50 of 50 ")]
        (clean,) = (row["found"] for row in rows if "clean" in row["what"])
        return f"{', '.join(found)}; clean set: {clean}", len(whole) == len(faults) and clean == "0 findings"

    return measured


CLAIMS = (
    Claim(
        "engine",
        "The engine beside a hand-written loop",
        "An MLP 32-64-64-4 on pre-built batches of 64, SGD, one thread: what each way of looping adds to a training "
        "step. All take turns in one process and use the same update rule. The hand-written loop calls `zero_grad`, as "
        "most do; burnish clears the gradients itself, which saves it about 6 us of what it adds elsewhere.",
        (Bar("engine over a hand-written loop", "<= 10 us a step", lambda r: at_most(r, "over_us", "bar_us", "us")),),
    ),
    Claim(
        "loader",
        "The in-memory loader beside pre-built batches",
        "Shuffled epochs; what it costs to hand out a batch.",
        (
            Bar(
                "in-memory loader over pre-built batches",
                "<= 10 us a batch",
                lambda r: at_most(r, "over_us", "bar_us", "us"),
            ),
        ),
    ),
    Claim(
        "augment_step",
        "Training steps with augmentation",
        "ResNet-20 on 3x32x32 images in memory, batches of 128; augmentation runs in a thread beside the steps.",
        (Bar("step of ResNet-20 with `medium` augmentation against none, one free core", "<= 1.05 x", augmented_step),),
    ),
    Claim(
        "image_pipeline",
        "JPEG files to training batches",
        "Photos of 500x375 pixels to crops of 3x224x224 on one core, beside torchvision's transforms on Pillow.",
        (Bar("JPEG folder to augmented batches, per core", ">= 1.5 x torchvision on Pillow", at_least_peer),),
    ),
    Claim(
        "startup",
        "Starting",
        "Whole fresh processes, the interpreter's own start included.",
        (
            Bar("`burnish --help`", "<= 0.3 s CPU, torch not imported", startup("burnish --help")),
            Bar("`import burnish`", "<= 0.2 s CPU, torch not imported", startup("import burnish")),
        ),
    ),
    Claim(
        "fashion_mnist",
        "fashion-mnist with ResNet-20",
        "The preset `burnish run fashion-mnist` beside the loop of a tutorial: same network, optimizer and epochs.",
        (
            Bar("fashion-mnist, test accuracy after 6 epochs", ">= 92.0 %", fashion_accuracy),
            Bar("fashion-mnist, CPU time of a plain fp32 loop", "<= 0.55 x", fashion_time),
        ),
    ),
    Claim(
        "augmentation_evidence",
        "Augmentation on 1,000 images",
        "What the presets of `--augment` do to training and test accuracy where data are few.\n\n"
        "![Training and test accuracy by preset](images/augmentation_evidence.svg)\n\n",
        (
            Bar(
                "augmentation, fashion-mnist of 1,000 images",
                "higher test accuracy, smaller gap",
                augmented("fashion-mnist"),
            ),
            Bar(
                "augmentation, CIFAR-10 (JPEG) of 1,000 images",
                "higher test accuracy, smaller gap",
                augmented("CIFAR-10 (JPEG)"),
            ),
        ),
    ),
    Claim(
        "newton_cg",
        "Newton-CG on logistic regression",
        "breast-cancer, against scikit-learn's optimum of the same objective.",
        (Bar("Newton-CG to scikit-learn's optimum (loss to 1e-6)", "<= 20 steps", newton),),
    ),
    Claim(
        "char_lstm",
        "tiny-shakespeare with a character LSTM",
        "The preset `burnish run shakespeare` on two cores, the last tenth held out, beside a plain fp32 loop with as "
        "many updates.",
        (
            Bar("tiny-shakespeare, validation loss", "<= 1.55 nats", characters("nats", 1.55, "nats")),
            Bar("tiny-shakespeare, wall time", "<= 90 s", characters("wall seconds", 90, "s")),
        ),
    ),
    Claim(
        "deformable",
        "Deformable convolution",
        "A deformable 3x3 convolution beside a dense one, at the four resolutions of a ResNet.",
        (
            Bar("deformable 3x3 convolution, forward", "stated", beside_dense("forward_to_dense")),
            Bar("deformable 3x3 convolution, forward + backward", "stated", beside_dense("forward_backward_to_dense")),
        ),
    ),
    Claim(
        "data_check",
        "Checking CIFAR-10 as JPEG files",
        "`burnish data check` on folders: 60,000 files as they are, with faults planted in the test folder, and a "
        "clean set of 20,000 generated scenes.",
        (
            Bar("data check, 60,000 JPEG files on two cores", "<= 90 s", check_time),
            Bar(
                "data check, planted leaks, conflicts and cut files",
                "all found, none in a clean set",
                check_found("leaks", "conflicts", "cut files"),
            ),
            Bar(
                "data check, planted near leaks (darkened, recoded)",
                "all found, none in a clean set",
                check_found("near leaks"),
            ),
        ),
    ),
    Claim(
        "image_folder_memory",
        "Memory of image folders",
        "Peak memory of fitting folders of about one and of ten times the cache limit. The bar is held against rows "
        "whose allocator gives freed blocks back at once; with its usual behaviour peaks of one folder differ by tens "
        "of MB from run to run, so that those rows are shown but not judged.",
        (
            Bar(
                "memory of fitting a folder ten times the cache limit",
                "flat: <= 20 MB more than a small one",
                lambda r: at_most(r, "over_small_mb", "bar_mb", "MB more"),
            ),
        ),
    ),
    Claim(
        "shards_memory",
        "Memory of shards",
        "Peak memory of fitting sets of shards, one of them ten times larger than the memory that the kernel grants to "
        "the process and to each of its workers.",
        (
            Bar(
                "memory of streaming shards ten times the process's memory limit",
                "flat: <= 20 MB more than a small set",
                lambda r: at_most(r, "over_small_mb", "bar_mb", "MB more"),
            ),
        ),
    ),
    Claim(
        "shards",
        "Shards beside a folder",
        "The same JPEGs, decoded into batches from a folder of files and from shards.",
        (
            Bar(
                "shards over a folder, images per CPU second", ">= 0.95 x", beside_folder("in memory", "to_folder_cpu")
            ),
            Bar("shards over a folder, cold disk", "stated, >= 0.95 x", beside_folder("cold", "to_folder")),
        ),
    ),
    Claim(
        "augment",
        "Augmentation beside torchvision, kornia and albumentations",
        "Affine map, mirror, colour jitter and a hole, every image with its own draw, from bytes in memory to a float "
        "batch.",
        (
            Bar(
                "augmentation at 32x32, images per second", ">= 10 x torchvision v2", beside_peer(32, "torchvision v2")
            ),
            Bar("augmentation at 32x32, images per second", ">= 1.5 x kornia on batches", beside_peer(32, "kornia")),
            Bar(
                "augmentation at 224x224, images per second",
                ">= 1.2 x albumentations",
                beside_peer(224, "albumentations"),
            ),
        ),
    ),
    Claim(
        "zoo_throughput",
        "Training steps of the zoo beside torchvision and timm",
        "The same network with the same weights on the same images, one thread: forward, cross-entropy and backward.",
        (
            Bar("zoo training throughput, fp32", ">= 0.98 x the peer", every_ratio("peer / burnish", 0.98)),
            Bar(
                "zoo training throughput, bf16 and channels_last", ">= 1.5 x the peer", every_ratio("peer / bf16", 1.5)
            ),
        ),
    ),
    Claim(
        "zoo_build",
        "Building a model of the zoo",
        "From a name to a module with random weights.",
        (Bar("building any model of the zoo", "< 1 s", slowest_build),),
    ),
    Claim(
        "zoo_sweep",
        "One recipe for every family of the zoo",
        "Every family on 10,000 images of fashion-mnist, 28x28 pixels, 3 epochs, with one recipe. It shows that each "
        "learns, not which is best: nothing is tuned, and the options say what was made smaller. The plot is in "
        "[the zoo](zoo.md).",
        (Bar("every family learns fashion-mnist from 10,000 images", ">= 80 % test accuracy", every_family),),
    ),
    Claim(
        "transfer",
        "Transfer learning beside training from scratch",
        "Five classes of fashion-mnist from 20 labels each, starting from a network that has learnt the other five.",
        (Bar("fine-tuning with 20 labels a class over training from scratch", "better", transfer_gain),),
    ),
    *ROBUSTNESS,
    *PRUNING,
)
