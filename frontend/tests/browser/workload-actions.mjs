// Changing workloads as a person does it, and what the simulated API server then has.

import assert from "node:assert/strict";

import { choose, dialog, heading } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const labels = { app: "acted" };
const deployment = {
  metadata: { name: "acted" },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.org/acted:1", ports: [{ containerPort: 8080 }] }] } },
  },
};

pageTest("a Deployment is scaled, restarted, given another image, rolled back, exposed and deleted", { url: at("#/deployments/shop/acted") }, async (page) => {
  const kube = apiServer(shared.demo);
  const path = "/apis/apps/v1/namespaces/shop/deployments/acted";
  await kube.ask("POST", "/apis/apps/v1/namespaces/shop/deployments", deployment);
  await heading(page, "acted").waitFor();
  await page.getByRole("button", { name: "Scale", exact: true }).click();
  await dialog(page).getByLabel("Replicas").fill("3");
  await dialog(page).getByText("kubectl scale deployments.apps/acted -n shop --replicas=3").waitFor();
  await dialog(page).getByRole("button", { name: "Scale", exact: true }).click();
  await page.getByText("Scale: acted is done.").waitFor();
  assert.equal((await kube.ask("GET", path)).spec.replicas, 3);

  await page.getByRole("button", { name: "Restart", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Restart", exact: true }).click();
  await page.getByText("Restart: acted is done.").waitFor();
  assert.ok((await kube.ask("GET", path)).spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]);

  await choose(page, "Set image");
  await dialog(page).getByLabel("Image").fill("example.org/acted:2");
  await dialog(page).getByRole("button", { name: "Set image", exact: true }).click();
  await page.getByText("Set image: acted is done.").waitFor();
  assert.equal((await kube.ask("GET", path)).spec.template.spec.containers[0].image, "example.org/acted:2");

  await choose(page, "Roll back");
  await dialog(page).getByRole("radio", { name: /^Revision 1/ }).check();
  await dialog(page).getByRole("region", { name: "What changes" }).getByText(/example.org\/acted:1/).waitFor();
  await page.screenshot({ path: screenshotPath("action-roll-back") });
  await dialog(page).getByRole("button", { name: "Roll back", exact: true }).click();
  await page.getByText("Roll back: acted is done.").waitFor();
  assert.equal((await kube.ask("GET", path)).spec.template.spec.containers[0].image, "example.org/acted:1");

  await choose(page, "Expose as a Service");
  await dialog(page).getByRole("button", { name: "Expose as a Service", exact: true }).click();
  await page.getByText("Expose as a Service: acted is done.").waitFor();
  const service = await kube.ask("GET", "/api/v1/namespaces/shop/services/acted");
  assert.deepEqual([service.spec.selector, service.spec.ports[0].targetPort], [labels, 8080]);

  await choose(page, "Pause rollout");
  await page.getByText("Pause rollout: acted is done.").waitFor();
  assert.equal((await kube.ask("GET", path)).spec.paused, true);
  await choose(page, "Delete");
  await dialog(page).getByText(/^replicasets\/acted-/).first().waitFor();
  await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Delete: acted is done.").waitFor();
  await kube.ask("DELETE", "/api/v1/namespaces/shop/services/acted");
});

pageTest("a CronJob runs now, is suspended and resumed", { url: at("#/cronjobs/shop/acted-cron") }, async (page) => {
  const kube = apiServer(shared.demo);
  const path = "/apis/batch/v1/namespaces/shop/cronjobs/acted-cron";
  await kube.ask("POST", "/apis/batch/v1/namespaces/shop/cronjobs", {
    metadata: { name: "acted-cron" },
    spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "example.org/x:1" }] } } } } },
  });
  await heading(page, "acted-cron").waitFor();
  await page.getByRole("button", { name: "Run now", exact: true }).click();
  await dialog(page).getByLabel("Name of the Job").fill("acted-now");
  await dialog(page).getByRole("button", { name: "Run now", exact: true }).click();
  await page.getByText("Run now: acted-cron is done.").waitFor();
  const job = await kube.ask("GET", "/apis/batch/v1/namespaces/shop/jobs/acted-now");
  assert.equal(job.metadata.ownerReferences[0].name, "acted-cron");
  await page.getByRole("button", { name: "Suspend", exact: true }).click();
  await page.getByText("Suspend: acted-cron is done.").waitFor();
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText("Resume: acted-cron is done.").waitFor();
  assert.equal((await kube.ask("GET", path)).spec.suspend, false);
  await kube.ask("DELETE", path);
});

pageTest("a value of a Secret is shown when it is asked for", { url: at("#/secrets/shop/acted-secret?tab=yaml") }, async (page) => {
  const kube = apiServer(shared.demo);
  const path = "/api/v1/namespaces/shop/secrets/acted-secret";
  await kube.ask("POST", "/api/v1/namespaces/shop/secrets", { metadata: { name: "acted-secret" }, stringData: { word: "open sesame" } });
  const values = page.getByRole("region", { name: "Values" });
  await values.getByText("word", { exact: true }).waitFor();
  assert.doesNotMatch(await page.content(), /open sesame|b3BlbiBzZXNhbWU/);
  await values.getByRole("button", { name: "Reveal" }).click();
  await values.getByText("open sesame").waitFor();
  await values.getByRole("button", { name: "Hide" }).click();
  await values.getByText("open sesame").waitFor({ state: "detached" });
  await kube.ask("DELETE", path);
});

pageTest("a request for a certificate is approved", { url: at("#/certificates.k8s.io.v1.certificatesigningrequests/acted-csr") }, async (page) => {
  const kube = apiServer(shared.demo);
  const all = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  await kube.ask("POST", all, { metadata: { name: "acted-csr" }, spec: { request: "QUFBQQ==", signerName: "example.org/nobody", usages: ["client auth"] } });
  await heading(page, "acted-csr").waitFor();
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await dialog(page).getByRole("button", { name: "Approve", exact: true }).click();
  await page.getByText("Approve: acted-csr is done.").waitFor();
  const made = await kube.ask("GET", `${all}/acted-csr`);
  // It stays: a page whose object goes asks for it once more, and Chromium would note the 404.
  assert.equal(made.status.conditions[0].type, "Approved");
});
