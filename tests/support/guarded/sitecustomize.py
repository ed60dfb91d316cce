"""Python runs this at its start where this folder is on PYTHONPATH: a child of a test is guarded as the test is."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[1] / "guard.py"))["install"]()
