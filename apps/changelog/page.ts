import { bytes, route } from 'trestle/contract';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'";

/** A readable page of projects and their updates at `/`, for people who sign in with name and password. */
export function pageRoutes() {
  const shared = { tag: 'page', answers: { 200: null } };
  return [
    route(
      'GET',
      '/',
      { ...shared, operationId: 'showPage', summary: 'Projects and updates, to read', produces: 'text/html' },
      ({ base }) =>
        bytes(
          { content: Buffer.from(html(base)), type: 'text/html; charset=utf-8' },
          { 'content-security-policy': POLICY, 'cache-control': 'no-cache' },
        ),
    ),
    route(
      'GET',
      '/page.js',
      {
        ...shared,
        operationId: 'getPageScript',
        summary: 'The code of that page',
        produces: 'text/javascript',
      },
      () =>
        bytes(
          { content: Buffer.from(SCRIPT), type: 'text/javascript; charset=utf-8' },
          { 'cache-control': 'no-cache' },
        ),
    ),
  ];
}

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 48rem; margin: 0 auto; padding: 1rem; }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
label { display: grid; } input, button { font: inherit; padding: .4rem .6rem; }
article { border-top: 1px solid; margin-top: 1.5rem; } h2 { margin-bottom: 0; } time, .state { opacity: .75; }
[hidden] { display: none; }`;

function html(base: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Changelog</title>
<style>${STYLE}</style>
</head>
<body data-base="${base}">
<h1>Changelog</h1>
<form id="sign-in">
<label>User name <input name="username" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>
<form id="search" role="search" hidden>
<label>Search titles <input name="search" type="search"></label>
<button>Search</button>
<button type="button" id="sign-out">Sign out</button>
</form>
<p id="message" role="status"></p>
<main id="projects"></main>
<button id="more" hidden>Show more</button>
<script src="${base}/page.js" type="module"></script>
</body>
</html>
`;
}

/** Runs in the browser. Everything of the API is put in as text, never as HTML. */
const SCRIPT = `
const PAGE_SIZE = 10;
const { base } = document.body.dataset;
const [signIn, search, signOut, message, projects, more] =
  ['sign-in', 'search', 'sign-out', 'message', 'projects', 'more'].map((id) => document.getElementById(id));

signIn.addEventListener('submit', async (event) => {
  event.preventDefault();
  const response = await fetch(base + '/login', { method: 'POST', body: new URLSearchParams(new FormData(signIn)) });
  const body = await response.json();
  if (!response.ok) return say(String(body.detail));
  sessionStorage.setItem('token', body.access_token);
  signIn.reset();
  await show(0);
});
search.addEventListener('submit', (event) => { event.preventDefault(); show(0); });
signOut.addEventListener('click', () => end('Signed out.'));
more.addEventListener('click', () => show(projects.childElementCount));

async function show(skip) {
  const query = new URLSearchParams({ limit: PAGE_SIZE, skip, update_limit: 10, search: new FormData(search).get('search') });
  const headers = { Authorization: 'Bearer ' + sessionStorage.getItem('token') };
  const response = await fetch(base + '/projects?' + query, { headers });
  if (response.status === 401) return end('Please sign in.');
  const page = await response.json();
  if (!response.ok) return say(String(page.detail));
  const articles = page.map(articleOf);
  if (skip === 0) projects.replaceChildren(...articles);
  else projects.append(...articles);
  signIn.hidden = true;
  search.hidden = false;
  more.hidden = page.length < PAGE_SIZE;
  say(projects.childElementCount === 0 ? 'There are no projects.' : '');
}

function articleOf({ title, active, creation_date, project_updates }) {
  const state = element('p', active ? 'Active, since ' : 'Not active, since ', time(creation_date));
  state.className = 'state';
  return element('article', element('h2', title), state, ...project_updates.map(updateOf));
}

function updateOf({ title, creation_date, relevant_points }) {
  const points = relevant_points.map((point) =>
    element('li', point.title, element('ul', ...point.description.map((line) => element('li', line)))));
  return element('section', element('h3', title), time(creation_date), element('ul', ...points));
}

function time(instant) {
  const shown = element('time', new Date(instant).toLocaleString());
  shown.dateTime = instant;
  return shown;
}

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

function end(text) {
  sessionStorage.removeItem('token');
  projects.replaceChildren();
  search.hidden = more.hidden = true;
  signIn.hidden = false;
  say(text);
}

function say(text) {
  message.textContent = text;
}

if (sessionStorage.getItem('token')) show(0);
`;
