"""Where things are: the files of the repository, the rooms and what each library may see."""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get('BRIG_BUILD', ROOT / 'build'))
SOURCE = ROOT / 'src'


@lru_cache
def tracked():
    """Files that are or would be in the repository."""
    out = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=ROOT,
                         check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in out.split('\0') if name and (ROOT / name).is_file()]


def files(*suffixes, under='.'):
    base = (ROOT / under).resolve()
    return sorted(p for p in tracked() if p.suffix in suffixes and base in p.parents)


def relative(path):
    return str(path.relative_to(ROOT))


@lru_cache
def libraries():
    """{library: (room, source stems, libraries it may see)} out of src/<room>/meson.build.

    meson writes plan-compile as plan_compile; stems are paths below src without suffix.
    """
    found = {}
    for build in sorted(SOURCE.glob('*/meson.build')):
        text = re.sub(r'#[^\n]*', '', build.read_text())
        room = build.parent.name
        for name, body in re.findall(r'(\w+)_lib\s*=\s*static_library\((.*?)\n?\)\s*(?=\n|$)', text, re.S):
            listed = re.search(rf'\b{name}_sources\s*=\s*files\((.*?)\)', text, re.S)
            stems = {f'{room}/{Path(source).with_suffix("")}'
                     for source in re.findall(r"'([^']+\.c)'", listed.group(1) if listed else '')}
            sees = {dep for dep in re.findall(r'\b(\w+)_dep\b', body)}
            found[name] = (room, stems, sees)
    return found


def rooms():
    return {room for room, _, _ in libraries().values()}


def libraries_of(path):
    """Libraries that a source or header below src belongs to: by its stem, else every library of its room."""
    stem = str(path.relative_to(SOURCE).with_suffix(''))
    room = stem.split('/')[0]
    of_room = {name: entry for name, entry in libraries().items() if entry[0] == room}
    exact = {name for name, (_, stems, _) in of_room.items() if stem in stems}
    return exact or set(of_room)
