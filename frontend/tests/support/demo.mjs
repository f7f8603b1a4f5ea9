// Runs `crowsnest demo` in a folder of its own, on ports that the system picks.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const WORKSPACE = fileURLToPath(new URL("../../../", import.meta.url));

// The binary under test: that of the Rust tests, unless the environment names another.
export const BINARY =
  process.env.CROWSNEST_BINARY ??
  path.join(path.resolve(WORKSPACE, process.env.CARGO_TARGET_DIR ?? "target"), "debug/crowsnest");

// How long the demo may take to say where it is, and to have something to show. Generous: a shared machine may be busy
// with a compiler.
const START_DEADLINE_MS = 60_000;
const SAMPLES_DEADLINE_MS = 120_000;
const POLL_MS = 100;

// So many samples make a line, whatever step a page asks for by default.
const ENOUGH_SAMPLES = 5;

// Where `run.mjs` tells the test files which demo is theirs.
const SHARED = "CROWSNEST_TEST_DEMO";

/**
 * The demo of this run: the one that `run.mjs` has started, or one of the caller's own.
 *
 * @returns {Promise<{url: string, token: string, log: () => Promise<string>, stop: () => Promise<void>}>}
 */
export async function useSharedDemo() {
  const shared = process.env[SHARED];
  if (shared === undefined) return startDemo();
  return { ...(await openDemo(shared)), stop: async () => {} };
}

/** The environment that makes test files share the demo in `folder`. */
export function sharing(folder) {
  return { ...process.env, [SHARED]: folder };
}

/**
 * Starts a demo, with more flags if need be, and waits until this machine's samples are in it. `token` is that of an administrator where
 * the flags bring users.
 */
export async function startDemo({ flags = [], listen = "127.0.0.1:0", token } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "crowsnest-browser-"));
  const log = await open(logFile(folder), "w");
  const child = spawn(BINARY, ["demo", "--data-dir", folder, "--listen", listen, ...flags], {
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();

  let failure;
  child.once("error", (error) => (failure = `cannot run ${BINARY}: ${error.message}`));
  child.once("exit", (code, signal) => (failure = `the demo ended (${signal ?? code})`));

  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const until = async (what, deadline, attempt) => {
    const end = Date.now() + deadline;
    while (Date.now() < end && failure === undefined) {
      const result = await attempt();
      if (result !== undefined) return result;
      await pause(POLL_MS);
    }
    const said = await readFile(logFile(folder), "utf8");
    await stop();
    throw new Error(`${failure ?? `${what} took more than ${deadline} ms`}\n${said}`);
  };

  const told = await until("starting", START_DEADLINE_MS, () => openDemo(folder).catch(() => undefined));
  const demo = { ...told, token: token ?? told.token };
  try {
    await assertInterface(demo);
  } catch (error) {
    await stop();
    throw error;
  }
  await until("the first samples", SAMPLES_DEADLINE_MS, async () => {
    const samples = await countSamples(demo).catch(() => 0);
    return samples >= ENOUGH_SAMPLES ? samples : undefined;
  });
  return { ...demo, stop };
}

async function openDemo(folder) {
  const told = JSON.parse(await readFile(path.join(folder, "demo.json"), "utf8"));
  const { url, token, ca, kubeconfig, p12, viewer_token: viewerToken, p12_password: p12Password } = told;
  return { folder, url, token, viewerToken, ca, kubeconfig, p12, p12Password, log: () => readFile(logFile(folder), "utf8") };
}

// Beside the demo's own files, which never have this name.
function logFile(folder) {
  return path.join(folder, "browser-tests.log");
}

/** How many samples of this machine's load the demo has, asked with the token and with TLS verified. */
async function countSamples(demo) {
  const query = encodeURIComponent('count_over_time(node_load1{node="demo-1"}[10m])');
  const [series] = JSON.parse(await fetchText(demo, `api/v1/query?query=${query}`)).data.result;
  return Number(series?.value[1] ?? 0);
}

/** Fails where the server has no interface to show: every test would wait for it in vain. */
async function assertInterface(demo) {
  const page = await fetchText(demo, "");
  if (!page.includes("<script")) throw new Error(`${demo.url} is not the interface; is frontend/dist built?\n${page}`);
}

/** What an administrator gets, with TLS verified. */
export async function fetchText({ url, token, ca }, address) {
  const [status, text] = await new Promise((resolve, reject) => {
    const asked = get(
      new URL(address, url),
      { ca: readFileSync(ca), headers: { authorization: `Bearer ${token}` } },
      (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve([answer.statusCode, Buffer.concat(parts).toString()]));
      },
    );
    asked.on("error", reject);
  });
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return text;
}
