// Changing the cluster as a person does it, and what the simulated API server then has.

import assert from "node:assert/strict";

import { choose, dialog, heading, isGone, until } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

/** Types over what stands in an editor. */
async function write(page, name, text) {
  const editor = page.getByRole("textbox", { name, exact: true });
  await editor.waitFor();
  await editor.click();
  await page.keyboard.press("ControlOrMeta+a");
  // Browsers that replace many lines by themselves write inline styles, which the policy refuses loudly.
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
}

const configMap = (name, data, more = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "shop", ...more },
  data,
});

pageTest("a pod is labelled and deleted, and the same kubectl command is beside it", { url: at("#/pods/shop/labelled") }, async (page) => {
  const kube = apiServer(shared.demo);
  await kube.createPod("shop", "labelled");
  await heading(page, "labelled").waitFor();
  await choose(page, "Edit labels");
  const labels = dialog(page).getByLabel("Labels");
  await labels.fill("tier=test\nteam=owls");
  await dialog(page).getByText("kubectl label pods/labelled -n shop --overwrite tier=test team=owls").waitFor();
  await dialog(page).getByRole("button", { name: "Edit labels" }).click();
  await page.getByText("Edit labels: labelled is done.").waitFor();
  const pod = await kube.ask("GET", "/api/v1/namespaces/shop/pods/labelled");
  assert.equal(pod.metadata.labels.team, "owls");

  await choose(page, "Delete");
  await page.screenshot({ path: screenshotPath("action-delete") });
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByText("Delete: labelled is done.").waitFor();
  await until(() => kube.ask("GET", "/api/v1/namespaces/shop/pods/labelled"), isGone);
});

pageTest("a namespace goes only when its name is typed", { url: at("#/namespaces/doomed") }, async (page) => {
  const kube = apiServer(shared.demo);
  await kube.ask("POST", "/api/v1/namespaces", { metadata: { name: "doomed" } });
  await kube.ask("POST", "/api/v1/namespaces/doomed/configmaps", { metadata: { name: "a" } });
  await heading(page, "doomed").waitFor();
  await choose(page, "Delete");
  await dialog(page).getByText(/\d+ configmaps/).waitFor();
  const button = dialog(page).getByRole("button", { name: "Delete" });
  assert.equal(await button.isDisabled(), true);
  await dialog(page).getByLabel("Type doomed to confirm").fill("doomed");
  await button.click();
  await page.getByText("Delete: doomed is done.").waitFor();
  await until(() => kube.ask("GET", "/api/v1/namespaces/doomed"), isGone);
});

/** A pod of a Deployment on a node, and a budget that lets none of them go. */
async function keptThere(kube, node) {
  const labels = { app: "kept" };
  const deployments = "/apis/apps/v1/namespaces/shop/deployments";
  const budgets = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets";
  await kube.ask("POST", deployments, {
    metadata: { name: "kept" },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { nodeSelector: { "kubernetes.io/hostname": node }, containers: [{ name: "main", image: "example.org/kept:1" }] },
      },
    },
  });
  await kube.ask("POST", budgets, { metadata: { name: "kept" }, spec: { minAvailable: 1, selector: { matchLabels: labels } } });
  await until(() => kube.ask("GET", `${budgets}/kept`), (said) => said.status?.currentHealthy === 1);
  return {
    remove: async () => {
      await kube.ask("DELETE", `${budgets}/kept`);
      await kube.ask("DELETE", `${deployments}/kept`);
    },
  };
}

// What a budget holds is refused with 429 until it may go, which Chromium notes on the console each time.
const HELD = /status of 429 .*subresource=eviction/;

// Not demo-5, which is away for a minute of every ten.
pageTest("a node is cordoned, drained as budgets allow, and taken back", { url: at("#/nodes/demo-3"), expected: [HELD] }, async (page) => {
  const kube = apiServer(shared.demo);
  const node = () => kube.ask("GET", "/api/v1/nodes/demo-3");
  const kept = await keptThere(kube, "demo-3");
  await heading(page, "demo-3").waitFor();
  await page.getByRole("button", { name: "Cordon", exact: true }).click();
  await page.getByText("Cordon: demo-3 is done.").waitFor();
  assert.equal((await node()).spec.unschedulable, true);

  await page.getByRole("button", { name: "Drain", exact: true }).click();
  await dialog(page).getByText(/pods will leave/).waitFor();
  await dialog(page).getByText("Stays: its DaemonSet would bring it back").first().waitFor();
  const agree = dialog(page).getByRole("checkbox");
  if ((await agree.count()) > 0) await agree.check();
  await page.screenshot({ path: screenshotPath("action-drain") });
  await dialog(page).getByRole("button", { name: "Drain", exact: true }).click();
  // A budget may hold a pod for as long as it likes: it is named, and whoever waits may stop.
  const held = dialog(page).getByRole("listitem").filter({ hasText: /shop\/kept-/ });
  await held.getByText(/^Held by a budget: The disruption budget kept needs 1 healthy pods/).waitFor();
  await page.screenshot({ path: screenshotPath("action-drain-held") });
  await dialog(page).getByRole("button", { name: "Stop", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Drain", exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await kept.remove();
  await page.getByRole("button", { name: "Uncordon", exact: true }).click();
  await page.getByText("Uncordon: demo-3 is done.").waitFor();
  assert.notEqual((await node()).spec.unschedulable, true);
});

pageTest("pods that are chosen in a list are deleted together", { url: at("#/pods?filter=bulk-") }, async (page) => {
  const kube = apiServer(shared.demo);
  for (const name of ["bulk-1", "bulk-2", "bulk-3"]) await kube.createPod("shop", name);
  await page.getByRole("link", { name: "bulk-3", exact: true }).waitFor();
  await page.getByRole("checkbox", { name: "Choose bulk-1" }).check();
  await page.getByRole("checkbox", { name: "Choose bulk-2" }).check();
  const bar = page.getByRole("toolbar", { name: "What to do with the chosen" });
  await bar.getByText("2 chosen").waitFor();
  await page.screenshot({ path: screenshotPath("action-bulk") });
  await bar.getByRole("button", { name: "Delete" }).click();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByText("Delete: 2 objects is done.").waitFor();
  for (const name of ["bulk-1", "bulk-2"]) await until(() => kube.ask("GET", `/api/v1/namespaces/shop/pods/${name}`), isGone);
  await kube.ask("GET", "/api/v1/namespaces/shop/pods/bulk-3");
  await kube.deletePod("shop", "bulk-3");
});

pageTest("objects are made from one text, tried first", { url: at("#/create") }, async (page) => {
  const kube = apiServer(shared.demo);
  const text = [configMap("made-1", { a: "1" }), configMap("made-2", { b: "2" })].map((object) => JSON.stringify(object)).join("\n---\n");
  await write(page, "Manifest", `${text}\n---\n{"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "x"}}`);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("Nothing is changed: at least one object was refused.").waitFor();
  await page.getByText("the cluster knows no Gadget of v1").waitFor();
  await page.screenshot({ path: screenshotPath("create-refused") });
  assert.ok(isGone(await kube.ask("GET", "/api/v1/namespaces/shop/configmaps/made-1").catch((error) => error)));

  await write(page, "Manifest", text);
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("A trial: nothing is changed.").waitFor();
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("All objects are as the text says.").waitFor();
  for (const name of ["made-1", "made-2"]) await kube.ask("DELETE", `/api/v1/namespaces/shop/configmaps/${name}`);
});

pageTest("a certificate and its key become a TLS Secret", { url: at("#/create") }, async (page) => {
  const kube = apiServer(shared.demo);
  const pem = (what) => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----`;
  const form = page.getByRole("region", { name: "TLS Secret" });
  await form.getByLabel("Name").fill("made-tls");
  await form.getByLabel("Certificate (with its chain)").fill(pem("CERTIFICATE"));
  await form.getByLabel("Private key").fill("no key");
  await form.getByRole("button", { name: "Write the manifest" }).click();
  await form.getByText(/are PEM texts/).waitFor();
  await form.getByLabel("Private key").fill(pem("PRIVATE KEY"));
  await form.getByRole("button", { name: "Write the manifest" }).click();
  await page.getByRole("textbox", { name: "Manifest", exact: true }).getByText("kubernetes.io/tls").waitFor();
  await page.getByLabel("Namespace for objects that name none").fill("shop");
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("All objects are as the text says.").waitFor();
  const secret = await kube.ask("GET", "/api/v1/namespaces/shop/secrets/made-tls");
  assert.equal(secret.type, "kubernetes.io/tls");
  await kube.ask("DELETE", "/api/v1/namespaces/shop/secrets/made-tls");
});

pageTest("an object is edited as YAML: reviewed, applied, and nobody's change is overwritten", {
  url: at("#/services/shop/edited?tab=yaml"),
}, async (page) => {
  const kube = apiServer(shared.demo);
  await kube.ask("POST", "/api/v1/namespaces/shop/services", { metadata: { name: "edited" }, spec: { ports: [{ port: 80 }] } });
  const path = "/api/v1/namespaces/shop/services/edited";
  const editor = page.getByRole("textbox", { name: "YAML", exact: true });
  await editor.getByText("ClusterIP", { exact: false }).first().waitFor();
  await page.screenshot({ path: screenshotPath("yaml-light") });
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const service = async () => JSON.stringify(await kube.ask("GET", path));
  const labelled = async (owl) => {
    const object = JSON.parse(await service());
    delete object.metadata.managedFields;
    object.metadata.labels = { ...object.metadata.labels, owl };
    return JSON.stringify(object, undefined, 2);
  };
  await write(page, "YAML", await labelled("barn"));
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByRole("region", { name: "What changes" }).getByText("+     owl: barn").waitFor();
  await page.screenshot({ path: screenshotPath("yaml-review") });
  assert.doesNotMatch(await service(), /barn/);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await page.getByText("Apply: edited is done.").waitFor();
  assert.match(await service(), /barn/);

  // Meanwhile somebody else changes it.
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const mine = await labelled("snowy");
  const theirs = JSON.parse(await service());
  theirs.metadata.labels.owl = "tawny";
  await kube.ask("PUT", path, theirs);
  await write(page, "YAML", mine);
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByText(".metadata.labels.owl is managed by unknown").waitFor();
  await page.screenshot({ path: screenshotPath("yaml-conflict") });
  // Whoever takes a field over still does not overwrite what was not seen.
  await page.getByRole("button", { name: "Take over and review" }).click();
  await page.getByRole("button", { name: "Load again" }).waitFor();
  assert.match(await service(), /tawny/);
  await kube.ask("DELETE", path);
});
