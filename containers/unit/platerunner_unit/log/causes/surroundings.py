"""What went wrong around a tool, by a line of its log: memory, disks, stores, networks, files that are not there."""

from __future__ import annotations

from platerunner_unit.contract.category import Category
from platerunner_unit.log.line_rules import LineRule

C = Category
SURROUNDINGS: tuple[LineRule, ...] = (
    LineRule(
        name="done_file_unwritable",
        literals="open(options.done_file",
        pattern=r"open\(options\.done_file",
        learnt_from='fd = open(options.done_file, "wt")',
        category=C.MISCONFIGURED,
        clause="its done file could not be written",
        in_source=True,
        hint="Give the container a writable disk of its own; the folder of the job's work cannot be written.",
        tool="cellprofiler",
    ),
    LineRule(
        name="memory",
        literals=(
            "MemoryError; Unable to allocate; Cannot allocate memory; std::bad_alloc; Could "
            "not allocate; Could not reserve enough space; insufficient memory; Java heap space; Out of memory; "
            "GC overhead limit exceeded; Native memory allocation"
        ),
        pattern=(
            r"(?:^|[\s.:|])(?:\w*MemoryError\b.*|Unable to allocate [\d.]+ .*|.*Cannot allocate memory.*|"
            r".*std::bad_alloc.*|Could not (?:allocate|reserve) .*(?:space|memory|"
            "heap|bytes).*|.*insufficient memory for the Java Runtime Environment.*|.*Java heap space.*|.*GC "
            "overhead limit exceeded.*|.*Out of memory: Killed process.*|.*Native memory allocation.*failed.*)"
        ),
        learnt_from=(
            "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 256. KiB for an array with shape (256, 256)"
        ),
        category=C.OUT_OF_MEMORY,
        clause="memory ran out ({line})",
        hint="Give the step more `resources.memory`, or make units smaller (`foreach` by site).",
    ),
    LineRule(
        name="disk",
        literals=(
            "No space left on device; database or disk is full; Disk quota exceeded;  requested and ; errno = "
            "28; Not enough space on; not enough space on; errno = 122"
        ),
        pattern=(
            r"No space left on device|database or disk is full|Disk quota exceeded|\d+ requested and \d+ written|"
            r"errno = (?:28|122)\b|[Nn]ot enough space on (?:the )?(?:disk|device)"
        ),
        learnt_from="OSError: [Errno 28] No space left on device",
        category=C.OUT_OF_DISK,
        clause="the disk is full ({line})",
        hint="Give the step more `resources.disk`.",
    ),
    LineRule(
        name="cloud_denied",
        literals=(
            "Unable to locate credentials; AccessDenied; InvalidAccessKeyId; SignatureDoesNotMatch; "
            "ExpiredToken; 403 Forbidden; HTTP Error 403; HTTP Error 401; (403); AuthorizationHeaderMalformed; "
            "NoCredentialsError; PartialCredentialsError; UnrecognizedClientException; Token has expired"
        ),
        pattern=(
            "Unable to locate credentials|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|403 "
            r"Forbidden|HTTP Error 40[13]|\(403\)|CredentialsError|AuthorizationHeaderMalformed|"
            "UnrecognizedClient|Token has expired"
        ),
        learnt_from="botocore.exceptions.NoCredentialsError: Unable to locate credentials",
        category=C.ACCESS_DENIED,
        clause="access to the storage was refused ({line})",
        hint=(
            "Give the job's role the permission that the line names; inputs of the step need none, since they are"
            " copied beforehand."
        ),
    ),
    LineRule(
        name="throttled",
        literals=(
            "SlowDown; TooManyRequests; Too Many Requests; ThrottlingException; Rate exceeded; "
            "RequestLimitExceeded; HTTP Error 429; HTTP Error 503; 503 Slow Down"
        ),
        pattern=(
            "SlowDown|TooManyRequests|Too Many Requests|ThrottlingException|Rate exceeded|RequestLimitExceeded|"
            "HTTP Error (?:429|503)|503 Slow Down"
        ),
        learnt_from="An error occurred (SlowDown) when calling the GetObject operation: Please reduce your rate.",
        category=C.THROTTLED,
        clause="the storage asked for fewer requests ({line})",
        hint="Clear the task to try again.",
    ),
    LineRule(
        name="network",
        literals=(
            "urlopen error; Could not connect to the endpoint; ConnectionError; ConnectionResetError; "
            "ConnectionRefusedError; Connection refused; Name or service not known; ConnectTimeout; ReadTimeout; "
            "Temporary failure in name resolution; UnknownHostException; IncompleteRead; HTTP Error 500; HTTP "
            "Error 502; HTTP Error 504; Connection reset by peer; Network is unreachable; SSLError; "
            "ConnectException; SocketTimeoutException"
        ),
        pattern=(
            "urlopen error|Could not connect to the endpoint|Connection(?:Reset|Refused)?Error|Connection "
            "refused|ConnectTimeout|Name or service not known|Temporary failure in name resolution|"
            "UnknownHostException|IncompleteRead|HTTP Error 50[024]|Connection reset by peer|Network is "
            "unreachable|ReadTimeout|SSLError|ConnectException|SocketTimeoutException"
        ),
        learnt_from="urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>",
        category=C.TRANSFER_FAILED,
        clause="a file could not be fetched ({line})",
        hint=("Clear the task to try again; files that the step names as inputs need no network while the tool runs."),
    ),
    LineRule(
        name="http_missing",
        literals="HTTP Error 404; NoSuchKey; NoSuchBucket; (404)",
        pattern=r"HTTP Error 404|NoSuchKey|NoSuchBucket|An error occurred \(404\)",
        learnt_from=(
            "botocore.exceptions.ClientError: An error occurred (404) when calling the HeadObject operation: Not Found"
        ),
        category=C.INPUT_MISSING,
        clause="a remote file does not exist ({line})",
        hint="Correct the address that the tool asks for, or name the file as an input of the step.",
    ),
    LineRule(
        name="overwrite_refused",
        literals="already exist: ; trying to overwrite; overwrite not allowed",
        pattern=(
            r"file\(s\) already exist: (?P<path>.*)|trying to overwrite (?P<path2>.*?) in headless mode|"
            "(?P<path3>.*) already in database and overwrite not allowed"
        ),
        learnt_from=(
            "ValueError: SaveImages: trying to overwrite /data/job/out/fixed.tiff in headless mode, but "
            'Overwrite files is set to "No"'
        ),
        category=C.TOOL_ERROR,
        clause="an output exists already and the pipeline forbids to overwrite it ({line})",
        hint=(
            'Set "Overwrite existing files without warning" to Yes in the module, or give its files names that '
            "differ between image sets."
        ),
        tool="cellprofiler",
    ),
    LineRule(
        name="read_only",
        literals=(
            "Read-only file system; Permission denied; Operation not permitted; attempt to write a readonly "
            "database; unable to open database file; Device or resource busy; Input/output error; Stale file "
            "handle; AccessDeniedException; No usable temporary directory; Is a directory; Not a directory; File "
            "name too long; Too many open files; is not a directory"
        ),
        pattern=(
            "Read-only file system|Permission denied|Operation not permitted|attempt to write a readonly "
            "database|unable to open database file|Device or resource busy|Input/output error|Stale file handle|"
            "AccessDeniedException|No usable temporary directory|Is a directory|Not a directory|File name too "
            "long|Too many open files|is not a directory"
        ),
        learnt_from="OSError: [Errno 30] Read-only file system: '/data/job/out/IllumDNA.npy'",
        category=C.MISCONFIGURED,
        clause="a folder or file could not be used ({line})",
        hint="Let the tool write into its output folder, or correct the path that the line names.",
    ),
    LineRule(
        name="image_missing",
        literals='The file, "',
        pattern='The file, "(?P<path>.*?)", does not exist',
        learnt_from='FileNotFoundError: [Errno 2] The file, "/data/job/images/P1_A02_s2_DNA.tif", does not exist.',
        category=C.INPUT_MISSING,
        clause="the file {path} does not exist",
        hint="Upload the file, or exclude it in the spec with a reason, then clear the task.",
        tool="cellprofiler",
    ),
    LineRule(
        name="folder_missing",
        literals="Test for access to directory failed",
        pattern=r"Test for access to directory failed\. Directory: (?P<path>.*)",
        learnt_from="OSError: Test for access to directory failed. Directory: /data/job/nowhere.",
        category=C.INPUT_MISSING,
        clause="the folder {path} cannot be reached",
        hint=(
            'Set the folder in the module that the line is about to "Default Output Folder" or "Default Input Folder".'
        ),
        tool="cellprofiler",
    ),
    LineRule(
        name="pipeline_file_missing",
        literals="Could not find file, ",
        pattern=r"Could not find file, (?P<path>\S.*)",
        learnt_from="OSError: Could not find file, /data/job/nope.cppipe",
        category=C.INPUT_MISSING,
        clause="the pipeline file {path} does not exist",
        hint="Correct the path in `with: pipeline`.",
        tool="cellprofiler",
    ),
)
