// Signing in at an OpenID Connect issuer: away with one click, and back as the user that the API server sees in the token.

import assert from "node:assert/strict";

import { CLIENT, startIssuer } from "../support/issuer.mjs";
import { apiServer } from "../support/kube.mjs";
import { goesOn } from "../support/live.mjs";
import { pageTest, shared, useDemo } from "../support/suite.mjs";

const issuer = await startIssuer();
const ann = `${issuer.url}#ann`;

useDemo({
  flags: [`--oidc-issuer-url=${issuer.url}`, `--oidc-client-id=${CLIENT}`],
  prepare: async () => {
    const kube = apiServer(shared.demo);
    await kube.ask("PUT", "/kubesim/issuer", { issuer: issuer.url, client_id: CLIENT, key: issuer.key });
    await kube.bindViewer("shop", ann);
    return () => issuer.stop();
  },
});

pageTest("whom the issuer knows is in, and the address keeps nothing of it", { signIn: false }, async (page) => {
  await page.getByRole("button", { name: /^Sign in at 127\.0\.0\.1/ }).click();
  await page.getByRole("button", { name: `Account of ${ann}` }).waitFor();
  assert.ok(!/code=|state=/.test(page.url()), page.url());
  const cookies = (await page.context().cookies(shared.demo.url)).map(({ name }) => name);
  assert.deepEqual(cookies, ["crowsnest_session"], "what the browser kept while away is gone");
  await goesOn(page, apiServer(shared.demo));
});

pageTest("signing in at the issuer leads to the page that was wanted", { signIn: false, url: () => `${shared.demo.url}#/namespaces` }, async (page) => {
  await page.getByRole("button", { name: /^Sign in at 127\.0\.0\.1/ }).click();
  await page.getByRole("heading", { level: 1, name: "Namespaces", exact: true }).waitFor();
  assert.ok(page.url().endsWith("#/namespaces"), page.url());
});

pageTest("an answer that somebody else's browser asked for is refused in plain words", { signIn: false, expected: [/status of 40[01]/] }, async (page) => {
  await page.goto(`${shared.demo.url}?code=stolen&state=somebody-elses&iss=${encodeURIComponent(issuer.url)}`);
  await page.getByRole("alert").getByText(/again/).waitFor();
  assert.equal(await page.getByRole("navigation", { name: "Main" }).count(), 0);
});
