"""What AWS Batch itself says of a job: for containers that died silently, or that never began.

A rule is a place in a task's life and a cause. Every one has words of the AWS documentation or of a real
``describe-jobs`` answer that it was learnt from.
"""

# ruff: noqa: E501  (AWS's own words stand in one piece)

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.judge.batch_words import (
    ABSENT,
    DENIED,
    DISK,
    EXPIRED,
    HOST,
    MEMORY,
    NETWORK,
    NO_IMAGE,
    PROGRAM,
    REFUSED,
    THROTTLED,
    Said,
    Why,
)

C = Category


@dataclass(frozen=True)
class BatchRule:
    """One kind of reason.

    :param name: the rule's name.
    :param at: where in a task's life: name of the error that says so; any sentence if empty.
    :param why: the cause; None for what the place has no cause for.
    :param category: what it means.
    :param sentence: for a person.
    :param learnt_from: the words that were documented or seen.
    """

    name: str
    at: str
    why: Optional[Why]
    category: Category
    sentence: str
    learnt_from: str

    def fits(self, said: Said) -> bool:
        """Whether a sentence is of this kind."""
        at = not self.at or any(re.fullmatch(self.at, error) for error in said.errors)
        return at and (self.why is None or self.why.fits(said))


_PULL = r"CannotPull\w*Error"
_INIT = r"ResourceInitializationError"
_START = r"Cannot(?:Create|Start)\w*Error|VolumeError|TaskFailedToStart\w*"
_ENGINE = (
    r"(?:Docker|ContainerRuntime)(?:Timeout|State)?Error|Cannot(?:Inspect|Stop|Describe|List|Remove|GetDocker)\w*Error"
    r"|InternalError|UnrecognizedTransitionError|AgentError"
)
# Where ECS puts the reason why it found no place for a task: `TaskFailedToStart: AGENT`, or the word alone.
_CODE = r"(?:^|: )"
_INTERFACE = Why(
    r"unexpected EC2 error|network interface|configure ENI|setup regular eni|netplugin|InsufficientFreeAddresses\w*"
    r"|enough free (?:IP )?addresses|waiting for \w+ provisioning"
)


def _interface(*causes: str) -> Why:
    both = f"(?=.*(?:{_INTERFACE.says}))(?=.*(?:{'|'.join(causes)}))"
    return Why(both)


# A host that is gone explains whatever else was said, and so does the container's own end; what AWS could not do for a
# container follows by place, and within a place the most certain cause comes first.
BATCH_RULES: tuple[BatchRule, ...] = (
    BatchRule("fargate_spot", "", Why(r"your spot task was interrupted|\bSpotInterruption(?:Error)?\b|\bFargate Spot\b"),
              C.SPOT_INTERRUPTED, "AWS took the Fargate Spot capacity back.", "Your Spot Task was interrupted."),
    BatchRule("spot", "", Why(r"^host EC2\b.*\b(?:terminated|stopped|shut ?down|rebooted)|\bspot\b.*(?:interrupt|terminat|shut ?down|reclaim)"),
              C.SPOT_INTERRUPTED, "The instance under the job was taken away.", "Host EC2 (instance i-0abc) terminated."),
    BatchRule("maintenance", "", Why(r"maintenance on the underlying|(?:host|instance|hardware|planned|scheduled) maintenance"
                                     r"|(?:task|instance|host) (?:is |was )?(?:scheduled for )?retire"),
              C.HOST_LOST, "AWS had to take the host away for maintenance.",
              "ECS is performing maintenance on the underlying infrastructure hosting the task."),
    BatchRule("memory", "", MEMORY, C.OUT_OF_MEMORY, "The container reached its memory limit.",
              "OutOfMemoryError: Container killed due to memory usage"),
    BatchRule("timeout", "", Why(r"job attempt duration exceeded timeout|^(?:job|task) timed out"), C.TIMED_OUT,
              "The job's time limit was reached.", "Job attempt duration exceeded timeout"),
    BatchRule("misconfigured", "", Why(r"(?:^|reason: *)MISCONFIGURATION:"), C.MISCONFIGURED,
              "AWS Batch says that the job can never start as it is defined.",
              "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is "
              "higher than that can be met"),
    BatchRule("action_required", "", Why("^ACTION_REQUIRED"), C.MISCONFIGURED,
              "The queue's compute environments cannot be used as they are.",
              "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."),
    BatchRule("undetermined", "", Why("^UNDETERMINED"), C.UNKNOWN, "The job was blocked, and AWS Batch does not know why.",
              "UNDETERMINED - Batch job is blocked, root cause is undetermined."),
    BatchRule("capacity", "", Why(r"(?:^|reason: *)CAPACITY:|\bInsufficient(?:Instance)?Capacity"
                                  r"|INSUFFICIENT_INSTANCE_CAPACITY|capacity is unavailable|sufficient .*capacity"
                                  r"|\bRESOURCE:[A-Z]+|limit on the number of vCPUs|vCPU limit|(?:Vcpu|Count|Instance)LimitExceeded"),
              C.HOST_LOST, "AWS had no instance to give.",
              "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested"),
    BatchRule("attribute", "", Why(rf"{_CODE}(?-i:(?:MISSING |INVALID )?ATTRIBUTE)\b"), C.MISCONFIGURED,
              "No instance of the queue can have what the job's definition asks for.", "TaskFailedToStart: ATTRIBUTE"),
    BatchRule("placement", "", Why(rf"{_CODE}(?-i:AGENT|EMPTY CAPACITY PROVIDER|NO ACTIVE INSTANCES|CONTAINER_RUNTIME)\b"),
              C.HOST_LOST, "No instance of the queue could take the job at that time.", "TaskFailedToStart: AGENT"),
    BatchRule("image_disk", _PULL, DISK, C.OUT_OF_DISK, "The host's disk was full of container images.",
              "CannotPullContainerError: write /var/lib/docker/tmp: no space left on device"),
    BatchRule("image_login", _PULL, EXPIRED, C.IMAGE_PULL_FAILED, "The host's login to the registry had expired.",
              "CannotPullContainerError: Error response from daemon: pull access denied for repo, denied: Your "
              "authorization token has expired. Reauthenticate and try again."),
    BatchRule("image_throttled", _PULL, THROTTLED, C.IMAGE_PULL_FAILED, "The registry asked for fewer requests.",
              "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit"),
    BatchRule("image_denied", _PULL, DENIED, C.ACCESS_DENIED, "The container image may not be pulled.",
              "CannotPullContainerError: pull access denied for repo, repository does not exist or may require "
              "'docker login'"),
    BatchRule("image_name_not_resolved", _PULL, Why("no such host|server misbehaving"), C.IMAGE_PULL_FAILED,
              "The registry's name could not be resolved.",
              "CannotPullContainerError: Error response from daemon: Get \"https://x/v2/\": dial tcp: lookup x: no such host"),
    BatchRule("image_absent", _PULL, NO_IMAGE, C.IMAGE_NOT_FOUND, "The container image does not exist.",
              "CannotPullContainerError: Error response from daemon: manifest for repo:tag not found: manifest unknown"),
    BatchRule("image_certificate", _PULL, Why("x509|certificate"), C.MISCONFIGURED,
              "The host does not trust the registry's certificate.",
              "CannotPullContainerError: Error response from daemon: Get \"https://x/v2/\": x509: certificate signed by unknown authority"),
    BatchRule("image_key", _PULL, Why(r"KMS\w*Exception"), C.MISCONFIGURED,
              "The registry's images are encrypted with a key of AWS KMS that cannot be used.",
              "CannotPullContainerError: KMSInvalidStateException: arn:aws:kms:us-east-1:1:key/x is pending deletion"),
    BatchRule("image_pull", _PULL, None, C.IMAGE_PULL_FAILED, "The container image could not be pulled this time.",
              "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: i/o timeout"),
    BatchRule("interface_throttled", "", _interface(THROTTLED.says), C.THROTTLED, "EC2 asked for fewer requests.",
              "Unexpected EC2 error while attempting to Create Network Interface in subnet 'x': RequestLimitExceeded"),
    BatchRule("interface_denied", "", _interface(REFUSED.says), C.ACCESS_DENIED,
              "AWS may not make a network interface for the task.",
              "Unexpected EC2 error while attempting to Create Network Interface: UnauthorizedOperation"),
    BatchRule("interface_misconfigured", "", _interface(ABSENT.says, r"TagPolicyViolation|Invalid\w+"), C.MISCONFIGURED,
              "No network interface can be made as the compute environment is defined.",
              "Unexpected EC2 error while attempting to tag the network interface: TagPolicyViolation"),
    BatchRule("interface", "", _INTERFACE, C.HOST_LOST, "AWS could not give the task its network interface or its storage.",
              "Timeout waiting for network interface provisioning to complete."),
    BatchRule("resource_disk", _INIT, DISK, C.OUT_OF_DISK, "The host's disk was full.",
              "ResourceInitializationError: failed to create container model: write /x: no space left on device"),
    BatchRule("resource_login", _INIT, EXPIRED, C.IMAGE_PULL_FAILED, "The host's credentials had expired.",
              "ResourceInitializationError: unable to pull secrets or registry auth: ExpiredTokenException: The "
              "security token included in the request is expired"),
    BatchRule("resource_throttled", _INIT, THROTTLED, C.THROTTLED, "AWS asked for fewer requests.",
              "ResourceInitializationError: unable to pull secrets or registry auth: ThrottlingException: Rate exceeded"),
    BatchRule("resource_access", _INIT, DENIED, C.ACCESS_DENIED,
              "The job's role may not read what the container needs to start.",
              "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User "
              "is not authorized"),
    BatchRule("resource_absent", _INIT, ABSENT, C.MISCONFIGURED, "What the container needs to start does not exist.",
              "ResourceInitializationError: unable to pull secrets: ResourceNotFoundException: Secrets Manager can't find "
              "the specified secret."),
    BatchRule("resource_network", _INIT, NETWORK, C.IMAGE_PULL_FAILED,
              "The container's network or registry could not be reached.",
              "ResourceInitializationError: unable to pull secrets or registry auth: context deadline exceeded"),
    BatchRule("resource_host", _INIT, HOST, C.HOST_LOST, "The host could not set the container up.",
              "ResourceInitializationError: failed to create new container runtime task: cannot allocate memory"),
    BatchRule("resource", _INIT, PROGRAM, C.MISCONFIGURED, "The container could not be set up.",
              "ResourceInitializationError: unable to retrieve secret from asm: retrieved secret did not contain json key x"),
    BatchRule("engine", _ENGINE, None, C.HOST_LOST, "The host lost the job.",
              "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s"),
    BatchRule("start_disk", _START, DISK, C.OUT_OF_DISK, "The host's disk was full.",
              "CannotCreateContainerError: API error (500): devmapper: Thin Pool has 0 free data blocks"),
    BatchRule("start_throttled", _START, THROTTLED, C.THROTTLED, "AWS asked for fewer requests while the container was started.",
              "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create "
              "Cloudwatch log stream: ThrottlingException: Rate exceeded"),
    BatchRule("start_denied", _START, REFUSED, C.ACCESS_DENIED, "The host's role may not do what the container needs to start.",
              "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
              "AccessDeniedException: User is not authorized to perform: logs:CreateLogStream"),
    BatchRule("start_image_gone", _START, Why("no such image"), C.IMAGE_PULL_FAILED, "The image was gone from the host again.",
              "CannotCreateContainerError: Error: No such image: x"),
    BatchRule("start_host", _START, HOST, C.HOST_LOST, "The host could not start the container.",
              "CannotStartContainerError: Error response from daemon: failed to create task: cannot allocate memory"),
    BatchRule("start_absent", _START, ABSENT, C.MISCONFIGURED, "What the container needs to start does not exist.",
              "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: "
              "ResourceNotFoundException: The specified log group does not exist."),
    BatchRule("start_program", _START, Why("executable file not found|exec format error|no command specified"), C.MISCONFIGURED,
              "The container's command cannot be run.",
              'CannotStartContainerError: Error response from daemon: exec: "platerunner-unit": executable file '
              "not found in $PATH"),
    BatchRule("start_network", _START, NETWORK, C.HOST_LOST, "The host did not start the container in time.",
              "CannotStartContainerError: Error response from daemon: context deadline exceeded"),
    BatchRule("start", _START, PROGRAM, C.MISCONFIGURED, "The container cannot be started as it is defined.",
              "CannotCreateContainerError: Error response from daemon: invalid mount config for type"),
    BatchRule("agent_lost", "", Why(r"agent (?:was |is )?(?:disconnected|not connected)|\bhost\b.*(?:lost|unreachable|impaired)"
                                    r"|\binstance\b.*(?:draining|deregist)|container instance .*(?:inactive|disconnected|terminated)"),
              C.HOST_LOST, "The host lost the job.", "Service scheduler: container instance is in DRAINING state"),
    BatchRule("expired", "", EXPIRED, C.THROTTLED, "Credentials had expired, and AWS renews them by itself.",
              "An error occurred (ExpiredTokenException) when calling the RunTask operation"),
    BatchRule("throttled", "", THROTTLED, C.THROTTLED, "AWS asked for fewer requests.",
              "An error occurred (TooManyRequestsException) when calling the SubmitJob operation"),
    BatchRule("aws_denied", "", REFUSED, C.ACCESS_DENIED, "AWS refused what the job needs to start.",
              "Fetching secret data from SSM Parameter Store in us-east-1: AccessDeniedException: User is not authorized to "
              "perform: ssm:GetParameters"),
    BatchRule("aws_failed", "ServerException|OperationAborted\\w*|InternalFailure\\w*|ServiceUnavailable\\w*|InternalServerError\\w*", None,
              C.THROTTLED, "AWS could not serve the job at that time.",
              "ServerException: Service Unavailable. Please try again later."),
    BatchRule("aws_refused", r"ClientException|Invalid\w*(?:Exception|Error)|ResourceNotFoundException|ValidationException", None,
              C.MISCONFIGURED, "AWS refuses the job as it is defined.",
              "ClientException: Error executing request, Exception : Role is not valid"),
    BatchRule("aws_refused_request", "", Why(r"^error executing request|InvalidTaskDefinition"), C.MISCONFIGURED,
              "AWS refuses the job as it is defined.", "Error executing request, Exception : Role is not valid, RequestId: x"),
    BatchRule("dependency", "", Why(r"^(?:dependent job|array child job) (?:was )?(?:failed|cancell?ed|terminated)|\bdependsOn\b"),
              C.UNKNOWN, "A job that it depends on failed.", "Dependent Job failed"),
)  # fmt: skip
