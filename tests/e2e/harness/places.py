"""Where the programs under test are: BRIG_BUILD (build/), the docker client, the cache of slow things."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get('BRIG_BUILD', ROOT / 'build')).resolve()
CACHE = Path(os.environ.get('BRIG_CACHE', ROOT / 'build' / 'cache')).resolve()


def program(name, build=BUILD):
    """A program by name; the Makefile links them at the top, plain ninja leaves them in their folders."""
    for place in (build / name, build / 'src' / 'programs' / name / name):
        if place.exists():
            return place
    raise FileNotFoundError(f'{name} is not in {build}: run make')


def docker_client():
    """The stock docker command line: BRIG_DOCKER, PATH, or what scripts/install-deps unpacked."""
    for place in (os.environ.get('BRIG_DOCKER'), shutil.which('docker'), ROOT / 'build' / 'tools' / 'bin' / 'docker'):
        if place and Path(place).exists():
            return str(place)
    return None
