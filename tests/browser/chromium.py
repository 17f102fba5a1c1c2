"""Find a Chromium for the page tests; as a script, install one when there is none.

python tests/browser/chromium.py --install
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "The page tests need Chromium or Chrome. Install one, for example with\n"
    "    sudo apt-get install chromium        (Debian)\n"
    "    playwright install --with-deps chromium\n"
    "or set CHROMIUM to the program's path."
)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Path of a Chromium or Chrome: $CHROMIUM, on the PATH, or Playwright's own."""
    if given := os.environ.get("CHROMIUM"):
        if not shutil.which(given):
            raise FileNotFoundError(f"CHROMIUM is {given!r}, which is no program")
        return given
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> str | None:
    """Install Chromium through apt-get where that is allowed, otherwise through Playwright."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    attempts = []
    if shutil.which("apt-get") and (not as_root or shutil.which("sudo")):
        get = [*as_root, "apt-get"]
        packages = ["chromium", "fonts-dejavu-core"]
        attempts.append(
            [[*get, "update"], [*get, "install", "-y", "--no-install-recommends", *packages]]
        )
    attempts.append([[sys.executable, "-m", "playwright", "install", "chromium"]])
    for commands in attempts:
        if all(subprocess.run(command).returncode == 0 for command in commands) and find():
            break
    return find()


if __name__ == "__main__":
    path = find() or ("--install" in sys.argv and install())
    if not path:
        sys.exit(ADVICE)
    print(f"Chromium: {path}")
