"""How buckets are reached that are not the lab's own: public ones, those whose requester pays,
those of another region, those of another account that lends a role.

A connection says it, and never a spec. Commands and containers get it in :data:`VARIABLE`: JSON, bucket to settings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Optional, cast

from platerunner_unit.contract.stores.assumed_role import ROLE, AssumedRole, Keys

VARIABLE = "PLATERUNNER_BUCKETS"
ANONYMOUS, REQUESTER_PAYS = "anonymous", "requester_pays"
KEYS = {"access": (ANONYMOUS, REQUESTER_PAYS), "region": (), "endpoint": (), "role": (), "external_id": ()}
"""The settings of a bucket, each with the words that it takes; none for any text."""
# The only retries that a request to S3 gets: four tries at most, within two minutes and the last one's own 30 s.
# A caller of a Storage never repeats a request that S3 has answered.
RETRIES: Any = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=120),
    "backoff": {"init_backoff": timedelta(seconds=0.5), "max_backoff": timedelta(seconds=15), "base": 3},
}
_CREDENTIALS = ("access_key_id", "secret_access_key", "token")


class BucketsError(Exception):
    """Settings that cannot be used; the message is a clause for people, with the remedy."""


def check_buckets(buckets: Mapping[str, Any]) -> None:
    """Check the settings of buckets.

    :raises BucketsError: if anything is of the wrong form.
    """
    for name, settings in buckets.items():
        if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
            raise BucketsError(
                f'bucket {name!r} should have settings like {{"access": "anonymous", "region": "us-east-1"}}'
            )
        for key, value in settings.items():
            if key not in KEYS:
                raise BucketsError(f"bucket {name!r}: unknown {key!r}; it takes {', '.join(KEYS)}")
            if KEYS[key] and value not in KEYS[key]:
                raise BucketsError(f"bucket {name!r}: {key} {value!r} is none of {', '.join(KEYS[key])}")
        _check_role(name, settings)


def _check_role(name: str, settings: Mapping[str, str]) -> None:
    role = settings.get("role")
    if role is None and "external_id" in settings:
        raise BucketsError(f"bucket {name!r}: `external_id` goes with a `role`, and there is none")
    if role is not None and not ROLE.fullmatch(role):
        raise BucketsError(f"bucket {name!r}: role {role!r} is no ARN like arn:aws:iam::123456789012:role/images")
    if role is not None and settings.get("access") == ANONYMOUS:
        raise BucketsError(f"bucket {name!r}: anonymous requests have no role: leave out `access` or `role`")


def role_of(
    settings: Mapping[str, str], config: Mapping[str, Any], environ: Mapping[str, str]
) -> Optional[AssumedRole]:
    """The role by which a bucket is reached; None for one's own.

    :param config: obstore's, with the credentials that take the role if they are not the environment's.
    """
    if "role" not in settings:
        return None
    own = None
    if "access_key_id" in config:
        own = Keys(config["access_key_id"], config["secret_access_key"], config.get("token", ""))
    region = config.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return AssumedRole(settings["role"], settings.get("external_id", ""), region, own)


def read_buckets(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What the environment says.

    :raises BucketsError: if it is no JSON, or of the wrong form.
    """
    try:
        found: dict[str, dict[str, str]] = json.loads(environ.get(VARIABLE) or "{}")
    except ValueError as error:
        raise BucketsError(f"{VARIABLE} is no JSON ({error}): correct it, or unset it") from error
    check_buckets(found)
    return found


def config_for(settings: Mapping[str, str], config: Mapping[str, Any]) -> dict[str, Any]:
    """Obstore's configuration for a bucket.

    :param settings: of the bucket.
    :param config: what holds for the lab's own; neither an anonymous request nor one by a role has its credentials.
    """
    own: dict[str, Any] = {key: settings[key] for key in ("region", "endpoint") if key in settings}
    access = settings.get("access")
    if access == REQUESTER_PAYS:
        own["request_payer"] = True
    if access != ANONYMOUS and "role" not in settings:
        return {**config, **own}
    if "role" in settings:
        return {**{key: value for key, value in config.items() if key not in _CREDENTIALS}, **own}
    return {**{key: value for key, value in config.items() if key not in _CREDENTIALS}, **own, "skip_signature": True}


def open_bucket(bucket: str, prefix: str, config: dict[str, Any], role: Optional[AssumedRole]) -> Any:
    """Obstore's view of a bucket, as the environment's settings for it say.

    :param config: obstore's settings where they differ from the environment's.
    :param role: of another account; None for what the settings say.
    :raises BucketsError: if the settings cannot be used.
    """
    from obstore.store import S3Store  # slow to import, and reading settings does not need it

    own = read_buckets(os.environ).get(bucket)
    if own and role is None:
        role, config = role_of(own, config, os.environ), config_for(own, config)
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and "endpoint" not in config:
        config = {**config, "endpoint": endpoint}
    client: Any = {"allow_http": True} if str(config.get("endpoint", "")).startswith("http://") else {}
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=cast("Any", config),
        client_options=client,
        retry_config=RETRIES,
        credential_provider=cast("Any", role),
    )
