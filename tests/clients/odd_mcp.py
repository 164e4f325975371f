"""An MCP server over standard input and output that misbehaves as it is told; the protocol written by hand."""

import json
import os
import sys
import time

tools = ["echo", "exec", "die", "hang", "flood", "burst", "change", "no space"]


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def told(name):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    return {"name": name, "description": f"Does {name}", "inputSchema": schema}


def call(name, arguments):
    if name == "die":
        os._exit(1)
    if name == "hang":
        time.sleep(3600)
    if name == "flood":
        return "x" * 1_000_000
    if name == "burst":
        return "x" * 10_000_000
    if name == "change":
        tools.append("later")
        send({"method": "notifications/tools/list_changed"})
        return "there is more now"
    return f"{name}: {arguments.get('text')} {sorted(os.environ)}"


if sys.argv[1:] == ["silent"]:
    time.sleep(3600)
sys.stderr.write("started\n")
for line in sys.stdin:
    request = json.loads(line)
    method, params = request.get("method"), request.get("params", {})
    if method == "initialize":
        version = params["protocolVersion"]
        about = {"name": "odd", "version": "1"}
        result = {"protocolVersion": version, "capabilities": {"tools": {"listChanged": True}}, "serverInfo": about}
    elif method == "tools/list":
        result = {"tools": [told(name) for name in tools]}
    elif method == "tools/call":
        text = call(params["name"], params.get("arguments", {}))
        result = {"content": [{"type": "text", "text": text}]}
    elif "id" not in request:
        continue
    else:
        result = {}
    send({"id": request["id"], "result": result})
