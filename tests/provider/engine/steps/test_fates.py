"""Each fate of a SubmitJob with real processes, as ``engine/steps/test_any_sequence.py`` has any sequence of them."""

import contextlib
import io
import json

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from tests import lab as labs
from tests.provider.engine.steps.any_sequence import FATES

from platerunner.batch.model import BatchError
from platerunner.engine.planning.model import UnitState
from platerunner.engine.steps.digest import is_red

REFUSALS = {"refused": (400, "ClientException"), "throttled": (429, "TooManyRequestsException")}


class Killed(BaseException):
    """Stands for SIGKILL."""


class Body(io.BytesIO):
    """An answer's body, as urllib3 hands it over."""

    def stream(self):
        yield self.read()


def befall(batch, fate):
    """Let this become of the client's next SubmitJob; what is taken goes to the embedded cloud and really runs."""
    fates = [fate]

    def before_send(request, **_):
        fate = fates.pop() if fates else "answered"
        if fate == "answered":
            return None
        if fate in REFUSALS:
            status, code = REFUSALS[fate]
            headers = {"x-amzn-errortype": code, "content-type": "application/json"}
            return AWSResponse(request.url, status, headers, Body(json.dumps({"message": "not now"}).encode()))
        if fate in ("silent, taken", "killed after"):
            URLLib3Session().send(request)
        raise Killed if fate.startswith("killed") else ReadTimeoutError(endpoint_url=request.url)

    batch.meta.events.register("before-send.batch.SubmitJob", before_send)
    return fates


@pytest.mark.slow
@pytest.mark.parametrize("fate", FATES)
def test_a_submission_then_a_fixed_spec_and_a_cleared_task_run_each_unit_once(lab, monkeypatch, fate):
    def fix(version):
        changed = before.replace('"{{outputs.made}}"]', f'"{{{{outputs.made}}}}", {version}]')
        assert changed != before
        monkeypatch.setattr(labs, "SPEC", changed)

    before, ran = labs.SPEC, lab.folder / "ran"
    fix("v1")
    lab.write(**dict.fromkeys(("A01", "A02"), f'echo "$0 $2" >> {ran}\necho "$2" > "$1"\n'))
    run = lab.run()
    fates = befall(run.scope.hook.batch, fate)
    ends_badly = fate == "refused" or fate.startswith("killed")
    with pytest.raises((BatchError, Killed)) if ends_badly else contextlib.nullcontext():
        run.start()
    assert fates == [], "it has befallen a call"
    fix("v2")
    result, failed = lab.to_the_end()
    assert not is_red(result, failed, 0)
    assert not lab.run().scope.plan().of(UnitState.PENDING)
    lines = ran.read_text().split("\n")[:-1]
    assert len(lines) == len(set(lines)), "nothing ran twice"
    assert sum(line.endswith(" v2") for line in lines) == 2
    assert (len(lines) == 4) == (fate not in ("refused", "killed before")), "what AWS took has run, and nothing else"
