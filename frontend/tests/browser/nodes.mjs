// The list of machines, and one machine over a chosen time.

import assert from "node:assert/strict";

import { chartPictures, waitForChange, waitForCharts } from "../support/charts.mjs";
import { dialog } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { pageTest, shared, useDemo } from "../support/suite.mjs";

useDemo();

pageTest("the nodes page lists this machine, and its row leads to its page", {
  url: () => `${shared.demo.url}#/nodes`,
}, async (page) => {
  const row = page.getByRole("row").filter({ hasText: "demo-1" });
  await row.getByText(/\d %/).first().waitFor();
  await row.getByRole("link", { name: "demo-1" }).click();
  await page.getByRole("heading", { level: 1, name: "demo-1", exact: true }).waitFor();
  assert.match(page.url(), /#\/nodes\/demo-1/);
});

pageTest("another time range is drawn anew and stands in the address", {
  url: () => `${shared.demo.url}#/nodes/demo-1`,
}, async (page) => {
  await waitForCharts(page, 4);
  const before = await chartPictures(page);
  await page.getByRole("button", { name: /^Time range:/ }).click();
  await page.getByRole("button", { name: "Last 6 h" }).click();
  await waitForChange(page, before);
  assert.match(page.url(), /range=6h/);

  // The address is the whole view: a colleague who opens it sees the same range.
  await page.reload();
  await page.getByRole("button", { name: "Time range: Last 6 h" }).waitFor();
  await waitForCharts(page, 4);
});

pageTest("a machine that nobody knows is said to be unknown", {
  url: () => `${shared.demo.url}#/nodes/no-such-node`,
}, async (page) => {
  await page.getByText("No node is called no-such-node").first().waitFor();
});

pageTest("an address without a page says so and leads home", {
  url: () => `${shared.demo.url}#/no/such/page`,
}, async (page) => {
  await page.getByRole("heading", { name: "There is no page here" }).waitFor();
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await waitForCharts(page, 4);
});

// Not those that other tests drain, and not the one that goes away.
const CORDONED = ["demo-2", "demo-4"];

pageTest("nodes that are chosen in the list are cordoned together, and taken back", {
  url: () => `${shared.demo.url}#/nodes`,
}, async (page) => {
  const kube = apiServer(shared.demo);
  const bar = page.getByRole("toolbar", { name: "What to do with the chosen" });
  const both = async (action) => {
    for (const name of CORDONED) await page.getByRole("checkbox", { name: `Choose ${name}` }).check();
    await bar.getByText("2 chosen").waitFor();
    await bar.getByRole("button", { name: action, exact: true }).click();
    await dialog(page).getByRole("button", { name: action, exact: true }).click();
    await page.getByText(`${action}: 2 objects is done.`).waitFor();
    return Promise.all(CORDONED.map(async (name) => (await kube.ask("GET", `/api/v1/nodes/${name}`)).spec.unschedulable === true));
  };
  await page.getByRole("link", { name: CORDONED[1], exact: true }).waitFor();
  assert.deepEqual(await both("Cordon"), [true, true]);
  assert.deepEqual(await both("Uncordon"), [false, false]);
});
