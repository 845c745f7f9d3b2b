#!/usr/bin/python3
"""make bench: starts beside the floor program and other engines, memory of daemons and containers.

Absolute times belong to one machine at one moment; what counts are the ratios of one
run. Nothing here passes or fails. BENCH_ROUNDS sets the samples per row (default 60).
"""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'e2e'))

from harness import host, images, places      # noqa: E402
from harness.daemon import Daemon             # noqa: E402

ROUNDS = int(os.environ.get('BENCH_ROUNDS', '60'))
WARMUPS = 5
CONTAINERS = 10


def compile_static(name):
    out = places.CACHE.parent / 'bench'
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(['gcc', '-static', '-O2', '-D_GNU_SOURCE', '-o', out / name, HERE / f'{name}.c'], check=True)
    return out / name


def environment_record():
    model = next((line.split(':', 1)[1].strip() for line in host.read('/proc/cpuinfo').splitlines() if line.startswith('model name')), 'unknown')
    mode = 'v1 or hybrid' if len(host.cgroup_roots()) > 1 else 'v2'
    root = next((line.split(' - ')[1].split()[0] for line in host.read('/proc/self/mountinfo').splitlines() if line.split()[4] == '/'), '?')
    print(f'kernel {platform.release()}, {os.cpu_count()} x {model}, cgroup {mode}, root on {root}, load {os.getloadavg()[0]:.2f}, '
          f'LSM {host.read("/sys/kernel/security/lsm").strip() or "unknown"}, {ROUNDS} samples a row')


class Row:
    def __init__(self, name, command):
        self.name = name
        self.command = [str(word) for word in command]
        self.command[0] = shutil.which(self.command[0]) or self.command[0]
        self.samples = []
        self.failed = 0


def measure(rows, environment):
    driver = compile_static('driver')
    command = [str(driver), str(ROUNDS), str(WARMUPS)]
    for row in rows:
        command += ['--', *row.command]
    out = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        which, nanoseconds, code = map(int, line.split())
        rows[which].samples.append(nanoseconds / 1e6)
        rows[which].failed += code != 0


def print_times(rows, floor, ours):
    print(f'\n{"run IMAGE true":40} {"p50 ms":>8} {"p90 ms":>8} {"min ms":>8} {"x floor":>8} {"ours/it":>8}')
    middle = {row.name: statistics.median(row.samples) for row in rows}
    for row in rows:
        ninety = statistics.quantiles(row.samples, n=10)[8]
        failures = f'   {row.failed} of {len(row.samples)} failed' if row.failed else ''
        print(f'{row.name:40} {middle[row.name]:8.2f} {ninety:8.2f} {min(row.samples):8.2f} {middle[row.name] / middle[floor]:8.2f} '
              f'{middle[ours] / middle[row.name]:8.3f}{failures}')


def floor_row(scratch):
    lower = scratch / 'lower'
    lower.mkdir()
    subprocess.run(['tar', '-xf', images.base_tar('busybox'), '-C', lower], check=True)
    (scratch / 'work').mkdir()
    return Row('floor program', [compile_static('floor'), lower, scratch / 'work', '/bin/true'])


def peer_rows(skipped):
    """Other engines of this machine, when they are installed and their daemon answers; they need an image "busybox" of their own."""
    rows = []
    for name, probe in (('docker', ['docker', '-H', 'unix:///var/run/docker.sock', 'version']), ('podman', ['podman', 'version'])):
        if not shutil.which(name):
            skipped.append(f'{name}: not installed')
        elif subprocess.run(probe, capture_output=True).returncode:
            skipped.append(f'{name}: its daemon does not answer')
        else:
            base = ['docker', '-H', 'unix:///var/run/docker.sock'] if name == 'docker' else ['podman']
            if subprocess.run([*base, 'image', 'inspect', 'brig-bench'], capture_output=True).returncode:
                subprocess.run([*base, 'import', str(images.base_tar('busybox')), 'brig-bench'], check=True, capture_output=True)
            rows += [Row(f'{name} run --rm{" --network " + net if net else ""}',
                         [*base, 'run', '--rm', *(['--network', net] if net else []), 'brig-bench', 'true']) for net in ('', 'none')]
    return rows


def memory_of(pid, field, file='smaps_rollup'):
    match = re.search(rf'^{field}:\s+(\d+) kB', host.read(f'/proc/{pid}/{file}'), re.M)
    return int(match.group(1)) if match else 0


def measure_memory(daemon):
    print(f'\n{"memory":40} {"RSS KiB":>9} {"PSS KiB":>9}')
    total = [0, 0]
    for name, pid in (('brigd', daemon.process.pid), ('brig-api', daemon.api_pid())):
        rss, pss = memory_of(pid, 'VmRSS', 'status'), memory_of(pid, 'Pss')
        total = [total[0] + rss, total[1] + pss]
        print(f'{name:40} {rss:9} {pss:9}')
    print(f'{"daemons together (aim: 15 MB RSS)":40} {total[0]:9} {total[1]:9}')
    ids = [daemon.start_container('busybox', 'sleep', '300') for _ in range(CONTAINERS)]
    inits = {daemon.pid(i) for i in ids}
    engine = [pid for init in inits for pid in [host.parent(init)] if host.running(pid)]
    each = sum(memory_of(pid, 'Pss') for pid in engine) / len(ids)
    rss = sum(memory_of(pid, 'VmRSS', 'status') for pid in engine) / len(ids)
    print(f'{f"engine per container, of {CONTAINERS} (aim: 256 PSS)":40} {rss:9.0f} {each:9.0f}')
    daemon.remove_containers()


def main():
    if os.getuid():
        sys.exit('bench: needs root')
    environment_record()
    scratch = Path(tempfile.mkdtemp(prefix='brig-bench-', dir='/var/tmp'))
    daemon = Daemon().start().load_base()
    skipped = []
    try:
        rows = [floor_row(scratch), Row('brig run --rm busybox true', [places.program('brig'), 'run', '--rm', 'busybox', 'true']),
                Row('docker run --rm through our socket', [places.docker_client(), 'run', '--rm', 'busybox', 'true']), *peer_rows(skipped)]
        print('measuring …', flush=True)
        measure(rows, daemon.environment())
        print_times(rows, rows[0].name, rows[1].name)
        for line in skipped:
            print(f'skipped: {line}')
        measure_memory(daemon)
    finally:
        left = daemon.destroy()
        shutil.rmtree(scratch, ignore_errors=True)
    for line in left:
        print(f'left behind: {line}')


if __name__ == '__main__':
    main()
