import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const REFERENCE = new URL('../reference/typedoc-sidebar.json', import.meta.url);

interface Part {
  text: string;
  items?: Part[];
}

/** The pages of each entry point, by the name that it is imported by: those below a package come out of its group. */
function entryPoints(): Part[] {
  const packages: Part[] = JSON.parse(readFileSync(REFERENCE, 'utf8'));
  return packages.flatMap(({ items = [], ...whole }) => {
    const isBelow = ({ text }: Part) => !/^[A-Z]/.test(text);
    const below = items.filter(isBelow).map((part) => ({ ...part, text: `${whole.text}/${part.text}` }));
    return [{ ...whole, items: items.filter((part) => !isBelow(part)) }, ...below];
  });
}

export default defineConfig({
  title: 'Trestle',
  description: 'One declaration of resources, one production REST backend',
  cleanUrls: true,
  // A link to a page that does not exist fails the build; addresses of a running server are no pages.
  ignoreDeadLinks: [/^https?:\/\/(localhost|127\.0\.0\.1)/],
  themeConfig: {
    // The wordmark of the theme stands in its place.
    siteTitle: false,
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      {
        text: 'Guide',
        items: [
          { text: '1. The first resource', link: '/guide/01-first-resource' },
          { text: '2. Accounts and roles', link: '/guide/02-accounts-and-roles' },
          { text: '3. Rules on rows', link: '/guide/03-rules-on-rows' },
          { text: '4. Appointments', link: '/guide/04-appointments' },
          { text: '5. States', link: '/guide/05-states' },
          { text: '6. Own code', link: '/guide/06-own-code' },
          { text: '7. Invoices', link: '/guide/07-invoices' },
          { text: '8. Reminders', link: '/guide/08-reminders' },
          { text: '9. A live list and a report', link: '/guide/09-live-and-report' },
          { text: '10. Tests', link: '/guide/10-tests' },
        ],
      },
      {
        text: 'Building',
        items: [
          { text: 'Declaring an app', link: '/declaring' },
          { text: 'Own code', link: '/own-code' },
          { text: 'Rules', link: '/rules' },
          { text: 'The uniform API', link: '/uniform-api' },
          { text: 'Jobs', link: '/jobs' },
          { text: 'Mail', link: '/mail' },
          { text: 'Webhooks', link: '/webhooks' },
          { text: 'The typed client', link: '/client' },
          { text: 'Migrations', link: '/migrations' },
        ],
      },
      {
        text: 'Operating',
        items: [
          { text: 'Configuration', link: '/configuration' },
          { text: 'Deploying', link: '/deploying' },
          { text: 'The admin UI', link: '/admin' },
          { text: 'Administration', link: '/administration' },
          { text: 'Monitoring', link: '/monitoring' },
          { text: 'Backups', link: '/backup' },
          { text: 'Moving between databases', link: '/moving' },
          { text: 'Performance', link: '/performance' },
        ],
      },
      {
        text: 'Reference',
        collapsed: true,
        // Made by npm run reference: a page of what users type, then those of the packages.
        items: existsSync(REFERENCE)
          ? [
              { text: 'Commands', link: '/reference/commands' },
              { text: 'Errors', link: '/reference/errors' },
              ...entryPoints(),
            ]
          : [],
      },
    ],
  },
});
