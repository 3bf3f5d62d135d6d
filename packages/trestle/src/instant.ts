const made = { milliseconds: 0, text: '' };

/** Now, as RFC 3339 in UTC with milliseconds. The text is made once a millisecond: that takes as long as a row by its id. */
export function instantNow(): string {
  const milliseconds = Date.now();
  if (milliseconds !== made.milliseconds) {
    made.milliseconds = milliseconds;
    made.text = new Date(milliseconds).toISOString();
  }
  return made.text;
}
