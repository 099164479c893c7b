"""What went wrong, by a line of the log: the most telling first, all in one list, since their order decides."""

from __future__ import annotations

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.hints import TOO_LONG
from platerunner_unit.log.line_rules import LineRule

C = Category
CAUSES: tuple[LineRule, ...] = (
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
    LineRule(
        name="java_unencodable",
        literals="java.io.FileNotFoundException",
        pattern=r"FileNotFoundException: (?P<path>\S*\?.*?)(?: \(|$)",
        learnt_from=(
            'Exception in thread "Thread-0" java.io.FileNotFoundException: /data/Plaque??_A01.tif (No such file '
            "or directory)"
        ),
        category=C.INPUT_UNREADABLE,
        clause="the name of {path} has letters that this locale cannot express",
        hint="Use an image whose locale is UTF-8 (`LC_ALL: C.UTF-8`), or rename the file.",
        tool="cellprofiler",
    ),
    LineRule(
        name="unencodable",
        literals="UnicodeEncodeError; UnicodeDecodeError",
        pattern="Unicode(?:En|De)codeError: .*",
        learnt_from=(
            "UnicodeEncodeError: 'ascii' codec can't encode characters in position 21-22: ordinal not in range(128)"
        ),
        category=C.INPUT_UNREADABLE,
        clause="a name or text has letters that cannot be read ({line})",
        hint="Use an image whose locale is UTF-8 (`LC_ALL: C.UTF-8`), or rename what the line names.",
    ),
    LineRule(
        name="mysql_missing",
        literals="name 'MySQLdb' is not defined",
        pattern="name 'MySQLdb' is not defined",
        learnt_from="NameError: name 'MySQLdb' is not defined",
        category=C.MISCONFIGURED,
        clause="the image has no mysqlclient, which ExportToDatabase needs",
        hint=(
            "Use an image with mysqlclient, as `cellprofiler:4.2.8` has it; on a laptop, install MariaDB's "
            "headers and run `make cellprofiler`."
        ),
        tool="cellprofiler",
    ),
    LineRule(
        name="csv_no_rows",
        literals="zero-size array to reduction operation maximum",
        pattern="zero-size array to reduction operation maximum",
        learnt_from="ValueError: zero-size array to reduction operation maximum which has no identity",
        category=C.NOTHING_MATCHED,
        clause="the file has no row",
        frames=("prepare_run",),
        hint="Compare the range of rows in the pipeline's LoadData with the image sets of this unit.",
        tool="cellprofiler",
    ),
    LineRule(
        name="csv_row",
        literals="Error on line ",
        pattern=r"Error on line (?P<row>\d+) of (?P<path>.*?)\.?$",
        learnt_from="ValueError: Error on line 6 of load_data.csv.",
        category=C.INPUT_UNREADABLE,
        clause="line {row} of {path} has not as many cells as the header",
        hint="Mend the line of the file that is named.",
        tool="cellprofiler",
    ),
    LineRule(
        name="csv_header",
        literals="LoadData needs a ",
        pattern=r"LoadData needs a (?P<column>\S+) column",
        learnt_from="ValueError: LoadData needs a FileName_DNA column to match the PathName_DNA column",
        category=C.INPUT_UNREADABLE,
        clause="the file lacks the column {column}",
        hint="Give the file the column that is named.",
        tool="cellprofiler",
    ),
    LineRule(
        name="csv_empty",
        literals="StopIteration",
        pattern="^StopIteration",
        learnt_from="StopIteration",
        category=C.INPUT_UNREADABLE,
        clause="the file is empty",
        frames=("prepare_run",),
        hint="Give the file a header and rows.",
        tool="cellprofiler",
    ),
    LineRule(
        name="csv_broken",
        literals="_csv.Error; CSV",
        pattern=r"_csv\.Error: .*|The CSV file.*",
        learnt_from="_csv.Error: line contains NUL",
        category=C.INPUT_UNREADABLE,
        clause="the CSV file cannot be read ({line})",
        hint="Write the file again as plain CSV.",
        tool="cellprofiler",
    ),
    LineRule(
        name="image_unreadable",
        literals="Could not load the file as an image",
        pattern="Could not load the file as an image.*?: b?'?(?P<path>[^']+)",
        learnt_from=(
            "OSError: [Errno 22] Could not load the file as an image (see log for details): "
            "b'/data/job/images/P1_A02_s2_DNA.tif'"
        ),
        category=C.INPUT_UNREADABLE,
        clause="{path} is no image that can be read",
        hint="Replace the file by a good copy, or exclude it in the spec with a reason, then clear the task.",
        tool="cellprofiler",
    ),
    LineRule(
        name="image_damaged",
        literals=(
            "cannot identify image file; not a TIFF file; "
            "Cannot find image file; TiffFileError; EOFException; image file is truncated; broken data stream; "
            "Failed to read the magic number; No data left in file; BadZipFile; "
            "FormatException; CRC error; Error -3 while decompressing; "
            "Failed to interpret file; UnsupportedCompressionException"
        ),
        pattern=(
            "FormatException.*|cannot identify image file.*|not a TIFF file.*|Cannot "
            r"find image file.*|TiffFileError.*|java\.io\.EOFException.*|image file is truncated.*|broken data "
            "stream.*|Failed to read the magic number.*|No data left in file.*|"
            "BadZipFile.*|CRC error.*|Error -3 while decompressing.*|Failed to interpret file.*|"
            "UnsupportedCompressionException.*"
        ),
        learnt_from="loci.formats.UnknownFormatException: Unknown file format: /data/a.tif",
        category=C.INPUT_UNREADABLE,
        clause="a file is damaged ({line})",
        hint="Replace the file by a good copy, or exclude it in the spec with a reason, then clear the task.",
    ),
    LineRule(
        name="array_cut",
        literals="cannot reshape array of size",
        pattern="cannot reshape array of size.*",
        learnt_from="ValueError: cannot reshape array of size 1000 into shape (64,64)",
        category=C.INPUT_UNREADABLE,
        clause="an array file is cut off ({line})",
        frames=("read_array", "load_data_file"),
        hint="Replace the file by a good copy, or exclude it in the spec with a reason, then clear the task.",
    ),
    LineRule(
        name="image_kind",
        literals=("must be grayscale; must be color; must be binary; must be a color image; is not a color image"),
        pattern="must be (?:grayscale|color|binary)|must be a color image|is not a color image",
        learnt_from="ValueError: Image must be grayscale, but it was color",
        category=C.TOOL_ERROR,
        clause="an image is not of the kind that the module needs ({line})",
        hint=("Convert the image before this module (ColorToGray for colour), or choose another image in the module."),
        tool="cellprofiler",
    ),
    LineRule(
        name="module_unknown",
        literals="Could not find the ",
        pattern=r"Could not find the (?P<module>\w+) module",
        learnt_from="ValueError: Could not find the MeasureQuantumFoam module",
        category=C.PLUGIN_MISSING,
        clause="this CellProfiler has no module {module}",
        hint="Use an image with that plugin, or give the plugin's folder in `with: {plugins: ...}`.",
        tool="cellprofiler",
    ),
    LineRule(
        name="pipeline_version",
        literals="Pipeline file version is ",
        pattern=r"Pipeline file version is (?P<version>\d+)",
        learnt_from="ValueError: Pipeline file version is 7.",
        category=C.PIPELINE_INVALID,
        clause="the pipeline file has format {version}, which is newer than this CellProfiler",
        hint="Save the pipeline with CellProfiler 4.2, or use an image with the version that saved it.",
        tool="cellprofiler",
    ),
    LineRule(
        name="pipeline_text",
        literals=(
            "Pipeline file unexpectedly truncated; Invalid format for; Invalid attribute string; variable "
            "revision #; JSONDecodeError"
        ),
        pattern=(
            "Pipeline file unexpectedly truncated.*|Invalid format for (?:module header|setting|attributes)|"
            "Invalid attribute string|did not have a variable revision #|JSONDecodeError: .*"
        ),
        learnt_from="ValueError: Pipeline file unexpectedly truncated before module section",
        category=C.PIPELINE_INVALID,
        clause="the pipeline file is damaged ({line})",
        hint="Export the pipeline again from CellProfiler, and commit the whole file.",
        tool="cellprofiler",
    ),
    LineRule(
        name="hdf5_damaged",
        literals="HDF5 file header was invalid; truncated file: eof; file signature not found; Unable to open file (",
        pattern=(
            "HDF5 file header was invalid|truncated file: eof|file signature not found|Unable to "
            r"(?:synchronously )?open file \((?!.*errno = 2,)"
        ),
        learnt_from=(
            "OSError: Unable to open file (truncated file: eof = 278480, sblock->base_addr = 0, stored_eof = 556960)"
        ),
        category=C.PIPELINE_INVALID,
        clause="the pipeline or batch file is damaged ({line})",
        hint="Export the pipeline as a `.cppipe` file from CellProfiler, and commit that.",
        tool="cellprofiler",
    ),
    LineRule(
        name="name_missing",
        literals=" is missing from the pipeline;  are missing from the pipeline",
        pattern="The (?P<name>.+?) (?P<kind>image|objects) (?:is|are) missing from the pipeline",
        learnt_from="ValueError: The DNA image is missing from the pipeline.",
        category=C.PIPELINE_INVALID,
        clause="nothing supplies the {kind} called {name}",
        hint=(
            "Supply the name in the step's `load_data`, or let an earlier module make it; names are the same to "
            "the letter."
        ),
        tool="cellprofiler",
    ),
    LineRule(
        name="measurement_missing",
        literals="No such measurement; Feature ",
        pattern=r"Feature \S+ for (?:object )?\S+ (?:not found|does not exist).*|No such measurement.*",
        learnt_from="KeyError: 'Feature AreaShape_Area for Nuclei not found'",
        category=C.PIPELINE_INVALID,
        clause="a measurement is not made by this pipeline ({line})",
        hint=("Enable the module that measures it, or choose another measurement in the module that asks for it."),
        tool="cellprofiler",
    ),
    LineRule(
        name="three_d",
        literals="modules which do not support 3D",
        pattern="modules which do not support 3D processing",
        learnt_from="The pipeline contains modules which do not support 3D processing:",
        category=C.PIPELINE_INVALID,
        clause="a module cannot process 3D images",
        hint='Set "Process as 3D?" to No in NamesAndTypes, or take the module out.',
        tool="cellprofiler",
    ),
    LineRule(
        name="grouping_keys",
        literals="The grouping keys specified on the command line",
        pattern=r"The grouping keys specified on the command line \((?P<given>.*?)\).*\((?P<defined>.*?)\)",
        learnt_from=(
            "ValueError: The grouping keys specified on the command line (Well) must be the same as those "
            "defined by the modules in the pipeline (Metadata_Well)"
        ),
        category=C.MISCONFIGURED,
        clause="the group keys asked for ({given}) are not those of the pipeline ({defined})",
        hint="Group by the same metadata in the pipeline as the command line does.",
        tool="cellprofiler",
    ),
    LineRule(
        name="usage",
        literals=(
            "error: no such option; option requires; takes a numeric argument; You must specify a pipeline "
            "filename; Unknown level:; dictionary update sequence element; Invalid format for --omero; error: "
            "ambiguous option; invalid integer value; Can't print measurements, no pipeline"
        ),
        pattern=(
            "error: no such option: .*|error: .*option requires.*|option takes a numeric argument|You must "
            "specify a pipeline filename|Unknown level: .*|dictionary update sequence element|Invalid format for "
            "--omero|error: ambiguous option.*|invalid integer value|Can't print measurements, no pipeline"
        ),
        learnt_from="cellprofiler: error: no such option: --frobnicate",
        category=C.MISCONFIGURED,
        clause="its command line is wrong ({line})",
        hint=("Correct the command line that the line is about."),
    ),
    LineRule(
        name="java_missing",
        literals=(
            "libjvm.so; Failed to create Java VM; Unrecognized VM option; Could not create the Java Virtual "
            "Machine; Could not find Java; ClassNotFoundException; NoClassDefFoundError; "
            "UnsupportedClassVersionError; UnsatisfiedLinkError; Invalid maximum heap "
            "size; Invalid initial heap size; Failed to find java; JVMNotFoundError"
        ),
        pattern=(
            r"libjvm\.so.*|Failed to create Java VM|Unrecognized VM option.*|Could not create the Java Virtual "
            r"Machine|(?:^|[ :])(?:java\.lang\.)?(?:ClassNotFoundException|NoClassDefFoundError|"
            "UnsupportedClassVersionError|UnsatisfiedLinkError).*|Could not find Java.*|JVMNotFoundError.*|"
            "Invalid (?:maximum|initial) heap size.*|Failed to find java.*"
        ),
        learnt_from="ImportError: libjvm.so: cannot open shared object file: No such file or directory",
        category=C.MISCONFIGURED,
        clause="Java does not work in this image ({line})",
        hint=("Use an image whose Java works: JAVA_HOME names a JRE, and its heap fits into `resources.memory`."),
    ),
    LineRule(
        name="image_library",
        literals=(
            "error while loading shared libraries; command not found; Exec format error; cannot execute binary "
            "file; cannot open shared object file; version `GLIBC"
        ),
        pattern=(
            "error while loading shared libraries.*|command not found|Exec format error|cannot execute binary "
            "file|cannot open shared object file|version `GLIBC"
        ),
        learnt_from="/bin/sh: 1: cellprofiler: command not found",
        category=C.MISCONFIGURED,
        clause="the image cannot run the tool ({line})",
        hint="Use an image that has what the line names, built for this kind of processor.",
    ),
    LineRule(
        name="set_dropped",
        literals="Error for image set, channel=",
        pattern="Error for image set, channel=(?P<set>.*?), metadata=(?P<channel>[^:]*): (?P<why>.*)",
        learnt_from=(
            "Error for image set, channel=P1 / A02 / 2, metadata=GFP: ImageFile: ... in channel DNA with "
            "metadata [P1, A02, 2] has no match"
        ),
        category=C.INPUT_MISSING,
        clause="image set {set} was dropped: {why}",
        veto=True,
        hint="Upload the channel that is named, or exclude the image set in the spec with a reason.",
        tool="cellprofiler",
    ),
    LineRule(
        name="nothing_selected",
        literals=(
            "index 0 is out of bounds for axis 0 with size 0; did not identify any image sets; There are no image sets"
        ),
        pattern=(
            "did not identify any image sets|There are no image sets|IndexError: index 0 is out of bounds for "
            "axis 0 with size 0"
        ),
        outside=("run_module",),
        learnt_from="The pipeline did not identify any image sets.",
        category=C.NOTHING_MATCHED,
        clause="no image set was left to work on",
        hint=(
            "Compare what the pipeline's input modules select (names, groups, range of rows) with the files of "
            "this unit."
        ),
        tool="cellprofiler",
    ),
    LineRule(
        name="arguments_too_long",
        literals="Argument list too long",
        pattern="Argument list too long",
        learnt_from="sh: 1: convert: Argument list too long",
        category=C.PIPELINE_INVALID,
        clause="the command line is longer than the system takes",
        hint=TOO_LONG,
        tool="command",
    ),
    LineRule(
        name="package_missing",
        literals="No module named ",
        pattern=r"ModuleNotFoundError: No module named '(?P<package>[\w.]+)'",
        learnt_from="ModuleNotFoundError: No module named 'cellpose'",
        category=C.MISCONFIGURED,
        clause="the image has no Python package {package}",
        hint="Use an image that has the package, or add it to this one.",
        tool="command",
    ),
    LineRule(
        name="path_missing",
        literals="No such file or directory; FileNotFoundError; NoSuchFileException; FileNotFoundException; errno = 2,",
        pattern=(
            r"No such file or directory: b?'(?P<path>[^']*)'|name = '(?P<path3>[^']*)', errno = 2,"
            r"|(?:FileNotFoundError|NoSuchFileException|FileNotFoundException): (?!\[Errno)(?P<path2>.*)"
        ),
        learnt_from="FileNotFoundError: [Errno 2] No such file or directory: '/data/job/nolist.txt'",
        category=C.INPUT_MISSING,
        clause="the file {path} does not exist",
        hint=(
            "Correct the path in the tool's settings, or name the file as an input or parameter of the step, so "
            "that it is copied."
        ),
    ),
    LineRule(
        name="native_crash",
        literals=(
            "fatal error has been detected by the Java Runtime; Fatal Python error; Segmentation fault; SIGSEGV; "
            "SIGBUS; SIGILL; core dumped; double free or corruption; free(): invalid; malloc(): ; stack smashing"
        ),
        pattern=(
            "fatal error has been detected by the Java Runtime.*|Fatal Python error.*|Segmentation fault|"
            r"SIG(?:SEGV|BUS|ILL) .*|core dumped|double free or corruption|free\(\): invalid|malloc\(\): .*|stack "
            "smashing"
        ),
        learnt_from="# A fatal error has been detected by the Java Runtime Environment:",
        category=C.TOOL_ERROR,
        clause="it crashed in native code ({line})",
        hint=(
            "Run the unit again with more `resources.memory`; if it crashes again, exclude those images and "
            "report it to the tool's authors."
        ),
    ),
    LineRule(
        name="keyboard_interrupt",
        literals="KeyboardInterrupt",
        pattern="^KeyboardInterrupt",
        learnt_from="KeyboardInterrupt",
        category=C.STOPPED_BY_USER,
        clause="it was interrupted",
        hint="Clear the task to go on.",
    ),
)

# Tried when neither a cause nor an exception after a mark is known.
LAST_RESORT: tuple[LineRule, ...] = (
    LineRule(
        name="dimensions",
        literals="Warning: loading image files of different dimensions",
        pattern="Warning: loading image files of different dimensions",
        learnt_from="Warning: loading image files of different dimensions.",
        category=C.PARTIAL,
        clause="images of one image set differ in size, and CellProfiler crops them without a word",
        veto=True,
        hint="Take images of one size into each image set, or exclude those named in the log.",
        tool="cellprofiler",
    ),
    LineRule(
        name="pipeline_exception",
        literals="pipeline_exception",
        pattern=r"^pipeline_exception\s*$",
        learnt_from="pipeline_exception",
        category=C.TOOL_ERROR,
        clause="a module failed, and the log level hides which one and why",
        veto=True,
        hint="Run the unit again with the default log level, which names the module.",
        tool="cellprofiler",
    ),
)
