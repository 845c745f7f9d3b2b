"""The attack programs: attacks/*.c, static, at /attacks/ of a layer of their own."""

import subprocess

from . import images, places

SOURCES = places.ROOT / 'tests' / 'e2e' / 'attacks'
FLAGS = ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-Wno-unused-parameter', '-Wno-unused-function']


def compile_all():
    """{name: path}; compiled again when a source is newer."""
    out = places.CACHE.parent / 'attacks'
    out.mkdir(parents=True, exist_ok=True)
    newest_header = max((p.stat().st_mtime for p in SOURCES.glob('*.h')), default=0)
    made = {}
    for source in sorted(SOURCES.glob('*.c')):
        target = out / source.stem
        if not target.exists() or target.stat().st_mtime < max(source.stat().st_mtime, newest_header):
            subprocess.run(['gcc', *FLAGS, '-o', str(target), str(source)], check=True)
        made[source.stem] = target
    return made


def layer():
    entries = [('attacks', None)]
    for name, path in compile_all().items():
        entries.append((f'attacks/{name}', {'data': path.read_bytes(), 'mode': 0o755}))
    return images.tar_of(entries)
