import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { deriveKeys } from '../../src/accounts/sessions/signing-secret.ts';
import { TokenSigner } from '../../src/accounts/tokens/tokens.ts';
import { integerId } from '../../src/schema/id.ts';
import { eachStore } from '../stores.ts';
import { clock, FROM_HERE, HERE, newAccount, openDemo, SECRET } from './opened.ts';
import { raises } from './raises.ts';

type Json = Record<string, unknown>;

/** A token signed with the real key of a purpose, whatever it says. */
function forged(header: Json, payload: unknown, purpose = 'access-token'): string {
  const [{ key }] = deriveKeys(SECRET, 'demo', purpose);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

function decoded(token: string): [Json, Json] {
  const [header = '', payload = ''] = token
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString());
  return [JSON.parse(header), JSON.parse(payload)];
}

/** Every way of writing one token otherwise. */
function mutants(token: string): string[] {
  const [head = '', body = '', sign = ''] = token.split('.');
  const [header, payload] = decoded(token);
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = ['none', 'None', 'nOnE', 'NONE', ''].flatMap((alg) => {
    const other = encode({ ...header, alg });
    return [`${other}.${body}.`, `${other}.${body}.${sign}`, `${other}.${body}`];
  });
  const algorithms = ['HS384', 'HS512', 'RS256', 'ES256', 'EdDSA', 'dir', 'hs256'].map(
    (alg) => `${encode({ ...header, alg })}.${body}.${sign}`,
  );
  const last = [...'AEIMQUYcgkosw048BCDF']
    .filter((char) => char !== sign.at(-1))
    .map((char) => `${head}.${body}.${sign.slice(0, -1)}${char}`);
  const form = JSON.stringify({ protected: head, payload: body, signature: sign });
  return [
    ...unsigned,
    ...algorithms,
    ...last,
    `${head}.${encode({ ...payload, sub: '2' })}.${sign}`,
    `${head}..${sign}`,
    `.${body}.${sign}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    head,
    '',
    '.',
    '..',
    '...',
    `${token}.`,
    `.${token}`,
    `${token}.${sign}`,
    `${token}=`,
    `${token}==`,
    `${head}=.${body}.${sign}`,
    `${token} `,
    ` ${token}`,
    `${token}\n`,
    `"${token}"`,
    `{${token}}`,
    `'${token}'`,
    form,
    form.replaceAll('"', ''),
    `${token}${'A'.repeat(4096)}`,
    `${head}.${'A'.repeat(5000)}.${sign}`,
    `${head}.${body}.${sign}${sign}`,
    `${head}.${body}.${sign.slice(1)}`,
    `${head.slice(0, -1)}.${body}.${sign}`,
    token.toUpperCase(),
    token.toLowerCase(),
    [...token].reverse().join(''),
    token.replaceAll('.', '..'),
    Buffer.from(token).toString('base64url'),
  ];
}

eachStore('tokens', (open) => {
  test('what is no token of ours is refused without a question to the database', async () => {
    const { now } = clock();
    const demo = await openDemo(await open(), { now, accounts: { id: integerId() } });
    const { tokens } = await newAccount(demo, 'ann');
    const [header, payload] = decoded(tokens.access);
    const wrong = [
      ...mutants(tokens.access),
      ...wrongHeaders(header).map((other) => forged(other, payload)),
      ...wrongClaims(payload).map((other) => forged(header, other)),
      forged(header, payload, 'refresh-token'),
    ];
    assert.ok(wrong.length > 100);
    await demo.authenticate.bearer(forged(header, payload), 'write', HERE);
    const before = demo.store.statements;
    for (const token of wrong) {
      const problem = await raises('invalid_token', () => demo.authenticate.bearer(token, 'write', HERE));
      assert.equal(problem.headers['WWW-Authenticate'], 'Bearer error="invalid_token"');
      await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, token));
    }
    assert.equal(demo.store.statements, before);
  });

  test('no kind of credential passes for another', async () => {
    const demo = await openDemo(await open(), {
      administratorSecret: 'the-administrators-secret-of-these-tests',
    });
    const { tokens, caller } = await newAccount(demo, 'ann');
    const refresh = String(tokens.refresh);
    const { key } = await demo.keys.create({ caller }, {});
    await raises('invalid_token', () => demo.authenticate.bearer(refresh, 'read', HERE));
    for (const other of [tokens.access, key, 'the-administrators-secret-of-these-tests']) {
      await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, other));
      await raises('invalid_token', () => demo.accounts.renewAccess(FROM_HERE, other));
    }
    for (const other of [tokens.access, refresh, 'the-administrators-secret-of-these-tests'])
      await raises('invalid_key', () => demo.authenticate.key(other, 'write'));
    for (const other of [tokens.access, refresh, key])
      await raises('invalid_token', () => demo.authenticate.administrator(other, HERE));
    assert.equal((await demo.authenticate.bearer(key, 'read', HERE)).kind, 'key');
    assert.equal(
      (await demo.authenticate.bearer('the-administrators-secret-of-these-tests', 'read', HERE)).kind,
      'administrator',
    );
    assert.equal(
      demo.authenticate.administrator('the-administrators-secret-of-these-tests', HERE).kind,
      'administrator',
    );
  });

  test('without a secret there is no administrator', async () => {
    for (const administratorSecret of [undefined, '']) {
      const demo = await openDemo(await open(), { administratorSecret });
      for (const secret of ['', 'undefined', 'null'])
        await raises('invalid_token', () => demo.authenticate.administrator(secret, HERE));
    }
  });

  test('a token of another app or of another secret is refused', async () => {
    const store = await open();
    const demo = await openDemo(store);
    const { account } = await newAccount(demo, 'ann');
    const claims = {
      account: account.id,
      session: 'x'.repeat(22),
      generation: null,
      issued: Date.now(),
      expires: Date.now() + 60_000,
    };
    const common = { id: integerId(), now: Date.now };
    const app = new TokenSigner({ ...common, app: 'other', secret: SECRET });
    const secret = new TokenSigner({ ...common, app: 'demo', secret: { secrets: [Buffer.alloc(32, 7)] } });
    for (const signer of [app, secret]) {
      const token = await signer.sign(claims);
      await raises('invalid_token', () => demo.authenticate.bearer(token, 'read', HERE));
    }
  });
});

function wrongHeaders(header: Json): Json[] {
  const { kid: _, ...nameless } = header;
  const { typ: __, ...typeless } = header;
  return [
    nameless,
    typeless,
    { ...header, typ: 'JWT' },
    { ...header, typ: 'rt+jwt' },
    { ...header, kid: '../../dev/null' },
    { ...header, kid: "' or 1=1 --" },
    { ...header, kid: 7 },
    { ...header, crit: ['exp'] },
    { ...header, b64: false, crit: ['b64'] },
    { ...header, alg: 'HS512' },
    { ...nameless, jku: 'http://127.0.0.1:9/keys' },
    { ...nameless, jwk: { kty: 'oct', k: 'AAAA' } },
    { ...nameless, x5u: 'http://127.0.0.1:9/cert' },
  ];
}

function wrongClaims(payload: Json): unknown[] {
  // A session and a jti are texts of our own choosing, and a token may be old: what is left out here is not wrong.
  const texts = ['', 'other', '1e999'];
  const right: Json = { sid: texts, jti: texts, iat: [-1, 0] };
  const changed = ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp'].flatMap((name) => {
    const { [name]: value, ...without } = payload;
    const fine = right[name];
    const wrong = [null, true, {}, [], [value, 'x'], ...texts, -1, 1.5, 0].filter(
      (other) => !(Array.isArray(fine) && fine.includes(other)),
    );
    return [without, ...wrong.map((other) => ({ ...payload, [name]: other }))];
  });
  const later = [{ ...payload, nbf: 9_999_999_999 }];
  return [...changed, ...later, null, [], 'text', 5];
}

test('each access token is another, though made in the same second', async () => {
  const { now } = clock();
  const signer = new TokenSigner({ app: 'demo', id: integerId(), secret: SECRET, now });
  const claims = { account: 1, session: 's', generation: null, issued: now(), expires: now() + 60_000 };
  assert.notEqual(await signer.sign(claims), await signer.sign(claims));
});

test('a token lives for its seconds and not for one more, also once it is known', async () => {
  const time = clock(1_800_000_000_000);
  const signer = new TokenSigner({ app: 'demo', id: integerId(), secret: SECRET, now: time.now });
  const claims = {
    account: 1,
    session: 's',
    generation: null,
    issued: time.now(),
    expires: time.now() + 60_000,
  };
  const token = await signer.sign(claims);
  time.pass(59.999);
  assert.equal((await signer.verifyAccess(token)).account, 1);
  time.pass(0.001);
  await raises('invalid_token', () => signer.verifyAccess(token));
});

test('two secrets verify at once, and one that is removed does not', async () => {
  const { now } = clock();
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const signer = (secrets: [Buffer, ...Buffer[]]) =>
    new TokenSigner({ app: 'demo', id: integerId(), secret: { secrets }, now });
  const token = await signer([first]).sign({
    account: 1,
    session: 's',
    generation: null,
    issued: now(),
    expires: now() + 60_000,
  });
  assert.equal((await signer([second, first]).verifyAccess(token)).account, 1);
  await raises('invalid_token', () => signer([second]).verifyAccess(token));
});
