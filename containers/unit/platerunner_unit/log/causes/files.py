"""What went wrong with what a file holds or is called, by a line of the log: names, tables, images, pipelines."""

from __future__ import annotations

from platerunner_unit.contract.category import Category
from platerunner_unit.log.line_rules import LineRule

C = Category
FILES: tuple[LineRule, ...] = (
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
        hint="Fix the line of the file that is named.",
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
)
