"""association-report: tables of regenie and PLINK as one, what is drawn of them, and what is refused."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest
from PIL import Image

from platerunner_unit.imaging import association_report as drawn

REGENIE = "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ N TEST BETA SE CHISQ LOG10P EXTRA"
PLINK2 = "#CHROM\tPOS\tID\tREF\tALT\tA1\tTEST\tOBS_CT\tBETA\tSE\tT_STAT\tP\tERRCODE"
PLINK1 = " CHR         SNP         BP    NMISS       BETA         SE         R2        T            P "


def regenie(chrom, place, log10p, test="ADD"):
    return f"{chrom} {place} rs{chrom}_{place} A G 0.3 500 {test} 0.1 0.1 1 {log10p} NA"


def plink2(chrom, place, p, test="ADD"):
    return f"{chrom}\t{place}\trs{chrom}_{place}\tA\tG\tG\t{test}\t500\t0.1\t0.1\t1\t{p}\t."


def plink1(chrom, place, p):
    return f"   {chrom}  rs{chrom}_{place}   {place}   500   0.1   0.1   0.01   1   {p} "


FORMS = {"regenie": (REGENIE, regenie, str), "plink2": (PLINK2, plink2, None), "plink1.9": (PLINK1, plink1, None)}


def table(bench, name, header, rows):
    text = "\n".join([header, *rows]) + "\n"
    if name.endswith(".gz"):
        (bench.folder / name).write_bytes(gzip.compress(text.encode()))
        return bench.folder / name, {}
    return bench.table(name, text)


def report(bench, tables, merged="all.tsv"):
    """The rows of the merged table, and the summary."""
    names = {"merged": merged, "manhattan": "m.png", "qq": "q.png", "summary": "s.json"}
    outputs = {name: [bench.out(file)] for name, file in names.items()}
    assert bench.run("association-report", {"tests": tables}, outputs) == 0
    content = outputs["merged"][0][0].read_bytes()
    rows = (gzip.decompress(content) if merged.endswith(".gz") else content).decode().splitlines()
    return rows, json.loads(outputs["summary"][0][0].read_text())


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_each_program_become_one(bench, form):
    header, row, log = FORMS[form]
    value = (lambda p: -math.log10(p)) if log else (lambda p: p)
    tables = [
        table(bench, "chr2.txt", header, [row(2, 10, value(0.5)), row(2, 20, value(1e-9))]),
        table(bench, "chr10.txt", header, [row(10, 5, "NA"), row(10, 6, value(0.25))]),
    ]
    rows, told = report(bench, tables)
    assert rows[0] == header
    assert [line.split()[1 if form == "plink1.9" else 2] for line in rows[1:]] == [
        "rs2_10",
        "rs2_20",
        "rs10_5",
        "rs10_6",
    ]
    assert (told["tests"], told["without_p"], told["hits"]) == (3, 1, 1)
    assert told["best"][0] == {"name": "rs2_20", "chrom": "2", "place": 20, "log10p": 9.0}
    # The median p is 0.25, at 1.3233 of a chi-squared variable whose own median is 0.4549.
    assert told["lambda"] == pytest.approx(1.3233 / 0.4549, abs=1e-3)


def test_packed_tables_are_read_and_written(bench):
    tables = [table(bench, f"chr{n}.gz", REGENIE, [regenie(n, 1, 0.3)]) for n in (1, 2)]
    rows, told = report(bench, tables, merged="all.tsv.gz")
    assert (len(rows), told["tests"]) == (3, 2)


def test_only_a_variants_own_effect_is_drawn(bench):
    tables = [table(bench, "a.txt", PLINK2, [plink2(1, 1, 0.5), plink2(1, 1, 1e-30, "AGE")])]
    rows, told = report(bench, tables)
    assert (len(rows), told["tests"], told["hits"]) == (3, 1, 0)


def test_batches_of_a_chromosome_are_one_chromosome(bench):
    tables = [table(bench, f"b{n}.txt", REGENIE, [regenie(7, n, 0.1)]) for n in (1, 2, 3)]
    assert [best["chrom"] for best in report(bench, tables)[1]["best"]] == ["7"]


def test_p_too_small_for_a_number_is_the_smallest_there_is(bench):
    _, told = report(bench, [table(bench, "a.txt", PLINK2, [plink2(1, 1, "0"), plink2(1, 2, "1")])])
    assert told["best"][0]["log10p"] == pytest.approx(323.306, abs=1e-2)


def test_a_hit_stands_above_the_line_at_its_chromosome(bench):
    rows = [regenie(chrom, place, 0.4) for chrom in (1, 2) for place in range(1, 200)]
    rows[300] = regenie(2, 102, 12)
    report(bench, [table(bench, "a.txt", REGENIE, rows)])
    pixels = np.asarray(Image.open(bench.folder / "out/m.png").convert("RGB")).astype(int)
    points = (pixels == drawn.SHADES[1]).all(2)[drawn.TOP : drawn.TOP + 60]
    across = np.flatnonzero(points.any(0))
    assert 0.7 * pixels.shape[1] < across.min() <= across.max() < 0.8 * pixels.shape[1]


def test_without_any_effect_the_points_of_the_qq_plot_follow_the_line(bench):
    log10p = -np.log10((np.arange(500) + 0.5) / 500)
    _, told = report(bench, [table(bench, "a.txt", REGENIE, [regenie(1, n, p) for n, p in enumerate(log10p, 1)])])
    assert told["lambda"] == pytest.approx(1, abs=0.01)
    pixels = np.asarray(Image.open(bench.folder / "out/q.png").convert("RGB")).astype(int)
    down, across = np.nonzero((pixels == drawn.SHADES[0]).all(2))
    assert np.ptp(down - across * -1.0 * np.ptp(down) / np.ptp(across)) < 12


def test_same_tables_same_bytes(bench):
    tables = [table(bench, "a.txt", REGENIE, [regenie(1, n, n / 10) for n in range(50)])]
    report(bench, tables)
    first = [(bench.folder / "out" / name).read_bytes() for name in ("m.png", "q.png")]
    report(bench, tables)
    assert [(bench.folder / "out" / name).read_bytes() for name in ("m.png", "q.png")] == first


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.txt": ["A B C", "1 2 3"]}, "a.txt: line 1 is no header of association tests"),
        ({"a.txt": [REGENIE, regenie(1, 2, 0.3)[:-9]]}, "a.txt: line 2: 10 columns, where the header has 13"),
        ({"a.txt": [REGENIE, regenie(1, 2, "0,3")]}, "a.txt: line 2: `0,3` is no number"),
        ({"a.txt": [REGENIE, regenie(1, 2, -3)]}, "a.txt: line 2: -3 is no negative logarithm of a p"),
        ({"a.txt": [PLINK2, plink2(1, 2, 1.5)]}, "a.txt: line 2: 1.5 is no p"),
        ({"a.txt": [REGENIE, regenie(1, 2, "NA")]}, "no test has a p"),
        ({"a.txt": [REGENIE, regenie(1, 2, 1)], "b.txt": [PLINK2, plink2(2, 2, 1)]}, "b.txt has other columns than a"),
        (
            {"a.txt": [REGENIE, regenie(1, 2, 1), regenie(2, 2, 1), regenie(1, 3, 1)]},
            "a.txt: line 4: the rows of chromosome 1 do not stand together",
        ),
        ({"a.txt": [""]}, "a.txt: line 1 is no header"),
    ],
)
def test_what_is_no_table_of_tests_is_told_with_its_line(bench, files, said):
    tables = [bench.table(name, "\n".join(lines) + "\n") for name, lines in files.items()]
    assert said in bench.refusal("association-report", {"tests": tables}, {"manhattan": [bench.out("m.png")]})
