// What deploy/*.yaml installs beside the server, made in a demo's cluster: the way from the API server to the demo's own server.

import { setTimeout as pause } from "node:timers/promises";

// Where the demo's cluster finds the demo's server, as if it were a pod's.
const SERVER = "10.244.255.254";
const NAMESPACE = "/namespaces/crowsnest";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

// A server that has not found the APIService tries again after fifteen seconds.
const VOUCH_DEADLINE_MS = 60_000;

/** A Service that leads to the server; the path of the API server's proxy to it. */
export async function exposeService(kube, name) {
  await kube.ask("POST", `/api/v1${NAMESPACE}/services`, { metadata: { name }, spec: { ports: [{ port: 443, targetPort: 8443 }] } });
  await kube.ask("POST", `/apis/discovery.k8s.io/v1${NAMESPACE}/endpointslices`, {
    metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [SERVER], conditions: { ready: true } }],
    ports: [{ port: 8443, protocol: "TCP" }],
  });
  return `/api/v1${NAMESPACE}/services/https:${name}:/proxy/`;
}

/** Makes the page, behind the Service `crowsnest`, part of the API server's own API; its path there. */
export async function exposeApi(kube) {
  const name = "v1.ui.crowsnest.dev";
  const services = "/apis/apiregistration.k8s.io/v1/apiservices";
  await kube.ask("POST", services, {
    metadata: { name },
    spec: {
      group: "ui.crowsnest.dev",
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 15,
      service: { name: "crowsnest", namespace: "crowsnest", port: 443 },
    },
  });
  await kube.ask("POST", `${RBAC}/clusterroles`, {
    metadata: { name: "crowsnest-web" },
    rules: [{ apiGroups: ["ui.crowsnest.dev"], resources: ["*"], verbs: ["get", "list", "create", "update", "patch", "delete"] }],
  });
  await kube.ask("POST", `${RBAC}/clusterrolebindings`, {
    metadata: { name: "crowsnest-web" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "crowsnest-web" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:authenticated" }],
  });
  const end = Date.now() + VOUCH_DEADLINE_MS;
  while ((await kube.ask("GET", `${services}/${name}`)).spec.caBundle === undefined) {
    if (Date.now() > end) throw new Error("the server does not tell the API server its authority");
    await pause(250);
  }
  return "/apis/ui.crowsnest.dev/v1/web/";
}
