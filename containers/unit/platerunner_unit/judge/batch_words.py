"""What a sentence of AWS is made of: the errors that it names, HTTP statuses, and its words without anybody's names.

A repository may be called ``denied``, a digest contain ``403``, an address end in ``/not-found``: none of these says
what happened. So names are taken out before words are looked for, and a number is a status only where one is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = re.compile(
    "|".join(
        (
            r"\w+://[^\s\"'<>]*[^\s\"'<>:,.;)\]]",  # addresses
            r"\barn:[\w-]+:\S*[^\s:,.;)]",
            r"\bsha\d+:\w+",
            r"(?<!\w)(?!(?:i/o|input/output|HTTP/[\d.]+)\b)[\w.@:~$+-]*/[\w./@:~$+%=?&-]*\w",  # paths, images
            r"\b(?!code:)[\w.-]*[a-z\d_.-](?<!Error)(?<!Exception):(?=\w)[\w.@-]+",  # image:tag, host:port, times
            r"(?<!\w)(\\?['\"])[^\s'\"\\]+\1(?!\w)",  # 'one-word' in quotes
            "\u2018[^\u2019]*\u2019",
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+",  # request ids
            r"\b[a-z]+-(?=[a-z]*\d)[0-9a-z]{6,}\b",  # i-0abc, subnet-0abc
            r"\b(?=[a-fA-F]*\d)[0-9a-fA-F]{7,}\b",
        )
    )
)
_STATUS = re.compile(
    # where one is announced: "status code: 403", "HTTP 503", "unexpected status from HEAD request to _: 403"
    r"(?:\bHTTP(?:/[\d.]+)?|(?<!exit )\bstatus(?: ?code)?(?: \[[^\]]*\])?(?: from \w+ request(?: to)?)?"
    r"|\bresponse code)"
    r"[\s:=_(]{0,6}(?:code[\s:=]*)?(\d{3})\b"
    r"|\bAPI error \((4\d\d)\)"
    # or where its own words follow it
    r"|\b(\d{3}) (?:Bad Request|Unauthorized|Forbidden|Not Found|Request Time-?out|Conflict|Too Many Requests"
    r"|Internal Server Error|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out|Slow ?Down)\b",
    re.IGNORECASE,
)
_ERROR = re.compile(r"\b[A-Z][A-Za-z]+(?:Error|Exception)\b")


@dataclass(frozen=True)
class Said:
    """A sentence, taken apart.

    :param text: as AWS wrote it.
    :param words: without names, addresses, digests and ids.
    :param errors: error names such as ``CannotPullContainerError``, in order.
    :param statuses: HTTP statuses.
    """

    text: str
    words: str
    errors: tuple[str, ...]
    statuses: frozenset[int]

    @classmethod
    def of(cls, text: str) -> Said:
        """Take a sentence apart."""
        words = _NAMES.sub("_", text)
        statuses = frozenset(int(next(filter(None, found))) for found in _STATUS.findall(words))
        return cls(text, words, tuple(_ERROR.findall(words)), statuses)


@dataclass(frozen=True)
class Why:
    """One kind of cause, by all that AWS, registries and container engines call it.

    :param says: searched in the words, without regard to case.
    :param statuses: HTTP statuses that mean the same.
    """

    says: str
    statuses: frozenset[int] = frozenset()

    def fits(self, said: Said) -> bool:
        """Whether a sentence gives this cause."""
        return bool(self.statuses & said.statuses or re.search(self.says, said.words, re.IGNORECASE | re.DOTALL))


MEMORY = Why(r"\bOutOfMemory(?:Error)?\b|killed due to memory|\bOOM[- ]?killed\b|memory limit too low")
DISK = Why(
    r"no space left|thin pool has \d+ free|disk quota exceeded"
    r"|(?:not enough|insufficient) (?:\w+ )?(?:disk|storage) space"
)
EXPIRED = Why(
    r"(?:token|credentials?|session|signature)(?: included in the request)? (?:has |have |is |are )?expired"
    r"|\bExpired(?:Token(?:Exception)?|Exception)\b|\bRequestExpired\b"
)
THROTTLED = Why(
    r"\b(?:Throttl(?:ing|ed)(?:Exception|Error)?|SlowDown|TooManyRequests(?:Exception)?|RequestLimitExceeded"
    r"|RequestThrottled(?:Exception)?|ProvisionedThroughputExceededException|LimitExceededException)\b"
    r"|rate exceeded|pull rate limit|too many (?:requests|concurrent attempts)|reduce your request rate",
    frozenset({429}),
)
# AWS's own codes and clauses alone: "permission denied" is what a kernel says of a file.
REFUSED = Why(
    r"\b(?:AccessDenied(?:Exception)?|UnauthorizedOperation|UnauthorizedException|NotAuthorized(?:Exception)?"
    r"|UnrecognizedClientException|InvalidClientTokenId|AuthorizationHeaderMalformed|NoCredentialProviders)\b"
    r"|unable to assume (?:the |this )?(?:service )?role"
    r"|not authorized to|access denied (?:by|exception)|with an explicit deny|no identity-based policy",
    frozenset({401, 403}),
)
DENIED = Why(
    REFUSED.says + r"|access (?:\w+ )?(?:is |was )?denied|\bdenied:|(?:is|was) denied|not authorized|\bunauthorized\b"
    r"|no basic auth|authentication required|insufficient_scope|\bforbidden\b|has the permissions? to",
    REFUSED.statuses,
)
# In AWS's codes: a log group, a secret, a subnet.
ABSENT = Why(
    r"\b(?:(?:Resource|Parameter|Secret|Cluster|Repository|Image)NotFound(?:Exception)?|NoSuch\w+|Invalid\w+\.NotFound"
    r"|FileSystemNotFound|AccessPointNotFound)\b|can'?t find the specified|does(?: not|n'?t) exist",
    frozenset({404}),
)
NO_IMAGE = Why(
    ABSENT.says + r"|not found|manifest unknown|name unknown|no such image|no matching manifest|invalid reference"
    r"|does not contain descriptor|cannot be used on this platform|no match for platform",
    ABSENT.statuses,
)
NETWORK = Why(
    r"time-?(?:d )?out|deadline exceeded|handshake|connection (?:was )?(?:refused|reset|closed|issue|error)"
    r"|\bEOF\b|no such host|server misbehaving|unreachable|no route to host|temporar(?:y|ily)|failed to resolve|netlink"
    r"|(?:context|request|operation) (?:was )?cancell?ed|RequestCancell?ed|signal: killed"
    r"|send request failed|broken pipe"
    r"|service unavailable|internal server error|bad gateway|try again|network configuration",
    frozenset({408, 500, 502, 503, 504}),
)
HOST = Why(
    r"cannot allocate memory|resource temporarily unavailable|too many open files|input/output error"
    r"|read-only file system"
    r"|dm_task_run failed|device or resource busy|cannot connect to the docker daemon|transport is closing|ttrpc"
    r"|already in use|already allocated|address already|structure needs cleaning|bad message|stale file handle"
    r"|failed to create endpoint|no available IPv4 address"
)
# What an image, a command or a definition says that no host will ever run.
PROGRAM = Why(
    r"executable file not found|exec format error|no such file or directory|permission denied|operation not permitted"
    r"|is a directory|not a directory|no command specified|\binvalid\b|not valid"
    r"|mounting volume"
    r"|\bunknown (?:\w+ )?(?:runtime|user|log|flag"
    r"|option|capability)|unable to find (?:user|group)|no (?:users|groups) found"
    r"|no matching entries|device driver|device information"
    r"|nvidia-container-cli|minimum memory limit|range of cpus|conflicting options|bad parameter|validate logger args"
    r"|log[- ]opt|did not contain|validation error|x509|certificate|OCI runtime|runc create failed"
    r"|not supported|unsupported"
    r"|EFS utils|env(?:ironment)? files?|no logging driver|must be|cannot be (?:empty|null)|is required|KMS\w*Exception"
)
