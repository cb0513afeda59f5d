"""What is installed is what is here."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from setuptools import find_packages

from tests.markdown import ROOT, fenced
from tests.release import complaints as release_complaints
from tests.release import version
from tests.wheel import NO_KERNELS, complaints, superseded

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
with_sources = pytest.mark.skipif(not (ROOT / "eegstream").is_dir(), reason="only what is installed is here")


@with_sources
def test_every_package_is_listed() -> None:
    """And the shipped settings travel inside the trainer."""
    here = find_packages(str(ROOT), include=["eegstream*", "trainer*"])
    assert SETUPTOOLS["packages"] == sorted([*here, "trainer.configs"])
    assert SETUPTOOLS["package-dir"] == {"trainer.configs": "configs"}
    assert SETUPTOOLS["package-data"]["trainer.configs"] == ["**/*.yaml"]


@with_sources
def test_what_is_no_program_travels_too() -> None:
    """Every other file of a package is in its package data."""
    for package, patterns in SETUPTOOLS["package-data"].items():
        folder = ROOT / SETUPTOOLS["package-dir"].get(package, package.replace(".", "/"))
        listed = {path for pattern in patterns for path in folder.glob(pattern)}
        assert listed, package
    others = {p for name in ("eegstream", "trainer") for p in (ROOT / name).rglob("*") if p.is_file()}
    others = {p for p in others if p.suffix not in {".py", ".so", ".pyd"} and "__pycache__" not in p.parts}
    packed = {
        p for name in ("eegstream", "trainer") for t in SETUPTOOLS["package-data"][name] for p in (ROOT / name).glob(t)
    }
    assert others == packed


@with_sources
def test_only_superseded_bundles_stay_out_of_the_wheel() -> None:
    """Each of them is here, and a newer version of it travels."""
    here = {path.stem: path for path in (ROOT / "eegstream" / "bundles").glob("*.pt")}
    for name in superseded():
        stem, _, number = Path(name).stem.rpartition("-")
        assert Path(name).stem in here
        assert f"{stem}-{int(number) + 1}" in here


def _wheel(folder: Path, **environment: str) -> Path:
    """The wheel, built in `folder` from a copy of what goes into it."""
    for name in ("eegstream", "trainer", "configs", "systemd", "native"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist"]
    build = [sys.executable, "-m", "pip", "wheel", *options, "."]
    subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=150, env={**os.environ, **environment})
    (built,) = (folder / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as this machine builds it."""
    return _wheel(tmp_path_factory.mktemp("wheel"))


@with_sources
def test_the_wheel_holds_all_of_the_packages_and_nothing_else(wheel: Path) -> None:
    """Programs, settings, newest bundles, unit files for systemd, the licence; no tests, no superseded bundle.

    The kernels in C are for this system and for every Python that is promised; without a compiler they are missing.
    """
    assert set(complaints(wheel)) <= {NO_KERNELS}
    assert re.search(r"-cp311-abi3-(?!any)\w+\.whl$", wheel.name)


@with_sources
@pytest.mark.skipif(sys.platform == "win32", reason="CC names the compiler on POSIX systems")
def test_without_a_compiler_the_wheel_lacks_the_kernels_only(tmp_path: Path) -> None:
    """And the check says so."""
    assert complaints(_wheel(tmp_path, CC="false")) == [NO_KERNELS]


@with_sources
def test_a_wheel_that_lacks_a_file_is_seen(wheel: Path, tmp_path: Path) -> None:
    """The check is one."""
    import zipfile  # noqa: PLC0415

    lacking = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(lacking, "w", zipfile.ZIP_DEFLATED) as part:
        for name in whole.namelist():
            if not name.endswith("eegstream/client.py"):
                part.writestr(name, whole.read(name))
        part.writestr("tests/extra.py", b"")
    found = ["lacks eegstream/client.py", "holds tests/extra.py, which is not of the package"]
    assert [line for line in complaints(lacking) if line != NO_KERNELS] == found


@with_sources
@pytest.mark.skipif(sys.platform != "linux", reason="systemd is for Linux")
def test_the_steps_of_the_page_install_a_service(wheel: Path, tmp_path: Path) -> None:
    """The first block of docs/how-to/service.md, in a folder instead of /, without accounts and without systemd.

    Packages that the wheel needs are those of these tests.
    """
    page = (ROOT / "docs" / "how-to" / "service.md").read_text(encoding="utf-8")
    steps = [line for line in fenced(page, "sh")[0].splitlines() if not line.startswith(("useradd ", "systemctl "))]
    here = Path(sysconfig.get_paths()["purelib"])
    program = "\n".join(["set -e", *steps]).replace("-o eegstream -g eegstream ", "").replace("python3 ", "$PYTHON ")
    program = re.sub(r"(?<=[ =])/(?=opt|etc)", f"{tmp_path}/", f" {program}".replace("\n/", f"\n{tmp_path}/"))
    program = program.replace(" install ./", f" install --quiet --no-deps --disable-pip-version-check {wheel.parent}/")
    others = tmp_path / "opt/eegstream/.venv/lib" / here.parent.name / "site-packages" / "others.pth"
    program = program.replace(".whl\n", f".whl\necho {here} > {others}\n")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    done = subprocess.run(
        ["sh", "-c", program],  # noqa: S607
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^model +default@2 +file ", done.stdout, re.MULTILINE)
    assert (tmp_path / "etc/systemd/system/eegstream.service").is_file()
    assert (tmp_path / "etc/eegstream/keys").stat().st_mode & 0o777 == 0o700
    unit = (tmp_path / "etc/systemd/system/eegstream.service").read_text(encoding="utf-8")
    for path in re.findall(r"^[A-Z]\w+=(?:LSLAPICFG=)?(/\S+)|--config (/\S+)", unit, re.MULTILINE):
        name = "".join(path).removeprefix("/")
        assert (tmp_path / name).exists() or name.startswith("bin/"), name


def _release_folder(folder: Path, changelog: str) -> Path:
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    (folder / "CITATION.cff").write_text("version: 1.2.3\n")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x.invalid"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    return folder


def test_a_clean_commit_with_a_changelog_section_can_be_released(tmp_path: Path) -> None:
    """Nothing is missing then."""
    assert release_complaints(_release_folder(tmp_path, "## [1.2.3] - 2026-01-31\n")) == []


def test_what_a_release_lacks_is_said(tmp_path: Path) -> None:
    """Changes, no section, a tag that is there: a line each."""
    folder = _release_folder(tmp_path, "## [Unreleased]\n")
    subprocess.run(["git", "-C", str(folder), "tag", "v1.2.3"], check=True)  # noqa: S607
    (folder / "new").touch()
    found = " ".join(release_complaints(folder))
    assert all(word in found for word in ("has changes", "no section `## [1.2.3]", "the tag v1.2.3 is there"))


def test_the_metadata_name_no_person_and_no_address() -> None:
    """And every Python that is promised is a classifier."""
    project = PROJECT["project"]
    assert project["authors"] == [{"name": "The eegstream authors"}]
    assert "urls" not in project
    promised = {line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r"Python :: 3\.\d+$", line)}
    assert promised == {"3.11", "3.12", "3.13"}
    assert project["requires-python"] == ">=3.11,<3.14"


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff and pyproject.toml agree."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == version()
    assert [author["name"] for author in cited["authors"]] == ["The eegstream authors"]
    assert cited["license"] == PROJECT["project"]["license"]


def test_the_forge_tests_the_wheel_on_three_systems() -> None:
    """With every Python that is promised."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert any("tests.wheel" in step.get("run", "") for step in jobs["test"]["steps"])


def test_the_hooks_are_the_tools_of_lint() -> None:
    """A commit is checked as `make lint` checks."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"].removeprefix(".venv/bin/").split() for repo in config["repos"] for hook in repo["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    run = [line.split("$(BIN)/")[1].split() for line in recipe[1].splitlines()]
    assert [hook[0] for hook in hooks] == [tool[0] for tool in run]
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").count("make ") == 2


def test_every_pinned_tool_is_a_version() -> None:
    """constraints.txt pins what the extras ask for, each once and by name and version alone."""
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert len(pinned) == len(lines)
    asked = [*PROJECT["project"]["dependencies"]]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        asked += extra
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=!~ ]", line)[0]).lower() for line in asked}
    assert names - pinned <= {"setuptools"}
