/**
 * An ordinary program that uses the OpenAI library: what it prints is compared whole.
 * Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
 */
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ maxRetries: 0 });
const said = {};

said.models = [];
for await (const model of client.models.list()) said.models.push(model.id);
said.model = (await client.models.retrieve("openclaw/default")).id;

const model = "openclaw";
const question = [{ role: "user", content: "Say hello." }];
const answer = await client.chat.completions.create({ model, messages: question });
said.chat = [answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.total_tokens];

const stream = client.chat.completions.stream({ model, messages: question, stream_options: { include_usage: true } });
said.stream = "";
for await (const chunk of stream) said.stream += chunk.choices[0]?.delta.content ?? "";
said.stream_usage = (await stream.totalUsage()).total_tokens;

const vectors = await client.embeddings.create({ model: "mock/e1", input: ["alpha", "beta"] });
said.embeddings = vectors.data.map((item) => item.embedding.length);

const weather = {
  name: "weather",
  description: "The weather of a city, in degrees.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  parse: JSON.parse,
  function: ({ city }) => `${city}: -3`,
};
const talk = [{ role: "user", content: "How is the weather in Oslo?" }];
const tools = [{ type: "function", function: weather }];
said.tool_loop = await client.chat.completions.runTools({ model, messages: talk, tools }).finalContent();
said.streamed_tool_loop = await client.chat.completions
  .runTools({ model, messages: talk, tools, stream: true })
  .finalContent();

const Person = z.object({ name: z.string(), age: z.number() });
const parsed = await client.chat.completions.parse({
  model,
  messages: [{ role: "user", content: "Who is Ann?" }],
  response_format: zodResponseFormat(Person, "person"),
});
said.parsed = parsed.choices[0].message.parsed;

async function refused(request) {
  try {
    await request;
  } catch (error) {
    return [error.constructor.name, error.code];
  }
}
said.unknown_agent = await refused(client.chat.completions.create({ model: "openclaw/nobody", messages: question }));
said.wrong_key = await refused(client.withOptions({ apiKey: "wrong" }).models.list());

console.log(JSON.stringify(said));
