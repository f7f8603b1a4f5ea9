// Terminals: a shell that runs what is typed, several beside each other, and what ends them.

import assert from "node:assert/strict";

import { at, pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const rows = (page) => page.locator("section.terminals__screen:not([hidden]) .xterm-rows");
const says = (page, text) => rows(page).filter({ hasText: text }).first().waitFor();

/** The shell of the first pod of cart, with its prompt. */
async function openShell(page) {
  await page.getByRole("link", { name: /^cart-/ }).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("s");
  await page.waitForURL(/#\/pods\/shop\/.*tab=shell/);
  await says(page, "#");
}

pageTest("S opens a shell that runs what is typed and pasted, in the size that it has", {
  url: at("#/pods?ns=shop&filter=cart-"),
}, async (page) => {
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").some((entry) => entry.name.includes("terminal-")));
  assert.equal(loaded, false, "the terminal is not loaded before it is needed");
  await openShell(page);
  await page.keyboard.type("echo one-$((1))two\n");
  await page.keyboard.type("hostname\n");
  const name = /pods\/shop\/([^?]+)/.exec(page.url())[1];
  await says(page, name);
  await page.keyboard.type("stty size\n");
  await says(page, /\d+ \d{2,}/);
  await page.screenshot({ path: screenshotPath("shell") });
  await page.getByRole("button", { name: "New terminal" }).click();
  await page.getByRole("region", { name: /^\S+ \S+$/ }).first().waitFor();
  const tabs = page.getByRole("group", { name: "Terminals" });
  await tabs.getByRole("button", { name: /^2 / }).waitFor();
  await says(page, "#");
  await page.keyboard.type("exit 3\n");
  await page.getByText("The process has ended with exit code 3.").waitFor();
  await page.screenshot({ path: screenshotPath("shell-ended") });
  await page.getByRole("button", { name: "Reconnect (Enter)" }).click();
  await says(page, "#");
  await tabs.getByRole("button", { name: /^1 / }).click();
  await says(page, name);
  await tabs.getByRole("button", { name: "Close this terminal" }).first().click();
  await tabs.getByRole("button", { name: /^1 / }).waitFor({ state: "detached" });
});

pageTest("a terminal ends with the session", { url: at("#/pods?ns=shop&filter=cart-") }, async (page) => {
  await openShell(page);
  const other = await page.context().newPage();
  await other.goto(shared.demo.url);
  await other.getByRole("button", { name: /^Account of/ }).click();
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.getByLabel("Bearer token", { exact: true }).waitFor();
  await page.getByText(/The session is over, and the terminal with it|Bearer token/).first().waitFor();
});
