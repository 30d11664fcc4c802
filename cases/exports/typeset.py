"""The child process that typesets one file and ends. Run by path, in a folder of its own; imports nothing of ours.

    python -I typeset.py MEMORY_BYTES CPU_SECONDS FONT_FOLDER…

In the working folder it finds template.typ, page.json and the attachment; it writes file.pdf there. Memory grows while
Typst runs and is only given back by the end of the process, so each file has a process, and the process has a limit.
"""

import ctypes
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def limit(memory: int, seconds: int) -> None:
    """Bound address space, processor time and file size; no core dump; end with the worker that asked."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    limit(int(sys.argv[1]), int(sys.argv[2]))
    import typst

    try:
        compiler = typst.Compiler(
            "template.typ",
            root=".",
            font_paths=sys.argv[3:],
            ignore_system_fonts=True,
            package_path="packages",
            package_cache_path="packages",
        )
        pdf, warnings = compiler.compile_with_warnings(format="pdf", pdf_standards=["a-3a", "ua-1"])
    except typst.TypstError as error:
        # The diagnostic may quote the file's own text; the message says what went wrong.
        sys.stderr.write(f"{error.message[:300]}\n")
        return 3
    for warning in warnings:
        sys.stderr.write(f"warning: {warning.message[:300]}\n")
    if not isinstance(pdf, bytes):
        raise TypeError("one PDF was asked for")
    Path("file.pdf").write_bytes(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
