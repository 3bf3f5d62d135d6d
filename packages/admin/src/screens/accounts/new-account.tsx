import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldProblem, type Id, type Row, request } from '../../api/api.ts';
import { useDeclaration } from '../../api/declaration.ts';
import { blankOf } from '../../fields/field-of-schema.ts';
import { Editor } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice } from '../../ui/feedback.tsx';
import { Field, TextField } from '../../ui/field.tsx';

interface NewAccountProps {
  app: string;
  onMade: (id: Id) => void;
  onClose: () => void;
}

/** An account with its name, its password, its own fields and its roles. */
export function NewAccount({ app, onMade, onClose }: NewAccountProps) {
  const queries = useQueryClient();
  const { accounts, roles } = useDeclaration(app);
  const own = accounts.fields.filter(({ name, may, server }) => name !== 'username' && may.create && !server);
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [values, setValues] = useState<Readonly<Record<string, unknown>>>(() =>
    Object.fromEntries(own.filter(({ required }) => required).map((field) => [field.name, blankOf(field)])),
  );
  const [given, setGiven] = useState<readonly string[]>([]);
  const making = useMutation({
    mutationFn: async () => {
      const secret = accounts.password === null ? {} : { password };
      const account = await request<Row>(app, 'POST', '/v1/accounts', {
        body: { username, ...secret, ...values },
      });
      if (given.length > 0)
        await request(app, 'POST', `/v1/accounts/${encodeURIComponent(account.id)}:set-roles`, {
          body: { roles: given },
        });
      return account;
    },
    onSuccess: async (account) => {
      await queries.invalidateQueries({ queryKey: ['rows', app, 'accounts'] });
      onMade(account.id);
    },
  });
  const problemAt = (name: string) => fieldProblem(making.error, name);
  return (
    <Dialog title={t('accounts.new')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate();
        }}
      >
        {making.error && <ProblemNotice error={making.error} />}
        <TextField
          label={t('session.username')}
          value={username}
          onChange={setUsername}
          problem={problemAt('username')}
          autoComplete="off"
          autoFocus
          required
        />
        {accounts.password !== null && (
          <TextField
            label={t('session.password')}
            type="password"
            value={password}
            onChange={setPassword}
            problem={problemAt('password')}
            autoComplete="new-password"
            required
          />
        )}
        {own.map((field) => (
          <Field key={field.name} label={field.name} problem={problemAt(field.name)}>
            {(control) => (
              <Editor
                {...control}
                {...{ app, field }}
                value={values[field.name]}
                onChange={(value) => setValues({ ...values, [field.name]: value })}
                isReadOnly={false}
              />
            )}
          </Field>
        ))}
        <Roles {...{ roles, given }} onChange={setGiven} />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" look="primary" disabled={making.isPending}>
            {t('action.create')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface RolesProps {
  roles: readonly string[];
  given: readonly string[];
  onChange: (given: readonly string[]) => void;
  isReadOnly?: boolean;
}

export function Roles({ roles, given, onChange, isReadOnly = false }: RolesProps) {
  return (
    <fieldset className="field roles">
      <legend>{t('accounts.roles')}</legend>
      {roles.map((role) => (
        <label className="row tight" key={role}>
          <input
            type="checkbox"
            checked={given.includes(role)}
            disabled={isReadOnly}
            onChange={({ target }) =>
              onChange(target.checked ? [...given, role] : given.filter((one) => one !== role))
            }
          />
          {role}
        </label>
      ))}
    </fieldset>
  );
}
