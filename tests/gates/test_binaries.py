"""What the linker made: no mutable globals outside main.c, no parser in a root process, hardened programs."""

import re
import subprocess

import pytest
import tree

PROGRAMS = ('brigd', 'brig-api', 'brig-monitor', 'brig-unpack', 'brig', 'brig-init')
# D3: root parses nothing, so nothing that parses may be linked into it
PARSERS = ('microhttpd', 'jansson', 'archive', 'gnutls', 'curl', 'seccomp', 'sqlite', 'ssl', 'crypto', 'isal', 'zstd', 'xml', 'yaml')
STATIC = ('brig-monitor', 'brig-init')


def readelf(*arguments):
    return subprocess.run(['readelf', '-W', *arguments], check=True, capture_output=True, text=True,
                          env={'LC_ALL': 'C', 'PATH': '/usr/bin:/bin'}).stdout


def program(name):
    path = tree.BUILD / name
    if not path.exists():
        pytest.fail(f'{path} was not built')
    return str(path)


def objects():
    for path in sorted((tree.BUILD / 'src').rglob('*.o')):
        if not path.name.endswith('main.c.o') and not path.name.startswith('meson-generated'):
            yield path


def mutable_symbols(path):
    """Names of data objects in writable sections; .data.rel.ro is written by the loader alone."""
    sections = {m.group(1): m.group(2) for m in
                re.finditer(r'^\s*\[\s*(\d+)\]\s+(\S+)', readelf('-S', str(path)), re.M)}
    for line in readelf('-s', str(path)).splitlines():
        column = line.split()
        if len(column) < 8 or column[3] not in ('OBJECT', 'TLS', 'COMMON'):
            continue
        section = sections.get(column[6], column[6])
        if section == 'COM' or re.match(r'\.(data|bss|tdata|tbss)', section) and not section.startswith('.data.rel.ro'):
            yield f'{column[7]} ({section})'


def test_no_mutable_globals_outside_of_main():
    found = [f'{path.relative_to(tree.BUILD)}: {name}' for path in objects() for name in mutable_symbols(path)]
    assert list(objects()), 'no object files found'
    assert not found, '\n'.join(found)


def test_D3_brigd_links_no_parsing_library():
    needed = re.findall(r'\(NEEDED\).*\[(.+)\]', readelf('-d', program('brigd')))
    listed = subprocess.run(['ldd', program('brigd')], capture_output=True, text=True).stdout
    bad = [word for word in PARSERS if any(f'lib{word}' in name for name in needed) or f'lib{word}' in listed]
    assert not bad, f'brigd links {bad}: {needed}'


@pytest.mark.parametrize('name', STATIC)
def test_programs_beside_a_payload_are_static(name):
    assert 'INTERP' not in readelf('-l', program(name)) and 'NEEDED' not in readelf('-d', program(name))


@pytest.mark.parametrize('name', PROGRAMS)
def test_programs_are_hardened(name):
    path = program(name)
    header, segments, dynamic = readelf('-h', path), readelf('-l', path), readelf('-d', path)
    assert re.search(r'GNU_STACK.*RW ', segments), 'the stack is executable'
    assert 'GNU_RELRO' in segments or name in STATIC, 'no relro'
    if name not in STATIC:
        assert 'DYN' in header, 'not position independent'
        assert 'NOW' in dynamic, 'lazy binding'


@pytest.mark.parametrize('name', PROGRAMS)
def test_release_build_has_no_test_switches(name):
    strings = open(program(name), 'rb').read()
    assert b'--test-disable' not in strings and b'test-disable' not in strings
