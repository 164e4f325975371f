"""An ordinary program that uses the OpenAI library: what it prints is compared whole.

Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
"""

import json

import openai
from pydantic import BaseModel

client = openai.OpenAI(max_retries=0)
said = {}

said["models"] = [model.id for model in client.models.list()]
said["model"] = client.models.retrieve("openclaw/default").id

question = [{"role": "user", "content": "Say hello."}]
answer = client.chat.completions.create(model="openclaw", messages=question)
said["chat"] = [answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.total_tokens]

stream = client.chat.completions.create(
    model="openclaw", messages=question, stream=True, stream_options={"include_usage": True}
)
pieces = [chunk for chunk in stream]
said["stream"] = "".join(chunk.choices[0].delta.content or "" for chunk in pieces if chunk.choices)
said["stream_usage"] = pieces[-1].usage.total_tokens

vectors = client.embeddings.create(model="mock/e1", input=["alpha", "beta"])
said["embeddings"] = [len(item.embedding) for item in vectors.data]

tools = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
talk = [{"role": "user", "content": "How is the weather in Oslo?"}]
first = client.chat.completions.create(model="openclaw", messages=talk, tools=tools).choices[0]
call = first.message.tool_calls[0]
talk.append(first.message)
talk.append({"role": "tool", "tool_call_id": call.id, "content": json.loads(call.function.arguments)["city"] + ": -3"})
said["tool_loop"] = client.chat.completions.create(model="openclaw", messages=talk, tools=tools).choices[0].message.content


class Person(BaseModel):
    name: str
    age: int


parsed = client.chat.completions.parse(
    model="openclaw", messages=[{"role": "user", "content": "Who is Ann?"}], response_format=Person
)
said["parsed"] = parsed.choices[0].message.parsed.model_dump()

try:
    client.chat.completions.create(model="openclaw/nobody", messages=question)
except openai.NotFoundError as error:
    said["unknown_agent"] = error.code
try:
    client.with_options(api_key="wrong").models.list()
except openai.AuthenticationError as error:
    said["wrong_key"] = error.code

print(json.dumps(said))
