"""The host's side of things: processes, mounts, cgroups, namespaces, and what an engine left of them.

Other engines and other test runs share the machine, so everything is judged by
what belongs to one instance: its scratch folder in a command line or a mount,
its cgroup parent, the ids of its containers.
"""

import os
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path

from .waiting import until

CGROUP = Path('/sys/fs/cgroup')


def pids():
    return [int(name) for name in os.listdir('/proc') if name.isdigit()]


def read(path, default=''):
    try:
        return Path(path).read_text(errors='replace')
    except OSError:
        return default


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ''


def name(pid):
    return read(f'/proc/{pid}/comm').strip()


def parent(pid):
    match = re.search(r'^PPid:\s+(\d+)', read(f'/proc/{pid}/status'), re.M)
    return int(match.group(1)) if match else 0


def children(pid):
    return [child for child in pids() if parent(child) == pid]


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def status(pid):
    """Fields of /proc/<pid>/status."""
    return dict(line.split(':\t', 1) if ':\t' in line else (line.rstrip(':'), '')
                for line in read(f'/proc/{pid}/status').splitlines())


def namespace(pid, kind):
    return link(f'/proc/{pid}/ns/{kind}')


def running(pid):
    """False for zombies too."""
    return bool(state := re.search(r'^State:\s+(\S)', read(f'/proc/{pid}/status'), re.M)) and state.group(1) not in 'ZX'


def cgroup_of(pid):
    """{hierarchy: path}; v2 under ''."""
    return {parts[1]: parts[2] for line in read(f'/proc/{pid}/cgroup').splitlines() if len(parts := line.split(':', 2)) == 3}


def cgroup_roots():
    """Mount points of all hierarchies: {controllers or '': path}."""
    found = {}
    for line in read('/proc/self/mountinfo').splitlines():
        fields = line.split(' - ')
        kind = fields[1].split()[0]
        point = fields[0].split()[4]
        if kind == 'cgroup2':
            found[''] = Path(point)
        elif kind == 'cgroup':
            found[Path(point).name] = Path(point)
    return found


def cgroups_named(pattern):
    """Cgroup folders whose last part matches, in all hierarchies."""
    expression = re.compile(pattern)
    return [Path(folder) / child for root in set(cgroup_roots().values())
            for folder, names, _ in os.walk(root) for child in names if expression.search(child)]


def cgroup_folder(pid, controller):
    """The folder of a process in the hierarchy of a controller (v1), or its v2 folder."""
    own = cgroup_of(pid)
    for names, path in own.items():
        if controller in names.split(','):
            for known, root in cgroup_roots().items():
                if controller in known.split(','):
                    return root / path.lstrip('/')
    return cgroup_roots()[''] / own[''].lstrip('/')


def mounts_with(text):
    """{namespace: [mount lines]} over all mount namespaces whose mountinfo names the text."""
    found = {}
    for pid in pids():
        space = namespace(pid, 'mnt')
        if space and space not in found:
            found[space] = [line for line in read(f'/proc/{pid}/mountinfo').splitlines() if text in line]
    return {space: lines for space, lines in found.items() if lines}


def processes_of(daemon):
    """Processes that belong to an instance: its folder in their command line, or its containers' ids in their cgroups."""
    mark = str(daemon.root)
    ids = daemon.containers_seen
    found = []
    for pid in pids():
        if pid == os.getpid() or not running(pid):
            continue
        command = read(f'/proc/{pid}/cmdline')
        groups = read(f'/proc/{pid}/cgroup')
        if f'{mark}/' in command and is_engine(pid) or any(i in groups for i in ids):
            found.append(pid)
    return found


def is_engine(pid):
    command = read(f'/proc/{pid}/cmdline').split('\0')[0].rsplit('/', 1)[-1]
    return command in ENGINE_NAMES


SPARE_FDS = 3                   # connections that are being closed, files that SQLite keeps
ENGINE_NAMES = {'brigd', 'brig-api', 'brig-monitor', 'brig-unpack', 'brig-init'}


def describe(pid):
    return f'process {pid} {name(pid)} {read(f"/proc/{pid}/cmdline").replace(chr(0), " ")[:120]}'


def files_below(folder):
    return [str(p.relative_to(folder)) for p in folder.rglob('*')] if folder.exists() else []


def container_leaks(daemon, before=None):
    """What containers left while the daemon runs on; `before` is an earlier answer of baseline()."""
    left = [f'container folder {p}' for p in sorted((daemon.data / 'containers').glob('*'))]
    left += [f'{kind} {p}' for kind in ('uppers', 'staging', 'trash') for p in sorted((daemon.storage / kind).glob('*'))]
    left += [f'runtime folder {p}' for p in sorted((daemon.exec / 'c').glob('*'))]
    for container in daemon.containers_seen:
        left += [f'cgroup {p}' for p in cgroups_named(container)]
    left += [describe(pid) for pid in pids() if running(pid)
             and any(i in read(f'/proc/{pid}/cgroup') for i in daemon.containers_seen)]
    for space, lines in mounts_with(str(daemon.root)).items():
        if space == namespace('self', 'mnt') and lines != (before or {}).get('mounts', []):
            left += [f'mount {line}' for line in lines]
    if before:
        now = baseline(daemon)
        left += [f'brigd has one more {kind}' for kind in (Counter(now['brigd fds']) - Counter(before['brigd fds'])).elements()]
        left += [f'id range {index} of {owner}' for index, owner in now['id ranges'].items() if index not in before['id ranges']]
        if now['brig-api fds'] > before['brig-api fds'] + SPARE_FDS:
            left.append(f'brig-api fds: {before["brig-api fds"]} before, {now["brig-api fds"]} now')
    return left


def baseline(daemon):
    api = daemon.api_pid()
    return {
        'brigd fds': sorted(filter(None, map(fd_kind, fds(daemon.process.pid)))),
        'brig-api fds': len(list(fds(api))) if api else 0,
        'id ranges': id_ranges(daemon),
        'mounts': mounts_with(str(daemon.root)).get(namespace('self', 'mnt'), []),
    }


def id_ranges(daemon):
    """The ranges that this instance holds in the registry which all brigds of a host share: {index: socket}."""
    registry = Path('/run/brig-ids')
    entries = {entry.name: link(entry) for entry in registry.iterdir()} if registry.is_dir() else {}
    return {index: owner for index, owner in entries.items() if owner.startswith(str(daemon.root))}


def fds(pid):
    try:
        return [f'/proc/{pid}/fd/{n}' for n in os.listdir(f'/proc/{pid}/fd')]
    except OSError:
        return []


def fd_kind(path):
    return re.sub(r'\d+', 'N', link(path))


def wait_for_no_leaks(daemon, before=None):
    """Teardown is asynchronous by design: asks for a while, returns what stays."""
    left = []

    def none_left():
        left[:] = container_leaks(daemon, before)
        return not left

    try:
        until(none_left, 10)
    except AssertionError:
        pass
    return left


def residue(daemon):
    """What a stopped instance without containers left on the host."""
    left = []

    def none_left():
        left[:] = [describe(pid) for pid in processes_of(daemon)]
        left.extend(f'id range {index} of {owner}' for index, owner in id_ranges(daemon).items())
        left.extend(f'mount in {space}: {line}' for space, lines in mounts_with(str(daemon.root)).items() for line in lines
                    if not ignored_mount(daemon, line))
        for container in daemon.containers_seen:
            left.extend(f'cgroup {p}' for p in cgroups_named(container))
        return not left

    try:
        until(none_left, 10)
    except AssertionError:
        pass
    return left


def ignored_mount(daemon, line):
    """A file system that the test itself put there (a small disk as data root) is the test's to remove."""
    return line.split()[4] == str(daemon.data)


def clean(daemon):
    """By force, only what belongs to the instance: processes, mounts of this namespace, cgroups."""
    for pid in processes_of(daemon):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    points = [line.split()[4] for line in mounts_with(str(daemon.root)).get(namespace('self', 'mnt'), [])]
    for point in sorted(points, key=len, reverse=True):
        subprocess.run(['umount', '-l', point], capture_output=True)
    for container in daemon.containers_seen:
        for folder in sorted(cgroups_named(container), key=lambda p: len(str(p)), reverse=True):
            try:
                folder.rmdir()
            except OSError:
                continue
