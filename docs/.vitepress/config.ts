import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const REFERENCE = new URL('../reference/typedoc-sidebar.json', import.meta.url);

export default defineConfig({
  title: 'Trestle',
  description: 'One declaration of resources, one production REST backend',
  cleanUrls: true,
  // A link to a page that does not exist fails the build; addresses of a running server are no pages.
  ignoreDeadLinks: [/^https?:\/\/(localhost|127\.0\.0\.1)/],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      {
        text: 'Building',
        items: [
          { text: 'Declaring an app', link: '/declaring' },
          { text: 'Own code', link: '/own-code' },
          { text: 'Rules', link: '/rules' },
          { text: 'The uniform API', link: '/uniform-api' },
          { text: 'Migrations', link: '/migrations' },
        ],
      },
      {
        text: 'Operating',
        items: [
          { text: 'Configuration', link: '/configuration' },
          { text: 'Deploying', link: '/deploying' },
          { text: 'Backups', link: '/backup' },
          { text: 'Moving between databases', link: '/moving' },
          { text: 'Performance', link: '/performance' },
        ],
      },
      {
        text: 'Reference',
        collapsed: true,
        items: existsSync(REFERENCE) ? JSON.parse(readFileSync(REFERENCE, 'utf8')) : [],
      },
    ],
  },
});
