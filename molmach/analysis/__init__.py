"""Analysis in notebooks: tables, plots on given axes, three-dimensional views, Markov models.

    >>> from molmach import analysis
    >>> analysis.to_xarray(run)["coordinate"].sel(condition="mirror")  # doctest: +SKIP
    >>> analysis.plot_polar(run)  # doctest: +SKIP
    >>> analysis.markov_model(run).affinity  # doctest: +SKIP

Tables, views and Markov models need the extra ``notebook``; plots do not.
"""

from molmach.analysis.lags import ChapmanKolmogorov, chapman_kolmogorov, implied_timescales
from molmach.analysis.ledgers import LedgerTables, open_ledger
from molmach.analysis.markov import MarkovModel, markov_model
from molmach.analysis.tables import to_frame, to_xarray
from molmach.analysis.view import view
from molmach.report import (
    field_lag,
    free_energy,
    plot_angles,
    plot_free_energy,
    plot_lag,
    plot_polar,
    plot_velocity,
)

__all__ = [
    "ChapmanKolmogorov",
    "LedgerTables",
    "MarkovModel",
    "chapman_kolmogorov",
    "field_lag",
    "free_energy",
    "implied_timescales",
    "markov_model",
    "open_ledger",
    "plot_angles",
    "plot_free_energy",
    "plot_lag",
    "plot_polar",
    "plot_velocity",
    "to_frame",
    "to_xarray",
    "view",
]
