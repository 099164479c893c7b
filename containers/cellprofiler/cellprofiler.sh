#!/bin/sh
# CellProfiler with its own Python and Java, whatever the caller's are.
home=/opt/cellprofiler
JAVA_HOME=/opt/java
LD_LIBRARY_PATH=$home/lib
export JAVA_HOME LD_LIBRARY_PATH
exec $home/bin/python -m cellprofiler "$@"
