"""The errors that a user can cause or meet, under one base.

Each message says what was wrong, where, and what would be accepted; the command line prints it
as it stands and ends with the class's ``exit_code``.
"""


class MolmachError(Exception):
    """Base of every error that molmach raises on purpose."""

    exit_code = 1


class SpecError(MolmachError):
    """What a person wrote (a file, a flag, a value) can't be taken."""

    exit_code = 2


class BuildError(MolmachError):
    """The machine that a valid spec describes can't be built in three dimensions."""

    exit_code = 2


class ForceFieldError(MolmachError):
    """The force field has no parameters for a molecule, or no form that an engine knows."""

    exit_code = 2


class SimulationError(MolmachError):
    """A run could not be carried out or went numerically wrong."""


class InterruptedRunError(SimulationError):
    """The run was stopped by the user; what had been computed is kept."""


class ScoreError(MolmachError):
    """A run folder or trajectory can't be scored."""

    exit_code = 2


class KineticsError(MolmachError):
    """A machine has no step of the asked kind, or its barrier can't be found."""

    exit_code = 2


class MissingExtraError(MolmachError):
    """What was asked for needs an optional package."""

    exit_code = 2


class InfeasibleError(MolmachError):
    """A design of a campaign's space is no machine, or breaks a constraint; recorded, and not simulated."""


class CampaignError(MolmachError):
    """A campaign can't be carried out or gone on with."""

    exit_code = 2
