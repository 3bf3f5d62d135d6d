import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { sql } from '../../database/sql.ts';
import { bind, param, type Statement, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { INTERNAL } from '../../database/table.ts';
import { Problem } from '../../problems.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { anonymous, type Transaction } from '../../schema/caller.ts';
import { resource, systemResource } from '../../schema/define-resource.ts';
import { text } from '../../schema/fields/texts/text.ts';
import { timestamp } from '../../schema/fields/timestamp.ts';
import { textId } from '../../schema/id.ts';
import type { Model } from '../model.ts';
import { compileSystemModels, SystemTable } from '../system-tables.ts';
import { inTransaction, type OpenTransaction } from '../transaction.ts';

/** How long an answer is kept. */
const LIFETIME_MS = 24 * 3_600_000;
const CIPHER = 'aes-256-gcm';
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/**
 * Answers by Idempotency-Key. Neither keys nor bodies can be read from it, nor can answers without the key: `id` and
 * `fingerprint` are MACs, `answer` is encrypted under a key made of the server's secret and the client's key.
 */
const idempotencyKeys = systemResource(
  resource({
    id: textId('^[A-Za-z0-9_-]{43}$'),
    fields: { fingerprint: text(), answer: text(), created_at: timestamp({ index: true }) },
  }),
  { table: `${INTERNAL}idempotency_keys` },
);

export const IDEMPOTENCY_RESOURCES = { idempotency_keys: idempotencyKeys };

/** A request that names an Idempotency-Key. */
interface KeyedRequest {
  /** Whose key it is: the same key of somebody else is another. */
  readonly owner: string;
  readonly key: string;
  /** The request as a text: another one with this key is refused. */
  readonly content: string;
  /** The caller's rights, as a text: under others it may not be shown what it was. */
  readonly rights: string;
}

/** An answer as it is kept. */
interface Kept<Answer> {
  readonly answer: Answer;
  /** A MAC of the rights and rules under which it was made. */
  readonly rights: string;
}

/**
 * Runs a write once for each Idempotency-Key of a caller, and answers its repetitions with its first answer for 24 hours
 * (draft-ietf-httpapi-idempotency-key-header). The answer is kept in the write's own transaction: after a crash there are both
 * or neither. A write that fails keeps nothing, so that it can be tried again.
 */
export class IdempotencyKeys {
  readonly #store: Store;
  readonly #secret: Buffer;
  readonly #models: ReadonlyMap<string, Model>;
  /** The rules of the declaration as a text, once they are asked for. */
  #rules: string | undefined;
  readonly #statements: ReturnType<typeof compileStatements>;
  readonly #tryLock: Statement | undefined;
  /** Keys of the writes under way in this process. */
  readonly #running = new Set<string>();

  constructor(
    store: Store,
    { accounts, models, secret }: { accounts: Accounts; models: ReadonlyMap<string, Model>; secret: Buffer },
  ) {
    this.#store = store;
    this.#secret = secret;
    this.#models = models;
    const { idempotency_keys: model } = compileSystemModels(IDEMPOTENCY_RESOURCES, accounts, store);
    this.#statements = compileStatements(new SystemTable(model));
    const { dialect } = store;
    this.#tryLock = dialect.tryLock && statement(dialect, dialect.tryLock(sql`${param('id')}`));
  }

  /**
   * The answer of `run`, which writes in the transaction that it is given; or the one that was kept. Throws
   * `idempotency_key_in_use` while another request with the key is under way, and `idempotency_key_reused` where that asked
   * for something else, or where the caller's roles or scopes, or the rules, have changed since.
   */
  async once<Answer>(
    { owner, key, content, rights: given }: KeyedRequest,
    run: (transaction: Transaction) => Promise<Answer> | Answer,
  ): Promise<{ readonly answer: Answer; readonly isReplay: boolean }> {
    const id = this.#mac('id', owner, key).toString('base64url');
    const fingerprint = this.#mac('content', owner, content).toString('base64url');
    const sealing = this.#mac('answer', owner, key);
    this.#rules ??= rulesOf(this.#models);
    const rights = this.#mac('rights', given, this.#rules).toString('base64url');
    if (this.#running.has(id)) throw inUse();
    this.#running.add(id);
    try {
      const write = async (transaction: OpenTransaction) => {
        if (this.#tryLock) {
          const [lock] = await transaction.all(this.#tryLock, bind(this.#tryLock, { id }));
          if (!lock?.locked) throw inUse();
        }
        const [known] = await this.#statements.find(transaction, { id, after: before(LIFETIME_MS) });
        if (known && known.fingerprint !== fingerprint)
          throw new Problem('idempotency_key_reused', {
            detail:
              'This Idempotency-Key was used for another request in the last 24 hours. Make a new key for each.',
          });
        if (known) {
          // It was written below, of an answer of this type.
          const kept = JSON.parse(unseal(sealing, known.answer)) as Kept<Answer>;
          if (kept.rights !== rights)
            throw new Problem('idempotency_key_reused', {
              detail:
                'The request with this Idempotency-Key was done. Its answer is not shown again: the roles or scopes of its caller, or the rules, ' +
                'have changed since. Read what it wrote.',
            });
          return { answer: kept.answer, isReplay: true };
        }
        const answer = await run(transaction);
        const kept: Kept<Answer> = { answer, rights };
        await this.#statements.keep(transaction, {
          id,
          fingerprint,
          answer: seal(sealing, JSON.stringify(kept)),
          created_at: before(0),
        });
        return { answer, isReplay: false };
      };
      return await inTransaction(this.#store, { caller: anonymous }, write, { before: true });
    } finally {
      this.#running.delete(id);
    }
  }

  /** Removes answers that are older than 24 hours. */
  async purge(transaction: Executor): Promise<void> {
    await this.#statements.purge(transaction, { before: before(LIFETIME_MS) });
  }

  #mac(...parts: readonly string[]): Buffer {
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest();
  }
}

function compileStatements(table: SystemTable<typeof idempotencyKeys>) {
  const renewed = ['fingerprint', 'answer', 'created_at'].map(
    (name) => sql`${sql.ref(name)} = ${sql.ref(`excluded.${name}`)}`,
  );
  return {
    find: table.select(sql`where id = ${param('id')} and created_at > ${param('after')}`),
    // What is there under this id has expired.
    keep: table.insert(sql`on conflict (id) do update set ${sql.join(renewed)}`),
    purge: table.execute(sql`delete from ${table.name} where created_at < ${param('before')}`),
  };
}

function inUse(): Problem {
  return new Problem('idempotency_key_in_use', {
    detail: 'A request with this Idempotency-Key is under way. Send it again in a moment to get its answer.',
    headers: { 'Retry-After': '1' },
  });
}

/** The rules on rows and fields, as a text. */
function rulesOf(models: ReadonlyMap<string, Model>): string {
  const rules = [...models].map(([name, { resource, readable }]) => {
    const fields = readable.flatMap(({ name: field, field: { can } }) => (can ? [[field, can]] : []));
    return [name, resource.can, fields];
  });
  return JSON.stringify(rules);
}

/** The instant that lies so many milliseconds back. */
function before(milliseconds: number): string {
  return new Date(Date.now() - milliseconds).toISOString();
}

function seal(key: Buffer, plain: string): string {
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv(CIPHER, key, nonce);
  return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64',
  );
}

function unseal(key: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_LENGTH), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_LENGTH));
  return decipher.update(bytes.subarray(NONCE_LENGTH, -TAG_LENGTH)).toString() + decipher.final('utf8');
}
