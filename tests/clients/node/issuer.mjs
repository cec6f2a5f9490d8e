// A foreign issuer: oidc-provider, unmodified, on loopback. It signs JWT access tokens for its one client.
// First line of input: {"tls": {"key", "cert"} | null}. Then orders, one a line: {"rotate": {"keep": boolean}}.
// The resource that a token is asked for says how: urn:token:{alg}:{typ}, typ with "+" written as "%2B".
import { createServer as plain } from 'node:http';
import { createServer as secure } from 'node:https';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const AUDIENCE = 'api://AzureADTokenExchange';
const ALGORITHMS = ['RS256', 'ES384'];
const say = (value) => console.log(JSON.stringify(value));

const wanted = (resource) => {
  const [, , alg, typ] = resource.split(':');
  return { alg, typ: decodeURIComponent(typ) };
};

let generation = 0;
async function newKeys() {
  generation += 1;
  return Promise.all(
    ALGORITHMS.map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${generation}` };
    }),
  );
}

function provider(issuer, keys) {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: 'build-agent',
        client_secret: 'build-agent-secret-of-32-characters',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    cookies: { keys: ['not used: nobody signs in here'] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: wanted(resource).alg } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt: (_context, token, jwt) => {
          jwt.header = { typ: wanted(token.resourceServer.identifier()).typ };
        },
      },
    },
    jwks: { keys },
    ttl: { ClientCredentials: 600 },
  });
  made.on('server_error', (_context, error) => console.error(error));
  return made;
}

let answers;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { tls } = JSON.parse((await lines.next()).value);
const listener = (request, response) => answers(request, response);
const server = tls ? secure(tls, listener) : plain(listener);
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;

let keys = await newKeys();
answers = provider(issuer, keys).callback();
say({ issuer });

for await (const line of lines) {
  const { rotate } = JSON.parse(line);
  const fresh = await newKeys();
  // What signs is the first key that fits, so new ones go to the front.
  keys = rotate.keep ? [...fresh, ...keys] : fresh;
  answers = provider(issuer, keys).callback();
  say({ kids: keys.map((each) => each.kid) });
}
server.closeAllConnections();
server.close();
