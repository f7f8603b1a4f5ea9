// A pod that is gone keeps its page.

import assert from "node:assert/strict";

import { heading, isGone, until } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const POD = "/api/v1/namespaces/shop/pods/parted";

pageTest("the page of a pod that is gone has its last state, its events and its last lines", { url: at("#/cluster"), expected: [/404.*pods\/shop\/parted/] }, async (page) => {
  const kube = apiServer(shared.demo);
  await kube.createPod("shop", "parted");
  await until(() => kube.ask("GET", POD), (said) => said.status?.phase === "Running");
  // In its own time, so that its lines can be fetched while it ends.
  await kube.ask("DELETE", POD);
  await until(() => kube.ask("GET", POD), isGone);

  // As somebody who has not seen it alive.
  await page.goto(at("#/pods/shop/parted")());
  await page.reload();
  await heading(page, "parted").waitFor();
  await page.getByText(/^This pod ended .* ago\. This is its last state\.$/).waitFor();
  await page.getByRole("region", { name: "Events" }).getByText(/Started container main|Scheduled|Killing/).first().waitFor();
  await page.screenshot({ path: screenshotPath("gone"), fullPage: true });
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  const lines = page.getByRole("region", { name: "main", exact: true }).last();
  await lines.waitFor();
  assert.match(await lines.textContent(), /level=/);

  // The name is taken again: the page is the new one's, and leads to the earlier one.
  await kube.createPod("shop", "parted");
  try {
    await page.goto(at("#/pods/shop/parted")());
    await page.getByRole("link", { name: /^Another pod of this name ended/ }).click();
    await page.getByText(/^This pod ended .* ago\./).waitFor();
    assert.match(page.url(), /uid=/);
  } finally {
    await kube.deletePod("shop", "parted");
  }
});

pageTest("who may not see pods of a namespace is not told that one is gone", { signIn: false, url: at("#/pods/data/parted") }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  await page.getByText("parted").first().waitFor();
  assert.equal(await page.getByText(/This pod ended/).count(), 0);
});
