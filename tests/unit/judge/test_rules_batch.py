"""What AWS Batch says, for jobs that left nothing else."""

# ruff: noqa: E501  (AWS's own words stand in one piece)

import json
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.contract.category import BY_EXIT_CODE, Category
from platerunner_unit.contract.evidence import BatchEvidence, Evidence
from platerunner_unit.judge import judge
from platerunner_unit.judge.batch_rules import BATCH_RULES
from platerunner_unit.judge.batch_words import Said

SHARED = Path(__file__).parents[4] / "shared/cases/batch_reasons/reasons.json"
EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"


def judged(status="FAILED", status_reason="", container_reason="", exit_code=None, tail=(), stopped=False):
    return judge(Evidence(batch=BatchEvidence(status, status_reason, container_reason, exit_code, stopped), tail=tail))


@pytest.mark.parametrize("rule", BATCH_RULES, ids=lambda rule: rule.name)
def test_every_rule_decides_on_what_it_was_learnt_from(rule):
    for place in ("status_reason", "container_reason"):
        verdict = judged(**{place: rule.learnt_from})
        assert (verdict.rule, verdict.category) == (rule.name, rule.category.value)
        assert rule.learnt_from in verdict.sentence


# {ref}, {url}, {id} and {digest} stand for names that are anybody's: see `noise`.
PULL = "CannotPullContainerError: "
DAEMON = "Error response from daemon: "
INIT = "ResourceInitializationError: "
AUTH = INIT + "unable to pull secrets or registry auth: "
LOGS = "failed to initialize logging driver: failed to create Cloudwatch log stream: "
START = "CannotStartContainerError: " + DAEMON
CREATE = "CannotCreateContainerError: " + DAEMON
SENTENCES = {
    "image_pull_failed": [
        PULL + "context canceled",
        PULL + DAEMON + 'Get "{url}": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
        PULL + DAEMON + "error parsing HTTP 503 response body: invalid character '<' looking for beginning of value",
        PULL + DAEMON + "received unexpected HTTP status: 500 Internal Server Error",
        PULL + DAEMON + 'Head "{url}": received unexpected HTTP status: 503 Service Unavailable',
        PULL + "pull image manifest has been retried 5 time(s): failed to resolve ref {ref}: failed to do request: Head {url}: dial tcp 10.4.0.3:443: i/o timeout",
        PULL + "ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code {url}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
        PULL + "ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code {url}: 502 Bad Gateway",
        PULL + DAEMON + "toomanyrequests: Rate exceeded",
        PULL + "Error: toomanyrequests: Too Many Requests. Please see {url}",
        PULL + DAEMON + "pull access denied for {ref}, denied: Your authorization token has expired. Reauthenticate and try again.",
        PULL + "API error (500): Get {url}: net/http: TLS handshake timeout",
        PULL + "failed to register layer: layer {digest} verification failed: unexpected EOF",
        PULL + "pull image manifest has been retried 1 time(s): failed to resolve ref {ref}: unexpected status from HEAD request to {url}: 503 Service Unavailable",
        PULL + "error pulling image configuration: download failed after attempts=6: dial tcp: lookup {ref} on 10.0.0.2:53: no such host",
        PULL + "pull command failed: panic: runtime error: invalid memory address or nil pointer dereference",
        PULL + "The task cannot pull 'x' from the Amazon ECR repository '{ref}'. There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
        PULL + "The task can't pull the image. Check your network configuration.",
        "CannotPullECRContainerError: ThrottlingException: Rate exceeded",
        "CannotPullECRContainerError: RequestError: send request failed caused by: Post \"{url}\": net/http: request canceled",
        AUTH + "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post {url}: dial tcp 10.0.0.1:443: i/o timeout",
        AUTH + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestCanceled: request context canceled",
        AUTH + "pull command failed: : signal: killed",
        INIT + "failed to validate logger args: : signal: killed",
        INIT + "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post \"{url}\": dial tcp: lookup x on 10.0.0.2:53: server misbehaving",
        INIT + "failed to download env files: file download command: non empty error stream: RequestCanceled: request context canceled",
        INIT + "failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection timed out : unsuccessful EFS utils command execution; code: 32",
        "CannotCreateContainerError: Error: No such image: {ref}",
    ],
    "access_denied": [
        PULL + DAEMON + "pull access denied for {ref}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        PULL + "The task can't pull the image: no basic auth credentials",
        PULL + "The task can't pull the image. Check that the role has the permissions to pull images from the registry.",
        PULL + "ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code {url}: 403 Forbidden",
        PULL + "pull image manifest has been retried 5 time(s): failed to resolve ref {ref}: pulling from host x failed with status code [manifests 1]: 403 Forbidden",
        PULL + "failed to resolve ref {ref}: unexpected status from HEAD request to {url}: 401 Unauthorized",
        PULL + DAEMON + "error parsing HTTP 403 response body: unexpected end of JSON input: \"\"",
        PULL + DAEMON + "unauthorized: authentication required",
        "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::{id}:assumed-role/x/y is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
        AUTH + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::{id}:assumed-role/x is not authorized to perform: secretsmanager:GetSecretValue because no identity-based policy allows the action",
        INIT + "failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'",
        START + LOGS + "AccessDeniedException: User: arn:aws:sts::{id}:assumed-role/x is not authorized to perform: logs:CreateLogStream\n\tstatus code: 400, request id: {id}",
        "Fetching secret data from AWS Secrets Manager in region us-east-1: secret arn:aws:secretsmanager:us-east-1:{id}:secret:x: AccessDeniedException: User is not authorized",
        "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-{id}': UnauthorizedOperation",
        "ECS was unable to assume the role 'arn:aws:iam::{id}:role/x' that was provided for this task. Please verify that the role being passed has the proper trust relationship.",
        START + LOGS + "NoCredentialProviders: no valid providers in chain. Deprecated.",
    ],
    "image_not_found": [
        PULL + DAEMON + "manifest for {ref} not found: manifest unknown: Requested image not found",
        PULL + DAEMON + "manifest for {ref} not found",
        PULL + "pull image manifest has been retried 1 time(s): failed to resolve ref {ref}: not found",
        PULL + "API error (404): repository {ref} not found",
        PULL + DAEMON + "repository {ref} not found: name unknown: The repository with name 'x' does not exist in the registry with id '{id}'",
        PULL + "image Manifest does not contain descriptor matching platform 'linux/amd64'",
        PULL + DAEMON + "no matching manifest for linux/arm64/v8 in the manifest list entries",
        PULL + "invalid reference format",
        PULL + "failed to resolve ref {ref}: unexpected status code {url}: 404 Not Found",
        PULL + "image operating system \"windows\" cannot be used on this platform",
    ],
    "out_of_disk": [
        PULL + "failed to register layer: write /usr/local/bin/x: no space left on device",
        PULL + "failed to register layer: Error processing tar file(exit status 1): write /{ref}: no space left on device",
        PULL + "ref pull has been retried 1 time(s): failed to extract layer {digest}: write /var/lib/x: no space left on device: unknown",
        CREATE + "failed to create shim task: mkdir /var/lib/docker/overlay2/{id}: no space left on device",
        START + "failed to create task: write /run/containerd: no space left on device: unknown",
        "CannotCreateContainerError: API error (500): devmapper: Thin Pool has 2931 free data blocks which is less than minimum required 4449 free data blocks.",
        INIT + "failed to create container: write /x: disk quota exceeded",
    ],
    "host_lost": [
        "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
        "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: context deadline exceeded",
        "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
        "CannotStopContainerError: failed sending SIGTERM to container: no such container",
        "CannotDescribeContainerError: Could not transition to inspecting",
        "InternalError: the agent met an error of its own",
        START + "context deadline exceeded",
        START + "failed to create task for container: fork/exec /proc/self/exe: cannot allocate memory: unknown",
        START + "driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:8080 failed: port is already allocated",
        "CannotStartContainerError: Cannot connect to the Docker daemon at {url}. Is the docker daemon running?",
        CREATE + "Conflict. The container name \"/{ref}\" is already in use by container {id}",
        "CannotCreateContainerError: API error (500): devicemapper: Error running deviceResume dm_task_run failed",
        CREATE + "read /var/lib/docker/{id}: input/output error",
        START + "failed to create endpoint {ref} on network bridge: adding interface veth1 to bridge docker0 failed: exchange full",
        START + "no available IPv4 addresses on this network's address pools: bridge ({id})",
        "TaskFailedToStart: AGENT",
        "AGENT",
        "TaskFailedToStart: NO ACTIVE INSTANCES",
        "TaskFailedToStart: EMPTY CAPACITY PROVIDER",
        "TaskFailedToStart: CONTAINER_RUNTIME: Timed out",
        "Task stopped by (instance i-{id}) deregistered container instance",
        "Timeout waiting for network interface provisioning to complete.",
        "Timeout waiting for EphemeralStorage provisioning to complete.",
        "Network interface provision complete error timeout wait for network interface provision.",
        "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-{id}': InsufficientFreeAddressesInSubnet",
        "Unexpected EC2 error while attempting to attach network interface to instance",
        INIT + "failed to configure ENI: failed to setup regular eni: netplugin failed with no error message",
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        "TaskFailedToStart: Capacity is unavailable at this time. Please try again later or in a different availability zone",
        "TaskFailedToStart: RESOURCE:ENI",
        "ECS is performing maintenance on the underlying infrastructure hosting the task.",
        "Service scheduler: container instance is in DRAINING state",
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [g5.48xlarge]",
        "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "Terminated by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "There is insufficient g5 capacity to satisfy the request",
        "You've reached the limit on the number of vCPUs you can run concurrently",
    ],
    "throttled": [
        START + LOGS + "ThrottlingException: Rate exceeded",
        START + LOGS + "ThrottlingException: Rate exceeded\n\tstatus code: 400, request id: {id}",
        INIT + "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ThrottlingException: Rate exceeded",
        AUTH + "execution resource retrieval failed: unable to get secrets from ssm: ThrottlingException: Rate exceeded",
        "An error occurred (TooManyRequestsException) when calling the RunTask operation: {url}",
        "ClientException: Too many concurrent attempts to create a new revision of the specified family.",
        "ServerException: Service Unavailable. Please try again later.",
        START + LOGS + "OperationAbortedException: A conflicting operation is in progress against this resource.",
        "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-{id}': RequestLimitExceeded",
    ],
    "misconfigured": [
        START + LOGS + "ResourceNotFoundException: The specified log group does not exist.\n\tstatus code: 400, request id: {id}",
        "CannotStartContainerError: exec format error",
        START + "OCI runtime create failed: container_linux.go:370: starting container process caused: exec: \"{ref}\": executable file not found in $PATH: unknown",
        START + "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/{ref}\": permission denied: unknown",
        START + "error gathering device information while adding custom device \"/dev/dri/renderD130\": no such file or directory",
        START + "could not select device driver \"\" with capabilities: [[gpu]]",
        CREATE + "invalid mount config for type \"bind\": bind source path does not exist: /{ref}",
        CREATE + "Minimum memory limit allowed is 6MB",
        CREATE + "unknown or invalid runtime name: nvidia",
        CREATE + "No command specified",
        "CannotCreateContainerError: failed to chown /var/lib/ecs/volumes/{ref}: operation not permitted",
        AUTH + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key x",
        AUTH + "unable to retrieve secrets from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        INIT + "failed to validate logger args: exit status 1",
        INIT + "failed to invoke EFS utils commands to set up EFS volumes: code: 1, stderr: unsuccessful EFS utils command execution",
        "Unexpected EC2 error while attempting to tag the network interface: TagPolicyViolation",
        "Unexpected EC2 error while attempting to Create Network Interface: InvalidSubnetID.NotFound",
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job.",
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - Batch service role has a permission issue.",
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - Your compute environment associated with this job queue has an unsupported instance type configuration.",
        "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.",
        "TaskFailedToStart: ATTRIBUTE",
        "TaskFailedToStart: MISSING ATTRIBUTE: ecs.capability.execution-role-awslogs",
        PULL + "KMSInvalidStateException: {digest} is pending deletion",
        START + "unable to create new container: no users found",
        "ClientException: Error executing request, Exception : networkConfiguration not applicable for EC2., RequestId: {id}",
        "Error executing request, Exception : Role is not valid, RequestId: {id}",
        PULL + DAEMON + 'Get "{url}": x509: certificate signed by unknown authority',
    ],
    "out_of_memory": [
        "OutOfMemoryError: Container killed due to memory usage",
        "OutOfMemoryError: container killed due to memory usage",
        START + "OCI runtime create failed: container init was OOM-killed (memory limit too low?): unknown",
    ],
    "spot_interrupted": [
        "Host EC2 (instance i-{id}) terminated.",
        "Host EC2 (instance i-{id}) stopped.",
        "Your Spot Task was interrupted.",
        "SpotInterruption: Your Spot Task was interrupted.",
        "Server.SpotInstanceShutdown: Spot instance shutdown",
    ],
    "timed_out": ["Job attempt duration exceeded timeout"],
    "stopped_by_user": [
        "Terminated by alice: wrong plate",
        "Job killed by NF",
        "Task killed by the user",
        "Cancelled by bob@example.org",
        "Task stopped by user",
    ],
    "unknown": [
        "UNDETERMINED - Batch job is blocked, root cause is undetermined.",
        "Dependent Job failed",
        "Array Child Job failed",
        "wrong plate, stopping",
        "The flux capacitor is out of phase {id}",
        "CannotStartContainerError: something that nobody has seen",
        "Terminated by the service for {id}",
        "the lab's agent said so",
        "it went so: agent",
        "{url}",
        "{digest} {ref}",
    ],
}  # fmt: skip
ROWS = [(sentence, category) for category, sentences in SENTENCES.items() for sentence in sentences]
HARMLESS = {
    "ref": "repo/x:1",
    "url": "https://example.org/v2/x",
    "id": "0a1b2c3d4e5f60718",
    "digest": "sha256:" + "ab1" * 20,
}
HEX = "0123456789abcdef"
CODES = ("400", "401", "403", "404", "408", "429", "500", "503")
NASTY = ("denied", "not-found", "throttled", "no-space-left", "timeout", "AccessDenied", "access.denied", "forbidden")


@pytest.mark.parametrize(("sentence", "category"), ROWS)
@pytest.mark.parametrize("place", ["container", "status"])
def test_a_sentence_means_one_thing_wherever_it_stands(sentence, category, place):
    text = sentence.format(**HARMLESS)
    words = (
        {"container_reason": text, "status_reason": NOT_STARTED} if place == "container" else {"status_reason": text}
    )
    if category == "stopped_by_user" and place == "container":
        pytest.skip("who stops a job gives the reason to Batch")
    assert judged(**words).category == category


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared cases")
def test_the_shared_reasons():
    wrong = []
    for row in json.loads(SHARED.read_text()):
        verdict = judged("FAILED", row["status_reason"], row["container_reason"], row["exit_code"])
        if verdict.category not in row["expected"]:
            wrong.append((row["id"], verdict.category))
    assert wrong == []


hexes = st.text(HEX, min_size=8, max_size=40).map(lambda text: text + "0") | st.builds(
    lambda code, rest: code + rest + "1", st.sampled_from(CODES), st.text(HEX, min_size=8, max_size=30)
)
words = st.sampled_from(NASTY + CODES) | st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=9)
noise = st.fixed_dictionaries(
    {
        "ref": st.builds("{}.dkr.ecr.us-east-1.amazonaws.com/{}/{}:{}".format, st.text("0345", min_size=12, max_size=12), words, words, words),
        "url": st.builds("https://{}.example.org/{}/{}?code={}".format, words, words, words, words),
        "id": hexes,
        "digest": hexes.map("sha256:{}".format),
    }
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=200)
@given(st.sampled_from(ROWS), noise, noise)
def test_names_digests_and_addresses_never_change_a_verdict(row, names, more):
    sentence, category = row
    text = sentence.format(**names)
    ending = " request id: {id}, {digest}, {url} for {ref}".format(**more)
    assert judged(status_reason=text).category == category
    if category not in ("unknown", "stopped_by_user"):
        assert judged(container_reason=text + ending).category == category


@given(noise, st.sampled_from(CODES))
def test_a_number_is_a_status_only_where_one_stands(names, code):
    assert Said.of("for {ref} {url} {id} {digest} after {code} s".format(**names, code=code)).statuses == frozenset()
    for form in (
        "status code: {}",
        "StatusCode: {}",
        "HTTP {}",
        "HTTP/1.1 {} x",
        "unexpected status from HEAD request to https://a.b/{}: {} Y",
    ):
        said = Said.of(form.format(*[code] * form.count("{}")))
        assert said.statuses == {int(code)}, form
    assert Said.of(f"exit status {code}").statuses == frozenset()


@pytest.mark.parametrize(
    ("evidence", "category"),
    [
        ({"status_reason": "wrong plate, stopping", "exit_code": 137, "stopped": True}, "stopped_by_user"),
        ({"status_reason": "wrong plate, stopping", "stopped": True}, "stopped_by_user"),
        ({"status_reason": "access denied to me, ThrottlingException everywhere", "stopped": True}, "stopped_by_user"),
        ({"status_reason": EXITED, "exit_code": 137, "stopped": True}, "stopped_by_user"),
        ({"status_reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x", "stopped": True}, "misconfigured"),
        ({"status_reason": "Job attempt duration exceeded timeout", "exit_code": 137, "stopped": True}, "timed_out"),
        ({"status_reason": "Host EC2 (instance i-0a1b2c) terminated.", "stopped": True}, "spot_interrupted"),
        ({"status_reason": "Canceled by JobStateTimeLimit action due to reason: CAPACITY:X", "stopped": True}, "host_lost"),
        ({"status_reason": "Host EC2 (instance i-0a1b2c) terminated.", "container_reason": PULL + "context canceled"}, "spot_interrupted"),
        ({"status_reason": EXITED, "container_reason": "OutOfMemoryError: Container killed due to memory usage", "exit_code": 137}, "out_of_memory"),
        ({"status_reason": "wrong plate, stopping", "exit_code": 137}, "unknown"),
        ({"status_reason": "wrong plate, stopping", "exit_code": 143}, "unknown"),
        ({"status_reason": EXITED, "container_reason": "who knows", "exit_code": 137}, "unknown"),
        ({"status_reason": EXITED, "exit_code": 137}, "out_of_memory"),
        ({"status_reason": "who knows", "exit_code": 139}, "tool_error"),
        ({"status_reason": EXITED, "exit_code": 139}, "tool_error"),
        ({"status_reason": EXITED, "exit_code": 143}, "unknown"),
        ({"status_reason": EXITED, "exit_code": 127}, "misconfigured"),
        ({"status_reason": EXITED, "exit_code": 126}, "misconfigured"),
        ({"status_reason": EXITED, "exit_code": 1}, "unknown"),
        ({"status": "SUCCEEDED", "status_reason": EXITED, "exit_code": 0}, "unknown"),
        ({"status": "SUCCEEDED", "status_reason": "Terminated by alice"}, "unknown"),
        ({"status": "SUCCEEDED"}, "unknown"),
        ({}, "unknown"),
    ],
)  # fmt: skip
def test_reasons(evidence, category):
    assert judged(**evidence).category == category


def test_what_nobody_knows_is_said_as_it_was_said():
    for verdict in (judged(status_reason="Flux"), judged(status_reason="Flux", exit_code=143)):
        assert "AWS Batch says: Flux" in verdict.sentence
        assert verdict.line == "Flux"
    assert "AWS Batch says" not in judged(status_reason=EXITED, exit_code=1).sentence
    long = judged(status_reason="Flux " * 100)
    assert long.sentence.endswith("...")
    assert long.line == "Flux " * 100


@pytest.mark.parametrize("code", sorted(set(BY_EXIT_CODE) - {0}))
def test_the_runners_own_exit_codes(code):
    assert judged(status_reason=EXITED, exit_code=code).category == BY_EXIT_CODE[code].value


def test_the_end_of_the_log_is_the_line():
    verdict = judged(status_reason=EXITED, exit_code=1, tail=("Traceback", "KeyError: 'x'", ""))
    assert verdict.line == "KeyError: 'x'"


TEXT = st.text(max_size=60) | st.sampled_from([rule.learnt_from for rule in BATCH_RULES])


@given(TEXT, TEXT, TEXT, st.none() | st.integers(-300, 300), st.booleans())
def test_batch_alone_never_proves_success(status, reason, container, code, stopped):
    verdict = judged(status, reason, container, code, stopped=stopped)
    assert Category(verdict.category) is not Category.SUCCEEDED
    assert verdict.sentence


@given(st.text(string.ascii_lowercase + " ,.", max_size=80), st.none() | st.integers(0, 255))
def test_no_unknown_sentence_is_a_persons_doing(text, code):
    if code not in BY_EXIT_CODE and not any(
        f"{word} by" in text for word in ("terminated", "cancelled", "canceled", "killed", "stopped", "aborted")
    ):
        assert judged(status_reason=text, exit_code=code).category != "stopped_by_user"
