/** Outlines on a grid of 16, drawn with the colour of the text. */
const PATHS = {
  menu: 'M2 4h12M2 8h12M2 12h12',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm7 2-3.5-3.5',
  close: 'm4 4 8 8m0-8-8 8',
  plus: 'M8 3v10M3 8h10',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  left: 'm10 4-4 4 4 4',
  up: 'm4 10 4-4 4 4',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  filter: 'M2 3h12l-4.5 5.5V13l-3-1.5v-3L2 3Z',
  columns: 'M2 3h12v10H2zM6 3v10m4-10v10',
  star: 'm8 2 1.8 3.8 4.2.6-3 2.9.7 4.1L8 11.4l-3.7 2 .7-4.1-3-2.9 4.2-.6L8 2Z',
  rows: 'M2 3h12v10H2zM2 6.5h12M2 10h12',
  home: 'm2 8 6-5.5L14 8M3.5 7v6.5h9V7',
  people:
    'M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 7.5a2.2 2.2 0 0 0 0-4.4m1 6.6c1.600.5 2.500 1.900 2.500 3.800',
  jobs: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.500V8l2.500 1.500',
  schema: 'M2 2.500h5v3.500H2zM9 10h5v3.500H9zM4.500 6v5.750H9',
  server: 'M2 2.500h12v4.500H2zM2 9h12v4.500H2zM4.500 4.750h.01M4.500 11.250h.01',
  log: 'M2.500 3h11M2.500 6.300h7M2.500 9.600h11M2.500 13h5',
  audit: 'M4 2h8v12l-2-1.300-2 1.300-2-1.300L4 14V2Zm2 3.500h4m-4 3h4',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.500m0 11V15M1 8h1.500m11 0H15M3 3l1 1m8 8 1 1m0-10-1 1m-8 8-1 1',
  moon: 'M13.500 9.500A5.800 5.800 0 0 1 6.500 2.500a5.800 5.800 0 1 0 7 7Z',
  download: 'M8 2v8m-3-3 3 3 3-3M2.500 13.500h11',
  upload: 'M8 10V2m-3 3 3-3 3 3M2.500 13.500h11',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  trash: 'M2.500 4h11M6 4V2.500h4V4m-6 0 .700 9.500h6.600L12 4',
  edit: 'm10.500 2.500 3 3-8 8-3.500.500.500-3.500 8-8Z',
  eye: 'M1.500 8s2.500-4.500 6.500-4.500S14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  key: 'M5.500 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm2-5 6-6m-2 2 1.500 1.500M9.500 6 11 7.500',
  link: 'M6.500 9.500a3 3 0 0 0 4.200 0l2-2a3 3 0 0 0-4.200-4.200l-.700.700M9.500 6.500a3 3 0 0 0-4.200 0l-2 2a3 3 0 0 0 4.200 4.200l.700-.700',
  code: 'm5 4.500-3.500 3.500L5 11.500M11 4.500l3.500 3.500-3.500 3.500',
  play: 'M4.500 3v10l8-5-8-5Z',
  history: 'M2.500 8A5.500 5.500 0 1 0 4 4.200L2.500 5.500m0-3v3h3M8 5v3l2 1.500',
  refresh: 'M13.500 8A5.500 5.500 0 1 1 12 4.200l1.500 1.300m0-3v3h-3',
  live: 'M8 9.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3ZM4.500 11.500a5 5 0 0 1 0-7m7 0a5 5 0 0 1 0 7',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} strokeWidth={name === 'more' ? 2.2 : 1.4} />
    </svg>
  );
}
