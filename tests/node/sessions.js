// What a client in Node does in one session; prints one JSON object: how often each gRPC status came back.
//
// node sessions.js barge_in|duplicates ADDRESS CHANNELS TIMES

import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HANG = JSON.stringify(["A start. ", { hang: true }]);
const NEXT = JSON.stringify(["Next."]);

const [play, address, channels, times] = process.argv.slice(2);
const definition = loader.loadSync("protos/streaming.proto", { includeDirs: [ROOT], keepCase: true });
const { StreamingService } = grpc.loadPackageDefinition(definition).streaming;
const clients = Array.from(
  { length: Number(channels) },
  () =>
    new StreamingService(address, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
);

const ask = (client, prompt) => client.StreamAudio({ prompt, session_id: "s", hardware_id: "mac" });
const admitted = (call) => new Promise((resolve) => call.once("metadata", resolve));
const ended = (call) =>
  new Promise((resolve) => {
    call.on("error", () => {}).on("data", () => {}).on("status", (status) => resolve(grpc.status[status.code]));
  });

// Ask, cancel and ask again at once; the next question comes over the next connection. Every other cancel may come before
// the request is admitted.
async function bargeIn() {
  const codes = [];
  for (let number = 0; number < Number(times); number += 1) {
    const call = ask(clients[0], HANG).on("error", () => {});
    if (number % 2) await admitted(call);
    await sleep(Math.random() * 3);
    call.cancel();
    codes.push(await ended(ask(clients.at(-1), NEXT)));
  }
  return codes;
}

// Ask again and again while a stream of the session runs.
async function duplicates() {
  const held = ask(clients[0], HANG).on("error", () => {});
  await admitted(held);
  const codes = [];
  while (codes.length < Number(times)) {
    codes.push(...(await Promise.all(Array.from({ length: 50 }, () => ended(ask(clients.at(-1), NEXT))))));
  }
  held.cancel();
  return codes;
}

const counts = {};
for (const code of await { barge_in: bargeIn, duplicates }[play]()) counts[code] = (counts[code] ?? 0) + 1;
console.log(JSON.stringify(counts));
clients.forEach((client) => client.close());
