"""An ordinary program that uses LangChain: what it prints is compared whole.

Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
"""

import json

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

model = ChatOpenAI(model="openclaw", max_retries=0, stream_usage=True)
said = {}

answer = model.invoke("Say hello.")
said["invoke"] = [answer.content, answer.response_metadata["finish_reason"], answer.usage_metadata["total_tokens"]]

whole = None
for chunk in model.stream("Say hello."):
    whole = chunk if whole is None else whole + chunk
said["stream"] = whole.content
said["stream_usage"] = whole.usage_metadata["total_tokens"]


@tool
def weather(city: str) -> str:
    """The weather of a city, in degrees."""
    return f"{city}: -3"


with_tools = model.bind_tools([weather])
talk = [HumanMessage("How is the weather in Oslo?")]
talk.append(with_tools.invoke(talk))
for call in talk[-1].tool_calls:
    talk.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
said["tool_loop"] = with_tools.invoke(talk).content

streamed = None
for chunk in with_tools.stream(talk[:1]):
    streamed = chunk if streamed is None else streamed + chunk
said["streamed_call"] = [[call["name"], call["args"]] for call in streamed.tool_calls]


class Person(BaseModel):
    name: str
    age: int


said["structured"] = model.with_structured_output(Person).invoke("Who is Ann?").model_dump()

vectors = OpenAIEmbeddings(model="mock/e1", check_embedding_ctx_length=False, max_retries=0)
said["embeddings"] = [len(vector) for vector in vectors.embed_documents(["alpha", "beta"])]

try:
    ChatOpenAI(model="openclaw/nobody", max_retries=0).invoke("Say hello.")
except openai.NotFoundError as error:
    said["unknown_agent"] = error.code

print(json.dumps(said))
