"""Makes the test package visible as if it were installed: with metadata of its own on the path."""

import tomllib
from pathlib import Path
from typing import Any

RELAY = Path(__file__).parent / "relay"


def project(folder: Path = RELAY) -> dict[str, Any]:
    """Return what a package's `pyproject.toml` says about it."""
    described: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return described


def install(site: Path, name: str, version: str, executors: dict[str, str]) -> None:
    """Write the metadata of a package that brings along `executors` to the folder `site`."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in executors.items()]
    (info / "entry_points.txt").write_text("\n".join(["[taskflow.executors]", *lines, ""]))


def install_relay(site: Path) -> list[str]:
    """Install the test package in `site`; returns the folders that have to be on the path."""
    about = project()
    install(site, about["name"], about["version"], about["entry-points"]["taskflow.executors"])
    return [str(site), str(RELAY)]
