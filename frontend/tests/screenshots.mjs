// Takes the pictures of the user guide: `make screenshots`, or `node frontend/tests/screenshots.mjs overview pod` for some of them.
// Each page of `support/pages.mjs` in both themes, as WebP, in docs/images.

import { mkdir, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { launchBrowser, openPage } from "./support/browser.mjs";
import { startDemo } from "./support/demo.mjs";
import { PAGES } from "./support/pages.mjs";
import { signIn } from "./support/suite.mjs";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const SIZE = { width: 1280, height: 800 };
/** Charts of a demo that has just begun would be empty. */
const HISTORY_MS = 180_000;
/** Blots of text begin below this, and files twice the size above it. */
const QUALITY = 72;

const wanted = process.argv.slice(2);
const pages = PAGES.filter(({ name, isInGuide = true }) => (wanted.length === 0 ? isInGuide : wanted.includes(name)));
// What is seen without a session comes first: afterwards there is one.
const inOrder = [...pages.filter((page) => page.signIn === false), ...pages.filter((page) => page.signIn !== false)];

/** What a page looks like once it is complete. Playwright knows no WebP; the browser does. */
async function picture(page) {
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  await devtools.detach();
  return Buffer.from(data, "base64");
}

const demo = await startDemo();
const browser = await launchBrowser();
try {
  console.log(`waiting ${HISTORY_MS / 60_000} minutes, so that charts have something to show`);
  await pause(HISTORY_MS);
  await mkdir(FOLDER, { recursive: true });
  for (const theme of ["light", "dark"]) {
    const { page, close } = await openPage(browser, { theme, ...SIZE });
    let isSignedIn = false;
    for (const { name, route, ready, signIn: needsSession = true } of inOrder) {
      // An address that differs in its fragment alone would not be loaded.
      await page.goto("about:blank");
      await page.goto(demo.url + route);
      if (needsSession && !isSignedIn) await signIn(page, demo.token);
      isSignedIn = needsSession;
      await ready(page);
      const file = `${name}-${theme}.webp`;
      const content = await picture(page);
      await writeFile(FOLDER + file, content);
      console.log(`${file.padEnd(40)} ${(content.length / 1000).toFixed(0).padStart(5)} kB`);
    }
    await close();
  }
} finally {
  await browser.close();
  await demo.stop();
}
