"""Denial of service by nonsense: each gets a clear error in Docker's shape, and the daemon serves on."""

import json
import os
import random
import socket
import subprocess

import pytest
from harness import host, images, unixhttp


@pytest.fixture(autouse=True)
def serves_on(daemon):
    """The very processes that were there before answer after each test."""
    before = daemon.pids()
    yield
    assert daemon.alive() and daemon.pids() == before, 'a daemon died of it'


def is_error(answer, *statuses):
    assert answer.status in statuses, answer
    assert isinstance(answer.json.get('message'), str) and answer.json['message'], answer


# --- HTTP

def status_of(data):
    return int(data.split(b' ', 2)[1]) if data.startswith(b'HTTP/1.') else 0


@pytest.mark.parametrize('data', [
    b'\0\0\0\0\r\n\r\n', b'GET\r\n\r\n', b'G' * 100000 + b'\r\n\r\n', b'GET /_ping\r\n\r\n', b'GET /_ping HTTP/9.9\r\n\r\n',
    b'POST /v1.50/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: -1\r\n\r\n',
    b'POST /v1.50/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 99999999999999999999\r\n\r\n',
    b'POST /v1.50/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nnonsense\r\n',
    b'POST /v1.50/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx',
    b'POST /v1.50/containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
    b'PUT /v1.50/containers/create HTTP/1.1\r\nHost: d\r\nExpect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}',
], ids=range(11))
def test_http_nonsense(daemon, data):
    answer = unixhttp.raw(daemon.socket, data, timeout=5, shut=True)
    assert status_of(answer) == 0 or 400 <= status_of(answer) < 600, answer[:200]


def test_http_64_MB_of_headers(daemon):
    before = resident(daemon.api_pid())
    head = b'GET /_ping HTTP/1.1\r\nHost: d\r\n' + b''.join(b'X-%d: %s\r\n' % (n, b'a' * 65000) for n in range(1000)) + b'\r\n'
    answer = unixhttp.raw(daemon.socket, head, timeout=20)
    assert status_of(answer) in (0, 400, 413, 431), answer[:100]
    assert resident(daemon.api_pid()) - before < 16 << 20


def resident(pid):
    return int(host.status(pid)['VmRSS'].split()[0]) * 1024


def test_http_random_bytes(daemon):
    seed = int(os.environ.get('BRIG_SEED', '20260501'))
    print('seed', seed)
    generator = random.Random(seed)
    for _ in range(50):
        unixhttp.raw(daemon.socket, b'POST /v1.50/containers/create HTTP/1.1\r\nContent-Length: 64\r\n\r\n' + generator.randbytes(64), timeout=2, shut=True)


@pytest.mark.parametrize('target', ['/no/such/path', '/containers/../../etc/passwd', '/containers/%2e%2e%2f/json', '/containers/a%00b/json',
                                    '/containers/%ff%fe/json', '/containers/' + 'a' * 5000 + '/json', '/images/../json/json'])
def test_http_odd_paths(daemon, target):
    answer = daemon.request('GET', target)
    if answer.status != 301:             # docker sends a client to the cleaned path
        is_error(answer, 400, 404, 414)


def test_http_wrong_method(daemon):
    is_error(daemon.request('DELETE', '/info'), 404, 405)


@pytest.mark.parametrize('target', ['/containers/json?filters=%7B', '/containers/json?filters=%5B%5D', '/containers/json?filters=7', '/containers/json?limit=x',
                                    '/containers/json?filters={"nosuchfilter":["x"]}', '/containers/json?filters={"status":["dancing"]}',
                                    '/events?since=yesterday', '/containers/json?filters={"status":7}'])
def test_http_bad_queries(daemon, target):
    is_error(daemon.request('GET', target.replace('"', '%22').replace('{', '%7B').replace('}', '%7D')), 400)


def test_http_unknown_version(daemon):
    is_error(daemon.request('GET', '/v1.999/info'), 400)
    is_error(daemon.request('GET', '/v1.1/info'), 400)


# --- JSON

@pytest.mark.parametrize('body', [b'', b'{', b'null', b'[]', b'7', b'"x"', b'{"Image":7}', b'{"Image":"busybox","Cmd":{"a":1}}', b'\xff\xfe{}',
                                  b'{"Image":"busybox","HostConfig":{"Memory":"lots"}}', b'{"Image":"busybox","HostConfig":{"Memory":1e400}}',
                                  b'{"Image":"busybox","Env":["A"],"Env":7}', b'{"Image":"busybox"} trailing', b'{"Image":"busy\\u0000box"}'],
                         ids=range(14))
def test_json_nonsense(daemon, body):
    is_error(daemon.request('POST', '/containers/create', body, headers={'Content-Type': 'application/json'}), 400, 404)


def refuses_body(daemon, body):
    try:
        is_error(daemon.request('POST', '/containers/create', body, headers={'Content-Type': 'application/json'}), 400, 413)
    except (BrokenPipeError, ConnectionResetError):
        pass                              # refused before all of it was read


def test_json_depth_bomb(daemon):
    for opening in (b'[', b'{"a":'):
        refuses_body(daemon, opening * 200000)


def test_json_size_bomb(daemon):
    before = resident(daemon.api_pid())
    body = b'{"Image":"busybox","Cmd":["' + b'a' * (64 << 20) + b'"]}'
    refuses_body(daemon, body)
    assert resident(daemon.api_pid()) - before < 80 << 20


# --- containers

@pytest.mark.parametrize('name', ['a/b', 'a b', '../x', 'a\nb', '\x1b[31m', '', '-x', 'ä', 'a:b', '.x'])
def test_create_bad_names(daemon, name):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox'}, query={'name': name})
    if name == '':
        assert answer.status == 201      # no name: one is made up
        return
    is_error(answer, 400)


def test_create_unknown_image(daemon):
    is_error(daemon.request('POST', '/containers/create', {'Image': 'no-such-image:1'}), 404)
    done = daemon.docker('run', '--rm', '--pull', 'never', 'no-such-image:1', check=False)
    assert done.returncode == 125 and 'no such image' in done.stderr.lower()


@pytest.mark.parametrize('reference', ['UPPER', 'a//b', 'a:b:c', 'busybox@sha256:12', '', ':', 'a' * 300, 'busybox@sha256:' + '0' * 64])
def test_create_bad_references(daemon, reference):
    is_error(daemon.request('POST', '/containers/create', {'Image': reference}), 400, 404)


def test_create_many_variables(daemon):
    body = {'Image': 'busybox', 'Env': [f'V{n}=value-{n}' for n in range(10000)], 'Cmd': ['sh', '-c', 'env | grep -c ^V']}
    answer = daemon.request('POST', '/containers/create', body)
    assert answer.status == 201, answer
    daemon.docker('start', answer.json['Id'])
    assert daemon.exit_code(answer.json['Id']) == 0
    assert daemon.docker('logs', answer.json['Id']).out == '10000'


def test_create_too_many_variables(daemon):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox', 'Env': [f'V{n}=x' for n in range(200000)]})
    if answer.status == 201:
        answer = daemon.request('POST', f'/containers/{answer.json["Id"]}/start')
    is_error(answer, 400, 413)


@pytest.mark.parametrize('command,code,words', [
    (['no-such-command'], 127, ['no-such-command', 'not found']), (['/no/such/file'], 127, ['/no/such/file', 'no such file']),
    (['/etc/passwd'], 126, ['/etc/passwd', 'permission denied']), (['/etc'], 126, ['/etc'])])
def test_command_that_does_not_run(daemon, command, code, words):
    done = daemon.docker('run', '--name', 'bad-command', 'busybox', *command, check=False)
    assert done.returncode == code, done.stderr
    assert all(word in done.stderr.lower() for word in words), done.stderr
    state = daemon.inspect('bad-command')['State']
    assert state['ExitCode'] == code and state['Status'] == 'created' and state['Error'], state


def test_file_of_a_wrong_format(daemon, tmp_path):
    (tmp_path / 'f').write_bytes(b'\x7fELF' + bytes(100))
    (tmp_path / 'f').chmod(0o755)
    done = daemon.docker('run', '--rm', '-v', f'{tmp_path}/f:/f:ro', 'busybox', '/f', check=False)
    assert done.returncode in (126, 255, 1) and 'exec format' in done.stderr.lower(), done.stderr


def test_working_folder_that_is_a_file(daemon):
    done = daemon.docker('run', '--rm', '-w', '/etc/passwd', 'busybox', 'true', check=False)
    assert done.returncode in (125, 126, 127) and '/etc/passwd' in done.stderr


@pytest.mark.parametrize('body,words', [
    ({'HostConfig': {'Devices': [{'PathOnHost': '/dev/fuse', 'PathInContainer': '/dev/fuse', 'CgroupPermissions': 'rwm'}]}}, 'device'),
    ({'HostConfig': {'NetworkMode': 'bridge-of-mine'}}, 'network'), ({'HostConfig': {'VolumesFrom': ['x']}}, 'volume'),
    ({'HostConfig': {'PidMode': 'container:x'}}, 'pid'), ({'HostConfig': {'Runtime': 'no-such'}}, 'runtime'),
    ({'HostConfig': {'DeviceRequests': [{'Driver': 'nvidia', 'Count': -1}]}}, 'device'), ({'HostConfig': {'Isolation': 'hyperv'}}, 'isolation'),
    ({'HostConfig': {'StorageOpt': {'size': '1G'}}}, 'storage'), ({'HostConfig': {'BlkioDeviceWriteBps': [{'Path': '/dev/vda', 'Rate': 1}]}}, 'blkio'),
    ({'HostConfig': {'PortBindings': {'80/tcp': [{'HostPort': '8080'}]}}}, 'port'), ({'HostConfig': {'LogConfig': {'Type': 'syslog'}}}, 'log'),
    ({'HostConfig': {'Sysctls': {'kernel.msgmax_of_host': '1'}}}, 'sysctl'), ({'HostConfig': {'Ulimits': [{'Name': 'nosuch', 'Soft': 1, 'Hard': 1}]}}, 'ulimit'),
    ({'HostConfig': {'Memory': 1}}, 'memory'), ({'HostConfig': {'NanoCpus': -5}}, 'cpu'), ({'HostConfig': {'RestartPolicy': {'Name': 'sometimes'}}}, 'restart'),
], ids=lambda v: v if isinstance(v, str) else '')
def test_what_is_not_supported_is_refused_not_dropped(daemon, body, words):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox', 'Cmd': ['true'], **body})
    is_error(answer, 400, 501, 403, 404)
    assert words in answer.json['message'].lower(), answer


def test_unknown_fields_are_ignored_as_docker_does(daemon):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox', 'NoSuchField': 1, 'HostConfig': {'NorThis': [1]}})
    assert answer.status == 201, answer


# --- archives

def load(daemon, data):
    return daemon.request('POST', '/images/load', data, headers={'Content-Type': 'application/x-tar'})


def image_ids(daemon):
    return sorted(daemon.docker('images', '-qa').out.split())


def failed_load(answer):
    """Docker reports errors of a load as a status, or as an error object in the stream of a 200."""
    if answer.status == 200:
        return any('error' in line for line in answer.lines)
    return answer.status in (400, 404, 413, 500, 507) and bool(answer.json.get('message'))


GOOD = images.docker_archive([images.tar_of([('f', b'data')])], ['bad-input:latest'])


@pytest.mark.parametrize('data', [b'', b'nonsense' * 1000, GOOD[:len(GOOD) // 2], GOOD[:700], b'\x1f\x8b\x08' + bytes(100), b'\x28\xb5\x2f\xfd' + bytes(100),
                                  images.tar_of([('manifest.json', b'{')]), images.tar_of([('manifest.json', b'[{"Config":"../../etc/passwd","Layers":[]}]')]),
                                  images.tar_of([('manifest.json', b'[' * 100000)]), images.tar_of([('oci-layout', b'{}'), ('index.json', b'{}')])],
                         ids=range(10))
def test_load_of_broken_archives(daemon, data):
    before = image_ids(daemon)
    assert failed_load(load(daemon, data))
    assert image_ids(daemon) == before
    assert list((daemon.storage / 'staging').iterdir()) == []


@pytest.mark.parametrize('data', [b'nonsense' * 1000, GOOD[:700], b''], ids=range(3))
def test_import_of_broken_archives(daemon, data):
    answer = daemon.request('POST', '/images/create?fromSrc=-&repo=broken', data, headers={'Content-Type': 'application/x-tar'})
    if data:
        assert answer.status >= 400 or any('error' in line for line in answer.lines), answer
        assert 'broken' not in daemon.docker('images').out


def test_load_stopped_in_the_middle(daemon):
    """The client goes away while it sends."""
    before = image_ids(daemon)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(daemon.socket))
        sock.sendall(f'POST {daemon.api}/images/load HTTP/1.1\r\nHost: d\r\nContent-Length: {len(GOOD)}\r\n\r\n'.encode() + GOOD[:len(GOOD) // 2])
    daemon.sh('true')
    assert image_ids(daemon) == before


# --- the machine

def test_full_disk(fresh_daemon):
    with fresh_daemon(start=False).small_disk('12m') as daemon:
        daemon.load_base()
        before = image_ids(daemon)
        big = images.docker_archive([images.tar_of([('big', os.urandom(24 << 20))])], ['big:latest'])
        answer = load(daemon, big)
        assert failed_load(answer) and 'space' in str(answer.body).lower(), answer
        assert image_ids(daemon) == before
        assert daemon.sh('echo works') == 'works', 'what the failed load had written is still there'


def test_cgroup_that_cannot_be_made(fresh_daemon):
    """The engine's part of a hierarchy is read-only: the start fails with the reason, nothing stays."""
    daemon = fresh_daemon()
    name = daemon.start_container('busybox', 'sleep', '300')
    parent = host.cgroup_folder(daemon.pid(name), 'pids').parent
    daemon.docker('rm', '-f', name)
    daemon.stop()
    parent.mkdir(exist_ok=True)
    subprocess.run(['mount', '--bind', parent, parent], check=True)
    try:
        subprocess.run(['mount', '-o', 'remount,bind,ro', parent], check=True)
        daemon.start()
        done = daemon.docker('run', '--rm', 'busybox', 'true', check=False)
        assert done.returncode == 125 and 'cgroup' in done.stderr, done.stderr
    finally:
        subprocess.run(['umount', '-l', parent], check=True)
    daemon.restart()
    assert daemon.sh('echo works') == 'works'


def test_message_has_no_control_characters(daemon):
    answer = daemon.request('GET', '/containers/%1b%5b31m%0a/json')
    assert answer.status in (400, 404)
    assert not any(ord(c) < 32 for c in answer.json['message'])
    assert json.loads(answer.body)
