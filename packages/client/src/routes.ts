import type { Route, RouteCall } from 'trestle/contract';
import type { Result } from './problems.ts';
import type { RequestOptions, Sender } from './transport.ts';

type Method = RouteCall['method'];
type CallOf<R> = R extends Route<infer C> ? C : never;

/** A path as the OpenAPI document has it: `/projects/{id}` of `/projects/:id`. */
type Documented<P extends string> = P extends `${infer Before}:${infer After}`
  ? After extends `${infer Name}/${infer Rest}`
    ? `${Before}{${Name}}/${Documented<Rest>}`
    : `${Before}{${After}}`
  : P;

type Paths<C, M> = C extends RouteCall ? (M extends C['method'] ? Documented<C['path']> : never) : never;
type Called<C, M, P> = C extends RouteCall
  ? M extends C['method']
    ? P extends Documented<C['path']>
      ? C
      : never
    : never
  : never;

/** A member that may be left out where all of its own may. */
type Member<K extends string, V> =
  Record<never, never> extends V ? { readonly [N in K]?: V } : { readonly [N in K]: V };
type RouteInput<C extends RouteCall> = Member<'params', C['params']> &
  Member<'query', C['query']> &
  Member<'body', C['body'] | FormData> &
  RequestOptions;
type Rest<T> = Record<never, never> extends T ? [input?: T] : [input: T];

/** Calls a route by its method and its path, with the parameters, the body and the answer that it declares. */
type RouteVerb<C, M extends Method> = <const P extends Paths<C, M>>(
  path: P,
  ...input: Rest<RouteInput<Called<C, M, P>>>
) => Promise<Result<Called<C, M, P>['answer']>>;

/** Routes that an app declares itself, in its contract or beside the uniform API. */
export interface RouteClient<R> {
  /** Calls a GET. */
  readonly get: RouteVerb<CallOf<R>, 'GET'>;
  /** Calls a POST. */
  readonly post: RouteVerb<CallOf<R>, 'POST'>;
  /** Calls a PUT. */
  readonly put: RouteVerb<CallOf<R>, 'PUT'>;
  /** Calls a PATCH. */
  readonly patch: RouteVerb<CallOf<R>, 'PATCH'>;
  /** Calls a DELETE. */
  readonly delete: RouteVerb<CallOf<R>, 'DELETE'>;
}

interface UntypedInput extends RequestOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** `RouteClient` at run time. */
export function untypedRoutes(sender: Sender): Readonly<Record<string, unknown>> {
  const verb =
    (method: Method) =>
    async (path: string, { params, query, ...options }: UntypedInput = {}): Promise<Result<unknown>> => {
      const parameters = Object.entries(query ?? {}).flatMap(([name, value]) =>
        [value ?? []].flat().map((each) => [name, String(each)] as [string, string]),
      );
      const search = parameters.length > 0 ? `?${new URLSearchParams(parameters)}` : '';
      const place = path.replace(/\{(\w+)\}/g, (_whole, name) => encodeURIComponent(String(params?.[name])));
      const result = await sender.send({ method, path: place + search, takesText: true, ...options });
      return result.ok ? { ok: true, value: result.value.body } : result;
    };
  return {
    get: verb('GET'),
    post: verb('POST'),
    put: verb('PUT'),
    patch: verb('PATCH'),
    delete: verb('DELETE'),
  };
}
