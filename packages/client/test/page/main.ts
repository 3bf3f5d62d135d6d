import { createClient, type Problem } from 'trestle-client';
import type app from './plans.ts';

const kept = localStorage.getItem('tokens');
const client = createClient<typeof app>({
  url: location.origin,
  ...(kept !== null && { tokens: JSON.parse(kept) }),
  onTokens: (tokens) =>
    tokens ? localStorage.setItem('tokens', JSON.stringify(tokens)) : localStorage.removeItem('tokens'),
});
const { projects, tasks } = client.rows;

const find = <E extends HTMLElement>(selector: string) => document.querySelector(selector) as E;
const form = find<HTMLFormElement>('#sign-in');
const add = find<HTMLFormElement>('#add');
const search = find<HTMLInputElement>('#search');
const list = find<HTMLUListElement>('#projects');
const say = (words: string) => {
  find('#status').textContent = words;
};
const told = ({ detail, errors = [] }: Pick<Problem<string>, 'detail' | 'errors'>) =>
  say(errors.map(({ message }) => message).join(', ') || detail);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const credentials = Object.fromEntries(new FormData(form)) as { username: string; password: string };
  let result = await client.signIn(credentials);
  if (!result.ok && result.problem.code === 'invalid_credentials') {
    const made = await client.signUp(credentials);
    if (!made.ok) return told(made.problem);
    result = await client.signIn(credentials);
  }
  if (!result.ok) return told(result.problem);
  say(`Hello ${result.value.username}`);
  await show();
});

add.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { title = '', task = '' } = Object.fromEntries(new FormData(add)) as Record<string, string>;
  const result = await client.batch((rows) => {
    const project = rows.projects.create({ title });
    return { project, task: rows.tasks.create({ project: project.id, text: task }) };
  });
  if (!result.ok) return told(result.problem);
  say(`${result.value.project.title} begins with ${result.value.task.text}`);
  await show();
});

search.addEventListener('input', show);

async function show() {
  const query = { fields: ['title', 'open'], ...(search.value && { search: search.value }) } as const;
  const result = await projects.list(query);
  if (!result.ok) return told(result.problem);
  list.replaceChildren(...result.value.items.map(({ id, title }) => itemOf(id, title)));
}

function itemOf(id: string, title: string) {
  const item = document.createElement('li');
  const name = document.createElement('input');
  name.value = title;
  name.ariaLabel = `Title of ${title}`;
  // Whoever begins to edit a title has read it: the version that is written over is that one.
  name.addEventListener('focus', () => projects.get(id));
  name.addEventListener('change', async () => {
    const changed = await projects.patch(id, { title: name.value });
    if (changed.ok) return say(`Saved ${changed.value.title}`);
    if (changed.problem.code !== 'precondition_failed') return told(changed.problem);
    say(`Somebody else wrote ${changed.problem.theirs?.title}`);
  });
  const first = document.createElement('button');
  first.textContent = 'Tasks';
  first.addEventListener('click', async () => {
    const words: string[] = [];
    for await (const task of tasks.all({ filter: { project: { title: { eq: name.value } } } }))
      words.push(task.text);
    say(`To do: ${words.join(', ')}`);
  });
  item.append(name, first);
  return item;
}

await show();
