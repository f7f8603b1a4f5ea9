// Looking into what runs: a container that is added to a pod, a port in the browser, and an editor that knows its fields.

import assert from "node:assert/strict";

import { choose, dialog, heading } from "../support/acting.mjs";
import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

pageTest("a container is added to a pod, and a terminal opens at its shell", { url: at("#/pods/shop/looked-at") }, async (page) => {
  const kube = apiServer(shared.demo);
  await kube.createPod("shop", "looked-at");
  await heading(page, "looked-at").waitFor();
  await page.getByText("Running", { exact: false }).first().waitFor();
  await choose(page, "Debug");
  await dialog(page).getByText("kubectl debug looked-at -n shop -it --image=busybox:1.37 --target=main").waitFor();
  await page.screenshot({ path: screenshotPath("action-debug") });
  await dialog(page).getByRole("button", { name: "Debug", exact: true }).click();
  await page.waitForURL(/tab=shell.*attach=debug-1/);
  const terminal = page.getByRole("region", { name: "looked-at debug-1" });
  await terminal.getByText("looked-at:/#").first().waitFor();
  await terminal.click();
  await page.keyboard.type("hostname\n");
  await page.screenshot({ path: screenshotPath("debug-terminal") });
  await page.keyboard.type("exit 3\n");
  await page.getByText("The process has ended with exit code 3.").waitFor();
  const pod = await kube.ask("GET", "/api/v1/namespaces/shop/pods/looked-at");
  assert.equal(pod.spec.ephemeralContainers[0].targetContainerName, "main");
  await kube.deletePod("shop", "looked-at");
});

pageTest("a port of a Service opens in another tab, where its page is a stranger", { url: at("#/services/shop/web") }, async (page) => {
  await heading(page, "web").waitFor();
  await choose(page, "Open in browser");
  await page.screenshot({ path: screenshotPath("action-open-port") });
  const [tab] = await Promise.all([
    page.context().waitForEvent("page"),
    dialog(page).getByRole("button", { name: "Open in browser", exact: true }).click(),
  ]);
  await tab.getByRole("heading", { name: /^web of web-/ }).waitFor();
  await tab.getByText("The script runs.").waitFor();
  await tab.screenshot({ path: screenshotPath("open-port") });
  const seen = await tab.evaluate(async (session) => {
    const asked = await fetch(session, { credentials: "include" }).then(
      (answer) => answer.status,
      () => "refused",
    );
    const kept = (read) => {
      try {
        return read();
      } catch (error) {
        return error.name;
      }
    };
    return { asked, origin: globalThis.origin, cookie: kept(() => document.cookie), stored: kept(() => localStorage.length), opener: opener };
  }, `${shared.demo.url}api/crowsnest/v1/session`);
  assert.deepEqual(seen, { asked: "refused", origin: "null", cookie: "SecurityError", stored: "SecurityError", opener: null });
  await tab.getByLabel("Say").fill("hello");
  await tab.getByRole("button", { name: "Send" }).click();
  await tab.getByText("text=hello").waitFor();
});

pageTest("the editor knows the fields of an object, and marks those that there are not", { url: at("#/create") }, async (page) => {
  const editor = page.getByRole("textbox", { name: "Manifest", exact: true });
  await editor.click();
  await page.keyboard.insertText("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec:\n  replicaz: 2\n  template:\n    spec:\n      restartPolicy: ");
  await editor.getByTitle("The API server knows no such field here").filter({ hasText: "replicaz" }).waitFor();
  await page.keyboard.press("Control+Space");
  await page.getByRole("option", { name: "OnFailure" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.insertText("Never\n      ");
  await page.keyboard.type("cont");
  await page.getByRole("option", { name: /^containers/ }).waitFor();
  await page.screenshot({ path: screenshotPath("editor-completion") });
  await page.keyboard.press("Enter");
  await editor.getByText("containers:").waitFor();
  await editor.getByText("replicaz").hover();
  await page.getByText("The API server knows no such field here").waitFor();
});
