// An OpenID provider on this machine: https://github.com/panva/node-oidc-provider, with a form to sign in.
//
// Given: PORT (0: any) and KEYS, a JWK Set with private keys, as JSON. Prints its issuer, and ends with its standard input.
//
// Whoever signs in as NAME is NAME, whatever the password. `PUT /groups/NAME` with a JSON array puts them into groups. The
// clients are `web`, with the secret below, and `program`, which gets JWTs by its own credentials.

import { createServer } from "node:http";
import path from "node:path";
import { json } from "node:stream/consumers";

import { Provider } from "oidc-provider";

const BACK = "http://127.0.0.1/session/openid/callback"; // of a native client: with any port
const SECRET = "a secret: 100% of /the+client"; // which has to be encoded
const SCOPES = "procession:read procession:start procession:admin";
const AUDIENCE = "urn:procession";

const groups = new Map();
const configuration = {
  clients: [
    {
      client_id: "web",
      client_secret: SECRET,
      application_type: "native",
      grant_types: ["authorization_code"],
      redirect_uris: [BACK],
    },
    {
      client_id: "program",
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  jwks: JSON.parse(process.env.KEYS),
  cookies: { keys: ["of this test"] },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
  scopes: ["openid", "profile", ...SCOPES.split(" ")],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: SCOPES, audience: AUDIENCE, accessTokenFormat: "jwt" }),
    },
  },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, preferred_username: sub, groups: groups.get(sub) ?? [] }),
  }),
};

const server = createServer();
server.listen(Number(process.env.PORT), "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  const answer = provider.callback();
  server.on("request", (request, response) =>
    request.method === "PUT" ? putIntoGroups(request, response) : answer(request, response),
  );
  console.log(issuer);
});
process.stdin.on("end", () => process.exit()).resume();

async function putIntoGroups(request, response) {
  groups.set(path.basename(request.url), await json(request));
  response.end();
}
