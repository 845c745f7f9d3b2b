"""Rooms: which may see which, what is private, what a file may not be called, and that headers stand alone."""

import concurrent.futures
import re
import subprocess

import c_source
import pytest
import tree

FORBIDDEN_NAMES = {'util', 'utils', 'common', 'misc', 'linux', 'helper', 'helpers'}
FORBIDDEN_WORDS = FORBIDDEN_NAMES - {'linux'}     # the OCI specification has a part of that name


def sources():
    return tree.files('.c', '.h', under='src')


def room_includes(path):
    """(line, included path) of includes that name a file of this tree by room."""
    for line, name, quoted in c_source.includes(path.read_text()):
        if quoted and (tree.SOURCE / name).is_file():
            yield line, tree.SOURCE / name


def room_of(path):
    return path.relative_to(tree.SOURCE).parts[0]


def test_a_room_includes_only_rooms_it_depends_on():
    bad = []
    for path in sources():
        if room_of(path) == 'programs':
            continue
        own = tree.libraries_of(path)
        allowed = own.union(*(tree.libraries()[name][2] for name in own)) if own else set()
        for line, header in room_includes(path):
            if room_of(header) != room_of(path) and not tree.libraries_of(header) & allowed:
                bad.append(f'{tree.relative(path)}:{line}: {room_of(path)} may not see {tree.relative(header)}')
    assert not bad, '\n'.join(bad)


def test_the_rooms_depend_on_each_other_downwards_only():
    """The order of src/meson.build is the order of the rooms; the first ones know nothing of the later ones."""
    order = re.findall(r"subdir\('(\w+)'\)", (tree.SOURCE / 'meson.build').read_text())
    bad = []
    for name, (room, _, sees) in tree.libraries().items():
        for other in sees:
            other_room = tree.libraries()[other][0]
            if order.index(other_room) > order.index(room):
                bad.append(f'{name} sees {other}')
    assert tree.rooms() and not bad, bad


def test_internal_headers_stay_in_their_room():
    bad = [f'{tree.relative(path)}:{line}: {tree.relative(header)} is private'
           for path in sources() for line, header in room_includes(path)
           if header.stem.endswith('-internal') and room_of(header) != room_of(path)]
    assert not bad, '\n'.join(bad)


def test_quoted_includes_name_the_room():
    """A program's own folder is the only one whose headers go without."""
    bad = [f'{tree.relative(path)}:{line}: "{name}"' for path in sources()
           for line, name, quoted in c_source.includes(path.read_text())
           if quoted and not (tree.SOURCE / name).is_file() and not (tree.BUILD / name).is_file()
           and not (room_of(path) == 'programs' and '/' not in name and (path.parent / name).is_file())
           and not list(tree.BUILD.glob(f'src/**/{name}'))]
    assert not bad, '\n'.join(bad)


def test_file_and_folder_names_say_something():
    bad = [tree.relative(p) for p in tree.tracked()
           if FORBIDDEN_NAMES & {part.split('.')[0].lower() for part in p.relative_to(tree.ROOT).parts}
           or p.suffix in ('.c', '.h') and FORBIDDEN_WORDS & set(re.split(r'[-_]', p.stem.lower()))]
    assert not bad, '\n'.join(bad)


def test_every_header_compiles_alone():
    if not (tree.BUILD / 'brig-config.h').exists():
        pytest.fail(f'{tree.BUILD} is not configured')
    flags = ['-std=gnu17', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-Wno-unused-function',
             '-Wno-unused-const-variable', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', f'-I{tree.ROOT}', f'-I{tree.SOURCE}', f'-I{tree.BUILD}',
             '-include', str(tree.SOURCE / 'base' / 'banned.h')]

    def compile_alone(header):
        # as an include of an empty file: gcc warns of #pragma once in a main file
        result = subprocess.run(['gcc', *flags, '-x', 'c', '-'], capture_output=True, text=True,
                                input=f'#include "{header.relative_to(tree.SOURCE)}"\n')
        return result.returncode and f'{tree.relative(header)}:\n{result.stderr}'

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        bad = [text for text in pool.map(compile_alone, tree.files('.h', under='src')) if text]
    assert not bad, '\n'.join(bad)


def test_headers_use_pragma_once():
    bad = [tree.relative(p) for p in tree.files('.h', under='src') if '#pragma once' not in p.read_text()]
    assert not bad, '\n'.join(bad)
