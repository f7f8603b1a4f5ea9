// Asking in PromQL, and being told what is wrong with a question.

import assert from "node:assert/strict";

import { waitForCharts } from "../support/charts.mjs";
import { pageTest, shared, useDemo } from "../support/suite.mjs";

useDemo();

const EXPLORE = { url: () => `${shared.demo.url}#/explore` };
// The server answers 400 to a wrong expression, which the browser notes on its console.
const BAD_QUERY = /status of 400 .*\/api\/v1\/query/;

const editor = (page) => page.getByRole("textbox", { name: "Query" });

async function run(page, query) {
  await editor(page).fill(query);
  await page.getByRole("button", { name: "Run" }).click();
}

pageTest("a query is answered with a graph and a table", EXPLORE, async (page) => {
  await run(page, 'node_memory_MemAvailable_bytes{node="demo-1"}');
  await waitForCharts(page, 1);
  const table = page.getByRole("table").first();
  await table.getByText("demo-1").first().waitFor();
  assert.match(await table.innerText(), /\d/);
  assert.match(page.url(), /#\/explore\?.*q=node_memory/, "the query stands in the address");
});

pageTest("the address alone brings a query back", {
  url: () => `${shared.demo.url}#/explore?q=up`,
}, async (page) => {
  await waitForCharts(page, 1);
  assert.equal(await editor(page).inputValue(), "up");
});

pageTest("a parse error is shown at its place, in words and under the text", { ...EXPLORE, expected: [BAD_QUERY] }, async (page) => {
  const query = "sum(rate(node_cpu_seconds_total[5m]) by (mode)";
  await run(page, query);
  await page.getByRole("button", { name: /line 1, column \d+/ }).waitFor();
  assert.equal(await editor(page).getAttribute("aria-invalid"), "true");

  // The place leads into the text: what is selected then lies where the message says.
  const place = page.getByRole("button", { name: /line 1, column \d+/ });
  const column = Number(/column (\d+)/.exec(await place.innerText())[1]);
  await place.click();
  assert.equal(await editor(page).evaluate((area) => area.selectionStart), column - 1);
  assert.equal(await editor(page).evaluate((area) => document.activeElement === area), true);
});

pageTest("a fault that only the server can find is placed in the text, too", { ...EXPLORE, expected: [BAD_QUERY] }, async (page) => {
  await run(page, 'up + up{node=~"("}');
  await page.getByRole("button", { name: /line 1, column \d+/ }).waitFor();
});

pageTest("a wrong type is said to be one", { ...EXPLORE, expected: [BAD_QUERY] }, async (page) => {
  await run(page, "rate(up)");
  await page.getByText(/expected type range vector in call to function "rate"/).first().waitFor();
});

pageTest("an expression that nothing answers to is no error", EXPLORE, async (page) => {
  await run(page, "no_such_metric");
  await page.getByText("No series match").waitFor();
});
