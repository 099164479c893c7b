"""Which of two troubles is reported, whichever came first: a lab acts on one sentence, so it has to be the one that helps."""

# ruff: noqa: E501  (sentences stand in one piece)

import pytest

from platerunner_unit.contract.evidence import BatchEvidence, Evidence, LogMatch, OutputFound, PreflightProblem
from platerunner_unit.contract.transfer import TransferFailure
from platerunner_unit.judge import judge
from platerunner_unit.log.detector import Detector

PREPARE = """Traceback (most recent call last):
  File "cellprofiler_core/modules/loaddata.py", line 9, in prepare_run
    x
  File "cellprofiler_core/modules/loaddata.py", line 9, in load_data_file
    x
"""
# What CellProfiler's log says, what helps more comes first: of any line and the one below it, the upper one is reported.
# Resources explain whatever else went wrong, then what the storage answered; a file that is named comes before a table,
# a table before an image, an image before the pipeline; a crash or an interrupt is what is left to say.
CELLPROFILER = [
    ("memory", "MemoryError"),
    ("disk", "OSError: [Errno 28] No space left on device"),
    ("done_file_unwritable", 'fd = open(options.done_file, "wt")'),
    ("cloud_denied", "botocore.exceptions.NoCredentialsError: Unable to locate credentials"),
    ("throttled", "An error occurred (SlowDown) when calling the GetObject operation: Please reduce your rate."),
    ("network", "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>"),
    ("http_missing", "botocore.exceptions.ClientError: An error occurred (404) when calling the HeadObject operation"),
    ("overwrite_refused", "ValueError: SaveImages: trying to overwrite /out/a.tiff in headless mode, but"),
    ("read_only", "OSError: [Errno 30] Read-only file system: '/out/a.npy'"),
    ("image_missing", 'FileNotFoundError: [Errno 2] The file, "/images/A02.tif", does not exist.'),
    ("folder_missing", "OSError: Test for access to directory failed. Directory: /nowhere."),
    ("pipeline_file_missing", "OSError: Could not find file, /data/nope.cppipe"),
    ("java_unencodable", "java.io.FileNotFoundException: /data/Plaque??_A01.tif (No such file or directory)"),
    ("unencodable", "UnicodeEncodeError: 'ascii' codec can't encode characters in position 21-22"),
    ("mysql_missing", "NameError: name 'MySQLdb' is not defined"),
    ("csv_no_rows", PREPARE + "ValueError: zero-size array to reduction operation maximum which has no identity"),
    ("csv_row", "ValueError: Error on line 6 of load_data.csv."),
    ("csv_header", "ValueError: LoadData needs a FileName_DNA column to match the PathName_DNA column"),
    ("csv_empty", PREPARE + "StopIteration"),
    ("csv_broken", "_csv.Error: line contains NUL"),
    ("image_unreadable", "OSError: [Errno 22] Could not load the file as an image (see log for details): b'/d/a.tif'"),
    ("image_damaged", "loci.formats.UnknownFormatException: Unknown file format: /data/a.tif"),
    ("array_cut", PREPARE + "ValueError: cannot reshape array of size 1000 into shape (64,64)"),
    ("image_kind", "ValueError: Image must be grayscale, but it was color"),
    ("module_unknown", "ValueError: Could not find the MeasureQuantumFoam module"),
    ("pipeline_version", "ValueError: Pipeline file version is 7."),
    ("pipeline_text", "ValueError: Pipeline file unexpectedly truncated before module section"),
    ("hdf5_damaged", "OSError: Unable to open file (truncated file: eof = 278480, sblock->base_addr = 0)"),
    ("name_missing", "ValueError: The DNA image is missing from the pipeline."),
    ("measurement_missing", "KeyError: 'Feature AreaShape_Area for Nuclei not found'"),
    ("three_d", "The pipeline contains modules which do not support 3D processing:"),
    ("grouping_keys", "ValueError: The grouping keys specified on the command line (A) must be those of (B)"),
    ("usage", "cellprofiler: error: no such option: --frobnicate"),
    ("java_missing", "Failed to create Java VM"),
    ("image_library", "/bin/sh: 1: cellprofiler: command not found"),
    ("set_dropped", "Error for image set, channel=P1 / A02, metadata=GFP: it has no match"),
    ("nothing_selected", "The pipeline did not identify any image sets."),
    ("path_missing", "FileNotFoundError: [Errno 2] No such file or directory: '/data/nolist.txt'"),
    ("native_crash", "# A fatal error has been detected by the Java Runtime Environment:"),
    ("keyboard_interrupt", "KeyboardInterrupt"),
    ("dimensions", "Warning: loading image files of different dimensions."),
    ("pipeline_exception", "pipeline_exception"),
]
# The same of any other command: CellProfiler's words mean nothing there, two others do.
COMMAND = [
    ("java_missing", "Failed to create Java VM"),
    ("image_library", "/bin/sh: 1: convert: command not found"),
    ("arguments_too_long", "sh: 1: convert: Argument list too long"),
    ("package_missing", "ModuleNotFoundError: No module named 'cellpose'"),
    ("path_missing", "FileNotFoundError: [Errno 2] No such file or directory: '/data/nolist.txt'"),
    ("native_crash", "Segmentation fault"),
]
# Where CellProfiler says that it failed: the first of these that is in the log is reported, with its own exception.
MARKS = [
    ("module_error", "Error detected during run of module SaveImages", "SaveImages failed"),
    ("load_data_error", "Failed to prepare run for module LoadData", "LoadData could not use its CSV file"),
    ("prepare_run_error", "Failed to prepare run for module Crop", "Crop could not begin"),
    ("prepare_group_error", "Failed to prepare group in module Crop", "Crop could not begin a group"),
    ("post_group_error", "Failed during post-group processing for module Crop", "Crop failed at the end of a group"),
    ("post_run_error", "Failed to complete post_run processing for module Crop", "Crop failed after the last image"),
    ("batch_info_error", "Failed to collect batch information for module Crop", "Crop could not be prepared for b"),
    ("database_error", "Failed to write measurements to database", "ExportToDatabase could not write its rows"),
    ("load_error", "Failed to load pipeline", "A module of the pipeline could not be loaded"),
]


def matches(*lines):
    detector = Detector()
    detector.feed("".join(f"{line}\n" for line in lines).encode())
    return detector.matches


def neighbours(rows):
    return [pytest.param(*pair, id=f"{pair[0][0]}-{pair[1][0]}") for pair in zip(rows, rows[1:])]  # noqa: B905, RUF007


@pytest.mark.parametrize(("stronger", "weaker"), neighbours(CELLPROFILER))
def test_of_two_causes_in_cellprofilers_log(stronger, weaker):
    for lines in ((stronger[1], weaker[1]), (weaker[1], stronger[1])):
        # Lines alone: where a traceback stood is another matter, see test_causes.py.
        found = tuple(match for match in matches(*lines) if match.rule != "exception")
        assert judge(Evidence(tool="cellprofiler", exit_code=1, matches=found)).line == stronger[1].split("\n")[-1]


@pytest.mark.parametrize(("stronger", "weaker"), neighbours(COMMAND))
def test_of_two_causes_in_a_commands_log(stronger, weaker):
    for lines in ((stronger[1], weaker[1]), (weaker[1], stronger[1])):
        assert judge(Evidence(tool="command", exit_code=1, matches=matches(*lines))).line == stronger[1]


@pytest.mark.parametrize(("stronger", "weaker"), neighbours(MARKS))
def test_of_two_places_where_cellprofiler_failed(stronger, weaker):
    for lines in ((stronger[1], weaker[1]), (weaker[1], stronger[1])):
        verdict = judge(Evidence(tool="cellprofiler", exit_code=1, sets_started=(1,), matches=matches(*lines)))
        assert verdict.line == stronger[1]
        assert verdict.sentence.startswith(stronger[2])


def found(rule, line, number=10, **more):
    return LogMatch(rule, line, number, **more)


# What else the evidence may hold, the more telling first; each row makes the one above it true as well.
RUN = Evidence(
    tool="cellprofiler", exit_code=1, sets_asked=(1, 2), sets_started=(1, 2), sets_finished=(1,),
    done_file_asked=True, done_file="Failure", outputs=(OutputFound("a.csv", None),),
)  # fmt: skip
TRANSFER = {"transfers": (TransferFailure("denied", "s3://b/k", "AccessDenied", "s3://b/k: access denied"),)}
PREFLIGHT = {"preflight": (PreflightProblem("input_unreadable", "a.tif is cut off."),)}
MEMORY = {"matches": (found("memory", "MemoryError"),)}
PAIRS = [
    ("access_denied", TRANSFER, PREFLIGHT),
    ("input_unreadable", PREFLIGHT, {"oom_kills": 1}),
    ("out_of_memory", {"oom_kills": 1}, {"started": False}),
    ("misconfigured", {"started": False}, MEMORY),
    ("out_of_memory", MEMORY, {"stopped_by": "timeout"}),
    ("timed_out", {"stopped_by": "timeout"}, {"disk_free": 0}),
    ("out_of_disk", {"disk_free": 0}, {"module_blocks": 3, "module_count": 4}),
    ("pipeline_invalid", {"module_blocks": 3, "module_count": 4}, {"matches": (found("csv_row", "Error on line 6 of a"),)}),
    ("input_unreadable", {"matches": (found("csv_row", "Error on line 6 of a"),)}, {"exit_code": -11}),
    ("tool_error", {"exit_code": -11}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("category", "stronger", "weaker"), PAIRS, ids=[row[0] for row in PAIRS])
def test_of_two_kinds_of_evidence(category, stronger, weaker):
    assert judge(Evidence(**{**vars(RUN), **weaker, **stronger})).category == category


LOST = Evidence(
    tool="cellprofiler", exit_code=0, done_file_asked=True, done_file="Complete", sets_asked=(1, 2, 3), sets_started=(1, 2, 3),
    sets_finished=(1, 3), sets_in_table=(1, 3), reached=((1, 4), (2, 3), (3, 4)), outputs=(OutputFound("a.csv", 9),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("names_changed", {"names_at_risk": ("plate 0512 as 512",), "flags": (3,)}),
        ("flagged", {"flags": (3,)}),
        ("skipped", {"outputs": (OutputFound("a.csv", 9), OutputFound("b.csv", None))}),
        ("vanished", {"done_file": None, "sets_started": (1, 2), "sets_finished": (1,), "sets_in_table": None}),
        ("vanished", {"done_file": None, "outputs": (OutputFound("a.csv", None),)}),
        ("output_missing", {"sets_finished": (1, 2, 3), "sets_in_table": None, "outputs": (OutputFound("a", None),)}),
        (
            "nothing_matched",
            {
                "sets_asked": (),
                "sets_started": (),
                "sets_finished": (),
                "sets_in_table": (),
                "names_at_risk": ("a as b",),
            },
        ),
        (
            "nothing_matched",
            {"sets_started": (), "sets_finished": (), "sets_in_table": None, "outputs": (OutputFound("a", None),)},
        ),
    ],
)
def test_of_two_ends_of_a_run_that_fell_short(rule, change):
    evidence = Evidence(**{**vars(LOST), **change})
    assert judge(evidence).rule == rule


# What AWS says, the more telling first: the host, the container's own end, then by place from the image to the start.
# With any sentence in the container's reason and the one below in the job's, and the other way round, the upper is reported.
PULL, INIT, START = "CannotPullContainerError: ", "ResourceInitializationError: ", "CannotStartContainerError: "
BATCH = [
    ("fargate_spot", "Your Spot Task was interrupted."),
    ("spot", "Host EC2 (instance i-0abc) terminated."),
    ("maintenance", "ECS is performing maintenance on the underlying infrastructure hosting the task."),
    ("memory", "OutOfMemoryError: Container killed due to memory usage"),
    ("timeout", "Job attempt duration exceeded timeout"),
    ("misconfigured", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x"),
    ("action_required", "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."),
    ("undetermined", "UNDETERMINED - Batch job is blocked, root cause is undetermined."),
    ("capacity", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - x"),
    ("image_disk", PULL + "write /var/lib/docker/tmp: no space left on device"),
    ("image_login", PULL + "Your authorization token has expired."),
    ("image_throttled", PULL + "toomanyrequests: You have reached your pull rate limit"),
    ("image_denied", PULL + "pull access denied for x"),
    ("image_name_not_resolved", PULL + "lookup x: no such host"),
    ("image_absent", PULL + "manifest unknown"),
    ("image_certificate", PULL + "x509: certificate signed by unknown authority"),
    ("image_pull", PULL + "i/o timeout"),
    ("interface_throttled", "Unexpected EC2 error while attempting to Create Network Interface: RequestLimitExceeded"),
    ("interface_denied", "Unexpected EC2 error while attempting to Create Network Interface: UnauthorizedOperation"),
    ("interface_misconfigured", "Unexpected EC2 error while attempting to tag it: TagPolicyViolation"),
    ("interface", "Timeout waiting for network interface provisioning to complete."),
    ("resource_disk", INIT + "failed to create container model: write /x: no space left on device"),
    ("resource_login", INIT + "ExpiredTokenException: x"),
    ("resource_throttled", INIT + "ThrottlingException: Rate exceeded"),
    ("resource_access", INIT + "AccessDeniedException: x"),
    ("resource_absent", INIT + "ResourceNotFoundException: x"),
    ("resource_network", INIT + "context deadline exceeded"),
    ("resource_host", INIT + "cannot allocate memory"),
    ("resource", INIT + "retrieved secret did not contain json key x"),
    ("engine", "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s"),
    ("start_disk", START + "no space left on device"),
    ("start_throttled", START + "ThrottlingException: Rate exceeded"),
    ("start_denied", START + "AccessDeniedException: User is not authorized to perform: logs:CreateLogStream"),
    ("start_image_gone", START + "No such image: x"),
    ("start_host", START + "cannot allocate memory"),
    ("start_absent", START + "ResourceNotFoundException: The specified log group does not exist."),
    ("start_program", START + 'exec: "x": executable file not found in $PATH'),
    ("start_network", START + "context deadline exceeded"),
    ("start", START + "invalid mount config for type"),
    ("agent_lost", "Service scheduler: container instance is in DRAINING state"),
    ("expired", "An error occurred (ExpiredTokenException) when calling the RunTask operation"),
    ("throttled", "An error occurred (TooManyRequestsException) when calling the SubmitJob operation"),
    ("aws_denied", "Fetching secret data: AccessDeniedException: User is not authorized to perform: ssm:GetParameters"),
    ("aws_failed", "ServerException: Service Unavailable. Please try again later."),
    ("aws_refused", "ClientException: Role is not valid"),
    ("aws_refused_request", "Error executing request, Exception : Role is not valid, RequestId: x"),
    ("dependency", "Dependent Job failed"),
]


@pytest.mark.parametrize(("stronger", "weaker"), neighbours(BATCH))
def test_of_two_sentences_of_aws(stronger, weaker):
    for status, container in ((stronger[1], weaker[1]), (weaker[1], stronger[1])):
        verdict = judge(Evidence(batch=BatchEvidence("FAILED", status, container)))
        assert (verdict.rule, verdict.line) == (stronger[0], stronger[1])
