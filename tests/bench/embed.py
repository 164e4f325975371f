#!/usr/bin/env python3
"""How fast `openclaw embed` is beside `llm embed-multi` (PyPI `llm`), both with their defaults.

Both embed the same short lines through the same OpenAI-compatible endpoint, which answers every call after 20 ms, and
both keep the vectors in SQLite. Prints the rate of each, and fails unless all vectors are equal.

    pip install llm && cargo build --release
    python3 tests/bench/embed.py [--lines N] [--dimensions N] [--openclaw PATH] [--llm PATH]
"""

import argparse
import base64
import json
import multiprocessing
import os
import random
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LATENCY = 0.020  # seconds from a call to its answer
VECTORS = 997  # different ones; which one a text has depends on its CRC-32


class Endpoint(BaseHTTPRequestHandler):
    """POST /v1/embeddings, as numbers or base64, whatever is asked for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rendered: dict = {}

    def do_POST(self):
        begun = time.monotonic()
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        vectors = self.rendered["base64" if request.get("encoding_format") == "base64" else "float"]
        items = (
            b'{"object":"embedding","index":%d,"embedding":%s}'
            % (index, vectors[zlib.crc32(text.encode()) % VECTORS])
            for index, text in enumerate(texts)
        )
        usage = b'],"model":"m","usage":{"prompt_tokens":%d,"total_tokens":%d}}' % (len(texts), len(texts))
        body = b'{"object":"list","data":[' + b",".join(items) + usage
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        time.sleep(max(0.0, begun + LATENCY - time.monotonic()))
        self.wfile.write(head)
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(port, dimensions):
    """Serves for ever, and says on which port."""
    numbers = random.Random(1)
    vectors = [[round(numbers.uniform(-1, 1), 7) for _ in range(dimensions)] for _ in range(VECTORS)]
    packed = (struct.pack(f"<{dimensions}f", *vector) for vector in vectors)
    Endpoint.rendered = {
        "float": [json.dumps(vector).encode() for vector in vectors],
        "base64": [b'"' + base64.b64encode(floats) + b'"' for floats in packed],
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    port.send(server.server_port)
    server.serve_forever()


def timed(command, environment):
    begun = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def run_llm(program, folder, base_url):
    environment = os.environ | {
        "LLM_USER_PATH": str(folder),
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": base_url,
        "NO_PROXY": "127.0.0.1",
    }
    command = [program, "embed-multi", "bench", folder / "lines.csv", "-m", "3-small", "-d", folder / "llm.db"]
    return timed(command, environment)


def run_openclaw(program, folder, base_url):
    models = [{"id": "m", "kind": "embedding"}]
    provider = {"baseUrl": base_url, "apiKey": "key", "models": models}
    config = folder / "openclaw.json"
    config.write_text(json.dumps({"models": {"providers": {"mock": provider}}}))
    command = [program, "--config", config, "embed", "--model", "mock/m", "--input-format", "csv"]
    command += ["--id-field", "id", "--format", "sqlite", "-o", folder / "openclaw.db", folder / "lines.csv"]
    return timed(command, os.environ | {"HOME": str(folder)})


def rows(database, query):
    return dict(sqlite3.connect(database).execute(query))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--lines", type=int, default=100_000)
    arguments.add_argument("--dimensions", type=int, default=256)
    arguments.add_argument("--openclaw", default=Path(__file__).parents[2] / "target/release/openclaw")
    arguments.add_argument("--llm", default="llm")
    asked = arguments.parse_args()

    receiver, sender = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(sender, asked.dimensions), daemon=True)
    server.start()
    base_url = f"http://127.0.0.1:{receiver.recv()}/v1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = (f"{number},line {number} of the text\n" for number in range(asked.lines))
        (folder / "lines.csv").write_text("id,text\n" + "".join(lines))
        ours = run_openclaw(asked.openclaw, folder, base_url)
        theirs = run_llm(asked.llm, folder, base_url)
        for who, seconds in ("openclaw embed", ours), ("llm embed-multi", theirs):
            print(f"{who:16} {asked.lines / seconds:>9.0f} lines/s ({seconds:.1f} s)")
        print(f"{theirs / ours:.1f} times the rate, {asked.lines} lines of {asked.dimensions} numbers each")
        same = rows(folder / "llm.db", "SELECT id, embedding FROM embeddings") == rows(
            folder / "openclaw.db", "SELECT id, vector FROM embeddings"
        )
    server.kill()
    print("all vectors are equal" if same else "the vectors differ")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
