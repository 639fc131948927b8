"""A prediction for which memory does not suffice ends and says so. No image is called damaged, and it goes on later."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT, run, table, write_image

LARGE = (12_000, 12_000)
"""Height and width; 432 MB when it is decoded."""

LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from command import run
from predictor import reading
from predictor.__main__ import main

read = reading._read

def read_with_little_memory(reader, decode, image):
    if image.name == "b.png":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 200 * 2**20, resource.RLIM_INFINITY))
    return read(reader, decode, image)

reading._read = read_with_little_memory
run("python -m predictor", "PredictorConfig", main, sys.argv[1:])
"""


@pytest.mark.slow
def test_memory_runs_out(small_run, tmp_path):
    for name in ("a.png", "c.png"):
        write_image(tmp_path / "in" / name)
    assert cv2.imwrite(str(tmp_path / "in" / "b.png"), np.full((*LARGE, 3), 90, np.uint8))
    output: Path = tmp_path / "p.csv"
    flags = ["--run", small_run, "--test-images", tmp_path / "in", "--output", output, "--batch-size", 1]
    words = [*map(str, flags), "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, *words], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "Memory ran out, while b.png was read. Use fewer --workers" in done.stderr
    assert not output.with_name("p.rejected.csv").exists()
    assert run("predictor", *flags).code == 0
    assert [row["image"] for row in table(output)] == ["a.png", "b.png", "c.png"]
