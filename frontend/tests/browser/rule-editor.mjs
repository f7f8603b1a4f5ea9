// The editor of alert rules: from Explore and from the page, with its preview, and what becomes of a rule.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { at, pageTest, screenshotPath, useDemo } from "../support/suite.mjs";

useDemo();

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const expr = (page) => page.getByRole("textbox", { name: /query/i }).first();
const preview = (page) => page.getByRole("region", { name: "Preview" });

pageTest("a query of Explore becomes a rule that says when it would have fired and who would be told", { url: at("#/explore?q=kube_node_spec_unschedulable%20%3D%3D%201") }, async (page) => {
  await page.getByRole("link", { name: "Make an alert" }).click();
  await page.getByRole("region", { name: "New rule" }).waitFor();
  assert.match(page.url(), /view=rule/);
  await page.getByLabel("Name of the alert").fill("NodeClosed");
  await page.getByLabel("Fires when it holds for").fill("");
  await page.getByLabel("Summary").fill("{{ $labels.node }} is closed");
  await preview(page).getByText(/Would have fired (once|\d+ times) in/).waitFor();
  // A rule of the demo asks the same.
  await preview(page).getByText(/has the same query/).first().waitFor();
  await preview(page).getByText(/operators \(webhook\)/).first().click();
  await preview(page).getByText(/NodeClosed/).first().waitFor();
  await page.screenshot({ path: screenshotPath("rule-editor"), fullPage: true });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The rule is saved").waitFor();
  const made = page.getByRole("region", { name: "Rules made here" });
  await made.getByRole("link", { name: "NodeClosed" }).click();
  await page.getByRole("region", { name: "Change the rule" }).waitFor();
  assert.equal(await page.getByLabel("Summary").inputValue(), "{{ $labels.node }} is closed");
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The rule is deleted").waitFor();
  await made.waitFor({ state: "hidden" });
});

pageTest("what matches nothing is told, and a rule without a name or a query cannot be saved", { url: at("#/alerts?view=rule&expr=there_is_no_such_metric%20%3E%200") }, async (page) => {
  await preview(page).getByText("there_is_no_such_metric matches no series that is kept.").waitFor();
  await preview(page).getByText(/None would have fired/).waitFor();
  assert.ok(await page.getByRole("button", { name: "Save" }).isDisabled());
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: screenshotPath("rule-editor-phone"), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0);
});

pageTest("a panel leads to the editor with its query", { url: at("#/dashboards/crowsnest-cluster") }, async (page) => {
  const panel = page.getByRole("group", { name: "Nodes ready", exact: true });
  await panel.hover();
  await panel.getByRole("button", { name: "What to do with this panel" }).click();
  await page.getByRole("link", { name: "Make an alert" }).click();
  await page.getByRole("region", { name: "New rule" }).waitFor();
  assert.match(decodeURIComponent(page.url()), /expr=.*kube_node_status_condition/);
});

for (const [theme, width] of [["light", 1280], ["dark", 390]]) {
  pageTest(`the editor fits, ${theme}, ${width} px`, { theme, width, script: AXE, url: at("#/alerts?view=rule&expr=node_load1%20%3E%200") }, async (page) => {
    await preview(page).getByText(/Would have fired/).waitFor();
    await page.getByRole("navigation", { name: "Main" }).first().waitFor();
    await page.screenshot({ path: screenshotPath(`rule-editor-${theme}-${width}`), fullPage: true });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target)}`), []);
  });
}
