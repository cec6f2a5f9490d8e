// openid-client, unmodified: discovery, then one grant with the client authentication that the job names.
import { createPrivateKey } from 'node:crypto';
import * as openid from 'openid-client';
import { job, outcome } from './job.mjs';

const { server, client, kind, assertion, secret, key, kid, scope, further } = job;

const importedKey = () =>
  crypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    false,
    ['sign'],
  );

// An external token in the place of a self-signed one: openid-client leaves this to a function of its caller.
const external = (_server, metadata, body) => {
  body.set('client_id', metadata.client_id);
  body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  body.set('client_assertion', assertion);
};

const kinds = {
  external: () => external,
  key: async () => openid.PrivateKeyJwt({ key: await importedKey(), ...(kid && { kid }) }),
  post: () => openid.ClientSecretPost(secret),
  basic: () => openid.ClientSecretBasic(secret),
};

await outcome(async () => {
  const configuration = await openid.discovery(new URL(server), client, undefined, await kinds[kind]());
  const got = await openid.clientCredentialsGrant(configuration, { scope, ...further });
  return { token: got.access_token, members: Object.keys(got), issuer: configuration.serverMetadata().issuer };
});
