// A certified authorization server as a process: the library's own rules, its time-outs and answers
// steered by the test. It rotates refresh tokens, requires PKCE, and withdraws the whole family when
// a spent token is used again.
//
// Its first line says where it answers. Beside the library's endpoints:
//   POST /steering  {life_s, refreshes}: how long access tokens live, and what happens to refreshes
//                   from now on, one entry each, over and over:
//                   {before_s, after_s, leaves_out, status}: how long it waits before it grants one,
//                   how long before it answers, what its answer leaves out; `status` answers with
//                   that and grants nothing. An answer without a refresh token spends none.
//   GET  /seen      what was asked for and granted, by family
//   POST /notes     takes a note of whoever shows a good access token

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";

// The library's hints to operators would come before our first line.
console.warn = console.info = () => {};
const { default: Provider } = await import("oidc-provider");

const [clientId, clientSecret, redirectUri] = process.argv.slice(2);
const steering = { life_s: 3600, refreshes: [{}] };
const seen = {
  token_requests: 0,
  refreshes_begun: 0,
  at_once: 0,
  reuses: 0,
  left_unanswered: 0,
  refused: 0,
  notes: [],
  faults: [],
};
const families = new Map();
let going = 0;

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(url, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  cookies: { keys: [randomBytes(32).toString("hex")] },
  jwks: { keys: [signingKey()] },
  features: { devInteractions: { enabled: false } },
  clockTolerance: 0,
  pkce: { required: () => true },
  scopes: ["openid", "offline_access"],
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  rotateRefreshToken: (ctx) => !ctx.state.entry.leaves_out?.includes("refresh_token"),
  ttl: { AccessToken: () => steering.life_s, RefreshToken: 86_400, Grant: 86_400 },
});

provider.on("grant.success", (ctx) => {
  if (ctx.oidc.params.grant_type === "refresh_token") familyOf(ctx).refreshes += 1;
});
provider.on("refresh_token.consumed", (token) => (family(token.grantId).spent += 1));
provider.on("grant.revoked", (_ctx, grantId) => (family(grantId).revoked = true));
provider.on("grant.error", (ctx, error) => {
  if (error.error_detail === "refresh token already used") seen.reuses += 1;
  else seen.faults.push(`${error.error}: ${error.error_detail ?? error.message}`);
});
provider.on("server_error", (_ctx, error) => seen.faults.push(String(error.stack)));
provider.on("userinfo.error", () => (seen.refused += 1));

provider.use(async (ctx, next) => {
  const answer = {
    "POST /steering": steer,
    "GET /seen": tell,
    "POST /notes": takeNote,
    "POST /token": grant,
  }[`${ctx.method} ${ctx.path}`];
  if (answer) await answer(ctx, next);
  else if (ctx.path.startsWith("/interaction/")) await allow(ctx);
  else await next();
});

server.on("request", provider.callback());
console.log(url);

async function steer(ctx) {
  Object.assign(steering, JSON.parse(await text(ctx.req)));
  seen.refreshes_begun = 0;
  ctx.body = steering;
}

function tell(ctx) {
  ctx.body = { ...seen, families: [...families.values()] };
}

async function takeNote(ctx) {
  const [, shown] = (ctx.get("authorization") || "").split(" ");
  const token = await provider.AccessToken.find(shown);
  const note = JSON.parse(await text(ctx.req));
  if (token) seen.notes.push(note.text);
  else seen.refused += 1;
  ctx.status = token ? 201 : 401;
  ctx.body = {};
}

async function grant(ctx, next) {
  seen.token_requests += 1;
  going += 1;
  seen.at_once = Math.max(seen.at_once, going);
  try {
    await answerAsSteered(ctx, next);
  } finally {
    going -= 1;
  }
  if (ctx.req.socket.destroyed) seen.left_unanswered += 1;
}

// The body is read here, since what it asks for decides; the library takes it as it was read.
async function answerAsSteered(ctx, next) {
  const body = await text(ctx.req);
  ctx.req.body = Object.fromEntries(new URLSearchParams(body));
  const renews = ctx.req.body.grant_type === "refresh_token";
  const { refreshes } = steering;
  ctx.state.entry = renews ? refreshes[seen.refreshes_begun++ % refreshes.length] : {};
  const { before_s = 0, after_s = 0, leaves_out = [], status } = ctx.state.entry;
  await wait(before_s * 1000);
  if (status) {
    ctx.status = status;
    ctx.body = { error: "temporarily_unavailable" };
    return;
  }
  await next();
  await wait(after_s * 1000);
  for (const name of leaves_out) delete ctx.body[name];
}

// Whoever comes is let in, and agrees to what is asked.
async function allow(ctx) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  const result = {};
  if (prompt.name === "login") {
    result.login = { accountId: "meadow" };
  } else {
    const given = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    given.addOIDCScope(params.scope);
    result.consent = { grantId: await given.save() };
  }
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
}

function familyOf(ctx) {
  return family(ctx.oidc.entities.Grant.jti);
}

function family(id) {
  if (!families.has(id)) families.set(id, { refreshes: 0, spent: 0, revoked: false });
  return families.get(id);
}

function signingKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "tests" };
}
