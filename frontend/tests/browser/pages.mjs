// Every page, in both themes and on a narrow screen: accessible, inside its width, and pictured for people to look at.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { PAGES } from "../support/pages.mjs";
import { pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Violations of WCAG 2.2 AA and of axe's best practices, one line each. */
async function violations(page) {
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.target} ${node.any.map((check) => check.message)}`).join(" | ")}`,
  );
}

/** Whether everything is inside the screen's width. */
async function assertFits(page) {
  const { content, screen } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert.ok(content <= screen, `${content} pixels of content on ${screen} of screen`);
}

for (const { name, route, ready, ...options } of PAGES) {
  const url = () => shared.demo.url + route;
  pageTest(`${name} is accessible in both themes, and fits 390 pixels in both languages`, { ...options, url, script: AXE, width: 1440, height: 1240 }, async (page) => {
    await ready(page);
    for (const theme of ["light", "dark"]) {
      // As when the evening comes: the page stays.
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.locator(`html[data-theme=${theme}]`).waitFor();
      await page.screenshot({ path: screenshotPath(`${name}-${theme}`), fullPage: true });
      assert.deepEqual(await violations(page), [], theme);
    }
    // As when a window is made narrow; then as on a telephone, from the start.
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: screenshotPath(`${name}-390-en`), fullPage: true });
    await assertFits(page);
    await page.evaluate(() => localStorage.setItem("crowsnest.lang", "ko"));
    await page.reload();
    await page.locator("html[lang=ko]").waitFor();
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.screenshot({ path: screenshotPath(`${name}-390-ko`), fullPage: true });
    await assertFits(page);
  });
}
