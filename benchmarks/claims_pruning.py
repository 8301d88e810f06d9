"""What the results about pruning are to show."""

from __future__ import annotations

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


PRUNING = (
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
