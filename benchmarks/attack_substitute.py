"""Claim: after 2,000 answers a network that nobody sees into is fooled four times as often as by noise of equal size.

A small convolutional network learns fashion-mnist. An attacker has its answers, no more than classes, and 150 test
images of its own: it trains a substitute with Jacobian-based augmentation and attacks that, within 0.1 in linf. What
was made is judged on 1,000 other test images, as the share of those that the target got right and now gets wrong. After
every round of questions the attacks are made anew, so that the table is the curve of success over queries. Beside it:
random noise of equal size; the papers' own questions, which first lead deeper into a class (the step changes its sign
every 3 rounds); a substitute of the 150 images alone that is trained as long as all rounds together, which tells what
the further questions brought; and the same attack on the target itself, with its gradients.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import burnish
from burnish.attacks.attack import Attack
from burnish.attacks.black_box.substitute import substitute
from burnish.attacks.transfer import Transfer, transfer_attack
from burnish.attacks.white_box.fgsm import FGSM
from burnish.attacks.white_box.pgd import PGD
from burnish.common.intervals import Estimate, mean
from burnish.reporting.figures.canvas import FAINT, INK, SERIES
from evidence import save
from pictures import IMAGES, picture

EPS, STEPS = 0.1, 10
FIRST, BUDGET, JUDGED = 150, 2_000, 1_000
TRAINING, EPOCHS, SUBSTITUTE_EPOCHS = 20_000, 3, 10
OURS, PAPER = "substitute", "substitute, steps of the papers"
ATTACKS: dict[str, Callable[[nn.Module], Attack]] = {
    "FGSM": lambda model: FGSM(model, eps=EPS),
    "PGD": lambda model: PGD(model, eps=EPS, steps=STEPS),
}


def network(seed: int, images: Tensor, labels: Tensor) -> nn.Module:
    """The target: two convolutions with BatchNorm and two linear layers; the substitute has no BatchNorm."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 49, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(EPOCHS):
        for part in torch.randperm(len(images)).split(128):
            optimizer.zero_grad()
            F.cross_entropy(model(images[part]), labels[part]).backward()
            optimizer.step()
    model.zero_grad(set_to_none=True)
    return model.eval()


def measure(seed: int) -> list[dict[str, Any]]:
    """One target and one attacker: a row a round, then the two that stand beside them."""
    data = burnish.data.load("fashion-mnist", seed=0)
    draw = torch.Generator().manual_seed(seed)
    target = network(seed, *data.train.gather(torch.randperm(len(data.train), generator=draw)[:TRAINING]))
    order = torch.randperm(len(data.test), generator=draw)
    own, _ = data.test.gather(order[:FIRST])
    shown, truth = data.test.gather(order[FIRST : FIRST + JUDGED])

    def row(what: str, queries: int, agreement: Estimate | None, source: nn.Module) -> dict[str, Any]:
        made = {name: transfer_attack(attack(source), target, shown, truth) for name, attack in ATTACKS.items()}
        return {"attacker": what, "queries": queries, "agreement": agreement.value if agreement else None, **made}

    def labels_of(images: Tensor) -> Tensor:
        return target(images).argmax(dim=1)

    options: dict[str, Any] = {"num_classes": 10, "held_out": shown, "seed": seed}
    rows = []
    for what, step, period in ((OURS, EPS, None), (PAPER, -EPS, 3)):
        given = {"budget": BUDGET, "step": step, "period": period, "epochs": SUBSTITUTE_EPOCHS}
        found = substitute(labels_of, own, **given, **options)
        rows += [row(what, one.queries, one.agreement, found.after(n)) for n, one in enumerate(found.rounds)]
    steps = SUBSTITUTE_EPOCHS * sum(one.samples for one in found.rounds) // FIRST
    alone = substitute(labels_of, own, budget=FIRST, epochs=steps, **options)
    rows.append(row("substitute, no further questions, trained as long", FIRST, alone.agreement, alone.model))
    rows.append(row("white box: the target's own gradients", 0, None, target))
    return rows


def summary(name: str, values: list[float]) -> dict[str, float]:
    """The mean over seeds with its interval, as shares."""
    found = mean(statistics.fmean(values), statistics.stdev(values), len(values))
    return {
        name: round(found.value, 4),
        f"{name} low": round(max(0.0, found.low), 4),
        f"{name} high": round(min(1.0, found.high), 4),
    }


def joined(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The same row of several seeds as one."""
    made: dict[str, list[Transfer]] = {name: [row[name] for row in found] for name in ATTACKS}
    agreements = [row["agreement"] for row in found if row["agreement"] is not None]
    return {
        "attacker": found[0]["attacker"],
        "queries": found[0]["queries"],
        "agreement": round(statistics.fmean(agreements), 4) if agreements else None,
        **summary("FGSM", [one.success.value for one in made["FGSM"]]),
        **summary("PGD", [one.success.value for one in made["PGD"]]),
        **summary("noise", [one.noise.value for one in made["PGD"]]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="targets, each with an attacker; two are the least")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    found = []
    for seed in range(given.seeds):
        found.append(measure(seed))
        print(f"seed {seed}: {time.process_time() - started:.0f} CPU seconds", flush=True)
    rows = [joined(list(same)) for same in zip(*found, strict=True)]
    clean = statistics.fmean(one[0]["PGD"].clean.value for one in found)
    last = [row for row in rows if row["attacker"] == OURS][-1]
    alone = rows[-2]
    best = max(("FGSM", "PGD"), key=lambda name: float(last[name]))
    notes = [
        f"Success: of {JUDGED:,} test images, those that the target got right and gets wrong when attacked; eps "
        f"{EPS:g} in linf, PGD with {STEPS} steps. Intervals are normal, at 95 %, over {given.seeds} seeds, each with "
        "a target, first images and a substitute of its own.",
        f"The target: {TRAINING:,} images, {EPOCHS} epochs, accuracy {clean:.3f}. Noise moves every pixel by eps, up "
        "or down at random. Agreement is that of substitute and target on the judged images, unattacked.",
        f"Measured: with {last['queries']:,} answers {best} on the substitute fools the target in {last[best]:.1%} of "
        f"the images, noise of equal size in {last['noise']:.1%}. The {FIRST} first images alone, trained on as long, "
        f"lead to {alone[best]:.1%}: most of the success comes from them.",
        f"{time.process_time() - started:.0f} CPU seconds on one thread for all seeds.",
    ]
    if given.dry:
        print(*rows, *notes, sep="\n")
        return
    save("attack_substitute", rows, notes)
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "attack_substitute.svg").write_text(figure(rows), encoding="utf-8")


def figure(rows: list[dict[str, Any]]) -> str:
    """Success over queries, with the intervals over seeds, and noise of equal size."""
    curve = [row for row in rows if row["attacker"] == OURS]
    queries = [row["queries"] for row in curve]
    lines = {"PGD on the substitute": ("PGD", SERIES[0], "o"), "noise of equal size": ("noise", SERIES[1], "s")}

    def paint(axes: Any) -> None:
        for label, (name, colour, marker) in lines.items():
            axes.fill_between(
                queries,
                [row[f"{name} low"] for row in curve],
                [row[f"{name} high"] for row in curve],
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
            axes.plot(queries, [row[name] for row in curve], color=colour, marker=marker, markersize=4)
            place = {"xytext": (0, 8), "textcoords": "offset points", "ha": "right"}
            axes.annotate(label, (queries[-1], curve[-1][name]), fontsize=9, color=INK, **place)
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        axes.set_xlabel("answers of the target")
        axes.set_ylabel("images that fool the target")

    description = "; ".join(
        f"{row['queries']:,} answers: PGD on the substitute {row['PGD']:.1%}, noise {row['noise']:.1%}" for row in curve
    )
    title = "Attack on fashion-mnist through a substitute, eps 0.1 in linf"
    return picture(paint, name="substitute", title=title, description=description, size=(6.4, 3.8))


if __name__ == "__main__":
    main()
