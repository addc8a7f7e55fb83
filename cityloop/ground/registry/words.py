"""What the ledger's codes are called."""

from cityloop.core.texts import N_
from cityloop.ground.registry.findings import Kind
from cityloop.ground.registry.ledger import Finding, Lost

TIER_TITLES = {
    "owner": N_("owner of the object"),
    "contract": N_("contract"),
    "line": N_("line department"),
    "territory": N_("territory"),
}
ROLE_TITLES = {
    "handler": N_("handling unit"),
    "lead": N_("lead"),
    "assist": N_("assisting"),
    "owner": N_("owner"),
    "contractor": N_("contractor"),
    "territory": N_("territory"),
    "line_authority": N_("line authority"),
    "supervising": N_("supervising body"),
    "leader": N_("leader in charge"),
    "chief": N_("chief"),
}
FINDING_TITLES = {
    Finding.NAMED: N_("One duty decides."),
    Finding.FALLBACK: N_("Only the territory answers."),
    Finding.GAP: N_("Nobody answers."),
    Finding.DISPUTE: N_("Two bodies are named for one role."),
}
LOST_TITLES = {
    Lost.NOT_YET: N_("not in force yet"),
    Lost.NO_LONGER: N_("no longer in force"),
    Lost.CONTRACT_ENDED: N_("the contract has ended"),
    Lost.OTHER_SITUATION: N_("for another situation"),
    Lost.OTHER_PHASE: N_("for another phase of the object"),
    Lost.OTHER_STRATUM: N_("for another stratum"),
    Lost.OUTSIDE_HOURS: N_("outside of its hours"),
    Lost.WEAKER_TIER: N_("a stronger tier decides"),
    Lost.LESS_SPECIFIC: N_("a more specific duty decides"),
}
KIND_TITLES = {
    Kind.GROUND: N_("ground without anybody"),
    Kind.SLIVER: N_("land in no area"),
    Kind.SURFACE: N_("surface without anybody"),
    Kind.PHASE: N_("phase without anybody"),
    Kind.HOURS: N_("hours without anybody"),
    Kind.CONTRACT: N_("contract ended without successor"),
    Kind.DISPUTE: N_("two bodies in one role"),
}
