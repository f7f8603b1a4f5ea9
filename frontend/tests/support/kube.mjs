// The demo's simulated API server, spoken to directly: objects come and go, and the server goes away.

import { readFileSync } from "node:fs";
import { request } from "node:https";

/** The API server of a demo, with the rights of its administrator. */
export function apiServer({ kubeconfig, token }) {
  const text = readFileSync(kubeconfig, "utf8");
  const field = (name) => {
    const value = new RegExp(`${name}: *"?([^"\\s]+)"?`).exec(text)?.[1];
    if (value === undefined) throw new Error(`${kubeconfig} has no ${name}`);
    return value;
  };
  const url = field("server");
  const ca = Buffer.from(field("certificate-authority-data"), "base64");

  const ask = (method, path, body) => send(method, path, "application/json", body === undefined ? undefined : JSON.stringify(body));
  const send = (method, path, type, text) =>
    new Promise((resolve, reject) => {
      const asked = request(
        new URL(path, url),
        { method, ca, headers: { authorization: `Bearer ${token}`, "content-type": type } },
        (answer) => {
          const parts = [];
          answer.on("data", (part) => parts.push(part));
          answer.on("error", reject);
          answer.on("end", () => {
            const said = Buffer.concat(parts).toString();
            if (answer.statusCode >= 300) reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
            else resolve(said === "" ? undefined : JSON.parse(said));
          });
        },
      );
      asked.on("error", reject);
      asked.end(text);
    });

  return {
    url,
    ca,
    ask,
    /** A kubeconfig file's text for whoever has this token. */
    kubeconfig: (bearer) =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "demo",
        contexts: [{ name: "demo", context: { cluster: "demo", user: "demo" } }],
        clusters: [{ name: "demo", cluster: { server: url, "certificate-authority-data": ca.toString("base64") } }],
        users: [{ name: "demo", user: { token: bearer } }],
      }),
    /** Creates roles and bindings from YAML documents as they are; the kind and the path of each. */
    apply: async (yaml) => {
      const made = [];
      for (const text of yaml.split(/^---$/m)) {
        const field = (name) => new RegExp(`^ *${name}: *"?([^"\n]+)"?$`, "m").exec(text)?.[1];
        const kind = field("kind");
        // A role's own namespace stands in its head; a subject's in its list.
        const namespace = kind.startsWith("Cluster") ? undefined : field("namespace");
        const where = namespace === undefined ? "" : `/namespaces/${namespace}`;
        const path = `/apis/rbac.authorization.k8s.io/v1${where}/${kind.toLowerCase()}s`;
        await send("POST", path, "application/yaml", text);
        made.push({ kind, path: `${path}/${field("name")}` });
      }
      return made;
    },
    /** Lets a user look at a namespace. */
    bindViewer: (namespace, user) =>
      ask("POST", `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
        metadata: { name: user.replaceAll(/[^a-z0-9]+/g, "-") },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
      }),
    /** Nobody reaches the API server until `mend`. */
    cut: () => ask("PUT", "/kubesim/chaos", { cut: true }),
    mend: () => ask("PUT", "/kubesim/chaos", {}),
    /** Makes a pod of one container that fares as `behaviour` says; nothing for one that runs. */
    createPod: (namespace, name, behaviour) =>
      ask("POST", `/api/v1/namespaces/${namespace}/pods`, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name,
          namespace,
          ...(behaviour === undefined ? {} : { annotations: { "kubesim.crowsnest.dev/behaviour": behaviour } }),
        },
        spec: { containers: [{ name: "main", image: "example.org/test/main:1.0.0" }] },
      }),
    deletePod: (namespace, name) =>
      ask("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`),
  };
}
