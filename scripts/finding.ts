/** One thing a repository check does not accept. */
export interface Finding {
  /** Path from the repository's root. */
  file: string;
  /** Counted from 1. */
  line: number;
  message: string;
}

/** `file:line: message`, the form editors and terminals turn into a link. */
export function described(finding: Finding): string {
  return `${finding.file}:${finding.line}: ${finding.message}`;
}
