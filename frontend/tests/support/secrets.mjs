// What lets somebody in must be in nothing that is kept, told or shown.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { fetchText } from "./demo.mjs";

// The demo's own credentials, which it keeps for whoever runs it.
const OWN = new Set(["demo", "demo.json"]);
// Where it says them once, on its terminal.
const SAID = /^ +(Token|Viewer) .*$|^ +\(password .*$/gm;
// What tells much, or everything.
const TOLD = ["metrics", "api/v1/series?match[]=%7B__name__%3D~%22.%2B%22%7D", "api/v1/status/flags", "api/v1/status/config"];

/** The cookies that the tests of this file have seen. */
const cookies = new Set();

/** The demo's credentials, and those that its visitors got. */
const secretsOf = (demo) => [demo.token, demo.viewerToken, demo.p12Password, ...cookies].filter((secret) => secret !== undefined);

function assertWithout(demo, where, text) {
  for (const secret of secretsOf(demo)) {
    assert.ok(!text.includes(secret), `${where} holds a secret that begins with ${secret.slice(0, 12)}`);
  }
}

/** A page that somebody uses: its address, what scripts can store, and what it has written on the console. */
export async function assertPageKeepsNone(demo, page, complaints) {
  for (const { value } of await page.context().cookies()) cookies.add(value);
  const shown = await page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie, history.state]));
  assertWithout(demo, "the browser", [shown, ...complaints].join("\n"));
}

/** Everything that the server of a demo has written, logged and measured. */
export async function assertServerKeepsNone(demo) {
  const files = await readdir(demo.folder, { recursive: true, withFileTypes: true });
  for (const file of files.filter((file) => file.isFile())) {
    const name = path.relative(demo.folder, path.join(file.parentPath ?? file.path, file.name));
    if (OWN.has(name.split(path.sep)[0])) continue;
    // Files come and go while the store is at work.
    const text = await readFile(path.join(demo.folder, name), "latin1").catch(() => "");
    assertWithout(demo, name, text.replaceAll(SAID, ""));
  }
  for (const address of TOLD) assertWithout(demo, address, await fetchText(demo, address));
}
