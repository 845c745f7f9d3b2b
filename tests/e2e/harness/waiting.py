"""Waiting for a condition that nothing announces. Not for what an event or `wait` can tell."""

import time


def until(condition, timeout=20, what='the condition'):
    """Asks again and again, returns the first true answer; the pause only keeps the loop from eating the processor."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f'{what} did not come true within {timeout} s')
        time.sleep(0.02)
