"""The image verbs. Rows D1, I27."""

import gzip
import hashlib
import io
import json
import tarfile

import pytest
from harness import images


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: (tar.extractfile(m).read() if m.isfile() else None) for m in tar}


@pytest.fixture
def image(daemon):
    layers = [images.base_tar('busybox').read_bytes(), images.tar_of([('marker', b'second layer')])]
    daemon.docker('load', stdin=images.docker_archive(layers, ['verbs:1'], Labels={'l': 'v'}, User='1000', WorkingDir='/tmp', Env=['PATH=/bin', 'I=mage'],
                                                      ExposedPorts={'80/tcp': {}}, StopSignal='SIGUSR1'), text=False)
    yield 'verbs:1'
    daemon.docker('rmi', '-f', 'verbs:1', check=False)


def test_D1_images_list(daemon, image):
    row = next(line for line in daemon.docker('images', '--no-trunc').stdout.splitlines() if line.startswith('verbs '))
    assert ' 1 ' in row and 'sha256:' in row
    assert daemon.docker('images', '-q', 'verbs').out == daemon.docker('images', '-q', '--filter', 'reference=verb*').out
    assert daemon.docker('images', '-q', '--filter', 'label=l=v').out and not daemon.docker('images', '-q', '--filter', 'label=l=w').out
    assert daemon.docker('images', '-q', '--filter', 'dangling=true', 'verbs').out == ''
    assert daemon.docker('images', '-q', '--filter', 'before=verbs:1').out != daemon.docker('images', '-q').out


def test_D1_image_inspect(daemon, image):
    data = json.loads(daemon.docker('image', 'inspect', image).stdout)[0]
    assert data['RepoTags'] == ['verbs:1'] and data['Architecture'] == 'amd64' and data['Os'] == 'linux' and data['Size'] > 1000000
    assert data['Config']['User'] == '1000' and data['Config']['Labels'] == {'l': 'v'} and len(data['RootFS']['Layers']) == 2
    assert daemon.request('GET', '/images/nosuch/json').status == 404
    short = data['Id'].split(':')[1][:12]
    assert json.loads(daemon.docker('image', 'inspect', short).stdout)[0]['Id'] == data['Id']


def test_D1_configuration_is_honoured(daemon, image):
    assert daemon.run(image, 'sh', '-c', 'id -u; pwd; echo $I; cat /marker') == '1000\n/tmp\nmage\nsecond layer'
    assert daemon.inspect(daemon.docker('create', image).out)['Config']['StopSignal'] == 'SIGUSR1'


def test_D1_history(daemon, image):
    out = daemon.docker('history', '--no-trunc', image).stdout
    assert 'layer 0' in out and 'layer 1' in out and len(out.splitlines()) == 3


def test_D1_tag_and_rmi(daemon, image):
    daemon.docker('tag', image, 'other/name:tag')
    assert 'other/name' in daemon.docker('images').stdout
    assert daemon.docker('rmi', 'other/name:tag').out == 'Untagged: other/name:tag'
    assert daemon.run(image, 'cat', '/marker') == 'second layer'
    assert daemon.docker('rmi', 'other/name:tag', check=False).returncode == 1
    assert daemon.docker('tag', 'nosuch', 'x', check=False).returncode == 1
    assert daemon.request('POST', '/images/verbs:1/tag?repo=UPPER').status == 400


def test_D1_rmi_of_a_used_image(daemon, image):
    name = daemon.start_container(image, 'sleep', '300')
    done = daemon.docker('rmi', image, check=False)
    assert done.returncode == 1 and name[:12] in done.stderr
    daemon.docker('rm', '-f', name)
    out = daemon.docker('rmi', image).out
    assert 'Untagged: verbs:1' in out and 'Deleted: sha256:' in out


def test_D1_import(daemon, tmp_path):
    (tmp_path / 'root.tar').write_bytes(images.base_tar('busybox').read_bytes())
    done = daemon.docker('import', '--change', 'CMD ["echo", "imported"]', '--change', 'ENV A=b', '--change', 'WORKDIR /tmp', '--message', 'why',
                         str(tmp_path / 'root.tar'), 'imp:1')
    assert done.out.startswith('sha256:') and daemon.run('imp:1') == 'imported' and daemon.run('imp:1', 'pwd') == '/tmp'
    assert 'why' in daemon.docker('history', '--no-trunc', 'imp:1').stdout
    daemon.docker('import', '-', 'imp:2', stdin=gzip.compress(images.base_tar('busybox').read_bytes()), text=False)
    assert daemon.run('imp:2', 'echo', 'gz') == 'gz'
    daemon.docker('rmi', 'imp:1', 'imp:2')


def test_D1_import_bad_change(daemon, tmp_path):
    (tmp_path / 'root.tar').write_bytes(images.base_tar('busybox').read_bytes())
    done = daemon.docker('import', '--change', 'RUN rm -rf /', str(tmp_path / 'root.tar'), 'imp:bad', check=False)
    assert done.returncode == 1 and 'RUN' in done.stderr.upper()


def test_I27_save_and_load_round_trip(daemon, image, tmp_path):
    number = json.loads(daemon.docker('image', 'inspect', image).stdout)[0]['Id']
    saved = daemon.docker('save', image, text=False).stdout
    again = daemon.docker('save', image, text=False).stdout
    first = members(saved)
    assert first == members(again), 'two saves differ'
    manifest = json.loads(first['manifest.json'])[0]
    assert manifest['RepoTags'] == ['verbs:1']
    config = first[manifest['Config']]
    assert 'sha256:' + hashlib.sha256(config).hexdigest() == number
    for path, diff_id in zip(manifest['Layers'], json.loads(config)['rootfs']['diff_ids']):
        assert 'sha256:' + hashlib.sha256(first[path]).hexdigest() == diff_id
    daemon.docker('rmi', image)
    daemon.docker('load', stdin=saved, text=False)
    assert json.loads(daemon.docker('image', 'inspect', image).stdout)[0]['Id'] == number
    assert daemon.run(image, 'cat', '/marker') == 'second layer'


def test_I27_saved_layers_are_the_loaded_bytes(daemon):
    layer = images.tar_of([('a', b'1'), ('b', {'data': b'2', 'mode': 0o4711, 'uid': 12, 'mtime': 77})])
    base = images.base_tar('busybox').read_bytes()
    daemon.docker('load', stdin=images.docker_archive([base, layer], ['bytes:1']), text=False)
    found = members(daemon.docker('save', 'bytes:1', text=False).stdout)
    manifest = json.loads(found['manifest.json'])[0]
    assert [found[path] for path in manifest['Layers']] == [base, layer]
    daemon.docker('rmi', 'bytes:1')


def test_I27_save_of_several(daemon, image):
    daemon.docker('tag', image, 'verbs:2')
    found = members(daemon.docker('save', 'verbs:1', 'verbs:2', 'busybox', text=False).stdout)
    tags = [tag for entry in json.loads(found['manifest.json']) for tag in entry['RepoTags']]
    assert sorted(tags) == ['busybox:latest', 'verbs:1', 'verbs:2']
    daemon.docker('rmi', 'verbs:2')


def test_I27_load_reports_what_it_loaded(daemon):
    out = daemon.docker('load', stdin=images.docker_archive([images.tar_of([('f', b'x')])], ['said:1', 'said:2']), text=False).stdout.decode()
    assert 'Loaded image: said:1' in out and 'Loaded image: said:2' in out
    daemon.docker('rmi', 'said:1', 'said:2')
    out = daemon.docker('load', stdin=images.docker_archive([images.tar_of([('f', b'x')])], None), text=False).stdout.decode()
    number = out.split('Loaded image ID: ')[1].strip()
    daemon.docker('rmi', number)


def test_I27_a_retagged_name_moves(daemon):
    for content in (b'one', b'two'):
        daemon.docker('load', stdin=images.docker_archive([images.base_tar('busybox').read_bytes(), images.tar_of([('f', content)])], ['moving:1']), text=False)
        assert daemon.run('moving:1', 'cat', '/f') == content.decode()
    assert daemon.docker('images', '-q', '--filter', 'dangling=true').out
    daemon.docker('image', 'prune', '-f', check=False)
    daemon.docker('rmi', 'moving:1')


def test_D1_sdk_images(daemon, image):
    client = daemon.sdk()
    found = client.images.get(image)
    assert found.tags == ['verbs:1'] and found.labels == {'l': 'v'}
    loaded = client.images.load(b''.join(found.save(named=True)))
    assert loaded[0].id == found.id
    client.close()


def test_D1_pull_is_refused_clearly(daemon):
    answer = daemon.request('POST', '/images/create?fromImage=busybox&tag=nosuchtag')
    assert answer.status in (404, 501) and answer.json['message']
