// Every page that tests and pictures look at.

import { waitForCharts } from "./charts.mjs";

const wrongQuery = encodeURIComponent("sum(rate(node_cpu_seconds_total[5m])");
const query = encodeURIComponent('sum by (mode) (rate(node_cpu_seconds_total{node="demo-1"}[1m]))');

// What each page is called, where it is, when it is complete, and whether the guide shows it.
export const PAGES = [
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
  { name: "pod-unknown", isInGuide: false, route: "#/pods/shop/nobody", ready: (page) => page.getByText("No pod is called nobody").waitFor() },
  { name: "namespaces", route: "#/namespaces", ready: (page) => page.getByRole("link", { name: "shop" }).waitFor() },
  { name: "cluster", route: "#/cluster", ready: (page) => page.getByRole("rowheader", { name: "demo01" }).waitFor() },
  {
    name: "alerts",
    route: "#/alerts",
    ready: async (page) => {
      await page.getByRole("button", { expanded: false }).filter({ hasText: /crashes again and again/ }).first().click();
      await page.getByText(/was told|was not told/).first().waitFor();
    },
  },
  {
    name: "alert-rules",
    route: "#/alerts?view=rules",
    ready: (page) => page.getByRole("button", { name: "KubePodCrashLooping" }).waitFor(),
  },
  { name: "dashboards", route: "#/dashboards", ready: (page) => page.getByRole("main").getByRole("link", { name: "Cluster", exact: true }).waitFor() },
  {
    name: "dashboard",
    route: "#/dashboards/crowsnest-node?from=now-5m&to=now",
    ready: async (page) => {
      await page.locator(".board__frame").locator("canvas").first().waitFor();
      await page.waitForFunction(() => document.querySelector('.board__frame[aria-busy="true"]') === null);
    },
  },
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
  {
    name: "logs",
    route: "#/deployments/shop/web?tab=logs",
    ready: (page) => page.getByRole("log").getByText(/web-/).first().waitFor(),
  },
  { name: "access", route: "#/access?in=shop", ready: (page) => page.getByRole("region", { name: "In shop" }).getByRole("rowheader").first().waitFor() },
  { name: "sources", route: "#/sources", ready: (page) => page.getByRole("row").filter({ hasText: "node-exporter" }).first().waitFor() },
  {
    name: "palette",
    route: "#/pods",
    ready: async (page) => {
      await page.getByRole("link", { name: /^checkout-/ }).first().waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Go to" }).fill("postgres");
      await page.getByRole("option").filter({ hasText: "postgres-0" }).first().waitFor();
    },
  },
  { name: "explore", route: `#/explore?q=${query}&range=5m`, ready: (page) => waitForCharts(page, 1) },
  { name: "explore-empty", isInGuide: false, route: "#/explore", ready: (page) => page.getByText("Ask something").waitFor() },
  {
    name: "explore-error",
    route: `#/explore?q=${wrongQuery}`,
    expected: [/status of 400 .*\/api\/v1\/query/],
    ready: (page) => page.getByRole("button", { name: /line 1, column/ }).waitFor(),
  },
];
