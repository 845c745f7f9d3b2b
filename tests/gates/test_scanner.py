"""The gates are only as good as their reading of C."""

import c_source


def test_function_length_counts_signature_to_closing_brace():
    text = 'static int f(int a,\n             int b)\n{\n\n\treturn a + b;\n}\n'
    assert c_source.functions(text) == [c_source.Function('f', 1, 6, 2, 'int a, int b')]


def test_braces_in_literals_comments_and_macros_do_not_count():
    text = ('#define OPEN {\n'
            'struct s { int (*f)(int, int); };\n'
            'static const char *const t[] = { "}", "{" };\n'
            'int g(void) /* { */\n{\n\tchar c = \'{\';\n\tif (c) {\n\t\tc = 0;\n\t}\n\treturn 0;\n}\n'
            'int h(void) { return 1; }\n')
    assert [(f.name, f.lines, f.parameters) for f in c_source.functions(text)] == [('g', 8, 0), ('h', 1, 0)]


def test_attributes_and_function_pointers():
    text = ('int p(const char *fmt, ...) __attribute__((format(printf, 1, 2)));\n'
            'int q(const char *fmt, int (*cb)(int, int), void *data) _printf_(1, 2);\n'
            'int r(int a) _must_use_;\n'
            'typedef int (*cb_t)(int, int, int, int, int, int, int);\n'
            'static int v(const char *f, ...) _printf_(1, 2)\n{\n\treturn 0;\n}\n')
    assert [(n, c) for n, _, c in c_source.prototypes(text)] == [('p', 2), ('q', 3), ('r', 1)]
    assert [(f.name, f.parameters) for f in c_source.functions(text)] == [('v', 2)]


def test_includes_are_found_outside_of_comments():
    text = '/*\n#include "a/b.h"\n*/\n#include <x.h>\n  # include "room/header.h"\n'
    assert c_source.includes(text) == [(4, 'x.h', False), (5, 'room/header.h', True)]
