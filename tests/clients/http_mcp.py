"""An MCP server over streamable HTTP, made with the SDK of the protocol's authors. Asks for a bearer token.

Arguments: the token, the port (0: a free one), and where /away redirects to. Prints the port."""

import socket
import sys
import time

import uvicorn
from mcp.server import MCPServer
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

token, port, away = sys.argv[1], int(sys.argv[2]), sys.argv[3]
server = MCPServer("far")


@server.tool()
def greet(text: str) -> str:
    """Greets."""
    return f"good day, {text}"


@server.tool()
def dawdle(text: str) -> str:
    """Takes its time."""
    time.sleep(3600)
    return text


@server.tool()
def count() -> dict[str, int]:
    """Counts."""
    return {"one": 1}


class Door:
    """Lets in whoever has the token."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if headers.get(b"authorization") != f"Bearer {token}".encode():
                return await PlainTextResponse(f"no: {headers}", 401)(scope, receive, send)
        await self.app(scope, receive, send)


def redirect(path, to):
    methods = ["GET", "POST", "DELETE"]
    return Route(path, lambda _: RedirectResponse(to, 307), methods=methods)


app = server.streamable_http_app()
app.routes.extend([redirect("/moved", "/mcp"), redirect("/away", away), redirect("/round", "/round")])
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen()
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(Door(app), log_level="error", timeout_graceful_shutdown=0)
uvicorn.Server(config).run(sockets=[listener])
