"""The errors that a user can cause or meet, under one base.

Each message says what was wrong, where, and what would be accepted; the command line prints it
with its own options in the place of arguments' names and ends with the class's ``exit_code``.
"""

from __future__ import annotations

from collections.abc import Mapping


class Argument(str):
    """The name of a function's argument, as a part of an error's text."""

    __slots__ = ()


def shortened(value: object, most: int = 80) -> str:
    """A value as an error shows it: its ``repr``, cut where it is longer than ``most`` characters.

    >>> shortened("C" * 100, 12)
    "'CCCCCCCC..."
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than some thousand digits
        return f"a {type(value).__name__} too long to be shown"
    return text if len(text) <= most else f"{text[: most - 3]}..."


class MolmachError(Exception):
    """Base of every error that molmach raises on purpose.

    Its text is given in one part, or in several of which some are an :class:`Argument`:

        >>> error = SpecError(Argument("workers"), " 0: expected one or more")
        >>> str(error)
        'workers 0: expected one or more'
        >>> error.worded({"workers": "--workers"})
        '--workers 0: expected one or more'
    """

    exit_code = 1

    def __str__(self) -> str:
        return self.worded({})

    def worded(self, options: Mapping[str, str]) -> str:
        """The text with the arguments under other names, such as those of a command's options."""
        return "".join(
            options.get(part, str(part)) if isinstance(part, Argument) else str(part) for part in self.args
        )


class SpecError(MolmachError):
    """What a person wrote (a file, a flag, a value) can't be taken."""

    exit_code = 2


class PluginError(SpecError):
    """Code that somebody has added fails where it is imported or called."""


class PluginWarning(UserWarning):
    """Code that somebody has added fails, and is left out."""


class BuildError(MolmachError):
    """The machine that a valid spec describes can't be built in three dimensions."""

    exit_code = 2


class ForceFieldError(MolmachError):
    """The force field has no parameters for a molecule, or no form that an engine knows."""

    exit_code = 2


class SimulationError(MolmachError):
    """A run could not be carried out or went numerically wrong."""


class DivergedError(SimulationError):
    """The dynamics went numerically wrong: positions or energies are no numbers any more."""


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


class ServingError(MolmachError):
    """An agent asked the server for what it may not have: outside its folder, over a limit, or not there."""

    exit_code = 2


class WorkError(MolmachError):
    """A work unit, a result of one or a passport is malformed or forged, or is none."""

    exit_code = 2


class InfeasibleError(MolmachError):
    """A design of a campaign's space is no machine, or breaks a constraint; recorded, and not simulated."""


class CampaignError(MolmachError):
    """A campaign can't be carried out or gone on with."""

    exit_code = 2
