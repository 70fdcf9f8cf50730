"""Runs a program with OpenMP settings of its own: the same bits come out under all of them.

check_openmp_host.py PROGRAM
"""

import os
import subprocess
import sys

WAYS = ["plain", "threads", "dynamic", "inside"]
ENVIRONMENTS = [
    {},
    {"OMP_NUM_THREADS": "1"},
    {"OMP_NUM_THREADS": "7"},
    {"OMP_THREAD_LIMIT": "1"},
    {"OMP_THREAD_LIMIT": "2"},
    {"OMP_DYNAMIC": "true"},
    {"OMP_PROC_BIND": "true"},
    {"OMP_PROC_BIND": "spread", "OMP_PLACES": "cores"},
    {"OMP_MAX_ACTIVE_LEVELS": "3"},
    {"OMP_WAIT_POLICY": "active"},
    {"OMP_STACKSIZE": "2M"},
]


def main(program):
    outputs = set()
    for variables in ENVIRONMENTS:
        for way in WAYS:
            environment = {**os.environ, **variables}
            done = subprocess.run(
                [program, way], env=environment, capture_output=True, text=True, check=False
            )
            print(variables, way, done.returncode, done.stdout.strip(), done.stderr.strip())
            if done.returncode != 0:
                return 1
            outputs.add(done.stdout)
    return len(outputs) - 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
