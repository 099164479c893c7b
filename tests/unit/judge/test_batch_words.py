"""Every word by which AWS, registries and container engines call a cause, and every kind of name that is none."""

# ruff: noqa: E501, RUF001, SIM905  (the words of others)

import pytest

from platerunner_unit.contract.category import BY_EXIT_CODE
from platerunner_unit.contract.evidence import BatchEvidence, Evidence
from platerunner_unit.judge import batch_words as words
from platerunner_unit.judge import judge
from platerunner_unit.judge.batch_rules import BATCH_RULES
from platerunner_unit.judge.batch_words import Said

WORDS = {
    "MEMORY": "OutOfMemory x;OutOfMemoryError: x;Container killed due to memory usage;OOMKilled;OOM-killed;memory limit too low?",
    "DISK": "no space left on device;Thin Pool has 0 free data blocks;disk quota exceeded;not enough disk space;insufficient free storage space",
    "EXPIRED": "Your authorization token has expired;The security token included in the request is expired;credentials have expired;credentials are expired;session expired;signature expired;ExpiredTokenException: x;ExpiredToken;RequestExpired: x",
    "THROTTLED": "Throttling: x;ThrottlingException: x;ThrottledException;SlowDown;TooManyRequests;TooManyRequestsException;RequestLimitExceeded;RequestThrottledException;ProvisionedThroughputExceededException;LimitExceededException;Rate exceeded;your pull rate limit;too many requests;Too many concurrent attempts;reduce your request rate;status code: 429",
    "REFUSED": "AccessDenied;AccessDeniedException: x;UnauthorizedOperation;UnauthorizedException;NotAuthorized;NotAuthorizedException;UnrecognizedClientException;InvalidClientTokenId;AuthorizationHeaderMalformed;NoCredentialProviders: x;unable to assume the role x;unable to assume role x;unable to assume this service role;is not authorized to perform x;access denied by x;access denied exception;with an explicit deny;because no identity-based policy allows;status code: 401;status code: 403",
    "DENIED": "AccessDeniedException;pull access denied for x;access is denied;denied: x;was denied;not authorized;unauthorized: x;no basic auth credentials;authentication required;insufficient_scope: x;Forbidden;has the permissions to x;403 Forbidden",
    "ABSENT": "ResourceNotFoundException;ParameterNotFound;SecretNotFound;ClusterNotFoundException;RepositoryNotFoundException;ImageNotFoundException;NoSuchBucket;InvalidSubnetID.NotFound;FileSystemNotFound;AccessPointNotFound;can't find the specified secret;cant find the specified secret;does not exist;status code: 404",
    "NO_IMAGE": "ImageNotFoundException;not found;manifest unknown;name unknown;No such image;no matching manifest;invalid reference format;does not contain descriptor matching;cannot be used on this platform;no match for platform;404 Not Found",
    "NETWORK": "i/o timeout;connect time-out;timed out;context deadline exceeded;TLS handshake;connection refused;connection was reset;connection closed;connection issue;connection error;unexpected EOF;no such host;server misbehaving;network is unreachable;no route to host;temporarily x;temporary failure;failed to resolve x;netlink failure;context canceled;request was cancelled;operation canceled;RequestCanceled: x;signal: killed;send request failed;broken pipe;Service Unavailable;internal server error;bad gateway;please try again;your task network configuration;status code: 408;status code: 500;status code: 502;status code: 503;status code: 504",
    "HOST": "cannot allocate memory;resource temporarily unavailable;too many open files;input/output error;read-only file system;dm_task_run failed;device or resource busy;Cannot connect to the Docker daemon;transport is closing;ttrpc: closed;already in use by x;port is already allocated;address already x;structure needs cleaning;bad message;stale file handle;failed to create endpoint x;no available IPv4 addresses on it",
    "PROGRAM": "executable file not found;exec format error;no such file or directory;permission denied;operation not permitted;is a directory;not a directory;No command specified;invalid mount;not valid;unknown runtime;unknown user;unknown log driver;unknown flag;unknown option;unknown capability;unknown or runtime;unable to find user x;unable to find group x;no users found;no groups found;no matching entries;device driver;device information;nvidia-container-cli: x;minimum memory limit;range of CPUs;conflicting options;bad parameter;validate logger args;log-opt;log opt;did not contain json key;validation error(s);x509: x;certificate;OCI runtime x;runc create failed;not supported;unsupported x;EFS utils;env file;environment files;no logging driver;must be x;cannot be empty;cannot be null;is required;KMSInvalidStateException",
}  # fmt: skip
ALL = [(name, text) for name, texts in WORDS.items() for text in texts.split(";")]


@pytest.mark.parametrize(("name", "text"), ALL)
def test_each_word_for_a_cause(name: str, text: str) -> None:
    why = getattr(words, name)
    for said in (text, text.upper(), f"it was so: {text}", f"{text} and so on"):
        assert why.fits(Said.of(said)) or said.isupper()
    assert why.fits(Said.of(f"it was so:\n{text}\nand so on"))


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Task failed to start",
        "exit status 1",
        "nothing of note",
        "xthrottlings",
        "theof",
        "undeniable",
        "xOOMKilledx",
        "AccessDeniedly",
        "invalidity",
    ],
)
def test_no_cause_is_read_into_other_words(name: str, text: str) -> None:
    assert not getattr(words, name).fits(Said.of(text))


# Codes and words that are somebody's names when letters stand before or behind them: `ThrottlingHandler` throttles nobody.
WHOLE = {
    "MEMORY": "OutOfMemory OutOfMemoryError OOMKilled OOM-killed",
    "EXPIRED": "ExpiredToken ExpiredTokenException ExpiredException RequestExpired",
    "THROTTLED": "Throttling ThrottlingException ThrottledError SlowDown TooManyRequests TooManyRequestsException RequestLimitExceeded RequestThrottled RequestThrottledException ProvisionedThroughputExceededException LimitExceededException",
    "REFUSED": "AccessDenied AccessDeniedException UnauthorizedOperation UnauthorizedException NotAuthorized NotAuthorizedException UnrecognizedClientException InvalidClientTokenId AuthorizationHeaderMalformed NoCredentialProviders",
    "DENIED": "unauthorized forbidden AccessDenied",
    "ABSENT": "ResourceNotFound ParameterNotFoundException SecretNotFound ClusterNotFound RepositoryNotFound ImageNotFoundException FileSystemNotFound AccessPointNotFound",
    "NETWORK": "EOF",
    "PROGRAM": "invalid",
}  # fmt: skip


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, text in WHOLE.items() for word in text.split()])
def test_a_code_within_another_word_is_none(name: str, word: str) -> None:
    why = getattr(words, name)
    assert why.fits(Said.of(f"it met {word} there"))
    assert not why.fits(Said.of(f"it met q{word} there"))
    assert not why.fits(Said.of(f"it met {word}q there"))


@pytest.mark.parametrize(
    ("name", "text"),
    [("DENIED", "it was undenied: x"), ("ABSENT", "qNoSuchBucket"), ("PROGRAM", "qunknown runtime"), ("ABSENT", "qInvalidGroup.NotFound")],
)  # fmt: skip
def test_the_end_of_another_word_is_no_cause(name: str, text: str) -> None:
    assert not getattr(words, name).fits(Said.of(text))


@pytest.mark.parametrize(
    "text",
    [
        "qSpotInterruption", "SpotInterruptionHandler", "aFargate Spot", "Fargate Spotless", "the host EC2 (instance i-0a) terminated",
        "Host EC2q (instance i-0a) terminated", "Host EC2 (instance i-0a) unterminated", "a despot was interrupted", "spots were interrupted",
        "a word: CAPACITY:X", "qInsufficientCapacity", "qRESOURCE:CPU", "a ghost was lost", "hosts were lost", "it is notdependsOn", "dependsOnly",
        "it is said that an Array Child Job failed", "it is said that UNDETERMINED is it", "qHost EC2 (instance i-0a) terminated",
    ],
)  # fmt: skip
def test_a_sentence_that_is_nearly_one_of_aws_is_nobodys(text: str) -> None:
    assert judge(Evidence(batch=BatchEvidence("FAILED", "", text))).rule == "no_reason"


@pytest.mark.parametrize(
    "name",
    [
        "https://x.org/denied?a=not+found", "s3://bucket/access/denied", "arn:aws:iam::403:role/unauthorized", "sha256:404a",
        "lab/throttled:403", "/var/lib/denied:ro", "denied:403", "forbidden.example.org:443", "'unauthorized'", '"forbidden"',
        '\\"forbidden\\"', "‘forbidden’", "0a1b2c3d-0000-4000-8000-403403403403", "i-0unauthorized1", "subnet-0forbidden403",
        "403403403403", "a1b2c3d4e5f", "x:denied:403", "lab$denied/x", "lab/x$denied",
    ],
)  # fmt: skip
def test_a_name_has_no_meaning(name: str) -> None:
    said = Said.of(f"for {name} and {name}, so")
    assert said.words.replace(":403", "") == "for _ and _, so"
    assert (said.statuses, said.errors) == (frozenset(), ())
    assert said.text == f"for {name} and {name}, so"


@pytest.mark.parametrize(
    "text",
    ["i/o timeout", "the 12345678th of them", "input/output error", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "RESOURCE:ENI", "can't and won't", "a 403 of it", "CannotPullContainerError:context canceled"],
)  # fmt: skip
def test_a_word_is_no_name(text: str) -> None:
    assert Said.of(text).words == text


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("HTTP 403", {403}), ("HTTP/2 403", {403}), ("status 403", {403}), ("status: 403", {403}), ("status code: 403", {403}),
        ("status code 403", {403}), ("statusCode=403", {403}), ("StatusCode: 403", {403}), ("status code [manifests v3]: 403", {403}),
        ("status from HEAD request to https://x.org/403: 404", {404}), ("status from GET request: 404", {404}),
        ("response code: 403", {403}), ("API error (404): x", {404}), ("API error (500): x", set()), ("exit status 403", set()),
        ("HTTP status code 403", {403}), ("status code https://x.org/1: 429 Too Many Requests", {429}), ("status 4031", set()),
        ("400 Bad Request", {400}), ("401 Unauthorized", {401}), ("403 Forbidden", {403}), ("404 Not Found", {404}),
        ("408 Request Timeout", {408}), ("409 Conflict", {409}), ("429 Too Many Requests", {429}), ("503 Slow Down", {503}), ("xHTTP 403", set()),
        ("500 Internal Server Error", {500}), ("502 Bad Gateway", {502}), ("503 Service Unavailable", {503}),
        ("503 Service Temporarily Unavailable", {503}), ("504 Gateway Time-out", {504}), ("1403 Forbidden", set()),
        ("qstatus 403", set()), ("qresponse code: 403", set()), ("qAPI error (404): x", set()), ("403 Forbiddenly", set()),
        ("status code: 400, request id: 403", {400}), ("HTTP 503 then 403 Forbidden", {403, 503}),
    ],
)  # fmt: skip
def test_where_a_status_stands(text: str, statuses: set[int]) -> None:
    assert Said.of(text).statuses == statuses


@pytest.mark.parametrize(
    ("text", "errors"),
    [("CannotPullContainerError: x", ("CannotPullContainerError",)), ("AccessDeniedException", ("AccessDeniedException",)), ("qAgentError", ()), ("AgentErrors", ()), ("anError", ())],
)  # fmt: skip
def test_what_an_error_is_called(text: str, errors: tuple[str, ...]) -> None:
    assert Said.of(text).errors == errors


PLACES = [
    ("fargate_spot", "SpotInterruption: x"), ("fargate_spot", "SpotInterruptionError: x"), ("fargate_spot", "Fargate Spot took it"),
    ("spot", "Host EC2 (instance i-0a) stopped."), ("spot", "Host EC2 (instance i-0a) shut down"), ("spot", "Host EC2 (instance i-0a) rebooted"),
    ("spot", "the Spot instance was interrupted"), ("spot", "the Spot instance was terminated"), ("spot", "Spot reclaimed"),
    ("maintenance", "host maintenance"), ("maintenance", "instance maintenance"), ("maintenance", "hardware maintenance"),
    ("maintenance", "planned maintenance"), ("maintenance", "scheduled maintenance"), ("maintenance", "task retirement"),
    ("maintenance", "the instance is scheduled for retirement"), ("maintenance", "host retired"),
    ("timeout", "Job timed out"), ("timeout", "Task timed out"), ("unknown", "it is said that the Job timed out"),
    ("unknown", "a word: MISCONFIGURATION:X"), ("unknown", "a word: UNDETERMINED"), ("unknown", "a word: ACTION_REQUIRED"),
    ("capacity", "InsufficientInstanceCapacity"), ("capacity", "InsufficientCapacityException"), ("capacity", "insufficient EC2 capacity"),
    ("capacity", "We do not have sufficient x capacity"), ("capacity", "RESOURCE:CPU"), ("capacity", "limit on the number of vCPUs"),
    ("capacity", "the vCPU limit"), ("capacity", "VcpuLimitExceeded"), ("capacity", "MaxSpotInstanceCountExceeded InstanceLimitExceeded"),
    ("capacity", "it ended for INSUFFICIENT_INSTANCE_CAPACITY"),
    ("interface", "Unexpected EC2 error while attempting x"), ("interface", "a network interface was lost"), ("interface", "failed to configure ENI"),
    ("interface", "failed to setup regular eni"), ("interface", "netplugin failed"), ("interface", "InsufficientFreeAddressesInSubnet"),
    ("interface", "not enough free IP addresses"), ("interface", "not enough free addresses"), ("interface", "waiting for EphemeralStorage provisioning"),
    ("interface_misconfigured", "Unexpected EC2 error: InvalidGroup"), ("interface_misconfigured", "Unexpected EC2 error: InvalidSubnetID.NotFound"),
    ("engine", "DockerTimeoutError: x"), ("engine", "DockerError: x"), ("engine", "ContainerRuntimeError: x"), ("engine", "CannotStopContainerError: x"),
    ("engine", "ContainerRuntimeTimeoutError: x"), ("engine", "CannotInspectContainerError: x"), ("engine", "CannotDescribeContainerError: x"), ("engine", "CannotListContainersError: x"),
    ("engine", "CannotRemoveContainerError: x"), ("engine", "CannotGetDockerClientError: x"), ("engine", "InternalError: x"),
    ("engine", "UnrecognizedTransitionError: x"), ("engine", "AgentError: x"),
    ("start", "CannotCreateVolumeError: not supported"), ("start", "VolumeError: not supported"), ("start", "CannotStartContainerError: not supported"),
    ("start_absent", "CannotCreateVolumeError: VolumeDriver.Create: Specified volume mount doesn't exist"),
    ("start", "CannotCreateVolumeError: create x: VolumeDriver.Create: mounting volume failed"),
    ("start_program", "CannotStartContainerError: exec format error"), ("start_program", "CannotCreateContainerError: No command specified"),
    ("start_image_gone", "CannotCreateContainerError: No such image"),
    ("agent_lost", "Agent disconnected"), ("agent_lost", "the agent was not connected"), ("agent_lost", "the agent is disconnected"), ("agent_lost", "the host was lost"),
    ("agent_lost", "the host is unreachable"), ("agent_lost", "the host is impaired"), ("agent_lost", "container instance was deregistered"),
    ("agent_lost", "container instance is INACTIVE"), ("agent_lost", "container instance disconnected"), ("agent_lost", "container instance terminated"),
    ("aws_failed", "ServerException: x"), ("aws_failed", "InternalServerError: x"), ("aws_refused", "ClientException: x"),
    ("aws_refused", "InvalidParameterException: x"), ("aws_refused", "ResourceNotFoundException: x"), ("aws_refused", "ValidationException: x"),
    ("aws_refused_request", "InvalidTaskDefinition"), ("unknown", "we met an Error executing request"),
    ("dependency", "Dependent Job was cancelled"), ("dependency", "Dependent Job was terminated"), ("dependency", "the dependsOn of it"),
    ("dependency", "Array Child Job failed"), ("unknown", "it failed, no Dependent Job failed"),
    ("image_certificate", "CannotPullContainerError: x509: certificate has expired or is not yet valid"), ("unknown", "its grace period expired"),
    ("resource", "ResourceInitializationError: is required"), ("resource_host", "ResourceInitializationError: read-only file system"),
    ("image_certificate", "CannotPullContainerError: certificate has x"), ("image_certificate", "CannotPullContainerError: x509: unknown authority"), ("image_pull", "CannotPullECRContainerError: x"),
    ("image_name_not_resolved", "CannotPullContainerError: lookup x: server misbehaving; x not found"), ("unknown", "ResourceInitializationError: x"), ("unknown", "CannotStartContainerError: x"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), PLACES)
def test_each_place_by_each_of_its_words(rule: str, text: str) -> None:
    verdict = judge(Evidence(batch=BatchEvidence("FAILED", "", text)))
    assert verdict.rule == ("no_reason" if rule == "unknown" else rule)


def test_what_comes_first_where_two_fit() -> None:
    names = [rule.name for rule in BATCH_RULES]
    for one, other in (
        ("spot", "memory"), ("memory", "timeout"), ("image_disk", "image_pull"), ("image_login", "image_denied"), ("image_throttled", "image_denied"),
        ("image_denied", "image_absent"), ("image_name_not_resolved", "image_absent"), ("image_absent", "image_pull"), ("interface_throttled", "interface"),
        ("interface_denied", "interface"), ("interface_misconfigured", "interface"), ("interface", "resource_network"), ("resource_login", "resource_access"),
        ("resource_access", "resource_network"), ("resource_network", "resource"), ("start_disk", "start"), ("start_throttled", "start_absent"),
        ("start_host", "start_network"), ("start_absent", "start"), ("start_program", "start_network"), ("start_network", "start"), ("throttled", "aws_refused"),
        ("aws_denied", "aws_refused"),
    ):  # fmt: skip
        assert names.index(one) < names.index(other)


@pytest.mark.parametrize(
    "who",
    "AWS;Amazon ECS;batch;the ECS agent;EC2;fargate;a spot interruption;the system;the scheduler;the service;kernel;signal 9;the host;an instance;OOM;JobStateTimeLimit".split(
        ";"
    ),
)
def test_nobody_signs_for_aws(who: str) -> None:
    assert judge(Evidence(batch=BatchEvidence("FAILED", f"Terminated by {who}"))).category != "stopped_by_user"


@pytest.mark.parametrize(
    "how",
    "Terminated by;Cancelled by;Canceled by;Killed by;Stopped by;Aborted by;Job killed by;Task was stopped by".split(
        ";"
    ),
)
def test_how_persons_sign(how: str) -> None:
    assert judge(Evidence(batch=BatchEvidence("FAILED", f"{how} bob"))).category == "stopped_by_user"
    assert judge(Evidence(batch=BatchEvidence("FAILED", f"so they say, {how} bob"))).category != "stopped_by_user"


@pytest.mark.parametrize("who", ["Hostetler", "ecstatic@example.org", "our Bob", "Ms. Signalman", "the user"])
def test_a_person_may_be_called_nearly_as_a_service(who: str) -> None:
    assert judge(Evidence(batch=BatchEvidence("FAILED", f"Cancelled by {who}"))).category == "stopped_by_user"


def test_what_a_run_of_ours_ends_was_ended_by_a_person() -> None:
    for reason in ("platerunner: the run was cancelled", "Platerunner: no longer asked for"):
        assert judge(Evidence(batch=BatchEvidence("FAILED", reason, exit_code=143))).category == "stopped_by_user"
    assert judge(Evidence(batch=BatchEvidence("FAILED", "so said platerunner: x"))).category == "unknown"


@pytest.mark.parametrize(
    ("code", "alone", "with_a_reason"),
    [
        (129, "unknown", "unknown"), (130, "unknown", "unknown"), (131, "unknown", "unknown"), (132, "tool_error", "tool_error"),
        (134, "tool_error", "tool_error"), (135, "tool_error", "tool_error"), (136, "tool_error", "tool_error"),
        (137, "out_of_memory", "unknown"), (139, "tool_error", "tool_error"), (143, "unknown", "unknown"),
        (152, "timed_out", "timed_out"), (153, "out_of_disk", "out_of_disk"), (125, "unknown", "unknown"), (128, "unknown", "unknown"),
        (140, "unknown", "unknown"), (126, "misconfigured", "misconfigured"), (127, "misconfigured", "misconfigured"),
    ],
)  # fmt: skip
def test_what_an_exit_code_means_of_which_nobody_said_anything(code: int, alone: str, with_a_reason: str) -> None:
    ended = "Essential container in task exited"
    assert judge(Evidence(batch=BatchEvidence("FAILED", ended, "", code))).category == alone
    assert judge(Evidence(batch=BatchEvidence("FAILED", "wrong plate", "", code))).category == with_a_reason
    assert judge(Evidence(batch=BatchEvidence("FAILED", ended, "wrong plate", code))).category == with_a_reason


@pytest.mark.parametrize(
    "status",
    [
        "CAPACITY:X",
        "MISCONFIGURATION:X",
        "Host EC2 (instance i-0a) terminated.",
        "Your Spot Task was interrupted.",
        "SpotInterruption: x",
        "Canceled by JobStateTimeLimit action due to reason: CAPACITY:X",
        "Cancelled by JobStateTimeLimit x",
        "Terminated by JobStateTimeLimit x",
        "Job attempt duration exceeded timeout",
    ],
)
def test_what_aws_says_of_its_own_is_no_persons_word_although_batch_was_asked(status: str) -> None:
    assert judge(Evidence(batch=BatchEvidence("FAILED", status, stopped=True))).category != "stopped_by_user"


@pytest.mark.parametrize(
    "empty",
    [
        "",
        "Essential container in task exited",
        "Essential container exited",
        "Container exited",
        "Task failed to start",
        "Task stopped",
        "task stopped.",
    ],
)
def test_what_tells_nothing_leaves_the_word_to_the_exit_code(empty: str) -> None:
    killed = judge(Evidence(batch=BatchEvidence("FAILED", empty, "", 137)))
    assert (killed.category, killed.rule) == ("out_of_memory", "signal")
    assert "(exit code 137)" in killed.sentence
    ended = judge(Evidence(batch=BatchEvidence("FAILED", empty, "", 143)))
    assert (ended.category, ended.line) == ("unknown", "")
    assert "not known by whom (exit code 143)" in ended.sentence
    for code in (126, 127):
        assert f"(exit code {code})" in judge(Evidence(batch=BatchEvidence("FAILED", empty, "", code))).sentence
    assert judge(Evidence(batch=BatchEvidence("FAILED", empty, "", 1))).rule == "exit_code"


def test_what_the_judge_says_at_last() -> None:
    for batch in (
        BatchEvidence("SUCCEEDED"),
        BatchEvidence("FAILED", exit_code=0),
        BatchEvidence("SUCCEEDED", exit_code=0),
    ):
        assert judge(Evidence(batch=batch)).rule == "no_outcome"
    gone = judge(Evidence(batch=BatchEvidence("", "Batch knows no job x any more")))
    assert (gone.rule, gone.line) == ("no_reason", "Batch knows no job x any more")
    assert gone.sentence.startswith("The job is gone")
    assert judge(Evidence(batch=BatchEvidence("FAILED", "s", "c"))).line == "c"
    assert 1 not in BY_EXIT_CODE
    exact = "Flux " * 60
    assert judge(Evidence(batch=BatchEvidence("FAILED", exact))).sentence.endswith(exact)
    assert judge(Evidence(batch=BatchEvidence("FAILED", exact + "x"))).sentence.endswith(exact[:297] + "...")


def test_the_containers_words_count_before_the_jobs() -> None:
    verdict = judge(Evidence(batch=BatchEvidence("FAILED", "ThrottlingException", "TooManyRequestsException")))
    assert verdict.line == "TooManyRequestsException"
