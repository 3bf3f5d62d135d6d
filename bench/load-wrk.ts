import type { Load, LoadResult } from './load.ts';

/** Requests with a body are many, so that an ORM that skips an unchanged update has nothing to skip. */
const TEXTS = { withBody: 50_000, without: 10_000 } as const;

/** The Lua script that makes wrk send a template with random ids. */
export function wrkScript({ request, rows }: Load): string {
  const { method, path, headers = {}, body } = request;
  const sent = body ? { 'content-type': 'application/json', ...headers } : headers;
  const lines = Object.entries(sent).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`);
  return `${lines.join('\n')}
local path = ${lua(path)}
local body = ${body ? lua(JSON.stringify(body)) : 'nil'}
local requests = {}
math.randomseed(4242)
init = function()
  for n = 1, ${body ? TEXTS.withBody : TEXTS.without} do
    local id = tostring(math.random(${rows}))
    local fill = function(text) return (text:gsub("{id}", id):gsub("{n}", tostring(n))) end
    requests[n] = wrk.format(${lua(method)}, fill(path), nil, body and fill(body) or nil)
  end
end
local at = 0
request = function()
  at = at % #requests + 1
  return requests[at]
end
`;
}

/** JSON's string is Lua's, as long as it is ASCII. */
function lua(text: string): string {
  return JSON.stringify(text);
}

/** Reads what wrk prints. Throws where it printed no rate. */
export function wrkSummary(output: string): LoadResult {
  const found = (pattern: RegExp) => pattern.exec(output)?.[1] ?? '';
  const rps = Number(found(/Requests\/sec:\s+([\d.]+)/));
  if (!(rps > 0)) throw new Error(`wrk got no answer:\n${output}`);
  const sockets = found(/Socket errors: (.*)/).match(/\d+/g) ?? [];
  return {
    rps,
    p50: milliseconds(found(/^\s+50%\s+(\S+)/m)),
    p99: milliseconds(found(/^\s+99%\s+(\S+)/m)),
    failures:
      Number(found(/Non-2xx or 3xx responses: (\d+)/)) + sockets.reduce((sum, n) => sum + Number(n), 0),
  };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  return Number((Number(number) * (UNITS[unit] ?? Number.NaN)).toFixed(3));
}
