"""A telling line for every alternative of every pattern that finds a cause, and what it leads to."""

import functools
import re

import pytest

from platerunner_unit.log.causes import CAUSES, LAST_RESORT
from platerunner_unit.log.detector import Detector
from platerunner_unit.log.rules import LINE_RULES

RULES = {rule.name: rule for rule in (*CAUSES, *LAST_RESORT)}
LINES = {
    "memory": (
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 256. KiB for an array",
        "ERROR: Unable to allocate 2.5 GiB for an array",
        "OSError: [Errno 12] Cannot allocate memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "java.lang.OutOfMemoryError: unable to create native thread",
        "Error: Could not reserve enough space for object heap",
        "# There is insufficient memory for the Java Runtime Environment to continue.",
        "Could not allocate memory for the image",
        "Could not allocate a larger heap",
        "Could not allocate 12 bytes",
        "Exception: Java heap space",
        "x: GC overhead limit exceeded",
        "[1] Out of memory: Killed process 12 (python)",
        "# Native memory allocation (mmap) failed to map 12288 bytes",
    ),
    "disk": (
        "OSError: [Errno 28] No space left on device",
        "sqlite3.OperationalError: database or disk is full",
        "OSError: [Errno 122] Disk quota exceeded",
        "OSError: 4096 requested and 12 written",
        "OSError: Can't write data (file write failed: errno = 28, error message = ...)",
        "java.io.IOException: There is not enough space on the disk",
        "Not enough space on device",
        "H5Dwrite failed: errno = 122, error message = 'x'",
    ),
    "cloud_denied": (
        "Unable to locate credentials",
        "An error occurred (AccessDenied) when calling the GetObject operation",
        "An error occurred (InvalidAccessKeyId) when calling",
        "An error occurred (SignatureDoesNotMatch) when calling",
        "An error occurred (ExpiredToken) when calling",
        "403 Forbidden",
        "urllib.error.HTTPError: HTTP Error 403: no",
        "urllib.error.HTTPError: HTTP Error 401: no",
        "botocore.exceptions.NoCredentialsError",
        "An error occurred (403) when calling the HeadObject operation",
        "botocore.exceptions.PartialCredentialsError: Partial",
        "An error occurred (AuthorizationHeaderMalformed) when calling",
        "An error occurred (UnrecognizedClientException) when calling",
        "Token has expired and refresh failed",
    ),
    "throttled": (
        "An error occurred (SlowDown) when calling the GetObject operation",
        "An error occurred (TooManyRequestsException) when calling",
        "429 Client Error: Too Many Requests for url",
        "An error occurred (ThrottlingException) when calling",
        "Rate exceeded",
        "An error occurred (RequestLimitExceeded) when calling",
        "urllib.error.HTTPError: HTTP Error 503: Service Unavailable",
        "urllib.error.HTTPError: HTTP Error 429: wait",
        "503 Slow Down",
    ),
    "network": (
        "<urlopen error timed out>",
        "Could not connect to the endpoint URL",
        "ConnectionResetError: [Errno 104] gone",
        "ConnectionRefusedError: [Errno 111] no",
        "requests.exceptions.ConnectionError: no",
        "curl: (7) Connection refused",
        "requests.exceptions.ConnectTimeout: no",
        "curl: Name or service not known",
        "curl: Temporary failure in name resolution",
        "java.net.UnknownHostException: lab",
        "http.client.IncompleteRead: 3 bytes",
        "HTTP Error 502: Bad Gateway",
        "HTTP Error 500: no",
        "HTTP Error 504: Gateway Timeout",
        "Connection reset by peer",
        "connect: Network is unreachable",
        "requests.exceptions.ReadTimeout: no",
        "ssl.SSLError: bad record",
        "java.net.ConnectException: no",
        "java.net.SocketTimeoutException: no",
    ),
    "http_missing": (
        "urllib.error.HTTPError: HTTP Error 404: Not Found",
        "An error occurred (NoSuchKey) when calling",
        "An error occurred (NoSuchBucket) when calling",
        "botocore.exceptions.ClientError: An error occurred (404) when calling the HeadObject operation: Not Found",
    ),
    "overwrite_refused": (
        "file(s) already exist: a.tif",
        "SaveImages: trying to overwrite /out/a.tiff in headless mode, but",
        "table Image already in database and overwrite not allowed",
    ),
    "read_only": (
        "OSError: [Errno 30] Read-only file system: '/out'",
        "PermissionError: [Errno 13] Permission denied: '/out'",
        "PermissionError: [Errno 1] Operation not permitted",
        "sqlite3.OperationalError: attempt to write a readonly database",
        "sqlite3.OperationalError: unable to open database file",
        "OSError: [Errno 16] Device or resource busy",
        "OSError: [Errno 5] Input/output error",
        "OSError: [Errno 116] Stale file handle",
        "java.nio.file.AccessDeniedException: /out",
        "FileNotFoundError: [Errno 2] No usable temporary directory found",
        "IsADirectoryError: [Errno 21] Is a directory: '/out'",
        "NotADirectoryError: [Errno 20] Not a directory: '/out'",
        "OSError: [Errno 36] File name too long: 'aaa'",
        "OSError: [Errno 24] Too many open files",
        "OSError: /out is not a directory",
    ),
    "csv_broken": ("_csv.Error: line contains NUL", "The CSV file could not be read"),
    "image_damaged": (
        "loci.formats.UnknownFormatException: Unknown file format: /a.tif",
        "loci.formats.FormatException: bad",
        "PIL.UnidentifiedImageError: cannot identify image file 'a.png'",
        "not a TIFF file: header=b'12'",
        "ValueError: Cannot find image file a.tif",
        "tifffile.TiffFileError: bad",
        "java.io.EOFException: Attempting to read beyond end of file",
        "OSError: image file is truncated (3 bytes not processed)",
        "OSError: broken data stream when reading image file",
        "ValueError: Failed to read the magic number",
        "EOFError: No data left in file",
        "zipfile.BadZipFile: File is not a zip file",
        "CRC error in a.zip",
        "zlib.error: Error -3 while decompressing data",
        "ValueError: Failed to interpret file 'a.npy' as a pickle",
        "loci.formats.UnsupportedCompressionException: no",
    ),
    "image_kind": (
        "ValueError: Image must be grayscale, but it was color",
        "ValueError: Image must be color, but it was grayscale",
        "ValueError: Image must be binary, but it was grayscale",
        "ValueError: DNA must be a color image",
        "ValueError: DNA is not a color image",
    ),
    "pipeline_text": (
        "ValueError: Pipeline file unexpectedly truncated before module section",
        "ValueError: Invalid format for module header: x",
        "ValueError: Invalid format for setting: x",
        "ValueError: Invalid format for attributes: x",
        "ValueError: Invalid attribute string: x",
        "ValueError: Module LoadData did not have a variable revision # attribute",
        "json.decoder.JSONDecodeError: Expecting value",
    ),
    "hdf5_damaged": (
        "OSError: HDF5 file header was invalid",
        "OSError: x (truncated file: eof = 278480)",
        "OSError: x (file signature not found)",
        "OSError: Unable to open file (bad object header)",
    ),
    "measurement_missing": (
        "KeyError: 'Feature AreaShape_Area for Nuclei not found'",
        "No such measurement: AreaShape_Area",
    ),
    "usage": (
        "cellprofiler: error: no such option: --frobnicate",
        "cellprofiler: error: -p option requires 1 argument",
        "option takes a numeric argument",
        "You must specify a pipeline filename to run",
        "Unknown level: LOUD",
        "ValueError: dictionary update sequence element #0 has length 1",
        "Invalid format for --omero-credentials",
        "cellprofiler: error: ambiguous option: --p",
        "invalid integer value: 'x'",
        "Can't print measurements, no pipeline file",
    ),
    "java_missing": (
        "OSError: libjvm.so: cannot open",
        "Failed to create Java VM",
        "Unrecognized VM option 'X'",
        "Error: Could not create the Java Virtual Machine.",
        "java.lang.ClassNotFoundException: loci.X",
        "java.lang.NoClassDefFoundError: loci/X",
        "java.lang.UnsupportedClassVersionError: loci/X",
        "java.lang.UnsatisfiedLinkError: no jhdf5",
        "RuntimeError: Could not find Java in PATH",
        "JVMNotFoundError: Can't find the Java Virtual Machine",
        "Invalid maximum heap size: -Xmx0",
        "Invalid initial heap size: -Xms0",
        "Failed to find java in the path",
    ),
    "image_library": (
        "tool: error while loading shared libraries: libGL.so.1",
        "/bin/sh: 1: cellprofiler: command not found",
        "exec /tool: Exec format error",
        "bash: /tool: cannot execute binary file",
        "ImportError: libGL.so.1: cannot open shared object file: No such file",
        "tool: version `GLIBC_2.34' not found",
    ),
    "nothing_selected": (
        "The pipeline did not identify any image sets.",
        "There are no image sets to process",
        "IndexError: index 0 is out of bounds for axis 0 with size 0",
    ),
    "path_missing": (
        "FileNotFoundError: [Errno 2] No such file or directory: '/data/nolist.txt'",
        "OSError: (unable to open, name = '/data/a.h5', errno = 2, error message = 'x')",
        "FileNotFoundError: /data/a.txt",
        "java.nio.file.NoSuchFileException: /data/b.txt",
        "java.io.FileNotFoundException: /data/c.txt (No such file)",
        "OSError: [Errno 2] No such file or directory: 'd.txt'",
    ),
    "native_crash": (
        "# A fatal error has been detected by the Java Runtime Environment:",
        "Fatal Python error: Aborted",
        "Segmentation fault",
        "#  SIGBUS (0x7) at pc=0x0",
        "#  SIGSEGV (0xb) at pc=0x0",
        "#  SIGILL (0x4) at pc=0x0",
        "Aborted (core dumped)",
        "double free or corruption (out)",
        "free(): invalid pointer",
        "malloc(): corrupted top size",
        "*** stack smashing detected ***",
    ),
    "unencodable": ("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff",),
    "name_missing": ("ValueError: The Nuclei objects are missing from the pipeline.",),
    "plugin_import": ("Failed to load brokenplug", "could not load these modules: brokenplug, other"),
}
CATEGORIES = {
    "memory": "out_of_memory", "disk": "out_of_disk", "cloud_denied": "access_denied", "throttled": "throttled",
    "network": "transfer_failed", "http_missing": "input_missing", "overwrite_refused": "tool_error",
    "read_only": "misconfigured", "csv_broken": "input_unreadable", "image_damaged": "input_unreadable",
    "image_kind": "tool_error", "pipeline_text": "pipeline_invalid", "hdf5_damaged": "pipeline_invalid",
    "measurement_missing": "pipeline_invalid", "usage": "misconfigured", "java_missing": "misconfigured",
    "image_library": "misconfigured", "nothing_selected": "nothing_matched", "path_missing": "input_missing",
    "native_crash": "tool_error", "done_file_unwritable": "misconfigured", "image_missing": "input_missing",
    "folder_missing": "input_missing", "pipeline_file_missing": "input_missing", "java_unencodable": "input_unreadable",
    "unencodable": "input_unreadable", "mysql_missing": "misconfigured", "csv_no_rows": "nothing_matched",
    "csv_row": "input_unreadable", "csv_header": "input_unreadable", "csv_empty": "input_unreadable",
    "image_unreadable": "input_unreadable", "array_cut": "input_unreadable", "module_unknown": "plugin_missing",
    "pipeline_version": "pipeline_invalid", "name_missing": "pipeline_invalid", "three_d": "pipeline_invalid",
    "grouping_keys": "misconfigured", "set_dropped": "input_missing", "arguments_too_long": "pipeline_invalid",
    "package_missing": "misconfigured", "keyboard_interrupt": "stopped_by_user", "dimensions": "partial",
    "pipeline_exception": "tool_error",
}  # fmt: skip
VETOES = {"set_dropped", "dimensions", "pipeline_exception"}


@functools.cache
def found():
    """Rules that saw each line, of one log with all of them."""
    lines = [line for lines in LINES.values() for line in lines]
    detector = Detector(keep=len(lines))
    detector.feed("".join(f"{line}\n" for line in lines).encode())
    seen = {line: set() for line in lines}
    for match in detector.matches:
        seen[match.line].add(match.rule)
    return seen


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule, lines in LINES.items() for line in lines])
def test_the_line_is_seen_in_a_log_by_its_rule(rule, line):
    assert rule in found()[line]


@pytest.mark.parametrize("rule", [rule for rule in LINE_RULES if len(rule.texts) > 1], ids=lambda rule: rule.name)
def test_no_text_that_the_log_is_searched_for_is_without_a_line_that_needs_it(rule):
    lines = [line for line in (rule.learnt_from, *LINES.get(rule.name, ())) if rule.search(line)]
    held = [[text for text in rule.texts if text in line] for line in lines]
    assert {texts[0] for texts in held if len(texts) == 1} == set(rule.texts)


def alternatives(pattern):
    """What is left of a pattern for each alternative that it may lose, with what it loses."""
    parts = re.split(r"(?<!\\)\|", pattern)
    for at, lost in enumerate(parts if len(parts) > 1 else ()):
        rest = "|".join(parts[:at] + parts[at + 1 :])
        try:
            found = re.compile(rest)
        except re.error:  # half of a group: the alternatives around it are separate
            continue
        if not found.search(""):  # else it is no alternative that is lost, but what stands around them
            yield lost, found


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if "|" in rule.pattern], ids=lambda rule: rule.name)
def test_no_alternative_is_without_a_line_that_needs_it(rule):
    lines = (rule.learnt_from, *LINES.get(rule.name, ()))
    idle = [lost for lost, rest in alternatives(rule.pattern) if all(map(rest.search, lines))]
    assert idle == []


def test_a_cause_leads_where_it_always_did():
    assert {name: rule.category.value for name, rule in RULES.items()} == CATEGORIES
    assert {name for name, rule in RULES.items() if rule.veto} == VETOES


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("csv_empty", "x StopIteration"),
        ("keyboard_interrupt", "x KeyboardInterrupt"),
        ("disk", "errno = 288"),
        ("memory", "MemoryErrorHandler is set"),
        ("memory", "(Unable to allocate 12 of them)"),
        ("pipeline_exception", "pipeline_exception in line 3"),
        ("pipeline_exception", "a pipeline_exception"),
        ("java_missing", "myClassNotFoundException"),
        ("csv_row", "Error on line 6 of"),
        ("hdf5_damaged", "OSError: Unable to open file (unable to open, name = 'a', errno = 2, x)"),
    ],
)
def test_a_line_that_is_nearly_one_is_none(rule, line):
    assert not re.search(RULES[rule].pattern, line)
