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
    own = [row for row in rows if row["library"] == "burnish"]
    found = "; ".join(f"{row['network']} {row['eps']}: {row['cpu_to_pyautoattack']:.2f} x" for row in own)
    return found, bool(own) and all(row["cpu_to_pyautoattack"] <= 1.0 for row in own)


def suite_count(rows: Rows) -> tuple[str, bool]:
    standing: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        standing.setdefault((row["network"], row["eps"]), {})[row["library"]] = row["robust"]
    apart = [abs(both["burnish"] - both["pyautoattack"]) for both in standing.values()]
    found = "; ".join(f"{n} {e}: {b['burnish']} and {b['pyautoattack']}" for (n, e), b in standing.items())
    return f"robust images {found}", max(apart) <= 1


def universal_time(rows: Rows) -> tuple[str, bool]:
    ratios = [row["times faster"] for row in rows]
    equal = all(row["fooled by burnish"] >= row["fooled by ART"] for row in rows)
    return f"{min(ratios):.1f} to {max(ratios):.0f} x", equal and all(r["times faster"] >= r["bar"] for r in rows)


def substitute_success(rows: Rows) -> tuple[str, bool]:
    row = max((row for row in rows if row["attacker"] == "substitute"), key=lambda row: int(row["queries"]))
    found = f"{row['PGD']:.1%} [{row['PGD low']:.1%}, {row['PGD high']:.1%}], noise of equal size {row['noise']:.1%}"
    return found, row["PGD low"] > row["noise high"]


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
        "attack_standard",
        "The standard suite beside AutoAttack",
        "64 images, an undefended and a hardened network: robust images and CPU seconds of the whole recipe.",
        (
            Bar("standard suite, robust images of 64", "within one of pyautoattack", suite_count),
            Bar("standard suite, CPU time", "<= 1.0 x pyautoattack", suite_time),
        ),
    ),
    Claim(
        "attack_universal",
        "One perturbation for many images, beside ART",
        "The same radius and images; ART stops where it stops, burnish at the fooling rate that ART reached.",
        (Bar("universal perturbation at equal fooling rate", ">= 5 x faster than ART", universal_time),),
    ),
    Claim(
        "attack_substitute",
        "An attack through a substitute",
        "Only the answers of the target are known: success over the number of questions, and noise of equal size.\n\n"
        "![Success over questions](images/attack_substitute.svg)\n\n",
        (Bar("substitute with 2,000 questions, fooled images", "more than noise of equal size", substitute_success),),
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
