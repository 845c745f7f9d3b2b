"""Container compromise: what a process that was taken over sees of the host. Rows N1 to N12, N15, O17, I27."""

import os
import re
import socket
import subprocess

import pytest
from harness import attacks, host
from harness.waiting import until

DEVICES = {'null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts', 'shm', 'mqueue', 'console'}
DEVICE_LINKS = {'fd', 'stdin', 'stdout', 'stderr', 'core'}


# --- N1: processes

def test_N1_init_is_pid_1_and_sees_only_its_own(daemon):
    out = daemon.sh('sleep 30 & echo "me $$"; ps -o pid,comm; ls /proc')
    assert 'me 1' in out
    seen = {int(word) for word in re.findall(r'^(\d+)$', out, re.M)}
    assert 1 in seen and max(seen) < 50 and len(seen) <= 5, f'foreign processes in /proc: {seen}'
    assert 'brigd' not in out and 'pytest' not in out


def test_N1_signals_do_not_reach_the_host(daemon, attack_image):
    victims = [daemon.process.pid, daemon.api_pid()]
    for pid in victims:
        assert daemon.run(attack_image, '/attacks/probe', 'kill', pid) == 'ESRCH'
    assert daemon.alive()


def test_N1_containers_do_not_see_each_other(daemon):
    daemon.start_container('busybox', 'sh', '-c', 'sleep 300')
    assert 'sleep 300' not in daemon.sh('ps')


# --- N2: mounts

def test_N2_mount_inside_is_absent_outside(daemon):
    name = daemon.start_container('--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined', 'busybox', 'sh', '-c',
                                  'mkdir -p /tmp/N2-mark && mount -t tmpfs none /tmp/N2-mark && echo mounted && sleep 300')
    daemon.docker('exec', name, 'sh', '-c', 'until grep -q N2-mark /proc/mounts; do :; done')
    assert 'N2-mark' not in host.read('/proc/self/mountinfo')
    assert 'N2-mark' in host.read(f'/proc/{daemon.pid(name)}/mountinfo')


def test_N2_only_the_listed_mounts_are_there(daemon):
    points = {line.split()[4] for line in daemon.sh('cat /proc/self/mountinfo').splitlines()}
    known = re.compile(r'^(/|/proc(/.*)?|/sys(/.*)?|/dev(/.*)?|/etc/(hosts|hostname|resolv\.conf))$')
    assert [p for p in points if not known.match(p)] == []


def test_N2_root_is_an_overlay_and_the_old_root_is_gone(daemon):
    lines = daemon.sh('cat /proc/self/mountinfo').splitlines()
    root = [line for line in lines if line.split()[4] == '/']
    assert len(root) == 1 and ' - overlay ' in root[0]
    host_root = host.read('/proc/self/mountinfo')
    disk = re.search(r' / / .* - (\S+ \S+)', host_root)
    own_root = [line for line in lines if disk and f' - {disk.group(1)}' in line and line.split()[3] == '/']
    assert own_root == [], 'the host\'s root is mounted in the container'


def test_N2_mounts_do_not_propagate_to_the_host(daemon):
    for line in daemon.sh('cat /proc/self/mountinfo').splitlines():
        assert 'shared:' not in line, line


# --- N3: devices

def test_N3_dev_has_only_the_harmless_nodes(daemon):
    names = set(daemon.sh('ls /dev').split())
    assert names <= DEVICES | DEVICE_LINKS, names - DEVICES - DEVICE_LINKS
    assert {'null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx', 'pts', 'shm', 'mqueue', 'fd', 'stdin'} <= names


def test_N3_null_zero_and_random_work(daemon):
    assert daemon.sh('echo x >/dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c && '
                     'head -c 1 /dev/full | wc -c') == '4\n4\n1'
    assert 'No space left' in daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'echo x >/dev/full', check=False).stderr


@pytest.mark.parametrize('options', [(), ('--cap-add', 'MKNOD'), ('--security-opt', 'profile=compat'), ('--privileged',)],
                         ids=['default', 'MKNOD', 'compat', 'privileged'])
def test_N3_a_made_node_does_not_open(daemon, attack_image, options, disk):
    done = daemon.docker('run', '--rm', *options, attack_image, '/attacks/device', *disk, check=False)
    assert 'result: contained' in done.stdout, done.stdout + done.stderr


def test_N3_device_flag_is_not_dropped_in_silence(daemon):
    done = daemon.docker('run', '--rm', '--device', '/dev/fuse', 'busybox', 'ls', '/dev/fuse', check=False)
    assert done.returncode == 125 and 'device' in done.stderr.lower(), done.stderr


# --- N4: IPC

def test_N4_sysv_queues_of_the_host_are_invisible(daemon):
    made = subprocess.run(['ipcmk', '-Q'], check=True, capture_output=True, text=True).stdout
    queue = re.search(r'(\d+)', made).group(1)
    try:
        assert daemon.sh('cat /proc/sysvipc/msg').count('\n') == 0, 'more than the heading'
    finally:
        subprocess.run(['ipcrm', '-q', queue], check=True)


def test_N4_posix_shared_memory_is_private(daemon):
    daemon.start_container('--name', 'n4a', 'busybox', 'sh', '-c', 'echo secret >/dev/shm/mark && sleep 300')
    daemon.docker('exec', 'n4a', 'sh', '-c', 'until test -s /dev/shm/mark; do :; done')
    assert daemon.sh('ls /dev/shm /dev/mqueue | grep -c mark || true') == '0'


def test_N4_ipc_namespaces_differ(daemon):
    a, b = daemon.start_container('busybox', 'sleep', '300'), daemon.start_container('busybox', 'sleep', '300')
    spaces = {host.namespace('self', 'ipc'), host.namespace(daemon.pid(a), 'ipc'), host.namespace(daemon.pid(b), 'ipc')}
    assert len(spaces) == 3


# --- N5: network

def test_N5_only_loopback_and_it_is_up(daemon):
    assert daemon.sh('ls /sys/class/net') == 'lo'
    assert 'UP' in daemon.sh('ip link show lo') and '127.0.0.1' in daemon.sh('ip addr show lo')
    assert daemon.sh('ip route') == ''


def test_N5_two_containers_bind_the_same_port(daemon, attack_image):
    serve = 'nc -l -p 80 & until netstat -ltn | grep -q :80; do :; done; echo bound; wait'
    names = [daemon.start_container('busybox', 'sh', '-c', serve) for _ in range(2)]
    for name in names:
        daemon.docker('exec', name, 'sh', '-c', 'until netstat -ltn | grep -q :80; do :; done')
    assert all(daemon.inspect(name)['State']['Running'] for name in names)


def test_N5_abstract_sockets_of_the_host_are_out_of_reach(daemon, attack_image):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind('\0brig-e2e-abstract')
        listener.listen()
        assert daemon.run(attack_image, '/attacks/probe', 'connect-abstract', 'brig-e2e-abstract') == 'ECONNREFUSED'


@pytest.mark.parametrize('options', [(), ('--network', 'none')], ids=['default', 'none'])
def test_N5_network_namespace_is_private(daemon, options):
    name = daemon.start_container(*options, 'busybox', 'sleep', '300')
    assert host.namespace(daemon.pid(name), 'net') != host.namespace('self', 'net')


def test_N5_network_host_is_refused(daemon):
    done = daemon.docker('run', '--rm', '--network', 'host', 'busybox', 'true', check=False)
    assert done.returncode == 125 and 'network' in done.stderr


# --- N6: host name

def test_N6_hostname_is_the_containers_own(daemon):
    before = socket.gethostname()
    assert daemon.sh('hostname; cat /etc/hostname', '--hostname', 'n6-name') == 'n6-name\nn6-name'
    daemon.sh('hostname changed; hostname', '--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined')
    assert socket.gethostname() == before


def test_N6_hostname_defaults_to_the_short_id(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    assert daemon.docker('exec', name, 'hostname').out == name[:12]


# --- N7, N8: users

def test_N7_uid_0_is_an_untrusted_uid_outside(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    for kind in ('uid_map', 'gid_map'):
        rows = [list(map(int, line.split())) for line in daemon.docker('exec', name, 'cat', f'/proc/self/{kind}').out.splitlines()]
        assert len(rows) == 1 and rows[0][0] == 0 and rows[0][1] >= 100000 and rows[0][2] == 65536, rows
        base = rows[0][1]
    assert host.status(daemon.pid(name))['Uid'].split() == [str(base)] * 4


def test_N7_containers_have_disjoint_ranges(daemon):
    names = [daemon.start_container('busybox', 'sleep', '300') for _ in range(4)]
    bases = sorted(int(host.read(f'/proc/{daemon.pid(n)}/uid_map').split()[1]) for n in names)
    assert all(b - a >= 65536 for a, b in zip(bases, bases[1:])), bases


def test_N7_a_root_file_bound_in_is_not_writable(daemon, tmp_path_factory):
    folder = tmp_path_factory.mktemp('bind')
    (folder / 'rootfile').write_text('host\n')
    (folder / 'rootfile').chmod(0o644)
    folder.chmod(0o755)
    out = daemon.docker('run', '--rm', '-v', f'{folder}:/bind', 'busybox', 'sh', '-c',
                        'cat /bind/rootfile; echo evil >/bind/rootfile; echo evil >/bind/new; rm -f /bind/rootfile', check=False)
    assert out.stdout == 'host\n'
    assert (folder / 'rootfile').read_text() == 'host\n' and not (folder / 'new').exists()


def test_N8_users_work_inside(daemon):
    out = daemon.sh('echo alice:x:5000:5000::/tmp:/bin/sh >>/etc/passwd && touch /tmp/f && chown alice:5000 /tmp/f && '
                    'stat -c %u:%g /tmp/f && su alice -c "id -u; touch /tmp/mine" && stat -c %u /tmp/mine')
    assert out == '5000:5000\n5000\n5000'


def test_N8_ids_outside_of_the_range_fail(daemon, attack_image):
    assert 'Invalid argument' in daemon.docker('run', '--rm', 'busybox', 'chown', '70000', '/tmp', check=False).stderr
    assert daemon.run(attack_image, '/attacks/probe', 'setuid', '70000') == 'EINVAL'
    assert daemon.run(attack_image, '/attacks/probe', 'setuid', '65535') == 'ok'


# --- N10: keys

def test_N10_keyctl_is_refused(daemon, attack_image):
    for verb in ('add-key', 'find-key', 'request-key', 'session-keyring'):
        assert daemon.run(attack_image, '/attacks/probe', verb, 'n10') in ('EPERM', 'ENOSYS'), verb


def test_N10_session_keyring_is_fresh(daemon, attack_image):
    """With the calls let through there is still nothing of anybody else."""
    free = ('--security-opt', 'seccomp=unconfined')
    key = f'brig-N10-{os.getpid()}'
    name = daemon.start_container(*free, attack_image, 'sh', '-c', f'/attacks/probe add-key {key}; sleep 300')
    until(lambda: daemon.docker('exec', name, '/attacks/probe', 'find-key', key).out == 'ok', what='the key in its own container')
    assert daemon.run(*free, attack_image, '/attacks/probe', 'find-key', key) == 'ENOKEY'
    probe = attacks.compile_all()['probe']
    assert subprocess.run([probe, 'find-key', key], capture_output=True, text=True).stdout.strip() != 'ok'


# --- N11, N12: modules, time

@pytest.mark.parametrize('options', [(), ('--privileged',)], ids=['default', 'privileged'])
def test_N11_N12_the_kernel_is_not_changed(daemon, attack_image, options):
    done = daemon.docker('run', '--rm', *options, attack_image, '/attacks/kernel', check=False)
    assert 'result: contained' in done.stdout, done.stdout + done.stderr


def test_N11_module_capability_is_refused_with_the_rule(daemon):
    done = daemon.docker('run', '--rm', '--cap-add', 'SYS_MODULE', 'busybox', 'true', check=False)
    assert done.returncode == 125 and 'SYS_MODULE' in done.stderr and 'ceiling' in done.stderr, done.stderr


def test_N11_modules_folder_is_not_there(daemon):
    assert daemon.sh('ls /lib/modules 2>/dev/null | wc -l') == '0'


def test_N12_the_clock_is_not_set(daemon, attack_image):
    assert 'not permitted' in daemon.docker('run', '--rm', 'busybox', 'date', '-s', '2020-01-01', check=False).stderr
    assert daemon.run('--cap-add', 'SYS_TIME', attack_image, '/attacks/probe', 'set-clock') == 'EPERM'


def test_N12_SYS_TIME_warns(daemon):
    body = {'Image': 'busybox', 'HostConfig': {'CapAdd': ['SYS_TIME']}}
    answer = daemon.request('POST', '/containers/create', body)
    assert answer.status == 201 and any('SYS_TIME' in w for w in answer.json['Warnings'] or []), answer


# --- N15: cgroups

def test_N15_cgroup_view_starts_at_the_containers_own(daemon):
    for line in daemon.sh('cat /proc/self/cgroup').splitlines():
        assert line.split(':', 2)[2] == '/', line


def test_N15_cgroupfs_is_read_only(daemon):
    mounts = [line.split() for line in daemon.sh('cat /proc/mounts').splitlines() if line.split()[2] in ('cgroup', 'cgroup2')]
    assert mounts and all('ro' in m[3].split(',') for m in mounts), mounts
    assert daemon.sh('find /sys/fs/cgroup -maxdepth 1 -mindepth 1 -type d | while read d; do mkdir $d/x 2>/dev/null && echo made; done; '
                     'mkdir /sys/fs/cgroup/x 2>/dev/null && echo made; true') == ''


# --- all of them, O17, I27

def test_N_every_namespace_is_private(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    pid = daemon.pid(name)
    shared = [kind for kind in ('cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts')
              if host.namespace(pid, kind) == host.namespace('self', kind)]
    assert shared == []


def test_O17_breakout_keeps_no_privilege(daemon, tmp_path):
    """A process with a container root's credentials, in all of the host's other namespaces, is nobody."""
    secret = tmp_path / 'secret'
    secret.write_text('x')
    secret.chmod(0o600)
    name = daemon.start_container('busybox', 'sleep', '300')
    program = attacks.compile_all()['breakout']
    done = subprocess.run([program, str(daemon.pid(name)), str(secret), str(daemon.process.pid)], capture_output=True, text=True)
    assert 'result: contained' in done.stdout, done.stdout + done.stderr


def test_O17_no_root_process_stands_beside_a_payload(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    monitor = host.parent(daemon.pid(name))
    fields = host.status(monitor)
    base = int(host.read(f'/proc/{daemon.pid(name)}/uid_map').split()[1])
    assert fields['Uid'].split() == [str(base + 65536)] * 4, 'the monitor is not the owner id of its range'
    assert int(fields['CapEff'], 16) == int(fields['CapPrm'], 16) == 0


def test_I27_a_running_container_is_a_normal_process_tree(daemon):
    name = daemon.start_container('busybox', 'sh', '-c', 'sleep 301 & sleep 302')
    daemon.docker('exec', name, 'sh', '-c', 'until ps | grep -q "sleep 30[1]"; do :; done')
    listing = subprocess.run(['ps', '-eo', 'pid,ppid,args'], capture_output=True, text=True).stdout
    assert re.search(rf'^\s*{daemon.pid(name)}\s', listing, re.M) and 'sleep 301' in listing
