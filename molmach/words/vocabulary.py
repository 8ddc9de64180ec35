"""Words by which quantities, sources, comparisons and directions are known in a sentence."""

from __future__ import annotations

import re

_QUANTITIES = {
    "velocity": r"velocit\w+|speeds?|turns?(?!\s*(?:out|to|into))|turned|turning|rotat(?:es?|ed|"
        r"ion rate|ing speed)|spins?|spun",
    "directionality": r"directionalit\w+|net of backward",
    "diffusion": r"diffusion",
    "peclet": r"p[eé]clet",
    "efficiency": r"efficienc\w+",
    "dissipation": r"dissipat\w+|heat",
    "work_rate": r"work(?: rate)?(?=\s+(?:of|is|rate|=|:))",
    "load_power": r"power",
    "energy_balance": r"energy balance",
    "barrier": r"barriers?",
    "half_life": r"half-li[fv]es?|half li[fv]es?|lifetimes?",
    "temperature": r"temperatures?",
    "field": r"fields?(?: strength)?",
    "frequency": r"frequenc\w+|driven|driving|drive of",
    "friction": r"friction",
    "timestep": r"time-?\s?steps?",
    "duration": r"durations?|lengths?|lasts?",
    "equilibration": r"equilibrat\w+",
    "torque": r"torques?",
    "load": r"loads?",
    "dipole": r"dipoles?(?: moment)?",
    "inertia": r"(?:moment of )?inertia",
    "mass": r"mass|molecular weight",
    "occupancy": r"occupanc\w+|occupied",
    "rate": r"rates?",
    "quantum_yield": r"(?:quantum )?yields?",
    "wavelength": r"wavelengths?",
    "intensity": r"intensit\w+",
    "lag": r"lag(?=\s+(?:per|of|is|after|=)|\s*[=:])",
    "gear_ratio": r"gear ratio",
    "p_value": r"p-?\s?values?|p(?=\s*[=<>≤])|significance",
    "spring": r"springs?|stiffness|force constant",
    "distance": r"distances?|bond lengths?|separations?",
    "energy": r"energ(?:y|ies)|strain",
    "threshold_field": r"threshold field",
    "shuttling_rate": r"shuttling rate",
    "probability": r"probabilit\w+|chances?|odds",
    "correlation": r"correlat\w+|r\s?(?:\^2|²)",
    "budget": r"budget",
}  # fmt: skip
_GENERIC = re.compile(
    r"(?<!\w)(?:values?|scores?|scored|results?|objectives?|measured|utilit\w+)(?!\w)", re.IGNORECASE
)
_KNOWN = {
    name: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE) for name, words in _QUANTITIES.items()
}


def quantities_in(text: str, names: frozenset[str]) -> list[tuple[int, str]]:
    """(place, quantity) of every quantity that a text names, by the usual words or by its own name.

    Parameters
    ----------
    text
        A piece of a sentence.
    names
        Names of quantities that facts have beside the usual ones.
    """
    places = [(match.start(), name) for name, words in _KNOWN.items() for match in words.finditer(text)]
    for name in names:
        said = re.escape(name.replace("_", " ")).replace(r"\ ", r"[\s_-]")
        places += [
            (match.start(), name) for match in re.finditer(rf"(?<![\w-]){said}(?![\w-])", text, re.IGNORECASE)
        ]
    longest: dict[int, str] = {}
    for place, name in places:
        if len(name) >= len(longest.get(place, "")):
            longest[place] = name
    return sorted(longest.items())


def names_a_score(text: str) -> bool:
    """Whether a text speaks of a value without saying of which quantity."""
    return bool(_GENERIC.search(text))


APPROXIMATELY = re.compile(
    r"(?:\babout|\baround|\broughly|\bapprox\w*\.?|\bnearly|\balmost|\bsome|\bca\.?|\bcirca|~|≈|"
    r"∼)\s*(?:an?\s)?$",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    r"(?:\bmore than|\bover|\babove|\bat least|\bexceed(?:s|ing|ed)?|\bbeyond|\bfaster than|"
    r"\bupwards of|\bgreater than|"
    r"\bhigher than|\blarger than|≥|>=|>|\bsurpass\w*|\bno less than)\s*$",
    re.IGNORECASE,
)
AT_MOST = re.compile(
    r"(?:\bless than|\bbelow|\bunder|\bat most|\bup to|\bno more than|\bslower than|\blower than|"
    r"\bsmaller than|\bfewer than|"
    r"≤|<=|<|\bnot even|\bshort of|\bmaximum of|\bmax\.?)\s*$",
    re.IGNORECASE,
)
NOTHING = re.compile(
    r"\b(?:no (?:\w+ )?(?:machine|design|rotor|trial|other|one|candidate)|none|nothing|nobody|never)\b",
    re.IGNORECASE,
)
RANGE_OF_ALL = re.compile(
    r"\b(?:velocities|speeds|values|scores|results|machines|rotors|directionalities|they|"
    r"measurements|everything|all)\b"
    r"[^.;]*\b(?:rang\w+|lie|lies|span\w*|vary|varies|spread|fall|between)\b|\brange (?:of|from)\b",
    re.IGNORECASE,
)
BEST = re.compile(
    r"\b(?:best|fastest|leader|leading|record|top|champion|front-?runner|winner)\b", re.IGNORECASE
)
BACKWARD = re.compile(
    r"\b(?:backwards?|wrong way|reversed?|in reverse|opposite|against the (?:field|drive))\b", re.IGNORECASE
)
FORWARD = re.compile(r"\b(?:forwards?|right way|with the (?:field|drive))\b", re.IGNORECASE)
THIS = re.compile(
    r"\b(?:this (?:machine|design|rotor|one|proposal|molecule)|it|its|my (?:proposal|design|machine))\b",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(
    r"[,;.)](?!\d)|\b(?:and|but|while|whereas|against|versus|vs|than|compared|though|although|because|so)\b",
    re.IGNORECASE,
)

_SOURCES = {
    "theory": r"theor\w+|foretold|foretells?|estimator|analytic\w*|klein-kramers",
    "predicted": r"expect\w*|predict\w*|forecast\w*|hope\w*|(?<!as it )(?<!as they )should|"
        r"anticipat\w*|believ\w*|guess\w*|aim\w*|would|will|might|"
    r"could|likely|presum\w*|thought|put|bets?|before it (?:was|is) (?:run|measured)",
    "undriven": r"undriven|drive (?:switched |turned )?off|without (?:the |a |its )?drive|field off|"
        r"no field|switched off",
    "mirror": r"mirror\w*|enantiomer\w*",
    "confirmed": r"confirm\w*|second run|fresh seeds?|re-?run|run again",
    "measured": r"measur\w+|simulat\w+|gave|came out|found|observed|reached|in fact|actual\w*|turned out",
}  # fmt: skip
SOURCES = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _SOURCES.items()}

COMPARED = re.compile(
    r"\b(?:faster|slower|more|less|higher|lower|better|worse|larger|smaller|greater|above|below|"
    r"ahead|behind|beats?|"
    r"beat|outperform\w*|exceeds?|gains?|gained|loses?|lost|improve\w*|advantage|difference|"
    r"differs?|gap|margin|short of)\b",
    re.IGNORECASE,
)
APART = re.compile(r"\b(?:gap|difference|margin|distance|lead|advantage)\b[^,;]*$", re.IGNORECASE)
GAINS = re.compile(r"\b(?:gains?|gained|loses?|lost|adds?|added)\s*(?:about\s+|some\s+)?$", re.IGNORECASE)
HIGHEST = re.compile(r"\b(?:highest|largest|greatest|maximum|most|best)\b", re.IGNORECASE)
LOWEST = re.compile(r"\b(?:lowest|smallest|slowest|minimum|worst)\b", re.IGNORECASE)
BOUNDS = re.compile(
    r"\b(?:bounds?|limits?|rang\w+|may|can|allow\w*|up to|at most|maximum|minimum|between|from|"
    r"space|highest|lowest)\b",
    re.IGNORECASE,
)
NOUNS = {
    "evaluations": r"evaluations?|simulations?",
    "proposals": r"proposals?|designs? proposed",
    "machines": r"machines?|rotors?|designs?|candidates?|trials?",
    "replicas": r"replicas?",
    "confirmations": r"confirmations?",
    "failures": r"failures?",
}
NOUN = {name: re.compile(rf"\s*(?:\w+ )?(?:{words})\b", re.IGNORECASE) for name, words in NOUNS.items()}
COUNTED = {
    "measured": re.compile(r"\b(?:measured|evaluated|simulated|tested|known|finished)\b", re.IGNORECASE),
    "failed": re.compile(r"\b(?:fail(?:s|ed|ures?)?|diverged)\b", re.IGNORECASE),
    "confirmed": re.compile(r"\bconfirmed\b", re.IGNORECASE),
}
