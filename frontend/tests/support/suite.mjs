// What every file of browser tests has: a demo, a browser, and a test function that hands out signed-in pages.

import { after, before, test } from "node:test";

import { assertQuiet, launchBrowser, NOT_SIGNED_IN, notThereYet, openPage } from "./browser.mjs";
import { startDemo, useSharedDemo } from "./demo.mjs";
import { assertPageKeepsNone, assertServerKeepsNone } from "./secrets.mjs";

// A stuck test must not hold up the run.
const TIMEOUT_MS = 180_000;

/** What the tests of the calling file share; set before the first one runs. */
export const shared = { demo: undefined, browser: undefined };

/**
 * Call once at the top of a file. With `flags` the demo is one of the file's own, with `token` for its administrator where they bring
 * users. `prepare` comes after its start, and gives back what is to be done before its end.
 */
export function useDemo({ flags, token, prepare } = {}) {
  let undo;
  before(async () => {
    shared.demo = await (flags === undefined ? useSharedDemo() : startDemo({ flags, token }));
    shared.browser = await launchBrowser();
    undo = await prepare?.();
  });
  after(async () => {
    await undo?.();
    await shared.browser?.close();
    try {
      if (shared.demo !== undefined) await assertServerKeepsNone(shared.demo);
    } finally {
      await shared.demo?.stop();
    }
  });
}

/**
 * A test with a page at the demo's address, signed in unless `signIn` is false.
 *
 * Afterwards the page must have been quiet: no console error or warning, no uncaught exception, no violation of the
 * Content-Security-Policy; and nothing that lets somebody in may be left anywhere. `expected` adds patterns of what the test provokes on purpose.
 */
export function pageTest(name, options, body) {
  const { signIn: signedIn = true, expected = [], url = () => shared.demo.url, ...more } = options;
  const { browser = () => shared.browser, headers, skip = false, ...pageOptions } = more;
  test(name, { timeout: TIMEOUT_MS, skip }, async (t) => {
    const { page, complaints, close } = await openPage(await browser(), { ...pageOptions, headers: headers?.() });
    try {
      const address = await url();
      // On another way to the server, the session must be of that way.
      const isDirect = address.startsWith(shared.demo.url);
      if (signedIn && isDirect) await bringSession(page);
      await page.goto(address);
      if (signedIn && !isDirect) await signIn(page, shared.demo.token);
      if (signedIn) await page.getByRole("navigation", { name: "Main" }).waitFor();
      await body(page, t);
      await assertPageKeepsNone(shared.demo, page, complaints);
      assertQuiet(complaints, [NOT_SIGNED_IN, notThereYet(address), ...expected]);
    } catch (error) {
      // What people would look at first.
      await page.screenshot({ path: screenshotPath(`failed-${name.replaceAll(/[^a-zA-Z0-9]+/g, "-")}`) }).catch(() => {});
      if (complaints.length > 0) t.diagnostic(`the page complained: ${complaints.join("; ")}`);
      throw error;
    } finally {
      await close();
    }
  });
}

/** A session as somebody has who signed in before; how one signs in is shown elsewhere, once, and not by every test. */
async function bringSession(page) {
  const { origin } = new URL(shared.demo.url);
  const answer = await page.request.post(new URL("api/crowsnest/v1/session", shared.demo.url).href, {
    data: { token: shared.demo.token },
    headers: { origin, "sec-fetch-site": "same-origin" },
  });
  if (!answer.ok()) throw new Error(`no session: ${answer.status()} ${await answer.text()}`);
}

/** The address of a route of the demo, once there is one. */
export const at = (route) => () => shared.demo.url + route;

/** Signs in on the sign-in page and waits for the shell. English only, as all tests start in it. */
export async function signIn(page, token) {
  await page.getByLabel("Bearer token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Sign in with token" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
}

/** Where a picture called `name` belongs. */
export function screenshotPath(name) {
  return new URL(`../../../target/screenshots/${name}.png`, import.meta.url).pathname;
}
