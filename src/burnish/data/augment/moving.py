"""Targets that mark places follow the pixels: masks, boxes and keypoints under the maps of an augmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from burnish.common.errors import InputError, unknown
from burnish.data.augment import affine
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.operation import Colour, Geometric, Pixelwise, Size
from burnish.data.augment.resample import Fill, pick, resample

TargetKind = Literal["label", "mask", "boxes", "keypoints"]
"""What a target is: something that does not move, pixels, rectangles, or points."""

_SLACK = 1.0
"""Pixels that a box may reach over its image's edge: annotations are rounded."""


def check_targets(kinds: Mapping[str, str], augmentation: Augmentation) -> None:
    """Refuse, before anything runs, targets that the augmentation could not move.

    Args:
        kinds: what each target is, by its name.
        augmentation: what is to happen to the images.

    Raises:
        InputError: a kind is unknown, or an operation changes images in a way that it cannot follow.
    """
    for name, kind in kinds.items():
        if kind not in get_args(TargetKind):
            raise unknown(f"kind of the target {name},", kind, get_args(TargetKind))
        if kind == "label":
            continue
        for operation in augmentation.operations:
            if not isinstance(operation, Geometric | Colour | Pixelwise):
                raise InputError(
                    f"{operation.name} cannot move the target {name} ({kind}): leave it out, "
                    "or train on targets that are labels"
                )


def move_targets(
    targets: Any,
    kinds: Mapping[str, str],
    maps: Tensor,
    given: Tensor,
    canvas: Size,
    fill: Fill = "zero",
    *,
    outside: int = 0,
    least_area: float = 0.1,
    swap: Sequence[tuple[int, int]] = (),
) -> Any:
    """Targets of images that were moved by :meth:`Augmentation.batch` or :meth:`Augmentation.pictures`.

    A tensor is labels and comes back as it is. Of a dict of tensors each moves as its kind says:

    - ``label``: stays;
    - ``mask``: classes ``(batch, H, W)``, of a whole-number type, by the nearest pixel, or values ``(batch, C, H, W)``,
      float, bilinear; where files differ in size, a list with one ``(H, W)`` or ``(C, H, W)`` a sample;
    - ``boxes``: ``(batch, n, 4)`` float as left, top, right, bottom; a box becomes the smallest upright one around its
      moved corners, cut to the canvas; one of which less than ``least_area`` is left becomes NaN;
    - ``keypoints``: ``(batch, n, 2)`` float as x, y; one that leaves the canvas becomes NaN.

    Coordinates are continuous pixels as in :mod:`burnish.data.augment.affine`; rows of NaN are absent and stay so.

    Args:
        targets: a tensor, or a dict of name -> tensor.
        kinds: name -> what the target is.
        maps: how each image moved, ``(batch, 3, 3)``.
        given: height and width of each image before, ``(batch, 2)``.
        canvas: height and width after.
        fill: what lies outside of images, as in the augmentation.
        outside: class there in masks of classes, where ``fill`` is ``"zero"``; 255 is often the one that is ignored.
        least_area: share of a box that must be left.
        swap: numbers of keypoints that change names in a mirror: left eye and right eye.

    Raises:
        InputError: a target is of no known kind, does not belong to its image, or a box has no area.
    """
    if isinstance(targets, Tensor):
        return targets
    moved = {}
    for name, target in targets.items():
        kind = kinds.get(name)
        if kind == "label":
            moved[name] = target
        elif kind == "mask":
            moved[name] = _move_mask(name, target, maps, given, canvas, fill, outside)
        elif kind == "boxes":
            moved[name] = _move_boxes(name, target, maps, given, canvas, least_area)
        elif kind == "keypoints":
            moved[name] = _move_keypoints(name, target, maps, canvas, swap)
        else:
            raise InputError(
                f"the target {name} is of no known kind ({kind}): expected one of {', '.join(get_args(TargetKind))}"
            )
    return moved


def _move_mask(
    name: str, mask: Tensor | Sequence[Tensor], maps: Tensor, given: Tensor, canvas: Size, fill: Fill, outside: int
) -> Tensor:
    if not isinstance(mask, Tensor):
        alone = zip(mask, maps.split(1), given.split(1), strict=True)
        return torch.cat([_move_mask(name, one[None], map_, size, canvas, fill, outside) for one, map_, size in alone])
    sizes = torch.tensor(mask.shape[-2:]).expand(len(mask), 2)
    if mask.ndim not in (3, 4) or not torch.equal(sizes, given.to(sizes)):
        wrong = next((row for row in given.tolist() if row != sizes[0].tolist()), given[0].tolist())
        raise InputError(
            f"the mask {name} has the shape {tuple(mask.shape[1:])}, its image is {wrong[0]:g}x{wrong[1]:g}: "
            "expected (H, W) of classes or (C, H, W) of values, of the image's size"
        )
    planes = mask if mask.ndim == 4 else mask[:, None]
    if mask.is_floating_point():
        made = resample(planes, maps, canvas, fill)
    else:
        made = pick(planes, maps, canvas, fill, outside=outside)
    return made if mask.ndim == 4 else made[:, 0]


def _move_boxes(name: str, boxes: Tensor, maps: Tensor, given: Tensor, canvas: Size, least_area: float) -> Tensor:
    _check_points(name, boxes, 4, len(maps))
    size = given.flip(1).to(boxes)[:, None]
    low, high = boxes[..., :2], boxes[..., 2:]
    _refuse(name, boxes, (high <= low).any(dim=2), "has no area: expected left, top, right, bottom")
    beyond = ((low < -_SLACK) | (high > size + _SLACK)).any(dim=2)
    _refuse(name, boxes, beyond, "reaches out of its image", given)
    low, high = low.clamp(min=0), torch.minimum(high, size)
    _refuse(name, boxes, (high <= low).any(dim=2), "lies beside its image", given)
    corners = torch.stack(
        [low, torch.stack([high[..., 0], low[..., 1]], 2), high, torch.stack([low[..., 0], high[..., 1]], 2)], 2
    )
    around = affine.move_points(maps, corners.flatten(1, 2)).view(corners.shape)
    whole = torch.cat([around.amin(dim=2), around.amax(dim=2)], dim=2)
    edge = torch.tensor([canvas[1], canvas[0]]).to(boxes)
    cut = torch.cat([whole[..., :2].clamp(min=0), torch.minimum(whole[..., 2:], edge)], dim=2)
    left = _areas(cut) / _areas(whole)
    return cut.masked_fill((left < least_area)[..., None] | (left == 0)[..., None], torch.nan)


def _move_keypoints(name: str, points: Tensor, maps: Tensor, canvas: Size, swap: Sequence[tuple[int, int]]) -> Tensor:
    _check_points(name, points, 2, len(maps))
    moved = affine.move_points(maps, points)
    gone = ((moved < 0) | (moved > torch.tensor([canvas[1], canvas[0]]).to(moved))).any(dim=2, keepdim=True)
    moved = moved.masked_fill(gone, torch.nan)
    if swap:
        order = torch.arange(points.shape[1])
        for one, other in swap:
            if not 0 <= min(one, other) <= max(one, other) < len(order):
                raise InputError(f"swap names keypoints {one} and {other}, and the target {name} has {len(order)}")
            order[one], order[other] = other, one
        mirrored = affine.is_mirrored(maps).to(moved.device)[:, None, None]
        moved = torch.where(mirrored, moved[:, order.to(moved.device)], moved)
    return moved


def _check_points(name: str, target: Tensor, width: int, count: int) -> None:
    if target.ndim != 3 or target.shape[2] != width or len(target) != count or not target.is_floating_point():
        raise InputError(
            f"the target {name} must be float of the shape ({count}, n, {width}), "
            f"got {target.dtype} {tuple(target.shape)}"
        )


def _refuse(name: str, boxes: Tensor, wrong: Tensor, why: str, given: Tensor | None = None) -> None:
    if bool(wrong.any()):
        sample, number = wrong.nonzero()[0].tolist()
        size = "" if given is None else f" of {given[sample, 0]:g}x{given[sample, 1]:g} (height x width)"
        box = [round(side, 2) for side in boxes[sample, number].tolist()]
        raise InputError(f"box {number} of the target {name} in sample {sample} of the batch, {box}, {why}{size}")


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)
