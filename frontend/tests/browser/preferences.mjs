// Theme, language and keys.

import assert from "node:assert/strict";

import { waitForCharts } from "../support/charts.mjs";
import { pageTest, shared, useDemo } from "../support/suite.mjs";

useDemo();

const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme);
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

pageTest("the theme follows the system until somebody chooses, and the choice stays", { theme: "dark" }, async (page) => {
  assert.equal(await theme(page), "dark");
  const dark = await background(page);
  await page.getByRole("button", { name: "Theme: System" }).click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === "light");
  assert.notEqual(await background(page), dark);
  await page.reload();
  await page.getByRole("button", { name: "Theme: Light" }).waitFor();
  assert.equal(await theme(page), "light");
});

pageTest("the interface speaks Korean, and the choice stays", {}, async (page) => {
  await page.getByRole("combobox", { name: "Language" }).selectOption({ label: "한국어" });
  await page.getByRole("link", { name: "노드" }).first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "ko");
  await page.reload();
  await page.getByRole("navigation", { name: "주 메뉴" }).waitFor();
  // Nothing of the shell is left in English but names.
  assert.doesNotMatch(await page.getByRole("navigation", { name: "주 메뉴" }).innerText(), /Overview|Nodes|Explore/);
});

pageTest("a browser set to Korean is greeted in Korean", { language: "ko-KR", signIn: false }, async (page) => {
  await page.getByRole("heading", { name: "Crowsnest 로그인" }).waitFor();
});

pageTest("everything is reached by keys alone", { signIn: false }, async (page) => {
  // The first field has the focus, Enter sends the form.
  await page.getByLabel("Bearer token", { exact: true }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
  await page.keyboard.insertText(shared.demo.token);
  await page.keyboard.press("Enter");
  await waitForCharts(page, 4);

  // The first stop is the link past the side bar.
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");

  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await page.getByRole("heading", { level: 1, name: "Nodes", exact: true }).waitFor();
  await page.getByRole("row").filter({ hasText: "demo-1" }).waitFor();
  await page.keyboard.press("j");
  // Whichever it is: the worst comes first, and one of the demo's nodes is away for a minute of every ten.
  const chosen = await page.locator("tr.is-cursor").getByRole("rowheader").innerText();
  assert.match(chosen, /^demo-\d$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: chosen, exact: true }).waitFor();

  await page.keyboard.press("t");
  await page.getByRole("button", { name: "Last 6 h" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Last 6 h" }).waitFor({ state: "hidden" });

  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await page.getByRole("textbox", { name: "Query" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.insertText("up");
  await page.keyboard.press("Control+Enter");
  await waitForCharts(page, 1);

  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
});
