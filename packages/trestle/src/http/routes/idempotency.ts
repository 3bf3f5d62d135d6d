import { Problem } from '../../problems.ts';
import type { IdempotencyKeys } from '../../rows/idempotency/idempotency-keys.ts';
import { clientName } from '../../schema/caller.ts';
import type { Answer, RouteRequest } from '../../schema/routes/route.ts';

/** Maximum characters of an Idempotency-Key. */
const MAX_KEY_LENGTH = 255;

/** Answers a request once for its Idempotency-Key, and its repetitions with that answer. Its writes are one transaction. */
export async function answerOnce(
  keys: IdempotencyKeys,
  request: RouteRequest,
  handle: (request: RouteRequest) => Promise<Answer> | Answer,
): Promise<Answer> {
  const { method, url, body, headers } = request;
  const key = String(headers['idempotency-key']);
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !/^[\x20-\x7e]+$/.test(key))
    throw new Problem('malformed', {
      detail: `An Idempotency-Key has 1 to ${MAX_KEY_LENGTH} ASCII characters, such as those of a UUID.`,
    });
  const content = JSON.stringify([method, url, body, headers['if-match'], headers.prefer]);
  // Roles and scopes may change while the caller stays the same.
  const { roles, scopes } = { roles: [], scopes: null, ...request.caller };
  const rights = JSON.stringify([[...roles].sort(), scopes]);
  const asked = { owner: clientName(request.caller, request.origin), key, content, rights };
  const { answer, isReplay } = await keys.once(asked, (transaction) =>
    handle(Object.assign(request, { transaction })),
  );
  return isReplay ? { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } } : answer;
}
