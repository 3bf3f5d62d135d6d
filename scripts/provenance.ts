import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** How files were built. */
export interface Build {
  /** Paths of what was built. */
  readonly files: readonly string[];
  /** The commit that it was built from. */
  readonly commit: string;
  /** The repository's URL; undefined where it has none. */
  readonly repository: string | undefined;
  readonly lockfile: string;
  readonly version: string;
  readonly startedOn: Date;
  readonly finishedOn: Date;
}

/**
 * The provenance of built files: an in-toto statement with a SLSA predicate. It is not signed: `npm publish --provenance` signs
 * its own in a CI job that npm trusts.
 * https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance
 */
export function provenanceOf(build: Build, variables: NodeJS.ProcessEnv = process.env) {
  const { files, commit, repository, lockfile, version, startedOn, finishedOn } = build;
  const { GITHUB_SERVER_URL: server, GITHUB_WORKFLOW_REF: workflow, GITHUB_RUN_ID: run } = variables;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map((file) => ({ name: basename(file), digest: { sha256: sha256(file) } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:trestle:npm-run-release:v1',
        externalParameters: { version },
        internalParameters: { node: process.version, platform: `${process.platform}-${process.arch}` },
        resolvedDependencies: [
          { uri: repository ? `git+${repository}` : 'git', digest: { gitCommit: commit } },
          { name: basename(lockfile), digest: { sha256: sha256(lockfile) } },
        ],
      },
      runDetails: {
        builder: { id: server && workflow ? `${server}/${workflow}` : 'urn:trestle:a-person-s-machine' },
        metadata: {
          ...(run && { invocationId: run }),
          startedOn: startedOn.toISOString(),
          finishedOn: finishedOn.toISOString(),
        },
      },
    },
  };
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
