#!/bin/sh
# Fiji as the catalog's modules call it, headless whatever they say. FIJI_MEMORY is what a JVM may take of the container's.
home=/opt/fiji
for argument in "$@"; do
    shift
    case $argument in --ij2) ;; *) set -- "$@" "$argument" ;; esac # the desktop launcher's, which is not here
done
exec /opt/java/bin/java -Djava.awt.headless=true -XX:MaxRAMPercentage="${FIJI_MEMORY:-75}" \
    -Dplugins.dir=$home -Dimagej.dir=$home -cp "$home/jars/*:$home/plugins/*" net.imagej.Main "$@"
