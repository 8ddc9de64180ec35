from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molmach import units


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("1.0 V/nm", units.FIELD, 1.0),
        ("10 MV/cm", units.FIELD, 1.0),
        ("0.1 V/Å", units.FIELD, 1.0),
        ("50 GHz", units.FREQUENCY, 50.0),
        ("1 turn/ns", units.FREQUENCY, 1.0),
        ("0.05 /ps", units.FREQUENCY, 50.0),
        ("2 /ps", units.RATE, 2.0),
        ("2 ps^-1", units.RATE, 2.0),
        ("1 ns", units.TIME, 1000.0),
        ("2 fs", units.TIME, 0.002),
        ("25 degC", units.TEMPERATURE, 298.15),
        ("1 kcal/mol", units.TORQUE, 4.184),
        ("5 kJ/mol/rad", units.TORQUE, 5.0),
        ("1 pN nm", units.TORQUE, 0.602214076),
        ("3 Da", units.MASS, 3.0),
        ("1 N/m", units.STIFFNESS, 602.214076),
        ("-45 deg", units.ANGLE, -45.0),
    ],
)
def test_quantities_are_read_in_any_unit_of_their_kind(
    text: str, dimension: units.Dimension, value: float
) -> None:
    assert units.parse(text, dimension) == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize(
    ("text", "dimension", "meant"),
    [
        ("1 V/A", units.FIELD, "1 V/angstrom"),
        ("3 A", units.LENGTH, "3 angstrom"),
        ("5 kcal/mol/A^2", units.STIFFNESS, "5 kcal/mol/angstrom^2"),
        ("300 k", units.TEMPERATURE, "300 K"),
        ("25 C", units.TEMPERATURE, "25 degC"),
        ("50 ghz", units.FREQUENCY, "50 GHz"),
        ("1 NS", units.TIME, "1 ns"),
        ("10 KJ/mol", units.ENERGY, "10 kJ/mol"),
        ("5 kJ", units.ENERGY, "5 kJ/mol"),
        ("5 kcal", units.TORQUE, "5 kcal/mol"),
    ],
)
def test_a_unit_that_was_meant_is_proposed_and_read(
    text: str, dimension: units.Dimension, meant: str
) -> None:
    with pytest.raises(units.QuantityError, match="did you mean") as error:
        units.parse(text, dimension)
    assert f"did you mean '{meant}'? expected {dimension.name}" in str(error.value)
    units.parse(meant, dimension)


@pytest.mark.parametrize(
    ("text", "dimension"), [("45", units.ANGLE), ("5 D", units.ANGLE), ("1 kT", units.ENERGY)]
)
def test_nothing_is_proposed_where_nothing_near_is_read(text: str, dimension: units.Dimension) -> None:
    with pytest.raises(units.QuantityError) as error:
        units.parse(text, dimension)
    assert "did you mean" not in str(error.value)


def test_angular_frequency_is_taken_as_cycles() -> None:
    assert units.parse(f"{2 * math.pi:.15g} rad/ns", units.FREQUENCY) == pytest.approx(1.0, rel=1e-11)


@given(
    st.floats(1e-9, 1e9),
    st.sampled_from([units.FIELD, units.TIME, units.FREQUENCY, units.TORQUE, units.RATE]),
)
def test_what_is_shown_reads_back_to_the_same_number(value: float, dimension: units.Dimension) -> None:
    once = units.parse(units.show(value, dimension), dimension)
    assert units.parse(units.show(once, dimension), dimension) == once
    assert once == pytest.approx(value, rel=1e-11)


def test_field_unit_agrees_with_the_constants_it_is_made_of() -> None:
    # (1 e nm)(1 V/nm) = e N_A volt; 1 D = 3.33564095e-30 C m
    assert pytest.approx(1.602176634e-19 * 6.02214076e23 / 1000.0, rel=1e-12) == units.VOLT_PER_NM
    debye_volt_per_nm = 3.33564095e-30 * 1e9 * 6.02214076e23 / 1000.0  # kJ/mol
    assert pytest.approx(debye_volt_per_nm, rel=1e-7) == units.DEBYE * units.VOLT_PER_NM
    assert units.thermal_energy(300.0) == pytest.approx(2.4943, abs=5e-5)
