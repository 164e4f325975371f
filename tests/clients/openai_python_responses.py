"""An ordinary program that uses the OpenAI library's responses: what it prints is compared whole.

Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
"""

import base64
import json

import openai
from pydantic import BaseModel

client = openai.OpenAI(max_retries=0)
model = "openclaw"
said = {}

answer = client.responses.create(model=model, instructions="Be brief.", input="Say hello.", metadata={"job": "7"})
said["created"] = [answer.output_text, answer.status, answer.usage.total_tokens, answer.metadata]

with client.responses.stream(model=model, input="Say hello.") as stream:
    said["streamed"] = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    final = stream.get_final_response()
said["final"] = [final.output_text, final.status, final.usage.total_tokens]


class Person(BaseModel):
    name: str
    age: int


parsed = client.responses.parse(model=model, input="Who is Ann?", text_format=Person)
said["parsed"] = parsed.output_parsed.model_dump()
with client.responses.stream(model=model, input="Who is Ann?", text_format=Person) as stream:
    said["parsed_stream"] = stream.get_final_response().output_parsed.model_dump()

said["retrieved"] = client.responses.retrieve(answer.id).output_text
items = client.responses.input_items.list(answer.id)
said["input_items"] = [[item.role, item.content[0].text] for item in items]

tools = [
    {
        "type": "function",
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    }
]


def outputs(response):
    calls = [item for item in response.output if item.type == "function_call"]
    return [
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": json.loads(call.arguments)["city"] + ": -3",
        }
        for call in calls
    ]


talk = [{"role": "user", "content": "How is the weather in Oslo?"}]
first = client.responses.create(model=model, input=talk, tools=tools)
talk += first.output
talk += outputs(first)
said["tool_loop_replayed"] = client.responses.create(model=model, input=talk, tools=tools).output_text

second = client.responses.create(
    model=model, previous_response_id=first.id, input=outputs(first), tools=tools
)
said["tool_loop_continued"] = [second.output_text, second.previous_response_id == first.id]

with client.responses.stream(model=model, input="How is the weather in Oslo?", tools=tools) as stream:
    called = [event.arguments for event in stream if event.type == "response.function_call_arguments.done"]
said["streamed_call"] = called

notes = base64.b64encode(b"Secret word: marzipan\n").decode()
attached = client.responses.create(
    model=model,
    input=[
        {
            "role": "user",
            "content": [
                {"type": "input_file", "filename": "notes.txt", "file_data": f"data:text/plain;base64,{notes}"},
                {"type": "input_text", "text": "What is the secret word?"},
            ],
        }
    ],
)
said["file"] = attached.output_text

client.responses.delete(answer.id)
try:
    client.responses.retrieve(answer.id)
except openai.NotFoundError as error:
    said["deleted"] = error.status_code
try:
    client.responses.create(model=model, input="And now?", previous_response_id=answer.id)
except openai.BadRequestError as error:
    said["no_such_previous"] = [error.code, error.param]

print(json.dumps(said))
