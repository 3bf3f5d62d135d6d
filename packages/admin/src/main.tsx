import 'trestle-tokens/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/tables.css';
import './styles/shell.css';
import './styles/rows.css';
import './styles/filter.css';
import './styles/row.css';
import './styles/system.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { router } from './app/routes.tsx';
import { loadMessages } from './i18n/translate.ts';
import './ui/theme.ts';

const queries = new QueryClient({
  defaultOptions: {
    // The client tries again by itself; a form must not lose the version that it was made of.
    queries: { retry: false, refetchOnWindowFocus: false, staleTime: 5000, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
});

await loadMessages();
const place = document.getElementById('root');
if (place)
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
