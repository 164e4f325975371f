#!/usr/bin/env python3
"""Writes `.cargo/layout.ld`: the functions that run until the first answer, and those that chats take, which the linker
then puts together.

The kernel maps 64 kB of a program around whatever is touched. In the order of the compiler, what start-up touches lies
in nearly every such window; and where a chat comes after a pause, the processor looks for each of its functions in
another place, which takes longer than to run them. Serves with a program under callgrind (of valgrind), asks it for its
models and then for chats, and keeps the names of the functions that ran: as patterns, without what changes with a
compiler.

    CARGO_PROFILE_RELEASE_STRIP=false cargo build --release
    python3 tests/bench/layout.py target/release/openclaw
"""

import fnmatch
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LAYOUT = Path(__file__).resolve().parents[2] / ".cargo" / "layout.ld"
TOKEN = "a-token-of-this-run"
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
PATTERN = 300  # what a pattern is worth, in bytes of functions that lie among the others without being run
MISSED = 50_000  # what it costs when a function that runs lies elsewhere, in bytes

HEAD = """\
/* The functions that run until the first answer, together, and then those that chats take: see tests/bench/layout.py,
   which writes this. A name that no longer exists does no harm. A linker that cannot read this is spared it by
   OPENCLAW_LAYOUT=0. */
SECTIONS
{
  .text.first :
  {
"""
TAIL = "  }\n}\nINSERT BEFORE .text;\n"


# Whatever the environment says of proxies.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(port, token, path="models", body=None):
    """Asks over a connection of its own; the status of the answer."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = body and json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/{path}", data, headers)
    try:
        with DIRECT.open(request, timeout=60) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


class Model(BaseHTTPRequestHandler):
    """What answers chats, whole or in pieces."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        if asked.get("stream"):
            self.in_pieces()
        else:
            self.whole()

    def whole(self):
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
        answer = json.dumps({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": USAGE})
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def in_pieces(self):
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        deltas = [{"delta": {"role": "assistant", "content": text}} for text in ("Hel", "lo")]
        choices = [*deltas, {"delta": {}, "finish_reason": "stop"}]
        chunk = {"id": "1", "object": "chat.completion.chunk"}
        chunks = [chunk | {"choices": [choice | {"index": 0}]} for choice in choices]
        chunks.append(chunk | {"choices": [], "usage": USAGE})
        events = [f"data: {data}\n\n".encode() for data in [*map(json.dumps, chunks), "[DONE]"]]
        pieces = [b"%x\r\n%s\r\n" % (len(event), event) for event in events]
        pieces[-1] += b"0\r\n\r\n"
        for piece in pieces:
            self.wfile.write(piece)
            if piece is not pieces[-1]:
                time.sleep(0.05)


def chat(port):
    """A few chats, whole and streamed."""
    messages = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "Hello, \"world\"\n"}]
    for stream in [False, True] * 3:
        body = {"model": "openclaw/default", "messages": messages, "stream": stream}
        if stream:
            body["stream_options"] = {"include_usage": True}
        if (status := ask(port, TOKEN, "chat/completions", body)) != 200:
            raise ValueError(f"it answers a chat with {status}")


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
    """Until it has answered, with a configuration that has something of everything; and for chats."""
    provider = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoints = {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}
    model = {"id": "m", "name": "M", "contextWindow": 128_000, "maxTokens": 4096}
    base_url = f"http://127.0.0.1:{provider.server_port}/v1"
    local = {"baseUrl": base_url, "apiKey": "k", "api": "openai-completions", "models": [model]}
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
            dump = ["callgrind_control", str(server.pid), "-d"]
            subprocess.run(dump, check=True, stdout=subprocess.DEVNULL)
            threading.Thread(target=provider.serve_forever, daemon=True).start()
            chat(port)
            subprocess.run(dump, check=True, stdout=subprocess.DEVNULL)
        finally:
            server.terminate()
            server.wait()
        return counted(Path(folder, "counts.1")), counted(Path(folder, "counts.2"))


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


def sizes(program):
    """The functions of the program, and how large they are."""
    found = {}
    for line in subprocess.run(["nm", "-S", program], check=True, capture_output=True, text=True).stdout.splitlines():
        _, size, kind, name = (line.split() + [""] * 4)[:4]
        if kind in ("t", "T"):
            found[name] = int(size, 16)
    return found


def patterns(run, later, functions):
    """Those for the functions that run, small ones first: more of their bytes run. None takes one that is for later."""
    root = Branch()
    for name, size in functions.items():
        branch = root
        for piece in [None, *pieces(name)]:
            branch = branch if piece is None else branch.branches.setdefault(piece, Branch())
            if name in run:
                branch.runs.append(size)
            else:
                branch.idle += MISSED if name in later else size
    _, found = root.patterns()
    found.sort(key=lambda pattern: (sum(pattern[1]) // len(pattern[1]), pattern[0]))
    return [prefix + "*" for prefix, _ in found]


def main(program):
    sys.setrecursionlimit(10_000)
    first, chats = functions_that_run(program)
    functions, lines = sizes(program), []
    if not first & functions.keys():
        sys.exit("this program has no symbols")
    # What both take lies between the two.
    groups = [first - chats, first & chats, chats - first]
    for place, run in enumerate(groups):
        wanted = len(run & functions.keys())
        found = patterns(run, set().union(*groups[place + 1 :]), functions)
        # The first pattern that fits a function takes it.
        fits = re.compile("|".join(map(fnmatch.translate, found)) or "$^").match
        taken = {name for name in functions if fits(name)}
        lines += [f'    *(".text*.{pattern}")\n' for pattern in found]
        print(f"{len(found)} patterns for {len(taken & run)} of {wanted} functions, and {len(taken - run)} others")
        functions = {name: size for name, size in functions.items() if name not in taken}
    LAYOUT.write_text(HEAD + "".join(lines) + TAIL)


if __name__ == "__main__":
    main(*sys.argv[1:])
