// What else is done to the cluster: pods, claims, nodes, requests for certificates, and many objects at once.

import assert from "node:assert/strict";

import { choose, dialog, heading, isGone, until } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, shared, useDemo } from "../support/suite.mjs";

useDemo();

const button = (where, name) => where.getByRole("button", { name, exact: true });
const chosenBar = (page) => page.getByRole("toolbar", { name: "What to do with the chosen" });

const deployment = (name, more = {}) => ({
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "example.org/x:1" }] } },
    ...more,
  },
});

const DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments";

pageTest("a pod is annotated and evicted", { url: at("#/pods/shop/leaving") }, async (page) => {
  const kube = apiServer(shared.demo);
  await kube.createPod("shop", "leaving");
  await heading(page, "leaving").waitFor();
  await choose(page, "Edit annotations");
  await dialog(page).getByLabel("Annotations").fill("example.org/note=two words");
  await button(dialog(page), "Edit annotations").click();
  await page.getByText("Edit annotations: leaving is done.").waitFor();
  const path = "/api/v1/namespaces/shop/pods/leaving";
  assert.equal((await kube.ask("GET", path)).metadata.annotations["example.org/note"], "two words");
  await button(page, "Evict").click();
  await button(dialog(page), "Evict").click();
  await page.getByText("Evict: leaving is done.").waitFor();
  await until(() => kube.ask("GET", path), isGone);
});

pageTest("a claim asks for more room", { url: at("#/persistentvolumeclaims/shop/roomy") }, async (page) => {
  const kube = apiServer(shared.demo);
  const all = "/api/v1/namespaces/shop/persistentvolumeclaims";
  await kube.ask("POST", all, {
    metadata: { name: "roomy" },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "standard", resources: { requests: { storage: "1Gi" } } },
  });
  await heading(page, "roomy").waitFor();
  await button(page, "Expand").or(button(page, "More")).first().click();
  if ((await dialog(page).count()) === 0) await button(page, "Expand").click();
  await dialog(page).getByLabel("Size").fill("2Gi");
  await button(dialog(page), "Expand").click();
  await page.getByText("Expand: roomy is done.").waitFor();
  assert.equal((await kube.ask("GET", `${all}/roomy`)).spec.resources.requests.storage, "2Gi");
  await kube.ask("DELETE", `${all}/roomy`);
});

pageTest("a node is tainted, and the taint taken away", { url: at("#/nodes/demo-4") }, async (page) => {
  const kube = apiServer(shared.demo);
  const taints = async () => (await kube.ask("GET", "/api/v1/nodes/demo-4")).spec.taints ?? [];
  await heading(page, "demo-4").waitFor();
  await choose(page, "Edit taints");
  await dialog(page).getByLabel("Taints").fill("example.org/quiet=yes:PreferNoSchedule");
  await button(dialog(page), "Edit taints").click();
  await page.getByText("Edit taints: demo-4 is done.").waitFor();
  assert.deepEqual(await taints(), [{ key: "example.org/quiet", value: "yes", effect: "PreferNoSchedule" }]);
  await choose(page, "Edit taints");
  await dialog(page).getByLabel("Taints").fill("");
  await button(dialog(page), "Edit taints").click();
  await until(taints, (said) => said.length === 0);
});

pageTest("a request for a certificate is denied", { url: at("#/certificates.k8s.io.v1.certificatesigningrequests/denied-csr") }, async (page) => {
  const kube = apiServer(shared.demo);
  const all = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  await kube.ask("POST", all, { metadata: { name: "denied-csr" }, spec: { request: "QUFBQQ==", signerName: "example.org/nobody", usages: ["client auth"] } });
  await heading(page, "denied-csr").waitFor();
  await button(page, "Deny").click();
  await button(dialog(page), "Deny").click();
  await page.getByText("Deny: denied-csr is done.").waitFor();
  assert.equal((await kube.ask("GET", `${all}/denied-csr`)).status.conditions[0].type, "Denied");
  await kube.ask("DELETE", `${all}/denied-csr`);
});

pageTest("Deployments that are chosen in a list are scaled and restarted together, and a paused one goes on", {
  url: at("#/deployments?filter=together-"),
}, async (page) => {
  const kube = apiServer(shared.demo);
  const names = ["together-1", "together-2"];
  for (const name of names) await kube.ask("POST", DEPLOYMENTS, deployment(name, { paused: true }));
  const choice = async () => {
    for (const name of names) await page.getByRole("checkbox", { name: `Choose ${name}` }).check();
    await chosenBar(page).getByText("2 chosen").waitFor();
  };
  await page.getByRole("link", { name: "together-2", exact: true }).waitFor();
  await choice();
  await button(chosenBar(page), "Scale").click();
  await dialog(page).getByLabel("Replicas").fill("2");
  await button(dialog(page), "Scale").click();
  await page.getByText("Scale: 2 objects is done.").waitFor();
  await choice();
  await button(chosenBar(page), "Restart").click();
  await button(dialog(page), "Restart").click();
  await page.getByText("Restart: 2 objects is done.").waitFor();
  for (const name of names) {
    const { spec } = await kube.ask("GET", `${DEPLOYMENTS}/${name}`);
    assert.equal(spec.replicas, 2);
    assert.ok(spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]);
  }
  await page.getByRole("link", { name: "together-1", exact: true }).click();
  await heading(page, "together-1").waitFor();
  await choose(page, "Resume rollout");
  await page.getByText("Resume rollout: together-1 is done.").waitFor();
  assert.notEqual((await kube.ask("GET", `${DEPLOYMENTS}/together-1`)).spec.paused, true);
  for (const name of names) await kube.ask("DELETE", `${DEPLOYMENTS}/${name}`);
});

pageTest("a file becomes the text that objects are made from", { url: at("#/create") }, async (page) => {
  const kube = apiServer(shared.demo);
  const text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-file\n  namespace: shop\ndata:\n  a: b\n";
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByLabel("File").click()]);
  await chooser.setFiles({ name: "map.yaml", mimeType: "application/yaml", buffer: Buffer.from(text) });
  await page.getByRole("textbox", { name: "Manifest", exact: true }).getByText("from-file").waitFor();
  await button(page, "Apply").click();
  await page.getByText("All objects are as the text says.").waitFor();
  const made = "/api/v1/namespaces/shop/configmaps/from-file";
  assert.deepEqual((await kube.ask("GET", made)).data, { a: "b" });
  await kube.ask("DELETE", made);
});
