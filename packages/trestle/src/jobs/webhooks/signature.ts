import { createHmac } from 'node:crypto';

/** A webhook's secret, as its owner is shown it (Standard Webhooks, "Signature scheme"): `whsec_` and 32 bytes in base64. */
export function webhookSecret(key: Buffer, webhook: string, generation: number): string {
  return `whsec_${createHmac('sha256', key).update(`${webhook} ${generation}`).digest('base64')}`;
}

/** The headers of one attempt, with a signature by each secret. The receiver checks the time, and takes an id once. */
export function signedHeaders(
  { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string },
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  });
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  };
}
