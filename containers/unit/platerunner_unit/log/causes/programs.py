"""What went wrong within a program, by a line of its log: its pipeline, its installation, its own errors."""

from __future__ import annotations

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.hints import TOO_LONG
from platerunner_unit.log.line_rules import LineRule

C = Category
PROGRAMS: tuple[LineRule, ...] = (
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
        clause="images of one image set differ in size, and CellProfiler crops them silently",
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
