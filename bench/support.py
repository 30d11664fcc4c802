"""What the bench scripts share: Django set up, times in milliseconds, figures printed one to a line."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def set_up() -> None:
    """Make Django ready; the servers' URLs come from bin/bench."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    # As a web worker looks for garbage.
    import config.wsgi  # noqa: F401


def figure(name: str, value: float, unit: str) -> None:
    """One measured figure."""
    print(f"FIGURE {name} {value:.4g} {unit}", flush=True)


def say(text: str) -> None:
    """A line for the person who watches."""
    print(text, flush=True)


def quantile(samples: list[float], share: float) -> float:
    """The value below which this share of the samples lies (nearest rank)."""
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked)) - 1))]


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def summary(samples: list[float]) -> str:
    """p50, p95 and spread in words."""
    return (
        f"p50 {quantile(samples, 0.5):.1f} ms, p95 {quantile(samples, 0.95):.1f} ms, "
        f"mean {statistics.fmean(samples):.1f} ms, {len(samples)} requests"
    )


def machine() -> str:
    """The machine in one line, for docs/performance.md."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{os.cpu_count()} cores {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
