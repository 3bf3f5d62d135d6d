import type { FastifyInstance } from 'fastify';
import { servePage, serveScript } from './pages.ts';

/**
 * Serves the page that links in mails lead to, `/account#PURPOSE=TOKEN`. The token is in the fragment, which no server and no log
 * is sent; nothing happens before somebody presses a button, so that mail scanners that follow links spend none.
 */
export function serveAccountPage(
  fastify: FastifyInstance,
  { title, base }: { title: string; base: string },
): void {
  const folder = `${base}/docs-files`;
  serveScript(
    fastify,
    `${folder}/account.js`,
    (prefix) => `(${page})(${JSON.stringify(`${prefix}${base}/v1/accounts`)});\n`,
  );
  servePage(fastify, `${base}/account`, { title, folder, styles: [], scripts: ['account.js'] });
}

/** The page's script, in plain JavaScript. */
const page = `function (accounts) {
  const purposes = {
    verify: ['Confirm your e-mail address', 'verify-email', []],
    change: ['Confirm your new e-mail address', 'verify-email', []],
    reset: ['Choose a new password', 'reset-password', ['password']],
    invite: ['Accept your invitation', 'accept-invitation', ['username', 'password']],
  };
  const [purpose, token] = location.hash.slice(1).split('=');
  const [title, verb, fields] = purposes[purpose] ?? ['This link is not whole', undefined, []];
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const said = element('p', { role: 'status' });
  const inputs = fields.map((name) =>
    element('input', {
      name,
      id: name,
      required: true,
      type: name === 'password' ? 'password' : 'text',
      autocomplete: name === 'password' ? 'new-password' : 'username',
    }),
  );
  const labels = inputs.map((input) =>
    element('p', {}, element('label', { htmlFor: input.id }, input.name === 'password' ? 'Password' : 'User name'), element('br'), input),
  );
  const form = element('form', {}, element('h1', {}, title), ...labels, said);
  if (verb) form.insertBefore(element('button', {}, 'Go on'), said);
  form.style = 'font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:10vh auto;padding:0 1rem';
  form.onsubmit = async (event) => {
    event.preventDefault();
    const body = { token, ...Object.fromEntries(inputs.map(({ name, value }) => [name, value])) };
    const answer = await fetch(accounts + ':' + verb, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => undefined);
    if (answer?.ok) {
      history.replaceState(null, '', location.pathname);
      form.replaceChildren(element('h1', {}, 'Done'), element('p', { role: 'status' }, 'You may close this page.'));
      return;
    }
    const problem = await answer?.json().catch(() => undefined);
    const errors = (problem?.errors ?? []).map(({ pointer, message }) => pointer.slice(1) + ' ' + message);
    said.textContent = [problem?.detail ?? 'The server does not answer. Try again.', ...errors].join(' · ');
  };
  document.getElementById('page').append(form);
}`;
