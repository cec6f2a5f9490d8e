// @azure/msal-node, unmodified: a confidential client, asked twice, so that its cache shows itself.
import { ConfidentialClientApplication } from '@azure/msal-node';
import { job, outcome } from './job.mjs';

const { authority, client, assertion, secret, certificate, scope, knownAuthorities, instance } = job;

await outcome(async () => {
  const found = instance && (await (await fetch(instance)).text());
  const application = new ConfidentialClientApplication({
    auth: {
      clientId: client,
      authority,
      ...(knownAuthorities && { knownAuthorities }),
      ...(found && { cloudDiscoveryMetadata: found }),
      ...(assertion && { clientAssertion: async () => assertion }),
      ...(secret && { clientSecret: secret }),
      ...(certificate && { clientCertificate: certificate }),
    },
  });
  const first = await application.acquireTokenByClientCredential({ scopes: [scope] });
  const second = await application.acquireTokenByClientCredential({ scopes: [scope] });
  return { token: first.accessToken, fromCache: [first.fromCache, second.fromCache], instance: found };
});
