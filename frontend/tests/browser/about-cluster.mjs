// The page of the cluster itself: is it well, do certificates and clocks hold, and how does one more node join.

import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";

import { apiServer } from "../support/kube.mjs";
import { pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const url = () => `${shared.demo.url}#/cluster`;
const region = (page, name) => page.getByRole("region", { name, exact: true });

pageTest("the side bar leads to the cluster, its version and its parts", {}, async (page) => {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Cluster", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Cluster" }).waitFor();
  await page.getByText(/^v1\.\d+\.\d+/).first().waitFor();
  await page.getByText("containerd://2.0.1").waitFor();
  const components = region(page, "Components");
  await components.getByText("Healthy", { exact: true }).nth(1).waitFor();
  await components.getByText(/parts are well/).first().click();
  await components.getByText("etcd", { exact: true }).first().waitFor();
  await region(page, "API groups").getByText("rbac.authorization.k8s.io", { exact: true }).waitFor();
});

// Requests of pages that are left are cancelled, and a connection with many such is closed.
const CUT_OFF = /net::ERR_(HTTP2_PROTOCOL_ERROR|CONNECTION_CLOSED|ABORTED)|TypeError: Failed to fetch/;

pageTest("who walks quickly from page to page leaves nothing behind that reads signals untracked", { url, expected: [CUT_OFF] }, async (page) => {
  for (const pause of [5, 60, 300]) {
    for (const route of ["#/nodes", "#/namespaces", "#/cluster", "#/", "#/cluster"]) {
      await page.evaluate((route) => (location.hash = route), route);
      await page.waitForTimeout(pause);
    }
  }
  await region(page, "Components").getByText("Healthy", { exact: true }).nth(1).waitFor();
});

pageTest("clocks are compared with the server's", { url }, async (page) => {
  const clocks = region(page, "Clocks");
  for (const name of ["This browser", "The API server", "demo-1"]) {
    await clocks.getByRole("row").filter({ hasText: name }).getByText("right", { exact: true }).waitFor();
  }
});

pageTest("the certificate of a TLS Secret is read when somebody asks, and found to end soon", { url }, async (page) => {
  const certificates = region(page, "Certificates");
  await certificates.getByRole("rowheader", { name: "API server", exact: true }).waitFor();
  assert.equal(await certificates.getByText("shop/web-tls").count(), 0);
  await certificates.getByRole("button", { name: "Read TLS Secrets, too" }).click();
  const row = certificates.getByRole("row").filter({ hasText: "shop/web-tls" });
  await row.getByText(/^in 1[12] d/).waitFor();
});

pageTest("a token is made, shown as a command once more on demand, and deleted", { url }, async (page) => {
  const tokens = region(page, "Bootstrap tokens");
  await tokens.getByRole("rowheader", { name: "demo01" }).waitFor();
  await tokens.getByRole("button", { name: "New token" }).click();
  const make = page.getByRole("dialog", { name: "New token" });
  await make.getByLabel("Description").fill("rack 7");
  await make.getByLabel("Good for").selectOption("2");
  await make.getByRole("button", { name: "Make the token" }).click();
  const line = await make.getByRole("region", { name: "Join command" }).textContent();
  const parts = /^kubeadm join 127\.0\.0\.1:\d+ --token (([a-z0-9]{6})\.[a-z0-9]{16}) --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$/.exec(line);
  assert.ok(parts, line);
  const [, token, id] = parts;
  const kube = apiServer(shared.demo);
  const told = await kube.ask("GET", "/api/v1/namespaces/kube-public/configmaps/cluster-info");
  const [, server] = /server: https:\/\/(\S+)/.exec(told.data.kubeconfig);
  const authority = new X509Certificate(Buffer.from(/certificate-authority-data: (\S+)/.exec(told.data.kubeconfig)[1], "base64"));
  const hash = createHash("sha256").update(authority.publicKey.export({ type: "spki", format: "der" })).digest("hex");
  assert.ok(line.startsWith(`kubeadm join ${server} `) && line.endsWith(`sha256:${hash}`), "as the cluster tells everybody");
  const secret = await kube.ask("GET", `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`);
  assert.equal(secret.type, "bootstrap.kubernetes.io/token");
  await page.keyboard.press("Escape");

  const row = tokens.getByRole("row").filter({ hasText: id });
  await row.getByText(/^in (2 h|1 h 59 min)/).waitFor();
  assert.ok(!(await page.content()).includes(token), "it is shown once");
  await row.getByRole("button", { name: "Join command" }).click();
  const show = page.getByRole("dialog", { name: `Join command · ${id}` });
  assert.equal(await show.getByRole("region", { name: "Join command" }).textContent(), line);
  await page.keyboard.press("Escape");

  await row.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog", { name: `Delete · ${id}` }).getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
  await assert.rejects(kube.ask("GET", `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`), /404/);
});

pageTest("who may see one namespace is told what else is missing", { signIn: false, url }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  const tokens = region(page, "Bootstrap tokens");
  await tokens.getByText(/cannot list resource "secrets"/).waitFor();
  // It looks as if it could not be used, and says why.
  await tokens.getByRole("button", { name: "New token" }).click({ force: true });
  await page.getByText(/needs create on secrets in .*kube-system/).waitFor();
  await region(page, "Certificates").getByText(/cannot list resource "certificatesigningrequests"/).waitFor();
  await page.screenshot({ path: screenshotPath("cluster-viewer"), fullPage: true });
});
