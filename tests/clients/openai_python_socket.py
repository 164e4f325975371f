"""An ordinary program that uses the OpenAI library's responses over a WebSocket: what it prints is compared whole.

Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
"""

import json

import openai

client = openai.OpenAI(max_retries=0)
model = "openclaw"
said = {}
tools = [
    {
        "type": "function",
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": False,
    }
]


def turn(connection, **request):
    """The response, or the error in its place; and the text as it came."""
    connection.response.create(model=model, store=False, **request)
    text = ""
    for event in connection:
        if event.type == "response.output_text.delta":
            text += event.delta
        if event.type == "error":
            return event, text
        if event.type in ("response.completed", "response.incomplete", "response.failed"):
            return event.response, text


with client.responses.connect() as connection:
    first, streamed = turn(connection, input="Say hello.")
    said["first"] = [first.output_text, first.status, first.usage.total_tokens]
    said["streamed"] = streamed

    asked, _ = turn(connection, input="How cold is it in Oslo?", tools=tools)
    outputs = [
        {
            "type": "function_call_output",
            "call_id": item.call_id,
            "output": json.loads(item.arguments)["city"] + ": -3",
        }
        for item in asked.output
        if item.type == "function_call"
    ]
    answered, _ = turn(connection, input=outputs, previous_response_id=asked.id, tools=tools)
    said["tool_loop"] = answered.output_text

    lost, _ = turn(connection, input="And now?", previous_response_id=first.id)
    said["lost"] = [lost.status, lost.error.code]

compacted = client.responses.compact(model=model, input=[{"role": "user", "content": "I am Ann."}])
said["compacted"] = [compacted.object, [item.type for item in compacted.output]]
window = [item.model_dump(exclude_none=True) for item in compacted.output]
chain = client.responses.create(model=model, input=window + [{"role": "user", "content": "Say hello."}])
said["new_chain"] = chain.output_text

try:
    with openai.OpenAI(api_key="wrong", max_retries=0).responses.connect() as connection:
        said["wrong_key"] = "let in"
except Exception as error:
    said["wrong_key"] = "401" in str(error)

print(json.dumps(said))
