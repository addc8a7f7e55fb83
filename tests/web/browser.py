"""Debian's Chromium with the fonts it needs: `python -m web.browser` installs both where root runs it."""

import os
import shutil
import subprocess
import sys

PROGRAM = "/usr/bin/chromium"
PACKAGES = ("chromium", "fonts-noto-cjk")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing() -> list[str]:
    """The packages that are not there."""
    fonts = (
        subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=False)
        if shutil.which("fc-list")
        else None
    )
    there = (os.path.exists(PROGRAM), fonts is not None and bool(fonts.stdout))
    return [name for name, is_there in zip(PACKAGES, there, strict=True) if not is_there]


def _fonts() -> bytes:
    """The fonts that know Chinese, as fontconfig lists them."""
    lists = shutil.which("fc-list")
    return subprocess.run([lists, ":lang=zh-cn"], capture_output=True, check=False).stdout if lists else b""


def main() -> int:
    wanted = missing()
    if not wanted:
        return 0
    if os.geteuid() != 0:
        print(f"The browser tests need {', '.join(wanted)}: sudo apt-get install {' '.join(wanted)}", file=sys.stderr)
        return 1
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet, stdout=subprocess.DEVNULL)
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *wanted]
    subprocess.run(install, check=True, env=quiet, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
