"""What AWS Batch itself says of a job: for containers that died without a word, or that never began.

Every rule has the words of the AWS documentation or of a real ``describe-jobs`` answer that it was learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass

from platerunner_unit.category import Category

C = Category


@dataclass(frozen=True)
class BatchRule:
    """One kind of reason.

    :param name: the rule's name.
    :param where: ``status`` (statusReason) or ``container`` (the container's reason), or ``any``.
    :param pattern: searched in it, case-insensitively.
    :param category: what it means.
    :param sentence: for a person.
    :param learnt_from: the words that were documented or seen.
    """

    name: str
    where: str
    pattern: str
    category: Category
    sentence: str
    learnt_from: str


BATCH_RULES: tuple[BatchRule, ...] = (
    BatchRule(
        name="fargate_spot",
        where="any",
        pattern="SpotInterruption|Your Spot Task was interrupted|Fargate Spot",
        category=C.SPOT_INTERRUPTED,
        sentence="AWS took the Fargate Spot capacity back.",
        learnt_from="Your Spot Task was interrupted.",
    ),
    BatchRule(
        name="spot",
        where="status",
        pattern="Host EC2.*(?:terminated|stopped)|Spot.*(?:interrupt|terminat|reclaim)",
        category=C.SPOT_INTERRUPTED,
        sentence="The instance under the job was taken away.",
        learnt_from="Host EC2 (instance i-0abc) terminated.",
    ),
    BatchRule(
        name="image_denied",
        where="any",
        pattern=(
            "CannotPull(?:Container|ECRContainer)Error.*(?:denied|no basic auth|not authorized|unauthorized|403|"
            "AccessDenied)"
        ),
        category=C.ACCESS_DENIED,
        sentence="The container image may not be pulled.",
        learnt_from=(
            "CannotPullContainerError: pull access denied for repo, repository does not exist or may require "
            "'docker login'"
        ),
    ),
    BatchRule(
        name="image_absent",
        where="any",
        pattern=(
            "CannotPullContainerError.*(?:not found|does not exist|manifest unknown|name unknown|no matching "
            "manifest|repository .* not|invalid reference)"
        ),
        category=C.IMAGE_NOT_FOUND,
        sentence="The container image does not exist.",
        learnt_from=(
            "CannotPullContainerError: Error response from daemon: manifest for repo:tag not found: manifest unknown"
        ),
    ),
    BatchRule(
        name="image_disk",
        where="any",
        pattern="CannotPullContainerError.*no space left",
        category=C.OUT_OF_DISK,
        sentence="The host's disk was full of container images.",
        learnt_from="CannotPullContainerError: write /var/lib/docker/tmp: no space left on device",
    ),
    BatchRule(
        name="image_pull",
        where="any",
        pattern=r"CannotPull\w*Error",
        category=C.IMAGE_PULL_FAILED,
        sentence="The container image could not be pulled this time.",
        learnt_from=(
            "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: i/o timeout"
        ),
    ),
    BatchRule(
        name="memory",
        where="any",
        pattern="OutOfMemory(?:Error)?|Container killed due to memory",
        category=C.OUT_OF_MEMORY,
        sentence="The container reached its memory limit.",
        learnt_from="OutOfMemoryError: Container killed due to memory usage",
    ),
    BatchRule(
        name="timeout",
        where="status",
        pattern="Job attempt duration exceeded timeout|^(?:Job|Task) timed out",
        category=C.TIMED_OUT,
        sentence="The job's time limit was reached.",
        learnt_from="Job attempt duration exceeded timeout",
    ),
    BatchRule(
        name="misconfigured",
        where="any",
        pattern="MISCONFIGURATION:",
        category=C.MISCONFIGURED,
        sentence="AWS Batch says that the job can never start as it is defined.",
        learnt_from=(
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is "
            "higher than that can be met"
        ),
    ),
    BatchRule(
        name="resource_access",
        where="any",
        pattern="ResourceInitializationError.*(?:AccessDenied|not authorized|access denied|403)",
        category=C.ACCESS_DENIED,
        sentence="The job's role may not read what the container needs to start.",
        learnt_from=(
            "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User "
            "is not authorized"
        ),
    ),
    BatchRule(
        name="resource_network",
        where="any",
        pattern=(
            "ResourceInitializationError.*(?:i/o timeout|timeout|TLS handshake|connection (?:refused|reset)|EOF|"
            r"toomanyrequests|429|5\d\d |no such host|throttl|context deadline|temporarily)"
        ),
        category=C.IMAGE_PULL_FAILED,
        sentence="The container's network or registry could not be reached.",
        learnt_from="ResourceInitializationError: unable to pull secrets or registry auth: context deadline exceeded",
    ),
    BatchRule(
        name="agent_lost",
        where="any",
        pattern=(
            "Agent (?:disconnected|is not connected)|host .*(?:lost|unreachable|impaired)|DockerStateError|"
            "CannotInspectContainerError|CannotStartContainerError.*(?:timeout|deadline)"
        ),
        category=C.HOST_LOST,
        sentence="The host lost the job.",
        learnt_from="CannotInspectContainerError: Could not transition to inspecting; timed out",
    ),
    BatchRule(
        name="resource",
        where="any",
        pattern=(
            "ResourceInitializationError|CannotCreateContainerError|CannotCreateVolumeError|"
            "CannotStartContainerError|InvalidTaskDefinition|ClientException"
        ),
        category=C.MISCONFIGURED,
        sentence="The container could not be set up.",
        learnt_from=(
            'CannotStartContainerError: Error response from daemon: exec: "platerunner-unit": executable file '
            "not found in $PATH"
        ),
    ),
    BatchRule(
        name="capacity",
        where="status",
        pattern="CAPACITY:|INSUFFICIENT_INSTANCE_CAPACITY",
        category=C.HOST_LOST,
        sentence="AWS had no instance to give.",
        learnt_from="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested",
    ),
    BatchRule(
        name="throttled",
        where="any",
        pattern="ThrottlingException|Rate exceeded|TooManyRequests",
        category=C.THROTTLED,
        sentence="AWS asked for fewer requests.",
        learnt_from="An error occurred (TooManyRequestsException) when calling the SubmitJob operation",
    ),
    BatchRule(
        name="dependency",
        where="status",
        pattern="Dependent Job failed|dependsOn|Array Child Job failed",
        category=C.UNKNOWN,
        sentence="A job that it depends on failed.",
        learnt_from="Dependent Job failed",
    ),
)
