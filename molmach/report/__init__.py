"""Plots and the HTML report of a run, and of trajectories made elsewhere."""

from molmach.report.motion_plots import (
    field_lag,
    free_energy,
    plot_angles,
    plot_free_energy,
    plot_lag,
    plot_polar,
    plot_velocity,
)
from molmach.report.page import write_report
from molmach.report.plots import angle_plot, velocity_plot
from molmach.report.trajectory_page import write_trajectory_report

__all__ = [
    "angle_plot",
    "field_lag",
    "free_energy",
    "plot_angles",
    "plot_free_energy",
    "plot_lag",
    "plot_polar",
    "plot_velocity",
    "velocity_plot",
    "write_report",
    "write_trajectory_report",
]
