// The same API with jose alone, for Express or any other framework.
import express from 'express';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const {
  ISSUER, // https://sts.example.com/TENANT_ID/v2.0
  AUDIENCE, // this API's application (client) id
  EMULATOR, // 'accepted' on your own machine and in tests, nowhere else
  PORT = '8000',
} = process.env;

let found;

// The issuer's keys: fetched when needed, kept for ten minutes, fetched again for a key id that is new.
async function keys() {
  if (!found) {
    const answer = await fetch(`${ISSUER}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`discovery answered ${answer.status}`);
    found = createRemoteJWKSet(new URL((await answer.json()).jwks_uri));
  }
  return found;
}

async function checked(token) {
  const { payload, protectedHeader } = await jwtVerify(token, await keys(), {
    algorithms: ['RS256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    requiredClaims: ['exp', 'nbf', 'sub'],
  });
  if (protectedHeader.kid.startsWith('emulator-') && EMULATOR !== 'accepted') {
    throw new errors.JWTInvalid('the token of an emulator proves nothing');
  }
  return payload;
}

function refused(response, status, why, challenge) {
  if (challenge) response.set('WWW-Authenticate', challenge);
  response.status(status).json({ detail: why });
}

// Of what jose throws, this much is about the token; the rest is about the keys.
const ABOUT_TOKENS = [
  errors.JWTInvalid,
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
];

// Lets in who was granted an app role of this API.
const requires = (role) => async (request, response, next) => {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ');
  if (scheme.toLowerCase() !== 'bearer') return refused(response, 401, 'a token is missing', 'Bearer');
  try {
    request.claims = await checked(token);
  } catch (error) {
    return ABOUT_TOKENS.some((each) => error instanceof each)
      ? refused(response, 401, error.message, 'Bearer error="invalid_token"')
      : refused(response, 503, "the issuer's keys cannot be had");
  }
  if (!request.claims.roles?.includes(role)) {
    return refused(response, 403, `the role ${role} is missing`, 'Bearer error="insufficient_scope"');
  }
  return next();
};

const app = express();

app.get('/orders', requires('Orders.Read.All'), (request, response) => {
  response.json({ orders: ['4711'], caller: request.claims.sub });
});

app.listen(Number(PORT), '127.0.0.1');
