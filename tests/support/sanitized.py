"""Programs that load a library built with a sanitizer without having been built with it."""

import os


def preloading() -> dict[str, str]:
    """Variables of the environment that such a program needs; its own leaks are not looked for."""
    preload = os.environ.get("TEST_PRELOAD")
    if not preload:
        return {}
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": preload, "ASAN_OPTIONS": f"{options}:detect_leaks=0"}
