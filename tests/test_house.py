"""The rules of the house (docs/architecture.md): who may import whom, and where a thing lives."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "burnish"
FILES = sorted(SOURCE.rglob("*.py"))

FOREIGN = {"torchvision", "timm", "torchmetrics"}
"""Their compiled parts break beside other builds of torch; tests may compare with them."""

DECLARATIONS = {
    "__main__.py",
    "data/batch.py",
    "data/data.py",
    "data/options.py",
    "defences/adversarial/options.py",
    "models/published.py",
    "tasks/stepper.py",
    "training/events.py",
    "training/options.py",
}
"""Files that only declare types, so that there is nothing to test apart from their users."""


def floors() -> dict[str, int]:
    """Height of every area, read from the drawing of the house; areas on one line share a floor."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = page.split("src/burnish/\n")[1].split("```")[0]
    heights = {}
    for height, line in enumerate(reversed(drawing.splitlines())):
        for area in re.findall(r"^ {2}((?:\w+/ )*\w+(?:/|\.py)) ", line):
            heights |= {name.strip().removesuffix("/").removesuffix(".py"): height for name in area.split(" ")}
    return heights


FLOORS = floors()


def area_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def relative(file: Path) -> str:
    return str(file.relative_to(SOURCE))


def has_public_code(file: Path) -> bool:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") for node in body)


def test_the_drawing_shows_every_area():
    on_disk = {area_of(file) for file in FILES} - {"__init__", "__main__"}
    assert on_disk <= set(FLOORS)
    assert (
        FLOORS["common"] < FLOORS["layers"] < FLOORS["data"] < FLOORS["models"] < FLOORS["tasks"] < FLOORS["training"]
    )
    assert FLOORS["training"] < FLOORS["runs"] < FLOORS["reporting"] < FLOORS["verbs"] < FLOORS["cli"]


@pytest.mark.parametrize("file", [f for f in FILES if area_of(f) not in ("__init__", "__main__")], ids=relative)
def test_imports_run_downward_only(file):
    own = area_of(file)
    for name in imports(file):
        package, area = f"{name}.".split(".")[:2]
        if package == "burnish" and area not in ("__version__", own):
            assert area in FLOORS, f"{relative(file)} imports {name}, which is no area"
            assert FLOORS[area] < FLOORS[own], f"{relative(file)} imports {name}, which does not lie below {own}"


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_no_library_that_breaks_beside_other_builds_of_torch(file):
    assert not {name.split(".")[0] for name in imports(file)} & FOREIGN


def test_no_file_is_a_drawer():
    assert not [relative(file) for file in FILES if file.stem in ("utils", "util", "helpers", "misc", "base")]


@pytest.mark.parametrize("file", [f for f in FILES if has_public_code(f)], ids=relative)
def test_every_source_file_has_its_test_file(file):
    inside = file.relative_to(SOURCE)
    expected = ROOT / "tests" / inside.parent / f"test_{inside.stem}.py"
    if inside.name == "__init__.py" or str(inside) in DECLARATIONS:
        return
    assert expected.is_file(), f"{inside} has no test: write {expected.relative_to(ROOT)}"


def test_asking_for_help_imports_no_torch_and_no_numpy():
    options = [relative(file)[:-3].replace("/", ".") for file in FILES if file.stem == "options"]
    verbs = [f"verbs.{verb.replace(' ', '_')}" for verb in __import__("burnish.cli", fromlist=["VERBS"]).VERBS]
    program = (
        "import sys, importlib, burnish, burnish.cli\n"
        f"for name in {sorted({*options, *verbs})!r}:\n"
        "    importlib.import_module('burnish.' + name)\n"
        "    heavy = {'torch', 'numpy', 'matplotlib', 'sklearn', 'polars'} & set(sys.modules)\n"
        "    assert not heavy, f'{name} imports {heavy}'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_overview_imports_no_verb():
    program = (
        "import sys\n"
        "from burnish.cli import main\n"
        "main(['--help'])\n"
        "heavy = ('burnish.verbs', 'torch', 'numpy', 'dataclasses')\n"
        "assert not [name for name in sys.modules if name.startswith(heavy)]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
