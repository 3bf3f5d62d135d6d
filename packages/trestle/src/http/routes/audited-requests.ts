import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Act, Audit } from '../../accounts/operators/audit.ts';
import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { inTransaction, type OpenTransaction } from '../../rows/transaction.ts';
import { isObject } from '../../rows/validate.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Answer, Route, RouteRequest } from '../../schema/routes/route.ts';
import { ROW_ID } from '../server/admission.ts';
import { templateOf } from './uniform/route-names.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether it is for the audit, and not there yet; null of what is not for the audit. */
    audited: 'due' | 'written' | null;
  }
}

type Handle = (request: RouteRequest) => Promise<Answer> | Answer;

const MAX_FIELDS = 100;
const MAX_AGENT_LENGTH = 200;
/** Names of fields; other members of a body may be anything, a secret included. */
const FIELD = /^[A-Za-z_]\w{0,63}$/;
/** Ids of rows, and the public ids of sessions and keys, of something that is there. */
const PUBLIC_ID = /^[\w-]{1,36}$/;

/** Writes down what operators do. One of each route. */
export class AuditedRoute {
  readonly #audit: Audit;
  readonly #store: Store;
  readonly #route: Route;
  readonly #url: string;

  constructor(audit: Audit, store: Store, route: Route, url: string) {
    this.#audit = audit;
    this.#store = store;
    this.#route = route;
    this.#url = templateOf(url);
  }

  /** Makes sure that a request is in the audit once it is done, also where no handler is asked: refusals, bodies that fit nothing. */
  watch(request: FastifyRequest, reply: FastifyReply, caller: Caller): void {
    request.audited = 'due';
    reply.raw.once('close', () => {
      if (request.audited === 'written') return;
      const act = { ...this.#act(request), status: reply.statusCode, row: idOf(request.params, ROW_ID) };
      void this.#audit.note(caller, act);
    });
  }

  /** Answers a request, and writes it down, done or failed. */
  async answer(
    request: FastifyRequest,
    handled: RouteRequest,
    { once, handle }: { once: (handle: Handle) => Promise<Answer> | Answer; handle: Handle },
  ): Promise<Answer> {
    try {
      const answer = await once(this.#handle(handle, request));
      // An answer that was kept by an Idempotency-Key is no act.
      request.audited = 'written';
      return answer;
    } catch (error) {
      request.audited = 'written';
      const { status, code } = error instanceof Problem ? error : { status: 500, code: 'internal' };
      const row = idOf(request.params, ROW_ID);
      const act = { ...this.#act(request), fields: fieldsOf(handled.body), status, code, row };
      await this.#audit.note(handled.caller, act);
      throw error;
    }
  }

  /** A handler with its entry in the audit: in the transaction of what it writes, where the route can be part of one. */
  #handle(handle: Handle, request: FastifyRequest): Handle {
    const { transactional, idempotent } = this.#route.options;
    if (transactional ?? idempotent)
      return (handled) =>
        inTransaction(
          this.#store,
          handled,
          async (transaction) => {
            const answer = await handle(Object.assign(handled, { transaction }));
            await this.#record(request, handled, answer, transaction);
            return answer;
          },
          { before: true },
        );
    return async (handled) => {
      // A batch has a transaction of its own.
      handled.recordAct = (transaction, answer) =>
        inTransaction(this.#store, { ...handled, transaction }, (open) =>
          this.#record(request, handled, answer, open),
        );
      const answer = await handle(handled);
      if (request.audited === 'written') return answer;
      request.audited = 'written';
      for (const act of this.#actsOf(request, handled, answer)) await this.#audit.note(handled.caller, act);
      return answer;
    };
  }

  async #record(
    request: FastifyRequest,
    handled: RouteRequest,
    answer: Answer,
    transaction: OpenTransaction,
  ): Promise<void> {
    for (const act of this.#actsOf(request, handled, answer))
      await this.#audit.record(transaction, handled.caller, act);
    transaction.afterCommit.push(() => {
      request.audited = 'written';
    });
  }

  /** A GET of an administrator as it would be answered to another account: written down first, when its status is not known yet. */
  viewedAs(request: FastifyRequest, caller: Caller, account: string): Promise<void> {
    const row = idOf(request.params, ROW_ID);
    return this.#audit.note(caller, { ...this.#act(request), viewed_as: account, row });
  }

  #act({ id, origin, headers, method }: FastifyRequest): Act {
    return {
      method,
      route: this.#url,
      resource: this.#route.options.tag ?? null,
      row: null,
      fields: [],
      status: null,
      code: null,
      viewed_as: null,
      address: origin.address,
      agent: headers['user-agent']?.slice(0, MAX_AGENT_LENGTH) ?? null,
      request: id,
    };
  }

  /** One entry, or one for each change of a batch. */
  #actsOf(request: FastifyRequest, handled: RouteRequest, { status, body }: Answer): Act[] {
    const act = this.#act(request);
    const { requests } = Object(handled.body);
    const { results } = Object(body);
    if (act.resource === 'batch' && Array.isArray(requests) && Array.isArray(results))
      return requests.flatMap((item, at): Act[] => {
        const [path = ''] = String(item.path).split('?');
        const [, , resource = null, id = ''] = path.split('/');
        if (item.method === 'GET') return [];
        const result = Object(results[at]);
        const row = idOf(result.body, PUBLIC_ID) ?? idOf({ id }, PUBLIC_ID);
        const { method } = item;
        return [{ ...act, method, resource, row, fields: fieldsOf(item.body), status: result.status }];
      });
    const row = idOf(request.params, PUBLIC_ID) ?? idOf(body, PUBLIC_ID);
    return [{ ...act, row, fields: fieldsOf(handled.body), status }];
  }
}

function idOf(from: unknown, form: RegExp): string | null {
  const id = isObject(from) ? from.id : undefined;
  const text = typeof id === 'number' ? String(id) : id;
  return typeof text === 'string' && form.test(text) ? text : null;
}

/** Names of the members of a body, or of the rows of several. */
function fieldsOf(body: unknown): string[] {
  const rows = Array.isArray(body) ? body : [body];
  const names = new Set(rows.filter(isObject).flatMap((row) => Object.keys(row)));
  return [...names].filter((name) => FIELD.test(name)).slice(0, MAX_FIELDS);
}
