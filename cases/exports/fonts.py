"""The fonts of a case file: installed by pip with the product, so that every installation typesets alike."""

import importlib.util
from functools import lru_cache
from pathlib import Path

# Package → folder inside it. Order matters nowhere but here: the template names families.
PACKAGES = {
    "fontpkg_noto_sans": "files",
    "fontpkg_noto_sans_arabic": "files",
    "justmytype_intl_cjk": "fonts",
}


@lru_cache(maxsize=1)
def folders() -> list[Path]:
    """The folders that the typesetter looks for fonts in. Raises RuntimeError where a package is missing."""
    found = []
    for package, folder in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError(f"the font package {package} is not installed")
        found.append(Path(next(iter(spec.submodule_search_locations))) / folder)
    return found


@lru_cache(maxsize=1)
def coverage() -> tuple[frozenset[int], ...]:
    """Per upright font file, the characters that it has a glyph for. Read once in a process (about half a second)."""
    from fontTools.ttLib import TTFont

    covered = []
    for folder in folders():
        for path in sorted(folder.rglob("*.ttf")):
            if "Italic" in path.name:
                continue
            with TTFont(path, lazy=True) as font:
                covered.append(frozenset(font.getBestCmap()))
    return tuple(covered)
