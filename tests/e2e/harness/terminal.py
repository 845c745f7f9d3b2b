"""A program on a pseudo terminal, with expect."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time


class Terminal:
    def __init__(self, command, env, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.resize(rows, columns, tell=False)
        self.output = b''
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def resize(self, rows, columns, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def send(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def _read(self, timeout):
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return None
        try:
            return os.read(self.master, 65536)
        except OSError:
            return b''

    def expect(self, pattern, timeout=20):
        """Reads until the regular expression matches what came since the last match; returns the match."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern.encode() if isinstance(pattern, str) else pattern, self.output, re.S)
            if match:
                self.output = self.output[match.end():]
                return match
            left = deadline - time.monotonic()
            chunk = self._read(max(left, 0)) if left > 0 else None
            if not chunk:
                raise AssertionError(f'expected {pattern!r}, got {self.output!r}')
            self.output += chunk

    def wait(self, timeout=20):
        """Reads to the end, returns the exit code."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            chunk = self._read(min(left, 0.2))
            if chunk:
                self.output += chunk
            elif chunk == b'' or self.process.poll() is not None:
                break
        return self.process.wait(max(deadline - time.monotonic(), 0.1))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
