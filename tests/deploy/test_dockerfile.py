"""What the Dockerfile promises of each target, read from it; test_image runs a built one."""

import re

import pytest

from tests.deploy.dockerfile import ROOT, Stage, read_stages

STAGES = read_stages()
TARGETS = ("gpu", "train", "ray", "cpu")


def _chain(name: str) -> list[Stage]:
    """A stage and those it is built on, the first first."""
    stage = STAGES[name]
    return [*(_chain(stage.parent) if stage.parent in STAGES else []), stage]


def _given(name: str) -> list[str]:
    """What an image is copied from the checkout."""
    copies = [rest for stage in _chain(name) for rest in stage.all_of("COPY")]
    return [rest.split()[0] for rest in copies if not rest.startswith("--from")]


def test_the_cpu_image_is_what_is_built_when_no_target_is_named() -> None:
    assert list(STAGES)[-1] == "cpu"
    assert set(TARGETS) <= set(STAGES)


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_an_image_that_serves_ships_no_training_code(target: str) -> None:
    assert sorted(_given(target)) == ["app", "models_store"]


def test_the_cpu_image_has_no_tensorflow() -> None:
    assert STAGES["cpu"].all_of("COPY")[0] == "--from=install-cpu /opt/vasari /opt/vasari"
    assert STAGES["install-cpu"].all_of("COPY") == ["requirements/serve.txt /requirements.txt"]
    pins = (ROOT / "requirements" / "serve.txt").read_text("utf-8")
    assert not re.search(r"^(tensorflow|keras|nvidia)", pins, re.MULTILINE)


@pytest.mark.parametrize("target", ["gpu", "train"])
def test_the_gpu_images_bring_nvidias_libraries_as_wheels(target: str) -> None:
    """And stand on the same slim base: a second cuDNN below is what breaks others."""
    pins = (ROOT / "requirements" / f"{target}.txt").read_text("utf-8")
    assert re.search(r"^tensorflow==", pins, re.MULTILINE)
    assert re.search(r"^nvidia-cudnn-cu12==", pins, re.MULTILINE)
    variables = " ".join(STAGES[target].all_of("ENV"))
    assert "NVIDIA_VISIBLE_DEVICES=all" in variables
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in variables


@pytest.mark.parametrize("target", TARGETS)
def test_every_image_stands_on_the_one_base_that_an_argument_pins(target: str) -> None:
    assert _chain(target)[0].parent == "${BASE}"
    assert "ARG BASE=python:" in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("target", TARGETS)
def test_every_image_runs_as_a_user_without_rights(target: str) -> None:
    users = [each for stage in _chain(target) for each in stage.all_of("USER")]
    assert users == ["10001:10001"]


@pytest.mark.parametrize("target", TARGETS)
def test_what_changes_often_comes_last(target: str) -> None:
    """A change of the code must not send the packages or the models again."""
    sources = [rest.split()[0] for rest in STAGES[target].all_of("COPY")]
    order = [f"--from=install-{target}", "models_store", "app", "training", "scaling"]
    assert list(dict.fromkeys(sources)) == [each for each in order if each in sources]


def test_nothing_is_sent_to_the_build_that_no_stage_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {rest.split()[0] for stage in STAGES.values() for rest in stage.all_of("COPY")}
    assert allowed == {each.split("/")[0] for each in copied if not each.startswith("--from")}


@pytest.mark.parametrize("stage", ["install-cpu", "install-gpu", "install-train", "install-ray"])
def test_packages_are_installed_by_hash_and_leave_no_secret_and_no_cache(stage: str) -> None:
    (run,) = STAGES[stage].all_of("RUN")
    assert "--require-hashes" in run
    assert "--mount=type=cache,target=/var/cache/pip" in run
    assert "--mount=type=secret,id=pip.conf" in run
