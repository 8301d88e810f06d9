"""Attacks on any model: white box, black box, and suites that measure what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.attacks.attack import Attack
    from burnish.attacks.black_box.hop_skip_jump import HopSkipJump
    from burnish.attacks.black_box.predictor import Decisions, Predictor, Unanswered
    from burnish.attacks.black_box.square import Square
    from burnish.attacks.black_box.substitute import substitute
    from burnish.attacks.black_box.substitute_result import Substitute
    from burnish.attacks.control import noise_of_equal_size
    from burnish.attacks.goal import Exceed, Goal, Misclassify, Reach
    from burnish.attacks.result import AttackResult
    from burnish.attacks.suites.curve import Curve, curve
    from burnish.attacks.suites.false_security import false_security
    from burnish.attacks.suites.finding import Finding
    from burnish.attacks.suites.named import quick, standard
    from burnish.attacks.suites.suite import Suite
    from burnish.attacks.suites.suite_result import SuiteResult
    from burnish.attacks.transfer import Transfer, TransferMatrix, transfer_attack, transfer_matrix
    from burnish.attacks.white_box.apgd import APGD
    from burnish.attacks.white_box.apgd_targeted import APGDTargeted
    from burnish.attacks.white_box.bim import BIM
    from burnish.attacks.white_box.carlini_wagner import CarliniWagner
    from burnish.attacks.white_box.deepfool import DeepFool
    from burnish.attacks.white_box.expectation import expectation, survival
    from burnish.attacks.white_box.fab import FAB
    from burnish.attacks.white_box.fgsm import FGSM
    from burnish.attacks.white_box.gradient_step import GradientStep
    from burnish.attacks.white_box.least_likely import LeastLikely, LeastLikelyResult
    from burnish.attacks.white_box.linear import LinearAttack
    from burnish.attacks.white_box.pgd import PGD
    from burnish.attacks.white_box.rows import RowLimits, attack_rows, row_limits
    from burnish.attacks.white_box.universal import Universal
    from burnish.attacks.white_box.universal_result import UniversalResult
    from burnish.attacks.white_box.viewing import Blur, Brightness, Noise, Scale
    from burnish.attacks.white_box.views import Survive, Views

_HOMES = {
    "APGD": "white_box.apgd",
    "APGDTargeted": "white_box.apgd_targeted",
    "Attack": "attack",
    "AttackResult": "result",
    "BIM": "white_box.bim",
    "Blur": "white_box.viewing",
    "Brightness": "white_box.viewing",
    "CarliniWagner": "white_box.carlini_wagner",
    "Curve": "suites.curve",
    "Decisions": "black_box.predictor",
    "DeepFool": "white_box.deepfool",
    "Exceed": "goal",
    "FAB": "white_box.fab",
    "FGSM": "white_box.fgsm",
    "Finding": "suites.finding",
    "Goal": "goal",
    "GradientStep": "white_box.gradient_step",
    "HopSkipJump": "black_box.hop_skip_jump",
    "LeastLikely": "white_box.least_likely",
    "LeastLikelyResult": "white_box.least_likely",
    "LinearAttack": "white_box.linear",
    "Misclassify": "goal",
    "Noise": "white_box.viewing",
    "PGD": "white_box.pgd",
    "Predictor": "black_box.predictor",
    "Reach": "goal",
    "RowLimits": "white_box.rows",
    "Scale": "white_box.viewing",
    "Square": "black_box.square",
    "Substitute": "black_box.substitute_result",
    "Suite": "suites.suite",
    "SuiteResult": "suites.suite_result",
    "Survive": "white_box.views",
    "Transfer": "transfer",
    "TransferMatrix": "transfer",
    "Unanswered": "black_box.predictor",
    "Universal": "white_box.universal",
    "UniversalResult": "white_box.universal_result",
    "Views": "white_box.views",
    "attack_rows": "white_box.rows",
    "curve": "suites.curve",
    "expectation": "white_box.expectation",
    "false_security": "suites.false_security",
    "noise_of_equal_size": "control",
    "quick": "suites.named",
    "row_limits": "white_box.rows",
    "standard": "suites.named",
    "substitute": "black_box.substitute",
    "survival": "white_box.expectation",
    "transfer_attack": "transfer",
    "transfer_matrix": "transfer",
}

__all__ = [
    "APGD",
    "BIM",
    "FAB",
    "FGSM",
    "PGD",
    "APGDTargeted",
    "Attack",
    "AttackResult",
    "Blur",
    "Brightness",
    "CarliniWagner",
    "Curve",
    "Decisions",
    "DeepFool",
    "Exceed",
    "Finding",
    "Goal",
    "GradientStep",
    "HopSkipJump",
    "LeastLikely",
    "LeastLikelyResult",
    "LinearAttack",
    "Misclassify",
    "Noise",
    "Predictor",
    "Reach",
    "RowLimits",
    "Scale",
    "Square",
    "Substitute",
    "Suite",
    "SuiteResult",
    "Survive",
    "Transfer",
    "TransferMatrix",
    "Unanswered",
    "Universal",
    "UniversalResult",
    "Views",
    "attack_rows",
    "curve",
    "expectation",
    "false_security",
    "noise_of_equal_size",
    "quick",
    "row_limits",
    "standard",
    "substitute",
    "survival",
    "transfer_attack",
    "transfer_matrix",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
