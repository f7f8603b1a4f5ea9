// Each way on which people reach the server: the page loads, one signs in (or is in already), and it goes on by itself.
// With an ingress' path prefix: prefix.mjs. With a certificate at the API server: certificate.mjs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { exposeApi, exposeService } from "../support/installed.mjs";
import { apiServer } from "../support/kube.mjs";
import { kubectls, startKubectlProxy } from "../support/kubectl.mjs";
import { goesOn, opensShell } from "../support/live.mjs";
import { startForwarder } from "../support/proxy.mjs";
import { pageTest, shared, signIn, useDemo } from "../support/suite.mjs";

const ADMIN = "system:serviceaccount:crowsnest:admin-user";
const VIEWER = "system:serviceaccount:shop:viewer";

let kube, service, other, api, viewer;
const stops = [];
useDemo({
  flags: ["--apiserver-sign-on"],
  prepare: async () => {
    kube = apiServer(shared.demo);
    service = await exposeService(kube, "crowsnest");
    other = await exposeService(kube, "other");
    api = await exposeApi(kube);
    const folder = mkdtempSync(path.join(tmpdir(), "crowsnest-reach-"));
    viewer = path.join(folder, "viewer");
    writeFileSync(viewer, kube.kubeconfig(shared.demo.viewerToken));
    return async () => {
      for (const stop of stops) await stop();
      rmSync(folder, { recursive: true, force: true });
    };
  },
});

const started = async (starting) => {
  const running = await starting;
  stops.push(running.stop);
  return running.url;
};
const cookiesOf = async (page) => (await page.context().cookies()).map(({ name, path }) => `${name} ${path}`);
const account = (page, name) => page.getByRole("button", { name: `Account of ${name}` });

pageTest("the server's own port, as a NodePort has it", { url: () => shared.demo.url.replace("localhost", "127.0.0.1") }, async (page) => {
  await goesOn(page, kube);
  await opensShell(page);
});

pageTest("a port that is forwarded", { url: () => started(startForwarder({ target: shared.demo.url })) }, async (page) => {
  await goesOn(page, kube);
  await opensShell(page);
});

// What a browser shows the API server, which keeps it to itself: the page behind it has a sign-in of its own.
const known = { headers: () => ({ authorization: `Bearer ${shared.demo.token}` }) };

pageTest("the API server's service proxy", { ...known, url: () => kube.url + service, signIn: false }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  await account(page, VIEWER).waitFor();
  assert.deepEqual(await cookiesOf(page), [`crowsnest_session ${service}`]);
  await goesOn(page, kube);
});

pageTest("the API server's own API, where one is in already", { ...known, url: () => kube.url + api, signIn: false }, async (page) => {
  await account(page, ADMIN).waitFor();
  assert.deepEqual(await cookiesOf(page), [`crowsnest_session ${api}`]);
  await goesOn(page, kube);
  // Whoever leaves is not let in again at once.
  await account(page, ADMIN).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await page.getByRole("button", { name: `Continue as ${ADMIN}` }).click();
  await account(page, ADMIN).waitFor();
});

for (const [whose, program] of kubectls()) {
  const proxy = (kubeconfig = viewer) => started(startKubectlProxy(program, kubeconfig));

  pageTest(`${whose} kubectl proxy, to the API server's own API`, { url: async () => (await proxy()) + api, signIn: false }, async (page) => {
    await account(page, VIEWER).waitFor();
    await goesOn(page, kube);
  });

  pageTest(`${whose} kubectl proxy, to two installations side by side`, { url: async () => (await proxy(shared.demo.kubeconfig)) + service }, async (page) => {
    const second = await page.context().newPage();
    await second.goto(new URL(other, page.url()).href);
    await signIn(second, shared.demo.viewerToken);
    assert.deepEqual((await cookiesOf(page)).sort(), [service, other].map((path) => `crowsnest_session ${path}`).sort());
    for (const [of, user] of [[page, ADMIN], [second, VIEWER]]) {
      await of.reload();
      await account(of, user).waitFor();
      await goesOn(of, kube);
    }
    await opensShell(page);
    await account(second, VIEWER).click();
    await second.getByRole("button", { name: "Sign out" }).click();
    await second.getByText("You are signed out.").waitFor();
    await page.reload();
    await account(page, ADMIN).waitFor();
    await second.close();
  });
}
if (kubectls().length === 0) test("kubectl proxy", { skip: "no kubectl here: deploy/setup.sh test gets one" }, () => {});
