"""Privilege escalation: users, set-uid programs, read-only roots, binds. Rows P7, P8, P9, P12."""

import os

import pytest
from harness import host


# --- P7: the user

@pytest.mark.parametrize('user,expected', [
    ('1000', 'uid=1000(user) gid=1000(user) groups=1000(user),50(staff)'), ('user', 'uid=1000(user) gid=1000(user) groups=1000(user),50(staff)'),
    ('1000:50', 'uid=1000(user) gid=50(staff) groups=50(staff)'), ('user:staff', 'uid=1000(user) gid=50(staff) groups=50(staff)'),
    ('4242:4343', 'uid=4242 gid=4343 groups=4343'), ('nobody', 'uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)')])
def test_P7_user_is_honoured(daemon, user, expected):
    words = {word.split('=')[0]: word.split('=')[1] for word in daemon.run('-u', user, 'busybox', 'id').split()}
    wanted = {word.split('=')[0]: word.split('=')[1] for word in expected.split()}
    assert words['uid'] == wanted['uid'] and words['gid'] == wanted['gid']
    assert set(words.get('groups', wanted['gid']).split(',')) >= set(wanted['groups'].split(',')) - {wanted['gid']}


def test_P7_group_add(daemon):
    assert '50(staff)' in daemon.run('-u', '1000:1000', '--group-add', 'staff', 'busybox', 'id')
    assert '777' in daemon.run('-u', '1000', '--group-add', '777', 'busybox', 'id')


def test_P7_unknown_user_is_an_error(daemon):
    done = daemon.docker('run', '--rm', '-u', 'nosuchuser', 'busybox', 'true', check=False)
    assert done.returncode in (125, 126) and 'nosuchuser' in done.stderr, done.stderr


def test_P7_home_follows_the_user(daemon):
    assert daemon.sh('echo $HOME') == '/root'
    assert daemon.sh('echo $HOME', '-u', 'user') == '/home'
    assert daemon.sh('echo $HOME', '-e', 'HOME=/elsewhere') == '/elsewhere'


# --- P8: starting as root and dropping it; never gaining

def test_P8_dropping_root_works(daemon):
    assert daemon.run('busybox', 'su', 'user', '-c', 'id -u') == '1000'


SUID = 'cp /attacks/probe /tmp/suid; chmod 4755 /tmp/suid; su user -c "/tmp/suid euid"'        # busybox gives set-uid up itself


@pytest.mark.parametrize('name,expected', [('standard', '1000 ok'), ('compat', '0 ok')])
def test_P8_set_uid_programs(daemon, attack_image, name, expected):
    assert daemon.run('--security-opt', f'profile={name}', attack_image, 'sh', '-c', SUID) == expected


def test_P8_no_new_privileges_stops_set_uid_in_compat(daemon, attack_image):
    assert daemon.run('--security-opt', 'profile=compat', '--security-opt', 'no-new-privileges', attack_image, 'sh', '-c', SUID) == '1000 ok'


def test_P8_images_set_uid_files_are_nobodys_on_the_host(daemon):
    """A set-uid-root file of an image is never set-uid root on the host."""
    daemon.sh('cp /bin/busybox /suid && chmod 4755 /suid && sleep 0')
    bad = [os.path.join(folder, name) for folder, _, names in os.walk(daemon.data) for name in names
           if (st := os.lstat(os.path.join(folder, name))).st_uid == 0 and st.st_mode & 0o6000]
    assert bad == []


# --- P9: read-only root

def test_P9_read_only_root(daemon):
    for target in ('/x', '/etc/x', '/bin/x', '/tmp/x'):
        done = daemon.docker('run', '--rm', '--read-only', 'busybox', 'touch', target, check=False)
        assert done.returncode == 1 and 'Read-only file system' in done.stderr, target


def test_P9_tmpfs_and_binds_stay_writable(daemon, tmp_path):
    tmp_path.chmod(0o777)
    assert daemon.sh('touch /tmp/x && echo t >/bind/y && echo done', '--read-only', '--tmpfs', '/tmp', '-v', f'{tmp_path}:/bind') == 'done'
    assert (tmp_path / 'y').read_text() == 't\n'


def test_P9_default_root_is_writable(daemon):
    assert daemon.sh('echo x >/etc/new && cat /etc/new') == 'x'


def test_P9_hardened_is_read_only_with_tmpfs(daemon):
    done = daemon.docker('run', '--rm', '-m', '64m', '--security-opt', 'profile=hardened', 'busybox', 'touch', '/etc/x', check=False)
    assert 'Read-only' in done.stderr
    assert daemon.sh('touch /tmp/x && echo done', '-m', '64m', '--security-opt', 'profile=hardened') == 'done'


# --- P12: binds of the host

DESTROY = ('busybox', 'sh', '-c', 'rm -rf /host_root/tmp/brig-P12-must-not-exist')


def refused(daemon, *options):
    done = daemon.docker('run', '--rm', *options, *DESTROY, check=False)
    assert done.returncode == 125, f'{options} was not refused: {done.stdout}{done.stderr}'
    assert 'ceiling' in done.stderr and '(rule "' in done.stderr, f'the message names no rule: {done.stderr}'
    assert 'ceiling.conf' in done.stderr and 'with the line "allow bind /' in done.stderr or "engine's own folders" in done.stderr, \
        f'the message names neither the line that would allow it nor its file: {done.stderr}'
    return done.stderr


@pytest.mark.parametrize('source', ['/', '/root', '/home', '/usr', '/var', '/etc', '/boot', '/proc', '/sys', '/dev', '/run', '/var/lib',
                                    '/etc/passwd', '/proc/sys', '/var/lib/dpkg', '/tmp/../etc', '//', '/./', '/usr/../'])
def test_P12_bind_of_the_host_is_refused(daemon, source):
    refused(daemon, '-v', f'{source}:/host_root:rw', '--privileged')


def test_P12_spelled_as_mount(daemon):
    refused(daemon, '--privileged', '--mount', 'type=bind,source=/,target=/host_root')
    refused(daemon, '--mount', 'type=bind,source=/etc,target=/host_root,readonly')


def test_P12_through_a_symlink(daemon, tmp_path):
    (tmp_path / 'link').symlink_to('/')
    (tmp_path / 'inner').symlink_to('/etc')
    refused(daemon, '-v', f'{tmp_path}/link:/host_root')
    refused(daemon, '-v', f'{tmp_path}/inner:/host_root:ro')
    refused(daemon, '-v', f'{tmp_path}/link/etc:/host_root:ro')


def test_P12_through_another_mount_of_it(daemon, tmp_path):
    """What a source is counts, not its spelling: /etc bound elsewhere is /etc."""
    target = tmp_path / 'other-name'
    target.mkdir()
    assert os.system(f'mount --bind /etc {target}') == 0
    try:
        refused(daemon, '-v', f'{target}:/host_root')
    finally:
        os.system(f'umount {target}')


def test_P12_data_root_is_refused(daemon):
    refused(daemon, '-v', f'{daemon.data}:/host_root')
    refused(daemon, '-v', f'{daemon.data}/containers:/host_root')


@pytest.mark.parametrize('body', [
    {'HostConfig': {'Binds': ['/:/host_root']}}, {'HostConfig': {'Mounts': [{'Type': 'bind', 'Source': '/', 'Target': '/host_root'}]}},
    {'HostConfig': {'Binds': ['/:/host_root'], 'Privileged': True}}], ids=['Binds', 'Mounts', 'privileged'])
def test_P12_through_the_api(daemon, body):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox', 'Cmd': ['true'], **body})
    if answer.status == 201:                # what a bind source is may be judged at the start
        answer = daemon.request('POST', f'/containers/{answer.json["Id"]}/start')
    assert answer.status == 403 and 'ceiling' in answer.json['message'], answer


def test_P12_volume_forms_are_refused_not_dropped(daemon):
    for options in (('--mount', 'type=volume,src=evil,dst=/host_root,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/'),
                    ('--volumes-from', 'no-such-container')):
        done = daemon.docker('run', '--rm', *options, *DESTROY, check=False)
        assert done.returncode == 125, f'{options}: {done.stderr}'


def test_P12_exceptions_of_the_shipped_ceiling(daemon):
    assert 'TZif' in daemon.sh('head -c 4 /localtime', '-v', '/etc/localtime:/localtime:ro')
    refused(daemon, '-v', '/etc/localtime:/host_root')


def test_P12_allowed_binds_work(daemon, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / 'file').write_text('data')
    assert daemon.sh('cat /b/file', '-v', f'{tmp_path}:/b:ro') == 'data'
    assert daemon.sh('cat /b/file', '--mount', f'type=bind,source={tmp_path},target=/b,readonly') == 'data'
    done = daemon.docker('run', '--rm', '-v', f'{tmp_path}:/b:ro', 'busybox', 'touch', '/b/x', check=False)
    assert 'Read-only' in done.stderr
    assert daemon.sh('cat /f', '-v', f'{tmp_path}/file:/f:ro') == 'data'


def test_P12_bind_does_not_leak_host_submounts_or_devices(daemon, tmp_path):
    tmp_path.chmod(0o755)
    line = next(line for line in daemon.sh('cat /proc/self/mountinfo', '-v', f'{tmp_path}:/b').splitlines() if line.split()[4] == '/b')
    assert 'nodev' in line.split()[5].split(','), line


def test_P12_missing_source(daemon, tmp_path):
    """-v makes a folder, --mount refuses: as docker has it."""
    daemon.sh('true', '-v', f'{tmp_path}/made:/b')
    assert (tmp_path / 'made').is_dir()
    done = daemon.docker('run', '--rm', '--mount', f'type=bind,source={tmp_path}/absent,target=/b', 'busybox', 'true', check=False)
    assert done.returncode == 125 and 'absent' in done.stderr and not (tmp_path / 'absent').exists()


def test_P12_rules_of_ones_own(fresh_daemon, tmp_path):
    """Another ceiling: what it forbids is refused with its own file and line, what it allows passes."""
    ceiling = tmp_path / 'ceiling.conf'
    (tmp_path / 'mine').mkdir()
    ceiling.write_text(f'# first line\ndeny tree {tmp_path}/mine\n')
    ceiling.chmod(0o644)
    daemon = fresh_daemon('--ceiling', str(ceiling))
    done = daemon.docker('run', '--rm', '-v', f'{tmp_path}/mine:/b', 'busybox', 'true', check=False)
    assert done.returncode == 125 and f'{ceiling}:2' in done.stderr, done.stderr


@pytest.mark.parametrize('option', ['pid', 'ipc', 'userns'])
def test_P12_namespaces_of_the_host_are_refused(daemon, option):
    done = daemon.docker('run', '--rm', f'--{option}', 'host', 'busybox', 'true', check=False)
    assert done.returncode == 125 and 'ceiling' in done.stderr, f'--{option} host: {done.stderr}'


@pytest.mark.parametrize('option,kind', [('uts', 'uts'), ('cgroupns', 'cgroup')])
def test_P12_other_namespaces_are_shared_or_refused(daemon, option, kind):
    """Never a private one in silence; and the host's name stays out of reach of a container that sees it."""
    done = daemon.docker('run', '--rm', f'--{option}', 'host', 'busybox', 'sh', '-c', f'readlink /proc/self/ns/{kind}; hostname owned', check=False)
    assert done.returncode == 125 and option in done.stderr.lower() or done.stdout.strip() == host.namespace('self', kind), done
    assert host.os.uname().nodename != 'owned'


def test_P12_tmp_of_the_host_is_not_the_containers(daemon):
    mark = f'brig-P12-{os.getpid()}'
    daemon.sh(f'touch /tmp/{mark}')
    assert not os.path.exists(f'/tmp/{mark}') and host.read('/proc/self/mountinfo').count(str(daemon.data)) == 0
