"""Steps whose units follow from the spec and the params, not from files."""

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.spec.loader import load_text
from platerunner.spec.problems import SpecError

# Two steps of a GWAS: jobs by a param, chromosomes by name, and no raw file.
SPEC = """\
version: 1
pipeline: gwas
workspace: "{{ workspace_root }}/gwas"
params:
  jobs: {type: integer, default: 3, minimum: 1}
  traits: {type: array, items: {type: string}, default: [bmi, height]}
steps:
  split:
    module: command
    image: base:latest
    foreach: {job: {range: [1, "{{ params.jobs }}"]}}
    with: {argv: [sh, -c, 'echo "$1" > "$0"', "{outputs.part}", "{values.job}"]}
    outputs: {part: "parts/{job}.txt"}
  fit:
    module: command
    image: base:latest
    foreach: {job: inputs, trait: "{{ params.traits }}"}
    inputs: {part: split.part}
    with: {argv: [sh, -c, 'echo "$1" "$(cat "$2")" > "$0"', "{outputs.fit}", "{values.trait}", "{inputs.part}"]}
    outputs: {fit: "fit/{trait}_{job}.txt"}
  test:
    module: command
    image: base:latest
    foreach: {chrom: [1, 22, X]}
    inputs: {fits: fit.fit}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.all}", "{inputs.fits}"]}
    outputs: {all: "chr{chrom}.txt"}
"""


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gwas.yaml").write_text(SPEC)
    roots = ["--data-root", str(tmp_path / "none"), "--workspace-root", str(tmp_path / "work")]

    def run(name, *args):
        return CliRunner().invoke(app, [name, "gwas.yaml", *roots, *args])

    return run


def test_units_follow_from_lists_ranges_and_params(command):
    said = command("plan").stdout
    assert "split: 0 done, 3 pending" in said
    assert "fit: 0 done, 6 pending" in said
    assert "test: 0 done, 3 pending" in said
    assert "test  pending  chrom=X: after fit" in said
    assert "fit: 0 done, 5 pending" in command("plan", "--param", "jobs=5", "--param", "traits=[bmi]").stdout


def test_a_param_that_is_no_list_is_refused_in_its_line(tmp_path, command):
    (tmp_path / "gwas.yaml").write_text(SPEC.replace("{{ params.traits }}", "{{ params.jobs }}"))
    done = command("plan")
    assert (done.exit_code, "gwas.yaml:17: {trait} of fit is `3`, no list of values" in done.stderr) == (2, True)


@pytest.mark.parametrize("traits", ["[a/b]", "['']", "[..]"])
def test_a_value_that_no_file_can_have_is_refused(command, traits):
    done = command("plan", "--param", f"traits={traits}")
    assert (done.exit_code, "gwas.yaml:17: {trait}: " in done.stderr) == (2, True)


@pytest.mark.slow
def test_it_runs_and_a_new_value_runs_alone(tmp_path, command):
    limited = SPEC.replace("  fit:\n", "    limits: {licences: 2}\n  fit:\n")
    (tmp_path / "gwas.yaml").write_text(limited)
    assert "split: each job holds one of 2 `licences`" in command("plan").stdout
    first = command("run", "--local")
    assert first.exit_code == 0, first.output
    assert (tmp_path / "work/gwas/chrX.txt").read_text() == "".join(
        f"{trait} {job}\n" for trait in ("bmi", "height") for job in (1, 2, 3)
    )
    said = command("plan", "--local", "--param", "jobs=4").stdout
    assert "split: 3 done, 1 pending" in said
    assert "fit: 6 done, 2 pending" in said
    assert "test: 0 done, 3 pending" in said


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("[1, 22, X]", "chrom", 24, "`chrom` is one text, no list of values"),
        ("[1, 22, X]", "[1, a/b]", 24, "`a/b` is not usable"),
        ("[1, 22, X]", "{range: [3, 1]}", 24, "the range of `chrom` ends before it begins"),
        ("[1, 22, X]", "[]", 24, "at least 1 item"),
        ("[1, 22, X]", "[1, 1]", 24, "is there twice"),
        ("[1, 22, X]", "inputs", 24, "no input of `test` supplies `{chrom}`"),
        ("{fits: fit.fit}", "{fits: dataset.raw}", 1, "the file has no `dataset`"),
        ("chr{chrom}.txt", "all.txt", 27, "several units would write the same file"),
        ("{chrom: [1, 22, X]}", "chrom", 24, "`steps.test.foreach` should be a list"),
        ('"{{ params.traits }}"', '"{{ params.trait }}"', 17, "trait"),
    ],
)
def test_what_makes_no_sense_is_said_in_its_line(tmp_path, old, new, line, said):
    with pytest.raises(SpecError) as error:
        load_text(SPEC.replace(old, new), tmp_path / "gwas.yaml")
    problems = error.value.problems
    assert any(each.line == line and said in each.message for each in problems), problems
    assert len(problems) == 1


def test_branches_come_from_files(tmp_path):
    text = SPEC.replace("params:", 'split: plate\ndataset: {root: x, files: {raw: "{plate}.txt"}}\nparams:').replace(
        "{chrom: [1, 22, X]}", "{plate: [P1]}"
    )
    with pytest.raises(SpecError, match="come from the files, not from `foreach`"):
        load_text(text.replace("{chrom}", "{plate}"), tmp_path / "gwas.yaml")


DOSES = "compound;dose;note\nDMSO;0;\ntaxol;0.1;twice\ntaxol;1;\ntaxol;1;again\n"
BY_ROWS = SPEC.replace("{chrom: [1, 22, X]}", "{drug: {table: doses.csv, column: compound}, dose: {table: doses.csv}}")
BY_ROWS = BY_ROWS.replace("chr{chrom}.txt", "{drug}_{dose}.txt")


def test_rows_of_a_table_are_units_and_not_each_value_with_each(tmp_path, command):
    (tmp_path / "gwas.yaml").write_text(BY_ROWS)
    (tmp_path / "doses.csv").write_text(DOSES)
    said = command("plan").stdout
    assert "test: 0 done, 3 pending" in said
    for unit in ("drug=DMSO/dose=0", "drug=taxol/dose=0.1", "drug=taxol/dose=1"):
        assert f"test  pending  {unit}" in said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, "there is no file `doses.csv`"),
        (b"", "`doses.csv` is empty. Write the names of its columns, and below them its rows."),
        (b"compound,dose\n", "`doses.csv` has no row below its header"),
        (b"compound,Dose\nx,1\n", "`doses.csv` has no column `dose`. Did you mean `Dose`?"),
        (b"compound,dose\nx,1\n\ny,\n", "`doses.csv`: line 4 has no `dose`"),
        (b"compound,dose\nx,1/2\n", "`doses.csv`: line 2, `dose`: `1/2` is not usable"),
        (b"compound,dose\n\xb5,1\n", "`doses.csv`: line 2 is no UTF-8. Save the table as `CSV UTF-8`."),
        (b'compound,dose\n"x"y,1\n', "`doses.csv`: line 2: text follows the quote that closes a cell. Write a quote"),
    ],
)
def test_a_table_that_makes_no_units_is_said_with_its_line(tmp_path, table, said):
    if table is not None:
        (tmp_path / "doses.csv").write_bytes(table)
    with pytest.raises(SpecError) as error:
        load_text(BY_ROWS, tmp_path / "gwas.yaml")
    (problem,) = error.value.problems
    assert problem.line == 24
    assert said in f"{problem.message}. {problem.remedy}"
