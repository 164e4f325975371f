/**
 * An ordinary program that uses the OpenAI library's responses: what it prints is compared whole.
 * Reads OPENAI_BASE_URL and OPENAI_API_KEY, as the library does.
 */
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ maxRetries: 0 });
const model = "openclaw";
const said = {};

const answer = await client.responses.create({
  model,
  instructions: "Be brief.",
  input: "Say hello.",
  metadata: { job: "7" },
});
said.created = [answer.output_text, answer.status, answer.usage.total_tokens, answer.metadata];

const stream = client.responses.stream({ model, input: "Say hello." });
said.streamed = "";
for await (const event of stream) if (event.type === "response.output_text.delta") said.streamed += event.delta;
const final = await stream.finalResponse();
said.final = [final.output_text, final.status, final.usage.total_tokens];

const Person = z.object({ name: z.string(), age: z.number() });
const format = zodTextFormat(Person, "person");
said.parsed = (await client.responses.parse({ model, input: "Who is Ann?", text: { format } })).output_parsed;
const parsing = client.responses.stream({ model, input: "Who is Ann?", text: { format } });
said.parsed_stream = (await parsing.finalResponse()).output_parsed;

said.retrieved = (await client.responses.retrieve(answer.id)).output_text;
said.input_items = [];
for await (const item of client.responses.inputItems.list(answer.id))
  said.input_items.push([item.role, item.content[0].text]);

const tools = [
  {
    type: "function",
    name: "weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
    strict: true,
  },
];
const outputs = (response) =>
  response.output
    .filter((item) => item.type === "function_call")
    .map((call) => ({
      type: "function_call_output",
      call_id: call.call_id,
      output: `${JSON.parse(call.arguments).city}: -3`,
    }));

const talk = [{ role: "user", content: "How is the weather in Oslo?" }];
const first = await client.responses.create({ model, input: talk, tools });
talk.push(...first.output, ...outputs(first));
said.tool_loop_replayed = (await client.responses.create({ model, input: talk, tools })).output_text;

const second = await client.responses.create({ model, previous_response_id: first.id, input: outputs(first), tools });
said.tool_loop_continued = [second.output_text, second.previous_response_id === first.id];

said.streamed_call = [];
for await (const event of client.responses.stream({ model, input: "How is the weather in Oslo?", tools }))
  if (event.type === "response.function_call_arguments.done") said.streamed_call.push(event.arguments);

const notes = Buffer.from("Secret word: marzipan\n").toString("base64");
const attached = await client.responses.create({
  model,
  input: [
    {
      role: "user",
      content: [
        { type: "input_file", filename: "notes.txt", file_data: `data:text/plain;base64,${notes}` },
        { type: "input_text", text: "What is the secret word?" },
      ],
    },
  ],
});
said.file = attached.output_text;

async function refused(request) {
  try {
    await request;
  } catch (error) {
    return [error.constructor.name, error.code, error.param];
  }
}
await client.responses.delete(answer.id);
said.deleted = (await refused(client.responses.retrieve(answer.id)))[0];
said.no_such_previous = await refused(
  client.responses.create({ model, input: "And now?", previous_response_id: answer.id }),
);

console.log(JSON.stringify(said));
