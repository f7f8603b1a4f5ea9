// What is exported is what Grafana's own types say that a dashboard is.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { corpusDashboards } from "../support/corpus.mjs";
import { startServer } from "../support/server.mjs";

// Below it the compiler finds the types.
const FRONTEND = fileURLToPath(new URL("../../", import.meta.url));
const COMPILER = path.join(FRONTEND, "node_modules/typescript/bin/tsc");
const OPTIONS = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext", "--target", "es2022"];

// JSON has no enumerations of TypeScript's, but their values; and there may be more fields than the types know.
const HEAD = `import type { Dashboard } from "@grafana/schema";
type Json<T> = T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends (infer One)[] ? Json<One>[]
  : T extends object ? { [Name in keyof T]: Json<T[Name]> } & { [more: string]: unknown }
  : T;
`;
// What is wrong has to be found, or nothing is checked.
const WRONG = [
  "{ title: 5, schemaVersion: 42 }",
  '{ schemaVersion: 42, panels: [{ type: "stat", gridPos: { x: "0", y: 0, w: 1, h: 1 } }] }',
  '{ schemaVersion: 42, panels: [{ type: "stat", fieldConfig: { defaults: { color: { mode: "no-such-mode" } }, overrides: [] } }] }',
];

test("exports of real dashboards and of our own are dashboards by the types that Grafana publishes", { timeout: 180_000 }, async () => {
  const server = await startServer();
  const exported = [];
  try {
    for (const [name, text] of corpusDashboards()) exported.push([name, await server.store(text)]);
    const { dashboards } = await server.read("dashboards");
    for (const { uid, source } of dashboards) if (source === "built_in") exported.push([uid, uid]);
    assert.ok(exported.length >= 9, "our own are there at least");
    for (const one of exported) one.push((await server.read(`dashboards/${one[1]}`)).dashboard);
  } finally {
    await server.stop();
  }
  const constants = exported.map(([name, , json], at) => `// ${name}\nexport const board${at}: Json<Dashboard> = ${JSON.stringify(json, undefined, 1)};\n`);
  const wrong = WRONG.map((text, at) => `// @ts-expect-error\nexport const wrong${at}: Json<Dashboard> = ${text};\n`);
  const folder = await mkdtemp(path.join(FRONTEND, "node_modules/.exports-"));
  try {
    const file = path.join(folder, "boards.ts");
    await writeFile(file, [HEAD, ...constants, ...wrong].join("\n"));
    await promisify(execFile)(process.execPath, [COMPILER, ...OPTIONS, file]).catch((error) => assert.fail(error.stdout));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
