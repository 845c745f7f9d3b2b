"""Daemons end and come back; containers and what was acknowledged stay."""

import os
import signal

import pytest
from harness import host, unixhttp
from harness.waiting import until


@pytest.fixture
def daemon(fresh_daemon):
    return fresh_daemon()


def test_sigterm_leaves_containers_running(daemon):
    name = daemon.start_container('--name', 'stays', 'busybox', 'sh', '-c', 'while :; do echo tick; sleep 0.1; done')
    pid = daemon.pid(name)
    assert daemon.stop() == 0
    assert host.running(pid)
    daemon.start()
    assert daemon.pid('stays') == pid and daemon.inspect('stays')['State']['Running']
    before = len(daemon.docker('logs', name).stdout)
    until(lambda: len(daemon.docker('logs', name).stdout) > before, what='new log lines')
    assert daemon.docker('exec', name, 'echo', 'exec').out == 'exec'
    daemon.docker('stop', '-t', '1', name)
    assert not host.running(pid)


def test_exit_while_the_daemon_is_away(daemon):
    name = daemon.start_container('-i', 'busybox', 'sh', '-c', 'until test -e /go; do sleep 0.05; done; echo last words; exit 23')
    pid = daemon.pid(name)
    daemon.stop()
    open(f'/proc/{pid}/root/go', 'w').close()
    until(lambda: not host.running(pid), what='the exit')
    daemon.start()
    state = daemon.inspect(name)['State']
    assert state['Status'] == 'exited' and state['ExitCode'] == 23 and not state['FinishedAt'].startswith('0001')
    assert daemon.docker('logs', name).stdout == 'last words\n'


def test_rm_flag_holds_over_a_restart(daemon):
    name = daemon.docker('run', '-d', '--rm', 'busybox', 'sleep', '300').out
    pid = daemon.pid(name)
    daemon.stop()
    os.kill(pid, signal.SIGKILL)
    daemon.start()
    until(lambda: daemon.request('GET', f'/containers/{name}/json').status == 404, what='the removal')


def test_restart_policies_over_a_restart(daemon):
    always = daemon.docker('run', '-d', '--restart', 'always', 'busybox', 'sleep', '300').out
    stopped = daemon.docker('run', '-d', '--restart', 'unless-stopped', 'busybox', 'sleep', '300').out
    no = daemon.docker('run', '-d', 'busybox', 'sleep', '300').out
    daemon.docker('stop', '-t', '0', stopped)
    pids = [daemon.pid(always), daemon.pid(no)]
    daemon.stop()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    daemon.start()
    until(lambda: daemon.inspect(always)['State']['Running'], what='the restart')
    assert not daemon.inspect(stopped)['State']['Running'] and not daemon.inspect(no)['State']['Running']
    assert daemon.inspect(no)['State']['ExitCode'] == 137


def test_state_survives(daemon):
    daemon.docker('create', '--name', 'made', '-e', 'A=1', '--label', 'l=v', 'busybox', 'sh', '-c', 'echo $A')
    daemon.docker('run', '--name', 'done', 'busybox', 'sh', '-c', 'echo out; exit 3', check=False)
    daemon.docker('tag', 'busybox', 'another:name')
    before = [daemon.inspect(n) for n in ('made', 'done')]
    daemon.restart()
    assert [daemon.inspect(n) for n in ('made', 'done')] == before
    assert daemon.docker('start', '-a', 'made').out == '1'
    assert daemon.docker('logs', 'done').out == 'out'
    assert 'another' in daemon.docker('images').stdout
    events = daemon.docker('events', '--since', '0', '--until', '1s', '--filter', 'container=done', '--format', '{{.Action}}').out.split()
    assert events.count('die') <= 1


@pytest.mark.parametrize('victims', [('brigd',), ('brig-api',), ('brigd', 'brig-api')], ids='+'.join)
def test_kill_9_of_daemons_leaves_containers(daemon, victims):
    name = daemon.start_container('busybox', 'sh', '-c', 'n=0; while :; do n=$((n+1)); echo $n; sleep 0.02; done')
    tty = daemon.docker('run', '-dit', 'busybox', 'sh').out
    pids = [daemon.pid(name), daemon.pid(tty)]
    before = daemon.api_pid()
    daemon.kill(*victims)
    if 'brigd' in victims:
        until(lambda: before not in host.pids() or not host.running(before), what='the orphaned API process to end')
        assert all(map(host.running, pids))
        daemon.start()
    else:
        until(daemon.alive, what='the API')
    assert [daemon.pid(name), daemon.pid(tty)] == pids
    daemon.docker('exec', tty, 'true')
    daemon.docker('stop', '-t', '0', name, tty)
    numbers = [int(line) for line in daemon.docker('logs', name).stdout.split()]
    assert numbers == list(range(1, len(numbers) + 1)), 'log lines are missing'


def test_kill_9_of_a_monitor_is_reported(daemon):
    name = daemon.start_container('--name', 'victim', 'busybox', 'sleep', '300')
    other = daemon.start_container('busybox', 'sleep', '300')
    pid = daemon.pid(name)
    os.kill(host.parent(pid), signal.SIGKILL)
    until(lambda: not daemon.inspect(name)['State']['Running'], what='the report')
    state = daemon.inspect(name)['State']
    assert not host.running(pid) and state['ExitCode'] == 137 and state['Status'] == 'exited'
    assert daemon.inspect(other)['State']['Running']
    daemon.docker('start', name)
    assert daemon.inspect(name)['State']['Running']


def test_kill_9_of_a_monitor_while_the_daemon_is_away(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    pid = daemon.pid(name)
    monitor = host.parent(pid)
    daemon.kill('brigd', 'brig-api')
    os.kill(monitor, signal.SIGKILL)
    daemon.start()
    until(lambda: not daemon.inspect(name)['State']['Running'], what='the report')
    assert not host.running(pid)


def test_attached_client_outlives_the_api(daemon):
    """A local client's connection belongs to the monitor. (The docker client itself gives up: it waits on a second connection.)"""
    name = daemon.docker('create', '-i', '--name', 'long', 'busybox', 'sh', '-c', 'echo up; while read x; do echo "got $x"; test $x != end || break; done').out
    with unixhttp.Hijacked(daemon.socket, f'{daemon.api}/containers/{name}/attach?stream=1&stdin=1&stdout=1') as link:
        frames = link.frames()
        daemon.docker('start', name)
        assert next(frames) == (1, b'up\n')
        for victims in (('brig-api',), ('brigd', 'brig-api')):
            daemon.kill(*victims)
            link.send(b'word\n')
            assert next(frames) == (1, b'got word\n')
            if 'brigd' in victims:
                daemon.start()
            until(daemon.alive, what='the API')
        link.send(b'end\n')
        assert list(frames) == [(1, b'got end\n')]
    assert daemon.exit_code('long') == 0
    assert daemon.docker('logs', 'long').stdout.split('\n') == ['up', 'got word', 'got word', 'got end', '']


def test_names_and_ids_are_free_again(daemon):
    for _ in range(3):
        daemon.docker('run', '-d', '--name', 'reused', 'busybox', 'sleep', '300')
        daemon.kill('brigd', 'brig-api')
        daemon.start()
        daemon.docker('rm', '-f', 'reused')
