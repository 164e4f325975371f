/** An ordinary program that uses the Vercel AI SDK: what it prints is compared whole. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const openclaw = createOpenAICompatible({
  name: "openclaw",
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: process.env.OPENAI_API_KEY,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const model = openclaw("openclaw");
const prompt = "Say hello.";
const said = {};

const answer = await generateText({ model, prompt, maxRetries: 0 });
said.text = [answer.text, answer.finishReason, answer.usage.totalTokens];

const stream = streamText({ model, prompt, maxRetries: 0 });
said.stream = "";
for await (const piece of stream.textStream) said.stream += piece;
said.stream_usage = (await stream.usage).totalTokens;

const weather = tool({
  description: "The weather of a city, in degrees.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `${city}: -3`,
});
const question = { model, prompt: "How is the weather in Oslo?", tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0 };
said.tool_loop = (await generateText(question)).text;
said.streamed_tool_loop = await streamText(question).text;

const person = await generateText({
  model,
  prompt: "Who is Ann?",
  output: Output.object({ schema: z.object({ name: z.string(), age: z.number() }) }),
  maxRetries: 0,
});
said.object = person.output;

const vectors = await embedMany({ model: openclaw.embeddingModel("mock/e1"), values: ["alpha", "beta"], maxRetries: 0 });
said.embeddings = vectors.embeddings.map((vector) => vector.length);

try {
  await generateText({ model: openclaw("openclaw/nobody"), prompt, maxRetries: 0 });
} catch (error) {
  said.unknown_agent = [error.statusCode, error.data.error.code];
}

console.log(JSON.stringify(said));
