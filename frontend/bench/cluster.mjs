// A large simulated cluster and a server that looks at it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { WORKSPACE } from "../tests/support/demo.mjs";

const FOLDER = process.env.CROWSNEST_BENCH_BINARIES ?? path.join(WORKSPACE, "target/release");
// Requests to the API server at once.
const AT_ONCE = 16;
const DEADLINE_MS = 600_000;
const SETTLED_SECONDS = 5;

/**
 * Starts both and waits until all pods are scheduled and the events are there.
 *
 * @returns {Promise<{url: string, token: string, pods: number, server: import("node:child_process").ChildProcess, change: (perSecond: number) => () => Promise<number>, stop: () => Promise<void>}>}
 */
export async function startCluster({ nodes, pods, events }) {
  const folder = await mkdtemp(path.join(tmpdir(), "crowsnest-bench-"));
  const children = [];
  const stop = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const simulated = spawn(path.join(FOLDER, "examples/serve"), ["0", String(nodes), String(pods)], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(simulated);
    const kubeconfig = await printed(simulated);
    const kubeconfigFile = path.join(folder, "kubeconfig");
    await writeFile(kubeconfigFile, kubeconfig);
    const api = apiOf(kubeconfig);
    const account = "/api/v1/namespaces/crowsnest/serviceaccounts/admin-user/token";
    const { status } = await api("POST", account, {});
    const there = await scheduled(api, pods);
    await makeEvents(api, events);

    const port = await freePort();
    const log = await open(path.join(folder, "log"), "w");
    const flags = ["serve", "--auth", "kube", "--kubeconfig", kubeconfigFile, "--data-dir", path.join(folder, "data"), "--listen", `127.0.0.1:${port}`];
    const server = spawn(path.join(FOLDER, "crowsnest"), [...flags, "--cluster-metrics", "none"], { stdio: ["ignore", log.fd, log.fd] });
    children.push(server);
    const url = `https://127.0.0.1:${port}/`;
    await log.close();
    await answers(url, () => readFile(path.join(folder, "log"), "utf8"));
    return { url, token: status.token, pods: there, server, change: (perSecond) => changing(api, perSecond), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The kubeconfig that the simulated API server prints once it listens. */
function printed(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the simulated API server ended (${code})`)));
    child.stdout.on("data", (part) => {
      text += part;
      if (text.includes("namespace:") && text.endsWith("\n")) resolve(text);
    });
  });
}

function apiOf(kubeconfig) {
  const field = (name) => new RegExp(`${name}: *"?([^"\\s]+)"?`).exec(kubeconfig)[1];
  const pem = (name) => Buffer.from(field(name), "base64");
  const [ca, cert, key] = [pem("certificate-authority-data"), pem("client-certificate-data"), pem("client-key-data")];
  const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: AT_ONCE });
  const server = field("server");
  return (method, where, body, type = "application/json") =>
    new Promise((resolve, reject) => {
      const asked = request(new URL(where, server), { method, agent, headers: { "content-type": type } }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const said = Buffer.concat(parts).toString();
          if (answer.statusCode >= 300) reject(new Error(`${method} ${where}: ${answer.statusCode} ${said.slice(0, 200)}`));
          else resolve(said === "" ? undefined : JSON.parse(said));
        });
      });
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

/** Waits until the scheduler has nothing more to do: for so many seconds as many pods run. */
async function scheduled(api, pods) {
  const end = Date.now() + DEADLINE_MS;
  let [before, same, there] = [0, 0, 0];
  while (same < SETTLED_SECONDS) {
    if (Date.now() > end) throw new Error("the pods were not scheduled in time");
    await pause(1000);
    const list = await api("GET", "/api/v1/pods");
    const now = list.items.filter((pod) => pod.status?.phase === "Running").length;
    same = now === before && list.items.length >= pods * 0.5 ? same + 1 : 0;
    [before, there] = [now, list.items.length];
  }
  return there;
}

/** Makes so many events, in place of those that the pods' beginnings have left. */
async function makeEvents(api, count) {
  const { items } = await api("GET", "/api/v1/pods?limit=500");
  const namespaces = await api("GET", "/api/v1/namespaces");
  for (const { metadata } of namespaces.items) await api("DELETE", `/api/v1/namespaces/${metadata.name}/events`);
  const one = (number) => {
    const { name, namespace, uid } = items[number % items.length].metadata;
    const at = new Date().toISOString().replace(/\.\d+Z/, "Z");
    return api("POST", `/api/v1/namespaces/${namespace}/events`, {
      metadata: { name: `bench.${number}`, namespace },
      involvedObject: { kind: "Pod", apiVersion: "v1", name, namespace, uid },
      reason: number % 7 === 0 ? "BackOff" : "Pulled",
      type: number % 7 === 0 ? "Warning" : "Normal",
      message: `Container image "registry.example.org/app:${number}" already present on machine`,
      source: { component: "kubelet" },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    });
  };
  await inParallel(count, one);
}

async function inParallel(count, one) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await one(next - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Changes pods, evenly over each second, until it is stopped; stopping gives the number of changes. */
function changing(api, perSecond) {
  let [made, over] = [0, false];
  const change = async (pod, number) => {
    const patch = { metadata: { labels: { "example.org/bench": String(number) } } };
    await api("PATCH", `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`, patch, "application/merge-patch+json");
    made += 1;
  };
  const run = async () => {
    const { items } = await api("GET", "/api/v1/pods?limit=500");
    const pods = items.map((pod) => pod.metadata);
    const begun = Date.now();
    for (let number = 0; !over; number += 1) {
      const due = begun + (number * 1000) / perSecond;
      if (due > Date.now()) await pause(due - Date.now());
      change(pods[number % pods.length], number).catch(() => {});
    }
  };
  const running = run();
  return async () => {
    over = true;
    await running;
    return made;
  };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const socket = createServer();
    socket.on("error", reject);
    socket.listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

async function answers(url, log) {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const isThere = await new Promise((resolve) => {
      const asked = request(new URL("readyz", url), { rejectUnauthorized: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      });
      asked.on("error", () => resolve(false));
      asked.end();
    });
    if (isThere) return;
    await pause(100);
  }
  throw new Error(`the server does not answer\n${await log()}`);
}
