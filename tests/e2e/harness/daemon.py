"""A private brigd on a scratch folder, and the clients that talk to it.

The folder is all that an instance has: data root, exec root, socket, log. So any
number of them run side by side. Containers outlive a daemon on purpose; destroy()
removes them, and cleans up by force what a broken engine leaves.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import docker as docker_py

from . import host, images, places, unixhttp
from .waiting import until

API = '/v1.50'


class Result(subprocess.CompletedProcess):
    """A finished client: text output, stripped on demand."""

    @property
    def out(self):
        return self.stdout.strip()

    @property
    def err(self):
        return self.stderr.strip()


class Daemon:
    def __init__(self, arguments=(), build=places.BUILD):
        self.root = Path(tempfile.mkdtemp(prefix='brig-e2e-', dir='/tmp'))
        self.root.chmod(0o755)             # brig-api is another user and has to reach its state
        self.data = self.root / 'data'
        self.exec = self.root / 'run'
        self.storage = self.data / 'storage'           # layers, uppers, staging, trash: root's alone
        self.layers = self.storage / 'layers'
        self.socket = self.root / 'brig.sock'
        self.pidfile = self.root / 'brigd.pid'
        self.log = self.root / 'daemon.log'
        self.build = build
        self.api = API
        self.arguments = list(arguments)
        self.process = None
        self.containers_seen = set()

    # --- life ---

    @contextlib.contextmanager
    def small_disk(self, size):
        """The data root on a disk of its own for the while; the daemon is started in it and destroyed in it."""
        self.data.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size},mode=755', 'none', self.data], check=True)
        left = []
        try:
            yield self.start()
        finally:
            left = self.destroy(keep=True)
            subprocess.run(['umount', '-l', self.data], check=True)
        assert not left, left

    def command(self, *extra):
        return [str(places.program('brigd', self.build)), '--data-root', str(self.data), '--exec-root', str(self.exec),
                '-H', f'unix://{self.socket}', '--pidfile', str(self.pidfile), '--log-level', 'debug',
                *self.arguments, *extra]

    def start(self, *extra, timeout=30):
        with self.log.open('ab') as log:
            self.process = subprocess.Popen(self.command(*extra), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True, cwd='/')
        until(lambda: self._ready(), timeout, 'an answer to /_ping')
        return self

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f'brigd ended with {self.process.returncode}:\n{self.log_tail()}')
        return self.alive()

    def alive(self):
        try:
            return self.request('GET', '/_ping', timeout=5).status == 200
        except (OSError, unixhttp.http.client.HTTPException):
            return False

    def stop(self, timeout=30):
        """SIGTERM: the daemons end, containers go on. Returns brigd's exit code."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout) if self.process else None

    def restart(self):
        self.stop()
        return self.start()

    def kill(self, *names):
        """kill -9 of brigd and/or brig-api, by name, at once; brigd is collected."""
        pids = [self.process.pid if name == 'brigd' else self.api_pid() for name in names]
        for pid in pids:
            if pid:
                os.kill(pid, signal.SIGKILL)
        if 'brigd' in names:
            self.process.wait(10)

    def api_pid(self):
        for pid in host.children(self.process.pid):
            if host.name(pid) == 'brig-api':
                return pid
        return None

    def pids(self):
        return self.process.pid, self.api_pid()

    def log_tail(self, lines=60):
        if not self.log.exists():
            return ''
        return '\n'.join(self.log.read_text(errors='replace').splitlines()[-lines:])

    # --- clients ---

    def environment(self):
        return {'PATH': os.environ.get('PATH', '/usr/bin:/bin'), 'HOME': str(self.root), 'DOCKER_CONFIG': str(self.root / 'docker'),
                'DOCKER_HOST': f'unix://{self.socket}', 'BRIG_HOST': f'unix://{self.socket}', 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8'}

    def _client(self, command, check, stdin, timeout, text):
        done = subprocess.run(command, env=self.environment(), capture_output=True, timeout=timeout, text=text,
                              **({'input': stdin} if stdin is not None else {'stdin': subprocess.DEVNULL}))
        result = Result(done.args, done.returncode, done.stdout, done.stderr)
        if check and result.returncode:
            raise AssertionError(f'{" ".join(map(str, command[1:]))} ended with {result.returncode}\n'
                                 f'stdout: {result.stdout}\nstderr: {result.stderr}')
        return result

    def docker_command(self, *arguments):
        return [places.docker_client(), *map(str, arguments)]

    def docker(self, *arguments, check=True, stdin=None, timeout=60, text=True):
        return self._client(self.docker_command(*arguments), check, stdin, timeout, text)

    def brig(self, *arguments, check=True, stdin=None, timeout=60, text=True):
        return self._client([self.brig_program(), *map(str, arguments)], check, stdin, timeout, text)

    def brig_program(self):
        return str(places.program('brig', self.build))

    def popen(self, *arguments, **options):
        """A docker client that goes on running."""
        pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
        return subprocess.Popen(self.docker_command(*arguments), env=self.environment(), text=True, **pipes)

    def request(self, method, target, body=None, **options):
        """Raw request; the version prefix is put before what has none."""
        if target not in ('/_ping', '/version') and not target.startswith('/v1.'):
            target = self.api + target
        return unixhttp.request(self.socket, method, target, body, **options)

    def sdk(self):
        return docker_py.DockerClient(base_url=f'unix://{self.socket}', version='1.50', timeout=60)

    # --- shorthands ---

    def run(self, *arguments, **options):
        """docker run --rm …, its output stripped."""
        return self.docker('run', '--rm', *arguments, **options).out

    def sh(self, script, *options, **more):
        """A shell script in a fresh busybox container; output stripped."""
        return self.run(*options, 'busybox', 'sh', '-c', script, **more)

    def start_container(self, *arguments):
        """docker run -d …; the id."""
        return self.docker('run', '-d', *arguments).out.splitlines()[-1]

    def inspect(self, name):
        return json.loads(self.docker('inspect', name).stdout)[0]

    def pid(self, name):
        """Host pid of the container's init."""
        return self.inspect(name)['State']['Pid']

    def exit_code(self, name):
        return int(self.docker('wait', name).out)

    def load_base(self, kind='busybox', tag=None):
        """Imports scripts/make-image's tar as KIND:latest with a shell as its command."""
        changes = ['--change', 'CMD ["/bin/sh"]', '--change', 'ENV ' + images.ENV[0]]
        self.docker('import', *changes, str(images.base_tar(kind)), tag or f'{kind}:latest', timeout=300)
        return self

    def container_ids(self):
        try:
            return [c['Id'] for c in self.request('GET', '/containers/json?all=1').json]
        except (OSError, ValueError):
            return []

    def note_containers(self):
        """Learns the ids of all containers that ever were, also of those that --rm took, for the leak check."""
        try:
            answer = self.request('GET', '/events', query={'since': '0', 'until': str(int(time.time()) + 1),
                                                           'filters': {'type': ['container'], 'event': ['create']}})
            self.containers_seen.update(event['Actor']['ID'] for event in answer.lines)
        except (OSError, ValueError, KeyError):
            pass                  # a daemon that is broken on purpose: what the list says has to do
        self.containers_seen.update(self.container_ids())

    def remove_containers(self):
        ids = self.container_ids()
        for name in ids:
            self.request('DELETE', f'/containers/{name}?force=1&v=1')
        return ids

    # --- end ---

    def destroy(self, keep=False):
        """Removes the containers, ends the daemons, returns what is left behind (and removes that too)."""
        if self.process and self.process.poll() is None and self.alive():
            self.note_containers()
            self.remove_containers()
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.abandon()
                return ['brigd did not end on SIGTERM']
        left = host.residue(self)
        if not keep:
            self.abandon()
        return left

    def abandon(self):
        """Nothing of it stays, whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        host.clean(self)
        shutil.rmtree(self.root, ignore_errors=True)


class Peer(Daemon):
    """Another engine that runs already; only its API is ours to use."""

    def __init__(self, host_address):
        super().__init__()
        self.socket = Path(host_address.removeprefix('unix://'))
        self.api = '/v' + unixhttp.request(self.socket, 'GET', '/version').json['ApiVersion']

    def pids(self):
        return None

    def abandon(self):
        shutil.rmtree(self.root, ignore_errors=True)
