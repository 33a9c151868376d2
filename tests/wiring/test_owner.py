"""Owners: a process that is gone is known to be gone, one that lives never is."""

from __future__ import annotations

import subprocess
import sys

from bots.wiring.owner import is_gone, new_owner


def test_this_process_lives() -> None:
    assert not is_gone(new_owner())


def test_a_process_that_ended_is_gone() -> None:
    code = "from bots.wiring.owner import new_owner; print(new_owner())"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert is_gone(ended)


def test_another_process_with_the_same_pid_is_another_owner() -> None:
    host, boot, pid, started, nonce = new_owner().split("/")
    assert is_gone("/".join((host, boot, pid, str(int(started) + 1), nonce)))


def test_a_process_on_another_machine_is_left_to_its_lease() -> None:
    _, boot, pid, started, nonce = new_owner().split("/")
    assert not is_gone("/".join(("elsewhere", boot, pid, started, nonce)))


def test_a_process_from_before_the_last_boot_is_gone() -> None:
    host, _, pid, started, nonce = new_owner().split("/")
    assert is_gone("/".join((host, "another boot", pid, started, nonce)))


def test_names_that_are_no_owners_are_left_alone() -> None:
    assert not is_gone("somebody")
