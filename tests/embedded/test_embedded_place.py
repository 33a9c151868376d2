"""Where the embedded server may live: file systems, machines, owners, long paths."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from adapters.redis.connection import connect
from adapters.redis.embedded import embedded_server
from adapters.redis.embedded.machine import Machine, MachineFile
from adapters.redis.embedded.place import SocketAddress, file_system, prepare
from core.clock import SystemClock
from core.errors import ConfigurationError
from tests.embedded.driving import assert_one_sentence

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw
41 22 0:40 / /home rw shared:7 master:2 - {type} server:/export/home rw,vers=4.2
42 41 0:41 / /home/ann/local\\040disk rw - xfs /dev/vdb rw
"""


@pytest.mark.parametrize(
    "type_", ["nfs4", "nfs", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs"]
)
async def test_a_network_file_system_is_refused(type_: str, clock: SystemClock) -> None:
    mounts = MOUNTS.format(type=type_)
    with pytest.raises(ConfigurationError) as caught:
        async with embedded_server(Path("/home/ann/bobbin"), clock, mountinfo=mounts):
            pass
    assert_one_sentence(caught.value, "BOBBIN_DATA_DIR", "REDIS_URL", type_, "/home")
    assert not Path("/home/ann/bobbin").exists()


@pytest.mark.parametrize("type_", ["ext4", "fuse.mergerfs", "overlay", "btrfs"])
async def test_a_local_file_system_is_fine(type_: str, data_dir: Path, clock: SystemClock) -> None:
    mounts = f"1 0 0:1 / / rw - {type_} none rw\n"
    async with embedded_server(data_dir, clock, mountinfo=mounts) as server:
        assert server.failure is None


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/home/ann/bobbin", ("/home", "nfs")),
        ("/home/ann/local disk/bobbin", ("/home/ann/local disk", "xfs")),
        ("/homeless", ("/", "ext4")),
        ("/dev/shm/x", ("/dev/shm", "tmpfs")),
    ],
)
def test_the_innermost_mount_counts(path: str, mount: tuple[str, str]) -> None:
    assert file_system(Path(path), MOUNTS.format(type="nfs")) == mount


def test_of_two_mounts_on_one_point_the_upper_one_counts() -> None:
    mounts = MOUNTS.format(type="ext4") + "50 41 0:50 / /home rw - nfs4 server:/ rw\n"
    assert file_system(Path("/home/ann"), mounts) == ("/home", "nfs4")


async def test_a_link_that_leads_to_a_network_file_system_is_refused(
    tmp_path: Path, clock: SystemClock
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    mounts = f"1 0 0:1 / / rw - ext4 none rw\n2 1 0:2 / {tmp_path / 'far'} rw - nfs none rw\n"
    with pytest.raises(ConfigurationError, match="shared with other machines"):
        async with embedded_server(tmp_path / "near", clock, mountinfo=mounts):
            pass


HERE = Machine(boot="boot-1", installation="abc", host="here")
THERE = Machine(boot="boot-2", installation="abc", host="there")


async def test_a_second_machine_is_refused_while_the_first_is_alive(
    data_dir: Path, clock: SystemClock
) -> None:
    async with embedded_server(data_dir, clock, machine=HERE, beat_s=0.05) as server:
        with pytest.raises(ConfigurationError) as caught:
            async with embedded_server(data_dir, clock, machine=THERE, beat_s=0.05):
                pass
        assert_one_sentence(caught.value, "another machine", "here", "REDIS_URL")
        client = await connect(server.url, clock)
        await client.set("k", "v")  # the first one is not disturbed
        await client.aclose()


async def test_a_second_machine_comes_in_at_once_after_an_orderly_end(
    data_dir: Path, clock: SystemClock
) -> None:
    async with embedded_server(data_dir, clock, machine=HERE):
        pass
    async with embedded_server(data_dir, clock, machine=THERE) as server:
        assert server.failure is None


class HandClock(SystemClock):
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.waited_s = 0.0

    async def sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        await asyncio.sleep(0)


async def test_a_second_machine_comes_in_when_the_first_is_silent(tmp_path: Path) -> None:
    clock = HandClock()
    MachineFile(tmp_path / "machine", HERE, clock, 10.0).write()
    await MachineFile(tmp_path / "machine", THERE, clock, 10.0).check()
    assert 20.0 <= clock.waited_s <= 60.0, "it watches for more than one beat first"


async def test_a_reboot_or_a_container_of_the_same_host_is_the_same_machine(tmp_path: Path) -> None:
    clock = HandClock()
    MachineFile(tmp_path / "machine", HERE, clock, 10.0).write()
    for other in (
        Machine(boot="boot-3", installation="abc", host="here"),
        Machine(boot="boot-1", installation="", host="c0ffee"),
    ):
        await MachineFile(tmp_path / "machine", other, clock, 10.0).check()
    assert clock.waited_s == 0


async def test_a_torn_machine_file_is_nobodys(tmp_path: Path) -> None:
    clock = HandClock()
    (tmp_path / "machine").write_text('{"boot": "x"')
    await MachineFile(tmp_path / "machine", HERE, clock, 10.0).check()
    assert clock.waited_s == 0


def test_this_machine_has_a_name() -> None:
    assert Machine.read().same_as(Machine.read())
    assert not Machine.read(Path("/nowhere")).boot


def test_a_folder_of_another_user_is_refused(data_dir: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (data_dir / "valkey").mkdir(parents=True)
    os.chown(data_dir / "valkey", 12345, 12345)
    with pytest.raises(ConfigurationError, match="another user"):
        prepare(data_dir)


def test_a_folder_that_others_may_enter_is_closed(data_dir: Path) -> None:
    (data_dir / "valkey").mkdir(parents=True, mode=0o777)
    (data_dir / "valkey").chmod(0o777)
    assert prepare(data_dir).stat().st_mode & 0o777 == 0o700


async def test_a_file_in_the_way_of_the_folder(data_dir: Path, clock: SystemClock) -> None:
    data_dir.write_text("not a folder")
    with pytest.raises(ConfigurationError) as caught:
        async with embedded_server(data_dir, clock):
            pass
    assert_one_sentence(caught.value, "BOBBIN_DATA_DIR")


def test_without_a_table_of_descriptors_a_long_path_goes_through_a_private_link(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ("y" * 100)
    folder.mkdir()
    (folder / "valkey.sock").write_text("here")
    address = SocketAddress(folder, descriptors=tmp_path / "no-proc")
    assert len(os.fsencode(address.path)) < 104
    assert address.path.read_text() == "here"
    assert address.path.parent.parent.stat().st_mode & 0o777 == 0o700
    address.close()
    assert not address.path.parent.parent.exists()
    assert (folder / "valkey.sock").exists()
