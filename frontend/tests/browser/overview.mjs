// The page that opens first: this machine, moving.

import assert from "node:assert/strict";

import { chartPictures, waitForChange, waitForCharts } from "../support/charts.mjs";
import { until } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

pageTest("four live charts are drawn and go on changing by themselves", {}, async (page) => {
  await waitForCharts(page, 4);
  const before = await chartPictures(page);
  await waitForChange(page, before);
});

pageTest("the overview names the machine and its state in words", {}, async (page) => {
  await page.getByRole("link", { name: "demo-1" }).first().waitFor();
  for (const title of ["CPU", "Memory", "Disk", "Network"]) {
    await page.getByRole("heading", { name: title, exact: true }).first().waitFor();
  }
});

// What the crosshair stands on: the time of a sample, beside the values.
const crosshairTime = (page) => page.getByText(/^\d{2}:\d{2}:\d{2}$/);

pageTest("the crosshair shows the values under the pointer", {}, async (page) => {
  await waitForCharts(page, 4);
  const chart = page.getByRole("img", { name: "Disk" });
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width * 0.98, box.y + box.height / 2);
  await crosshairTime(page).first().waitFor();
  await page.mouse.move(0, 0);
  await crosshairTime(page).first().waitFor({ state: "detached" });
});

pageTest("dragging over a chart zooms into that time, and back undoes it", {}, async (page) => {
  await waitForCharts(page, 4);
  const before = page.url();
  const chart = page.getByRole("img", { name: "Disk" });
  // What the cluster complains about comes above the charts and moves them, perhaps between looking and dragging.
  for (let tries = 0; tries < 5 && page.url() === before; tries += 1) {
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await page.waitForTimeout(500);
  }
  await page.waitForFunction((before) => location.href !== before, before);
  await page.goBack();
  await page.waitForFunction((before) => location.href === before, before);
  assert.equal(page.url(), before);
});

/** All problems, those included that are not among the worst. */
async function allProblems(page) {
  const problems = region(page, "Problems");
  await problems.getByRole("button", { name: /^\d+ more$/ }).click();
  return problems;
}

const region = (page, name) => page.getByRole("region", { name, exact: true });

pageTest("a TLS Secret whose certificate ends soon needs a look, for those who may read Secrets, and its key stays where it is", {
  signIn: false,
}, async (page) => {
  const told = [];
  page.on("response", (answer) => {
    if (answer.url().includes("/certificates")) told.push(answer.text().catch(() => ""));
  });
  await signIn(page, shared.demo.token);
  const problems = await allProblems(page);
  await problems.getByText("web-tls", { exact: true }).waitFor();
  await problems.getByText(/It ends in 1[12] d; whoever relies on it/).waitFor();
  const { data } = await apiServer(shared.demo).ask("GET", "/api/v1/namespaces/shop/secrets/web-tls");
  for (const text of await Promise.all(told)) assert.ok(!text.includes(data["tls.key"]) && !text.includes("not a key"));
  await page.getByRole("link", { name: "Inspect: web-tls" }).click();
  await page.getByRole("heading", { level: 1, name: "web-tls", exact: true }).waitFor();
});

pageTest("who may not read Secrets is not told of them, and nothing is refused", { signIn: false }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  await region(page, "Problems").getByRole("link").first().waitFor();
  assert.equal(await page.getByText("web-tls").count(), 0);
});

pageTest("an API that is going to be taken away is named with the release that no longer has it", { signIn: false }, async (page) => {
  const used = { group: "flowcontrol.apiserver.k8s.io", version: "v1beta3", resource: "flowschemas", removed_release: "1.32" };
  const result = [{ metric: used, value: [Date.now() / 1000, "1"] }];
  // The demo's API server has no metrics of its own: what a real one says is put into the answer.
  await page.route(/\/api\/v1\/query/, (route) => {
    const text = `${route.request().url()} ${route.request().postData() ?? ""}`;
    return text.includes("apiserver_requested_deprecated_apis")
      ? route.fulfill({ json: { status: "success", data: { resultType: "vector", result } } })
      : route.continue();
  });
  await signIn(page, shared.demo.token);
  const needs = await allProblems(page);
  await needs.getByText("flowcontrol.apiserver.k8s.io/v1beta3 flowschemas").waitFor();
  await needs.getByText("Somebody asks for it, and Kubernetes 1.32 no longer serves it.").waitFor();
  await page.screenshot({ path: screenshotPath("overview-later"), fullPage: true });
});

pageTest("what was rolled out lately is told with whoever did it", {}, async (page) => {
  const kube = apiServer(shared.demo);
  const path = "/apis/apps/v1/namespaces/shop/deployments";
  const labels = { app: "rolled" };
  const container = { name: "main", image: "example.org/rolled:1" };
  await kube.ask("POST", `${path}?fieldManager=release-robot`, {
    metadata: { name: "rolled" },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
  });
  try {
    await until(() => kube.ask("GET", `${path}/rolled`), (said) => said.status?.readyReplicas === 1);
    const recent = region(page, "Recent changes");
    await recent.getByRole("link", { name: "rolled", exact: true }).waitFor({ timeout: 60_000 });
    await recent.getByRole("listitem").filter({ hasText: "rolled" }).getByText(/revision 1, by release-robot/).waitFor();
  } finally {
    await kube.ask("DELETE", `${path}/rolled`);
  }
});
