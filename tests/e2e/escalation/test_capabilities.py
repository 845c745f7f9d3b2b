"""Privilege escalation: capabilities. Rows P1 to P4, P10, P11."""

import json

import pytest
from harness import host

CAPS = {'CHOWN': 0, 'DAC_OVERRIDE': 1, 'FOWNER': 3, 'FSETID': 4, 'KILL': 5, 'SETGID': 6, 'SETUID': 7, 'SETPCAP': 8,
        'NET_BIND_SERVICE': 10, 'NET_RAW': 13, 'SYS_CHROOT': 18, 'MKNOD': 27, 'AUDIT_WRITE': 29, 'SETFCAP': 31}
DROPPED = ('NET_RAW', 'MKNOD', 'AUDIT_WRITE')
DOCKER = sum(1 << bit for bit in CAPS.values())
STANDARD = DOCKER - sum(1 << CAPS[name] for name in DROPPED)

# What each capability lets one do: a shell line that prepares, the probe, and what is answered without it.
# With it the answer is "ok", except where a user namespace never has it over the kernel: MKNOD, AUDIT_WRITE.
PROBES = {
    'CHOWN': ('touch /tmp/f', 'chown /tmp/f', 'EPERM'),
    'DAC_OVERRIDE': ('touch /tmp/f; chmod 000 /tmp/f; chown 1000 /tmp/f', 'read /tmp/f', 'EACCES'),
    'FOWNER': ('touch /tmp/f; chown 1000 /tmp/f', 'chmod /tmp/f', 'EPERM'),
    'FSETID': (': needs CHOWN', 'keep-setgid /tmp/g', 'EPERM'),
    'KILL': ('su user -c "exec sleep 60" & p=; while test -z "$p"; do p=$(ps -o pid,user,comm | grep " user .*sleep" | '
             'while read a b; do echo $a; done); done', 'kill $p', 'EPERM'),
    'SETGID': (':', 'setgid 1000', 'EPERM'),
    'SETUID': (':', 'setuid 1000', 'EPERM'),
    'SETPCAP': (':', 'capbset-drop 0', 'EPERM'),
    'NET_BIND_SERVICE': (':', 'bind 80', 'EACCES'),
    'NET_RAW': (':', 'raw-socket', 'EPERM'),
    'SYS_CHROOT': (':', 'chroot /tmp', 'EPERM'),
    'SETFCAP': ('touch /tmp/f', 'file-caps /tmp/f', 'EPERM'),
    'MKNOD': (':', 'mknod-null /tmp/n', 'EPERM'),
    'AUDIT_WRITE': (':', 'audit-write', 'ECONNREFUSED'),      # what any user namespace but the first is answered
}
NEVER = ('MKNOD', 'AUDIT_WRITE')
PREPARE = ('CHOWN', 'FOWNER', 'DAC_OVERRIDE', 'SETUID', 'SETGID')


def capability_sets(text):
    return {line[3:6]: int(line.split()[1], 16) for line in text.splitlines() if line.startswith('Cap')}


def sets_of(daemon, *options):
    return capability_sets(daemon.run(*options, 'busybox', 'cat', '/proc/self/status'))


def test_P1_default_bounding_set_is_the_documented_mask(daemon):
    sets = sets_of(daemon)
    assert sets['Bnd'] == sets['Eff'] == sets['Prm'] == STANDARD, {k: hex(v) for k, v in sets.items()}
    assert sets['Inh'] == sets['Amb'] == 0


def test_P2_compat_grants_exactly_dockers_fourteen(daemon):
    assert sets_of(daemon, '--security-opt', 'profile=compat')['Bnd'] == DOCKER == 0xa80425fb


def test_P2_hardened_grants_none(daemon):
    sets = sets_of(daemon, '--security-opt', 'profile=hardened', '-m', '64m')
    assert sets['Bnd'] == sets['Eff'] == sets['Prm'] == 0


@pytest.mark.parametrize('name', CAPS)
@pytest.mark.parametrize('prefix', ['', 'CAP_'], ids=['bare', 'prefixed'])
def test_P2_name_is_accepted(daemon, name, prefix):
    sets = sets_of(daemon, '--cap-drop', 'ALL', '--cap-add', prefix + name)
    assert sets['Bnd'] == 1 << CAPS[name]


@pytest.mark.parametrize('name', CAPS)
def test_P2_with_it_passes_and_without_it_fails(daemon, attack_image, name):
    prepare, probe, refusal = PROBES[name]
    options = ['--security-opt', 'profile=compat', '--tmpfs', '/tmp:mode=1777']
    if name == 'NET_BIND_SERVICE':
        options += ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=1024']
    with_it = daemon.run(*options, attack_image, 'sh', '-c', f'{prepare}; /attacks/probe {probe}').split('\n')[0]
    assert with_it == (refusal if name in NEVER else 'ok')
    needs = [other for other in PREPARE if other != name] if prepare != ':' else []
    adds = [word for other in needs for word in ('--cap-add', other)]
    without = daemon.docker('run', '--rm', *options, '--cap-drop', 'ALL', *adds, attack_image, 'sh', '-c',
                            f'{prepare}; /attacks/probe {probe}', check=False).stdout.split('\n')[0]
    assert without == refusal


def test_P2_ping_works_without_raw_sockets(daemon, attack_image):
    assert daemon.run(attack_image, '/attacks/probe', 'raw-socket') == 'EPERM'
    assert daemon.run(attack_image, '/attacks/probe', 'ping-socket') == 'ok'


def test_P3_drop_all(daemon):
    sets = sets_of(daemon, '--cap-drop', 'ALL')
    assert sets == {'Inh': 0, 'Prm': 0, 'Eff': 0, 'Bnd': 0, 'Amb': 0}


def test_P3_drop_one(daemon):
    assert sets_of(daemon, '--cap-drop', 'net_bind_service')['Bnd'] == STANDARD - (1 << CAPS['NET_BIND_SERVICE'])


def test_P3_add_all(daemon):
    """All of them, over the container's own user namespace: the kernel gives a new one every capability that it knows."""
    known = (1 << int(host.read('/proc/sys/kernel/cap_last_cap')) + 1) - 1
    assert sets_of(daemon, '--cap-add', 'ALL', '--cap-drop', 'SYS_MODULE')['Bnd'] == known & ~(1 << 16)


def test_P3_unknown_name_is_an_error(daemon):
    done = daemon.docker('run', '--rm', '--cap-add', 'NO_SUCH', 'busybox', 'true', check=False)
    assert done.returncode == 125 and 'NO_SUCH' in done.stderr


def test_P3_non_root_has_no_effective_set(daemon):
    sets = sets_of(daemon, '-u', '1000', '--cap-add', 'CHOWN')
    assert sets['Eff'] == sets['Prm'] == 0 and sets['Bnd'] & 1


def test_P4_P10_granted_set_is_shown_as_read_back(daemon):
    name = daemon.start_container('--cap-drop', 'ALL', '--cap-add', 'CHOWN', 'busybox', 'sleep', '300')
    host_config = daemon.inspect(name)['HostConfig']
    assert host_config['CapDrop'] == ['ALL'] and [c.removeprefix('CAP_') for c in host_config['CapAdd']] == ['CHOWN']
    shown = daemon.brig('inspect', '--security', name).stdout
    assert 'CHOWN' in shown and 'SETUID' not in shown
    for word in ('seccomp', 'uid', 'cap'):
        assert word in shown.lower(), shown


def test_P11_privileged_stays_in_its_user_namespace(daemon, attack_image, secret, disk):
    name = daemon.start_container('--privileged', attack_image, 'sleep', '300')
    assert int(host.read(f'/proc/{daemon.pid(name)}/uid_map').split()[1]) >= 100000
    for program, arguments in (('mount-host', (secret, *disk)), ('proc-sys', ()), ('device', disk), ('kernel', ()), ('proc-root', (secret,))):
        done = daemon.docker('exec', name, f'/attacks/{program}', *arguments, check=False)
        lines = [line for line in done.stdout.splitlines() if 'ESCAPED' in line]
        # privileged means that nothing is masked or read-only inside; the host's own stays out of reach
        harmless = ('uncover', 'firmware', '/proc/keys')       # that file lists the reader's own keys
        assert [line for line in lines if not any(word in line for word in harmless)] == [], done.stdout


def test_P11_privileged_is_in_the_container_definition(daemon):
    name = daemon.start_container('--privileged', 'busybox', 'sleep', '300')
    assert daemon.inspect(name)['HostConfig']['Privileged'] is True
    assert json.loads(daemon.docker('inspect', '-f', '{{json .HostConfig.CapAdd}}', name).out) in (None, [])


def test_O17_no_new_privs_is_set_and_can_be_asked_off_by_profile(daemon):
    assert 'NoNewPrivs:\t1' in daemon.sh('cat /proc/self/status')
    assert 'NoNewPrivs:\t0' in daemon.sh('cat /proc/self/status', '--security-opt', 'profile=compat')
    assert 'NoNewPrivs:\t1' in daemon.sh('cat /proc/self/status', '--security-opt', 'profile=compat',
                                         '--security-opt', 'no-new-privileges')
