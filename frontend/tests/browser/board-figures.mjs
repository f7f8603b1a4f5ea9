// What is on a dashboard beside its arrangement: new samples alone after a refresh, marks of alerts and events, curves in tables, time zones, phones.

import assert from "node:assert/strict";

import { pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const PATH = "api/crowsnest/v1/";
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
const panel = (page, name) => page.getByRole("group", { name, exact: true });

/** Stores a dashboard and opens it. */
async function open(page, uid, fields, query = "") {
  const text = JSON.stringify({ uid, title: uid, schemaVersion: 39, time: { from: "now-15m", to: "now" }, ...fields });
  const url = new URL(`${PATH}dashboards`, shared.demo.url).href;
  const headers = { authorization: `Bearer ${shared.demo.token}` };
  const answer = await page.request.post(url, { headers, data: { text, overwrite: true } });
  assert.equal(answer.status(), 200, await answer.text());
  await page.goto(`${shared.demo.url}#/dashboards/${uid}${query}`);
  await heading(page, uid).waitFor();
}

const chart = (id, title, gridPos, more = {}) => ({
  id,
  type: "timeseries",
  title,
  gridPos,
  targets: [{ refId: "A", expr: 'node_load1{node="demo-1"}', legendFormat: "{{node}}", interval: "1s" }],
  ...more,
});

/** Moves the pointer from right to left over a chart until `wanted` can be seen. */
async function findBelowPointer(page, name, wanted) {
  const box = await panel(page, name).getByRole("img").boundingBox();
  for (let x = box.x + box.width - 6; x > box.x; x -= 3) {
    await page.mouse.move(x, box.y + box.height / 2);
    if (await wanted.isVisible()) return;
  }
  assert.fail("it is nowhere");
}

/** How many steps and series the first record of a body of answers has. */
function told(body) {
  const { points, series, start } = JSON.parse(body.subarray(4, 4 + body.readUInt32LE(0)));
  return { points, series: series.length, start };
}

pageTest("a refresh moves the new samples alone, and the picture has the others all the same", {}, async (page) => {
  const answers = [];
  page.on("response", async (answer) => {
    if (!answer.url().endsWith("/answers")) return;
    const [query] = answer.request().postDataJSON().queries;
    answers.push({ query, ...told(await answer.body()) });
  });
  await open(page, "it-refresh", { panels: [chart(1, "Load", { x: 0, y: 0, w: 24, h: 10 })] }, "?refresh=off");
  await panel(page, "Load").getByRole("button", { name: "demo-1" }).waitFor();
  const summary = () => panel(page, "Load").getByRole("img").getAttribute("aria-label");
  assert.match(await summary(), /demo-1/);
  await page.waitForTimeout(1_100);
  await page.getByRole("button", { name: "Refresh now" }).click();
  while (answers.length < 2) await page.waitForTimeout(50);
  const [first, again] = answers;
  assert.equal(first.query.held, undefined);
  assert.match(again.query.held.receipt, /^[0-9a-f]+\.[0-9a-f]+$/);
  assert.ok(again.start > again.query.from, "it begins after what is held");
  assert.ok(again.points * 4 < first.points, `${again.points} of ${first.points} steps`);
  assert.match(await summary(), /demo-1/);
});

pageTest("events of the cluster and alerts are marked over charts for who may see them, and switched off", {}, async (page) => {
  const source = (name, type, target, more = {}) => ({ name, type, target, enable: true, iconColor: "orange", ...more });
  await open(page, "it-happened", {
    annotations: {
      list: [
        source("Happened", "crowsnest-events", { namespace: "shop", normal: true }),
        source("Alerts", "crowsnest-alerts", { matchers: "" }, { enable: false }),
        { builtIn: 1, datasource: { type: "grafana", uid: "-- Grafana --" }, enable: true, hide: true, name: "Annotations & Alerts", type: "dashboard" },
      ],
    },
    panels: [chart(1, "Load", { x: 0, y: 0, w: 24, h: 10 })],
  });
  await panel(page, "Load").getByRole("button", { name: "demo-1" }).waitFor();
  assert.equal(await page.getByRole("checkbox", { name: "Happened" }).isChecked(), true);
  // Of Grafana's own source somebody has to want it.
  assert.equal(await page.getByRole("checkbox", { name: "Annotations & Alerts" }).isChecked(), false);
  const mark = panel(page, "Load").getByText(/shop \w+\//).first();
  await findBelowPointer(page, "Load", mark);
  await page.screenshot({ path: screenshotPath("board-marks") });
  await page.getByRole("checkbox", { name: "Happened" }).uncheck();
  await findBelowPointer(page, "Load", panel(page, "Load").locator(".chart__tip-time"));
  await mark.waitFor({ state: "detached" });
});

pageTest("series are curves in the cells of a table", {}, async (page) => {
  await open(page, "it-curves", {
    panels: [
      {
        id: 1,
        type: "table",
        title: "Loads",
        gridPos: { x: 0, y: 0, w: 24, h: 8 },
        targets: [{ refId: "A", expr: "node_load1" }],
        transformations: [{ id: "timeSeriesTable", options: { A: { stat: "max" } } }],
      },
    ],
  });
  const row = panel(page, "Loads").getByRole("row", { name: /demo-1/ });
  await row.locator("svg.sparkline").waitFor();
  assert.match(await row.locator(".sparkline__line").getAttribute("d"), /^M/);
  assert.match(await row.getByRole("cell").last().innerText(), /\d/);
  await page.screenshot({ path: screenshotPath("board-curves") });
});

pageTest("moments are those of the time zone that somebody chooses, and the address keeps it", {}, async (page) => {
  // London is at UTC in November, Adelaide 10:30 ahead.
  const at = Date.parse("2026-11-30T08:00:00Z");
  await open(page, "it-zone", { panels: [chart(1, "Load", { x: 0, y: 0, w: 24, h: 8 })] }, `?from=${at}&to=${at + 3_600_000}`);
  await page.getByRole("button", { name: /2026-11-30 08:00 – 09:00/ }).click();
  await page.getByRole("combobox", { name: "Time zone" }).selectOption("Australia/Adelaide");
  await page.waitForURL(/timezone=Australia(%2F|\/)Adelaide/);
  await page.screenshot({ path: screenshotPath("board-zone") });
  await page.getByRole("button", { name: /2026-11-30 18:30 – 19:30/ }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: /2026-11-30 18:30 – 19:30/ }).click();
  // What is typed is read by the same clocks.
  await page.getByLabel("From", { exact: true }).fill("2026-11-30 18:00");
  await page.getByLabel("To", { exact: true }).fill("2026-11-30 19:00");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.waitForURL(new RegExp(`from=${at - 30 * 60_000}`));
});

pageTest("small numbers stand two in a row on a phone", { width: 390, height: 844 }, async (page) => {
  const stat = (id, x) => ({ id, type: "stat", title: `Number ${id}`, gridPos: { x, y: 0, w: 4, h: 4 }, targets: [{ refId: "A", expr: "count(node_load1)", instant: true }] });
  await open(page, "it-phone", { panels: [stat(1, 0), stat(2, 4), stat(3, 8), chart(4, "Load", { x: 0, y: 4, w: 24, h: 8 })] });
  const boxes = [];
  for (const name of ["Number 1", "Number 2", "Number 3", "Load"]) boxes.push(await panel(page, name).boundingBox());
  const [one, two, three, load] = boxes;
  assert.ok(one.y === two.y && two.x > one.x + one.width - 1, "the first two are side by side");
  assert.ok(three.y > one.y && Math.abs(three.width - load.width) < 2, "the third has the row for itself");
  await page.screenshot({ path: screenshotPath("board-phone") });
});
