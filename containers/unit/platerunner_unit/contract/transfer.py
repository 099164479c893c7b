"""Why a file could not be copied: said where the storage answers, and never guessed from its text later."""

from __future__ import annotations

import enum
import errno
import re
from dataclasses import dataclass

from platerunner_unit.contract.category import Category


class Kind(str, enum.Enum):
    """What stood against a transfer; the value is stored."""

    MISSING = "missing"
    ARCHIVED = "archived"
    KEY_REFUSED = "key_refused"
    REQUESTER_PAYS = "requester_pays"
    OTHER_REGION = "other_region"
    POLICY = "policy"
    CREDENTIALS = "credentials"
    DENIED = "denied"
    DISK_FULL = "disk_full"
    THROTTLED = "throttled"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True)
class Meaning:
    """What a kind leads to.

    :param category: of the verdict.
    :param clause: follows the object's address.
    :param hint: what to do about it; empty leaves that to the category.
    :param learnt_from: S3's or the system's own word.
    """

    category: Category
    clause: str
    hint: str
    learnt_from: str


# In the order of the message: what a person has to do comes before what may pass by itself.
MEANINGS: dict[Kind, Meaning] = {
    Kind.ARCHIVED: Meaning(
        Category.INPUT_ARCHIVED, "is archived", "", "403 InvalidObjectState, with its storage class"
    ),
    Kind.KEY_REFUSED: Meaning(
        Category.ACCESS_DENIED,
        "is encrypted with a key of AWS KMS that may not be used",
        "Give the job's role `kms:Decrypt` (to write, `kms:GenerateDataKey`) on the key, or enable the key again.",
        "403 AccessDenied: ... is not authorized to perform: kms:Decrypt; 400 KMS.DisabledException",
    ),
    Kind.REQUESTER_PAYS: Meaning(
        Category.ACCESS_DENIED,
        "is in a bucket whose requester pays, and the request did not offer to",
        'Say so in the connection: `"buckets": {"<bucket>": {"access": "requester_pays"}}`.',
        "403 AccessDenied: ... Requester Pays ...",
    ),
    Kind.OTHER_REGION: Meaning(
        Category.MISCONFIGURED,
        "is in a bucket of another region than was asked",
        'Say so in the connection: `"buckets": {"<bucket>": {"region": "eu-west-1"}}`, with the region of the bucket.',
        "301 PermanentRedirect; 400 AuthorizationHeaderMalformed: ... the region 'us-east-1' is wrong ...",
    ),
    Kind.POLICY: Meaning(
        Category.ACCESS_DENIED,
        "is refused by a policy",
        "Change the policy that the line names: of the bucket, the VPC endpoint, the organization, or the role.",
        "403 AccessDenied: ... with an explicit deny in a resource-based policy",
    ),
    Kind.CREDENTIALS: Meaning(
        Category.ACCESS_DENIED,
        "could not be reached, for the credentials have expired or are wrong",
        "Renew the credentials of the connection or the role, then clear the task.",
        "400 ExpiredToken; 403 InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed",
    ),
    Kind.DENIED: Meaning(
        Category.ACCESS_DENIED,
        "access denied",
        "Give the role `s3:GetObject` and `s3:ListBucket` (to write, `s3:PutObject`) here; a bucket that is public, "
        "whose requester pays, or of another account answers the same: see `buckets` of the connection "
        "(`PLATERUNNER_BUCKETS` outside Airflow).",
        "403 AccessDenied; EACCES",
    ),
    Kind.MISSING: Meaning(Category.INPUT_MISSING, "does not exist", "", "404 NoSuchKey, NoSuchBucket; ENOENT"),
    Kind.DISK_FULL: Meaning(Category.OUT_OF_DISK, "did not fit on the disk", "", "ENOSPC, EDQUOT"),
    Kind.THROTTLED: Meaning(Category.THROTTLED, "was asked for too often", "", "503 SlowDown; 429"),
    Kind.CHANGED: Meaning(
        Category.TRANSFER_FAILED, "is not what it was when the step was planned", "", "another size, another digest"
    ),
    Kind.FAILED: Meaning(Category.TRANSFER_FAILED, "could not be copied", "", "5xx; a connection that broke"),
}
ORDER = {kind.value: place for place, kind in enumerate(MEANINGS)}


@dataclass(frozen=True)
class TransferFailure:
    """One object that could not be copied.

    :param kind: a :class:`Kind`'s value.
    :param key: full address of the object.
    :param code: S3's code, e.g. ``SlowDown``; empty if it gave none.
    :param text: for a person, with the address.
    """

    kind: str
    key: str
    code: str
    text: str

    @property
    def meaning(self) -> Meaning:
        """What it leads to."""
        known = {kind.value: meaning for kind, meaning in MEANINGS.items()}
        return known.get(self.kind, MEANINGS[Kind.FAILED])


@dataclass(frozen=True)
class Answer:
    """What S3 answered.

    :param status: HTTP status; 0 if there was no answer.
    :param code: its code, e.g. ``AccessDenied``.
    :param message: its message.
    :param storage_class: of an archived object.
    """

    status: int = 0
    code: str = ""
    message: str = ""
    storage_class: str = ""

    @classmethod
    def of(cls, text: str) -> Answer:
        """Read it out of what obstore says of a request that failed.

        :param text: the error as text; obstore has no other form of it.
        """
        head = text.partition("\n\nDebug source")[0]
        found = _ANSWER.search(head)
        if found is None:
            return cls(301, "PermanentRedirect") if _REDIRECTED.search(head) else cls()
        body = found[2] or ""
        return cls(int(found[1]), *(_element(body, name) for name in ("Code", "Message", "StorageClass")))


# The request's address is percent-encoded, so that no key can pass for an answer.
_ANSWER = re.compile(r"Error performing [A-Z]+ \S+ in [^<]*? - Server returned [^<:]*: (\d{3})\b[^<]*(<.*)?", re.DOTALL)

# S3 says nowhere to go to another region, and obstore keeps nothing of such an answer.
_REDIRECTED = re.compile(r"Error performing [A-Z]+ \S+ in [^<]*? - Received redirect without LOCATION")


def _element(body: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", body)
    return found[1].strip() if found else ""


_CREDENTIALS = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "NotSignedUp",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_OTHER_REGION = frozenset({"IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"})
_THROTTLED = frozenset({"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded"})
_POLICY = re.compile(r"explicit deny|no [\w -]*policy|service control policy|permissions boundary", re.IGNORECASE)


def kind_of(answer: Answer) -> Kind:
    """What an answer of S3 means: its code decides, then its message, and its status at last."""
    if answer.code == "InvalidObjectState":
        return Kind.ARCHIVED
    if answer.code.startswith("KMS") or (answer.status == 403 and re.search(r"\bkms:\w|\bKMS\b", answer.message)):
        return Kind.KEY_REFUSED
    if answer.code in _OTHER_REGION or (answer.code == "AuthorizationHeaderMalformed" and "region" in answer.message):
        return Kind.OTHER_REGION
    if answer.code in _CREDENTIALS:
        return Kind.CREDENTIALS
    if answer.code in _THROTTLED or answer.status == 429:
        return Kind.THROTTLED
    if answer.status in (401, 403):
        return _refusal(answer.message)
    return Kind.MISSING if answer.status == 404 else Kind.FAILED


def _refusal(message: str) -> Kind:
    if re.search(r"requester[ -]?pays|x-amz-request-payer", message, re.IGNORECASE):
        return Kind.REQUESTER_PAYS
    return Kind.POLICY if _POLICY.search(message) else Kind.DENIED


def kind_of_os_error(error: OSError) -> Kind:
    """What the system's own error means."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Kind.DISK_FULL
    if isinstance(error, PermissionError):
        return Kind.DENIED
    return Kind.MISSING if isinstance(error, FileNotFoundError) else Kind.FAILED
