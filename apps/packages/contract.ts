import { signedIn } from 'trestle';
import { answer, type Contract, type ContractContext, type CredentialPlace, route } from 'trestle/contract';
import type { resources } from './app.ts';
import { errors } from './errors.ts';
import { keyRoutes } from './key-routes.ts';
import { operationRoutes } from './operation-routes.ts';
import { packageRoutes } from './package-routes.ts';
import { Failure, Message } from './schemas.ts';

export type Context = ContractContext<typeof resources>;

const CREDENTIALS: readonly CredentialPlace[] = [
  { in: 'header', name: 'api-key', for: 'key' },
  { in: 'query', name: 'api-key', for: 'key' },
  { in: 'query', name: 'api_key', for: 'key' },
  { in: 'header', name: 'secret-key', for: 'administrator' },
];

/** The documented routes of packages, over its services. */
export function contract(context: Context) {
  return {
    errors,
    errorShape: Failure,
    multipart: true,
    coerce: true,
    credentials: CREDENTIALS,
    tags: {
      repository: 'Packages with the names of their statuses, as clients of the original know them.',
      work: 'Downloads and activations of packages.',
      auth: 'API keys, made and ended by the holder of the secret.',
    },
    routes: [
      route(
        'GET',
        '/secure',
        {
          tag: 'auth',
          operationId: 'tryKey',
          summary: 'Try an API key',
          can: signedIn,
          answers: { 200: Message },
        },
        () => answer(200, { message: 'This is a secure endpoint' }),
      ),
      ...packageRoutes(context),
      ...operationRoutes(context),
      ...keyRoutes(context),
    ],
  } satisfies Contract;
}
