// Dashboards: found, imported, looked at, changed, and brought back.

import assert from "node:assert/strict";

import { at, pageTest, screenshotPath, signIn, shared, useDemo } from "../support/suite.mjs";

useDemo();

const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
const panel = (page, name) => page.getByRole("group", { name, exact: true });
const api = (page, path) =>
  page.request.get(new URL(`api/crowsnest/v1/dashboards${path}`, shared.demo.url).href, {
    headers: { authorization: `Bearer ${shared.demo.token}` },
  });

// Written as Grafana writes it, with old kinds of panels and a data source of another installation.
const board = (uid, title, more = {}) =>
  JSON.stringify({
    uid,
    title,
    tags: ["imported"],
    schemaVersion: 16,
    time: { from: "now-15m", to: "now" },
    templating: {
      list: [
        { name: "node", type: "query", query: "label_values(node_load1, node)", multi: true, includeAll: true, refresh: 1, current: { text: "All", value: "$__all" } },
      ],
    },
    panels: [
      { id: 1, type: "graph", title: "Load of $node", gridPos: { x: 0, y: 0, w: 12, h: 8 }, datasource: "${DS_PROMETHEUS}", targets: [{ refId: "A", expr: 'node_load1{node=~"$node"}', legendFormat: "{{node}}" }] },
      { id: 2, type: "singlestat", title: "Nodes", gridPos: { x: 12, y: 0, w: 6, h: 4 }, targets: [{ refId: "A", expr: 'count(node_load1{node=~"$node"})', instant: true }] },
      { id: 3, type: "text", title: "Words", gridPos: { x: 18, y: 0, w: 6, h: 4 }, options: { mode: "markdown", content: "# Hello\n\n<script>window.harmed = true</script>[a link](javascript:alert(1)) of **$node**" } },
      { id: 4, type: "table", title: "Table", gridPos: { x: 12, y: 4, w: 12, h: 8 }, targets: [{ refId: "A", expr: 'node_load1{node=~"$node"}', instant: true, format: "table" }] },
      { id: 5, type: "stat", title: "Load of one", repeat: "node", repeatDirection: "h", gridPos: { x: 0, y: 12, w: 24, h: 4 }, targets: [{ refId: "A", expr: 'node_load1{node="$node"}', instant: true }] },
      { id: 6, type: "logs", title: "Lines", gridPos: { x: 0, y: 16, w: 24, h: 4 }, datasource: { type: "loki", uid: "x" }, targets: [{ refId: "A", expr: "{}" }] },
    ],
    ...more,
  });

async function importBoard(page, uid, title, more) {
  await page.goto(`${shared.demo.url}#/dashboards`);
  await heading(page, "Dashboards").waitFor();
  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: /paste JSON/ }).fill(board(uid, title, more));
  await dialog.getByRole("button", { name: "Look at it" }).first().click();
  await dialog.getByText("3 panels taken over, 2 converted, 1 not supported").waitFor();
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByRole("link", { name: title }).click();
  await heading(page, title).waitFor();
}

pageTest("what comes with the server is listed, starred and drawn", {}, async (page) => {
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await heading(page, "Dashboards").waitFor();
  await page.getByRole("searchbox", { name: /Filter by title/ }).fill("node");
  await page.getByRole("link", { name: "Node", exact: true }).click();
  await heading(page, "Node").waitFor();
  await panel(page, "CPU by mode").locator("canvas").first().waitFor();
  await panel(page, "CPU by mode").getByRole("button", { name: "user" }).waitFor();
  await page.getByRole("button", { name: "Add a star" }).click();
  await page.getByRole("button", { name: "Take the star away" }).click();
  await page.getByRole("button", { name: "Add a star" }).waitFor();
});

pageTest("a dashboard of Grafana's is imported with a report, and its variables and repeats work", {}, async (page) => {
  await importBoard(page, "it-import", "Imported");
  await panel(page, "Load of All").getByRole("button", { name: "demo-1" }).waitFor();
  await panel(page, "Table").getByRole("cell", { name: "demo-2" }).first().waitFor();
  await panel(page, "Words").getByRole("heading", { name: "Hello" }).waitFor();
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.equal(await panel(page, "Words").getByRole("link").count(), 0);
  await panel(page, "Lines").getByText(/loki/).waitFor();
  await page.getByRole("button", { name: /^node: / }).click();
  const options = page.getByRole("dialog", { name: /^node: / });
  await options.getByRole("checkbox", { name: "demo-1" }).check();
  await options.getByRole("checkbox", { name: "demo-3" }).check();
  await page.keyboard.press("Escape");
  assert.match(page.url(), /var-node=demo-1&var-node=demo-3/);
  await panel(page, "Table").getByRole("cell", { name: "demo-2" }).first().waitFor({ state: "detached" });
  await page.getByRole("group", { name: "Load of one" }).nth(1).waitFor();
  await page.reload();
  await panel(page, "Load of demo-1 + demo-3").getByRole("button", { name: "demo-3" }).waitFor();
});

pageTest("a drag over a chart zooms all of them, and Back returns", {}, async (page) => {
  await importBoard(page, "it-zoom", "Zoomed");
  const stage = panel(page, "Load of All").getByRole("img");
  await panel(page, "Load of All").getByRole("button", { name: "demo-1" }).waitFor();
  const box = await stage.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/from=\d{13}&to=\d{13}/);
  await page.goBack();
  await page.waitForURL((url) => !url.hash.includes("from="));
});

pageTest("a change is shown, saved as a version, and undone by going back to the one before", {}, async (page) => {
  await importBoard(page, "it-save", "Saved");
  await page.getByRole("button", { name: "What to do with this dashboard" }).click();
  await page.getByRole("button", { name: "Edit JSON" }).click();
  const editor = page.getByRole("dialog").getByRole("textbox", { name: "Edit JSON" });
  await editor.getByText('"uid"').first().waitFor();
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(board("it-save", "Changed"));
  await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
  await heading(page, "Changed").waitFor();
  await page.getByText("Not saved").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: /What the change is for/ }).fill("a better name");
  await page.getByRole("dialog").getByRole("button", { name: "Save dashboard" }).click();
  await page.getByText("Not saved").waitFor({ state: "detached" });
  const saved = await (await api(page, "/it-save")).json();
  assert.deepEqual([saved.title, saved.version], ["Changed", 2]);
  await page.getByRole("button", { name: "What to do with this dashboard" }).click();
  await page.getByRole("button", { name: "Versions" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /a better name/ }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: /^1 / }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go back to version 1" }).click();
  await heading(page, "Saved").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Save dashboard" }).click();
  await page.getByText("Not saved").waitFor({ state: "detached" });
  assert.equal((await (await api(page, "/it-save")).json()).version, 3);
});

pageTest("one panel alone, kiosk, and the way out of both", {}, async (page) => {
  await importBoard(page, "it-kiosk", "Kiosk");
  await panel(page, "Table").hover();
  await panel(page, "Table").getByRole("button", { name: "What to do with this panel" }).click();
  await page.getByRole("link", { name: "View alone" }).click();
  await panel(page, "Load of All").waitFor({ state: "detached" });
  await panel(page, "Table").getByRole("cell", { name: "demo-1" }).first().waitFor();
  await page.goBack();
  await panel(page, "Load of All").waitFor();
  await page.goto(`${shared.demo.url}#/dashboards/it-kiosk?kiosk=1`);
  await page.getByRole("navigation", { name: "Main" }).waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "Leave kiosk" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
});

for (const [theme, width] of [["light", 1440], ["dark", 1440], ["light", 390]]) {
  pageTest(`dashboards fit, ${theme}, ${width} px`, { theme, width, url: at("#/dashboards"), signIn: false }, async (page) => {
    await signIn(page, shared.demo.token);
    await page.getByRole("link", { name: "Cluster", exact: true }).first().waitFor();
    await page.screenshot({ path: screenshotPath(`dashboards-${theme}-${width}`) });
    for (const name of ["cluster", "node", "namespace", "pod", "storage"]) {
      await page.goto(`${shared.demo.url}#/dashboards/crowsnest-${name}`);
      await page.locator(".board__frame").locator("canvas").first().waitFor();
      await page.waitForFunction(() => document.querySelector('.board__frame[aria-busy="true"]') === null);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
      await page.screenshot({ path: screenshotPath(`board-${name}-${theme}-${width}`) });
    }
  });
}
