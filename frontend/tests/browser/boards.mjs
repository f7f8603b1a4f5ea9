// Dashboards as they are worked with: arranged, linked, marked, shared; panels that list alerts and dashboards.

import assert from "node:assert/strict";

import { at, pageTest, shared, useDemo } from "../support/suite.mjs";

useDemo();

const PATH = "api/crowsnest/v1/";
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
const panel = (page, name) => page.getByRole("group", { name, exact: true });
const headers = () => ({ authorization: `Bearer ${shared.demo.token}` });

async function read(page, path) {
  const answer = await page.request.get(new URL(PATH + path, shared.demo.url).href, { headers: headers() });
  assert.equal(answer.status(), 200, path);
  return answer.json();
}

/** Stores a dashboard and opens it. */
async function open(page, uid, fields, query = "") {
  const text = JSON.stringify({ uid, title: uid, schemaVersion: 39, time: { from: "now-15m", to: "now" }, ...fields });
  const url = new URL(`${PATH}dashboards`, shared.demo.url).href;
  const answer = await page.request.post(url, { headers: headers(), data: { text, overwrite: true } });
  assert.equal(answer.status(), 200, await answer.text());
  await page.goto(`${shared.demo.url}#/dashboards/${uid}${query}`);
  await heading(page, uid).waitFor();
}

const load = (id, title, gridPos, more = {}) => ({
  id,
  type: "timeseries",
  title,
  gridPos,
  targets: [{ refId: "A", expr: 'node_load1{node="demo-1"}', legendFormat: "{{node}}" }],
  ...more,
});

pageTest("panels are arranged with keys and pointer, announced, undone and saved", { width: 1440 }, async (page) => {
  await open(page, "it-arrange", {
    panels: [
      load(1, "First", { x: 0, y: 0, w: 12, h: 6 }),
      load(2, "Second", { x: 12, y: 0, w: 12, h: 6 }),
      load(3, "Third", { x: 0, y: 6, w: 12, h: 6 }),
    ],
  });
  const places = async () => {
    const { dashboard } = await read(page, "dashboards/it-arrange");
    return dashboard.panels.map(({ gridPos: { x, y, w, h } }) => [x, y, w, h]);
  };
  await page.getByRole("button", { name: "Arrange" }).click();
  const move = page.getByRole("button", { name: "Move First with the arrow keys" });
  await move.focus();
  await page.keyboard.press("ArrowDown");
  await page.getByText("First: column 1, line 7, 12 wide, 6 high").waitFor({ state: "attached" });
  // The handle keeps the focus, so that one can go on.
  await page.keyboard.press("ArrowRight");
  await page.getByText("First: column 2, line 7, 12 wide, 6 high").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByText("Not saved").waitFor({ state: "detached" });

  // Dragged to the side, it takes the place of the one there, which goes down; the one below comes up.
  const box = await move.boundingBox();
  const target = await page.getByRole("button", { name: "Move Second with the arrow keys" }).boundingBox();
  await page.mouse.move(box.x + 40, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(target.x + 40, target.y + 10, { steps: 8 });
  await page.mouse.up();
  await page.getByText("First: column 13, line 1, 12 wide, 6 high").waitFor({ state: "attached" });
  const size = await page.getByRole("button", { name: "Resize Third with the arrow keys" }).boundingBox();
  await page.mouse.move(size.x + 5, size.y + 5);
  await page.mouse.down();
  await page.mouse.move(size.x + 5, size.y + 5 + 2 * 38, { steps: 4 });
  await page.mouse.up();
  await page.getByText("Third: column 1, line 1, 12 wide, 8 high").waitFor({ state: "attached" });
  assert.deepEqual(await places(), [[0, 0, 12, 6], [12, 0, 12, 6], [0, 6, 12, 6]], "nothing is stored yet");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Save dashboard" }).click();
  await page.getByText("Not saved").waitFor({ state: "detached" });
  assert.deepEqual(await places(), [[12, 0, 12, 6], [12, 6, 12, 6], [0, 0, 12, 8]]);
});

pageTest("panels list alerts and dashboards, and a panel of logs says what it is", {}, async (page) => {
  const alert = (name, severity, state) => ({
    labels: { alertname: name, severity, namespace: "shop" },
    annotations: { summary: `${name} happened` },
    state,
    activeAt: "2026-11-30T08:00:00Z",
    value: "1",
  });
  const alerts = [alert("Late", "warning", "firing"), alert("Down", "critical", "firing"), alert("Soon", "info", "pending")];
  await page.route("**/api/v1/alerts", (route) => route.fulfill({ json: { status: "success", data: { alerts } } }));
  await open(page, "it-lists", {
    panels: [
      { id: 1, type: "alertlist", title: "Wrong", gridPos: { x: 0, y: 0, w: 12, h: 8 }, options: { stateFilter: { firing: true }, sortOrder: 3, alertInstanceLabelFilter: '{namespace=~"shop|x", }' } },
      { id: 2, type: "dashlist", title: "Boards", gridPos: { x: 12, y: 0, w: 6, h: 8 }, options: { showStarred: false, showSearch: true, tags: ["crowsnest"], query: "node", keepTime: true } },
      { id: 3, type: "logs", title: "Lines", gridPos: { x: 18, y: 0, w: 6, h: 8 }, targets: [{ refId: "A", expr: "up" }] },
    ],
  });
  const lines = panel(page, "Wrong").getByRole("listitem");
  await lines.nth(1).waitFor();
  assert.equal(await lines.count(), 2);
  assert.match(await lines.first().innerText(), /Down\s+Down happened/);
  const link = panel(page, "Boards").getByRole("link", { name: "Node", exact: true });
  assert.match(await link.getAttribute("href"), /^#\/dashboards\/crowsnest-node\?from=now-15m&to=now$/);
  await panel(page, "Lines").getByText(/Logs are not stored here/).waitFor();
});

pageTest("what PromQL marks is drawn over charts, told by the tooltip, and switched off", {}, async (page) => {
  await open(page, "it-marks", {
    annotations: {
      list: [{ name: "Deploys", enable: true, step: "5s", iconColor: "purple", expr: 'count(node_load1{node="demo-1"}) >= bool 1', titleFormat: "rolled out", textFormat: "of everything" }],
    },
    panels: [load(1, "Load", { x: 0, y: 0, w: 24, h: 10 })],
  });
  const stage = panel(page, "Load").getByRole("img");
  await panel(page, "Load").getByRole("button", { name: "demo-1" }).waitFor();
  const box = await stage.boundingBox();
  const marked = panel(page, "Load").getByText("rolled out · of everything");
  // Its samples are those of the demo, which has just begun: where they are, the mark is.
  let x = box.x + box.width - 6;
  while (!(await marked.isVisible())) {
    x -= 4;
    assert.ok(x > box.x, "there is no mark");
    await page.mouse.move(x, box.y + box.height / 2);
  }
  await page.getByRole("checkbox", { name: "Deploys" }).uncheck();
  await page.mouse.move(x, box.y + box.height / 2);
  await marked.waitFor({ state: "detached" });
});

pageTest("links of dashboards, panels and values lead where they should, and unsafe ones nowhere", {}, async (page) => {
  await open(
    page,
    "it-links",
    {
      templating: { list: [{ name: "node", type: "custom", query: "demo-1,demo-2", current: { text: "demo-2", value: "demo-2" } }] },
      links: [
        { type: "link", title: "Node $node", url: "/d/crowsnest-node/node?var-node=${node}", keepTime: true },
        { type: "link", title: "Bad", url: "javascript:alert(1)" },
        { type: "dashboards", title: "Others", tags: ["crowsnest"], asDropdown: true, includeVars: true },
      ],
      panels: [
        { id: 1, type: "stat", title: "Number", gridPos: { x: 0, y: 0, w: 8, h: 6 }, targets: [{ refId: "A", expr: 'node_load1{node="$node"}', instant: true, legendFormat: "{{node}}" }],
          links: [{ title: "Runbook", url: "https://example.org/run?node=$node", targetBlank: true }],
          fieldConfig: { defaults: { links: [{ title: "Look at ${__field.labels.node}", url: "/d/crowsnest-node?var-node=${__field.labels.node}" }] }, overrides: [] } },
        { id: 2, type: "table", title: "Cells", gridPos: { x: 8, y: 0, w: 16, h: 6 }, targets: [{ refId: "A", expr: 'node_load1{node="$node"}', instant: true, format: "table" }],
          fieldConfig: { defaults: {}, overrides: [{ matcher: { id: "byName", options: "node" }, properties: [{ id: "links", value: [{ title: "Node", url: "/d/crowsnest-node?var-node=${__value.raw}" }, { title: "Evil", url: "javascript:alert(${__value.raw})" }] }] }] } },
        load(3, "Line", { x: 0, y: 6, w: 24, h: 8 }, { fieldConfig: { defaults: { links: [{ title: "At this time", url: "#/nodes/${__field.labels.node}?at=${__value.time}" }] }, overrides: [] } }),
      ],
    },
    "?from=now-1m&to=now",
  );
  const links = page.getByRole("navigation", { name: "Links" });
  const href = (locator) => locator.getAttribute("href");
  assert.equal(await href(links.getByRole("link", { name: "Node demo-2" })), "#/dashboards/crowsnest-node?var-node=demo-2&from=now-1m&to=now");
  assert.equal(await links.getByRole("link", { name: "Bad" }).count(), 0);
  await links.getByRole("button", { name: "Others" }).click();
  assert.equal(await href(links.getByRole("link", { name: "Cluster", exact: true })), "#/dashboards/crowsnest-cluster?var-node=demo-2");
  await page.keyboard.press("Escape");

  await panel(page, "Number").getByRole("button", { name: "Links" }).click();
  assert.equal(await href(panel(page, "Number").getByRole("link", { name: "Runbook" })), "https://example.org/run?node=demo-2");
  const own = panel(page, "Number").getByRole("link", { name: "Look at demo-2" });
  assert.equal(await href(own), "#/dashboards/crowsnest-node?var-node=demo-2");
  await page.keyboard.press("Escape");

  const cell = panel(page, "Cells").getByRole("cell").getByRole("link");
  await cell.waitFor();
  assert.equal(await href(cell), "#/dashboards/crowsnest-node?var-node=demo-2");

  await panel(page, "Line").getByRole("button", { name: "demo-1" }).waitFor();
  const box = await panel(page, "Line").getByRole("img").boundingBox();
  await page.mouse.click(box.x + box.width * 0.7, box.y + box.height / 2);
  const kept = panel(page, "Line").getByRole("dialog", { name: "Values at this point" });
  assert.match(await href(kept.getByRole("link", { name: "At this time" })), /^#\/nodes\/demo-1\?at=\d{13}$/);
  await page.mouse.move(10, 10);
  await kept.waitFor();
  await page.keyboard.press("Escape");
  await kept.waitFor({ state: "detached" });
});

for (const [route, expected] of [
  ["#/nodes/demo-1", "#/dashboards/crowsnest-node?var-node=demo-1&from=now-1h&to=now"],
  ["#/namespaces/shop", "#/dashboards/crowsnest-namespace?var-namespace=shop&from=now-1h&to=now"],
  ["#/cluster", "#/dashboards/crowsnest-cluster?from=now-1h&to=now"],
  ["#/", "#/dashboards/crowsnest-cluster?from=now-"],
]) {
  pageTest(`the page ${route} leads to its dashboard`, { url: at(route) }, async (page) => {
    await page.locator(`.pagehead a[href^="${expected}"]`).waitFor();
  });
}

pageTest("a dashboard is shared by its address, and as a snapshot that has its numbers", {}, async (page) => {
  await open(page, "it-share", {
    templating: { list: [{ name: "node", type: "query", query: "label_values(node_load1, node)", refresh: 1, current: { text: "demo-1", value: "demo-1" } }] },
    panels: [
      { id: 1, type: "stat", title: "Load of $node", gridPos: { x: 0, y: 0, w: 12, h: 6 }, targets: [{ refId: "A", expr: 'count(node_load1{node="$node"}) * 42', instant: true }] },
      { id: 2, type: "table", title: "Table", gridPos: { x: 12, y: 0, w: 12, h: 6 }, targets: [{ refId: "A", expr: 'node_load1{node="$node"} * 0 + 7', instant: true, format: "table" }] },
    ],
  });
  await panel(page, "Table").getByRole("cell", { name: "7", exact: true }).waitFor();
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.getByRole("textbox", { name: /time and choices/ }).inputValue(), /#\/dashboards\/it-share\?from=\d{13}&to=\d{13}&var-node=demo-1$/);
  assert.match(await dialog.getByRole("textbox", { name: /without frame/ }).inputValue(), /&kiosk=1$/);
  await dialog.getByRole("button", { name: "Make snapshot" }).click();
  const address = await dialog.getByRole("textbox", { name: "Address of the snapshot" }).inputValue();
  assert.match(address, /snapshot=[0-9a-f]{20}$/);

  // Nothing is asked of the store any more.
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto("about:blank");
  await page.goto(address);
  await page.getByText(/Snapshot of .* by .*\. It is gone after/).waitFor();
  await panel(page, "Load of demo-1").getByRole("img").waitFor();
  await panel(page, "Table").getByRole("cell", { name: "7", exact: true }).waitFor();
  assert.deepEqual(asked.filter((url) => /answers|label\//.test(url)), []);
  assert.equal(await page.getByRole("button", { name: "Save", exact: true }).count(), 0);

  await page.goto(`${shared.demo.url}#/dashboards`);
  await page.getByRole("button", { name: "Snapshots" }).click();
  const line = page.getByRole("dialog").getByRole("listitem").filter({ hasText: "it-share" });
  await line.getByRole("button", { name: "Delete snapshot" }).click();
  await page.getByText("None are kept").waitFor();
});

pageTest("a query of Explore becomes a panel, and the panel's editor completes PromQL", {}, async (page) => {
  await page.goto(`${shared.demo.url}#/explore?q=${encodeURIComponent("node_load1")}`);
  await page.getByRole("button", { name: "Add to dashboard" }).click();
  const dialog = page.getByRole("dialog", { name: "Add to dashboard" });
  await dialog.getByRole("textbox", { name: "Title of the dashboard" }).fill("From Explore");
  await dialog.getByRole("textbox", { name: "Title of the panel" }).fill("Load");
  await dialog.getByRole("button", { name: "Add to dashboard" }).click();
  await heading(page, "From Explore").waitFor();
  await panel(page, "Load").getByRole("button", { name: /demo-1/ }).first().waitFor();
  await panel(page, "Load").hover();
  await panel(page, "Load").getByRole("button", { name: "What to do with this panel" }).click();
  await page.getByRole("button", { name: "Edit panel" }).click();
  const editor = page.getByRole("dialog").getByRole("group", { name: "Query A" }).getByRole("textbox", { name: "Query" });
  await editor.fill("node_memory_MemTot");
  await page.getByRole("option", { name: /node_memory_MemTotal_bytes/ }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
  await panel(page, "Load").getByRole("button", { name: /MemTotal/ }).first().waitFor();
});

pageTest("the list shows one folder, and a dashboard may go into a new one", {}, async (page) => {
  await page.goto(`${shared.demo.url}#/dashboards`);
  await page.getByRole("button", { name: "New dashboard" }).click();
  const dialog = page.getByRole("dialog", { name: "New dashboard" });
  await dialog.getByRole("textbox", { name: "Title" }).fill("Of the shop");
  await dialog.getByRole("combobox", { name: /Folder/ }).fill("shop");
  await dialog.getByRole("button", { name: "New dashboard" }).click();
  await heading(page, "Of the shop").waitFor();
  await page.goto(`${shared.demo.url}#/dashboards`);
  await page.getByRole("row").filter({ hasText: "Of the shop" }).getByRole("link", { name: "shop", exact: true }).click();
  await page.waitForURL(/folder=shop/);
  await page.getByRole("link", { name: "Node", exact: true }).waitFor({ state: "detached" });
  assert.equal(await page.getByRole("row").count(), 2);
  await page.getByRole("link", { name: "Show other folders too" }).click();
  await page.getByRole("link", { name: "Node", exact: true }).waitFor();
});
