// A real Chromium, and pages that remember everything that went wrong on them.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

// Debian's, Ubuntu's, Google's; the environment can name another.
const EXECUTABLES = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

// Containers have no user namespaces for the sandbox and no graphics; the rest keeps the browser from calling home.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// The longest that one thing may take to appear. A busy machine is no failure.
export const PATIENCE_MS = 30_000;

/** `env` and `args` are more than what every test needs. */
export async function launchBrowser({ env = {}, args = [] } = {}) {
  const executablePath = EXECUTABLES.find((candidate) => candidate !== undefined && existsSync(candidate));
  assert.ok(executablePath, "no Chromium here: deploy/setup.sh test installs one, CHROMIUM names another");
  return chromium.launch({
    executablePath,
    args: [...ARGUMENTS, ...args],
    env: { ...process.env, ...env },
    headless: true,
  });
}

// How many times slower pages are to be than they would be: with 6, a test that does not wait for what it means fails here as it would on a busy
// machine.
const SLOWDOWN = Number(process.env.CROWSNEST_TEST_SLOWDOWN ?? 1);

/**
 * Opens a page in a context of its own: no cookie, storage or cache is shared with another page.
 *
 * Unless `trusting` is false, any certificate of a server will do. `script` names a file that is run before the page's own scripts, whatever its Content-Security-Policy says.
 *
 * @returns {Promise<{page: import("playwright-core").Page, complaints: string[], close: () => Promise<void>}>}
 */
export async function openPage(
  browser,
  { theme = "light", language = "en-GB", width = 1280, height = 800, script, headers, trusting = true } = {},
) {
  const context = await browser.newContext({
    // The demo's certificate is its own, which most browsers here do not know.
    ignoreHTTPSErrors: trusting,
    colorScheme: theme,
    locale: language,
    timezoneId: "Europe/London",
    viewport: { width, height },
    reducedMotion: "reduce",
    extraHTTPHeaders: headers,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  if (SLOWDOWN > 1) {
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  }
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  // Chromium logs violations to the console, too, but words them anew from time to time.
  await page.exposeFunction("reportViolation", (directive, blocked) => complaints.push(`csp: ${directive} ${blocked}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      globalThis.reportViolation(event.violatedDirective, event.blockedURI || event.sample),
    );
  });
  if (script !== undefined) await page.addInitScript({ path: script });
  return { page, complaints, close: () => context.close() };
}

// Asking who is signed in is answered 401 when nobody is, and Chromium notes that on the console.
export const NOT_SIGNED_IN = /status of 401 .*\/api\/crowsnest\/v1\/session/;

/** The page of an object that the test itself makes may be there first, and then waits for it. */
export function notThereYet(address) {
  const name = address.split("?")[0].split("/").pop() || "-";
  return new RegExp(`status of 404 .*/api/crowsnest/v1/objects/.*/${name}\\)`);
}

// The tests read canvases back, and Chromium advises whoever does that often.
const READ_BACK = /Canvas2D: Multiple readback operations/;

// A page that is left or loaded anew while its parts still come. One that never comes is missed by the test itself.
const LEFT_WHILE_LOADING = /TypeError: (Failed to fetch|WebAssembly compilation aborted: Network error)[^]*\/assets\/parts-/;

/** Fails with the list when the page complained of anything that the test does not expect. */
export function assertQuiet(complaints, expected = [NOT_SIGNED_IN]) {
  assert.deepEqual(
    complaints.filter((complaint) => ![READ_BACK, LEFT_WHILE_LOADING, ...expected].some((pattern) => pattern.test(complaint))),
    [],
  );
}
