import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { queryString } from 'trestle-client';
import { type Page, request } from '../../api/api.ts';
import { useMayWrite } from '../../api/session.ts';
import { useStore } from '../../api/store.ts';
import { formatAge, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading } from '../../ui/feedback.tsx';
import { narrow } from '../../ui/narrow.ts';
import { AccountDrawer } from './account-drawer.tsx';
import { NewAccount } from './new-account.tsx';

/** The accounts of an app: found by name, opened beside the list. */
export function AccountsScreen() {
  const { app } = useParams({ from: '/$app/accounts' });
  const { open, search = '' } = useSearch({ from: '/$app/accounts' });
  const navigate = useNavigate({ from: '/$app/accounts' });
  const mayWrite = useMayWrite(app);
  const isNarrow = useStore(narrow);
  const [isMaking, setMaking] = useState(false);
  const list = useInfiniteQuery({
    queryKey: ['rows', app, 'accounts', search],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const filter = search === '' ? {} : { filter: { username: { icontains: search } } };
      const cursor = pageParam === '' ? {} : { cursor: pageParam };
      return request<Page>(app, 'GET', `/v1/accounts${queryString({ ...filter, ...cursor, limit: 50 })}`);
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const accounts = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const show = (id: string | undefined) =>
    void navigate({ search: { ...(search !== '' && { search }), ...(id !== undefined && { open: id }) } });
  return (
    <div className="rows-screen">
      <div className="rows-main">
        <div className="page-head">
          <h1>{t('nav.accounts')}</h1>
          <span className="grow" />
          <input
            className="input search"
            type="search"
            aria-label={t('accounts.search')}
            placeholder={t('accounts.search')}
            defaultValue={search}
            onChange={({ target }) =>
              void navigate({ search: target.value === '' ? {} : { search: target.value }, replace: true })
            }
          />
          {mayWrite && (
            <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
              {t('action.create')}
            </Button>
          )}
        </div>
        {list.error ? (
          <Failed error={list.error} retry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Loading />
        ) : accounts.length === 0 ? (
          <Empty title={t('rows.noMatch')} />
        ) : (
          <div className="row-scroller" tabIndex={0} role="region" aria-label={t('nav.accounts')}>
            <table className="grid-table folds">
              <thead>
                <tr>
                  <th>{t('session.username')}</th>
                  <th>{t('accounts.roles')}</th>
                  {!isNarrow && <th>{t('accounts.since')}</th>}
                  <th>{t('accounts.state')}</th>
                </tr>
              </thead>
              <tbody>
                {accounts.map((account) => (
                  <tr key={account.id}>
                    <td>
                      <button
                        type="button"
                        className="link"
                        aria-current={open === String(account.id) ? 'true' : undefined}
                        onClick={() => show(String(account.id))}
                      >
                        {String(account.username)}
                      </button>
                    </td>
                    <td>
                      {[account.roles].flat().map((role) => (
                        <span className="badge" key={String(role)}>
                          {String(role)}
                        </span>
                      ))}
                    </td>
                    {!isNarrow && (
                      <td className="muted" title={formatInstant(String(account.created_at))}>
                        {formatAge(String(account.created_at))}
                      </td>
                    )}
                    <td>
                      {account.disabled_at ? (
                        <span className="badge bad">{t('accounts.disabled')}</span>
                      ) : (
                        <span className="badge good">{t('accounts.active')}</span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {list.hasNextPage && (
              <Button onClick={() => void list.fetchNextPage()}>{t('history.more')}</Button>
            )}
          </div>
        )}
      </div>
      {open !== undefined && <AccountDrawer key={open} app={app} id={open} onClose={() => show(undefined)} />}
      {isMaking && (
        <NewAccount
          app={app}
          onClose={() => setMaking(false)}
          onMade={(id) => {
            setMaking(false);
            show(String(id));
          }}
        />
      )}
    </div>
  );
}
