"""Images made by the tests themselves: root file systems, docker-archives and OCI layouts, good and evil."""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile

from . import places

ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']


def base_tar(kind):
    """The cached tar of scripts/make-image."""
    out = places.CACHE / f'{kind}.tar'
    if not out.exists():
        print(f'making the {kind} root file system (once, into {out})', flush=True)
        subprocess.run([places.ROOT / 'scripts' / 'make-image', kind, out], check=True)
    return out


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def compress(data, how):
    if how == 'gzip':
        return gzip.compress(data, 6, mtime=0)
    if how == 'zstd':
        return subprocess.run(['zstd', '-q', '-c'], input=data, check=True, capture_output=True).stdout
    return data


def tar_of(entries):
    """A tar out of (name, content or TarInfo changes) pairs.

    The content is bytes for a file, None for a folder, a str for a symlink, or a
    dict of TarInfo fields (`data` among them) for everything else.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o644
            data = None
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            elif isinstance(content, dict):
                fields = dict(content)
                data = fields.pop('data', None)
                for key, value in fields.items():
                    setattr(info, key, value)
            else:
                data = content
            if data is not None:
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def config(layers, **changes):
    """An image configuration for uncompressed layer tars; changes go into its `config`."""
    inner = {'Env': ENV, 'Cmd': ['/bin/sh']}
    inner.update(changes)
    return json.dumps({
        'architecture': 'amd64', 'os': 'linux', 'created': '2026-01-02T03:04:05.000000006Z', 'config': inner,
        'rootfs': {'type': 'layers', 'diff_ids': [digest(layer) for layer in layers]},
        'history': [{'created': '2026-01-02T03:04:05Z', 'created_by': f'layer {n}'} for n in range(len(layers))],
    }).encode()


def docker_archive(layers, tags, compression=None, config_bytes=None, **changes):
    """`docker save` as engines write it: manifest.json, one configuration, layer tars. Compresses the layers or, by outer, all."""
    text = config_bytes or config(layers, **changes)
    name = digest(text).split(':')[1]
    entries = [(f'{name}.json', text)]
    paths = []
    for layer in layers:
        folder = digest(layer).split(':')[1]
        if f'{folder}/layer.tar' not in paths:
            entries += [(folder, None), (f'{folder}/layer.tar', compress(layer, compression))]
        paths.append(f'{folder}/layer.tar')
    manifest = [{'Config': f'{name}.json', 'RepoTags': tags, 'Layers': paths}]
    return tar_of(entries + [('manifest.json', json.dumps(manifest).encode())])


def oci_layout(layers, tag, compression=None, spoil=None, config_of=None, **changes):
    """An OCI image layout as a tar. spoil(blobs) may change the {digest: bytes} before they are written; config_of: other layers for the diff IDs."""
    suffix = {None: '', 'gzip': '+gzip', 'zstd': '+zstd'}[compression]
    blobs = {}

    def add(data):
        blobs[digest(data)] = data
        return {'digest': digest(data), 'size': len(data)}

    manifest = {
        'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json',
        'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', **add(config(config_of or layers, **changes))},
        'layers': [{'mediaType': f'application/vnd.oci.image.layer.v1.tar{suffix}', **add(compress(layer, compression))}
                   for layer in layers]}
    index = {'schemaVersion': 2, 'manifests': [{
        'mediaType': manifest['mediaType'], **add(json.dumps(manifest).encode()),
        'annotations': {'org.opencontainers.image.ref.name': tag.split(':')[-1], 'io.containerd.image.name': f'docker.io/library/{tag}'}}]}
    if spoil:
        spoil(blobs)
    entries = [('oci-layout', b'{"imageLayoutVersion": "1.0.0"}'), ('index.json', json.dumps(index).encode()),
               ('blobs', None), ('blobs/sha256', None)]
    return tar_of(entries + [(f'blobs/sha256/{name.split(":")[1]}', data) for name, data in blobs.items()])
