// Who is told of alerts, typed where no file says it.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { at, pageTest, screenshotPath, useDemo } from "../support/suite.mjs";

useDemo({ flags: ["--provisioning", mkdtempSync(path.join(tmpdir(), "crowsnest-routing-"))] });

const GOOD = "route: {receiver: nobody-yet}\nreceivers: [{name: nobody-yet}]\n";
const text = (page) => page.getByRole("textbox", { name: /^Configuration/ });
const save = (page) => page.getByRole("button", { name: "Save" }).click();

// What is wrong is answered 400, and Chromium notes that on the console.
const REFUSED = /status of 400 .*\/api\/crowsnest\/v1\/routing/;

pageTest("what is typed is checked, counts, is changed and taken away", { url: at("#/alerts?view=routing"), expected: [REFUSED] }, async (page) => {
  // There is something to begin with.
  assert.match(await text(page).inputValue(), /receiver: team/);
  await text(page).fill("route: {receiver: other}\nreceivers: [{name: team}]\n");
  await save(page);
  await page.getByText(/undefined receiver/).waitFor();
  await text(page).fill("route: {receiver: a}\nreceivers: [{name: a, pushover_configs: [{user_key: u, token: t}]}]\n");
  await save(page);
  await page.getByText(/is a secret/).waitFor();
  await text(page).fill(GOOD);
  await save(page);
  await page.getByText("Who is told of alerts is saved").first().waitFor();
  await page.reload();
  await page.waitForFunction((good) => document.querySelector("textarea")?.value === good, GOOD);
  await page.getByRole("button", { name: "Tell nobody" }).click();
  await page.waitForFunction(() => document.querySelector("textarea")?.value.includes("receiver: team"));
});

for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
  pageTest(`the tab fits, ${theme}, ${width} px`, { theme, width, url: at("#/alerts?view=routing") }, async (page) => {
    await text(page).waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    await page.screenshot({ path: screenshotPath(`alert-routing-${theme}-${width}`) });
  });
}
