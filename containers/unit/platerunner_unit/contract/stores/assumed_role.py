"""Credentials of a role of another account, which a bucket of that account is reached with: AWS STS, without boto3.

A container has no boto3, and obstore takes no role; so this signs the one request that it needs (Signature Version 4)
with the container's own credentials: its environment's, or those that ECS gives to its job role.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from urllib.request import Request

SESSION = "platerunner"
DURATION_S = 3600
"""How long the credentials are asked for: the most that a new role allows by default."""
TIMEOUT_S = 20.0
_OF_ECS = "http://169.254.170.2"
ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}")


class RoleError(Exception):
    """The role cannot be taken; the message is a clause for people, with the remedy."""


@dataclass(frozen=True)
class Keys:
    """Credentials of AWS."""

    access: str
    secret: str
    token: str = ""


@dataclass(frozen=True)
class AssumedRole:
    """Gives obstore the credentials of a role, and new ones whenever they have expired.

    :param role: its ARN.
    :param external_id: that its trust asks for; empty for none.
    :param region: whose STS is asked.
    :param own: credentials that take it; None for those of the environment.
    """

    role: str
    external_id: str = ""
    region: str = "us-east-1"
    own: Optional[Keys] = None

    def __call__(self) -> dict[str, Any]:
        """As obstore wants them.

        :raises RoleError: if STS refuses, or does not answer.
        """
        from urllib.error import HTTPError, URLError
        from urllib.request import urlopen  # an HTTP client, which units of other buckets do not need

        keys = self.own or own_keys(os.environ)
        told = {
            "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": self.role, "RoleSessionName": SESSION,
            "DurationSeconds": str(DURATION_S), **({"ExternalId": self.external_id} if self.external_id else {}),
        }  # fmt: skip
        body = urlencode(told).encode()
        request = signed(keys, self._endpoint(), self.region, body, _now())
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  (https, or the embedded cloud)
                text = answer.read().decode()
        except HTTPError as error:
            raise RoleError(self._refused(error.read().decode(errors="replace"), error.code)) from error
        except (URLError, OSError) as error:
            raise RoleError(f"the role {self.role} cannot be taken, for AWS STS does not answer ({error})") from error
        return {
            "access_key_id": _element(text, "AccessKeyId"),
            "secret_access_key": _element(text, "SecretAccessKey"),
            "token": _element(text, "SessionToken"),
            "expires_at": _now() + timedelta(seconds=DURATION_S),
        }

    def _endpoint(self) -> str:
        given = os.environ.get("AWS_ENDPOINT_URL_STS") or os.environ.get("AWS_ENDPOINT_URL")
        china = ".cn" if self.role.startswith("arn:aws-cn:") else ""
        return given or f"https://sts.{self.region}.amazonaws.com{china}"

    def _refused(self, text: str, status: int) -> str:
        why = _element(text, "Message") or f"HTTP {status}"
        return (
            f"the role {self.role} may not be taken ({why}): allow `sts:AssumeRole` on it to the job's role and to "
            "Airflow's, and both of them, with the same `external_id`, in the trust policy of the role"
        )


def own_keys(environ: Mapping[str, str]) -> Keys:
    """The credentials that this process has.

    :raises RoleError: if it has none that can be found.
    """
    from urllib.request import Request, urlopen

    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        token = environ.get("AWS_SESSION_TOKEN", "")
        return Keys(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], token)
    relative, full = (environ.get(f"AWS_CONTAINER_CREDENTIALS_{kind}_URI") for kind in ("RELATIVE", "FULL"))
    address = f"{_OF_ECS}{relative}" if relative else full
    if not address:
        raise RoleError(
            "there are no credentials of one's own with which a role could be taken: give the job a role "
            "(`job_role` of the connection), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    file = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    mark = Path(file).read_text().strip() if file else environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    try:
        with urlopen(Request(address, headers={"Authorization": mark} if mark else {}), timeout=TIMEOUT_S) as answer:  # noqa: S310
            told = json.load(answer)
        return Keys(told["AccessKeyId"], told["SecretAccessKey"], told.get("Token", ""))
    except (OSError, ValueError, KeyError) as error:
        raise RoleError(f"the container's own credentials cannot be read at {address} ({error})") from error


def signed(keys: Keys, endpoint: str, region: str, body: bytes, now: datetime) -> Request:
    """A request to STS with its signature.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

    :param now: in UTC.
    """
    from urllib.request import Request

    moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": urlsplit(endpoint).netloc,
        "x-amz-date": moment,
        **({"x-amz-security-token": keys.token} if keys.token else {}),
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/sts/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{keys.secret}".encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    given = f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    return Request(f"{endpoint.rstrip('/')}/", body, {**headers, "Authorization": given}, method="POST")  # noqa: S310


def _now() -> datetime:
    return datetime.now(timezone.utc)  # noqa: UP017  (Python 3.9)


def _element(text: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return found[1] if found else ""
