"""kill -9 at random points of create, start, log, stop and remove: nothing acknowledged is lost, nothing leaks.

The seed is printed; BRIG_SEED repeats a run, BRIG_ROUNDS makes it longer.
"""

import os
import random
import signal
import threading
import time

import pytest
from harness import host, unixhttp
from harness.waiting import until

SEED = int(os.environ.get('BRIG_SEED', '20260502'))
ROUNDS = int(os.environ.get('BRIG_ROUNDS', '12'))
TARGETS = [('brigd',), ('brig-api',), ('brigd', 'brig-api'), ('monitor',)]


class Life:
    """One container's way through its life; remembers what was acknowledged."""

    def __init__(self, daemon, number, generator):
        self.daemon = daemon
        self.name = f'life-{number}'
        self.code = generator.randrange(1, 100)
        self.lines = generator.randrange(1, 400)
        self.long = generator.random() < 0.4
        self.id = None
        self.started = False
        self.starts = 0
        self.acknowledged = False

    def ask(self, method, target, body=None):
        """An answer, or None when the daemon is not there; asks again until it is back."""
        for _ in range(400):
            try:
                return self.daemon.request(method, target, body, timeout=20)
            except (OSError, unixhttp.http.client.HTTPException):
                time.sleep(0.05)          # nobody is there to announce that it is back
        return None

    def run(self):
        script = f'i=0; while [ $i -lt {self.lines} ]; do i=$((i+1)); echo $i; done; ' + ('sleep 300' if self.long else f'exit {self.code}')
        answer = self.ask('POST', f'/containers/create?name={self.name}', {'Image': 'busybox', 'Cmd': ['sh', '-c', script], 'Labels': {'n': self.name}})
        if answer.status == 409:           # the answer to an earlier attempt was lost, not the container
            answer = self.ask('GET', f'/containers/{self.name}/json')
        assert answer.status in (200, 201), answer
        self.id = answer.json['Id']
        self.start()

    def start(self):
        """Not again when only the answer was lost: a short container would run twice."""
        while not self.started:
            self.starts += 1
            try:
                answer = self.daemon.request('POST', f'/containers/{self.id}/start', timeout=20)
                assert answer.status in (204, 304, 500, 503), answer
                self.started = self.acknowledged = answer.status in (204, 304)
                if answer.status == 500:
                    return
            except (OSError, unixhttp.http.client.HTTPException):
                pass
            if not self.started:
                state = self.ask('GET', f'/containers/{self.id}/json').json['State']
                self.started = not state['StartedAt'].startswith('0001')


def monitors(daemon, lives):
    found = []
    for life in lives:
        if life.id:
            try:
                pid = daemon.request('GET', f'/containers/{life.id}/json', timeout=5).json['State']['Pid']
            except (OSError, unixhttp.http.client.HTTPException, ValueError, KeyError):
                continue
            if pid:
                found.append((life, host.parent(pid)))
    return found


def strike(daemon, generator, lives):
    """Kills one of the targets; returns the lives whose monitor it was."""
    target = generator.choice(TARGETS)
    print('kill -9', *target)
    if target == ('monitor',):
        candidates = monitors(daemon, lives)
        if not candidates:
            return []
        life, pid = generator.choice(candidates)
        if pid > 1 and 'brig-monitor' in host.read(f'/proc/{pid}/cmdline'):
            os.kill(pid, signal.SIGKILL)
            return [life]
        return []
    if 'brigd' in target and daemon.process.poll() is None:
        daemon.kill(*target)
        daemon.start()
    elif pid := daemon.api_pid():
        os.kill(pid, signal.SIGKILL)
    return []


def check(daemon, life, lost_monitor):
    data = daemon.request('GET', f'/containers/{life.id}/json')
    assert data.status == 200, f'{life.name} was acknowledged and is gone: {data}'
    state = data.json['State']
    assert data.json['Name'] == f'/{life.name}' and data.json['Config']['Labels'] == {'n': life.name}
    if life.acknowledged and not lost_monitor:
        assert state['Running'] == life.long, (life.name, state)
        if not life.long:
            assert state['ExitCode'] == life.code, (life.name, state)
        lines = daemon.docker('logs', life.id).stdout.split()
        once = [str(n) for n in range(1, life.lines + 1)]
        # a start whose answer was lost may have run; asked again, an ended container runs again, as with docker
        assert any(lines == once * runs for runs in range(1, life.starts + 1)), f'{life.name}: {len(lines)} of {life.lines} lines'
    elif lost_monitor:
        assert not state['Running'], (life.name, state)


@pytest.mark.parametrize('round_number', range(ROUNDS))
def test_R4_kill_9_at_a_random_point(fresh_daemon, round_number):
    generator = random.Random(SEED + round_number)
    print('seed', SEED + round_number)
    daemon = fresh_daemon()
    before = host.baseline(daemon)
    lives = [Life(daemon, n, generator) for n in range(6)]
    threads = [threading.Thread(target=life.run) for life in lives]
    lost = []
    for thread in threads:
        thread.start()
        time.sleep(generator.random() * 0.05)       # the random point
        if generator.random() < 0.6:
            lost += strike(daemon, generator, lives)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), 'a request hangs'
    until(daemon.alive, what='the daemon')
    assert all(life.id for life in lives)
    until(lambda: all(not daemon.inspect(life.id)['State']['Running'] for life in lives if not life.long or life in lost), 40,
          'the ends')
    for life in lives:
        check(daemon, life, life in lost)
    daemon.note_containers()
    remove_under_fire(daemon, generator, lives)
    left = host.wait_for_no_leaks(daemon, before)
    assert not left, '\n'.join(left)


def remove_under_fire(daemon, generator, lives):
    def remove(life):
        for verb in (('POST', f'/containers/{life.id}/stop?t=0'), ('DELETE', f'/containers/{life.id}?force=1')):
            life.ask(*verb)

    threads = [threading.Thread(target=remove, args=(life,)) for life in lives]
    for thread in threads:
        thread.start()
        if generator.random() < 0.4:
            strike(daemon, generator, lives)
    for thread in threads:
        thread.join(60)
    until(daemon.alive, what='the daemon')
    for life in lives:
        answer = daemon.request('DELETE', f'/containers/{life.id}?force=1')
        assert answer.status in (204, 404), answer
    assert daemon.container_ids() == []
