"""Container compromise: the escape matrix (N14's list), each layer of defence switched off in turn.

The switch exists in the test build alone: brigd --test-disable=LAYER. Every attack
program exits 0 when all its attempts were stopped, and says by what.
"""

import hashlib
import subprocess
import threading

import pytest
from conftest import load_attacks
from harness import host, images, places
from harness.waiting import until

LAYERS = ('none', 'seccomp', 'caps', 'landlock', 'userns')


@pytest.fixture(scope='module', params=LAYERS)
def weakened(request):
    """A daemon without one layer."""
    from harness.daemon import Daemon
    build = places.BUILD / 'test-switches'
    if not (build / 'build.ninja').exists():
        pytest.skip(f'no build with test switches in {build} (meson setup -Dtest-switches=true)')
    arguments = [] if request.param == 'none' else [f'--test-disable={request.param}']
    daemon = Daemon(arguments, build=build)
    daemon.layer = request.param
    daemon.start().load_base()
    load_attacks(daemon)
    yield daemon
    left = daemon.destroy()
    assert not left, 'left behind:\n' + '\n'.join(left)


def attack(daemon, name, *arguments, options=()):
    done = daemon.docker('run', '--rm', *options, 'attacks', f'/attacks/{name}', *arguments, check=False)
    assert 'result: contained' in done.stdout and done.returncode == 0, \
        f'{name} with {daemon.layer} off:\n{done.stdout}\n{done.stderr}'
    return done.stdout


def test_the_switch_switches(weakened):
    """A matrix whose layers stay on proves nothing."""
    fields = dict(line.split(':\t') for line in weakened.run('busybox', 'cat', '/proc/self/status').splitlines() if ':\t' in line)
    base = int(weakened.run('busybox', 'cat', '/proc/self/uid_map').split()[1])
    assert (fields['Seccomp'].strip() == '0') == (weakened.layer == 'seccomp')
    assert (int(fields['CapEff'], 16) > 1 << 36) == (weakened.layer == 'caps')
    assert (base == 0) == (weakened.layer == 'userns')


def test_mount(weakened, secret, disk):
    attack(weakened, 'mount-host', secret, *disk)


def test_pivot(weakened, secret):
    attack(weakened, 'pivot', secret)


def test_proc_root(weakened, secret):
    attack(weakened, 'proc-root', secret)


def test_proc_sys_and_core_pattern(weakened):
    before = host.read('/proc/sys/kernel/core_pattern')
    attack(weakened, 'proc-sys')
    assert host.read('/proc/sys/kernel/core_pattern') == before


def test_cgroup_release_agent(weakened):
    attack(weakened, 'release-agent')


def test_device_node(weakened, disk):
    attack(weakened, 'device', *disk)


def test_ptrace_of_a_host_process(weakened):
    name = weakened.start_container('busybox', 'sleep', '300')
    pids = [weakened.process.pid, weakened.api_pid(), host.parent(weakened.pid(name)), weakened.pid(name)]
    attack(weakened, 'ptrace-host', *[pid for pid in pids if pid > 200])
    weakened.docker('rm', '-f', name)


def test_keyring(weakened):
    """The host's key is named and numbered to the attack."""
    add = ('import ctypes; c = ctypes.CDLL(None, use_errno=True); c.syscall.restype = ctypes.c_long; '
           'print(c.syscall(248, b"user", b"brig-e2e-key", b"secret", 6, -4))')
    serial = subprocess.run(['/usr/bin/python3', '-c', add], capture_output=True, text=True, check=True).stdout.strip()
    try:
        attack(weakened, 'keyring', 'brig-e2e-key', serial)
    finally:
        subprocess.run(['/usr/bin/python3', '-c', f'import ctypes; ctypes.CDLL(None).syscall(250, 3, {serial})'])


def test_kernel_modules_time_and_ports(weakened):
    attack(weakened, 'kernel')


def test_masked_paths(weakened):
    attack(weakened, 'masked')


def test_CVE_2019_5736_own_binary(weakened):
    """The attack waits as pid 1 while processes are started beside it, also through /proc/self/exe."""
    programs = [places.program(n, weakened.build) for n in ('brigd', 'brig-api', 'brig-monitor', 'brig-unpack', 'brig-init')]
    before = [hashlib.sha256(p.read_bytes()).hexdigest() for p in programs]
    name = weakened.start_container('attacks', '/attacks/self-exe', '4')
    for _ in range(12):
        weakened.docker('exec', name, '/proc/self/exe', check=False)
        weakened.docker('exec', name, '/bin/true', check=False)
        weakened.docker('exec', name, '/bin/no-such-program', check=False)
    assert weakened.exit_code(name) == 0, weakened.docker('logs', name).stdout
    weakened.docker('rm', name)
    weakened.docker('run', '--rm', 'attacks', '/proc/self/exe', check=False)
    assert [hashlib.sha256(p.read_bytes()).hexdigest() for p in programs] == before


@pytest.mark.parametrize('folder', ['/', '/proc/self', '/proc/self/fd/3', '/proc/self/fd/5', '/proc/self/fd/7', '/proc/self/fd/9',
                                    '/proc/1/root', '/proc/self/cwd'])
def test_CVE_2024_21626_leaked_descriptors(weakened, secret, folder):
    done = weakened.docker('run', '--rm', '-w', folder, 'attacks', '/attacks/leaked-fd', secret, check=False)
    if '/fd/' in folder:                   # may be refused: there is no such folder
        assert 'ESCAPED' not in done.stdout
    else:
        assert 'result: contained' in done.stdout, done.stdout + done.stderr


def test_CVE_2024_21626_exec_gets_no_descriptors(weakened, secret):
    name = weakened.start_container('attacks', 'sleep', '300')
    for folder in ('/', '/proc/self/fd/4', '/proc/self/fd/6', '/proc/self/fd/8'):
        done = weakened.docker('exec', '-w', folder, name, '/attacks/leaked-fd', secret, check=False)
        assert 'ESCAPED' not in done.stdout, done.stdout
        assert '/fd/' in folder or 'result: contained' in done.stdout, done.stdout + done.stderr
    weakened.docker('rm', '-f', name)


EVIL_ROOTS = {
    'proc is a link': [('proc', 'etc')],
    'sys is a link': [('sys', 'etc')],
    'dev is a link': [('dev', 'proc')],
    'null is a link into proc': [('dev', None), ('dev/null', '/proc/sys/kernel/core_pattern')],
    'etc/hosts is a link to the host': [('etc', None), ('etc/hosts', '/proc/1/root/etc/hosts')],
    'etc is a link upwards': [('etc', '../../../../../../etc')],
    'proc/sys is in the way': [('proc', None), ('proc/sys', '/tmp')],
    'dev/pts is a link': [('dev', None), ('dev/pts', '/etc'), ('dev/shm', '../../../tmp')],
}


@pytest.mark.parametrize('case', EVIL_ROOTS)
def test_CVE_2025_31133_evil_root_file_systems(weakened, case):
    """The root file system tries to turn the engine's own mounts around; starting is refused or done right."""
    layers = [images.base_tar('busybox').read_bytes(), attack_layer(), evil_layer(EVIL_ROOTS[case])]
    tag = 'evil' + str(list(EVIL_ROOTS).index(case))
    weakened.docker('load', stdin=images.docker_archive(layers, [f'{tag}:latest']), text=False)
    before = [host.read(p) for p in ('/proc/sys/kernel/core_pattern', '/etc/hosts', '/etc/hostname')]
    done = weakened.docker('run', '--rm', tag, '/attacks/masked', check=False)
    assert 'ESCAPED' not in done.stdout, done.stdout
    assert done.returncode == 125 or 'result: contained' in done.stdout, done.stdout + done.stderr
    assert [host.read(p) for p in ('/proc/sys/kernel/core_pattern', '/etc/hosts', '/etc/hostname')] == before


def evil_layer(entries):
    return images.tar_of([(name, content) for name, content in entries])


def attack_layer():
    from harness import attacks
    return attacks.layer()


def test_CVE_2025_31133_race_of_mount_targets(weakened, secret, tmp_path):
    """One container turns a folder into a link and back while others mount beneath it."""
    shared = tmp_path / 'shared'
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    stop = threading.Event()

    def flip():
        while not stop.is_set():
            (shared / 'x').mkdir()
            (shared / 'x').rmdir()
            (shared / 'x').symlink_to('/')
            (shared / 'x').unlink()

    thread = threading.Thread(target=flip)
    thread.start()
    before = host.mounts_with('race-of-targets')
    try:
        for _ in range(15):
            done = weakened.docker('run', '--rm', '-v', f'{shared}:/vol', '--tmpfs', '/vol/x/race-of-targets', 'attacks',
                                   '/attacks/pivot', secret, check=False)
            assert 'ESCAPED' not in done.stdout, done.stdout
    finally:
        stop.set()
        thread.join()
    # the last containers' namespaces end when their monitors do
    until(lambda: host.mounts_with('race-of-targets') == before, what='the end of the mounts')
    assert not host.Path('/race-of-targets').exists()
