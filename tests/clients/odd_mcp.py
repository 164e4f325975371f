"""An MCP server over standard input and output that misbehaves as it is told; the protocol written by hand.

With LINE in its environment it keeps a connection to that address, which ends when it and its child are gone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

mode = sys.argv[1] if sys.argv[1:] else ""
tools = ["echo", "exec", "die", "hang", "flood", "burst", "change", "no space"]
contents = {
    "text": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
    "image": [{"type": "image", "mimeType": "image/png", "data": "AAAA"}],
    "audio": [{"type": "audio", "mimeType": "audio/wav", "data": "AAAA"}],
    "resource": [{"type": "resource", "resource": {"uri": "a://b", "text": "inside"}}],
    "blob": [{"type": "resource", "resource": {"uri": "a://b", "blob": "AAAA"}}],
    "link": [{"type": "resource_link", "uri": "a://c", "name": "c"}],
    "nothing": [],
}
results = {
    "structured": {"content": [], "structuredContent": {"a": 1}},
    "both": {"content": [{"type": "text", "text": "said"}], "structuredContent": {"a": 1}},
    "failed": {"content": [{"type": "text", "text": "it is broken"}], "isError": True},
    "unknown": {"content": [{"type": "hologram", "data": 1}]},
    "number": {"content": 7},
}
# Answers as they are written, where that is the point of them.
written = {
    "strings": lambda id: b'{"jsonrpc":"2.0","id":"%d","result":{"content":[{"type":"text","text":"by a string"}]}}\n' % id,
    "batch": lambda id: b'[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","id":%d,"result":{"content":[]}}]\n' % id,
    "latin": lambda id: b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"caf\xe9"}]}}\n' % id,
    "endless": lambda id: b'{"result":{"text":"' + b"x" * 5_000_000 + b'"},"jsonrpc":"2.0","id":%d}\n' % id,
    "empty": lambda id: b'{"jsonrpc":"2.0","id":%d}\n' % id,
    "deep": lambda id: b'{"jsonrpc":"2.0","id":%d,"result":' % id + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "halved": lambda id: b'{"jsonrpc":"2.0","id":%d,"result":{"content":' % id,
}
line = child = None
if "LINE" in os.environ:
    host, port = os.environ["LINE"].split(":")
    line = socket.create_connection((host, int(port)))
    child = subprocess.Popen(["sleep", "1000"], pass_fds=[line.fileno()], stdin=subprocess.DEVNULL)


def write(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def send(message):
    write(json.dumps({"jsonrpc": "2.0", **message}))


def told(name):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    return {"name": name, "description": f"Does {name}", "inputSchema": schema}


def many():
    """What a model could not be told: too many, too long, twice, and schemas that are none."""
    yield {**told("huge"), "inputSchema": {"type": "object", "description": "x" * 100_000}}
    yield {**told("text"), "inputSchema": {"type": "string"}}
    yield {**told("bare"), "inputSchema": {}}
    yield told("a.b/c d-é")
    yield told("a.b/c d-ü")
    yield told("")
    yield told("x" * 200)
    yield told("x" * 199 + "y")
    for number in range(10_000):
        yield told(f"t{number}")


def call(name, arguments):
    if name == "leave":
        os.close(0)
        return "gone"
    if name == "die":
        os._exit(1)
    if name == "hang":
        time.sleep(3600)
    if name == "pester":
        while True:
            send({"id": "p", "method": "ping"})
    if name == "babble":
        while True:
            send({"method": "notifications/message", "params": {"level": "info", "data": "hello"}})
    if name == "wait":
        line.send(b"w")
        line.recv(1)
        return "waited"
    if name == "flood":
        return "x" * 1_000_000
    if name == "burst":
        return "x" * 10_000_000
    if name == "change":
        tools.append("later")
        send({"method": "notifications/tools/list_changed"})
        return "there is more now"
    return f"{name}: {arguments.get('text')} {sorted(os.environ)}"


def odd_messages(id):
    """Of these none is an answer to anything."""
    write("Listening on standard input ...")
    write("")
    write("{")
    write("[]")
    write("null")
    send({"method": "notifications/message", "params": {"level": "info", "data": "hello"}})
    if id == 0:
        return
    write('{"jsonrpc": "2.0", "id": 0, "result": ' + "[" * 1000 + "]" * 1000 + "}")
    sys.stdout.buffer.write(b'{"jsonrpc": "2.0", "id": 0, "result": "\xff\xfe"}\n')
    write(json.dumps({"id": id}))
    write(json.dumps({"jsonrpc": "1.0", "id": id, "result": {}}))
    send({"id": 4711, "result": {"content": []}})
    send({"id": None, "error": {"code": -32700, "message": "what?"}})
    send({"method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}})
    send({"method": "notifications/unheard_of"})
    send({"id": "s1", "method": "ping"})
    send({"id": "s2", "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}})
    send({"id": "s3", "method": "roots/list"})
    send({"id": "s4", "method": "unheard/of"})


def answer(request):
    method, params = request["method"], request.get("params", {})
    if method == "initialize":
        about = {"name": "odd", "version": "1"}
        capabilities = {"tools": {"listChanged": True}}
        return {"result": {"protocolVersion": params["protocolVersion"], "capabilities": capabilities, "serverInfo": about}}
    if method == "tools/list" and mode == "many":
        return {"result": {"tools": list(many())}}
    if method == "tools/list" and mode == "endless":
        return {"result": {"tools": [], "nextCursor": "again"}}
    if method == "tools/list" and mode == "toolless":
        return {"error": {"code": -32601, "message": "no such method"}}
    if method == "tools/list":
        names = [*tools, "wait", "pester", "babble", *contents, *results, *written, "leave", "refused", "speechless", "telltale"] if mode in ("all", "deaf") else tools
        return {"result": {"tools": [told(name) for name in names]}}
    if method == "tools/call":
        name = params["name"]
        if name in contents:
            return {"result": {"content": contents[name]}}
        if name in results:
            return {"result": results[name]}
        if name == "refused":
            return {"error": {"code": -32000, "message": "not on a Sunday"}}
        if name == "telltale":
            return {"error": {"code": -32000, "message": "bad key " + os.environ["OWN"]}}
        if name == "speechless":
            return {"error": {"code": 7, "message": ""}}
        return {"result": {"content": [{"type": "text", "text": call(name, params.get("arguments", {}))}]}}
    return {"result": {}}


if mode == "silent":
    time.sleep(3600)
if mode == "brief":
    sys.exit(0)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "deaf":
    signal.signal(signal.SIGTERM, lambda *_: line.send(b"t"))
sys.stderr.write("started\n")
for text in sys.stdin:
    request = json.loads(text)
    if "method" not in request or "id" not in request:
        continue
    if mode == "odd":
        odd_messages(request["id"])
    name = request.get("params", {}).get("name")
    if name in written:
        sys.stdout.buffer.write(written[name](request["id"]))
        sys.stdout.flush()
        if name == "halved":
            break
        continue
    send({"id": request["id"], **answer(request)})
    if mode == "noisy" and request["method"] == "tools/list":
        while True:
            sys.stderr.write("x" * 1000 + "\n")
    if mode == "freezing" and request["method"] == "tools/call":
        time.sleep(3600)
if mode == "deaf":
    line.send(b"e")
if mode in ("stubborn", "deaf"):
    time.sleep(3600)
if child:
    child.kill()
