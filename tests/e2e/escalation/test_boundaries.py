"""Between the programs: what a taken-over brig-api, monitor or payload finds in its hands. Rows N7, P5, P12."""

import os
import subprocess
from pathlib import Path

import pytest
from harness import host


def refused(daemon, *arguments):
    done = daemon.docker('run', '--rm', *arguments, 'busybox', 'ls', '/x', check=False)
    assert done.returncode == 125, done.stdout + done.stderr
    return done.stderr


# --- binds that act as somebody of the host

@pytest.mark.parametrize('source', ['/usr/bin', '/root/.ssh'])
@pytest.mark.parametrize('mode', ['idmap', 'idmap=0', 'idmap=105'])
def test_N7_no_bind_acts_as_root_or_a_system_user(daemon, source, mode, tmp_path):
    if not Path(source).exists():
        source = str(tmp_path)
    message = refused(daemon, '-v', f'{source}:/x:{mode}')
    assert 'deny idmap 0-999' in message and f'"allow idmap {105 if "105" in mode else 0}"' in message, message


def test_N7_a_bind_can_act_as_a_person(daemon, tmp_path):
    os.chown(tmp_path, 1000, 1000)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(folder.stat().st_mode | 0o555)
    daemon.run('-v', f'{tmp_path}:/x:idmap=1000', 'busybox', 'touch', '/x/mark')
    assert (tmp_path / 'mark').stat().st_uid == 1000


# --- the engine's own places

def test_P12_the_engines_own_socket_is_no_bind_source(daemon, tmp_path):
    """Its folder neither, nor a link to it, nor another mount of it; wherever -H has put it."""
    link, mirror = tmp_path / 'link', tmp_path / 'mirror'
    link.symlink_to(daemon.socket)
    mirror.mkdir()
    subprocess.run(['mount', '--bind', daemon.socket.parent, mirror], check=True)
    try:
        for source in (daemon.socket, daemon.socket.parent, link, mirror, mirror / daemon.socket.name, daemon.data, daemon.exec):
            message = refused(daemon, '-v', f'{source}:/x')
            assert 'ceiling' in message, f'{source}: {message}'
    finally:
        subprocess.run(['umount', mirror], check=True)


def test_P12_the_message_names_the_place_and_not_the_users_link(daemon, tmp_path):
    link = tmp_path / 'link'
    link.symlink_to('/etc')
    message = refused(daemon, '-v', f'{link}/ssl:/x')
    assert '"allow bind /etc/ssl"' in message, message


def test_P12_nothing_is_made_where_nothing_may_be_bound(daemon, tmp_path):
    link = tmp_path / 'link'
    link.symlink_to('/etc')
    refused(daemon, '-v', f'{link}/brig-e2e-made:/x')
    assert not Path('/etc/brig-e2e-made').exists()


def test_N7_the_registry_of_ids_is_roots_alone(daemon):
    """Whoever can open it can lock it, and no container of this host starts any more."""
    daemon.run('busybox', 'true')
    state = os.stat('/run/brig-ids')
    assert state.st_uid == 0 and state.st_mode & 0o077 == 0, oct(state.st_mode)


# --- the monitor, once it has given up root

def monitor_of(daemon, name):
    return host.parent(daemon.pid(name))


def open_for_writing(pid):
    for number in os.listdir(f'/proc/{pid}/fd'):
        flags = [line.split()[1] for line in host.read(f'/proc/{pid}/fdinfo/{number}').splitlines() if line.startswith('flags:')]
        if flags and int(flags[0], 8) & os.O_ACCMODE:
            yield host.link(f'/proc/{pid}/fd/{number}')


def test_the_monitor_is_nobody_and_moves_nobody(daemon):
    """A cgroup.procs that root has opened would let it pull any process of the host into a group that brigd kills."""
    name = daemon.start_container('busybox', 'sleep', '300')
    monitor = monitor_of(daemon, name)
    status = host.status(monitor)
    assert int(status['Uid'].split()[0]) >= 100000 and int(status['CapPrm'], 16) == 0
    assert [path for path in open_for_writing(monitor) if path.startswith('/sys/fs/cgroup')] == []


# --- the payload

def test_no_program_is_found_through_a_descriptor_of_the_engine(daemon, tmp_path):
    """CVE-2024-21626: descriptors that close with execve are still open while the program is looked up."""
    program = tmp_path / 'program-of-the-host'
    program.write_bytes(Path('/bin/busybox').read_bytes())
    for folder in [program, *program.parents][:4]:
        folder.chmod(folder.stat().st_mode | 0o555)
    for number in range(3, 64):
        done = daemon.docker('run', '--rm', 'busybox', f'/proc/self/fd/{number}{"/.." * 8}{program}', 'true', check=False)
        assert done.returncode in (126, 127), f'descriptor {number}: {done.stdout}{done.stderr}'


@pytest.mark.parametrize('way', ['wide-socket', 'socketcall'])
@pytest.mark.parametrize('options', [(), ('--security-opt', 'profile=compat')], ids=['standard', 'compat'])
def test_P5_vsock_has_no_other_name(daemon, attack_image, way, options):
    """The kernel takes 32 bits of a family where the filter compares 64, and socketcall hides it in memory."""
    assert daemon.run(*options, attack_image, '/attacks/probe', way, '40') in ('EPERM', 'ENOSYS')
