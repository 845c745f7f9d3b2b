"""exec, logs, attach on the wire, events. Row D1."""

import json
import re
import threading
import time

import pytest
from harness import unixhttp
from harness.terminal import Terminal
from harness.waiting import until


@pytest.fixture
def running(daemon):
    return daemon.start_container('--name', 'running', '-e', 'FROM=container', 'busybox', 'sleep', '300')


# --- exec

def test_D1_exec(daemon, running):
    done = daemon.docker('exec', 'running', 'sh', '-c', 'echo out; echo err >&2; exit 5', check=False)
    assert (done.stdout, done.stderr, done.returncode) == ('out\n', 'err\n', 5)


@pytest.mark.parametrize('options,script,expected', [
    (('-u', '1000'), 'id -u', '1000'), (('-u', 'nobody'), 'id -un', 'nobody'), (('-w', '/etc'), 'pwd', '/etc'), (('-e', 'X=y'), 'echo $X $FROM', 'y container'),
    ((), 'echo $FROM', 'container'), ((), 'cat /proc/1/comm', 'sleep')], ids=lambda v: ' '.join(v) if isinstance(v, tuple) else '')
def test_D1_exec_flag(daemon, running, options, script, expected):
    assert daemon.docker('exec', *options, 'running', 'sh', '-c', script).out == expected


def test_D1_exec_stdin(daemon, running):
    assert daemon.docker('exec', '-i', 'running', 'cat', stdin='in\n').stdout == 'in\n'
    assert daemon.docker('exec', '-i', 'running', 'wc', '-c', stdin='x' * 3000000).out == '3000000'


def test_D1_exec_tty(daemon, running):
    with Terminal(daemon.docker_command('exec', '-it', 'running', 'sh'), daemon.environment(), rows=33, columns=99) as terminal:
        terminal.expect('# ')
        terminal.send('until stty size | grep -q "33 99"; do :; done; tty; exit 6\n')
        terminal.expect('/dev/pts/')
        assert terminal.wait() == 6


def test_D1_exec_detached(daemon, running):
    daemon.docker('exec', '-d', 'running', 'sh', '-c', 'echo done >/tmp/detached')
    daemon.docker('exec', 'running', 'sh', '-c', 'until test -s /tmp/detached; do :; done')


def test_D1_exec_privileges_are_the_containers(daemon, running):
    inner = daemon.docker('exec', 'running', 'cat', '/proc/self/status').stdout
    init = daemon.docker('exec', 'running', 'cat', '/proc/1/status').stdout
    for field in ('CapBnd', 'CapEff', 'NoNewPrivs', 'Seccomp', 'Uid'):
        pattern = re.compile(rf'^{field}:.*', re.M)
        assert pattern.search(inner).group() == pattern.search(init).group(), field


def test_D1_exec_inspect_and_errors(daemon, running):
    made = daemon.request('POST', '/containers/running/exec', {'Cmd': ['sh', '-c', 'exit 9'], 'AttachStdout': True})
    assert made.status == 201
    number = made.json['Id']
    data = daemon.request('GET', f'/exec/{number}/json').json
    assert data['Running'] is False and data['ContainerID'] == running and data['ProcessConfig']['entrypoint'] == 'sh'
    assert daemon.request('POST', f'/exec/{number}/start', {'Detach': True}).status == 200
    until(lambda: daemon.request('GET', f'/exec/{number}/json').json['ExitCode'] == 9, what='the exit code')
    assert daemon.request('POST', f'/exec/{number}/start', {'Detach': True}).status == 409
    assert daemon.request('GET', '/exec/nosuch/json').status == 404
    assert daemon.request('POST', '/containers/nosuch/exec', {'Cmd': ['true']}).status == 404
    assert daemon.request('POST', '/containers/running/exec', {'Cmd': []}).status == 400
    stopped = daemon.docker('create', 'busybox').out
    assert daemon.request('POST', f'/containers/{stopped}/exec', {'Cmd': ['true']}).status == 409


@pytest.mark.parametrize('command,code', [('no-such-command', 127), ('/etc/passwd', 126)])
def test_D1_exec_of_what_does_not_run(daemon, running, command, code):
    done = daemon.docker('exec', 'running', command, check=False)
    assert done.returncode in (code, 126) and command in done.stdout + done.stderr, done      # docker 26 says 126 for both


def test_D1_exec_on_the_wire(daemon, running):
    number = daemon.request('POST', '/containers/running/exec', {
        'Cmd': ['sh', '-c', 'cat; echo e >&2'], 'AttachStdin': True, 'AttachStdout': True, 'AttachStderr': True}).json['Id']
    with unixhttp.Hijacked(daemon.socket, f'{daemon.api}/exec/{number}/start', {'Detach': False, 'Tty': False}) as link:
        assert link.status == 101 and 'application/vnd.docker.multiplexed-stream' in link.head
        link.send(b'hello')
        link.close_input()
        assert link.demultiplexed() == {1: b'hello', 2: b'e\n'}


def test_D1_exec_resize(daemon, running):
    number = daemon.request('POST', '/containers/running/exec', {'Cmd': ['sh'], 'AttachStdin': True, 'AttachStdout': True, 'Tty': True}).json['Id']
    with unixhttp.Hijacked(daemon.socket, f'{daemon.api}/exec/{number}/start', {'Detach': False, 'Tty': True}) as link:
        assert 'application/vnd.docker.raw-stream' in link.head
        assert daemon.request('POST', f'/exec/{number}/resize?h=40&w=100').status in (200, 201)
        link.send(b'stty size; exit\n')
        assert b'40 100' in link.read_all()


def test_D1_many_execs_at_once(daemon, running):
    clients = [daemon.popen('exec', 'running', 'echo', str(n)) for n in range(20)]
    assert [c.communicate(timeout=60)[0].strip() for c in clients] == [str(n) for n in range(20)]


def test_D1_exec_ends_with_its_container(daemon, running):
    client = daemon.popen('exec', 'running', 'sleep', '300')
    until(lambda: 'sleep 300' in daemon.docker('top', 'running').stdout.split('\n', 2)[2], what='the exec')
    daemon.docker('kill', 'running')
    client.communicate(timeout=20)
    assert client.returncode == 137


# --- attach on the wire

def test_D1_attach_multiplexed(daemon):
    name = daemon.docker('create', '-i', 'busybox', 'sh', '-c', 'cat; echo err >&2').out
    with unixhttp.Hijacked(daemon.socket, f'{daemon.api}/containers/{name}/attach?stream=1&stdin=1&stdout=1&stderr=1') as link:
        assert link.status == 101
        daemon.docker('start', name)
        link.send(b'hello\n')
        link.close_input()
        assert link.demultiplexed() == {1: b'hello\n', 2: b'err\n'}


def test_D1_attach_with_logs(daemon):
    name = daemon.docker('run', '-d', 'busybox', 'sh', '-c', 'echo first; echo second').out
    daemon.exit_code(name)
    with unixhttp.Hijacked(daemon.socket, f'{daemon.api}/containers/{name}/attach?logs=1&stdout=1&stderr=1') as link:
        assert link.demultiplexed()[1] == b'first\nsecond\n'


def test_D1_resize_of_a_container(daemon):
    name = daemon.docker('run', '-dit', 'busybox', 'sh').out
    assert daemon.request('POST', f'/containers/{name}/resize?h=44&w=111').status == 200
    assert daemon.docker('exec', name, 'sh', '-c', 'stty size </proc/1/fd/0').out == '44 111'


def test_D1_two_clients_see_the_same(daemon):
    name = daemon.docker('create', '-i', 'busybox', 'sh', '-c', 'read x; echo "got $x"').out
    target = f'{daemon.api}/containers/{name}/attach?stream=1&stdin=1&stdout=1'
    with unixhttp.Hijacked(daemon.socket, target) as first, unixhttp.Hijacked(daemon.socket, target.replace('&stdin=1', '')) as second:
        daemon.docker('start', name)
        first.send(b'word\n')
        assert first.demultiplexed()[1] == second.demultiplexed()[1] == b'got word\n'


# --- logs

def test_D1_logs(daemon):
    name = daemon.docker('run', '-d', 'busybox', 'sh', '-c', 'for i in 1 2 3 4 5; do echo "line $i"; done; echo err >&2').out
    daemon.exit_code(name)
    done = daemon.docker('logs', name)
    assert done.stdout.splitlines() == [f'line {i}' for i in range(1, 6)] and done.stderr == 'err\n'
    assert daemon.docker('logs', '--tail', '2', name).stdout.splitlines()[-1] == 'line 5'
    assert daemon.docker('logs', '-n', '0', name).stdout == ''
    stamped = daemon.docker('logs', '-t', name).stdout.splitlines()[0]
    assert re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$', stamped)


def test_D1_logs_since_until(daemon):
    name = daemon.docker('run', '-d', 'busybox', 'sh', '-c', 'echo early; sleep 1.2; echo late').out
    daemon.exit_code(name)
    stamps = [line.split()[0] for line in daemon.docker('logs', '-t', name).stdout.splitlines()]
    assert daemon.docker('logs', '--since', stamps[1], name).stdout == 'late\n'
    assert daemon.docker('logs', '--until', stamps[0], name).stdout == 'early\n'
    assert daemon.docker('logs', '--since', '1h', name).stdout == 'early\nlate\n'
    assert daemon.docker('logs', '--until', '1h', name).stdout == ''


def test_D1_logs_follow(daemon):
    name = daemon.start_container('-i', 'busybox', 'sh', '-c', 'while read x; do echo "said $x"; test $x != b || break; done')
    client = daemon.popen('logs', '-f', name)
    feeder = daemon.popen('attach', name)
    for word in ('a', 'b'):
        feeder.stdin.write(word + '\n')
        feeder.stdin.flush()
        assert client.stdout.readline() == f'said {word}\n'
    assert client.communicate(timeout=20)[0] == '' and client.returncode == 0
    feeder.communicate(timeout=20)


def test_D1_logs_streams_and_tty(daemon):
    name = daemon.docker('run', '-dt', 'busybox', 'sh', '-c', 'echo out; echo err >&2').out
    daemon.exit_code(name)
    assert daemon.docker('logs', name).stdout.split() == ['out', 'err']
    answer = daemon.request('GET', f'/containers/{name}/logs?stdout=1')
    assert answer.headers['Content-Type'] == 'application/vnd.docker.raw-stream'
    assert daemon.request('GET', f'/containers/{name}/logs').status == 400


def test_D1_logs_long_lines_and_bytes(daemon):
    name = daemon.docker('run', '-d', 'busybox', 'sh', '-c', 'head -c 50000 /dev/zero | tr "\\0" y; echo; printf "\\000\\377\\n"; printf "no newline"').out
    daemon.exit_code(name)
    out = daemon.docker('logs', name, text=False).stdout
    # json-file of docker makes U+FFFD of bytes that are no UTF-8
    assert out.replace(b'\xef\xbf\xbd', b'\xff') == b'y' * 50000 + b'\n\x00\xff\nno newline'


def test_D1_logs_are_complete_under_load(daemon):
    name = daemon.docker('run', '-d', 'busybox', 'seq', '1', '200000').out
    daemon.exit_code(name)
    assert daemon.docker('logs', name).stdout == ''.join(f'{n}\n' for n in range(1, 200001))


def test_D1_logs_of_none(daemon):
    name = daemon.docker('run', '-d', '--log-driver', 'none', 'busybox', 'echo', 'x').out
    daemon.exit_code(name)
    assert 'does not support reading' in daemon.docker('logs', name, check=False).stderr


# --- events

def events(daemon, since, *filters):
    words = [word for f in filters for word in ('--filter', f)]
    out = daemon.docker('events', '--since', since, '--until', str(time.time() + 0.001), *words, '--format', '{{json .}}').out
    return [json.loads(line) for line in out.splitlines()]


def test_D1_events_of_a_life(daemon):
    since = str(time.time())
    name = daemon.docker('run', '-d', '--name', 'ev', '--label', 'a=b', 'busybox', 'sh', '-c', 'exit 3').out
    daemon.exit_code(name)
    daemon.docker('rm', name)
    found = events(daemon, since, f'container={name}')
    assert [e['Action'] for e in found if e['Type'] == 'container'] == ['create', 'start', 'die', 'destroy']
    die = next(e for e in found if e['Action'] == 'die')
    assert die['Actor']['Attributes']['exitCode'] == '3' and die['Actor']['Attributes']['name'] == 'ev'
    assert die['Actor']['Attributes']['image'] == 'busybox' and die['Actor']['Attributes']['a'] == 'b'
    assert die['timeNano'] // 10**9 == die['time']


def test_D1_events_of_verbs(daemon):
    since = str(time.time())
    name = daemon.start_container('busybox', 'sleep', '300')
    daemon.docker('pause', name)
    daemon.docker('unpause', name)
    daemon.docker('rename', name, 'renamed-ev')
    daemon.docker('exec', name, 'true')
    daemon.docker('kill', name)
    daemon.exit_code('renamed-ev')
    actions = [e['Action'] for e in events(daemon, since, 'type=container')]
    for action in ('pause', 'unpause', 'rename', 'exec_create: true', 'exec_start: true', 'exec_die', 'kill'):
        assert action in actions, (action, actions)
    daemon.docker('tag', 'busybox', 'ev-tag:1')
    daemon.docker('rmi', 'ev-tag:1')
    actions = [e['Action'] for e in events(daemon, since, 'type=image')]
    assert 'tag' in actions and 'untag' in actions


def test_D1_events_filters(daemon):
    since = str(time.time())
    daemon.docker('run', '--name', 'one', '--label', 'x=1', 'busybox', 'true')
    daemon.docker('run', '--name', 'two', 'busybox', 'true')
    assert {e['Actor']['Attributes']['name'] for e in events(daemon, since, 'label=x=1')} == {'one'}
    assert {e['Action'] for e in events(daemon, since, 'event=die', 'container=two')} == {'die'}
    assert events(daemon, since, 'image=nosuch') == []
    assert len(events(daemon, since, 'event=start', 'event=die', 'image=busybox')) == 4


def test_D1_events_live(daemon):
    connection, response = unixhttp.stream(daemon.socket, 'GET', f'{daemon.api}/events')
    found = []
    reader = threading.Thread(target=lambda: found.append(json.loads(response.readline())))
    reader.start()
    daemon.docker('create', '--name', 'live', 'busybox')
    reader.join(20)
    connection.close()
    assert found[0]['Action'] == 'create' and found[0]['Actor']['Attributes']['name'] == 'live'
