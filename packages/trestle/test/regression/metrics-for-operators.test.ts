// Pool, group commit, jobs, disk, sizes, sign-ins and backups are measured, and alerts and dashboard name only what is.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { ADMINISTRATOR, startApps } from '../harness.ts';
import { remindersApp } from '../jobs/reminders-app.ts';
import { eachPlace } from '../stores.ts';

const DOCS = join(import.meta.dirname, '../../../../docs');
const HISTOGRAM_PARTS = /_(?:bucket|count|sum)$/;

/** The value of a sample; undefined where there is none. */
function sampleOf(text: string, sample: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

eachPlace('metrics', (place) => {
  it('measure what operators are woken for, and alerts and dashboard name them', async () => {
    const at = await place();
    await using server = await startApps(
      remindersApp(async () => {}),
      { ...at, roles: ['serve'] },
    );
    const [engine] = server.engines;
    await server.call('POST /v1/notes', { body: { title: 'first' } });
    await server.call('POST /v1/sessions', { body: { username: 'nobody', password: 'wrong-password-1' } });
    const jobs: Record<string, { enqueue: (...given: unknown[]) => Promise<string> }> = engine?.context
      .jobs as never;
    await jobs.remind?.enqueue({ caller: { kind: 'anonymous' } }, { title: 'waits' });
    writeFileSync(join(at.data, 'reminders.last-backup'), '');
    const { body } = await server.call<string>('GET /metrics', { token: ADMINISTRATOR });
    const value = (name: string, labels = '') => sampleOf(body, `${name}{app="reminders"${labels}}`);
    assert.equal(value('trestle_jobs', ',state="queued"'), 1);
    assert.equal(value('trestle_jobs', ',state="running"'), 0);
    assert.ok(Number(value('trestle_job_oldest_seconds')) < 60);
    assert.equal(value('trestle_sign_in_failures_total'), 1);
    assert.equal(value('trestle_events_total', ',event="sign_in_failed"'), 1);
    const log = value('trestle_wal_bytes') ?? 0;
    assert.ok(Number(value('trestle_database_bytes')) + log > 10_000);
    assert.ok(Number(value('trestle_disk_free_bytes')) <= Number(value('trestle_disk_size_bytes')));
    assert.ok(Number(value('trestle_backup_age_seconds')) < 60);
    if (at.database === undefined) {
      assert.ok(log > 0);
      assert.ok(Number(value('trestle_committed_writes_total')) >= Number(value('trestle_commits_total')));
      assert.equal(value('trestle_waiting_writes'), 0);
    } else {
      const used = Number(value('trestle_pool_connections', ',state="used"'));
      assert.ok(used + Number(value('trestle_pool_connections', ',state="idle"')) > 0);
      assert.equal(value('trestle_pool_waiting'), 0);
      const idle = 'db_client_connection_pool_name="reminders",db_client_connection_state="idle"';
      assert.ok(Number(sampleOf(body, `db_client_connection_count{${idle}}`)) >= 0);
    }
    assert.match(body, /^http_server_request_duration_seconds_count\{http_request_method="POST",/m);

    const known = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
    const dashboard = readFileSync(join(DOCS, 'monitoring/dashboard.json'), 'utf8');
    const panels: { targets: { expr: string }[] }[] = JSON.parse(dashboard).panels;
    const alerts = readFileSync(join(DOCS, 'monitoring/alerts.yml'), 'utf8');
    const expressions = [
      ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...[...alerts.matchAll(/^ {8}expr: (.+)$/gm)].map(([, expr = '']) => expr),
    ];
    assert.equal(alerts.match(/ {6}- alert: /g)?.length, alerts.match(/^ {8}expr: /gm)?.length);
    const documented = readFileSync(join(DOCS, 'monitoring.md'), 'utf8');
    for (const source of [...expressions, documented])
      for (const [name] of source.matchAll(/\b(?:trestle|process|nodejs|http|db)_[a-z_]*[a-z]\b/g))
        assert.ok(known.has(name) || known.has(name.replace(HISTOGRAM_PARTS, '')), `${name} is not measured`);
  });
});
