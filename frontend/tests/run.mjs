// Runs all browser tests: `node frontend/tests/run.mjs`, or those of some files: `… run.mjs explore pages`.
// One file alone (`node --test FILE`) starts its own demo.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { sharing, startDemo } from "./support/demo.mjs";

// A test waits more than it computes: two files beside each other, each against a demo of its lane's own, keep two processors busy.
const LANES = Number(process.env.CROWSNEST_TEST_LANES ?? 2);

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "browser");
const wanted = process.argv.slice(2).map((name) => path.basename(name, ".mjs"));
const size = (name) => statSync(path.join(folder, name)).size;
// What takes longest comes first, so that no lane is left with it at the end; the size says roughly which that is.
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".mjs") && (wanted.length === 0 || wanted.includes(path.basename(name, ".mjs"))))
  .sort((a, b) => size(b) - size(a));

/** Runs files one after the other, as long as there are any; what a file says is printed as one piece. */
async function lane() {
  const demo = await startDemo();
  try {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const started = Date.now();
      const tests = spawn(process.execPath, ["--test", "--test-reporter=spec", path.join(folder, file)], {
        stdio: ["ignore", "pipe", "pipe"],
        env: sharing(demo.folder),
      });
      const said = [];
      for (const stream of [tests.stdout, tests.stderr]) stream.on("data", (part) => said.push(part));
      const [code] = await once(tests, "close");
      process.stdout.write(`\n${file}: ${Math.round((Date.now() - started) / 1000)} s\n${Buffer.concat(said)}`);
      if (code !== 0) process.exitCode = 1;
    }
  } finally {
    await demo.stop();
  }
}

const lanes = Array.from({ length: Math.min(LANES, files.length) }, lane);
for (const { status, reason } of await Promise.allSettled(lanes)) {
  if (status === "rejected") {
    console.error(reason);
    process.exitCode = 1;
  }
}
