import assert from 'node:assert/strict';
import type { Candidate, RunningServer } from '../servers/candidate.ts';
import { message, NEEDLE, RARE_VIEWS, viewsOf } from './seed.ts';
import { filledIn, PAGE, type RequestTemplate } from './workload.ts';

const SAMPLE = 777;

interface Checked {
  candidate: Candidate;
  running: RunningServer;
  rows: number;
}

interface Answer {
  status: number;
  body: unknown;
}

/** Checks that a server answers every operation correctly. Throws an `AssertionError` with its answer where it does not. */
export async function checkAnswers(checked: Checked): Promise<void> {
  if (checked.candidate.fixed) return;
  const { requests } = checked.running;
  if (requests.read) await checkRow(checked, requests.read);
  if (requests.checked) await checkRow(checked, requests.checked);
  await checkLists(checked);
  if (requests.count) await checkCount(checked, requests.count);
  if (requests.patch) await checkPatch(checked, requests.patch);
  if (requests.create) await checkCreate(checked, requests.create);
  if (requests['sign-in']) assert.ok((await ask(checked, requests['sign-in'])).status < 300, 'sign-in');
}

async function checkRow(checked: Checked, request: RequestTemplate): Promise<void> {
  const { content } = await rowFrom(checked, request);
  assert.equal(content, message(SAMPLE).content);
}

async function checkLists(checked: Checked): Promise<void> {
  const { rows, running } = checked;
  const { list, filtered, equal, 'page-1': first, 'page-1000': thousandth } = running.requests;
  const newest = (from: number) => Array.from({ length: PAGE }, (_, at) => message(from - at).content);
  for (const request of [list, first])
    if (request) assert.deepEqual(contents(await rowsFrom(checked, request)), newest(rows));
  if (thousandth) assert.deepEqual(contents(await rowsFrom(checked, thousandth)), newest(rows - 999 * PAGE));
  if (filtered)
    assert.deepEqual(contents(await rowsFrom(checked, filtered)), newestMatching(rows, hasNeedle));
  if (equal) assert.deepEqual(contents(await rowsFrom(checked, equal)), newestMatching(rows, hasRareViews));
}

function hasNeedle(number: number): boolean {
  return message(number).content.includes(NEEDLE);
}

function hasRareViews(number: number): boolean {
  return viewsOf(number) === RARE_VIEWS;
}

function newestMatching(rows: number, matches: (number: number) => boolean): string[] {
  const found: string[] = [];
  for (let number = rows; number > 0 && found.length < PAGE; number -= 1)
    if (matches(number)) found.push(message(number).content);
  return found;
}

/** Two reads, two more views. */
async function checkCount(checked: Checked, request: RequestTemplate): Promise<void> {
  const before = Number((await rowFrom(checked, request)).views);
  const after = Number((await rowFrom(checked, request)).views);
  assert.equal(after, before + 1);
  assert.equal(before, viewsOf(SAMPLE) + 1);
}

async function checkPatch(checked: Checked, request: RequestTemplate): Promise<void> {
  const { content } = await rowFrom(checked, request);
  assert.equal(content, 'edited 1 by the benchmark');
  await requireToken(checked, request);
}

async function checkCreate(checked: Checked, request: RequestTemplate): Promise<void> {
  const { content } = await rowFrom(checked, request);
  assert.equal(content, 'hello 1 from the benchmark');
  await requireToken(checked, request);
  const long = JSON.parse(
    JSON.stringify(request.body).replace('hello {n} from the benchmark', 'x'.repeat(161)),
  );
  const { status } = await ask(checked, { ...request, body: long });
  assert.ok(status >= 400 && status < 500, `161 characters were answered with ${status}`);
}

async function requireToken(checked: Checked, { headers: _, ...request }: RequestTemplate): Promise<void> {
  const { status } = await ask(checked, request);
  assert.ok(status === 401 || status === 403, `a write without a token was answered with ${status}`);
}

async function rowFrom(checked: Checked, request: RequestTemplate): Promise<Record<string, unknown>> {
  const { status, body } = await ask(checked, request);
  const row = checked.candidate.row?.(body) ?? body;
  assert.ok(status < 300 && isRecord(row), `${request.path}: ${status} ${JSON.stringify(body)}`);
  return row;
}

async function rowsFrom(checked: Checked, request: RequestTemplate): Promise<unknown[]> {
  const { status, body } = await ask(checked, request);
  const rows = checked.candidate.rows?.(body) ?? body;
  assert.ok(status === 200 && Array.isArray(rows), `${request.path}: ${status} ${JSON.stringify(body)}`);
  return rows;
}

function contents(rows: readonly unknown[]): unknown[] {
  return rows.map((row) => (isRecord(row) ? row.content : row));
}

async function ask({ running }: Checked, template: RequestTemplate): Promise<Answer> {
  const { method, path, headers, body } = filledIn(template, SAMPLE, 1);
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
