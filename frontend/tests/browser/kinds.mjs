// Every kind that the cluster serves: the side bar, lists in our columns and in the API server's own, pages of objects.

import assert from "node:assert/strict";

import { heading } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const main = (page) => page.getByRole("navigation", { name: "Main" });
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** Opens a group of the side bar unless it is open, and the list of a kind in it. */
async function openKind(page, group, kind) {
  const fold = main(page).getByRole("button", { name: group, exact: true });
  if ((await fold.getAttribute("aria-expanded")) === "false") await fold.click();
  await main(page).getByRole("link", { name: kind, exact: true }).click();
  await heading(page, kind).waitFor();
}

pageTest("groups of the side bar fold, and lists of workloads say how each is", {}, async (page) => {
  await openKind(page, "Workloads", "Deployments");
  await row(page, "web").getByText("Available", { exact: true }).waitFor();
  await row(page, "checkout").getByText(/Unavailable|Available|Progressing|MinimumReplicas/).first().waitFor();
  await page.screenshot({ path: screenshotPath("kinds-deployments") });
  for (const [group, kind, name] of [
    ["Workloads", "StatefulSets", "redis"],
    ["Workloads", "Jobs", "import-2025"],
    ["Configuration", "ConfigMaps", "web-config"],
    ["Storage", "PersistentVolumes", "archive-2"],
    ["Access control", "Roles", "release"],
  ]) {
    await openKind(page, group, kind);
    await page.getByRole("link", { name, exact: true }).first().waitFor();
  }
  await main(page).getByRole("button", { name: "Storage", exact: true }).click();
  await main(page).getByRole("link", { name: "StorageClasses", exact: true }).waitFor({ state: "detached" });
  await page.reload();
  await heading(page, "Roles").waitFor();
  assert.equal(await main(page).getByRole("button", { name: "Storage", exact: true }).getAttribute("aria-expanded"), "false");
});

pageTest("a workload's page has its pods, its rollout, what belongs to it and what its pods are to be", {
  url: at("#/deployments/shop/web"),
}, async (page) => {
  await heading(page, "web").waitFor();
  const pods = page.getByRole("region", { name: "Pods" });
  await pods.getByRole("link", { name: /^web-/ }).first().waitFor();
  await page.getByRole("region", { name: "Rollout" }).getByText("app=web").waitFor();
  await page.getByRole("region", { name: "Containers" }).getByText("nginx:1.27").first().waitFor();
  await page.screenshot({ path: screenshotPath("kinds-deployment"), fullPage: true });
  await page.getByRole("region", { name: "Belongs to" }).getByRole("link", { name: /^web-/ }).first().click();
  await page.getByText("ReplicaSets").first().waitFor();
  await page.getByRole("region", { name: "Belongs to" }).getByRole("link", { name: "Deployment web" }).click();
  await heading(page, "web").waitFor();
});

pageTest("secrets are shown by type and keys, and no value reaches the page", { url: at("#/secrets?ns=shop") }, async (page) => {
  const kube = apiServer(shared.demo);
  const value = "bm90LWZvci10aGUtcGFnZQ==";
  const answers = [];
  page.on("response", (answer) => {
    if (answer.url().includes("core.v1.secrets/")) answers.push(answer.text().catch(() => ""));
  });
  await kube.ask("POST", "/api/v1/namespaces/shop/secrets", {
    metadata: { name: "kinds-test" }, type: "Opaque", data: { password: value },
  });
  try {
    await row(page, "kinds-test").getByText("Opaque").waitFor();
    await row(page, "kinds-test").getByRole("link", { name: "kinds-test" }).click();
    await page.getByRole("region", { name: "Keys" }).getByText("password").waitFor();
    assert.ok(!(await page.content()).includes(value));
    for (const answer of answers) assert.ok(!(await answer).includes(value));
  } finally {
    await kube.ask("DELETE", "/api/v1/namespaces/shop/secrets/kinds-test");
  }
  await page.getByText("It is gone. This is how it was last.").waitFor();
});

pageTest("a kind that somebody adds is in the side bar, in its own columns, live", { url: at("#/customresourcedefinitions") }, async (page) => {
  await page.getByRole("link", { name: "widgets.example.org" }).first().waitFor();
  await openKind(page, "Custom", "Widgets");
  await page.getByRole("columnheader", { name: "Size" }).waitFor();
  await page.getByRole("rowheader").first().getByRole("link").click();
  await page.getByRole("region", { name: "Labels" }).waitFor();
  assert.match(page.url(), /#\/example\.org\.v1\.widgets\//);
  await page.screenshot({ path: screenshotPath("kinds-custom") });
});

pageTest("what the cluster does not serve is said to be so", { url: at("#/example.org.v1.unicorns") }, async (page) => {
  await page.getByText("This cluster does not serve example.org.v1.unicorns").waitFor();
});

pageTest("a viewer of one namespace sees the kinds of that namespace, and what may not be listed is named", {
  signIn: false,
}, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  await openKind(page, "Workloads", "Deployments");
  await page.getByRole("link", { name: "web", exact: true }).waitFor();
  assert.equal(await page.getByRole("link", { name: "fraud-check", exact: true }).count(), 0);
  await openKind(page, "Configuration", "Secrets");
  await page.getByText(/You may not see Secrets here/).waitFor();
});

pageTest("on a narrow screen every page is behind More", { width: 390, height: 844 }, async (page) => {
  await main(page).getByRole("button", { name: "More" }).click();
  const all = page.getByRole("navigation", { name: "All pages" });
  const fold = all.getByRole("button", { name: "Storage", exact: true });
  if ((await fold.getAttribute("aria-expanded")) === "false") await fold.click();
  await all.getByRole("link", { name: "PersistentVolumeClaims", exact: true }).click();
  await heading(page, "PersistentVolumeClaims").waitFor();
  await page.getByRole("rowheader").first().waitFor();
  await page.screenshot({ path: screenshotPath("kinds-narrow") });
});

pageTest("the palette goes to kinds by their short names and to objects by name", {}, async (page) => {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  const box = page.getByRole("combobox", { name: "Go to" });
  await box.fill(":deploy");
  await page.getByRole("option", { name: /^Deployments/ }).waitFor();
  await box.press("Enter");
  await heading(page, "Deployments").waitFor();
  await page.keyboard.press("Control+k");
  await box.fill("catalog");
  await page.getByRole("option", { name: /catalog Deployment/ }).click();
  await heading(page, "catalog").waitFor();
  assert.match(page.url(), /#\/deployments\/shop\/catalog/);
});

pageTest("labels and columns are in the address", { url: at("#/pods?labels=app%3Dweb") }, async (page) => {
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  assert.equal(await page.getByRole("link", { name: /^redis-/ }).count(), 0);
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Restarts, last" }).uncheck();
  await page.getByRole("columnheader", { name: "Restarts, last" }).waitFor({ state: "detached" });
  assert.match(page.url(), /columns=/);
  await page.getByRole("checkbox", { name: "Restarts, last" }).check();
  await page.getByRole("columnheader", { name: "Restarts, last" }).waitFor();
  assert.doesNotMatch(page.url(), /columns=/);
});
