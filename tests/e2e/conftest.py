"""Fixtures of the end-to-end tests. One daemon serves most of them; who breaks things takes a fresh one.

BRIG_E2E_HOST=unix:///var/run/docker.sock runs the tests of the shared daemon against another
engine: what fails there and is no promise of Brig alone is an error of the test.
"""

import atexit
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import attacks, host, images, places     # noqa: E402
from harness.daemon import Daemon, Peer                # noqa: E402


def pytest_collection_modifyitems(items):
    if os.getuid():
        for item in items:
            item.add_marker(pytest.mark.skip(reason='needs root'))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the daemon's log."""
    report = (yield).get_result()
    if report.failed:
        for value in getattr(item, 'funcargs', {}).values():
            for daemon in [value] if isinstance(value, Daemon) else getattr(value, 'made', []):
                report.sections.append((f'log of {daemon.root}', daemon.log_tail()))


def _start(daemon, kinds=('busybox',)):
    atexit.register(daemon.abandon)            # the run may be interrupted; nothing of it may stay
    daemon.start()
    for kind in kinds:
        daemon.load_base(kind)
    return daemon


@pytest.fixture(scope='session')
def session_daemon():
    if not places.docker_client():
        pytest.fail('no docker command line: run scripts/install-deps')
    if os.environ.get('BRIG_E2E_HOST'):
        peer = Peer(os.environ['BRIG_E2E_HOST']).load_base()
        yield peer
        peer.abandon()
        return
    daemon = _start(Daemon())
    yield daemon
    left = daemon.destroy()
    assert not left, 'left behind:\n' + '\n'.join(left)


@pytest.fixture
def daemon(session_daemon, request):
    """The shared daemon; every container of the test is removed behind it."""
    yield session_daemon
    session_daemon.remove_containers()


@pytest.fixture(scope='module', autouse=True)
def leak_check(request):
    """Behind each module the shared daemon holds what it held before it, and the host nothing of its containers."""
    uses = any(item.module is request.module and 'session_daemon' in item.fixturenames for item in request.session.items)
    if not uses or os.environ.get('BRIG_E2E_HOST'):
        yield
        return
    daemon = request.getfixturevalue('session_daemon')
    before = host.baseline(daemon)
    yield
    daemon.note_containers()
    left = host.wait_for_no_leaks(daemon, before)
    assert not left, 'leaked:\n' + '\n'.join(left)


@pytest.fixture
def fresh_daemon():
    """A factory of daemons of a test's own: fresh_daemon('--flag', build=…, start=False)."""
    made = []

    def make(*arguments, start=True, kinds=('busybox',), **options):
        daemon = Daemon(arguments, **options)
        made.append(daemon)
        if start:
            _start(daemon, kinds)
        return daemon

    make.made = made
    yield make
    left = []
    for daemon in made:
        left += daemon.destroy()
    assert not left, 'left behind:\n' + '\n'.join(left)


@pytest.fixture(scope='session')
def attack_image(session_daemon):
    """busybox and the attack programs, as attacks:latest."""
    load_attacks(session_daemon)
    return 'attacks'


def load_attacks(daemon):
    layers = [images.base_tar('busybox').read_bytes(), attacks.layer()]
    daemon.docker('load', stdin=images.docker_archive(layers, ['attacks:latest']), text=False)


@pytest.fixture(scope='session')
def debian(session_daemon):
    """Debian minbase; skipped where no mirror can be reached and none is cached."""
    try:
        images.base_tar('debian')
    except Exception as error:
        pytest.skip(f'mmdebstrap could not make the image: {error}')
    session_daemon.load_base('debian')
    return 'debian'


@pytest.fixture(scope='session')
def disk():
    """(major, minor) of the block device that holds the host's root, as words; a loop device where there is none."""
    device = os.stat('/').st_dev
    major, minor = os.major(device), os.minor(device)
    return (str(major), str(minor)) if Path(f'/sys/dev/block/{major}:{minor}').exists() else ('7', '0')


@pytest.fixture
def secret(tmp_path):
    """A file of the host's root that no container may ever see: its path."""
    path = tmp_path / 'secret-of-the-host'
    path.write_text('secret\n')
    return path
