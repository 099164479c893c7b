#!/bin/sh
# Platerunner's flagging of cells in the Python that has coSMicQC. What IPython and matplotlib keep goes to a temporary folder.
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
HOME=$scratch MPLCONFIGDIR=$scratch PYTHONDONTWRITEBYTECODE=1 "$home/bin/python" -m platerunner_unit.cytomining "$@"
