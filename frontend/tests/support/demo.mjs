// Runs `crowsnest demo` in a folder of its own, on ports that the system picks.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const WORKSPACE = fileURLToPath(new URL("../../../", import.meta.url));

// The binary under test: that of the Rust tests, unless the environment names another.
const BINARY =
  process.env.CROWSNEST_BINARY ??
  path.join(path.resolve(WORKSPACE, process.env.CARGO_TARGET_DIR ?? "target"), "debug/crowsnest");

// How long the demo may take to say where it is. Generous: a shared machine may be busy with a compiler.
const START_DEADLINE_MS = 60_000;
const POLL_MS = 50;

/**
 * Starts a demo and waits until it has written `demo.json`.
 *
 * @returns {Promise<{url: string, token: string, log: () => string, stop: () => Promise<void>}>}
 */
export async function startDemo() {
  const folder = await mkdtemp(path.join(tmpdir(), "crowsnest-browser-"));
  const output = [];
  const child = spawn(BINARY, ["demo", "--data-dir", folder, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (bytes) => output.push(bytes));
  child.stderr.on("data", (bytes) => output.push(bytes));
  const log = () => Buffer.concat(output).toString();

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

  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && failure === undefined) {
    const said = await readFile(path.join(folder, "demo.json"), "utf8").then(JSON.parse, () => undefined);
    if (said !== undefined) {
      return { url: said.url, token: said.token, log, stop };
    }
    await pause(POLL_MS);
  }
  await stop();
  throw new Error(`${failure ?? "the demo wrote no demo.json in time"}\n${log()}`);
}
