"""Denial of service: what one container may take from the others. Rows R1, R2, R4."""

import os
import socket
import subprocess
import time

import pytest
from harness import host
from harness.waiting import until

TICK = os.sysconf('SC_CLK_TCK')
BOUND = 3.0                 # seconds that a neighbour's `exec true` may take while another container goes wild


def processor_time(pids):
    """User and system seconds of these processes."""
    total = 0
    for pid in pids:
        fields = host.read(f'/proc/{pid}/stat').rsplit(')', 1)[-1].split()
        total += (int(fields[11]) + int(fields[12])) / TICK if fields else 0
    return total


def spinning(daemon, *options):
    """A container that spins on the first processor; (name, host pid)."""
    name = daemon.start_container(*options, 'attacks', '/attacks/probe', 'spin')
    pid = daemon.pid(name)
    os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))})
    return name, pid


def share_of(pid, seconds=4.0):
    start, before = time.monotonic(), processor_time([pid])
    subprocess.run(['sleep', str(seconds)], check=True)     # the measured interval itself
    return (processor_time([pid]) - before) / (time.monotonic() - start)


def shares_of(pids, seconds=4.0):
    before = [processor_time([pid]) for pid in pids]
    subprocess.run(['sleep', str(seconds)], check=True)
    return [processor_time([pid]) - b for pid, b in zip(pids, before)]


def neighbour_latency(daemon, name):
    start = time.monotonic()
    daemon.docker('exec', name, 'true', timeout=30)
    return time.monotonic() - start


@pytest.fixture
def neighbour(daemon):
    return daemon.start_container('busybox', 'sleep', '300')


# --- R1: processor

def test_R1_cpus_limits_a_busy_loop(daemon, attack_image):
    _, pid = spinning(daemon, '--cpus', '0.5')
    share = share_of(pid)
    assert share <= 0.55, f'{share:.2f} of a processor'
    if os.getloadavg()[0] < 1.5:
        assert share >= 0.45, f'{share:.2f} of a processor'


def test_R1_equal_weights_share_equally(daemon, attack_image):
    a, b = (spinning(daemon)[1] for _ in range(2))
    first, second = shares_of([a, b])
    assert 0.8 < first / second < 1.25, (first, second)


def test_R1_cpu_shares_two_to_one(daemon, attack_image):
    a, b = spinning(daemon, '--cpu-shares', '2048')[1], spinning(daemon, '--cpu-shares', '1024')[1]
    first, second = shares_of([a, b])
    assert 1.6 < first / second < 2.4, (first, second)


# --- R2: memory

def test_R2_out_of_memory_kills_inside_only(daemon, attack_image, neighbour):
    name = daemon.docker('run', '-d', '-m', '32m', attack_image, '/attacks/probe', 'memory', '128').out
    assert daemon.exit_code(name) == 137
    assert daemon.inspect(name)['State']['OOMKilled'] is True
    assert daemon.inspect(neighbour)['State']['Running'] and daemon.alive()


def test_R2_below_the_limit_nothing_happens(daemon, attack_image):
    assert daemon.run('-m', '64m', attack_image, '/attacks/probe', 'memory', '16') == 'ok'


def test_R2_a_killed_child_is_not_the_container(daemon, attack_image):
    out = daemon.run('-m', '32m', attack_image, 'sh', '-c', '/attacks/probe memory 128; echo went on')
    assert out.endswith('went on')


def test_R2_limit_is_in_the_cgroup_and_in_inspect(daemon):
    name = daemon.start_container('-m', '48m', 'busybox', 'sleep', '300')
    folder = host.cgroup_folder(daemon.pid(name), 'memory')
    value = host.read(folder / 'memory.limit_in_bytes') or host.read(folder / 'memory.max')
    assert int(value) == 48 << 20 == daemon.inspect(name)['HostConfig']['Memory']


def test_R2_oom_is_an_event(daemon, attack_image):
    since = str(int(time.time()) - 1)
    name = daemon.docker('run', '-d', '-m', '32m', attack_image, '/attacks/probe', 'memory', '128').out
    daemon.exit_code(name)
    events = daemon.docker('events', '--since', since, '--until', str(int(time.time()) + 1), '--filter', f'container={name}',
                           '--format', '{{.Action}}').out.split()
    assert 'oom' in events and 'die' in events, events


# --- R4: everything else

def test_R4_default_limits_exist(daemon, attack_image):
    name = daemon.start_container('busybox', 'sleep', '300')
    pid = daemon.pid(name)
    assert host.read(host.cgroup_folder(pid, 'pids') / 'pids.max').strip() == '1024'
    soft, hard, _ = daemon.run(attack_image, '/attacks/probe', 'rlimit', '7').split()
    assert int(hard) <= 20000, 'RLIMIT_NOFILE'


def test_R4_fork_bomb(daemon, attack_image, neighbour):
    bomb = daemon.start_container('busybox', 'sh', '-c', 'b() { b | b & }; b & exec sleep 300')
    until(lambda: int(host.read(host.cgroup_folder(daemon.pid(bomb), 'pids') / 'pids.current', '0') or 0) > 500, what='the bomb')
    assert neighbour_latency(daemon, neighbour) < BOUND * 2
    assert int(host.read(host.cgroup_folder(daemon.pid(bomb), 'pids') / 'pids.current')) <= 1024
    daemon.docker('kill', bomb)
    daemon.docker('rm', '-f', bomb)


def test_R4_pids_limit(daemon, attack_image):
    count, error = daemon.run('--pids-limit', '20', attack_image, '/attacks/probe', 'fork-many').split()[:2]
    assert int(count) <= 20 and error == 'EAGAIN'


def test_R4_open_files(daemon, attack_image):
    count, error = daemon.run('--ulimit', 'nofile=64:64', attack_image, '/attacks/probe', 'open-files').split()
    assert int(count) <= 64 and error == 'EMFILE'


def test_R4_descriptor_exhaustion_leaves_others_alone(daemon, attack_image, neighbour):
    daemon.start_container(attack_image, 'sh', '-c', 'while :; do /attacks/probe open-files; done')
    assert neighbour_latency(daemon, neighbour) < BOUND


def test_R4_memory_hog(daemon, attack_image, neighbour):
    daemon.start_container('-m', '64m', attack_image, 'sh', '-c', 'while :; do /attacks/probe memory 512; done')
    assert neighbour_latency(daemon, neighbour) < BOUND


def test_R4_log_flood(daemon, attack_image, neighbour):
    """More is written than the log may hold: the disk does not fill and neighbours go on."""
    name = daemon.start_container(attack_image, '/attacks/probe', 'flood', '400')
    assert neighbour_latency(daemon, neighbour) < BOUND
    daemon.docker('wait', name, timeout=120)
    size = sum(p.stat().st_size for p in (daemon.data / 'containers' / name).rglob('*') if p.is_file())
    assert size < 300 << 20, f'{size >> 20} MiB of log'
    tail = daemon.docker('logs', '--tail', '2', name).stdout
    assert tail.count('flood') > 1


def test_R4_log_size_option(daemon, attack_image):
    name = daemon.start_container('--log-opt', 'max-size=1m', '--log-opt', 'max-file=2', attack_image, '/attacks/probe', 'flood', '8')
    daemon.exit_code(name)
    size = sum(p.stat().st_size for p in (daemon.data / 'containers' / name).rglob('*') if p.is_file())
    assert size < 4 << 20, f'{size} bytes of log'


@pytest.mark.skip(reason='not built yet: a project quota per container, or a watchdog where the file system has none (R4)')
def test_R4_disk_fill_guard_is_named(daemon):
    text = ' '.join(map(str, daemon.request('GET', '/info').json['DriverStatus'])).lower()
    assert 'quota' in text or 'watchdog' in text, 'info does not say what stops a disk fill'


def test_R4_disk_fill(fresh_daemon):
    """One container fills the disk: it gets ENOSPC, the daemon serves on, others start."""
    with fresh_daemon(start=False).small_disk('96m') as daemon:
        daemon.load_base()
        other = daemon.start_container('busybox', 'sleep', '300')
        # no word by way of the log: it lies on the disk that is full
        daemon.docker('run', '-d', '--name', 'filler', 'busybox', 'sh', '-c', 'cat /dev/zero >/fill || exit 9')
        until(lambda: not daemon.inspect('filler')['State']['Running'], 30, 'the disk to fill')
        assert daemon.inspect('filler')['State']['ExitCode'] == 9
        assert daemon.docker('exec', other, 'echo', 'still here').out == 'still here'
        daemon.docker('rm', '-f', 'filler')
        assert daemon.sh('echo again') == 'again'


def test_R4_ulimits_and_oom_score(daemon, attack_image):
    assert daemon.run('--ulimit', 'core=0', attack_image, '/attacks/probe', 'rlimit', '4').startswith('0 0')
    assert daemon.sh('ulimit -n', '--ulimit', 'nofile=100:200') == '100'


def test_R4_the_monitor_is_not_a_victim_of_its_container(daemon, attack_image):
    """The limit is the container's: what stands beside it is in another cgroup."""
    name = daemon.start_container('busybox', 'sleep', '300')
    pid = daemon.pid(name)
    monitor = host.parent(pid)
    assert host.cgroup_folder(pid, 'memory') != host.cgroup_folder(monitor, 'memory')
    assert host.cgroup_folder(pid, 'pids') != host.cgroup_folder(monitor, 'pids')


def test_R4_requests_are_bounded(daemon):
    """Many slow clients: connections that never finish their request do not keep others out."""
    slow = []
    try:
        for _ in range(64):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(str(daemon.socket))
            sock.sendall(b'GET /_ping HTTP/1.1\r\nHost: d')
            slow.append(sock)
        start = time.monotonic()
        assert daemon.alive() and time.monotonic() - start < BOUND
    finally:
        for sock in slow:
            sock.close()
