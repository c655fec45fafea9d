"""``python -m artengine`` is ``artengine``."""

from artengine.cli import main

if __name__ == "__main__":
    main()
