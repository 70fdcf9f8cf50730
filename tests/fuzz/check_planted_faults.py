"""Plants faults before the library, one at a time, and has the fuzzer find each.

check_planted_faults.py FUZZ_CALLS PLANTED_LIBRARY
"""

import os
import re
import subprocess
import sys

# What is planted, and what the fuzzer must say of it.
FAULTS = {
    "changes an input": "changed what it may not: elements",
    "fails without a message": "a failure without a message",
    "writes a result where it fails": "a failing call wrote a result",
    "crashes": "signal: Segmentation fault",
    "does not return": "a call does not return",
    "leaks a handle": "the number of live handles is wrong",
    "changes where it fails": "changed what it may not: elements",
    "changes the shape of another": "changed the shape of another tensor",
    "writes past its room": "a result is larger than its room",
    "counts wrongly": "numel is not the product of the sizes",
    "forgets destroy": "destroy was not called",
    "destroys twice": "destroy was called twice",
    "keeps memory": "memory is left",
    "takes a version back": "a version went back",
    "closes what is not open": "a scope was closed that was not open",
}


def run(fuzz, planted, fault):
    preload = os.environ.get("LD_PRELOAD", "")
    environment = dict(os.environ, PLANTED_FAULT=fault, FUZZ_SECONDS="3")
    environment["LD_PRELOAD"] = f"{preload}:{planted}".lstrip(":")
    command = [fuzz, "--seed", "1", "--calls", "1000000"]
    options = {"capture_output": True, "text": True, "errors": "replace"}
    return subprocess.run(command, env=environment, **options)


def main(fuzz, planted):
    missed = []
    for fault, said in FAULTS.items():
        done = run(fuzz, planted, fault)
        found = re.search(r"^FAILED in .*$", done.stdout, re.M)
        right = done.returncode == 1 and found and said in done.stdout
        print(f"{'found' if right else 'MISSED'}: {fault}: {found and found.group()[:150]}")
        if not right:
            missed.append(fault)
    clean = run(fuzz, planted, "")
    if clean.returncode != 0:
        missed.append("nothing planted, yet: " + clean.stdout)
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
