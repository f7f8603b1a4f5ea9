// Writing PromQL with help: completion, explanations, layout, history, the metric browser, what a query costs.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { waitForCharts } from "../support/charts.mjs";
import { pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const EXPLORE = { url: () => `${shared.demo.url}#/explore` };

const editor = (page) => page.getByRole("textbox", { name: "Query" });
const completions = (page) => page.getByRole("listbox", { name: "Completions" });
const chosen = (page) => completions(page).locator('[aria-selected="true"]');
const text = (page) => editor(page).inputValue();

/** Types as a person does, key by key, and waits until `name` is among what is offered. */
async function type(page, keys, name) {
  await editor(page).pressSequentially(keys);
  if (name !== undefined) await completions(page).getByRole("option", { name }).first().waitFor();
}

pageTest("a query is written with the keyboard and completions alone", EXPLORE, async (page) => {
  await editor(page).click();
  await type(page, "sum", /sum_over_time/);
  assert.match(await chosen(page).innerText(), /^.*\bsum\b/s);
  await page.keyboard.press("Tab");
  assert.equal(await text(page), "sum()");

  await type(page, "rat", /irate/);
  await page.keyboard.press("Enter");
  assert.equal(await text(page), "sum(rate())");

  await type(page, "node_cpu_sec", /node_cpu_seconds_total/);
  await page.keyboard.press("Tab");
  await type(page, "{", /mode/);
  await type(page, "mod", /mode/);
  await page.keyboard.press("Tab");
  // The label's values are offered by themselves.
  await completions(page).getByRole("option", { name: "idle" }).waitFor();
  await type(page, "idl");
  await page.keyboard.press("Tab");
  // Closing signs go past those that are there already.
  await type(page, "}[5", "5m");
  await page.keyboard.press("Escape");
  await type(page, "m]))");
  assert.equal(await text(page), 'sum(rate(node_cpu_seconds_total{mode="idle"}[5m]))');

  await type(page, " by", /^.*by/s);
  await page.keyboard.press("Tab");
  await completions(page).getByRole("option", { name: "node", exact: false }).first().waitFor();
  await type(page, "node");
  await page.keyboard.press("Tab");
  assert.equal(await text(page), 'sum(rate(node_cpu_seconds_total{mode="idle"}[5m])) by (node)');

  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await waitForCharts(page, 1);
  assert.match(page.url(), /by%20\(node\)/);
});

pageTest("the list is walked with arrows and leaves with Escape", EXPLORE, async (page) => {
  await editor(page).click();
  await page.keyboard.press("Control+Space");
  await completions(page).waitFor();
  const first = await chosen(page).innerText();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await chosen(page).innerText(), first);
  await page.keyboard.press("ArrowUp");
  assert.equal(await chosen(page).innerText(), first);
  const active = await editor(page).getAttribute("aria-activedescendant");
  assert.equal(await chosen(page).getAttribute("id"), active);
  await page.keyboard.press("Escape");
  await completions(page).waitFor({ state: "detached" });
  assert.equal(await editor(page).getAttribute("aria-activedescendant"), null);
});

pageTest("an offer is taken with the pointer and taken back with undo", EXPLORE, async (page) => {
  await editor(page).click();
  await type(page, "node_load1", /node_load15/);
  await completions(page).getByRole("option", { name: "node_load15" }).click();
  assert.equal(await text(page), "node_load15");
  await page.keyboard.press("Control+z");
  assert.match(await text(page), /^node_load1?$/);
});

pageTest("Enter runs a word that is complete, and Shift Enter begins a line", EXPLORE, async (page) => {
  await editor(page).click();
  await type(page, "node_load1", /node_load15/);
  await page.keyboard.press("Enter");
  await waitForCharts(page, 1);
  assert.match(page.url(), /q=node_load1(&|$)/);
  await page.keyboard.press("Shift+Enter");
  assert.equal(await text(page), "node_load1\n");
});

pageTest("the list is accessible", { ...EXPLORE, script: AXE }, async (page) => {
  await editor(page).click();
  await type(page, "rate", /irate/);
  await completions(page).getByText("rate").first().waitFor();
  await page.screenshot({ path: screenshotPath("explore-completion-light") });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
});

pageTest("a word is explained where the pointer rests, and where the caret stands", {
  url: () => `${shared.demo.url}#/explore?q=${encodeURIComponent("rate(node_cpu_seconds_total[5m])")}`,
}, async (page) => {
  await waitForCharts(page, 1);
  const paint = page.locator(".editor__paint");
  const word = await paint.getByText("node_cpu_seconds_total").boundingBox();
  await page.mouse.move(word.x + 20, word.y + word.height / 2);
  await page.getByRole("tooltip").getByText(/counter/).waitFor();
  await page.screenshot({ path: screenshotPath("explore-hover-light") });
  await page.mouse.move(word.x, word.y + 300);
  await page.getByRole("tooltip").waitFor({ state: "detached" });

  await editor(page).focus();
  await page.keyboard.press("Home");
  await page.getByText("rate(range vector) → instant vector").waitFor();
});

pageTest("an unfinished word is no mistake yet", EXPLORE, async (page) => {
  await editor(page).click();
  await type(page, "sum(ra", /rate/);
  assert.equal(await editor(page).getAttribute("aria-invalid"), "false");
});

pageTest("a query is laid out over lines, with its comments", EXPLORE, async (page) => {
  await editor(page).fill("sum( up )by(job) # who reports");
  await page.getByRole("button", { name: "Format" }).click();
  assert.equal(await text(page), "# who reports\nsum by (job) (up)");
  await editor(page).fill("sum(");
  assert.equal(await page.getByRole("button", { name: "Format" }).isDisabled(), true);
});

pageTest("what was run is found in the history, after a reload as well", EXPLORE, async (page) => {
  for (const query of ["node_load5", "node_load15"]) {
    await editor(page).fill(query);
    await page.getByRole("button", { name: "Run" }).click();
    await waitForCharts(page, 1);
  }
  await page.reload();
  await page.getByRole("button", { name: "History" }).click();
  const history = page.getByRole("dialog", { name: "History" });
  await history.getByRole("link").nth(1).waitFor();
  assert.match(await history.getByRole("link").first().innerText(), /^node_load15/);
  await page.screenshot({ path: screenshotPath("explore-history-light") });
  await history.getByRole("textbox").fill("load5");
  await history.getByRole("link", { name: /^node_load5/ }).click();
  await waitForCharts(page, 1);
  assert.equal(await text(page), "node_load5");
});

pageTest("a metric is found by what it means, and put into the query", { ...EXPLORE, script: AXE }, async (page) => {
  await page.getByRole("button", { name: "Metrics" }).click();
  const dialog = page.getByRole("dialog", { name: "Metrics" });
  await dialog.getByText(/^\d{3,} of \d{3,}$|^(\d+) of \1$/).waitFor();
  await dialog.getByRole("combobox", { name: "Search" }).fill("cpus spent");
  await dialog.getByRole("option", { name: /node_cpu_/ }).first().waitFor();
  await dialog.getByText(/labels?$/).first().waitFor();
  await page.screenshot({ path: screenshotPath("explore-metrics-light") });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("textarea").value.startsWith("node_cpu_"));
});

pageTest("the metric browser offers queries that suit the type", EXPLORE, async (page) => {
  await page.getByRole("button", { name: "Metrics" }).click();
  const dialog = page.getByRole("dialog", { name: "Metrics" });
  await dialog.getByRole("combobox", { name: "Search" }).fill("node_context_switches_total");
  await dialog.getByRole("link", { name: "rate(node_context_switches_total[5m])", exact: true }).click();
  await waitForCharts(page, 1);
  assert.equal(await text(page), "rate(node_context_switches_total[5m])");
});

pageTest("of thousands of metrics few rows are in the page, and the keys reach all", EXPLORE, async (page) => {
  const many = Array.from({ length: 5_000 }, (_, at) => `metric_${String(at).padStart(4, "0")}`);
  await page.route("**/api/v1/label/__name__/values*", (route) => route.fulfill({ json: { status: "success", data: many } }));
  await page.reload();
  await page.getByRole("button", { name: "Metrics" }).click();
  const dialog = page.getByRole("dialog", { name: "Metrics" });
  await dialog.getByText("5000 of 5000").waitFor();
  assert.ok((await dialog.getByRole("option").count()) < 100);
  await dialog.getByRole("combobox", { name: "Search" }).press("PageDown");
  for (let at = 0; at < 5; at++) await page.keyboard.press("PageDown");
  await dialog.getByRole("option", { name: "metric_0060", selected: true }).waitFor();
  assert.ok(await dialog.getByRole("option", { name: "metric_0060" }).isVisible());
});

pageTest("what each part of a query costs is a tree that leads into the text", {
  url: () => `${shared.demo.url}#/explore?q=${encodeURIComponent("sum by (node) (rate(node_cpu_seconds_total[5m]))")}`,
}, async (page) => {
  await waitForCharts(page, 1);
  await page.getByRole("button", { name: "Explain" }).click();
  const tree = page.getByRole("table", { name: "Explain" });
  await tree.getByRole("button", { name: "sum by (node) (…)" }).waitFor();
  assert.match(page.url(), /explain=1/);
  assert.match(await tree.getByRole("row", { name: /rate\(…\)/ }).innerText(), /\d.*(ms|s)/s);
  await page.screenshot({ path: screenshotPath("explore-explain-light") });
  await tree.getByRole("button", { name: "node_cpu_seconds_total[5m]" }).click();
  const selected = await editor(page).evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd));
  assert.equal(selected, "node_cpu_seconds_total[5m]");
  await page.getByRole("button", { name: "Explain" }).click();
  await tree.waitFor({ state: "detached" });
});

pageTest("the raw view shows the answer as the server writes it", EXPLORE, async (page) => {
  await editor(page).fill("up");
  await page.getByRole("radio", { name: "Raw" }).check({ force: true });
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByRole("region", { name: "Raw" }).getByText('"resultType": "vector"').waitFor();
  const address = await page.getByRole("link", { name: /^api\/v1\/query\?query=up/ }).getAttribute("href");
  const answer = await page.request.get(new URL(address, shared.demo.url).href);
  assert.equal((await answer.json()).status, "success");
  assert.match(page.url(), /view=raw/);
});
