from platerunner.cli.run.unanswered import Unanswered


def test_gates_are_named_in_the_order_of_their_plates_whoever_asked_first():
    unanswered = Unanswered()
    for plate in ("P10", "P2", "P1"):
        unanswered.add("check", f"check of plate={plate}")
    assert unanswered.sentence().startswith(
        "3 gates wait for a person: check of plate=P1, check of plate=P2, check of plate=P10. Look at the pictures, "
        "then run the same command with `--approve check`"
    )
