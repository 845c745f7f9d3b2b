"""The daemons themselves: privileges, listeners, options, versions. Rows D1 to D5."""

import json
import os
import re
import socket
import stat
import subprocess

import pytest
from harness import host, places, unixhttp
from harness.waiting import until


# --- D3: privilege separation

def test_D3_api_process_has_no_privilege(daemon):
    pid = daemon.api_pid()
    fields = host.status(pid)
    assert all(int(uid) for uid in fields['Uid'].split()) and all(int(gid) for gid in fields['Gid'].split())
    assert [int(fields[f'Cap{s}'], 16) for s in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')] == [0] * 5
    assert fields['NoNewPrivs'].strip() == '1' and fields['Seccomp'].strip() == '2'
    assert fields['Groups'].split() in ([], fields['Gid'].split()[:1])


def test_D3_api_process_cannot_start_a_process(daemon):
    """Its filter lets threads through and nothing else: no child is ever there."""
    daemon.sh('true')
    assert host.children(daemon.api_pid()) == []


def test_D3_api_process_cannot_reach_layers(daemon):
    """Layers, uppers and volumes lie below a folder of root's."""
    uid = int(host.status(daemon.api_pid())['Uid'].split()[0])
    script = 'import os,sys; os.setgroups([]); os.setgid(%d); os.setuid(%d); os.listdir(sys.argv[1])' % (uid, uid)
    done = subprocess.run(['/usr/bin/python3', '-c', script, daemon.layers], capture_output=True, text=True)
    assert 'PermissionError' in done.stderr, f'{daemon.layers} is open to the API process'


def test_D3_brigd_is_single_threaded_and_links_no_parser(daemon):
    assert host.status(daemon.process.pid)['Threads'].strip() == '1'
    mapped = host.read(f'/proc/{daemon.process.pid}/maps')
    assert not re.search(r'lib(microhttpd|jansson|archive|gnutls|curl|seccomp|sqlite)', mapped)


# --- D2, D5: the socket

def test_D5_socket_is_roots_alone(daemon):
    info = os.stat(daemon.socket)
    assert stat.S_ISSOCK(info.st_mode) and info.st_uid == 0 and stat.S_IMODE(info.st_mode) == 0o600


def test_D2_another_user_cannot_connect(daemon):
    script = ('import os,socket,sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); s=socket.socket(socket.AF_UNIX); '
              's.connect(sys.argv[1])')
    done = subprocess.run(['/usr/bin/python3', '-c', script, str(daemon.socket)], capture_output=True, text=True)
    assert 'PermissionError' in done.stderr


def test_D5_no_tcp_port_is_open(daemon):
    listening = subprocess.run(['ss', '-ltnp'], capture_output=True, text=True).stdout
    assert 'brig' not in listening


@pytest.mark.parametrize('address', ['tcp://127.0.0.1:2375', 'tcp://0.0.0.0:2376', 'http://localhost:1', 'fd://', 'nonsense', 'unix://', 'unix://relative'])
def test_D5_other_addresses_are_refused_with_the_reason(address, tmp_path):
    done = subprocess.run([places.program('brigd'), '--data-root', tmp_path / 'd', '--exec-root', tmp_path / 'e', '-H', address],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and address.split(':')[0].split('/')[0] in done.stderr, done.stderr
    if address.startswith('tcp'):
        assert 'tls' in done.stderr.lower() or 'role' in done.stderr.lower(), done.stderr


def test_D5_several_sockets(fresh_daemon):
    daemon = fresh_daemon(start=False)
    second = daemon.root / 'second.sock'
    daemon.arguments += ['-H', f'unix://{second}']
    daemon.start()
    for path in (daemon.socket, second):
        assert unixhttp.request(path, 'GET', '/_ping').body == b'OK'


# --- D4: the API

def test_D4_ping_and_version(daemon):
    for method in ('GET', 'HEAD'):
        answer = daemon.request(method, '/_ping')
        assert answer.status == 200 and answer.headers['Builder-Version'] == '1' and answer.headers['OSType'] == 'linux'
        assert tuple(map(int, answer.headers['API-Version'].split('.'))) >= (1, 50)
    version = daemon.request('GET', '/version').json
    assert tuple(map(int, version['ApiVersion'].split('.'))) >= (1, 50) and version['MinAPIVersion'] == '1.24'
    assert version['Os'] == 'linux' and version['KernelVersion'] == os.uname().release


@pytest.mark.parametrize('prefix', ['', '/v1.24', '/v1.41', '/v1.50'])
@pytest.mark.parametrize('path', ['/_ping', '/version', '/info', '/containers/json', '/images/json', '/events?until=1'])
def test_D4_paths_with_and_without_version(daemon, prefix, path):
    assert unixhttp.request(daemon.socket, 'GET', prefix + path).status == 200


def test_D4_unknown_path_is_a_documented_error(daemon):
    answer = daemon.request('GET', '/no/such/thing')
    assert answer.status == 404 and answer.json == {'message': 'page not found'}
    assert answer.headers['Content-Type'].startswith('application/json')


def test_D4_too_new_a_version_says_the_newest(daemon):
    answer = daemon.request('GET', '/v1.999/info')
    assert answer.status == 400 and 'too new' in answer.json['message'] and '1.5' in answer.json['message']
    answer = daemon.request('GET', '/v1.12/info')
    assert answer.status == 400 and 'too old' in answer.json['message']


def test_D4_old_clients_work(daemon):
    """The docker command line is held at older API versions."""
    for version in ('1.24', '1.30', '1.41', '1.44'):
        command = ['env', f'DOCKER_API_VERSION={version}', *daemon.docker_command('run', '--rm', 'busybox', 'echo', version)]
        done = subprocess.run(command, env=daemon.environment(), capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == version, done.stderr


def test_D4_info(daemon):
    info = daemon.request('GET', '/info').json
    for key in ('ID', 'Containers', 'ContainersRunning', 'Images', 'Driver', 'KernelVersion', 'OperatingSystem', 'Architecture', 'NCPU',
                'MemTotal', 'DockerRootDir', 'SecurityOptions', 'CgroupDriver', 'CgroupVersion', 'DefaultRuntime', 'Name', 'ServerVersion', 'Warnings'):
        assert key in info, key
    assert info['DockerRootDir'] == str(daemon.data) and info['NCPU'] == os.cpu_count()
    options = ' '.join(info['SecurityOptions'])
    assert 'seccomp' in options and 'userns' in options
    assert 'network' in ' '.join(info['Warnings'] or []).lower(), 'that the default network is none yet'


def test_D4_builder_and_swarm_are_refused_clearly(daemon):
    for method, path in (('POST', '/session'), ('POST', '/grpc'), ('GET', '/swarm'), ('POST', '/build')):
        answer = daemon.request(method, path, b'')
        assert answer.status in (404, 501, 503) and answer.json['message'], (path, answer)


# --- D1: clients

def test_D1_docker_version_and_info(daemon):
    assert 'Server' in daemon.docker('version').stdout
    assert str(daemon.data) in daemon.docker('info').stdout


def test_D1_python_sdk(daemon):
    client = daemon.sdk()
    assert client.ping() and client.version()['MinAPIVersion'] == '1.24'
    assert client.containers.run('busybox', ['echo', 'sdk'], remove=True) == b'sdk\n'
    container = client.containers.run('busybox', ['sleep', '300'], detach=True, name='sdk', labels={'a': 'b'})
    assert client.containers.get('sdk').status == 'running' and container.labels == {'a': 'b'}
    code, output = container.exec_run(['sh', '-c', 'echo out; echo err >&2; exit 3'], demux=True)
    assert (code, output) == (3, (b'out\n', b'err\n'))
    assert [p[-1] for p in container.top()['Processes']] == ['sleep 300']
    container.rename('sdk2')
    container.pause()
    container.reload()
    assert container.status == 'paused'
    container.unpause()
    container.stop(timeout=1)
    assert container.wait()['StatusCode'] in (137, 143)
    container.remove()
    with pytest.raises(__import__('docker').errors.NotFound):
        client.containers.get('sdk2')
    client.close()


# --- options of brigd

def brigd(*arguments):
    return subprocess.run([places.program('brigd'), *map(str, arguments)], capture_output=True, text=True, timeout=20)


def test_version_and_help():
    assert re.match(r'brigd? .*\d+\.\d+\.\d+', brigd('--version').stdout)
    text = brigd('--help').stdout
    for option in ('--data-root', '--exec-root', '--config-file', '--pidfile', '--log-level', '--validate', '--version', '-H'):
        assert option in text, option


def test_unknown_option():
    done = brigd('--no-such-option')
    assert done.returncode != 0 and '--no-such-option' in done.stderr


def test_configuration_file(fresh_daemon, tmp_path):
    config = tmp_path / 'daemon.json'
    daemon = fresh_daemon(start=False)
    config.write_text(json.dumps({'log-level': 'debug', 'labels': ['site=test']}))
    daemon.start('--config-file', str(config))
    assert daemon.request('GET', '/info').json['Labels'] == ['site=test']


@pytest.mark.parametrize('text,word', [('{"no-such-key": 1}', 'no-such-key'), ('{"log-level": 7}', 'log-level'), ('{', 'daemon.json'), ('[]', 'object'),
                                       ('{"hosts": ["tcp://0.0.0.0:1"]}', 'tcp')])
def test_validate_refuses_bad_configuration(tmp_path, text, word):
    config = tmp_path / 'daemon.json'
    config.write_text(text)
    done = brigd('--validate', '--config-file', config, '--data-root', tmp_path / 'd', '--exec-root', tmp_path / 'e')
    assert done.returncode != 0 and word in done.stderr, done.stderr


def test_validate_accepts_good_configuration(tmp_path):
    config = tmp_path / 'daemon.json'
    config.write_text('{"log-level": "info"}')
    done = brigd('--validate', '--config-file', config, '--data-root', tmp_path / 'd', '--exec-root', tmp_path / 'e')
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / 'd').exists(), 'validating made a data root'


def test_shipped_example_is_valid(tmp_path):
    done = brigd('--validate', '--config-file', places.ROOT / 'data' / 'daemon.json.example')
    assert done.returncode == 0, done.stderr


def test_pidfile(daemon):
    assert int(daemon.pidfile.read_text()) == daemon.process.pid


def test_two_daemons_on_one_data_root_are_refused(daemon):
    done = subprocess.run([places.program('brigd'), '--data-root', daemon.data, '--exec-root', daemon.root / 'other',
                           '-H', f'unix://{daemon.root}/other.sock'], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and str(daemon.data) in done.stderr


def test_several_instances_side_by_side(daemon, fresh_daemon):
    other = fresh_daemon()
    daemon.start_container('--name', 'same', 'busybox', 'sleep', '300')
    other.start_container('--name', 'same', 'busybox', 'sleep', '300')
    ranges = {host.read(f'/proc/{d.pid("same")}/uid_map') for d in (daemon, other)}
    assert len(ranges) == 2, 'two daemons gave out one id range'


def test_stop_removes_socket_and_pidfile(fresh_daemon):
    daemon = fresh_daemon()
    assert daemon.stop() == 0
    assert not daemon.pidfile.exists() and not host.processes_of(daemon)


def test_a_stale_socket_is_replaced(fresh_daemon):
    daemon = fresh_daemon(start=False)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(daemon.socket))
    daemon.start()


def test_api_process_comes_back(fresh_daemon):
    daemon = fresh_daemon()
    before = daemon.api_pid()
    daemon.kill('brig-api')
    until(lambda: daemon.alive() and daemon.api_pid() != before, what='a new API process')
    assert daemon.sh('echo served') == 'served'
