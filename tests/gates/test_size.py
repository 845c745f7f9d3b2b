"""HOUSE_STYLE "Size": no function over 80 lines, no file over 1000, no more than 6 parameters, no exceptions."""

import c_source
import tree

FUNCTION_LINES = 80
FILE_LINES = 1000
PARAMETERS = 6
# Signatures that a library dictates: (parameters, a type that stands in them) of its callback types
DICTATED = [(8, 'struct MHD_Connection *'),      # MHD_AccessHandlerCallback
            (7, 'struct MHD_Connection *'),      # MHD_UpgradeHandler
            (9, 'enum MHD_ValueKind')]           # MHD_PostDataIterator


def sources():
    return tree.files('.c', '.h')


def test_functions_are_short():
    bad = [f'{tree.relative(p)}:{f.line}: {f.name} has {f.lines} lines'
           for p in sources() for f in c_source.functions(p.read_text()) if f.lines > FUNCTION_LINES]
    assert not bad, '\n'.join(bad)


def test_files_are_short():
    bad = [f'{tree.relative(p)}: {n} lines' for p in tree.files('.c', '.h', '.py')
           if (n := p.read_text().count('\n')) > FILE_LINES]
    assert not bad, '\n'.join(bad)


def test_functions_take_few_parameters():
    bad = [f'{tree.relative(p)}:{f.line}: {f.name} takes {f.parameters} parameters'
           for p in sources() for f in c_source.functions(p.read_text())
           if f.parameters > PARAMETERS and not any(f.parameters == n and word in f.signature for n, word in DICTATED)]
    bad += [f'{tree.relative(p)}:{line}: {name} takes {count} parameters'
            for p in sources() for name, line, count in c_source.prototypes(p.read_text()) if count > PARAMETERS]
    assert not bad, '\n'.join(bad)


def test_no_goto():
    bad = [f'{tree.relative(p)}:{n}' for p in sources()
           for n, line in enumerate(c_source.blanked(p.read_text()).splitlines(), 1) if ' goto ' in f' {line} ']
    assert not bad, '\n'.join(bad)
