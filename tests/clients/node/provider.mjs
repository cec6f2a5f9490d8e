// An organisation's provider: oidc-provider, unmodified, on loopback. Whoever says a name is that person, with a group.
// First line of input: {"tls": {"key", "cert"}}. Then one order a line: {"redirect": uri, "alg"} registers the client.
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const ALGORITHMS = ['RS256', 'ES384'];
const say = (value) => console.log(JSON.stringify(value));

const keys = await Promise.all(
  ALGORITHMS.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-1` };
  }),
);

function provider(issuer, redirect, alg) {
  const made = new Provider(issuer, {
    claims: { openid: ['sub'], groups: ['groups'] },
    clients: [
      {
        client_id: 'portal',
        client_secret: 'portal-secret-of-32-characters: +',
        redirect_uris: [redirect],
        id_token_signed_response_alg: alg,
      },
    ],
    conformIdTokenClaims: false, // groups stand in the ID token
    cookies: { keys: ['a key of this test'] },
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    features: { devInteractions: { enabled: true } },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, groups: [`group-of-${id}`] }) }),
    jwks: { keys },
    scopes: ['openid', 'groups'],
  });
  made.on('server_error', (_context, error) => console.error(error));
  return made;
}

let answers;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { tls } = JSON.parse((await lines.next()).value);
const server = createServer(tls, (request, response) => answers(request, response));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `https://127.0.0.1:${server.address().port}`;
say({ issuer });

for await (const line of lines) {
  const { redirect, alg } = JSON.parse(line);
  answers = provider(issuer, redirect, alg).callback();
  say({ client: 'portal' });
}
server.closeAllConnections();
server.close();
