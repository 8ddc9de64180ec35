"""The notebooks run as they are stored, without a warning, and draw what they promise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.helpers.waiting import GENEROUS

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@every_notebook
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    nbformat.validate(content)
    for cell in content["cells"]:
        assert set(cell["metadata"]) <= {"tags"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=pytest.mark.slow) for p in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_and_draws_every_figure(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells tagged ``figure`` make an image and no others do; those tagged ``view`` a machine to turn."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # tests side by side on few cores: BLAS's threads would
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # wait for each other most of the time
    notebook = nbformat.read(shutil.copy(path, tmp_path), as_version=4)
    place = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=int(GENEROUS), kernel_name="python3", resources=place).execute()
    figures = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        shown = [output.data for output in cell.outputs if "data" in output]
        assert not [o for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"], cell.id
        assert any("image/png" in data for data in shown) == ("figure" in tags), cell.id
        drawn = any("createViewer" in data.get("text/html", "") for data in shown)
        assert drawn == ("view" in tags), cell.id
        figures += "figure" in tags
    assert figures >= 1
