// A small OpenID Connect issuer on loopback, at which everybody is ann: code flow with PKCE, RS256, one code for one login.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";

export const CLIENT = "crowsnest";
const TOKEN_SECONDS = 600;

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** @returns {Promise<{url: string, key: string, stop: () => Promise<void>}>} */
export async function startIssuer() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const logins = new Map();
  let url;

  const pages = {
    "/.well-known/openid-configuration": () => ({
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      jwks_uri: `${url}/keys`,
      authorization_response_iss_parameter_supported: true,
    }),
    "/keys": () => ({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "a", use: "sig", alg: "RS256" }] }),
    "/token": (form) => {
      const login = logins.get(form.get("code"));
      logins.delete(form.get("code"));
      const challenge = createHash("sha256").update(form.get("code_verifier")).digest("base64url");
      assert.equal(challenge, login?.get("code_challenge"));
      assert.equal(form.get("redirect_uri"), login.get("redirect_uri"));
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: url, aud: CLIENT, sub: "ann", groups: ["devs"], iat: now, exp: now + TOKEN_SECONDS, nonce: login.get("nonce") };
      const signed = `${part({ alg: "RS256", kid: "a" })}.${part(claims)}`;
      return { id_token: `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`, token_type: "Bearer" };
    },
  };

  const server = createServer(async (request, response) => {
    const asked = new URL(request.url, url);
    const body = [];
    for await (const piece of request) body.push(piece);
    try {
      if (asked.pathname === "/authorize") {
        assert.equal(asked.searchParams.get("code_challenge_method"), "S256");
        const code = randomUUID();
        logins.set(code, asked.searchParams);
        const back = new URL(asked.searchParams.get("redirect_uri"));
        for (const [name, value] of Object.entries({ code, state: asked.searchParams.get("state"), iss: url })) {
          back.searchParams.set(name, value);
        }
        response.writeHead(302, { location: back.href }).end();
        return;
      }
      const answer = pages[asked.pathname](new URLSearchParams(Buffer.concat(body).toString()));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: error.message }));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    key: publicKey.export({ type: "spki", format: "pem" }),
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
