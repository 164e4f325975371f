#!/usr/bin/env python3
"""Writes `.cargo/layout.ld`: the functions that run until the first answer, which the linker then puts together.

The kernel maps 64 kB of a program around whatever is touched. In the order of the compiler, what start-up touches lies
in nearly every such window. Serves with a program under callgrind (of valgrind), asks it for its models, and keeps the
names of the functions that ran: as patterns, without what changes with a compiler.

    CARGO_PROFILE_RELEASE_STRIP=false cargo build --release
    python3 tests/bench/layout.py target/release/openclaw
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

LAYOUT = Path(__file__).resolve().parents[2] / ".cargo" / "layout.ld"
TOKEN = "a-token-of-this-run"
PATTERN = 1500  # what a pattern is worth, in bytes of functions that lie among the others without being run
MISSED = 50_000  # what it costs when a function that runs lies elsewhere, in bytes

HEAD = """\
/* The functions that run until the first answer, together: see tests/bench/layout.py, which writes this. A name that no
   longer exists does no harm. A linker that cannot read this is spared it by OPENCLAW_LAYOUT=0. */
SECTIONS
{
  .text.first :
  {
"""
TAIL = "  }\n}\nINSERT BEFORE .text;\n"


# Whatever the environment says of proxies.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(port, token):
    """Asks for the models, over a connection of its own; the status of the answer."""
    headers = {"authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers=headers)
    try:
        with DIRECT.open(request, timeout=60) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def wait_for(port):
    """Returns once it serves, and has told its models and refused somebody."""
    for _ in range(300):
        try:
            statuses = ask(port, TOKEN), ask(port, "another")
            break
        except OSError:
            time.sleep(0.2)
    else:
        raise TimeoutError("it does not serve")
    if statuses != (200, 401):
        raise ValueError(f"it answers with {statuses}")


def functions_that_run(program):
    """Until it has answered, with a configuration that has something of everything."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoints = {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}
    model = {"id": "m", "name": "M", "contextWindow": 128_000, "maxTokens": 4096}
    local = {"baseUrl": "http://127.0.0.1:9/v1", "apiKey": "k", "api": "openai-completions", "models": [model]}
    config = {
        "gateway": {
            "mode": "local",
            "bind": "loopback",
            "auth": {"mode": "token", "token": TOKEN},
            "http": {"endpoints": endpoints},
        },
        "models": {"providers": {"local": local}},
        "agents": {"defaults": {"model": {"primary": "local/m"}}},
        "memory": {"search": {"provider": "local", "model": "e"}},
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "openclaw.json").write_text(json.dumps(config))
        own = {"HOME": folder, "OPENCLAW_CONFIG_PATH": f"{folder}/openclaw.json", "OPENCLAW_STATE_DIR": folder}
        watched = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={folder}/counts"]
        server = subprocess.Popen(
            [*watched, program, "gateway", "serve", "--port", str(port)],
            env=os.environ | own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(port)
            time.sleep(2)  # until connections are closed, and what it does by the clock was done once
            subprocess.run(["callgrind_control", str(server.pid), "-d"], check=True, stdout=subprocess.DEVNULL)
        finally:
            server.terminate()
            server.wait()
        return counted(Path(folder, "counts.1"))


def counted(path):
    """The functions that this file of callgrind's has a count for."""
    names, found, function, is_call = {}, set(), None, False
    for line in path.open():
        if named := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
            names.setdefault(named[1], re.sub(r"'\d+$", "", named[2] or ""))
            function = named[1] if line[0] == "f" else function
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit() or line[:1] in "+-*":
            if not is_call and function and line.split()[-1] != "0":
                found.add(function)
            is_call = False
    return {names[function] for function in found}


def pieces(name):
    """A name in pieces at whose ends a pattern may end, without what changes with a compiler: hashes of crates, numbers
    behind a dot."""
    name = name.split(".")[0]
    if not name.startswith("_R"):
        return re.findall(r"_*[^_]+_*", name)
    found, at = [], 0
    while at < len(name):
        if crate := re.compile(r"Cs[0-9A-Za-z]*_").match(name, at):
            found.append("Cs*_")
            at = crate.end()
        elif constant := re.compile(r"K[a-z]n?[0-9a-f]*_").match(name, at):
            found.append(constant[0])
            at = constant.end()
        elif word := re.compile(r"([1-9]\d*)_?").match(name, at):
            end = word.end() + int(word[1])
            found.append(name[at:end])
            at = end
        elif reference := re.compile(r"B[0-9A-Za-z]{0,3}_").match(name, at):
            found.append("B*_")
            at = reference.end()
        elif number := re.compile(r"s[0-9A-Za-z]{0,2}_").match(name, at):
            found.append(number[0])
            at = number.end()
        else:
            found.append(name[at])
            at += 1
    return found


class Branch:
    """All functions whose names begin alike: the sizes of those that run, and the bytes of those that do not."""

    def __init__(self):
        self.branches, self.runs, self.idle = {}, [], 0

    def patterns(self, prefix=""):
        """What the cheapest patterns for those that run cost, and the patterns; each with the sizes that it is for."""
        if not self.runs:
            return 0, []
        missed = MISSED * len(self.runs), []
        one = PATTERN + self.idle, [(prefix, self.runs)]
        parts = [branch.patterns(prefix + piece) for piece, branch in self.branches.items()]
        kept = sum(len(branch.runs) for branch in self.branches.values())
        cost = sum(cost for cost, _ in parts) + MISSED * (len(self.runs) - kept)
        return min(one, (cost, [pattern for _, found in parts for pattern in found]), missed, key=lambda way: way[0])


def main(program):
    run, root = functions_that_run(program), Branch()
    for line in subprocess.run(["nm", "-S", program], check=True, capture_output=True, text=True).stdout.splitlines():
        _, size, kind, name = (line.split() + [""] * 4)[:4]
        if kind not in ("t", "T"):
            continue
        branch = root
        for piece in [None, *pieces(name)]:
            branch = branch if piece is None else branch.branches.setdefault(piece, Branch())
            if name in run:
                branch.runs.append(int(size, 16))
            else:
                branch.idle += int(size, 16)
    if not root.runs:
        sys.exit("this program has no symbols")
    sys.setrecursionlimit(10_000)
    _, found = root.patterns()
    # Small functions first: more of their bytes run.
    found.sort(key=lambda pattern: (sum(pattern[1]) // len(pattern[1]), pattern[0]))
    LAYOUT.write_text(HEAD + "".join(f'    *(".text*.{prefix}*")\n' for prefix, _ in found) + TAIL)
    covered = sum(len(sizes) for _, sizes in found)
    print(f"{len(found)} patterns for {covered} of {len(root.runs)} functions")


if __name__ == "__main__":
    main(*sys.argv[1:])
