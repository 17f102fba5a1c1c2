// Calls functions of aecore/live's JavaScript for the tests: one JSON request a line, one JSON answer a line.
// A request is {module, name, args}, the module as an address; an argument {$network: {layers, bytes, dtype, latentDim}} becomes a network.
import { createInterface } from "node:readline";

const { compile } = await import(process.argv[2]);

/** Bytes as a view at an odd offset, as a page may get them. */
function viewOf(base64) {
  const bytes = Buffer.from(base64, "base64");
  const room = new ArrayBuffer(bytes.length + 3);
  new Uint8Array(room, 3).set(bytes);
  return new DataView(room, 3, bytes.length);
}

function revive(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(revive);
  if ("$bytes" in value) return viewOf(value.$bytes);
  if ("$floats" in value) return Float32Array.from(value.$floats);
  if ("$network" in value) {
    const { layers, bytes, dtype, latentDim } = value.$network;
    return compile(layers, viewOf(bytes), dtype, latentDim);
  }
  if ("$labels" in value) return Uint8Array.from(value.$labels);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

const networks = new Map();

async function answer({ module, name, args, network, codes, batch }) {
  const exported = await import(module);
  if (network) {
    const key = JSON.stringify(network);
    if (!networks.has(key)) {
      const { layers, bytes, dtype, latentDim } = network;
      networks.clear();
      networks.set(key, exported.compile(layers, viewOf(bytes), dtype, latentDim));
    }
    return Array.from(networks.get(key).decode(codes, batch));
  }
  const result = exported[name](...args.map(revive));
  return ArrayBuffer.isView(result) ? Array.from(result) : result;
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = { result: await answer(JSON.parse(line)) };
  } catch (error) {
    reply = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
