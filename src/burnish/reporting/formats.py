"""Numbers as a reader wants them: shares in percent, time in words, no more digits than the interval supports."""

from __future__ import annotations

import math
import re
from typing import Any

from burnish.common.intervals import Estimate

ABSENT = "—"
_SHARES = {"accuracy", "precision", "recall", "f1"}


def is_share(name: str) -> bool:
    """Whether a metric of this name is a share, to be read in percent.

    >>> is_share("top5_accuracy"), is_share("loss")
    (True, False)
    """
    return not _SHARES.isdisjoint(re.split(r"[_\s-]", name.lower()))


def words(name: str) -> str:
    """A metric's name without underscores.

    >>> words("generator_loss")
    'generator loss'
    """
    return name.replace("_", " ")


def number(value: Any) -> str:
    """Four significant digits, or thousands separated by commas.

    >>> number(272474), number(0.061234), number(None), number(1234.5)
    ('272,474', '0.06123', '—', '1,234')
    """
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ABSENT if value is None else str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if isinstance(value, int) or 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(share: Any, digits: int = 1) -> str:
    """A share in percent.

    >>> percent(0.98123), percent(None)
    ('98.1 %', '—')
    """
    return number(share) if not isinstance(share, int | float) or math.isnan(share) else f"{100 * share:.{digits}f} %"


def read_estimate(plain: Any) -> Estimate | None:
    """An estimate from a result file: a table with ``value`` and perhaps an interval, or a bare number; else None.

    >>> str(read_estimate({"value": 0.5, "low": 0.4, "high": 0.6, "count": 96}))
    '0.5 [0.4, 0.6]'
    """
    table = plain if isinstance(plain, dict) else {"value": plain}
    value, low, high = (_float(table.get(key)) for key in ("value", "low", "high"))
    if value is None:
        return None
    bounds = (math.nan, math.nan) if low is None or high is None else (low, high)
    count = table.get("count")
    return Estimate(value, *bounds, count if isinstance(count, int) else 0, _float(table.get("confidence")) or 0.95)


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _digits(estimate: Estimate) -> int:
    return 2 if estimate.high - estimate.low < 0.01 else 1


def has_interval(estimate: Estimate) -> bool:
    """Whether both bounds are known."""
    return math.isfinite(estimate.low) and math.isfinite(estimate.high)


def _supported(value: float, estimate: Estimate) -> str:
    half = (estimate.high - estimate.low) / 2
    if not math.isfinite(half) or half <= 0 or not 1e-4 <= max(abs(estimate.low), abs(estimate.high)) < 1e6:
        return number(value)
    return f"{value:,.{min(6, max(0, 1 - math.floor(math.log10(half))))}f}"


def value_text(name: str, estimate: Estimate) -> str:
    """The value alone, to the second digit of its uncertainty."""
    return percent(estimate.value, _digits(estimate)) if is_share(name) else _supported(estimate.value, estimate)


def interval_text(name: str, estimate: Estimate) -> str:
    """The interval alone, in the unit of :func:`value_text`; empty where there is none."""
    if not has_interval(estimate):
        return ""
    if is_share(name):
        digits = _digits(estimate)
        return f"[{100 * estimate.low:.{digits}f}, {100 * estimate.high:.{digits}f}]"
    return f"[{_supported(estimate.low, estimate)}, {_supported(estimate.high, estimate)}]"


def estimate_text(name: str, estimate: Estimate) -> str:
    """A metric with its interval.

    >>> estimate_text("accuracy", Estimate(0.98, 0.965, 0.991, 360))
    '98.0 % [96.5, 99.1]'
    >>> estimate_text("loss", Estimate(41.23456, 36.0, 46.4, 88))
    '41.2 [36.0, 46.4]'
    >>> estimate_text("loss", Estimate(0.0612, math.nan, math.nan, 0))
    '0.0612'
    """
    return f"{value_text(name, estimate)} {interval_text(name, estimate)}".rstrip()


def duration(seconds: Any) -> str:
    """Seconds in the units that a person would use.

    >>> duration(0.5), duration(12.34), duration(252), duration(7500), duration(None)
    ('0.50 s', '12.3 s', '4 min 12 s', '2 h 05 min', '—')
    """
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return ABSENT
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def latency_text(latency: Any) -> str:
    """Measured latency with its spread.

    >>> latency_text({"median": 1.2, "low": 1.1, "high": 1.4, "batch": 1, "threads": 1})
    '1.20 ms [1.10, 1.40]'
    >>> latency_text({"median": 0.03140, "low": None, "high": None})
    '0.0314 ms'
    """
    estimate = read_estimate({**latency, "value": latency.get("median")}) if isinstance(latency, dict) else None
    if estimate is None:
        return ABSENT
    digits = min(6, max(0, 2 - math.floor(math.log10(estimate.value)))) if estimate.value > 0 else 2
    spread = f" [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]" if has_interval(estimate) else ""
    return f"{estimate.value:.{digits}f} ms{spread}"


def latency_setting(latency: Any) -> str:
    """How latency was measured.

    >>> latency_setting({"batch": 1, "threads": 2})
    'batch 1, 2 threads'
    """
    if not isinstance(latency, dict):
        return ""
    threads = latency.get("threads")
    parts = [f"batch {latency['batch']}"] if latency.get("batch") is not None else []
    parts += [f"{threads} thread{'s' if threads != 1 else ''}"] if threads is not None else []
    return ", ".join(parts)
