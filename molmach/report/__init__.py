"""Plots and the HTML report of a run."""

from molmach.report.page import style, write_report
from molmach.report.plots import angle_plot, velocity_plot

__all__ = ["angle_plot", "style", "velocity_plot", "write_report"]
