"""Poisoned images: row I6. Tampered, climbing, exploding; and the honest oddities that must work."""

import gzip
import io
import os
import subprocess
import tarfile

import pytest
from harness import images

BASE = images.base_tar


def layers_with(*entries):
    return [BASE('busybox').read_bytes(), images.tar_of(list(entries))]


def load(daemon, data):
    return daemon.docker('load', stdin=data, text=False, check=False, timeout=180)


def loads(daemon, data):
    done = load(daemon, data)
    return done.returncode == 0


def stored(daemon):
    """What the store holds, by name: blobs and layers."""
    return sorted(str(p.relative_to(daemon.data)) for folder in ('blobs/sha256', 'storage/layers', 'storage/staging')
                  for p in (daemon.data / folder).glob('*'))


def image_ids(daemon):
    return sorted(daemon.docker('images', '-qa', '--no-trunc').out.split())


@pytest.fixture
def nothing_left(daemon):
    """A refused image leaves no blob, no layer, no image and no temporary file."""
    before, names = stored(daemon), image_ids(daemon)
    yield
    assert image_ids(daemon) == names
    assert stored(daemon) == before


# --- tampered

def test_I6_wrong_layer_digest(daemon, nothing_left):
    layer = images.tar_of([('f', b'one')])
    other = images.tar_of([('f', b'two')])
    assert not loads(daemon, images.docker_archive([other], ['i6:latest'], config_bytes=images.config([layer])))


@pytest.mark.parametrize('which', ['config', 'layer', 'manifest'])
def test_I6_tampered_oci_blob(daemon, nothing_left, which):
    def spoil(blobs):
        kinds = {'config': b'"rootfs"', 'manifest': b'"schemaVersion"'}
        for name, data in blobs.items():
            if (kinds[which] in data) if which in kinds else not data.startswith(b'{'):
                blobs[name] = data.replace(b'2', b'3', 1) if which in kinds else data[:-1] + bytes([data[-1] ^ 1])
                return

    assert not loads(daemon, images.oci_layout([images.tar_of([('f', b'data' * 100)])], 'i6:latest', spoil=spoil))


def test_I6_missing_blob(daemon, nothing_left):
    def spoil(blobs):
        del blobs[next(name for name, data in blobs.items() if not data.startswith(b'{'))]

    assert not loads(daemon, images.oci_layout([images.tar_of([('f', b'data')])], 'i6:latest', spoil=spoil))


def test_I6_diff_id_of_a_compressed_layer_is_checked(daemon, nothing_left):
    """Blob digest and size are right, what comes out of it is not what the configuration says."""
    layer, other = images.tar_of([('f', b'one')]), images.tar_of([('f', b'two')])
    for how in ('gzip', 'zstd'):
        layout = images.oci_layout([other], 'i6:latest', compression=how, config_of=[layer])
        assert not loads(daemon, layout)


# --- climbing out

ESCAPES = {
    'dotdot': [('../../../../../../tmp/brig-I6', b'x')],
    'absolute': [('/tmp/brig-I6', b'x')],
    'inner dotdot': [('a', None), ('a/../../../../../../../tmp/brig-I6', b'x')],
    'through a symlink': [('link', '/tmp'), ('link/brig-I6', b'x')],
    'through a relative symlink': [('link', '../../../../../../../../tmp'), ('link/brig-I6', b'x')],
    'hard link to outside': [('hard', {'type': tarfile.LNKTYPE, 'linkname': '/etc/passwd'}), ('hard', b'x')],
    'hard link upwards': [('hard', {'type': tarfile.LNKTYPE, 'linkname': '../../../../../../../../etc/passwd'})],
    'hard link through a symlink': [('link', '/etc'), ('hard', {'type': tarfile.LNKTYPE, 'linkname': 'link/passwd'})],
    'link replaced by a file': [('tmp2', '/tmp/brig-I6'), ('tmp2', b'x')],
    'whiteout upwards': [('../../../../../../tmp/.wh.brig-I6-kept', b'')],
    'opaque through a link': [('link', '/tmp'), ('link/.wh..wh..opq', b'')],
    'whiteout of dots': [('.wh...', b''), ('.wh..', b'')],
}


@pytest.mark.parametrize('case', ESCAPES)
def test_I6_paths_stay_beneath_the_root(daemon, case):
    """Refused, or kept inside; never a byte outside."""
    kept = '/tmp/brig-I6-kept'
    before = sorted(name for name in os.listdir('/tmp') if not name.startswith('tmp'))
    passwd = open('/etc/passwd', 'rb').read()
    open(kept, 'w').close()
    try:
        for extra in ([], [('a-file', b'data')]):
            load(daemon, images.docker_archive(layers_with(*ESCAPES[case], *extra), ['i6:latest']))
        assert not os.path.exists('/tmp/brig-I6') and os.path.exists(kept)
    finally:
        os.unlink(kept)
        daemon.docker('rmi', '-f', 'i6:latest', check=False)
    assert open('/etc/passwd', 'rb').read() == passwd
    assert [n for n in sorted(os.listdir('/tmp')) if n.startswith('brig-I6')] == [n for n in before if n.startswith('brig-I6')]


def test_I6_plain_escapes_are_refused(daemon, nothing_left):
    for case in ('dotdot', 'hard link to outside', 'hard link upwards'):
        assert not loads(daemon, images.docker_archive(layers_with(*ESCAPES[case]), ['i6:latest'])), case


# --- bombs

def test_I6_ratio_bomb(daemon, nothing_left):
    """Some gigabytes of zeros in some megabytes."""
    zeros = gzip.compress(bytes(64 << 20)) * (12 * 16)       # members follow each other, as gzip allows
    header = tarfile.TarInfo('zeros')
    header.size = 12 << 30
    head = gzip.compress(header.tobuf(tarfile.GNU_FORMAT))
    free = os.statvfs(daemon.data).f_bavail
    text = images.config([b''])
    name = images.digest(text).split(':')[1]
    archive = images.tar_of([(f'{name}.json', text), ('l', None), ('l/layer.tar', head + zeros),
                             ('manifest.json', ('[{"Config":"%s.json","RepoTags":["bomb:1"],"Layers":["l/layer.tar"]}]' % name).encode())])
    assert not loads(daemon, archive)
    assert abs(os.statvfs(daemon.data).f_bavail - free) * os.statvfs(daemon.data).f_frsize < 1 << 30


def test_I6_entry_bomb(fresh_daemon):
    """More entries than a layer may have, in a small file."""
    daemon = fresh_daemon(kinds=())
    info = tarfile.TarInfo()
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    data = b''
    for number in range(1000):
        info.name = f'{number:07d}'
        data += info.tobuf(tarfile.USTAR_FORMAT)
    layer = gzip.compress(data) * 2200
    text = images.config([b''])
    name = images.digest(text).split(':')[1]
    archive = images.tar_of([(f'{name}.json', text), ('l', None), ('l/layer.tar', layer),
                             ('manifest.json', ('[{"Config":"%s.json","RepoTags":["bomb:1"],"Layers":["l/layer.tar"]}]' % name).encode())])
    assert not loads(daemon, archive)
    assert [p for p in stored(daemon) if 'layers' in p or 'staging' in p] == []


def test_I6_ids_above_the_range_are_refused_by_name(daemon, nothing_left):
    done = load(daemon, images.docker_archive(layers_with(('owned', {'data': b'x', 'uid': 70000, 'gid': 0})), ['i6:latest']))
    assert done.returncode and b'owned' in done.stderr, done.stderr


# --- honest oddities

def run_in(daemon, archive, script, tag='odd'):
    assert loads(daemon, archive), load(daemon, archive).stderr
    try:
        return daemon.docker('run', '--rm', tag, 'sh', '-c', script).out
    finally:
        daemon.docker('rmi', '-f', tag)


def test_I6_device_nodes_are_inert(daemon, attack_image, disk):
    archive = images.docker_archive(layers_with(
        ('disk', {'type': tarfile.BLKTYPE, 'devmajor': int(disk[0]), 'devminor': int(disk[1]), 'mode': 0o666}),
        ('mem', {'type': tarfile.CHRTYPE, 'devmajor': 1, 'devminor': 1, 'mode': 0o666}),
        ('zero', {'type': tarfile.CHRTYPE, 'devmajor': 1, 'devminor': 5, 'mode': 0o666})), ['odd:latest'])
    done = load(daemon, archive)
    if done.returncode == 0:
        out = daemon.docker('run', '--rm', 'odd', 'sh', '-c', 'for f in /disk /mem /zero; do head -c 1 $f 2>/dev/null | wc -c; done')
        assert '1' not in out.out.split()
        daemon.docker('rmi', '-f', 'odd')
    nodes = [p for p in daemon.layers.rglob('*') if p.is_block_device() or (p.is_char_device() and os.lstat(p).st_rdev)]
    assert nodes == []


def test_whiteouts_hide_files_and_folders(daemon):
    first = images.tar_of([('d', None), ('d/gone', b'1'), ('d/kept', b'2'), ('whole', None), ('whole/x', b'3'), ('opaque', None), ('opaque/old', b'4')])
    second = images.tar_of([('d', None), ('d/.wh.gone', b''), ('.wh.whole', b''), ('opaque', None), ('opaque/.wh..wh..opq', b''), ('opaque/new', b'5')])
    archive = images.docker_archive([BASE('busybox').read_bytes(), first, second], ['odd:latest'])
    out = run_in(daemon, archive, 'ls -a /d /opaque; ls / | grep -c whole; find / -name ".wh*" 2>/dev/null | wc -l')
    assert 'gone' not in out and 'kept' in out and 'old' not in out and 'new' in out
    assert out.split()[-2:] == ['0', '0']


def test_whiteout_and_new_file_of_one_name(daemon):
    first = images.tar_of([('d', None), ('d/old', b'1')])
    second = images.tar_of([('.wh.d', b''), ('d', b'now a file')])
    third = images.tar_of([('e', b'file')])
    fourth = images.tar_of([('e', None), ('e/f', b'now a folder')])
    archive = images.docker_archive([BASE('busybox').read_bytes(), first, second, third, fourth], ['odd:latest'])
    assert run_in(daemon, archive, 'cat /d; cat /e/f') == 'now a filenow a folder'


def test_odd_entries(daemon):
    """Hard links, long names, sparse files, empty folders' modes, set-id bits, times, dots in names."""
    long_name = 'long/' + 'x' * 200
    archive = images.docker_archive(layers_with(
        ('file', {'data': b'linked', 'mode': 0o4755, 'mtime': 1000000000}), ('hard', {'type': tarfile.LNKTYPE, 'linkname': 'file', 'mode': 0o4755, 'mtime': 1000000000}),
        ('long', None), (long_name, b'long'), ('./dotted', b'dot'), ('sticky', {'type': tarfile.DIRTYPE, 'mode': 0o1777}),
        ('owned', {'data': b'', 'uid': 1000, 'gid': 50}), ('pipe', {'type': tarfile.FIFOTYPE, 'mode': 0o600}),
        ('spaced name\n', b'odd'), ('ümlaut', b'u'), ('link', 'file'), ('absolute', '/etc/passwd')), ['odd:latest'])
    out = run_in(daemon, archive, f'cat /hard /{long_name} /dotted /ümlaut; echo; stat -c "%a %h %Y %n" /file /sticky; stat -c %u:%g /owned; '
                                  'test -p /pipe && echo pipe; readlink /link; readlink /absolute; ls / | grep -c spaced')
    assert out.splitlines() == ['linkedlongdotu', '4755 2 1000000000 /file', *out.splitlines()[2:3], '1000:50', 'pipe', 'file', '/etc/passwd', '1']
    assert out.splitlines()[2].startswith('1777')


def test_sparse_files_stay_sparse_or_small(daemon, tmp_path):
    (tmp_path / 'sparse').touch()
    os.truncate(tmp_path / 'sparse', 200 << 20)
    with (tmp_path / 'sparse').open('r+b') as file:
        file.seek(100 << 20)
        file.write(b'middle')
    subprocess.run(['tar', '-C', tmp_path, '--sparse', '-cf', tmp_path / 'sparse.tar', 'sparse'], check=True)
    archive = images.docker_archive([BASE('busybox').read_bytes(), (tmp_path / 'sparse.tar').read_bytes()], ['odd:latest'])
    out = run_in(daemon, archive, 'stat -c %s /sparse; dd if=/sparse bs=1M skip=100 count=1 2>/dev/null | head -c 6')
    assert out.split() == [str(200 << 20), 'middle']


def test_xattrs_survive_and_dangerous_ones_do_not(daemon, attack_image):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode='w', format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo('marked')
        info.size = 1
        info.pax_headers = {'SCHILY.xattr.user.note': 'kept', 'SCHILY.xattr.user.overlay.opaque': 'y', 'SCHILY.xattr.trusted.overlay.redirect': '/etc'}
        tar.addfile(info, io.BytesIO(b'x'))
    archive = images.docker_archive([BASE('busybox').read_bytes(), layer.getvalue()], ['odd:latest'])
    assert loads(daemon, archive)
    found = [p for p in daemon.layers.rglob('marked')]
    assert len(found) == 1 and set(os.listxattr(found[0])) & {'user.note', 'user.overlay.opaque', 'trusted.overlay.redirect'} == {'user.note'}
    daemon.docker('rmi', '-f', 'odd')


def test_layers_are_owned_by_the_storage_range(daemon):
    owners = {os.lstat(os.path.join(folder, name)).st_uid
              for layer in daemon.layers.iterdir() if layer.is_dir() for folder, _, names in os.walk(layer) for name in names}
    assert owners and all(uid >= 100000 for uid in owners), owners


@pytest.mark.parametrize('how', [None, 'gzip', 'zstd'])
@pytest.mark.parametrize('kind', ['docker', 'oci'])
def test_formats(daemon, kind, how):
    layers = layers_with(('marker', f'{kind} {how}'.encode()))
    make = images.docker_archive(layers, ['fmt:latest'], compression=how) if kind == 'docker' else images.oci_layout(layers, 'fmt:latest', compression=how)
    assert run_in(daemon, make, 'cat /marker', 'fmt') == f'{kind} {how}'


@pytest.mark.parametrize('how', ['gzip', 'zstd'])
def test_whole_archive_compressed(daemon, how):
    archive = images.docker_archive(layers_with(('marker', b'outer')), ['fmt:latest'])
    assert run_in(daemon, images.compress(archive, how), 'cat /marker', 'fmt') == 'outer'


def test_shared_layers_are_stored_once(daemon):
    before = len(list(daemon.layers.iterdir()))
    for n in range(3):
        assert loads(daemon, images.docker_archive([BASE('busybox').read_bytes(), images.tar_of([('n', str(n).encode())])], [f'share{n}:latest']))
    assert len(list(daemon.layers.iterdir())) - before <= 4
    daemon.docker('rmi', *[f'share{n}' for n in range(3)])
    assert daemon.sh('echo base stays') == 'base stays'
