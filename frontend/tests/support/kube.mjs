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

  const ask = (method, path, body) =>
    new Promise((resolve, reject) => {
      const asked = request(
        new URL(path, url),
        { method, ca, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } },
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
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });

  return {
    ask,
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
