"""The checks before regenie starts: whatever is taken from its inputs is seen, and nothing that is whole is refused."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.contract.regenie import LOCO_ROWS
from platerunner_unit.regenie.genotypes import GenotypesError, read_bed, read_bgen, read_pgen
from platerunner_unit.regenie.inputs import check
from platerunner_unit.regenie.samples import TableError, read_table

SAMPLES, CHROMOSOMES = 10, ["1"] * 30 + ["X"] * 5
PEOPLE = [f"S{n}" for n in range(SAMPLES)]
BGEN = ["--step", "2", "--bgen", "g.bgen", "--sample", "g.sample", "--phenoFile", "pheno.txt", "--out", "x"]


def write_bed(folder: Path) -> tuple[Path, Path, Path]:
    bed, bim, fam = (folder / f"g.{end}" for end in ("bed", "bim", "fam"))
    bed.write_bytes(b"\x6c\x1b\x01" + bytes(len(CHROMOSOMES) * -(-SAMPLES // 4)))
    bim.write_text("".join(f"{c}\trs{n}\t0\t{n}\tA\tG\n" for n, c in enumerate(CHROMOSOMES)))
    fam.write_text("".join(f"F {name} 0 0 1 -9\n" for name in PEOPLE))
    return bed, bim, fam


def write_bgen(folder: Path, layout: int = 2, compressed: int = 1, people: Sequence[str] = PEOPLE) -> tuple[Path, Path]:
    """As the format's page has it, with one value for all genotypes of a variant."""
    names = b"".join(struct.pack("<H", len(name)) + name.encode() for name in PEOPLE)
    block = struct.pack("<2I", 8 + len(names), SAMPLES) + names
    flags = compressed | layout << 2 | 1 << 31
    header = struct.pack("<3I", 20, len(CHROMOSOMES), SAMPLES) + b"bgen" + struct.pack("<I", flags)
    body = b""
    for n, label in enumerate(CHROMOSOMES):
        body += struct.pack("<I", SAMPLES) if layout == 1 else b""
        for text in (f"v{n}", f"rs{n}", label):
            body += struct.pack("<H", len(text)) + text.encode()
        body += struct.pack("<I", n) + (b"" if layout == 1 else struct.pack("<H", 2))
        body += b"".join(struct.pack("<I", 1) + allele for allele in (b"A", b"G"))
        genotypes = bytes(6 * SAMPLES)
        body += (b"" if layout == 1 and not compressed else struct.pack("<I", len(genotypes))) + genotypes
    bgen, sample = folder / "g.bgen", folder / "g.sample"
    bgen.write_bytes(struct.pack("<I", 20 + len(block)) + header + block + body)
    sample.write_text("ID_1 ID_2 missing\n0 0 0\n" + "".join(f"F {name} 0\n" for name in people))
    return bgen, sample


def test_a_whole_bed_is_read_by_chromosome(tmp_path) -> None:
    found = read_bed(*write_bed(tmp_path))
    assert (found.samples, found.variants) == (SAMPLES, {"1": 30, "23": 5})


@given(cut=st.integers(1, 30))
@settings(max_examples=30)
def test_a_bed_that_is_cut_anywhere_is_seen(tmp_path_factory, cut) -> None:
    bed, bim, fam = write_bed(tmp_path_factory.mktemp("bed"))
    bed.write_bytes(bed.read_bytes()[:-cut])
    with pytest.raises(GenotypesError, match=r"g\.bed"):
        read_bed(bed, bim, fam)


@pytest.mark.parametrize("which", [1, 2])
def test_a_table_that_lacks_a_line_is_seen_where_it_matters(tmp_path, which) -> None:
    files = write_bed(tmp_path)
    lines = files[which].read_text().splitlines(keepends=True)
    files[which].write_text("".join(lines[:-3]))
    with pytest.raises(GenotypesError, match="bytes, but"):
        read_bed(*files)


@pytest.mark.parametrize(("layout", "compressed"), [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)])
def test_a_whole_bgen_is_read_by_chromosome(tmp_path, layout, compressed) -> None:
    found = read_bgen(*write_bgen(tmp_path, layout, compressed))
    assert (found.samples, found.variants) == (SAMPLES, {"1": 30, "23": 5})


@given(cut=st.integers(1, 3000), layout=st.sampled_from([1, 2]))
@settings(max_examples=60)
def test_a_bgen_that_is_cut_anywhere_is_seen(tmp_path_factory, cut, layout) -> None:
    bgen, sample = write_bgen(tmp_path_factory.mktemp("bgen"), layout)
    content = bgen.read_bytes()
    bgen.write_bytes(content[: max(len(content) - cut, 0)])
    with pytest.raises(GenotypesError, match=r"g\.bgen"):
        read_bgen(bgen, sample)


@given(st.permutations(PEOPLE))
@settings(max_examples=30)
def test_samples_in_another_order_are_seen(tmp_path_factory, people) -> None:
    bgen, sample = write_bgen(tmp_path_factory.mktemp("bgen"), people=people)
    if people == PEOPLE:
        read_bgen(bgen, sample)
    else:
        with pytest.raises(GenotypesError, match="has the sample"):
            read_bgen(bgen, sample)


def test_samples_that_the_writer_called_otherwise_are_not_compared(tmp_path) -> None:
    read_bgen(*write_bgen(tmp_path, people=[f"patient{n}" for n in range(SAMPLES)]))


@pytest.mark.parametrize(("count", "people"), [(35, 9), (34, 10)])
def test_a_pgen_whose_tables_are_of_another_is_seen(tmp_path, count, people) -> None:
    pgen, pvar, psam = (tmp_path / f"g.{end}" for end in ("pgen", "pvar", "psam"))
    pvar.write_text("#CHROM POS ID REF ALT\n" + "".join(f"{c} 1 rs A G\n" for c in CHROMOSOMES))
    psam.write_text("#IID SEX\n" + "".join(f"{name} 1\n" for name in PEOPLE))
    body = b"\0" + bytes(len(CHROMOSOMES) * -(-SAMPLES // 4))
    pgen.write_bytes(b"\x6c\x1b\x02" + struct.pack("<2I", len(CHROMOSOMES), SAMPLES) + body)
    assert read_pgen(pgen, pvar, psam).samples == SAMPLES
    pgen.write_bytes(pgen.read_bytes()[:-1])
    with pytest.raises(GenotypesError, match="its header says"):
        read_pgen(pgen, pvar, psam)
    pgen.write_bytes(b"\x6c\x1b\x02" + struct.pack("<2I", count, people) + body)
    with pytest.raises(GenotypesError, match="variants of"):
        read_pgen(pgen, pvar, psam)


TABLES = {
    "no header": ("a b Y1\nF S0 1\n", "does not begin with FID and IID"),
    "decimal comma": ("FID IID Y1\nF S0 1,5\n", "cut it at the comma"),
    "text": ("FID IID Y1\nF S0 high\n", "`high` of Y1 is no number"),
    "a column twice": ("FID IID Y1 Y1\nF S0 1 2\n", "two columns are called Y1"),
    "a sample twice": ("FID IID Y1\nF S0 1\nF S0 2\n", "line 3: sample S0 is there twice"),
    "a short row": ("FID IID Y1 Y2\nF S0 1\n", "line 2: 3 columns, where the header has 4"),
    "commas": ("FID,IID,Y1\nF,S0,1\n", "does not begin with FID and IID"),
    "empty": ("", "does not begin with FID and IID"),
}


@pytest.mark.parametrize("what", TABLES)
def test_a_table_that_would_be_misread_is_refused_with_its_line(tmp_path, what) -> None:
    text, sentence = TABLES[what]
    (tmp_path / "pheno.txt").write_text(text)
    with pytest.raises(TableError, match=r"^pheno\.txt") as error:
        read_table(tmp_path / "pheno.txt")
    assert sentence in str(error.value)


def test_columns_that_are_not_used_may_be_anything(tmp_path) -> None:
    (tmp_path / "t.txt").write_text("FID IID Y1 note batch\nF S0 NA x,y b1\nF S1 1e-3 z b2\n")
    assert read_table(tmp_path / "t.txt", ["Y1"]).columns == ("Y1", "note", "batch")
    assert len(read_table(tmp_path / "t.txt", ["Y1", "batch"], ["batch"]).samples) == 2
    with pytest.raises(TableError, match="has no column Y9"):
        read_table(tmp_path / "t.txt", ["Y1", "Y9"])


def test_what_a_command_asks_for_is_counted_from_its_inputs(tmp_path) -> None:
    write_bgen(tmp_path)
    (tmp_path / "pheno.txt").write_text("FID IID Y1 Y2\n" + "".join(f"F {name} 1 0\n" for name in PEOPLE))
    found = check(BGEN, tmp_path)
    assert not found.problems
    assert (found.asked.traits, found.asked.variants, found.asked.samples) == (("Y1", "Y2"), 35, 10)
    assert check([*BGEN, "--chr", "X"], tmp_path).asked.variants == 5
    (tmp_path / "batch.txt").write_text("rs1\nrs2\n")
    assert check([*BGEN, "--extract", "batch.txt"], tmp_path).asked.variants == 2
    assert check([*BGEN, "--nb", "5"], tmp_path).asked.variants is None


@pytest.mark.parametrize(("people", "narrowed"), [(PEOPLE, False), (PEOPLE[:4], True)])
def test_phenotypes_of_a_part_of_the_samples_narrow_them_on_purpose(tmp_path, people, narrowed) -> None:
    write_bgen(tmp_path)
    (tmp_path / "pheno.txt").write_text("FID IID Y1\n" + "".join(f"F {name} 1\n" for name in people))
    assert check(BGEN, tmp_path).asked.picks_samples == narrowed


def test_all_that_is_wrong_is_named_at_once(tmp_path) -> None:
    write_bgen(tmp_path)
    (tmp_path / "g.sample").unlink()
    (tmp_path / "pheno.txt").write_text("FID IID Y1\nF S0 1,5\n")
    found = check(BGEN, tmp_path).problems
    assert [problem.category for problem in found] == ["input_missing", "input_unreadable"]


def test_predictions_are_looked_at_before_they_are_used(tmp_path) -> None:
    write_bgen(tmp_path)
    (tmp_path / "pheno.txt").write_text("FID IID Y1 Y2\nF S0 1 0\n")
    loco = "FID_IID F_S0\n" + "".join(f"{n} 0.5\n" for n in range(1, LOCO_ROWS + 1))
    (tmp_path / "s1_1.loco").write_text(loco)
    (tmp_path / "s1_pred.list").write_text("Y1 s1_1.loco\n")
    argv = [*BGEN, "--pred", "s1_pred.list"]
    assert [problem.sentence for problem in check(argv, tmp_path).problems] == [
        "s1_pred.list names no predictions of Y2, so it would be left out."
    ]
    for damaged in (loco.replace("0.5", "-nan"), loco[:-20]):
        (tmp_path / "s1_1.loco").write_text(damaged)
        assert any("s1_1.loco is no whole file" in problem.sentence for problem in check(argv, tmp_path).problems)
