// What traffic passes through and who may: the map, network policies in words, charts and curves of objects, and objects from a form.

import assert from "node:assert/strict";

import { waitForCharts } from "../support/charts.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const card = (page, space, lane, name) =>
  page
    .getByRole("region", { name: space, exact: true })
    .getByRole("listitem")
    .filter({ has: page.getByRole("link", { name, exact: true }) })
    .and(page.locator(`[data-lane="${lane}"]`));

// The field of a form by what it is called; what its hint says does not count.
const field = (form, label) =>
  form.locator("label").filter({ has: form.page().getByText(label, { exact: true }) }).locator("input, textarea");

pageTest("the map shows where traffic stops, leads to each page and keeps its choices in the address", {
  url: at("#/map?ns=shop"),
  width: 1440,
  height: 1000,
}, async (page) => {
  await card(page, "shop", "ingress", "old-shop").getByText("backend Service legacy-web not found").waitFor();
  await card(page, "shop", "service", "legacy-web").getByText("not found", { exact: true }).waitFor();
  await card(page, "shop", "service", "mail").getByText("another name for smtp.example.org").waitFor();
  await card(page, "shop", "ingress", "web").getByText("Leads to web").waitFor();
  assert.equal(await page.getByRole("region", { name: "data", exact: true }).count(), 0);

  await page.getByRole("searchbox", { name: "Find on the map" }).fill("old-shop");
  await card(page, "shop", "service", "web").waitFor({ state: "detached" });
  assert.match(page.url(), /filter=old-shop/);
  await page.getByRole("searchbox", { name: "Find on the map" }).fill("");
  await page.getByRole("button", { name: /^Problems only/ }).click();
  await card(page, "shop", "service", "mail").waitFor({ state: "detached" });
  await card(page, "shop", "ingress", "old-shop").waitFor();
  await page.getByRole("button", { name: /^Problems only/ }).click();
  await page.getByRole("radio", { name: "Nodes" }).check();
  await page.locator('[data-lane="below"]').getByRole("link", { name: /^demo-\d$/ }).first().waitFor();
  assert.match(page.url(), /show=nodes/);

  // By keyboard: a card is a link, and so is each pod in it.
  const workload = card(page, "shop", "workload", "web");
  await workload.getByRole("link", { name: /^web-.*: Running$/ }).first().waitFor();
  await workload.getByRole("link", { name: "web", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "web", exact: true }).waitFor();
  assert.match(page.url(), /#\/deployments\/shop\/web/);
});

pageTest("a Service that leads nowhere says so on the map and on its page", { url: at("#/map?ns=batch") }, async (page) => {
  const kube = apiServer(shared.demo);
  const services = "/api/v1/namespaces/batch/services";
  const make = (name, spec) => kube.ask("POST", services, { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  await make("nobody", { selector: { app: "nobody" } });
  await make("outside", { type: "LoadBalancer" });
  try {
    await card(page, "batch", "service", "nobody").getByText("selects no pod").waitFor();
    await card(page, "batch", "service", "outside").getByText("pending: no controller gave it an address").waitFor();
    await card(page, "batch", "service", "nobody").getByRole("link", { name: "nobody" }).click();
    await page.getByText("No pod in this namespace has the labels").waitFor();
    await page.goto(shared.demo.url + "#/services/batch/outside");
    await page.getByText("get an address from a controller of the cloud").waitFor();
    await page.getByText("It selects no pods by itself").waitFor();
  } finally {
    for (const name of ["nobody", "outside"]) await kube.ask("DELETE", `${services}/${name}`);
  }
});

pageTest("who may see one namespace has a map of it, and nothing is refused on the way", {
  signIn: false,
  url: at("#/map"),
}, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  const shop = page.getByRole("region", { name: "shop", exact: true });
  await shop.getByRole("link", { name: "web", exact: true }).first().waitFor();
  assert.equal(await page.getByRole("region", { name: "data", exact: true }).count(), 0);
});

pageTest("a pod says who may reach it, and a policy what it allows", { url: at("#/pods/data/postgres-0") }, async (page) => {
  const reach = page.getByRole("region", { name: "Who may reach this pod" });
  await reach.getByText("Only these. It is held by postgres-from-shop").waitFor();
  const line = reach.getByRole("listitem").filter({ hasText: "5432/TCP" });
  await line.getByText("all pods in namespaces shop").waitFor();
  await line.getByRole("link", { name: /^shop\/web/ }).waitFor();
  await page.getByRole("region", { name: "Whom it may reach" }).getByText("Everybody.").waitFor();

  const kube = apiServer(shared.demo);
  const policies = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies";
  await kube.ask("POST", policies, {
    metadata: { name: "shut" },
    spec: { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Egress"] },
  });
  try {
    await line.getByText(/\d+ of these are held back by policies of the other side/).waitFor();
  } finally {
    await kube.ask("DELETE", `${policies}/shut`);
  }
  await line.getByText(/held back/).waitFor({ state: "detached" });
  await line.getByRole("link", { name: "postgres-from-shop" }).click();
  const words = page.getByRole("region", { name: "In words" });
  await words.getByText(/^It holds pods app=postgres of data: \d+ now\.$/).waitFor();
  await words.getByText("In: all pods in namespaces shop, on 5432/TCP.").waitFor();
  await words.getByText("It says nothing about what goes out.").waitFor();
});

pageTest("a workload, a namespace and a claim have charts of their own", { url: at("#/deployments/shop/web?range=5m") }, async (page) => {
  await waitForCharts(page, 4);
  await page.getByRole("region", { name: "CPU", exact: true }).getByText("cores, by pod").waitFor();
  await page.goto(shared.demo.url + "#/namespaces/shop?range=5m");
  await page.getByRole("heading", { level: 1, name: "shop", exact: true }).waitFor();
  await waitForCharts(page, 4);
  await page.goto(shared.demo.url + "#/persistentvolumeclaims/data/data-kafka-0?range=5m");
  await page.getByRole("region", { name: "Space", exact: true }).waitFor();
  await waitForCharts(page, 2);
});

for (const [kind, name] of [["pods", /^web-/], ["deployments", /^web$/], ["nodes", /^demo-1$/]]) {
  pageTest(`the rows of ${kind} have curves, asked for together`, {
    url: at(kind === "nodes" ? "#/nodes" : `#/${kind}?ns=shop`),
    width: 1600,
  }, async (page) => {
    const asked = [];
    page.on("request", (request) => {
      if (request.url().includes("api/v1/query_range")) asked.push(request.url());
    });
    await page.reload();
    const row = page.getByRole("row").filter({ has: page.getByRole("link", { name }) }).first();
    const place = row.locator(".col--cpu .sparkline");
    await place.waitFor();
    const before = await place.boundingBox();
    await row.locator('.col--cpu .sparkline__line[d^="M"]').waitFor({ state: "attached" });
    await row.locator('.col--memory .sparkline__line[d^="M"]').waitFor({ state: "attached" });
    const after = await place.boundingBox();
    assert.deepEqual([after.width, after.height], [before.width, before.height]);
    // Two figures, and rows that have come to be seen a little later.
    assert.ok(asked.length <= 6, `${asked.length} questions`);
    assert.ok(asked.every((url) => new URL(url).searchParams.get("query").includes(kind === "nodes" ? "node=~" : "pod=~")));
  });
}

pageTest("alerts about an object, or about its pods, are told on its page", {
  url: at("#/statefulsets/data/postgres"),
}, async (page) => {
  const alert = (alertname, labels) => ({
    labels: { alertname, severity: "critical", namespace: "data", ...labels },
    annotations: { summary: `${alertname} is wrong` },
    state: "firing",
    activeAt: new Date(Date.now() - 60_000).toISOString(),
    value: "1e+00",
  });
  const alerts = [alert("Slow", { pod: "postgres-0" }), alert("Other", { pod: "kafka-0" })];
  await page.getByRole("heading", { level: 1, name: "postgres", exact: true }).waitFor();
  assert.equal(await page.getByRole("region", { name: "Alerts about it" }).count(), 0);
  await page.route("**/api/v1/alerts", (route) => route.fulfill({ json: { status: "success", data: { alerts } } }));
  await page.reload();
  const told = page.getByRole("region", { name: "Alerts about it" });
  await told.getByText("Slow is wrong").waitFor();
  assert.equal(await told.getByText("Other is wrong").count(), 0);
});

pageTest("an application is made from a form: written, tried, applied", { url: at("#/create") }, async (page) => {
  const kube = apiServer(shared.demo);
  await page.getByRole("link", { name: "Application", exact: true }).click();
  assert.match(page.url(), /form=app/);
  const form = page.getByRole("region", { name: "Application" });
  const text = page.getByRole("textbox", { name: "Manifest", exact: true });
  await field(form, "Name").fill("Formed");
  await form.getByText("A name has lower-case letters").waitFor();
  await field(form, "Name").fill("formed");
  await field(form, "Image").fill("nginx:1.27");
  await text.getByText("nginx:1.27").waitFor();
  await field(form, "Port of the container").fill("8080");
  await form.getByText("Service", { exact: true }).click();
  await field(form, "Port of the Service").fill("80");
  await form.getByText("Ingress", { exact: true }).click();
  await field(form, "Host").fill("formed.example.org");
  await form.getByText("Environment and resources").click();
  await field(form, "Environment").fill("MODE=test");
  await page.getByLabel("Namespace for objects that name none").fill("shop");
  await page.screenshot({ path: screenshotPath("create-form-filled"), fullPage: true });
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("A trial: nothing is changed.").waitFor();
  assert.equal(await page.getByText("Would be created").count(), 3);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("All objects are as the text says.").waitFor();
  const made = {
    deployments: "/apis/apps/v1/namespaces/shop/deployments/formed",
    services: "/api/v1/namespaces/shop/services/formed",
    ingresses: "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/formed",
  };
  try {
    const deployment = await kube.ask("GET", made.deployments);
    assert.deepEqual(deployment.spec.template.spec.containers[0].env, [{ name: "MODE", value: "test" }]);
    assert.equal((await kube.ask("GET", made.services)).spec.ports[0].targetPort, 8080);
    assert.equal((await kube.ask("GET", made.ingresses)).spec.rules[0].host, "formed.example.org");
  } finally {
    for (const path of Object.values(made)) await kube.ask("DELETE", path);
  }
});

pageTest("a claim and a volume are made from forms", { url: at("#/create?form=claim") }, async (page) => {
  const kube = apiServer(shared.demo);
  const claim = page.getByRole("region", { name: "Claim", exact: true });
  await field(claim, "Name").fill("formed");
  await field(claim, "Capacity").fill("1Gi");
  await page.getByLabel("Namespace for objects that name none").fill("data");
  await page.getByRole("textbox", { name: "Manifest", exact: true }).getByText("PersistentVolumeClaim").waitFor();
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("All objects are as the text says.").waitFor();
  const path = "/api/v1/namespaces/data/persistentvolumeclaims/formed";
  assert.equal((await kube.ask("GET", path)).spec.resources.requests.storage, "1Gi");
  await kube.ask("DELETE", path);

  await page.getByRole("link", { name: "Volume", exact: true }).click();
  const volume = page.getByRole("region", { name: "Volume", exact: true });
  for (const [label, value] of [["Name", "formed"], ["Capacity", "2Gi"], ["Path or handle", "/exports/formed"], ["Server, driver or node", "nfs.example.org"]]) {
    await field(volume, label).fill(value);
  }
  await page.getByRole("textbox", { name: "Manifest", exact: true }).getByText("/exports/formed").waitFor();
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("All objects are as the text says.").waitFor();
  assert.equal((await kube.ask("GET", "/api/v1/persistentvolumes/formed")).spec.nfs.server, "nfs.example.org");
  await kube.ask("DELETE", "/api/v1/persistentvolumes/formed");
});
