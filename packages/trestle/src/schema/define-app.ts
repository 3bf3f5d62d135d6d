import { accounts } from './accounts.ts';
import type { App, AppOptions } from './app.ts';
import { checkApp } from './checks/check-app.ts';
import { checkJobs } from './checks/check-jobs.ts';
import { anything, aString, expects, isObject, optionsOf } from './checks/options.ts';
import type { Jobs } from './jobs.ts';
import type { Resources } from './row-types.ts';

/**
 * Declares a backend: its resources, accounts and, optionally, its contract.
 *
 * @throws {TypeError} with the path and the remedy (`forum.articles.author: …`) where the declaration is wrong.
 * @example
 * const notes = resource({ fields: { title: text() }, can: { read: anyone, create: signedIn } });
 * export default app({ name: 'notes', accounts: accounts(), resources: { notes } });
 */
export function app<const Rs extends Resources, const Js extends Jobs = Record<never, never>>(
  options: AppOptions<Rs, Js>,
): App<Rs, Js> {
  const declared: App<Rs, Js> = {
    name: options.name,
    description: options.description ?? '',
    accounts: options.accounts ?? accounts(),
    resources: options.resources,
    // Without jobs there are none: what `Js` is by default.
    jobs: options.jobs ?? ({} as Js),
    contract: options.contract,
  };
  checkApp(declared.name, declared.resources, declared.accounts, checkOptions(options));
  checkJobs(declared.name, declared.jobs, declared.resources);
  return Object.freeze(declared);
}

const checkOptions = optionsOf<AppOptions<Resources>>('app()', {
  name: anything,
  description: aString,
  accounts: expects('accounts({ … })', (value) => isObject(value) && isObject(value.id)),
  resources: expects('an object of resources', isObject),
  jobs: expects('an object of jobs', isObject),
  contract: expects('a function', (value) => typeof value === 'function'),
});
