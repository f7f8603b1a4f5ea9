// Runs all browser tests against one demo: `node frontend/tests/run.mjs`, or those of some files: `… run.mjs explore pages`.
// One file alone (`node --test FILE`) starts its own demo.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { sharing, startDemo } from "./support/demo.mjs";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "browser");
const wanted = process.argv.slice(2).map((name) => path.basename(name, ".mjs"));
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".mjs") && (wanted.length === 0 || wanted.includes(path.basename(name, ".mjs"))))
  .sort();

const demo = await startDemo();
try {
  const tests = spawn(
    process.execPath,
    // One file at a time: a browser and a server under test are enough for two processors.
    ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files.map((file) => path.join(folder, file))],
    { stdio: "inherit", env: sharing(demo.folder) },
  );
  const [code] = await once(tests, "exit");
  process.exitCode = code ?? 1;
} finally {
  await demo.stop();
}
