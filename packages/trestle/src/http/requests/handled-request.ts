import type { FastifyReply, FastifyRequest } from 'fastify';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { RouteRequest } from '../../schema/contract.ts';
import type { Origin } from '../../schema/services/account-service.ts';
import type { Input } from './route-input.ts';

/** A request as a route's code sees it. What is seldom asked for is made when it is. */
export class HandledRequest implements RouteRequest<unknown, unknown, unknown> {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly base: string;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply, base: string, input: Input) {
    this.params = input.params;
    this.query = input.query;
    this.body = input.body;
    this.base = base;
    this.#request = request;
    this.#reply = reply;
  }

  get caller(): Caller {
    return this.#request.caller ?? anonymous;
  }

  get origin(): Origin {
    return { address: this.#request.ip };
  }

  get headers(): RouteRequest<unknown, unknown, unknown>['headers'] {
    return this.#request.headers;
  }

  get url(): string {
    return this.#request.url;
  }

  get method(): string {
    return this.#request.method;
  }

  get signal(): AbortSignal {
    this.#signal ??= abortedWith(this.#reply);
    return this.#signal;
  }
}

/** Aborts when the connection closes before the answer is out. */
function abortedWith(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the client went away'));
  });
  return controller.signal;
}
