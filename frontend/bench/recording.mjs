// Recorded pages of one node exporter, pushed by remote write as those of many nodes.

import { Agent, request } from "node:http";
import { gunzipSync } from "node:zlib";

import { corpusFile } from "../tests/support/corpus.mjs";

export const STEP_MS = 15_000;
// Samples of a series in one push, and pushes at once.
const TICKS_A_PUSH = 60;
const AT_ONCE = 4;

/** The recording as so many nodes. Counters go on where it begins anew, and each node is at another place of it. */
export class Recording {
  constructor(nodes) {
    this.nodes = nodes;
    const text = gunzipSync(corpusFile("capture/node_exporter.capture.gz")).toString();
    const pages = text.split(/^###.*\n/m).slice(1);
    const numbers = new Map();
    /** Values by series and page; `undefined` where a page lacks the series. */
    this.values = [];
    this.pages = pages.length;
    pages.forEach((page, at) => {
      for (const line of page.split("\n")) {
        const space = line.lastIndexOf(" ");
        if (space < 0) continue;
        const name = line.slice(0, space);
        if (!numbers.has(name)) {
          numbers.set(name, this.values.length);
          this.values.push(new Array(pages.length));
        }
        this.values[numbers.get(name)][at] = Number(line.slice(space + 1));
      }
    });
    this.growth = this.values.map((values) => {
      const known = values.filter((value) => value !== undefined);
      return known.every((value, at) => at === 0 || value >= known[at - 1]) ? known.at(-1) - known[0] : 0;
    });
    const of = (node) => [...numbers.keys()].map((name) => labels(name, node));
    this.labels = Array.from({ length: nodes }, (_, node) => of(node));
  }

  /** Pushes the ticks from `first` to `last` of all nodes; tick 0 is at `start`. Gives the number of samples. */
  async push(url, start, first, last) {
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    let samples = 0;
    for (let tick = first; tick <= last; tick += TICKS_A_PUSH) {
      const ticks = [tick, Math.min(last, tick + TICKS_A_PUSH - 1)];
      for (let node = 0; node < this.nodes; node += AT_ONCE) {
        const some = Array.from({ length: Math.min(AT_ONCE, this.nodes - node) }, (_, more) => node + more);
        const bodies = some.map((node) => this.body(node, start, ...ticks));
        samples += bodies.reduce((sum, body) => sum + body.samples, 0);
        await Promise.all(bodies.map((body) => post(url, agent, literal(body.bytes))));
      }
    }
    agent.destroy();
    return samples;
  }

  /** A `WriteRequest` with some ticks of one node. */
  body(node, start, first, last) {
    const out = new Bytes();
    const shift = Math.floor((node * this.pages) / this.nodes);
    let samples = 0;
    this.values.forEach((values, series) => {
      const one = new Bytes(this.labels[node][series]);
      for (let tick = first; tick <= last; tick += 1) {
        const place = tick + shift;
        const value = values[place % this.pages];
        if (value === undefined) continue;
        samples += 1;
        one.sample(value + Math.floor(place / this.pages) * this.growth[series], start + tick * STEP_MS);
      }
      out.field(0x0a, one.done());
    });
    return { bytes: out.done(), samples };
  }
}

/** The labels of one series as a `TimeSeries` message has them. */
function labels(text, node) {
  const [name, rest = ""] = text.split(/\{(.*)\}$/);
  const pairs = new Map([["__name__", name], ...[...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])]);
  const number = String(node).padStart(4, "0");
  if (pairs.has("nodename")) pairs.set("nodename", `node-${number}`);
  pairs.set("job", "node-exporter").set("instance", `node-${number}:9100`);
  const out = new Bytes();
  for (const [label, value] of [...pairs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const pair = new Bytes();
    pair.field(0x0a, Buffer.from(label));
    pair.field(0x12, Buffer.from(value));
    out.field(0x0a, pair.done());
  }
  return out.done();
}

/** Bytes of a protobuf message that grows. */
class Bytes {
  constructor(begin = Buffer.alloc(0)) {
    this.buffer = Buffer.allocUnsafe(begin.length + 2048);
    begin.copy(this.buffer);
    this.length = begin.length;
  }

  room(bytes) {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe((this.length + bytes) * 2);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  varint(value) {
    this.room(10);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.buffer[this.length++] = (rest % 0x80) | 0x80;
    this.buffer[this.length++] = rest;
  }

  field(key, bytes) {
    this.varint(key);
    this.varint(bytes.length);
    this.room(bytes.length);
    bytes.copy(this.buffer, this.length);
    this.length += bytes.length;
  }

  /** A `Sample` as field 2: its value, then its time, which takes six bytes in these years. */
  sample(value, at) {
    this.varint(0x12);
    this.varint(16);
    this.varint(0x09);
    this.room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
    this.varint(0x10);
    this.varint(at);
  }

  done() {
    return this.buffer.subarray(0, this.length);
  }
}

/** Snappy's form of some bytes without looking for what repeats. */
function literal(bytes) {
  const out = new Bytes();
  out.varint(bytes.length);
  for (let at = 0; at < bytes.length; at += 65_536) {
    const part = bytes.subarray(at, at + 65_536);
    out.room(part.length + 3);
    out.length = out.buffer.writeUInt8(0xf4, out.length);
    out.length = out.buffer.writeUInt16LE(part.length - 1, out.length);
    part.copy(out.buffer, out.length);
    out.length += part.length;
  }
  return out.done();
}

function post(url, agent, body) {
  const headers = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
    "content-length": body.length,
  };
  return new Promise((resolve, reject) => {
    const asked = request(new URL("api/v1/write", url), { method: "POST", agent, headers }, (answer) => {
      let said = "";
      answer.on("data", (part) => (said += part));
      answer.on("end", () => (answer.statusCode < 300 ? resolve() : reject(new Error(`push: ${answer.statusCode} ${said.slice(0, 300)}`))));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
