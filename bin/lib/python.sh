# Sourced by the commands in bin/: finds Python 3.11, which requirements.txt is resolved for, in $python.
# Only what a POSIX shell has built in is used, so that a bare machine gets a sentence and not "not found".
python=
for candidate in "${HOLDFAST_PYTHON:-}" python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -I -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Holdfast needs Python 3.11, and no python3.11 is in PATH: install it, or set HOLDFAST_PYTHON to it." >&2
    exit 1
fi
