"""What a step tells OpenLineage of where it read and wrote."""

from tests.lab import GOOD, aws, lab  # noqa: F401

from platerunner.operators.open_lineage import Place, places_of


def test_a_step_names_the_folders_that_it_read_and_wrote(lab):  # noqa: F811
    lab.write(A01=GOOD)
    read, written = places_of(lab.run())
    assert read == [Place("file", str(lab.folder / "data"))]
    assert written == [Place("file", str(lab.folder / "workspace/made"))]
