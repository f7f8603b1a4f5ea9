// Every page, in both themes and on a narrow screen: accessible, inside its width, and pictured for people to look at.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { waitForCharts } from "../support/charts.mjs";
import { pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const wrongQuery = encodeURIComponent("sum(rate(node_cpu_seconds_total[5m])");
const query = encodeURIComponent('sum by (mode) (rate(node_cpu_seconds_total{node="demo-1"}[1m]))');

// What each page is called, where it is, and when it is complete.
const PAGES = [
  { name: "sign-in", route: "", signIn: false, ready: (page) => page.getByRole("heading", { level: 1 }).waitFor() },
  { name: "overview", route: "#/", ready: (page) => waitForCharts(page, 4) },
  { name: "nodes", route: "#/nodes", ready: (page) => page.getByRole("row").getByText(/\d %/).first().waitFor() },
  { name: "node", route: "#/nodes/demo-1?range=5m", ready: (page) => waitForCharts(page, 4) },
  { name: "pods", route: "#/pods", ready: (page) => page.getByRole("link", { name: /^checkout-/ }).first().waitFor() },
  {
    name: "pods-of-one-namespace",
    route: "#/pods?ns=payments&sort=-restarts",
    ready: (page) => page.getByRole("link", { name: /^fraud-check-/ }).first().waitFor(),
  },
  { name: "pod", route: "#/pods/data/postgres-0?range=5m", ready: (page) => page.getByText("postgres:16").first().waitFor() },
  { name: "pod-unknown", route: "#/pods/shop/nobody", ready: (page) => page.getByText("No pod is called nobody").waitFor() },
  { name: "namespaces", route: "#/namespaces", ready: (page) => page.getByRole("link", { name: "shop" }).waitFor() },
  { name: "cluster", route: "#/cluster", ready: (page) => page.getByRole("rowheader", { name: "demo01" }).waitFor() },
  { name: "events", route: "#/events", ready: (page) => page.getByRole("link", { name: /^Pod / }).first().waitFor() },
  { name: "map", route: "#/map?ns=shop,data", ready: (page) => page.getByText("backend Service legacy-web not found").waitFor() },
  { name: "map-nodes", route: "#/map?ns=payments&show=nodes", ready: (page) => page.getByRole("link", { name: /^demo-\d$/ }).first().waitFor() },
  { name: "deployment", route: "#/deployments/shop/web?range=5m", ready: (page) => waitForCharts(page, 4) },
  { name: "namespace", route: "#/namespaces/shop?range=5m", ready: (page) => waitForCharts(page, 4) },
  { name: "claim", route: "#/persistentvolumeclaims/data/data-kafka-0?range=5m", ready: (page) => waitForCharts(page, 2) },
  {
    name: "network-policy",
    route: "#/networkpolicies/data/postgres-from-shop",
    ready: (page) => page.getByText("In: all pods in namespaces shop").waitFor(),
  },
  { name: "service", route: "#/services/shop/mail", ready: (page) => page.getByText("It is an alias in DNS").waitFor() },
  { name: "create", route: "#/create", ready: (page) => page.getByRole("textbox", { name: "Manifest", exact: true }).waitFor() },
  {
    name: "create-form",
    route: "#/create?form=app",
    ready: async (page) => {
      const form = page.getByRole("region", { name: "Application" });
      await form.getByRole("textbox", { name: /^Name/ }).fill("web");
      await form.getByRole("textbox", { name: /^Image/ }).fill("nginx:1.27");
      await page.getByRole("textbox", { name: "Manifest", exact: true }).getByText("nginx:1.27").waitFor();
    },
  },
  {
    name: "yaml",
    route: "#/services/shop/web?tab=yaml",
    ready: (page) => page.getByRole("textbox", { name: "YAML", exact: true }).getByText("ClusterIP").first().waitFor(),
  },
  {
    name: "dialog",
    route: "#/deployments/shop/web",
    ready: async (page) => {
      await page.getByRole("button", { name: "Scale", exact: true }).click();
      await page.getByRole("dialog").getByRole("spinbutton").waitFor();
    },
  },
  { name: "explore", route: `#/explore?q=${query}&range=5m`, ready: (page) => waitForCharts(page, 1) },
  { name: "explore-empty", route: "#/explore", ready: (page) => page.getByText("Ask something").waitFor() },
  {
    name: "explore-error",
    route: `#/explore?q=${wrongQuery}`,
    expected: [/status of 400 .*\/api\/v1\/query/],
    ready: (page) => page.getByRole("button", { name: /line 1, column/ }).waitFor(),
  },
];

/** Violations of WCAG 2.2 AA and of axe's best practices, one line each. */
async function violations(page) {
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.target} ${node.any.map((check) => check.message)}`).join(" | ")}`,
  );
}

for (const { name, route, ready, ...options } of PAGES) {
  const url = () => shared.demo.url + route;
  for (const theme of ["light", "dark"]) {
    pageTest(`${name} is accessible in the ${theme} theme`, { ...options, url, theme, script: AXE, width: 1440, height: 1240 }, async (page) => {
      await ready(page);
      await page.screenshot({ path: screenshotPath(`${name}-${theme}`), fullPage: true });
      assert.deepEqual(await violations(page), []);
    });
  }

  for (const language of ["en", "ko"]) {
    pageTest(`${name} fits 390 pixels in ${language}`, { ...options, url, width: 390, height: 844 }, async (page) => {
      await ready(page);
      if (language === "ko") {
        await page.evaluate(() => localStorage.setItem("crowsnest.lang", "ko"));
        await page.reload();
        await page.locator("html[lang=ko]").waitFor();
        await page.getByRole("heading", { level: 1 }).first().waitFor();
      }
      await page.screenshot({ path: screenshotPath(`${name}-390-${language}`), fullPage: true });
      const { content, screen } = await page.evaluate(() => ({
        content: document.documentElement.scrollWidth,
        screen: document.documentElement.clientWidth,
      }));
      assert.ok(content <= screen, `${content} pixels of content on ${screen} of screen`);
    });
  }
}
