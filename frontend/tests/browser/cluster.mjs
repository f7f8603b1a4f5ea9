// The cluster as it is and as it changes: what is wrong, who may see what, and what is said when the API server is away.

import assert from "node:assert/strict";

import { apiServer } from "../support/kube.mjs";
import { pageTest, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const at = (route) => () => shared.demo.url + route;

pageTest("the overview says first what is wrong, with the reason in words", {}, async (page) => {
  const heading = page.getByRole("heading", { level: 1 });
  await heading.filter({ hasText: /broken/ }).waitFor();
  const problems = page.getByRole("region", { name: "Problems" });
  for (const [workload, reason, words] of [
    ["checkout", "CrashLoopBackOff", /exit code 1/],
    ["fraud-check", "OOMKilled", /runs out of memory/],
    ["collector", "ImagePullBackOff", /cannot be pulled/],
    ["trainer", "Unschedulable", /lack CPU\. It asks for 64 cores/],
  ]) {
    const problem = problems.getByRole("listitem").filter({ hasText: workload });
    await problem.getByText(reason, { exact: true }).first().waitFor();
    await problem.getByText(words).first().waitFor();
  }
  await problems.getByRole("link", { name: "Inspect: checkout" }).click();
  await page.getByRole("heading", { level: 1, name: /^checkout-/ }).waitFor();
  await page.getByText(/soon after each start/).first().waitFor();
});

pageTest("a pod appears by itself, crashes, and its page says why", { url: at("#/pods?ns=shop") }, async (page) => {
  const kube = apiServer(shared.demo);
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  await kube.createPod("shop", "newcomer", "crash");
  try {
    await row(page, "newcomer").waitFor();
    await row(page, "newcomer").getByText("CrashLoopBackOff").waitFor();
    await row(page, "newcomer").getByRole("link", { name: "newcomer" }).click();
    await page.getByRole("heading", { level: 1, name: "newcomer" }).waitFor();
    await page.getByText("Container main ends with exit code 1 soon after each start").waitFor();
    await page.getByRole("region", { name: "Events" }).getByText("Back-off restarting failed container").waitFor();
    assert.match(page.url(), /#\/pods\/shop\/newcomer/);
  } finally {
    await kube.deletePod("shop", "newcomer");
  }
  await page.getByText("It is gone. This is how it was last.").waitFor();
});

pageTest("a filter and the namespaces are in the address, and a pasted address shows the same", {
  url: at("#/pods"),
}, async (page) => {
  await page.getByRole("link", { name: /^postgres-/ }).first().waitFor();
  await page.getByRole("button", { name: /^Namespaces All/ }).click();
  await page.getByRole("checkbox", { name: "data" }).check();
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: /^Filter/ }).fill("redis");
  await page.getByRole("link", { name: "redis-0" }).waitFor();
  await page.getByRole("link", { name: "postgres-0" }).waitFor({ state: "detached" });
  assert.match(page.url(), /ns=data/);
  assert.match(page.url(), /filter=redis/);
  await page.reload();
  await page.getByRole("link", { name: "redis-0" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "postgres-0" }).count(), 0);
  await page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
  await page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
  assert.match(page.url(), /sort=-name/);
});

pageTest("one stream feeds every page, and pages do not open another", { url: at("#/pods?filter=web") }, async (page) => {
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  const open = [];
  page.on("request", (request) => request.url().includes("stream/log") && open.push(request.url()));
  for (const name of ["Nodes", "Pods", "Nodes"]) {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.getByRole("rowheader").first().waitFor();
  }
  assert.deepEqual(open, [], "nodes and pods come over the stream that is there");
});

pageTest("a viewer of one namespace sees that namespace only, and is not refused again and again", {
  signIn: false,
  // How many series there are in all is asked once, and is no business of somebody who sees some of them.
  expected: [/status of 403 .*\/api\/v1\/status\/tsdb/],
}, async (page) => {
  const refused = [];
  page.on("response", (answer) => answer.status() === 403 && refused.push(answer.url()));
  await signIn(page, shared.demo.viewerToken);
  await page.getByRole("region", { name: "Problems" }).getByText("checkout").first().waitFor();
  for (const hidden of ["fraud-check", "collector", "trainer"]) {
    assert.equal(await page.getByText(hidden).count(), 0, `${hidden} is in another namespace`);
  }
  await page.getByText(/needs list on nodes in the whole cluster/).waitFor();

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Pods" }).click();
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  assert.equal(await page.getByRole("link", { name: /^postgres-/ }).count(), 0);
  await page.getByRole("button", { name: "Namespaces shop" }).waitFor();

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Nodes" }).click();
  await page.getByText("You may not see the nodes here").waitFor();
  assert.ok(refused.length <= 1, refused.join("\n"));
});

pageTest("a cut API server is told with the time of what is shown, and its return is noticed", {
  url: at("#/pods?ns=shop"),
  expected: [/status of 50[0-9]/, /ERR_/],
}, async (page) => {
  const kube = apiServer(shared.demo);
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await kube.cut();
  try {
    await page.getByText(/The API server does not answer; trying again.* – what you see is from \d\d:\d\d/).first().waitFor();
    assert.ok((await page.getByRole("link", { name: /^web-/ }).count()) > 0, "what was there stays");
  } finally {
    await kube.mend();
  }
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText(/The API server does not answer/).first().waitFor({ state: "detached" });
  await kube.createPod("shop", "after-the-cut");
  try {
    await row(page, "after-the-cut").waitFor();
  } finally {
    await kube.deletePod("shop", "after-the-cut");
  }
});

pageTest("a session that ends elsewhere ends the stream and leads to the sign-in page", {
  url: at("#/pods?ns=shop"),
  expected: [/status of 401/],
}, async (page) => {
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  const session = await (await page.request.get(new URL("api/crowsnest/v1/session", shared.demo.url).href)).json();
  await page.request.delete(new URL("api/crowsnest/v1/session", shared.demo.url).href, {
    headers: { "x-crowsnest-csrf": session.csrf, origin: new URL(shared.demo.url).origin },
  });
  await page.getByText("Your session has ended.").waitFor();
  assert.equal(await page.getByRole("link", { name: /^web-/ }).count(), 0);
});
