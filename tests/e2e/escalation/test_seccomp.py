"""Privilege escalation: the system call filter. Row P5."""

import json

import pytest

DENY_MKDIR = {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
    {'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95}]}


def probe(daemon, image, *arguments, options=()):
    return daemon.run(*options, image, '/attacks/probe', *arguments)


def test_P5_the_filter_is_on(daemon):
    assert 'Seccomp:\t2' in daemon.sh('cat /proc/self/status')
    assert 'Seccomp:\t2' in daemon.sh('cat /proc/self/status', '--security-opt', 'profile=compat')


@pytest.mark.parametrize('options', [(), ('--security-opt', 'profile=compat')], ids=['standard', 'compat'])
@pytest.mark.parametrize('call', [('session-keyring',), ('mount-tmpfs', '/tmp'), ('userns',), ('bpf',)], ids=lambda c: c[0])
def test_P5_default_profile_blocks(daemon, attack_image, call, options):
    assert probe(daemon, attack_image, *call, options=options) in ('EPERM', 'ENOSYS')


@pytest.mark.parametrize('number', [999, 600])
def test_P5_unknown_calls_are_enosys(daemon, attack_image, number):
    assert probe(daemon, attack_image, 'syscall', number) == 'ENOSYS'


def test_P5_mount_follows_its_capability(daemon, attack_image):
    """The profile's conditions on capabilities: with SYS_ADMIN the call is let through."""
    assert probe(daemon, attack_image, 'mount-tmpfs', '/tmp', options=('--cap-add', 'SYS_ADMIN')) == 'ok'


def test_P5_SYS_ADMIN_turns_landlock_off_and_says_so(daemon):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox', 'HostConfig': {'CapAdd': ['SYS_ADMIN']}})
    assert answer.status == 201 and any('landlock' in w.lower() for w in answer.json['Warnings'] or []), answer


def test_P5_profile_of_ones_own(daemon, tmp_path):
    profile = tmp_path / 'profile.json'
    profile.write_text(json.dumps(DENY_MKDIR))
    out = daemon.docker('run', '--rm', '--security-opt', f'seccomp={profile}', 'busybox', 'mkdir', '/tmp/x', check=False)
    assert out.returncode == 1 and 'not supported' in out.stderr.lower(), out.stderr


def test_P5_argument_conditions(daemon, attack_image, tmp_path):
    """Of two system calls that differ in one argument alone one is refused."""
    profile = tmp_path / 'profile.json'
    profile.write_text(json.dumps({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
        {'names': ['kill'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 13, 'args': [{'index': 0, 'value': 77, 'op': 'SCMP_CMP_EQ'}]}]}))
    options = ('--security-opt', f'seccomp={profile}')
    assert probe(daemon, attack_image, 'kill', 77, options=options) == 'EACCES'
    assert probe(daemon, attack_image, 'kill', 78, options=options) == 'ESRCH'


def test_P5_includes_and_excludes(daemon, attack_image, tmp_path):
    profile = tmp_path / 'profile.json'
    profile.write_text(json.dumps({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
        {'names': ['chroot'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 13, 'excludes': {'caps': ['CAP_NET_RAW']}}]}))
    options = ('--security-opt', f'seccomp={profile}')
    assert probe(daemon, attack_image, 'chroot', '/tmp', options=options) == 'EACCES'
    assert probe(daemon, attack_image, 'chroot', '/tmp', options=(*options, '--cap-add', 'NET_RAW')) == 'ok'


@pytest.mark.parametrize('text', ['{', '[]', '{"defaultAction": "SCMP_ACT_NO_SUCH"}', '{"syscalls": 7}',
                                  '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["kill"],"action":"SCMP_ACT_ERRNO",'
                                  '"args":[{"index":9,"value":1,"op":"SCMP_CMP_EQ"}]}]}'])
def test_P5_bad_profile_is_refused(daemon, text):
    answer = daemon.request('POST', '/containers/create', {'Image': 'busybox', 'HostConfig': {'SecurityOpt': [f'seccomp={text}']}})
    assert answer.status == 400 and 'seccomp' in answer.json['message'].lower(), answer


def test_P5_unconfined(daemon):
    assert 'Seccomp:\t0' in daemon.sh('cat /proc/self/status', '--security-opt', 'seccomp=unconfined')


@pytest.mark.parametrize('option', ['no-such=thing', 'apparmor=no-such-profile', 'profile=no-such'])
def test_P5_unknown_security_option_is_refused(daemon, option):
    done = daemon.docker('run', '--rm', '--security-opt', option, 'busybox', 'true', check=False)
    assert done.returncode == 125, f'{option} was passed over in silence'


def test_P5_exec_has_the_same_filter(daemon):
    name = daemon.start_container('busybox', 'sleep', '300')
    status = daemon.docker('exec', name, 'cat', '/proc/self/status').stdout
    assert 'Seccomp:\t2' in status and 'NoNewPrivs:\t1' in status
