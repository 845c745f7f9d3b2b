"""`make install` into DESTDIR: the programs, the unit, the snippets and the configuration land where they belong."""

import subprocess

import pytest
import tree


@pytest.fixture(scope='module')
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp('destdir')
    subprocess.run(['make', '-s', 'install', f'DESTDIR={folder}', f'BUILD={tree.BUILD}'], cwd=tree.ROOT, check=True,
                   capture_output=True)
    return folder


def find(staged, name):
    return [p for p in staged.rglob(name) if p.is_file()]


@pytest.mark.parametrize('name,folder', [('brigd', 'sbin'), ('brig', 'bin'), ('brig-api', 'brig'), ('brig-monitor', 'brig'),
                                         ('brig-unpack', 'brig'), ('brig-init', 'brig')])
def test_program_is_installed(staged, name, folder):
    places = find(staged, name)
    assert [p.parent.name for p in places] == [folder]
    assert places[0].stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize('name,folder', [('brig.service', 'system'), ('brig.conf', 'sysusers.d'), ('brig.conf', 'tmpfiles.d'),
                                         ('ceiling.conf', 'brig')])
def test_data_is_installed(staged, name, folder):
    assert folder in [p.parent.name for p in find(staged, name)]


def test_unit_leaves_containers_alone(staged):
    text = find(staged, 'brig.service')[0].read_text()
    assert 'KillMode=process' in text and 'Delegate=yes' in text
    program = text.split('ExecStart=')[1].split()[0]
    assert (staged / program.lstrip('/')).is_file()


def test_installed_programs_start(staged):
    for name in ('brigd', 'brig'):
        out = subprocess.run([find(staged, name)[0], '--version'], check=True, capture_output=True, text=True).stdout
        assert out.lower().startswith('brig')
