// @ts-check
// The page's code, as it runs in the browser: nothing is built. What the API answers is put in as text, never as HTML.
import { createClient, unwrap } from 'trestle-client';

/** @typedef {typeof import('../app.ts').default} App */
/** @typedef {{ id: number, title: string, active: boolean }} Project */

const PAGE_SIZE = 20;
const NEW = 'new';
const { base = '' } = document.body.dataset;
const kept = sessionStorage.getItem('tokens');

/** @type {import('trestle-client').Client<App>} */
const client = createClient({
  url: location.origin + base,
  ...(kept !== null && { tokens: JSON.parse(kept) }),
  onTokens(tokens) {
    if (tokens) sessionStorage.setItem('tokens', JSON.stringify(tokens));
    else sessionStorage.removeItem('tokens');
    if (!tokens) showWelcome();
  },
});
const { projects, updates } = client.rows;

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} type
 */
function find(id, type) {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`there is no ${id}`);
}

const welcome = find('welcome', HTMLElement);
const signIn = find('sign-in', HTMLFormElement);
const reader = find('reader', HTMLElement);
const search = find('search', HTMLFormElement);
const word = find('word', HTMLInputElement);
const active = find('active', HTMLInputElement);
const list = find('list', HTMLOListElement);
const more = find('more', HTMLButtonElement);
const empty = find('empty', HTMLElement);
const editor = find('editor', HTMLDialogElement);
const form = /** @type {HTMLFormElement} */ (editor.querySelector('form'));
const choice = /** @type {HTMLSelectElement} */ (form.elements.namedItem('project'));

/** The view is in the address, so that it can be kept and sent. */
const view = new URLSearchParams(location.search);
/** @type {Project[]} */
let known = [];
/** @type {string | null} */
let next = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
/** The list that is asked for last; answers of earlier ones come too late. */
let asked = 0;

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {string} text */
function say(text) {
  find('status', HTMLElement).textContent = text;
}

/** @param {{ detail: string, errors?: readonly { message: string }[] }} problem */
function wordsOf({ detail, errors = [] }) {
  return errors.map(({ message }) => message).join('. ') || detail;
}

function showWelcome() {
  reader.hidden =
    search.hidden =
    find('post', HTMLElement).hidden =
    find('sign-out', HTMLElement).hidden =
      true;
  welcome.hidden = false;
  list.replaceChildren();
  signIn.querySelector('input')?.focus();
}

async function showReader() {
  welcome.hidden = true;
  reader.hidden =
    search.hidden =
    find('post', HTMLElement).hidden =
    find('sign-out', HTMLElement).hidden =
      false;
  word.value = view.get('q') ?? '';
  active.checked = view.has('active');
  await readProjects();
  showProjects();
  await showUpdates();
}

async function readProjects() {
  known = [];
  for await (const project of projects.all({ fields: ['title', 'active'], sort: ['title'], limit: 200 }))
    known.push(project);
}

function showProjects() {
  const shown = known.filter((project) => project.active || !active.checked);
  find('projects', HTMLElement).replaceChildren(
    itemOf('All projects', ''),
    ...shown.map(({ id, title, active: isActive }) => itemOf(title, String(id), isActive)),
  );
}

/**
 * @param {string} title
 * @param {string} id
 * @param {boolean} [isActive]
 */
function itemOf(title, id, isActive) {
  const label = element('span', {}, title);
  const state = isActive === undefined ? { 'data-all': '' } : { 'data-active': String(isActive) };
  const button = element('button', { type: 'button', ...state }, label);
  if (isActive === false) label.append(element('span', { class: 'hidden' }, ' (not active)'));
  if ((view.get('project') ?? '') === id) button.setAttribute('aria-current', 'true');
  button.addEventListener('click', () => change('project', id));
  return element('li', {}, button);
}

/**
 * @param {string} name
 * @param {string} value
 */
function change(name, value) {
  clearTimeout(typing);
  // A word that is being typed counts with whatever else is chosen.
  for (const [key, each] of Object.entries({ q: word.value.trim(), [name]: value }))
    if (each === '') view.delete(key);
    else view.set(key, each);
  const query = view.size > 0 ? `?${view}` : '';
  history.replaceState(null, '', location.pathname + query);
  showProjects();
  return showUpdates();
}

/** @param {string | null} [cursor] */
async function showUpdates(cursor) {
  const turn = ++asked;
  const text = view.get('q');
  const project = Number(view.get('project'));
  const chosen = known.find(({ id }) => id === project);
  const result = await updates.list({
    sort: ['-creation_date'],
    limit: PAGE_SIZE,
    expand: { project_id: { fields: ['title', 'active'] }, created_by: { fields: ['username'] } },
    filter: {
      ...(project && { project_id: { eq: project } }),
      ...(text && { or: [{ title: { icontains: text } }, { project_id: { title: { icontains: text } } }] }),
    },
    ...(cursor && { cursor }),
  });
  if (turn !== asked) return;
  if (!result.ok) return say(result.problem.status === 401 ? 'Please sign in.' : wordsOf(result.problem));
  say('');
  find('title', HTMLElement).textContent = chosen?.title ?? 'All updates';
  const items = result.value.items.map(updateOf);
  if (cursor) list.append(...items);
  else list.replaceChildren(...items);
  next = result.value.next;
  more.hidden = next === null;
  empty.hidden = list.childElementCount > 0;
  if (!empty.hidden)
    empty.textContent = text
      ? `Nothing has “${text}” in its title.`
      : 'There are no updates yet. Post the first one.';
  if (cursor) items[0]?.querySelector('h2')?.focus();
}

/** @param {{ title: string, creation_date: string, relevant_points: readonly { title: string, description: readonly string[] }[], expand: { project_id: { title: string } | null, created_by: { username: string } | null } }} update */
function updateOf({ title, creation_date, relevant_points, expand }) {
  const shown = new Date(creation_date).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  const points = relevant_points.map((point) => {
    const lines = point.description.map((line) => element('li', {}, line));
    return element('li', {}, point.title, ...(lines.length > 0 ? [element('ul', {}, ...lines)] : []));
  });
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'meta' },
      element('span', { class: 'chip' }, expand.project_id?.title ?? ''),
      element('time', { datetime: creation_date }, shown),
      ...(expand.created_by ? [element('span', { class: 'by' }, `by ${expand.created_by.username}`)] : []),
    ),
    element('h2', { tabindex: '-1' }, title),
    ...(points.length > 0 ? [element('ul', {}, ...points)] : []),
  );
}

/** One point a line, and what belongs to it after a dash. @param {string} text */
function pointsOf(text) {
  /** @type {{ title: string, description: string[] }[]} */
  const points = [];
  for (const line of text
    .split('\n')
    .map((each) => each.trim())
    .filter(Boolean)) {
    const detail = /^[-*•]\s*(.+)$/.exec(line)?.[1];
    const last = points.at(-1);
    if (detail !== undefined && last) last.description.push(detail);
    else points.push({ title: detail ?? line, description: [] });
  }
  return points;
}

function openEditor() {
  const options = known.map(({ id, title }) => element('option', { value: String(id) }, title));
  choice.replaceChildren(...options, element('option', { value: NEW }, 'A new project…'));
  choice.value = view.get('project') ?? choice.value;
  chooseProject();
  problemOf(form).textContent = '';
  editor.showModal();
}

function chooseProject() {
  const label = /** @type {HTMLElement} */ (form.querySelector('[data-new]'));
  label.hidden = choice.value !== NEW;
  /** @type {HTMLInputElement} */ (form.elements.namedItem('name')).required = !label.hidden;
}

/** @param {HTMLElement} inside */
function problemOf(inside) {
  return /** @type {HTMLElement} */ (inside.querySelector('.problem'));
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const [title, name, points] = ['title', 'name', 'points'].map((key) => String(given.get(key) ?? ''));
  // A new project and its first update are made together, or neither.
  const result = await client.batch((rows) => {
    const project_id =
      choice.value === NEW ? rows.projects.create({ title: name ?? '' }).id : Number(choice.value);
    return rows.updates.create({ title: title ?? '', project_id, relevant_points: pointsOf(points ?? '') });
  });
  if (!result.ok) {
    problemOf(form).textContent = wordsOf(result.problem);
    return;
  }
  editor.close();
  form.reset();
  await showReader();
  say(`Posted “${result.value.title}”.`);
});
form.querySelector('[value=cancel]')?.addEventListener('click', () => editor.close());
choice.addEventListener('change', chooseProject);

signIn.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = new FormData(signIn);
  const username = String(given.get('username'));
  const password = String(given.get('password'));
  const isNew = event.submitter?.id === 'sign-up';
  const made = isNew ? await client.signUp({ username, password }) : undefined;
  const result = made && !made.ok ? made : await client.signIn({ username, password });
  problemOf(signIn).textContent = result.ok ? '' : wordsOf(result.problem);
  if (!result.ok) return;
  signIn.reset();
  await showReader();
  find('updates', HTMLElement).focus({ preventScroll: true });
});
find('sign-out', HTMLElement).addEventListener('click', async () => {
  await client.signOut();
  say('Signed out.');
});

word.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => change('q', word.value.trim()), 200);
});
search.addEventListener('submit', (event) => {
  event.preventDefault();
  return change('q', word.value.trim());
});
active.addEventListener('change', () => change('active', active.checked ? '1' : ''));
more.addEventListener('click', () => showUpdates(next));
find('post', HTMLElement).addEventListener('click', openEditor);

// A feed takes a header that a link cannot send: a ticket goes in its place, for one request.
for (const link of document.querySelectorAll('a[data-feed]'))
  link.addEventListener('click', async (event) => {
    event.preventDefault();
    const { pathname } = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    const made = await client.request('POST', '/v1/tickets', { body: { path: pathname } });
    if (!made.ok) return say(wordsOf(made.problem));
    location.assign(`${pathname}?ticket=${Object(unwrap(made)).ticket}`);
  });

document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || editor.open || reader.hidden) return;
  if (event.key !== '/' && event.key !== 'n') return;
  event.preventDefault();
  if (event.key === '/') word.focus();
  else openEditor();
});

const THEMES = ['system', 'light', 'dark'];
const SIGNS = ['◐', '☀', '☾'];
const theme = find('theme', HTMLButtonElement);
/** @param {string} name */
function setTheme(name) {
  if (name === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  localStorage.setItem('theme', name);
  theme.textContent = SIGNS[THEMES.indexOf(name)] ?? '';
  theme.ariaLabel = theme.title = `Theme: ${name}`;
}
theme.addEventListener('click', () => {
  const at = THEMES.indexOf(localStorage.getItem('theme') ?? 'system');
  setTheme(THEMES[(at + 1) % THEMES.length] ?? 'system');
});
setTheme(localStorage.getItem('theme') ?? 'system');

if (client.tokens) await showReader();
else showWelcome();
