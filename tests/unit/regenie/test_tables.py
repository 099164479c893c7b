"""What is said of the tables that regenie wrote."""

import gzip

import pytest

from platerunner_unit.regenie.tables import measure, trait_of

TABLE = b"CHROM GENPOS ID BETA\n1 5 rs1 0.1\n1 9 rs2 NA\n22 3 rs3 0.4\n"


@pytest.mark.parametrize("end", ["", ".gz"])
def test_rows_and_chromosomes_are_counted(tmp_path, end) -> None:
    path = tmp_path / f"s2_Y1.regenie{end}"
    path.write_bytes(gzip.compress(TABLE) if end else TABLE)
    found = measure(f"out/{path.name}", path, ["Y1", "1"])
    assert (found.trait, found.rows, found.whole, found.columns) == ("Y1", 3, True, 4)
    assert found.chromosomes == ("1", "22")


@pytest.mark.parametrize("cut", [1, 2, 5, 9])
def test_a_cut_end_is_seen(tmp_path, cut) -> None:
    plain, packed = tmp_path / "s2_Y1.regenie", tmp_path / "s2_Y1.regenie.gz"
    plain.write_bytes(TABLE[:-cut])
    packed.write_bytes(gzip.compress(TABLE)[:-cut])
    assert not measure("s2_Y1.regenie", plain, ["Y1"]).whole
    assert not measure("s2_Y1.regenie.gz", packed, ["Y1"]).whole


def test_a_header_alone_is_whole_and_has_no_row(tmp_path) -> None:
    path = tmp_path / "s2_Y1.regenie"
    path.write_bytes(b"##MASKS=<M1>\nCHROM GENPOS ID BETA\n")
    found = measure(path.name, path, ["Y1"])
    assert (found.rows, found.whole, found.chromosomes) == (0, True, ())


def test_predictions_that_are_no_numbers_are_seen(tmp_path) -> None:
    path = tmp_path / "s1_1.loco"
    path.write_bytes(b"FID_IID F_S0 F_S1\n1 0.5 nan\n")
    assert measure(path.name, path, []).nan


def test_what_is_not_there_has_no_size(tmp_path) -> None:
    assert measure("s2_Y1.regenie", tmp_path / "s2_Y1.regenie", ["Y1"]).size is None


def test_of_two_traits_that_fit_the_longer_one_counts() -> None:
    assert trait_of("out/s2_BMI_log.regenie.gz", ["log", "BMI_log", "BMI"]) == "BMI_log"
