/** The mark of trestle-tokens, in the colour of the accent. */
export function Mark() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path
        d="M2 6h20M7.5 6 4 19M7.5 6 11 19M16.5 6 13 19M16.5 6 20 19M5.6 13h3.8M14.6 13h3.8"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** The mark, and the name of an app. */
export function AppName({ name }: { name: string }) {
  return (
    <span className="wordmark">
      <Mark />
      {name}
    </span>
  );
}
