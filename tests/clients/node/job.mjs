// A job comes as JSON on standard input; its outcome leaves as one line of JSON on standard output.
import { readFileSync } from 'node:fs';

export const job = JSON.parse(readFileSync(0, 'utf8'));

export async function outcome(work) {
  let said;
  try {
    said = await work();
  } catch (error) {
    said = {
      refused: {
        name: error.name,
        code: error.code ?? error.errorCode,
        message: error.message,
        error: error.error,
        description: error.error_description,
        status: error.status ?? error.statusCode,
        challenge: error.response?.headers?.get?.('www-authenticate') ?? null,
      },
    };
  }
  console.log(JSON.stringify(said));
}
