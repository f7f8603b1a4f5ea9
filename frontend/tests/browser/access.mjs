// What one may do, known before the click; who else may; and credentials to take away.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

pageTest("an administrator reads that they may do everything", { url: at("#/access") }, async (page) => {
  await page.getByRole("heading", { level: 1, name: "What can I do", exact: true }).waitFor();
  await page.getByText("Everything", { exact: true }).waitFor();
  const own = page.getByRole("region", { name: "With Crowsnest" });
  assert.equal(await own.getByText("Allowed", { exact: true }).count(), 4);
});

pageTest("an administrator has a certificate made, and sees its password once", { url: at("#/access") }, async (page) => {
  await page.getByRole("button", { name: "Make a certificate" }).click();
  const dialog = page.getByRole("dialog", { name: "Client certificate" });
  await dialog.getByLabel("User").fill("bob");
  await dialog.getByLabel("Groups").fill("devs");
  await dialog.getByLabel("Good for").selectOption("30");
  await dialog.getByRole("button", { name: "Make a certificate" }).click();
  await dialog.getByText(/^A certificate for bob, good until/).waitFor();
  const password = await dialog.locator("code").textContent();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Download p12" }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "bob.p12");
  const p12 = await readFile(await file.path());
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Make a certificate" }).click();
  await dialog.getByLabel("User").waitFor();
  assert.ok(!(await page.content()).includes(password), "it is shown once");
  const stored = await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]));
  assert.ok(!stored.includes(password));

  const signedIn = await page.request.post(new URL("api/crowsnest/v1/session", shared.demo.url).href, {
    data: { p12: p12.toString("base64"), password },
  });
  assert.equal((await signedIn.json()).user, "bob");
});

pageTest("one's own kubeconfig is a file that kubectl takes", { url: at("#/access") }, async (page) => {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download", exact: true }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "kubeconfig.yaml");
  const text = await readFile(await file.path(), "utf8");
  assert.match(text, /current-context: crowsnest/);
  assert.ok(text.includes(shared.demo.token), "the credential that one signed in with");
});

for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
  pageTest(`the pages about rights fit, ${theme}, ${width} px`, { theme, width, url: at("#/access?in=shop"), signIn: false }, async (page) => {
    await signIn(page, shared.demo.viewerToken);
    await page.getByRole("region", { name: "In shop" }).getByRole("rowheader").first().waitFor();
    await page.screenshot({ path: screenshotPath(`access-${theme}-${width}`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, "the page does not scroll sideways");
    await page.goto(shared.demo.url + "#/access/who?verb=get&resource=secrets&in=shop");
    await page.getByText("Not everything could be read").waitFor();
    await page.screenshot({ path: screenshotPath(`access-who-${theme}-${width}`), fullPage: true });
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      0,
    );
  });
}

pageTest("a viewer reads what they may do in their namespace, and what they lack elsewhere", { signIn: false, url: at("#/access?in=shop") }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  const rules = page.getByRole("region", { name: "In shop" });
  const pods = rules.getByRole("row").filter({ has: page.getByRole("link", { name: "pods", exact: true }) });
  await pods.waitFor();
  const verbs = await pods.locator("td .visually-hidden").allTextContents();
  assert.deepEqual(verbs, ["get", "list", "watch"]);
  await rules.getByRole("searchbox", { name: "Filter resources" }).fill("deployments");
  await pods.waitFor({ state: "detached" });
  await rules.getByRole("link", { name: "deployments.apps", exact: true }).waitFor();

  await rules.getByRole("combobox", { name: "In" }).selectOption("-");
  await page.getByRole("region", { name: "In the whole cluster" }).waitFor();
  assert.ok(!page.url().includes("in=shop"));
  assert.equal(await page.getByText("pods", { exact: true }).count(), 0, "nothing in the whole cluster");

  const own = page.getByRole("region", { name: "With Crowsnest" });
  assert.equal(await own.getByText("Not allowed", { exact: true }).count(), 4);
  await own.getByText("What is missing").first().click();
  await own.getByText("system:serviceaccount:shop:viewer needs get on nodes in the whole cluster.").waitFor();
});

pageTest("an action that one may not take is switched off, and tells the missing rights with a Role that gives them", {
  signIn: false,
  url: at("#/access"),
}, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  const action = page.getByRole("button", { name: "Not allowed: Make a certificate" });
  await action.waitFor();
  assert.equal(await action.getAttribute("aria-disabled"), "true");
  // It explains itself to whoever asks, which Playwright does not expect of a button that is switched off.
  await action.click({ force: true });
  const viewer = "system:serviceaccount:shop:viewer";
  await page.getByText(`${viewer} needs create on certificatesigningrequests.certificates.k8s.io in the whole cluster.`).waitFor();
  const role = await page.getByRole("region", { name: "Role" }).textContent();
  assert.equal(await page.getByRole("dialog", { name: "Client certificate" }).count(), 0);

  // Whoever applies what it says, as it says, has given exactly what was missing.
  const kube = apiServer(shared.demo);
  const made = await kube.apply(role);
  try {
    const kinds = made.map(({ kind }) => kind);
    assert.deepEqual(kinds, ["ClusterRole", "ClusterRoleBinding"]);
    // Answers are remembered for twenty seconds.
    await page.waitForTimeout(21_000);
    await page.reload();
    await page.getByRole("button", { name: "Make a certificate", exact: true }).and(page.locator(":enabled")).click();
    await page.getByRole("dialog", { name: "Client certificate" }).getByLabel("User").waitFor();
  } finally {
    for (const { path } of made) await kube.ask("DELETE", path);
  }
});

pageTest("who can do something is asked for by verb and resource, and the answer names bindings and roles", { url: at("#/access") }, async (page) => {
  await page.getByRole("radio", { name: "Who can do this" }).check();
  await page.getByRole("heading", { level: 1, name: "Who can do this", exact: true }).waitFor();
  await page.getByRole("button", { name: "Find out" }).click();
  await page.getByLabel("Resource").and(page.locator('[aria-invalid="true"]')).waitFor();
  await page.getByLabel("Verb").fill("list");
  await page.getByLabel("Resource").fill("pods");
  await page.getByRole("combobox", { name: "In" }).selectOption("shop");
  await page.getByRole("button", { name: "Find out" }).click();
  const answer = page.getByRole("region", { name: "Who can list pods · shop" });
  for (const [name, binding, role] of [
    ["shop/viewer", "viewer", "view"],
    ["crowsnest/admin-user", "admin-user", "cluster-admin"],
  ]) {
    const row = answer.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
    await row.getByText(binding).first().waitFor();
    await row.getByText(role).first().waitFor();
  }
  assert.match(page.url(), /verb=list&resource=pods/);
  await page.getByLabel("Verb").fill("delete");
  await page.getByRole("button", { name: "Find out" }).click();
  await page.getByRole("region", { name: "Who can delete pods · shop" }).getByRole("rowheader", { name: "crowsnest/admin-user" }).waitFor();
  assert.equal(await page.getByRole("rowheader", { name: "shop/viewer" }).count(), 0, "what was asked before is not told under another title");
});

pageTest("one's sessions are listed, another one is ended, and then all of them", {
  signIn: false,
  url: at("#/access"),
  expected: [/status of 401/],
}, async (page) => {
  // Of a user of their own: other tests have sessions, too.
  const kube = apiServer(shared.demo);
  await kube.ask("POST", "/api/v1/namespaces/shop/serviceaccounts", { metadata: { name: "twice" } });
  const token = async () => {
    const made = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
    return (await kube.ask("POST", "/api/v1/namespaces/shop/serviceaccounts/twice/token", made)).status.token;
  };
  const elsewhere = await page.context().browser().newContext({ ignoreHTTPSErrors: true });
  try {
    const other = await elsewhere.newPage();
    await other.goto(page.url());
    await signIn(other, await token());
    await signIn(page, await token());
    const sessions = page.getByRole("region", { name: "Sessions" });
    const lines = sessions.getByRole("listitem");
    await sessions.getByText("This one").waitFor();
    assert.equal(await lines.count(), 3, "this one, the other one, all of them");
    await sessions.getByRole("button", { name: "End", exact: true }).click();
    await sessions.getByRole("button", { name: "End", exact: true }).waitFor({ state: "detached" });
    await other.getByText("Your session has ended.").waitFor();
    await page.screenshot({ path: screenshotPath("access-sessions") });

    await signIn(other, await token());
    await sessions.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByText("You are signed out.").waitFor();
    await other.getByText("Your session has ended.").waitFor();
  } finally {
    await elsewhere.close();
    await kube.ask("DELETE", "/api/v1/namespaces/shop/serviceaccounts/twice");
  }
});

pageTest("what somebody has written is a link only where it leads to the web", { url: at("#/configmaps/shop/linked") }, async (page) => {
  const kube = apiServer(shared.demo);
  const all = "/api/v1/namespaces/shop/configmaps";
  const annotations = {
    "example.org/runbook": "https://runbooks.example.org/linked",
    "example.org/script": "javascript:alert(document.domain)",
    "example.org/data": "data:text/html,<script>alert(1)</script>",
    "example.org/disguised": "https://runbooks.example.org@evil.example/",
  };
  await kube.ask("POST", all, { metadata: { name: "linked", annotations } });
  try {
    const link = page.getByRole("link", { name: annotations["example.org/runbook"] });
    await link.waitFor();
    assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
    for (const text of Object.values(annotations).slice(1)) await page.getByText(text, { exact: true }).waitFor();
    const elsewhere = (links) => links.map((one) => one.href).filter((href) => !href.startsWith(location.origin));
    assert.deepEqual(await page.locator("a[href]").evaluateAll(elsewhere), [annotations["example.org/runbook"]]);
  } finally {
    await kube.ask("DELETE", `${all}/linked`);
  }
});

pageTest("hosts of an Ingress are text, whatever they say", { url: at("#/ingresses/shop/hosts") }, async (page) => {
  const kube = apiServer(shared.demo);
  const all = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
  const paths = [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { number: 80 } } } }];
  await kube.ask("POST", all, { metadata: { name: "hosts" }, spec: { rules: [{ host: "javascript.example.org", http: { paths } }] } });
  try {
    await page.getByText("javascript.example.org").first().waitFor();
    const hrefs = await page.locator("a[href]").evaluateAll((links) => links.map((one) => one.protocol));
    assert.deepEqual([...new Set(hrefs)], ["https:"]);
  } finally {
    await kube.ask("DELETE", `${all}/hosts`);
  }
});
