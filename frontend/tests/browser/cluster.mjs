// The cluster as it is and as it changes: what is wrong, who may see what, and what is said when the API server is away.

import assert from "node:assert/strict";

import { apiServer } from "../support/kube.mjs";
import { at, pageTest, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

// How long the demo's fifth node is away, every ten minutes.
const AWAY_MS = 60_000;

pageTest("the overview says first what is wrong, with the reason in words", {}, async (page) => {
  const heading = page.getByRole("heading", { level: 1 });
  await heading.filter({ hasText: /broken/ }).waitFor();
  const problems = page.getByRole("region", { name: "Problems" });
  for (const [workload, reason, words] of [
    ["checkout", "CrashLoopBackOff", /exit code 1/],
    ["fraud-check", "OOMKilled", /runs out of memory/],
    ["collector", "ImagePullBackOff", /cannot be pulled/],
    // For a minute of every ten one of the demo's nodes is away, which is a reason of its own.
    ["trainer", "Unschedulable", /lack CPU.*\. It asks for 64 cores/],
    ["data-kafka-0", "Volume full", /% is used, .* are free\. kafka-0 writes to it/],
    ["old-shop", "Leads nowhere", /the Service legacy-web, which does not exist in shop/],
  ]) {
    const problem = problems.getByRole("listitem").filter({ hasText: workload });
    // A pod of the node that is away has that as its reason until the node is back.
    await problem.getByText(reason, { exact: true }).first().waitFor({ timeout: 2 * AWAY_MS });
    await problem.getByText(words).first().waitFor();
  }
  await problems.getByRole("link", { name: "Inspect: old-shop" }).click();
  await page.getByRole("heading", { level: 1, name: "old-shop", exact: true }).waitFor();
  await page.getByText(/Whoever calls old\.example\.org gets an error/).waitFor();
  await page.goBack();
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
    await page.getByRole("heading", { level: 1, name: "newcomer", exact: true }).waitFor();
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

  // Whether there is such a namespace is not told either.
  for (const hidden of ["data", "nowhere"]) {
    await page.goto(`${shared.demo.url}#/pods?ns=${hidden}`);
    await page.getByText(`You may not look into ${hidden}, or there is no such namespace.`).waitFor();
  }
  assert.deepEqual(refused, []);
});

pageTest("of more namespaces than are watched at once the page names those that are", {
  signIn: false,
  // The account is deleted under the page, which may ask once more.
  expected: [/status of 401 /],
}, async (page) => {
  const kube = apiServer(shared.demo);
  const names = Array.from({ length: 9 }, (_, at) => `team-${at}`);
  await kube.ask("POST", "/api/v1/namespaces/shop/serviceaccounts", { metadata: { name: "many" } });
  for (const name of names) {
    await kube.ask("POST", "/api/v1/namespaces", { metadata: { name } });
    await kube.ask("POST", `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings`, {
      metadata: { name: "many" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ kind: "ServiceAccount", name: "many", namespace: "shop" }],
    });
  }
  try {
    const path = "/api/v1/namespaces/shop/serviceaccounts/many/token";
    const { status } = await kube.ask("POST", path, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} });
    // The server remembers for five seconds which namespaces there are, and a page asks again after thirty.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await signIn(page, status.token);
    await page.getByText(/^Shown are 7 of your 9 namespaces: team-0, /).waitFor();
    await page.getByRole("button", { name: /^Namespaces All 9/ }).click();
    await page.getByRole("checkbox", { name: "team-8" }).check();
    await page.getByText(/^Shown are 7 of/).waitFor({ state: "detached" });
  } finally {
    for (const name of names) await kube.ask("DELETE", `/api/v1/namespaces/${name}`);
    await kube.ask("DELETE", "/api/v1/namespaces/shop/serviceaccounts/many");
  }
});

pageTest("the stream of a hidden tab is closed, and goes on from there when the tab is seen again", {
  url: at("#/pods?ns=shop"),
}, async (page) => {
  const kube = apiServer(shared.demo);
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  await page.clock.install();
  const show = (state) =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }, state);
  const isStream = (request) => request.url().includes("stream/log");

  await page.evaluate(() => {
    const close = EventSource.prototype.close;
    EventSource.prototype.close = function () {
      globalThis.isClosed = true;
      close.call(this);
    };
  });
  await show("hidden");
  await page.clock.fastForward("01:01");
  await page.waitForFunction(() => globalThis.isClosed, undefined, { polling: 100 });
  await kube.createPod("shop", "unseen");
  try {
    const [again] = await Promise.all([page.waitForRequest(isStream), show("visible")]);
    assert.match(again.url(), /last_event_id=/, "what was seen already is not asked for again");
    await row(page, "unseen").waitFor();
  } finally {
    await kube.deletePod("shop", "unseen");
  }
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
