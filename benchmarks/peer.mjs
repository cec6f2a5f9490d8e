// The peer of benchmark B3: npm `oidc-provider` as a token endpoint for client_credentials with private_key_jwt.
//
//   node peer.mjs OPTIONS.json      {"port", "modules": a directory with node_modules, "clients": [ids], "jwk": their key}
//
// It prints one line of JSON when it listens. Everything is as the library ships it, with its store in memory; the
// access tokens are JWTs, RS256 for one resource and ES256 for the other.
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const options = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const modules = createRequire(path.join(path.resolve(options.modules), 'package.json'));
const library = modules.resolve('oidc-provider');
const { version } = JSON.parse(readFileSync(path.join(path.dirname(library), '../package.json'), 'utf8'));
const { default: Provider } = await import(pathToFileURL(library).href);

const algorithms = { 'urn:resource:rs256': 'RS256', 'urn:resource:es256': 'ES256' };
const key = (kid, alg, type, parameters) => ({
  ...generateKeyPairSync(type, parameters).privateKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

const provider = new Provider(`http://127.0.0.1:${options.port}`, {
  clients: options.clients.map((id) => ({
    client_id: id,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
    jwks: { keys: [options.jwk] },
  })),
  jwks: {
    keys: [key('rsa', 'RS256', 'rsa', { modulusLength: 2048 }), key('ec', 'ES256', 'ec', { namedCurve: 'P-256' })],
  },
  scopes: ['read'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: 'read',
        audience: resource,
        accessTokenTTL: 3600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: algorithms[resource] } },
      }),
    },
  },
});
const broken = (_context, error) => console.error(error);
provider.on('server_error', broken);
provider.on('grant.error', broken);

const server = provider.listen(options.port, '127.0.0.1', () => {
  console.log(JSON.stringify({ version: `oidc-provider ${version}, Node ${process.version}` }));
});
server.keepAliveTimeout = 75_000;
process.on('SIGTERM', () => process.exit(0));
