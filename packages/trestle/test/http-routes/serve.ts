import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../../src/declare/app.ts';
import type { Resources } from '../../src/declare/faces.ts';
import { type Engine, openEngine } from '../../src/engine.ts';
import { openLog } from '../../src/http/logging.ts';
import { startServer } from '../../src/http/start-server.ts';

export const ADMINISTRATOR = 'the administrator of these tests, and of no other';

/** A request as tests write it. */
export interface Ask {
  method?: string;
  /** Goes into the Bearer header. */
  token?: string;
  headers?: Record<string, string>;
  json?: unknown;
  form?: Record<string, string>;
  /** Sent as it is. */
  body?: string;
}

/** Any JSON, to be looked into and compared. */
export interface Json {
  readonly [member: string]: Json;
}

export interface Answered {
  status: number;
  /** The body as JSON; `{}` where it is none. */
  body: Json;
  text: string;
  headers: Headers;
}

export type AskFor = (path: string, request?: Ask) => Promise<Answered>;

/** A running server with one app over an empty data folder. */
export interface Served<Rs extends Resources> {
  url: string;
  engine: Engine<Rs>;
  ask: AskFor;
  log: readonly string[];
  close(): Promise<void>;
}

/** Serves an app on a free port. */
export async function serve<Rs extends Resources>(app: App<Rs>, base = ''): Promise<Served<Rs>> {
  const data = await mkdtemp(join(tmpdir(), 'trestle-routes-'));
  const engine = await openEngine(app, { data, administratorSecret: ADMINISTRATOR });
  const log: string[] = [];
  // A server takes apps of any resources; tests want to know which.
  const mounts = [{ engine: engine as unknown as Engine, base }];
  const server = await startServer(mounts, {
    port: 0,
    log: openLog({ to: (line) => log.push(line) }),
  });
  return {
    url: server.url + base,
    engine,
    ask: askAt(server.url + base),
    log,
    async close() {
      await server.close({ drain: 1000 });
      await engine.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

function askAt(root: string): AskFor {
  return async (path, { method, token, headers, json, form, body } = {}) => {
    const sent = json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form) : body;
    const response = await fetch(root + path, {
      method: method ?? (sent === undefined ? 'GET' : 'POST'),
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
    // What a server answers has no type; tests look at it and compare.
    return {
      status: response.status,
      body: isJson ? (JSON.parse(text) as Json) : {},
      text,
      headers: response.headers,
    };
  };
}
