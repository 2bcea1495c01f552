"""What a release board asks beside the figures: what keeps pilots from production, in five families."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CATALOGUE", "FAMILIES", "Requirement"]

FAMILIES: Mapping[str, str] = {
    "data": "Data foundations",
    "value": "Value",
    "governance": "Governance",
    "operations": "Skills and operations",
    "change": "Change management",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One item: whose it is, what must be true, and whether a release waits for it."""

    family: str
    statement: str
    required: bool = True


CATALOGUE: Mapping[str, Requirement] = {
    "source-owners": Requirement("data", "Every source has a named owner who keeps its content right."),
    "refresh-agreed": Requirement("data", "How often each source is synced is agreed and watched."),
    "sampling": Requirement("data", "The golden questions were sampled from what users really ask."),
    "outcome": Requirement("value", "A business outcome, its present level and its target are stated."),
    "sponsor": Requirement("value", "A sponsor answers for that outcome."),
    "compliance": Requirement("governance", "Data protection and compliance have been assessed."),
    "risk-accepted": Requirement("governance", "The remaining risks are listed and accepted by name."),
    "independent-review": Requirement(
        "governance", "Someone who did not write the golden set reviewed it.", required=False
    ),
    "on-call": Requirement("operations", "Someone is on call, with a runbook for wrong answers."),
    "maintainer": Requirement("operations", "Two people can change the pipeline and its suite."),
    "rollback": Requirement("operations", "Going back to the previous release has been tried."),
    "exit-plan": Requirement("operations", "There is a way out of each supplier.", required=False),
    "training": Requirement("change", "The users have been shown what it does and does not do."),
    "acceptance": Requirement("change", "Real users have tried it and accepted it."),
    "feedback": Requirement(
        "change", "Users can report a wrong answer, and someone reads it.", required=False
    ),
}
