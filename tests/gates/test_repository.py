"""What is in the repository: nothing of one machine, no unknown hosts, documents that exist, sane scripts."""

import re
import socket
import subprocess

import pytest
import tree

# Hosts that text of this tree may name: specifications, documentation, licences, examples and Docker's default registry.
HOSTS = re.compile(r'''(^|\.)(example\.(com|org|net)|localhost|docs\.docker\.com|docker\.com|docker\.io|opencontainers\.org|github\.com
    |kernel\.org|man7\.org|apache\.org|debian\.org|www\.w3\.org|json-schema\.org|ietf\.org|rfc-editor\.org|freedesktop\.org)$''', re.X)
REQUIRED = ('README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md', 'LICENSE', 'docs/design/README.md', '.ci/run')
TEXT = {'.c', '.h', '.py', '.md', '.build', '.txt', '.json', '.conf', '.service', '.sh', ''}


def texts():
    for path in tree.tracked():
        if path.suffix in TEXT:
            try:
                yield path, path.read_text()
            except UnicodeDecodeError:
                continue


def test_no_path_of_this_machine():
    """The place of this checkout and the host's name belong to a machine, not to the project."""
    words = {str(tree.ROOT)} if len(tree.ROOT.parts) > 2 else set()
    if len(socket.gethostname()) > 5 and socket.gethostname() != 'localhost':
        words.add(socket.gethostname())
    bad = [f'{tree.relative(p)}: {word}' for p, text in texts() for word in words if word in text]
    assert not bad, '\n'.join(bad)


def test_every_named_host_is_known():
    bad = {f'{tree.relative(p)}: {host}' for p, text in texts()
           for host in re.findall(r'https?://([A-Za-z0-9.-]+\.[a-z]{2,})', text) if not HOSTS.search(host)}
    assert not bad, '\n'.join(sorted(bad))


@pytest.mark.parametrize('name', REQUIRED)
def test_document_exists(name):
    assert (tree.ROOT / name).is_file() and (tree.ROOT / name).stat().st_size > 0


def test_ci_calls_exactly_make_check():
    lines = [line for line in (tree.ROOT / '.ci/run').read_text().splitlines() if line and not line.startswith('#')]
    assert lines == ['cd "$(dirname "$0")/.." && exec make check']


def test_links_of_documents_lead_somewhere():
    bad = []
    for path in tree.files('.md'):
        for target in re.findall(r'\]\(([^)#\s]+)(?:#[^)]*)?\)', path.read_text()):
            if '://' not in target and not (path.parent / target).exists():
                bad.append(f'{tree.relative(path)}: {target}')
    assert not bad, '\n'.join(bad)


def test_shell_scripts_parse():
    for path in tree.tracked():
        with path.open('rb') as file:
            first = file.readline()
        if first.startswith((b'#!/bin/sh', b'#!/bin/bash')):
            subprocess.run([first[2:].split()[0].decode(), '-n', str(path)], check=True)


def test_no_todo_without_a_place():
    bad = [f'{tree.relative(p)}:{n}' for p in tree.files('.c', '.h')
           for n, line in enumerate(p.read_text().splitlines(), 1) if re.search(r'\b(TODO|FIXME|XXX)\b(?!.*#\d)', line)]
    assert not bad, '\n'.join(bad)
