#!/bin/sh
# CellProfiler 4.2.8, headless, into .cellprofiler/ of this checkout.   make cellprofiler
# Needs Python 3.8 or 3.9 (uv fetches one where it can), gcc, and a JDK (javabridge compiles against jni.h). 0.8 GB.
# PYTHON, JAVA_HOME and UV, where set, are taken as they are. A second run changes nothing unless this file has changed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
target=$here/.cellprofiler
stamp=$target/recipe

say() { printf 'cellprofiler: %s\n' "$*" >&2; }
fail() { say "$1"; exit 1; }

# Isolated builds need these, whatever the resolver prefers: mahotas and javabridge do not build with newer ones.
constraints='numpy==1.24.4
Cython<3
setuptools<70'

# Release 4.2.8's own pins, without the desktop ones (wxPython, sentry, boto3). `cellprofiler` itself comes without its
# dependencies, which would bring wxPython back.
libraries='cellprofiler-core==4.2.8.1 centrosome>=1.2.3,<1.3 docutils==0.15.2 h5py~=3.7.0 imageio>=2.5 inflect<7 Jinja2 joblib
mahotas>=1.4 matplotlib<4 numpy==1.24.4 Pillow prokaryote==2.4.4 psutil python-bioformats>=4.0.7,<5 python-javabridge>=4.0.3,<5
pyzmq~=22.3 requests scipy==1.9.0 scikit-image==0.18.3 scikit-learn<1 setuptools>=78.1.1,<80.9 six
tifffile<2022.4.22'
program='cellprofiler==4.2.8.1'
# As in the image. ExportToDatabase needs it, for SQLite too; it is compiled against MySQL's or MariaDB's headers.
database='mysqlclient==1.4.6'

find_uv() {
    "$here/scripts/find_uv.sh" || { if [ -x "$here/.tools/bin/uv" ]; then printf '%s\n' "$here/.tools/bin/uv"; fi; }
}

is_fit() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 8), (3, 9)))' 2>/dev/null; }

find_python() {
    pyenv=${PYENV_ROOT:-$HOME/.pyenv}
    for python in "${PYTHON:-}" python3.9 python3.8 "$pyenv"/versions/3.9.*/bin/python3.9 "$pyenv"/versions/3.8.*/bin/python3.8; do
        if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 && is_fit "$python"; then
            "$python" -c 'import sys; print(sys.executable)'; return  # the program itself, not pyenv's shim
        fi
    done
    if [ -n "$uv" ]; then
        "$uv" python find 3.9 2>/dev/null && return
        say "no Python 3.8 or 3.9 here; uv fetches one"
        "$uv" python install 3.9 >&2 && "$uv" python find 3.9 2>/dev/null && return
    fi
    fail "needs Python 3.8 or 3.9 (CellProfiler 4.2 runs on no newer one); install python3.9 or uv, or set PYTHON to one"
}

# A JDK and not only a runtime: the headers tell them apart.
has_headers() { [ -n "$1" ] && [ -f "$1/include/jni.h" ]; }

find_java_home() {
    beside=
    if command -v javac >/dev/null 2>&1; then
        beside=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
    elif command -v java >/dev/null 2>&1; then
        beside=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
    fi
    macos=
    if [ -x /usr/libexec/java_home ]; then macos=$(/usr/libexec/java_home 2>/dev/null || true); fi
    for home in "${JAVA_HOME:-}" "$beside" "$macos" /usr/lib/jvm/*17* /usr/lib/jvm/*11* /usr/lib/jvm/*; do
        if has_headers "$home"; then printf '%s\n' "$home"; return; fi
    done
    fail "needs a JDK with its headers (include/jni.h); on Debian: apt-get install openjdk-17-jdk-headless, or set JAVA_HOME"
}

install_all() {
    printf '%s\n' "$constraints" >"$target/build-constraints.txt"
    # shellcheck disable=SC2086  # one word per requirement
    if [ -n "$uv" ]; then
        "$uv" pip install -q --python "$target/bin/python" --build-constraint "$target/build-constraints.txt" $libraries
        "$uv" pip install -q --python "$target/bin/python" --build-constraint "$target/build-constraints.txt" --no-deps "$program"
    else
        cd "$target"  # pip splits this variable at blanks, and the checkout's path may have some
        PIP_CONSTRAINT=build-constraints.txt
        export PIP_CONSTRAINT
        "$target/bin/python" -m pip install -q --disable-pip-version-check $libraries
        "$target/bin/python" -m pip install -q --disable-pip-version-check --no-deps "$program"
    fi
}

# Everything else works without, so that missing headers are no failure.
install_database() {
    config=$(command -v mysql_config || command -v mariadb_config || true)
    if [ -z "$config" ]; then
        say "without mysqlclient: ExportToDatabase will not run, not even for SQLite. Its headers are missing;" \
            "on Debian: apt-get install libmariadb-dev, then run this again"
        return
    fi
    export MYSQL_CONFIG="$config"
    if [ -n "$uv" ]; then
        set -- "$uv" pip install -q --python "$target/bin/python" --build-constraint "$target/build-constraints.txt"
    else
        set -- "$target/bin/python" -m pip install -q --disable-pip-version-check
    fi
    "$@" "$database" || say "without mysqlclient: it could not be built with $config; ExportToDatabase will not run"
}

# The console script under another name, and in its place one that knows its Java.
write_wrapper() {
    mv "$target/bin/cellprofiler" "$target/bin/cellprofiler-bare"
    cat >"$target/bin/cellprofiler" <<WRAPPER
#!/bin/sh
JAVA_HOME=\${JAVA_HOME:-$java_home}
export JAVA_HOME
exec "$target/bin/cellprofiler-bare" "\$@"
WRAPPER
    chmod +x "$target/bin/cellprofiler"
}

# Headers that came since are a reason to install again.
recipe="$(cksum <"$0") $(command -v mysql_config || command -v mariadb_config || echo 'no headers')"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$recipe" ]; then
    say "is installed already in $target"
    exec "$target/bin/cellprofiler" --version
fi

command -v gcc >/dev/null 2>&1 || command -v cc >/dev/null 2>&1 ||
    fail "needs a C compiler; on Debian: apt-get install gcc, on macOS: xcode-select --install"
uv=$(find_uv)
python=$(find_python)
java_home=$(find_java_home)
JAVA_HOME=$java_home
export JAVA_HOME
say "installing into $target with $python, JDK $java_home${uv:+, uv}"

rm -rf "$target"
if [ -n "$uv" ]; then "$uv" venv -q --python "$python" "$target"; else "$python" -m venv "$target"; fi
install_all
install_database
write_wrapper
"$target/bin/cellprofiler" --version
printf '%s\n' "$recipe" >"$stamp"
