"""Just enough reading of C for the style gates: blanked text, functions, includes.

It is a scanner, not a parser: comments, literals and preprocessor lines are
blanked with positions kept, then braces at depth 0 that follow a `)` open a
function. The tree's own style (no K&R definitions, no macros that open a
brace) keeps that exact; test_scanner.py holds the cases.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'''
    /\*.*?\*/ | //[^\n]*                       # comments
  | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'  # literals
''', re.S | re.X)
_DIRECTIVE = re.compile(r'^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*', re.M)


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int
    parameters: int
    signature: str = ''


def _blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def blanked(text):
    """The text without comments, literals and directives; every line keeps its number and length."""
    return _DIRECTIVE.sub(_blank, _TOKEN.sub(_blank, text))


def includes(text):
    """(line, path, quoted) of every include directive outside of comments."""
    kept = re.sub(r'/\*.*?\*/', _blank, text, flags=re.S)
    return [(kept.count('\n', 0, m.start()) + 1, m.group(2), m.group(1) == '"')
            for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', kept, re.M)]


def _matching_open(text, close):
    depth = 0
    for at in range(close, -1, -1):
        if text[at] == ')':
            depth += 1
        elif text[at] == '(':
            depth -= 1
            if not depth:
                return at
    return -1


def _matching_close(text, start, opening='{', closing='}'):
    depth = 0
    for at in range(start, len(text)):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if not depth:
                return at
    return len(text) - 1


def count_parameters(text):
    """Parameters in the text between a declarator's parentheses."""
    text = text.strip()
    if text in ('', 'void'):
        return 0
    depth = 0
    count = 1
    for char in text:
        depth += char in '([{'
        depth -= char in ')]}'
        count += char == ',' and depth == 0
    return count


def _declarator(head):
    """(name, parameters, offset) of the function whose text before `{` or `;` is head; None for other things."""
    end = len(head.rstrip()) - 1
    while end >= 0 and head[end] == ')':
        start = _matching_open(head, end)
        before = head[:start].rstrip()
        name = re.search(r'([A-Za-z_]\w*)$', before)
        if not name:
            return None
        # attributes behind the parameter list: __attribute__((x)), _printf_(1, 2)
        if name.group(1) == '__attribute__' or (name.group(1).startswith('_') and name.group(1).endswith('_')
                                                and ')' in before[:name.start()]):
            end = len(before[:name.start()].rstrip()) - 1
            continue
        # a return type must stand before the name; it also keeps `if (x) {` out
        if not re.search(r'[\w*]\s*$', before[:name.start()]):
            return None
        return name.group(1), head[start + 1:end], name.start()
    return None


def functions(text):
    """Every function definition of the file."""
    clean = blanked(text)
    found = []
    at = head_start = 0
    while at < len(clean):
        char = clean[at]
        if char == ';':
            head_start = at + 1
        elif char == '{':
            close = _matching_close(clean, at)
            head = clean[head_start:at]
            declarator = _declarator(head)
            if declarator:
                name, parameters, offset = declarator
                first = clean.count('\n', 0, head_start + len(head) - len(head.lstrip())) + 1
                last = clean.count('\n', 0, close) + 1
                found.append(Function(name, first, last - first + 1, count_parameters(parameters),
                                      ' '.join(parameters.split())))
                head_start = close + 1
            at = close
        at += 1
    return found


def prototypes(text):
    """(name, line, parameters) of every function declared at the top level."""
    clean = blanked(text)
    found = []
    depth = head_start = 0
    for at, char in enumerate(clean):
        if char == '{':
            depth += 1
        elif char == '}':
            depth -= 1
            if not depth:
                head_start = at + 1
        elif char == ';' and not depth:
            head = re.sub(r'(\s+_[a-z_]+_)+\s*$', '', clean[head_start:at])
            declarator = None if re.match(r'\s*typedef\b', head) else _declarator(head)
            if declarator:
                line = clean.count('\n', 0, head_start + len(head) - len(head.lstrip())) + 1
                found.append((declarator[0], line, count_parameters(declarator[1])))
            head_start = at + 1
    return found
