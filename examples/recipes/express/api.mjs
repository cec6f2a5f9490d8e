// An API in Express that takes access tokens; express-oauth2-jwt-bearer checks them.
import express from 'express';
import { auth, InsufficientScopeError, InvalidTokenError } from 'express-oauth2-jwt-bearer';

const {
  ISSUER, // https://sts.example.com/TENANT_ID/v2.0
  AUDIENCE, // this API's application (client) id
  EMULATOR, // 'accepted' on your own machine and in tests, nowhere else
  PORT = '8000',
} = process.env;

const app = express();

// Signature, issuer, audience and dates. Discovery says where the keys are.
app.use(auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, tokenSigningAlg: 'RS256' }));

app.use((request, response, next) => {
  const emulated = request.auth.header.kid.startsWith('emulator-') && EMULATOR !== 'accepted';
  next(emulated ? new InvalidTokenError('the token of an emulator proves nothing') : undefined);
});

// Lets in who was granted an app role of this API.
const requires = (role) => (request, response, next) => {
  const granted = request.auth.payload.roles?.includes(role);
  next(granted ? undefined : new InsufficientScopeError([role], `the role ${role} is missing`));
};

app.get('/orders', requires('Orders.Read.All'), (request, response) => {
  response.json({ orders: ['4711'], caller: request.auth.payload.sub });
});

app.use((error, request, response, next) => {
  const { status = 500, headers = {}, message } = error;
  response.status(status).set(headers).json({ detail: message });
});

app.listen(Number(PORT), '127.0.0.1');
