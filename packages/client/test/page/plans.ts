import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { accounts, anyone, app, author, boolean, own, reference, resource, signedIn, text } from 'trestle';
import { bytes, type Route, route } from 'trestle/contract';
import { Type } from 'typebox';

const can = { read: anyone, create: signedIn, update: own('owner'), delete: own('owner') };
const resources = {
  projects: resource({
    fields: { title: text({ min: 3, search: true }), open: boolean({ default: true }), owner: author() },
    order: 'title',
    can,
  }),
  tasks: resource({
    fields: {
      project: reference('projects', { onDelete: 'cascade' }),
      text: text({ min: 1 }),
      owner: author(),
    },
    can,
  }),
};

const HTML = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plans</title><link rel="icon" href="data:,"></head><body>
<form id="sign-in"><label>Name <input name="username"></label><label>Password <input name="password" type="password"></label><button>Sign in</button></form>
<p role="status" id="status"></p>
<form id="add"><label>Project <input name="title"></label><label>First task <input name="task"></label><button>Add</button></form>
<label>Search <input id="search" type="search"></label>
<ul id="projects"></ul>
<script type="module" src="page/main.ts"></script></body></html>`;
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'";

/** Serves the page, and the modules of page and client with their types taken out: nothing is built. */
function routes(): Route[] {
  const script = { summary: 'A module', produces: 'text/javascript', answers: { 200: null } };
  const module = (folder: string) =>
    route(
      'GET',
      `/${folder}/:name`,
      { ...script, params: Type.Object({ name: Type.String({ pattern: '^[a-z]+\\.ts$' }) }) },
      async ({ params: { name } }) => {
        const place = folder === 'page' ? `./${name}` : `../../src/${name}`;
        const source = await readFile(new URL(place, import.meta.url), 'utf8');
        const code = stripTypeScriptTypes(source).replace("'trestle-client'", "'../client/index.ts'");
        return bytes({ content: Buffer.from(code), type: 'text/javascript; charset=utf-8' });
      },
    );
  return [
    route('GET', '/', { summary: 'The page', produces: 'text/html', answers: { 200: null } }, () =>
      bytes(
        { content: Buffer.from(HTML), type: 'text/html; charset=utf-8' },
        { 'content-security-policy': POLICY },
      ),
    ),
    module('page'),
    module('client'),
  ];
}

export default app({ name: 'plans', accounts: accounts(), resources, routes });
