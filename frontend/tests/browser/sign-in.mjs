// Who may come in, what a stranger learns, and that leaving is leaving.

import assert from "node:assert/strict";

import { pageTest, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const mainNavigation = (page) => page.getByRole("navigation", { name: "Main" });
const signInTitle = (page) => page.getByRole("heading", { name: "Sign in to Crowsnest" });

pageTest("a visitor signs in with the token that the demo printed", {}, async (page) => {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === "crowsnest_session");
  assert.ok(session, `no session cookie among ${cookies.map((cookie) => cookie.name)}`);
  assert.equal(session.httpOnly, true);
  assert.equal(session.secure, true);
  assert.equal(session.sameSite, "Strict");
  assert.equal(session.path, "/");
  assert.equal(await page.evaluate(() => document.cookie), "", "no script can read the cookie");
});

pageTest("the token is in no storage and no address after signing in", {}, async (page) => {
  const seen = await page.evaluate(() =>
    JSON.stringify([location.href, Object.entries(localStorage), Object.entries(sessionStorage), document.documentElement.outerHTML]),
  );
  assert.ok(!seen.includes(shared.demo.token));
});

pageTest("a wrong token is refused in plain words and nothing is shown", { signIn: false }, async (page) => {
  const wrong = "not-the-token-of-anyone";
  const answers = [];
  page.on("response", async (answer) => {
    // The ways in are told to everybody.
    if (answer.url().includes("/api/") && !answer.url().endsWith("/ways")) answers.push({ url: answer.url(), status: answer.status(), text: await answer.text().catch(() => "") });
  });
  await page.getByLabel("Bearer token", { exact: true }).fill(wrong);
  await page.getByRole("button", { name: "Sign in with token" }).click();
  await page.getByRole("alert").getByText("This token is not accepted.").waitFor();

  assert.equal(await mainNavigation(page).count(), 0);
  assert.deepEqual(await page.context().cookies(), []);
  assert.ok(answers.length > 0 && answers.every(({ status }) => status === 401), JSON.stringify(answers));
  for (const { text, url } of answers) {
    assert.ok(!text.includes(wrong), `${url} repeats the token`);
    assert.ok(!/demo-1|node_|stack|panicked|\.rs\b/.test(text), `${url} tells a stranger ${text}`);
  }
  assert.ok(!(await shared.demo.log()).includes(wrong), "the server's log holds the refused token");
});

pageTest("a kubeconfig file signs in as its user", { signIn: false }, async (page) => {
  await page.getByRole("radio", { name: "Kubeconfig" }).check();
  await page.getByRole("button", { name: "Sign in with kubeconfig" }).click();
  await page.getByRole("alert").getByText("Choose a file first.").waitFor();
  await page.getByLabel("Kubeconfig", { exact: true }).last().setInputFiles(shared.demo.kubeconfig);
  await page.getByText("kubeconfig", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Sign in with kubeconfig" }).click();
  await mainNavigation(page).waitFor();
  await page.getByRole("button", { name: "Account of kubernetes-admin" }).waitFor();
});

pageTest("a p12 file signs in with its password and no other", { signIn: false }, async (page) => {
  await page.getByRole("radio", { name: "Certificate" }).check();
  await page.getByLabel("Client certificate with its key (.p12, .pfx)").setInputFiles(shared.demo.p12);
  await page.getByLabel("Password of the file", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Sign in with certificate" }).click();
  await page.getByRole("alert").getByText("the password of the file is wrong").waitFor();
  await page.getByLabel("Password of the file", { exact: true }).fill(shared.demo.p12Password);
  await page.getByRole("button", { name: "Sign in with certificate" }).click();
  await mainNavigation(page).waitFor();
  await page.getByRole("button", { name: "Account of kubernetes-admin" }).waitFor();
});

pageTest("an empty form says what is missing without asking the server", { signIn: false }, async (page) => {
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await page.getByRole("button", { name: "Sign in with token" }).click();
  await page.getByRole("alert").getByText("Enter a token first.").waitFor();
  assert.deepEqual(posts, []);
});

pageTest("a stranger's address leads to the sign-in page, and from there to where it pointed", {
  signIn: false,
  url: () => `${shared.demo.url}#/nodes`,
}, async (page) => {
  await signInTitle(page).waitFor();
  await signIn(page, shared.demo.token);
  assert.match(page.url(), /#\/nodes$/);
  await page.getByRole("heading", { level: 1, name: "Nodes", exact: true }).waitFor();
});

pageTest("the token stays hidden until its owner asks to see it", { signIn: false }, async (page) => {
  const field = page.getByLabel("Bearer token", { exact: true });
  await field.fill("secret");
  assert.equal(await field.getAttribute("type"), "password");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await field.getAttribute("type"), "text");
});

pageTest("signing out leaves nothing behind, not even for the back button", {
  expected: [/status of 401/],
}, async (page) => {
  await page.getByRole("link", { name: "Nodes" }).first().click();
  await page.getByText("demo-1").first().waitFor();
  const [session] = await page.context().cookies();

  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  assert.deepEqual(await page.context().cookies(), []);

  await page.goBack();
  await signInTitle(page).waitFor();
  assert.equal(await page.getByText("demo-1").count(), 0);
  await page.reload();
  await signInTitle(page).waitFor();
  assert.equal(await page.getByText("demo-1").count(), 0);

  // Whoever kept the cookie has nothing: the session itself is revoked.
  await page.context().addCookies([session]);
  const answer = await page.request.get(new URL("api/v1/query?query=up", shared.demo.url).href);
  assert.equal(answer.status(), 401);
});

pageTest("a session that ends elsewhere leads back to the sign-in page by itself", {
  url: () => `${shared.demo.url}#/nodes`,
  expected: [/status of 401/],
}, async (page) => {
  await page.getByText("demo-1").first().waitFor();
  await page.context().clearCookies();
  await page.getByText("Your session has ended.").waitFor();
  assert.equal(await page.getByText("demo-1").count(), 0);
  await signIn(page, shared.demo.token);
  assert.match(page.url(), /#\/nodes$/);
});
