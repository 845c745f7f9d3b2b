"""brig: the same verbs, flags and output as the docker command line, and the security verb of its own."""

import json
import re
import subprocess

import pytest
from harness.terminal import Terminal

VERBS = ['run', 'create', 'start', 'stop', 'restart', 'kill', 'rm', 'ps', 'exec', 'logs', 'attach', 'wait', 'pause', 'unpause', 'rename', 'top',
         'inspect', 'images', 'rmi', 'tag', 'history', 'load', 'save', 'import', 'events', 'info', 'version']


def options_of(text):
    return set(re.findall(r'(?:^|\s)(--[a-z][a-z0-9-]+)', text.split('Options:', 1)[-1].split('Global Options')[0], re.M))


@pytest.mark.parametrize('verb', VERBS)
def test_verb_has_dockers_flags(daemon, verb):
    ours, theirs = daemon.brig(verb, '--help').stdout, daemon.docker(verb, '--help').stdout
    missing = {o for o in options_of(theirs) - options_of(ours) if not re.match('--(help|isolation|tree)', o)}          # tree is experimental there
    assert not missing, f'brig {verb} lacks {sorted(missing)}'


def test_help_and_errors(daemon):
    assert 'Usage:' in daemon.brig('--help').stdout
    done = daemon.brig('no-such-verb', check=False)
    assert done.returncode != 0 and 'no-such-verb' in done.stderr
    done = daemon.brig('run', '--no-such-flag', 'busybox', check=False)
    assert done.returncode == 125 and 'no-such-flag' in done.stderr
    assert re.match(r'(?i)brig.*\d+\.\d+', daemon.brig('--version').stdout)
    done = daemon.brig('pss', check=False)
    assert 'ps' in done.stderr.split('pss', 1)[1], 'no suggestion'


def test_run(daemon):
    done = daemon.brig('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 4', check=False)
    assert (done.stdout, done.stderr, done.returncode) == ('out\n', 'err\n', 4)
    assert daemon.brig('run', '--rm', '-i', 'busybox', 'cat', stdin='in\n').stdout == 'in\n'
    assert daemon.brig('run', '--rm', '-e', 'A=1', '-w', '/tmp', '-u', '1000', '--read-only', '--cap-drop', 'ALL', '-m', '64m', '--cpus', '0.5',
                       '--pids-limit', '50', '--label', 'a=b', '--hostname', 'h', '--tmpfs', '/t', 'busybox', 'sh', '-c',
                       'echo $A $(pwd) $(id -u) $(hostname)').out == '1 /tmp 1000 h'
    for command, code in (('no-such', 127), ('/etc/passwd', 126)):
        assert daemon.brig('run', '--rm', 'busybox', command, check=False).returncode == code
    assert daemon.brig('run', '--rm', 'no-such-image', check=False).returncode == 125


def test_run_it(daemon):
    with Terminal([daemon.brig_program(), 'run', '-it', '--rm', 'busybox', 'sh'], daemon.environment(), rows=31, columns=97) as terminal:
        terminal.expect('# ')
        terminal.send('until stty size | grep -q "31 97"; do :; done; echo si""zed; exit 5\n')
        terminal.expect('sized')
        assert terminal.wait() == 5


def test_detach_and_attach(daemon):
    with Terminal([daemon.brig_program(), 'run', '-it', '--name', 'b1', 'busybox', 'sh'], daemon.environment()) as terminal:
        terminal.expect('# ')
        terminal.send('\x10\x11')
        assert terminal.wait() == 0
    with Terminal([daemon.brig_program(), 'attach', 'b1'], daemon.environment()) as terminal:
        terminal.send('exit 3\n')
        assert terminal.wait() == 3


def test_a_life(daemon):
    name = daemon.brig('run', '-d', '--name', 'life', 'busybox', 'sh', '-c', 'echo hello; sleep 300').out
    assert re.fullmatch('[0-9a-f]{64}', name)
    assert daemon.brig('exec', 'life', 'echo', 'x').out == 'x'
    assert daemon.brig('exec', '-i', 'life', 'cat', stdin='y').out == 'y'
    assert daemon.brig('exec', 'life', 'sh', '-c', 'exit 9', check=False).returncode == 9
    assert daemon.brig('pause', 'life').out == 'life' and daemon.brig('unpause', 'life').out == 'life'
    assert daemon.brig('rename', 'life', 'life2').returncode == 0
    assert daemon.brig('stop', '-t', '0', 'life2').out == 'life2'
    assert daemon.brig('wait', 'life2').out == '137'
    assert daemon.brig('start', 'life2').out == 'life2'
    assert daemon.brig('restart', '-t', '0', 'life2').out == 'life2'
    assert daemon.brig('kill', 'life2').out == 'life2'
    assert 'hello' in daemon.brig('logs', 'life2').stdout
    assert daemon.brig('rm', '-f', 'life2').out == 'life2'
    assert daemon.brig('rm', 'life2', check=False).returncode == 1


@pytest.mark.parametrize('arguments', [
    ('ps', '-a'), ('ps', '-aq'), ('ps', '-a', '--no-trunc'), ('ps', '-a', '--filter', 'status=exited'), ('images',), ('images', '-q'), ('images', '--no-trunc'),
    ('ps', '-a', '--format', '{{.ID}} {{.Names}} {{.Status}} {{.Image}} {{.Labels}}'), ('ps', '-a', '--format', 'json'), ('images', '--format', '{{.Repository}}:{{.Tag}}'),
    ('inspect', 'same'), ('inspect', '-f', '{{.State.Status}} {{.HostConfig.Memory}}', 'same'), ('inspect', '-f', '{{json .Config}}', 'same'),
    ('image', 'inspect', 'busybox'), ('history', 'busybox'), ('history', '--no-trunc', '-q', 'busybox'), ('top', 'same'), ('logs', 'same'), ('logs', '-t', '--tail', '1', 'same'),
    ('container', 'ls'), ('image', 'ls'), ('port', 'same'), ('inspect', '-f', '{{range .Config.Env}}{{println .}}{{end}}', 'same'),
    ('ps', '--format', 'table {{.Names}}\t{{.Command}}')], ids=' '.join)
def test_output_is_dockers(daemon, arguments):
    daemon.docker('run', '-d', '--name', 'same', '--label', 'k=v', 'busybox', 'sh', '-c', 'echo a; echo b; sleep 300')
    daemon.docker('run', '--name', 'ended', 'busybox', 'sh', '-c', 'exit 2', check=False)
    # "3 seconds ago" may become 4 between the two
    assert any(shown(daemon.brig(*arguments).stdout, arguments) == shown(daemon.docker(*arguments).stdout, arguments) for _ in range(3)), \
        f'{daemon.brig(*arguments).stdout}\n{daemon.docker(*arguments).stdout}'


def shown(text, arguments):
    """JSON by value, tables by their words."""
    if 'json' in arguments:
        return [json.loads(line) for line in text.splitlines()]
    if 'inspect' in arguments and '-f' not in arguments:
        return json.loads(text)
    return [line.split() for line in text.splitlines()]


def test_images_verbs(daemon, tmp_path):
    daemon.brig('tag', 'busybox', 'copy:1')
    daemon.brig('save', '-o', str(tmp_path / 'copy.tar'), 'copy:1')
    assert 'copy:1' in daemon.brig('rmi', 'copy:1').out
    assert 'Loaded image: copy:1' in daemon.brig('load', '-i', str(tmp_path / 'copy.tar')).out
    assert daemon.brig('run', '--rm', 'copy:1', 'echo', 'x').out == 'x'
    daemon.brig('rmi', 'copy:1')


def test_inspect_security(daemon):
    """Read back from the kernel, so it must agree with /proc of the container."""
    daemon.docker('run', '-d', '--name', 'sec', '-m', '64m', 'busybox', 'sleep', '300')
    text = daemon.brig('inspect', '--security', 'sec').stdout
    status = daemon.docker('exec', 'sec', 'cat', '/proc/1/status').stdout
    base = daemon.docker('exec', 'sec', 'cat', '/proc/self/uid_map').out.split()[1]
    assert base in text and 'CAP_CHOWN' in text and 'CAP_NET_RAW' not in text
    assert 'Seccomp:\t2' in status and 'seccomp' in text.lower() and re.search(r'[0-9a-f]{64}|[0-9a-f]{12}', text), 'no digest'
    for word in ('landlock', 'memory', 'pids', '/proc', 'mnt', 'net'):
        assert word in text.lower(), f'{word} is missing:\n{text}'
    assert str(64 << 20) in text or '64' in text


def test_hosts(daemon):
    environment = {k: v for k, v in daemon.environment().items() if not k.endswith('_HOST')}
    for extra, arguments in (({'DOCKER_HOST': f'unix://{daemon.socket}'}, []), ({'BRIG_HOST': f'unix://{daemon.socket}', 'DOCKER_HOST': 'unix:///nowhere'}, []),
                             ({}, ['-H', f'unix://{daemon.socket}'])):
        done = subprocess.run([daemon.brig_program(), *arguments, 'version'], env={**environment, **extra}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    done = subprocess.run([daemon.brig_program(), '-H', 'unix:///no/such.sock', 'ps'], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and '/no/such.sock' in done.stderr
