// Behind an ingress, under any path: no address of the interface begins at the root.

import assert from "node:assert/strict";
import { after } from "node:test";

import { waitForCharts } from "../support/charts.mjs";
import { apiServer } from "../support/kube.mjs";
import { goesOn, opensShell } from "../support/live.mjs";
import { startProxy } from "../support/proxy.mjs";
import { pageTest, shared, useDemo } from "../support/suite.mjs";

useDemo();

const PREFIX = "/tools/crowsnest";
let proxy;
const startedProxy = async () => {
  proxy = await startProxy({ target: shared.demo.url, prefix: PREFIX });
  return proxy.url;
};
after(() => proxy?.stop());

pageTest("the whole interface works under a path prefix", { url: startedProxy }, async (page) => {
  await waitForCharts(page, 4);
  await page.getByRole("link", { name: "Nodes" }).first().click();
  await page.getByText("demo-1").first().waitFor();
  await page.getByRole("link", { name: "Explore" }).first().click();
  await page.getByRole("textbox", { name: "Query" }).fill("up");
  await page.getByRole("button", { name: "Run" }).click();
  await waitForCharts(page, 1);

  await goesOn(page, apiServer(shared.demo));
  await opensShell(page);

  const [session] = await page.context().cookies();
  assert.equal(session.path, `${PREFIX}/`, "the cookie is for this prefix alone");

  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  assert.deepEqual(proxy.missed, [], "requests beside the prefix");
});
