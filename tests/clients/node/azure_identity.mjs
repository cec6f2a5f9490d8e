// @azure/identity, unmodified: one credential, asked once.
import * as identity from '@azure/identity';
import { job, outcome } from './job.mjs';

const { kind, tenant, client, assertion, secret, certificate, scope, authorityHost } = job;
const options = { disableInstanceDiscovery: true, ...(authorityHost && { authorityHost }) };

const kinds = {
  workload: () => new identity.WorkloadIdentityCredential(options),
  default: () => new identity.DefaultAzureCredential(options),
  assertion: () => new identity.ClientAssertionCredential(tenant, client, async () => assertion, options),
  secret: () => new identity.ClientSecretCredential(tenant, client, secret, options),
  certificate: () => new identity.ClientCertificateCredential(tenant, client, { certificate }, options),
  chain: () =>
    new identity.ClientCertificateCredential(tenant, client, { certificate }, { ...options, sendCertificateChain: true }),
};

await outcome(async () => kinds[kind]().getToken(scope));
