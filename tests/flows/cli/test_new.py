"""`darkroom new`, in a checkout and from an installed wheel."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from flows.cli import new
from flows.cli.new import write_folder
from flows.declaration.read_declaration import DeclarationFile, read_declaration
from flows.plan.plan import make_plan
from tasks import BadInput
from tests.flows.conftest import REPOSITORY, own_environment
from tests.flows.small_declaration import real_file

WRITEUPS = ["seed501", "seed180", "seed100", "annotated", "seed34224309"]
EVERY_FOLDER = {
    "pipelines.yaml",
    "text.md",
    "images/README.md",
    "README.md",
    ".gitignore",
    ".github/workflows/publish.yml",
    "prefect.toml",
}


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def begun(place: Path, like: str) -> DeclarationFile:
    return read_declaration(write_folder(place, like) / "pipelines.yaml")


@pytest.mark.parametrize("like", ["blank", "cs180", *WRITEUPS])
def test_a_new_folder_is_whole_and_can_be_planned(tmp_path, like):
    file = begun(tmp_path / "mine", like)
    cited = {"refs.bib"} if like in WRITEUPS else set()
    assert files_of(tmp_path / "mine") == EVERY_FOLDER | cited
    plan = make_plan(file, file.pipeline_name(None), None, None)
    shown = {node.name.split("/")[1] for node in plan.nodes if node.node.kind == "figure"}
    assert shown == set(file.declaration.figures)
    text = (tmp_path / "mine/text.md").read_text()
    assert shown == {each.split("/")[0] for each in re.findall(r"\(figure:([^)]+)\)", text)}


@pytest.mark.parametrize("like", WRITEUPS)
def test_a_folder_like_a_write_up_has_its_figures_and_claims(tmp_path, like):
    mine, whole = begun(tmp_path / "mine", like), real_file()
    globs = tuple(glob.rstrip("*") for glob in whole.declaration.pipelines[like].figures)
    figures = {n: f for n, f in whole.declaration.figures.items() if n.startswith(globs)}
    assert mine.declaration.figures == figures
    claims = {n for n, claim in whole.declaration.claims.items() if like in claim.writeups}
    assert set(mine.declaration.claims) == claims
    assert {mine.settle(name).default_profile for name in ("quick", "paper")} == {"quick"}


def test_the_course_has_every_deliverable_and_checks_what_it_says(tmp_path):
    file = begun(tmp_path / "mine", "cs180")
    sections = {figure.section for figure in file.declaration.figures.values()}
    listed = (REPOSITORY / "tests/flows/deliverables.csv").read_text().splitlines()
    asked = {line.split(",")[2] for line in listed if line.split(",")[1] == "seed100"}
    assert asked - sections <= {"A-bells", "B-bells"}
    text = (tmp_path / "mine/text.md").read_text()
    assert set(re.findall(r"\(claim:([^)]+)\)", text)) <= set(file.declaration.claims)
    declared = (tmp_path / "mine/pipelines.yaml").read_text()
    assert text.count("FILL IN") > 5 and declared.count("FILL IN") > 5
    (seed,) = {figure.seed for figure in file.declaration.figures.values()}
    other = declared.replace(f"&seed {seed}", "&seed 7")
    (tmp_path / "mine/pipelines.yaml").write_text(other)
    changed = read_declaration(tmp_path / "mine/pipelines.yaml").declaration
    assert {figure.seed for figure in changed.figures.values()} == {7}


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"mine is not empty \(it holds notes.txt\); name a new"):
        write_folder(tmp_path / "mine", "blank")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file: cannot be written"):
        write_folder(tmp_path / "file", "blank")
    with pytest.raises(BadInput, match="--like cs18: is not known; did you mean cs180"):
        write_folder(tmp_path / "other", "cs18")
    assert files_of(tmp_path) == {"mine/notes.txt", "file"}


def test_an_empty_repository_is_an_empty_folder(tmp_path):
    (tmp_path / ".git").mkdir()
    write_folder(tmp_path, "blank")
    assert files_of(tmp_path) == EVERY_FOLDER


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_is_never_written_half(tmp_path, monkeypatch, is_there):
    place = tmp_path / "mine"
    if is_there:
        place.mkdir()
    rename, renamed = Path.rename, []

    def full_disk(self: Path, target: Path) -> Path:
        if len(renamed) == (3 if is_there else 0):
            raise OSError(28, "No space left on device")
        renamed.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full_disk)
    with pytest.raises(BadInput, match="No space left on device"):
        write_folder(place, "blank")
    assert place.exists() == is_there
    assert files_of(tmp_path) == set()


def test_the_workflow_installs_the_darkroom_that_wrote_it(tmp_path, monkeypatch):
    class Installed:
        version = "1.2.3"
        origin = None

        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return self.origin

    monkeypatch.setattr(new.metadata, "distribution", lambda name: Installed)
    monkeypatch.setattr(Installed, "read_text", lambda name: Installed.origin)
    write_folder(tmp_path / "version", "blank")
    Installed.origin = (
        '{"url": "https://host/darkroom", "vcs_info": {"vcs": "git", "commit_id": "abc"}}'
    )
    write_folder(tmp_path / "commit", "blank")
    found = {}
    for folder in ("version", "commit"):
        text = (tmp_path / folder / ".github/workflows/publish.yml").read_text()
        workflow = yaml.safe_load(text)
        found[folder] = workflow["env"]["DARKROOM"]
        assert "@REQUIREMENT@" not in text + (tmp_path / folder / "README.md").read_text()
        steps = [step.get("run") for step in workflow["jobs"]["make"]["steps"]]
        assert 'pip install "$DARKROOM"' in steps and "darkroom run" in steps
    assert found == {
        "version": "diffusion-darkroom==1.2.3",
        "commit": "diffusion-darkroom @ git+https://host/darkroom@abc",
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since setuptools keeps what it builds beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__", "runs", "report", "assets")
    for name in ("flows", "tasks"):
        shutil.copytree(
            REPOSITORY / name,
            source / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copytree(REPOSITORY / "data", source / "data", ignore=ignored)
    for name in ("pyproject.toml", "pipelines.yaml", "prefect.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", *quiet, "--no-index", "-w", folder, source]
    subprocess.run(command, check=True, cwd=folder, env=own_environment(), timeout=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the wheel, and this one's libraries."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    libraries = [path for path in sys.path if path.endswith("-packages")]
    (site / "libraries.pth").write_text("\n".join(libraries) + "\n")
    python = home / "bin/python"
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    command = [sys.executable, "-m", "pip", "--python", python, "install", *quiet]
    command += ["--ignore-installed", wheel]
    subprocess.run(command, check=True, cwd=home, env=own_environment(), timeout=300)
    return home / "bin"


def test_the_wheel_holds_all_that_the_repository_brings(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    made = ("data/runs/", "data/report/", "data/pocket/assets/")
    brought = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "data").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    brought = {name for name in brought if not name.startswith(made)} | {"pipelines.yaml"}
    assert {name for name in brought if f"tasks/shipped/{name}" not in held} == set()
    code = {
        path.relative_to(REPOSITORY).as_posix()
        for room in ("flows", "tasks")
        for path in (REPOSITORY / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert code - held == set()


@pytest.mark.slow
def test_an_installed_darkroom_makes_a_page_in_an_empty_folder(installed, tmp_path):
    environment = {
        **own_environment(),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PATH": f"{installed}{os.pathsep}{os.environ['PATH']}",
    }

    def run(folder: Path, *command: str) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = run(tmp_path, "python", "-c", "import flows, tasks; print(flows.__file__)")
    assert Path(where.strip()).is_relative_to(installed.parent)
    run(tmp_path, "darkroom", "new", "mine")
    mine = tmp_path / "mine"
    page = mine / run(mine, "darkroom", "run").splitlines()[-1]
    assert page.name == "index.html" and (page.parent / "mine.html").exists()
    assert "A picture under growing noise" in (page.parent / "mine.html").read_text()
    assert "all 6 nodes are cached" in run(mine, "darkroom", "plan")
    before = {path: path.read_bytes() for path in page.parent.glob("*.html")}
    shutil.rmtree(page.parent)
    run(mine, "regenerate-report")
    assert {path: path.read_bytes() for path in page.parent.glob("*.html")} == before
    told = run(mine, "darkroom", "doctor", "--json")
    assert '"problem"' not in told


def test_what_the_code_imports_comes_with_what_is_declared():
    """Else an environment of the declared packages alone would lack it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    brought = brought_by([*project["dependencies"], *extras["s3"], *extras["dask"]])
    imported = {
        name.split(".")[0]
        for room in ("flows", "tasks")
        for path in (REPOSITORY / room).rglob("*.py")
        for name in imports_of(path)
    }
    # Ray is for machines that have it.
    others = {"flows", "tasks", "ray", "prefect_ray", *sys.stdlib_module_names}
    providers = metadata.packages_distributions()
    assert {
        name
        for name in imported - others
        if brought.isdisjoint(canonicalize_name(each) for each in providers.get(name, ()))
    } == set()


def brought_by(requirements: list[str]) -> set[str]:
    """Names of the distributions that pip installs for `requirements`."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found:
            continue
        found.add(name)
        try:
            below = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += [
            each
            for each in map(Requirement, below)
            if each.marker is None
            or any(each.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras))
        ]
    return found


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
