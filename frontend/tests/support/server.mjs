// A server without sign-in and without a cluster, for whoever brings samples and dashboards of their own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { BINARY } from "./demo.mjs";

const START_DEADLINE_MS = 60_000;

/**
 * `url` is for browsers (TLS, HTTP/2), `plain` for whoever pushes; `read` and `post` are for the server's own API; `store` keeps a dashboard and gives its uid.
 *
 * @returns {Promise<{url: string, plain: string, read: Function, post: Function, store: Function, stop: () => Promise<void>}>}
 */
export async function startServer(binary = BINARY) {
  const folder = await mkdtemp(path.join(tmpdir(), "crowsnest-server-"));
  const log = await open(path.join(folder, "log"), "w");
  const flags = ["serve", "--auth", "none", "--kube", "none", "--cluster-metrics", "none", "--data-dir", path.join(folder, "data")];
  const child = spawn(binary, [...flags, "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"], {
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const end = Date.now() + START_DEADLINE_MS;
  while (Date.now() < end && child.exitCode === null) {
    const told = await readFile(path.join(folder, "data/listen.json"), "utf8").then(JSON.parse).catch(() => undefined);
    if (told !== undefined) return { url: told.url, ...over(`http://${told.http_listen}/`), stop };
    await pause(50);
  }
  const said = await readFile(path.join(folder, "log"), "utf8");
  await stop();
  throw new Error(`the server does not start\n${said}`);
}

/** What is asked over plain HTTP. */
function over(plain) {
  const send = (method, where, json) => {
    const body = json === undefined ? "" : JSON.stringify(json);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const asked = request(new URL(`api/crowsnest/v1/${where}`, plain), { method, headers }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(parts) }));
      });
      asked.on("error", reject);
      asked.end(body);
    });
  };
  const done = (what, { status, body }) => {
    if (status !== 200) throw new Error(`${what}: ${status} ${body}`);
    return JSON.parse(body);
  };
  return {
    plain,
    post: (where, json) => send("POST", where, json),
    read: async (where) => done(where, await send("GET", where)),
    store: async (text) => done("the dashboard is not stored", await send("POST", "dashboards", { text, overwrite: true })).uid,
  };
}
