"""An ordinary program that uses the OpenAI Agents SDK: what it prints is compared whole.

Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
"""

import asyncio
import json

from agents import Agent, Runner, function_tool, set_tracing_disabled
from pydantic import BaseModel

set_tracing_disabled(True)
model = "openclaw"


@function_tool
def weather(city: str) -> str:
    """The weather of a city, in degrees."""
    return f"{city}: -3"


class Person(BaseModel):
    name: str
    age: int


meteorologist = Agent(name="Meteorologist", instructions="Say how the weather is.", tools=[weather], model=model)
desk = Agent(name="Desk", instructions="Hand questions to whoever knows.", handoffs=[meteorologist], model=model)
clerk = Agent(name="Clerk", instructions="Say who people are.", output_type=Person, model=model)


async def main():
    said = {}
    question = "How is the weather in Oslo?"

    run = await Runner.run(meteorologist, question)
    said["tool"] = [run.final_output, [item.type for item in run.new_items]]

    # What a program does with a conversation that it keeps itself.
    talk = run.to_input_list() + [{"role": "user", "content": "Say hello."}]
    said["replayed"] = (await Runner.run(Agent(name="Plain", model=model), talk)).final_output

    run = Runner.run_streamed(meteorologist, question)
    deltas, items = [], []
    async for event in run.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            deltas.append(event.data.delta)
        if event.type == "run_item_stream_event":
            items.append(event.name)
    said["streamed"] = ["".join(deltas), run.final_output, items]

    run = await Runner.run(desk, question)
    said["handoff"] = [run.final_output, run.last_agent.name, [item.type for item in run.new_items]]

    run = await Runner.run(clerk, "Who is Ann?")
    said["structured"] = run.final_output.model_dump()

    said["tokens"] = run.context_wrapper.usage.total_tokens
    first = await Runner.run(clerk, "Who is Ann?")
    second = await Runner.run(clerk, "And again?", previous_response_id=first.last_response_id)
    said["continued"] = second.final_output.model_dump()
    print(json.dumps(said))


asyncio.run(main())
