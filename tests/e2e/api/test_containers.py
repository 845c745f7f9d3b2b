"""The container verbs and the flags of run, through the stock docker command line. Row D1."""

import json
import re
import signal
import time

import pytest
from harness import host
from harness.terminal import Terminal
from harness.waiting import until


# --- run

def test_D1_true_and_false(daemon):
    assert daemon.docker('run', '--rm', 'busybox', 'true').returncode == 0
    assert daemon.docker('run', '--rm', 'busybox', 'false', check=False).returncode == 1
    assert daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'exit 42', check=False).returncode == 42


def test_D1_output_is_split(daemon):
    done = daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2')
    assert (done.stdout, done.stderr) == ('out\n', 'err\n')


def test_D1_debian(daemon, debian):
    assert daemon.run(debian, 'sh', '-c', '. /etc/os-release; echo $ID $VERSION_ID') == 'debian 12'
    assert 'dpkg' in daemon.run(debian, 'dpkg', '--version')
    assert daemon.run(debian, 'sh', '-c', 'useradd -m alice && su alice -c "id -un"') == 'alice'


def test_D1_stdin(daemon):
    assert daemon.docker('run', '--rm', '-i', 'busybox', 'cat', stdin='through\n').stdout == 'through\n'
    assert daemon.docker('run', '--rm', '-i', 'busybox', 'wc', '-c', stdin='x' * 1000000).out == '1000000'


def test_D1_stdin_is_closed_without_i(daemon):
    assert daemon.docker('run', '--rm', 'busybox', 'cat', stdin='not seen').stdout == ''


def test_D1_much_output(daemon):
    assert len(daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'head -c 20000000 /dev/zero | tr "\\0" x').stdout) == 20000000


def test_D1_killed_by_signal(daemon):
    assert daemon.docker('run', '--rm', 'busybox', 'sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?', check=False).returncode == 137


@pytest.mark.parametrize('options,script,expected', [
    (('-e', 'A=1', '-e', 'B=two words'), 'echo $A $B', '1 two words'), (('-w', '/tmp'), 'pwd', '/tmp'), (('-w', '/made/new'), 'pwd', '/made/new'),
    (('-u', '1000'), 'id -u', '1000'), (('--hostname', 'hn'), 'hostname', 'hn'), (('--domainname', 'dn'), 'cat /proc/sys/kernel/domainname', 'dn'),
    (('--stop-signal', 'INT'), 'echo s', 's'), (('--label', 'a=b'), 'echo l', 'l'), (('--network', 'none'), 'ls /sys/class/net', 'lo'),
    (('--tmpfs', '/t:size=1m'), 'df -k /t | tail -1 | awk "{print \\$2}"', '1024'), (('--shm-size', '2m'), 'df -k /dev/shm | tail -1 | awk "{print \\$2}"', '2048'),
    (('--add-host', 'myhost:10.1.2.3'), 'grep -o "10.1.2.3.*myhost" /etc/hosts | tr -s "\\t" " "', '10.1.2.3 myhost'),
    (('--dns', '192.0.2.1'), 'grep ^nameserver /etc/resolv.conf', 'nameserver 192.0.2.1'),
    (('--sysctl', 'net.ipv4.ip_forward=1'), 'cat /proc/sys/net/ipv4/ip_forward', '1'), (('--oom-score-adj', '500'), 'cat /proc/self/oom_score_adj', '500'),
    (('--init',), 'ps -o pid,args | grep -c "^ *1 .*init"', '1'), (('--ulimit', 'nofile=99:99'), 'ulimit -n', '99'),
], ids=lambda v: v[0] if isinstance(v, tuple) else '')
def test_D1_flag(daemon, options, script, expected):
    assert daemon.sh(script, *options) == expected


def test_D1_env_file_and_entrypoint(daemon, tmp_path):
    (tmp_path / 'env').write_text('# comment\nX=from file\nHOME\n')
    assert daemon.sh('echo $X', '--env-file', str(tmp_path / 'env')) == 'from file'
    assert daemon.run('--entrypoint', 'echo', 'busybox', 'a', 'b') == 'a b'
    assert daemon.run('--entrypoint', '', 'busybox', 'echo', 'c') == 'c'


def test_D1_environment_is_dockers(daemon):
    lines = dict(line.split('=', 1) for line in daemon.run('busybox', 'env').splitlines())
    assert lines['HOSTNAME'] and lines['HOME'] == '/root' and '/bin' in lines['PATH'] and 'TERM' not in lines


def test_D1_etc_files(daemon):
    out = daemon.sh('cat /etc/hosts; cat /etc/hostname')
    assert '127.0.0.1\tlocalhost' in out and out.splitlines()[-1]


def test_D1_cidfile_and_name(daemon, tmp_path):
    daemon.docker('run', '-d', '--cidfile', str(tmp_path / 'cid'), '--name', 'named', 'busybox', 'sleep', '300')
    assert daemon.inspect('named')['Id'] == (tmp_path / 'cid').read_text()
    done = daemon.docker('run', '--name', 'named', 'busybox', 'true', check=False)
    assert done.returncode == 125 and 'named' in done.stderr and 'in use' in done.stderr


def test_D1_init_reaps_zombies(daemon, attack_image):
    script = 'for i in 1 2 3; do /attacks/probe orphan >/dev/null; done; grep -l "State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l'
    assert daemon.run('--init', attack_image, 'sh', '-c', script) == '0'


def test_D1_sig_proxy(daemon):
    client = daemon.popen('run', '--rm', '--name', 'proxied', 'busybox', 'sh', '-c', 'trap "echo got; exit 7" TERM; echo up; while :; do sleep 0.1; done')
    assert client.stdout.readline() == 'up\n'
    client.send_signal(signal.SIGTERM)
    out, _ = client.communicate(timeout=20)
    assert 'got' in out and client.returncode == 7


# --- terminals

def test_D1_run_it(daemon):
    with Terminal(daemon.docker_command('run', '-it', '--rm', 'busybox', 'sh'), daemon.environment()) as terminal:
        terminal.expect('# ')
        terminal.send('tty; stty size; exit 5\n')
        terminal.expect('/dev/(pts/0|console)')
        terminal.expect('24 80')
        assert terminal.wait() == 5


def test_D1_resize(daemon):
    with Terminal(daemon.docker_command('run', '-it', '--rm', '--name', 'sized', 'busybox', 'sh'), daemon.environment()) as terminal:
        terminal.expect('# ')

        def resized():
            # again and again: the client listens for the signal only some time after the start
            terminal.resize(50, 132)
            return daemon.docker('exec', 'sized', 'sh', '-c', 'stty size </proc/1/fd/0').out == '50 132'

        until(resized, what='the new size')
        terminal.send('exit\n')
        assert terminal.wait() == 0


def test_D1_ctrl_c_and_job_control(daemon):
    with Terminal(daemon.docker_command('run', '-it', '--rm', 'busybox', 'sh'), daemon.environment()) as terminal:
        terminal.expect('# ')
        terminal.send('sh -c "echo started; exec sleep 300"\n')
        terminal.expect('\nstarted')
        terminal.send('\x03')
        terminal.send('echo ba""ck\n')
        terminal.expect('back')
        terminal.send('exit\n')
        terminal.wait()


@pytest.mark.parametrize('keys,typed', [((), '\x10\x11'), (('--detach-keys', 'ctrl-x,x'), '\x18x')], ids=['default', 'own'])
def test_D1_detach_keys(daemon, keys, typed):
    with Terminal(daemon.docker_command('run', '-it', *keys, '--name', 'detached', 'busybox', 'sh'), daemon.environment()) as terminal:
        terminal.expect('# ')
        terminal.send(typed)
        assert terminal.wait() == 0
    assert daemon.inspect('detached')['State']['Running']
    with Terminal(daemon.docker_command('attach', 'detached'), daemon.environment()) as terminal:
        terminal.send('echo aga""in; exit 3\n')
        terminal.expect('again')
        assert terminal.wait() == 3


def test_D1_attach_without_tty(daemon):
    daemon.docker('run', '-di', '--name', 'att', 'busybox', 'sh', '-c',
                  'while read x; do echo "got $x"; test $x != two || break; done; echo bye >&2; exit 4')
    client = daemon.popen('attach', 'att')
    for word in ('one', 'two'):
        client.stdin.write(word + '\n')
        client.stdin.flush()
        assert client.stdout.readline() == f'got {word}\n'
    assert client.communicate(timeout=20) == ('', 'bye\n') and client.returncode == 4


# --- stop, kill, restart, pause, rename, update

def test_D1_stop_sends_term_then_kill(daemon):
    polite = daemon.start_container('busybox', 'sh', '-c', 'trap "exit 9" TERM; while :; do sleep 0.1; done')
    deaf = daemon.start_container('busybox', 'sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done')
    for name in (polite, deaf):
        daemon.docker('exec', name, 'true')
    start = time.monotonic()
    daemon.docker('stop', '-t', '10', polite)
    assert daemon.inspect(polite)['State']['ExitCode'] == 9 and time.monotonic() - start < 8
    start = time.monotonic()
    daemon.docker('stop', '-t', '1', deaf)
    assert daemon.inspect(deaf)['State']['ExitCode'] == 137 and time.monotonic() - start < 8


def test_D1_stop_signal_and_timeout_of_the_container(daemon):
    name = daemon.start_container('--stop-signal', 'USR1', '--stop-timeout', '1', 'busybox', 'sh', '-c',
                                  'trap "exit 11" USR1; while :; do sleep 0.1; done')
    daemon.docker('exec', name, 'true')
    daemon.docker('stop', name)
    assert daemon.inspect(name)['State']['ExitCode'] == 11


def test_D1_kill(daemon):
    name = daemon.start_container('busybox', 'sh', '-c', 'trap "echo hup" HUP; echo ready; while :; do sleep 0.1; done')
    until(lambda: 'ready' in daemon.docker('logs', name).stdout)
    daemon.docker('kill', '-s', 'HUP', name)
    until(lambda: 'hup' in daemon.docker('logs', name).stdout, what='the handler')
    daemon.docker('kill', name)
    assert daemon.exit_code(name) == 137
    done = daemon.docker('kill', name, check=False)
    assert done.returncode == 1 and 'is not running' in done.stderr


def test_D1_start_of_a_stopped_container(daemon):
    name = daemon.docker('create', 'busybox', 'sh', '-c', 'echo x >>/count; wc -l </count').out
    for expected in ('1', '2', '3'):
        assert daemon.docker('start', '-a', name).out == expected
    assert daemon.request('POST', f'/containers/{name}/start').status == 204
    running = daemon.start_container('busybox', 'sleep', '300')
    assert daemon.request('POST', f'/containers/{running}/start').status == 304
    assert daemon.request('POST', f'/containers/{name}/stop').status in (204, 304)


def test_D1_restart(daemon):
    name = daemon.start_container('busybox', 'sh', '-c', 'date +%s%N; exec sleep 300')
    first = daemon.pid(name)
    daemon.docker('restart', '-t', '1', name)
    assert daemon.pid(name) not in (0, first) and daemon.inspect(name)['State']['Running']


def test_D1_pause(daemon):
    name = daemon.start_container('busybox', 'sh', '-c', 'while :; do echo x; sleep 0.05; done')
    daemon.docker('pause', name)
    state = daemon.inspect(name)['State']
    assert state['Paused'] and state['Running'] and state['Status'] == 'paused'
    before = daemon.docker('logs', name).stdout
    daemon.sh('sleep 0.3')
    assert daemon.docker('logs', name).stdout == before
    assert daemon.docker('exec', name, 'true', check=False).returncode == 1
    daemon.docker('unpause', name)
    until(lambda: len(daemon.docker('logs', name).stdout) > len(before), what='output')
    daemon.docker('pause', name)
    daemon.docker('rm', '-f', name)


def test_D1_rename(daemon):
    daemon.start_container('--name', 'old', 'busybox', 'sleep', '300')
    daemon.docker('rename', 'old', 'new')
    assert daemon.inspect('new')['Name'] == '/new'
    assert daemon.docker('inspect', 'old', check=False).returncode == 1
    daemon.start_container('--name', 'old', 'busybox', 'sleep', '300')
    assert 'in use' in daemon.docker('rename', 'old', 'new', check=False).stderr


def test_D1_top(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    out = daemon.docker('top', name).stdout.splitlines()
    assert 'PID' in out[0] and 'CMD' in out[0] and len(out) == 2 and str(daemon.pid(name)) in out[1] and 'sleep 300' in out[1]


# --- wait

@pytest.mark.parametrize('condition', ['not-running', 'next-exit', 'removed'])
def test_D1_wait_conditions(daemon, condition):
    from harness import unixhttp
    name = daemon.docker('create', *(['--rm'] if condition == 'removed' else []), 'busybox', 'sh', '-c', 'exit 6').out
    if condition == 'not-running':
        assert daemon.request('POST', f'/containers/{name}/wait').json['StatusCode'] == 0
        daemon.docker('start', name)
        assert daemon.exit_code(name) == 6
        return
    connection, response = unixhttp.stream(daemon.socket, 'POST', f'{daemon.api}/containers/{name}/wait?condition={condition}')
    assert response.status == 200           # the headers come before the container ends
    daemon.docker('start', name)
    assert json.loads(response.read())['StatusCode'] == 6
    connection.close()


def test_D1_wait_unknown(daemon):
    assert daemon.request('POST', '/containers/nosuch/wait').status == 404
    name = daemon.docker('create', 'busybox').out
    assert daemon.request('POST', f'/containers/{name}/wait?condition=never').status == 400


# --- ps, inspect, rm, prune

def test_D1_ps(daemon):
    daemon.start_container('--name', 'up', '--label', 'tier=web', 'busybox', 'sleep', '300')
    daemon.docker('run', '--name', 'down', 'busybox', 'sh', '-c', 'exit 3', check=False)
    assert daemon.docker('ps', '--format', '{{.Names}}').out == 'up'
    assert set(daemon.docker('ps', '-a', '--format', '{{.Names}}').out.split()) == {'up', 'down'}
    row = daemon.docker('ps', '-a', '--no-trunc').stdout
    assert 'Up ' in row and 'Exited (3)' in row and '"sleep 300"' in row
    assert daemon.docker('ps', '-l', '--format', '{{.Names}}').out == 'down'


@pytest.mark.parametrize('filters,expected', [
    (['name=up'], {'up'}), (['name=^/u'], {'up'}), (['status=running'], {'up'}), (['status=exited'], {'down'}), (['status=created'], {'new'}),
    (['status=paused'], set()), (['exited=3'], {'down'}), (['label=tier'], {'up', 'down'}), (['label=tier=web'], {'up'}),
    (['label=tier', 'label=x=y'], {'down'}), (['ancestor=busybox'], {'up', 'down', 'new'}), (['ancestor=nosuch'], set()),
    (['before=down'], {'up'}), (['since=up'], {'down', 'new'}), (['id=ffffffffffff'], set()), (['health=none'], {'up', 'down', 'new'}),
    (['network=none'], {'new'}), (['volume=/nosuch'], set()), (['is-task=true'], set()), (['status=running', 'status=created'], {'up', 'new'}),
    (['publish=80'], set()), (['expose=80'], set())], ids=lambda v: ','.join(v) if isinstance(v, list) else '')
def test_D1_ps_filters(daemon, filters, expected):
    daemon.start_container('--name', 'up', '--label', 'tier=web', 'busybox', 'sleep', '300')
    daemon.docker('run', '--name', 'down', '--label', 'tier=db', '--label', 'x=y', 'busybox', 'sh', '-c', 'exit 3', check=False)
    daemon.docker('create', '--name', 'new', '--network', 'none', 'busybox')
    words = [word for f in filters for word in ('--filter', f)]
    assert set(daemon.docker('ps', '-a', *words, '--format', '{{.Names}}').out.split()) == expected


def test_D1_inspect(daemon):
    name = daemon.start_container('--name', 'insp', '-e', 'A=1', '-m', '64m', '--cpus', '0.5', '--restart', 'on-failure:3', 'busybox', 'sleep', '300')
    data = daemon.inspect('insp')
    assert data['Id'] == name and data['Name'] == '/insp' and data['Path'] == 'sleep' and data['Args'] == ['300']
    assert 'A=1' in data['Config']['Env'] and data['Config']['Cmd'] == ['sleep', '300'] and data['Config']['Image'] == 'busybox'
    host_config = data['HostConfig']
    assert host_config['Memory'] == 64 << 20 and host_config['NanoCpus'] == 500000000
    assert host_config['RestartPolicy'] == {'Name': 'on-failure', 'MaximumRetryCount': 3}
    assert data['Image'].startswith('sha256:') and data['State']['Status'] == 'running' and data['State']['Pid'] > 1
    assert re.match(r'\d{4}-\d\d-\d\dT', data['State']['StartedAt']) and data['State']['FinishedAt'].startswith('0001-01-01')
    assert daemon.inspect(name[:12])['Id'] == name == daemon.inspect(name[:4])['Id']
    assert daemon.docker('inspect', '-f', '{{.State.Status}}', 'insp').out == 'running'
    assert 'SizeRw' in json.loads(daemon.docker('inspect', '-s', 'insp').stdout)[0]


def test_D1_rm(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    done = daemon.docker('rm', name, check=False)
    assert done.returncode == 1 and 'running' in done.stderr
    daemon.docker('rm', '-f', '-v', name)
    assert daemon.request('GET', f'/containers/{name}/json').status == 404
    assert daemon.request('DELETE', f'/containers/{name}').status == 404


def test_D1_rm_after_exit(daemon):
    name = daemon.docker('run', '-d', '--rm', 'busybox', 'true').out
    until(lambda: daemon.request('GET', f'/containers/{name}/json').status == 404, what='the removal')


def test_D1_prune(daemon):
    keep = daemon.start_container('busybox', 'sleep', '300')
    gone = daemon.docker('create', 'busybox').out
    daemon.docker('create', '--label', 'keep=yes', '--name', 'labelled', 'busybox')
    out = daemon.docker('container', 'prune', '-f', '--filter', 'label!=keep=yes').out
    assert gone in out and keep not in out
    assert daemon.inspect('labelled')['Name'] == '/labelled'
    answer = daemon.request('POST', '/containers/prune').json
    assert len(answer['ContainersDeleted']) == 1 and 'SpaceReclaimed' in answer


def test_D1_many_at_once(daemon):
    """Twenty starts side by side: all run, all names and outputs are right."""
    clients = [daemon.popen('run', '--rm', 'busybox', 'echo', str(n)) for n in range(20)]
    assert [c.communicate(timeout=60)[0].strip() for c in clients] == [str(n) for n in range(20)]


# --- health

def test_D1_health_check(daemon):
    name = daemon.start_container('--health-cmd', 'test -e /ok', '--health-interval', '200ms', '--health-retries', '2', '--health-timeout', '5s',
                                  'busybox', 'sh', '-c', 'touch /ok; sleep 300')

    def health():
        return daemon.inspect(name)['State']['Health']['Status']

    until(lambda: health() == 'healthy', what='healthy')
    daemon.docker('exec', name, 'rm', '/ok')
    until(lambda: health() == 'unhealthy', what='unhealthy')
    log = daemon.inspect(name)['State']['Health']
    assert log['FailingStreak'] >= 2 and log['Log'] and log['Log'][-1]['ExitCode'] == 1
    assert name[:12] in daemon.docker('ps', '--filter', 'health=unhealthy', '-q').out
    assert '(unhealthy)' in daemon.docker('ps').stdout


def test_D1_health_timeout_and_none(daemon):
    slow = daemon.start_container('--health-cmd', 'sleep 60', '--health-interval', '100ms', '--health-timeout', '300ms', '--health-retries', '1',
                                  'busybox', 'sleep', '300')
    until(lambda: daemon.inspect(slow)['State']['Health']['Status'] == 'unhealthy', what='the timeout')
    none = daemon.start_container('--no-healthcheck', 'busybox', 'sleep', '300')
    assert daemon.inspect(none)['State'].get('Health') is None


# --- restart policies

def test_D1_restart_on_failure_stops_at_its_maximum(daemon):
    name = daemon.docker('run', '-d', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'exit 1').out
    until(lambda: (s := daemon.inspect(name))['RestartCount'] == 2 and s['State']['Status'] == 'exited', 30, 'two restarts')


def test_D1_restart_always_until_stopped(daemon):
    name = daemon.docker('run', '-d', '--restart', 'always', 'busybox', 'true').out
    until(lambda: daemon.inspect(name)['RestartCount'] >= 2, 30, 'restarts')
    daemon.docker('stop', name)
    count = daemon.inspect(name)['RestartCount']
    daemon.sh('sleep 0.5')
    state = daemon.inspect(name)
    assert state['RestartCount'] == count and state['State']['Status'] == 'exited'


def test_D1_unless_stopped_restarts_after_kill(daemon):
    name = daemon.start_container('--restart', 'unless-stopped', 'busybox', 'sleep', '300')
    pid = daemon.pid(name)
    host.os.kill(pid, signal.SIGKILL)
    until(lambda: daemon.pid(name) not in (0, pid), what='the restart')
