import type { FastifyInstance } from 'fastify';
import { preferred } from '../requests/negotiation.ts';
import { addVary } from '../routes/send-answer.ts';
import { escapeHtml, pageHtml, pagePolicy } from './page-shell.ts';
import { pathsOf, perPrefix, serveScript } from './pages.ts';

/** An app as the first page shows it; paths without the prefix of a proxy. */
export interface IndexEntry {
  readonly name: string;
  readonly description: string;
  readonly path: string;
  readonly docs: string;
  readonly redoc: string;
  readonly openapi: string;
  /** Requests to begin with: commands of a shell under an address. */
  calls(url: string): readonly FirstCall[];
  /** Resources of its uniform API, with the verbs that somebody may use. */
  resources(): readonly ResourceVerbs[];
  /** Whether it takes requests now. */
  isReady(): boolean;
}

export interface ResourceVerbs {
  readonly name: string;
  readonly verbs: readonly string[];
}

export interface FirstCall {
  readonly does: string;
  readonly command: string;
}

interface Index {
  /** '' of the server, or the base of an app. */
  readonly path: string;
  readonly entries: readonly IndexEntry[];
}

const PRODUCES = ['application/json', 'text/html'];

/** Serves the first page of a server or an app, for people; the same as JSON for who asks for that. */
export function serveIndex(fastify: FastifyInstance, { path, entries }: Index): void {
  const script = `${path}/docs-files/copy.js`;
  if (!fastify.hasRoute({ method: 'GET', url: script })) serveScript(fastify, script, () => COPY);
  // The page shows addresses and states: one for each of them.
  const pages = perPrefix('text/html; charset=utf-8', (key) => {
    const [prefix = '', ready = '', origin = ''] = key.split(' ');
    const site: Site = { prefix, url: `${origin}${prefix}`, isReady: (at) => ready[at] === '1' };
    const [only] = entries;
    const page = path === '' && entries.length > 1 ? serverPage(entries, site) : only && appPage(only, site);
    return pageHtml({ home: `${prefix}/`, scripts: [`${prefix}${script}`], title: '', main: '', ...page });
  });
  for (const url of pathsOf(path))
    fastify.get(url, { config: { produces: PRODUCES } }, (request, reply) => {
      addVary(reply, 'Accept');
      const { prefix, protocol, host } = request;
      if (preferred(request.headers.accept, PRODUCES) !== 'text/html')
        return reply.send({
          apps: entries.map((entry) => ({
            name: entry.name,
            description: entry.description,
            path: `${prefix}${entry.path}`,
            docs: `${prefix}${entry.docs}`,
            openapi: `${prefix}${entry.openapi}`,
          })),
        });
      const ready = entries.map((entry) => (entry.isReady() ? 1 : 0)).join('');
      reply.header('content-security-policy', pagePolicy());
      return pages(`${prefix} ${ready} ${protocol}://${host}`).send(reply);
    });
}

interface Site {
  readonly prefix: string;
  /** Of the server, as the client knows it. */
  readonly url: string;
  isReady(at: number): boolean;
}

function serverPage(entries: readonly IndexEntry[], site: Site) {
  const down = entries.filter((_, at) => !site.isReady(at)).length;
  const items = entries.map((entry, at) => {
    const { name, description, path } = entry;
    const home = escapeHtml(`${site.prefix}${path}/`);
    const links = [
      ['Documentation', entry.docs],
      ['Reference', entry.redoc],
      ['OpenAPI', entry.openapi],
      ['Admin', `/admin/${name}`],
    ].map(([text, to]) => `<a href="${escapeHtml(`${site.prefix}${to}`)}">${text}</a>`);
    return (
      `<li><div class="title"><h2><a href="${home}">${escapeHtml(name)}</a></h2>${stateOf(site.isReady(at))}<code class="path">${escapeHtml(path)}</code></div>` +
      `<p>${escapeHtml(description)}</p><div class="links">${links.join('')}</div>` +
      `<details${at === 0 ? ' open' : ''}><summary>First calls</summary>${callsOf(entry, site)}</details></li>`
    );
  });
  const lead =
    down === 0
      ? `${entries.length} apps, all ready.`
      : `${entries.length} apps, ${down} not ready for requests.`;
  return {
    title: 'Trestle',
    links: `<a href="${escapeHtml(site.prefix)}/admin">Admin</a>`,
    main: `<h1>Apps</h1><p class="lead">${lead}</p><ul class="apps">${items.join('')}</ul>`,
  };
}

function appPage(entry: IndexEntry, site: Site) {
  const { name, description, docs, resources } = entry;
  const rows = resources().map(
    (resource) =>
      `<tr><td><code>/v1/${escapeHtml(resource.name)}</code></td><td class="verbs">${escapeHtml(resource.verbs.join(', '))}</td></tr>`,
  );
  return {
    title: name,
    links: `<a href="${escapeHtml(site.prefix)}/admin">Admin</a>`,
    main:
      `<div class="title"><h1>${escapeHtml(name)}</h1>${stateOf(site.isReady(0))}</div><p class="lead">${escapeHtml(description)}</p>` +
      `<div class="actions"><a class="button primary" href="${escapeHtml(site.prefix + docs)}">Documentation</a>` +
      `<a class="button" href="${escapeHtml(site.prefix + entry.redoc)}">Reference</a><a class="button" href="${escapeHtml(site.prefix + entry.openapi)}">OpenAPI</a></div>` +
      `<section><h2>First calls</h2>${callsOf(entry, site)}</section>` +
      (rows.length > 0
        ? `<section><h2>Resources</h2><div class="table" tabindex="0" role="region" aria-label="Resources"><table><thead><tr><th scope="col">Path</th><th scope="col">Somebody may</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
        : ''),
  };
}

function stateOf(isReady: boolean): string {
  return isReady ? '<span class="state">Ready</span>' : '<span class="state down">Not ready</span>';
}

function callsOf({ calls, path, name }: IndexEntry, { url }: Site): string {
  const lines = calls(`${url}${path}`).map(
    ({ does, command }) => `<span class="note"># ${escapeHtml(does)}</span>\n${escapeHtml(command)}`,
  );
  return `<div class="calls"><pre tabindex="0" aria-label="First calls of ${escapeHtml(name)}"><code>${lines.join('\n\n')}</code></pre></div>`;
}

/** Runs in the browser: puts a button beside each block of calls that copies it. */
const COPY = `for (const calls of document.querySelectorAll('.calls')) {
  if (!navigator.clipboard) break;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(calls.querySelector('code').textContent);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  calls.append(button);
}
`;
