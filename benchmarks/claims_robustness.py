"""What the results about attacks and defences are to show."""

from __future__ import annotations

from collections.abc import Callable

from claim import Bar, Claim, Rows


def pgd_time(network: str, peers: tuple[str, ...]) -> Callable[[Rows], tuple[str, bool]]:
    def measured(rows: Rows) -> tuple[str, bool]:
        judged = [r for r in rows if r["network"] == network and r["what"] in peers and r["bar"] is not None]
        own = next(r["robust_accuracy"] for r in rows if r["network"] == network and r["what"] == "burnish")
        equal = all(own <= row["robust_accuracy"] for row in judged)
        found = ", ".join(f"{row['burnish_to_this']:.2f} x {row['what']}" for row in judged)
        return found, bool(judged) and equal and all(row["burnish_to_this"] <= row["bar"] for row in judged)

    return measured


def same_tensor(rows: Rows) -> tuple[str, bool]:
    peers = ("torchattacks", "foolbox", "art", "burnish, every sample, every step")
    worst = max(row["difference_to_plain"] for row in rows if row["what"] in peers)
    return f"{worst:.0e}", worst <= 1e-6


def side_effects(rows: Rows) -> tuple[str, bool]:
    changed = {row["library"]: row["changed"] for row in rows}
    others = [count for name, count in changed.items() if name != "burnish"]
    found = ", ".join(f"{name} {count}" for name, count in changed.items())
    return f"things changed: {found}", changed["burnish"] == 0 and bool(others) and all(others)


def suite_time(rows: Rows) -> tuple[str, bool]:
    judged = [row for row in rows if row.get("bar") is not None]
    worst = max(float(row["burnish_to_this"]) for row in judged)
    apart = max(abs(row["robust_apart"]) for row in judged)
    return f"{worst:.2f} x, {apart} images apart", worst <= 1.0 and apart <= 1


def hardened(rows: Rows) -> tuple[str, bool]:
    ways = {row["way"]: row for row in rows}
    best = max((row for way, row in ways.items() if way != "undefended"), key=lambda row: float(row["standard"]))
    bare = ways["undefended"]["standard"]
    found = f"{best['way']}: {best['standard']:.1%} [{best['standard_low']:.1%}, {best['standard_high']:.1%}]"
    return f"{found}, undefended {bare:.1%}", best["standard"] >= 0.6 and bare <= 0.05


def claimed_too_much(rows: Rows) -> tuple[str, bool]:
    worst = max((row for row in rows if row["way"] != "undefended"), key=lambda row: float(row["claimed_too_much"]))
    return f"{100 * worst['claimed_too_much']:.1f} points ({worst['way']})", worst["claimed_too_much"] <= 0.03


def known_defences(rows: Rows) -> tuple[str, bool]:
    judged = [row for row in rows if row["defence"] != "none"]
    lost = [100 * (row["unaware"] - row["aware"]) for row in judged]
    return f"{len(judged)} defences; an attacker who knows them takes {min(lost):.0f} to {max(lost):.0f} points", True


ROBUSTNESS = (
    Claim(
        "attack_speed",
        "PGD beside torchattacks, Foolbox and ART",
        "The same attack with the same steps on 128 images, an undefended and a hardened network.",
        (
            Bar(
                "PGD, no random start, every sample and step: largest difference between libraries",
                "<= 1e-6",
                same_tensor,
            ),
            Bar(
                "PGD-10, undefended, CPU time at equal robust accuracy",
                "<= 0.4 x torchattacks, <= 0.3 x Foolbox and ART",
                pgd_time("undefended", ("torchattacks", "foolbox", "art")),
            ),
            Bar(
                "PGD-10, hardened, CPU time at equal robust accuracy",
                "<= 0.9 x torchattacks",
                pgd_time("hardened", ("torchattacks",)),
            ),
        ),
    ),
    Claim(
        "attack_side_effects",
        "What an attack leaves behind",
        "Modes, frozen BatchNorms, gradients, generators: before and after one call.",
        (Bar("side effects of an attack", "none; peers: at least one each", side_effects),),
    ),
    Claim(
        "harden",
        "Hardening fashion-mnist",
        "LeNet-5 at eps 0.1 (linf), under PGD-10 and under the standard suite.",
        (
            Bar("hardened network under the standard suite", ">= 60 % where undefended <= 5 %", hardened),
            Bar("PGD-10 minus the standard suite", "<= 3 points", claimed_too_much),
        ),
    ),
    Claim(
        "defences",
        "Preprocessing and detectors, when the attacker knows them",
        "LeNet-5 on fashion-mnist at eps 0.05 (linf): accuracy on clean images, under an attack on the bare network, "
        "and under one through the defence.",
        (Bar("defences, attacker unaware and aware", "stated", known_defences),),
    ),
)
