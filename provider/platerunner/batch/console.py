"""Addresses in the AWS console: of jobs, logs and objects."""

from urllib.parse import quote, quote_plus, urlparse


def console(region: str) -> str:
    """The AWS console's address in the partition of a region."""
    if region.startswith("cn-"):
        return f"https://{region}.console.amazonaws.cn"
    if region.startswith("us-gov-"):
        return "https://console.amazonaws-us-gov.com"
    return f"https://{region}.console.aws.amazon.com"


def job_url(region: str, job_id: str) -> str:
    """A job's page in the console."""
    return f"{console(region)}/batch/home?region={region}#jobs/detail/{quote(job_id)}"


def log_url(region: str, group: str, stream: str) -> str:
    """A log stream's page in the console, which wants its parts quoted twice with `$` for `%`."""
    parts = [quote_plus(quote_plus(part)).replace("%", "$") for part in (group, stream)]
    base = f"{console(region)}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
    return f"{base}{parts[0]}/log-events/{parts[1]}"


def outputs_url(workspace: str, prefix: str = "") -> str:
    """The workspace, or a part of it, in the console, or as a file URL if it is a folder.

    :param workspace: ``s3://bucket/prefix`` or a folder.
    :param prefix: key prefix below it.
    """
    parsed = urlparse(workspace)
    if parsed.scheme != "s3":
        return f"file://{quote(parsed.path.rstrip('/'))}/{quote(prefix)}"
    key = "/".join(part for part in (parsed.path.strip("/"), prefix.strip("/")) if part)
    return f"https://s3.console.aws.amazon.com/s3/buckets/{parsed.netloc}?prefix={quote(key)}/"


def object_url(workspace: str, key: str) -> str:
    """An object's page in the console, or its path if the workspace is a folder."""
    parsed = urlparse(workspace)
    if parsed.scheme != "s3":
        return f"{workspace}/{key}"
    full = "/".join(part for part in (parsed.path.strip("/"), key) if part)
    return f"https://s3.console.aws.amazon.com/s3/object/{parsed.netloc}?prefix={quote(full)}"
