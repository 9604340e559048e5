"""`make clean`: remove all data of this checkout, inside var/ and outside."""

import shutil
import sys

from deploy.local.files import VAR
from deploy.local.place import outside_home
from deploy.local.stop import running


def main() -> int:
    """Remove it, unless it is in use; return the exit code."""
    if running():
        print("CloudAPI is running from this folder: stop it first with `make stop`.")
        return 1
    for folder in (VAR, outside_home()):
        if folder.exists():
            shutil.rmtree(folder)
            print(f"Removed {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
