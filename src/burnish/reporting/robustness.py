"""What ``burnish attack`` found, ready to be laid out."""

from __future__ import annotations


def eps_text(eps: float) -> str:
    """The size of a perturbation as people write it: a short decimal, or so many 255ths.

    >>> eps_text(8 / 255), eps_text(0.3), eps_text(0), eps_text(0.5), eps_text(1 / 3)
    ('8/255', '0.3', '0', '0.5', '0.3333')
    """
    short = f"{eps:.3g}"
    if float(short) == eps:
        return short
    levels = eps * 255
    return f"{round(levels)}/255" if abs(levels - round(levels)) < 1e-9 and 0 < eps < 1 else f"{eps:.4g}"
